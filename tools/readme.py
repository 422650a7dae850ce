#!/usr/bin/env python3
"""Make README.md and its figures from the home page, without Quarto.

    python tools/readme.py            writes README.md and assets/readme/*.png from nbs/index.ipynb
    python tools/readme.py --check    writes nothing; exits 1 if they are not what would be written
"""
import argparse
import base64
import posixpath
import re
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parent.parent
HOME, README, FIGURES = 'nbs/index.ipynb', 'README.md', 'assets/readme'
NOTE = f'<!-- Made from {HOME} by tools/readme.py: edit the notebook, then run the tool. -->'
FENCE = re.compile(r'^(```|~~~)')
LINK = re.compile(r'(`[^`]*`)|(\]\()([^)\s]+)((?:\s+"[^"]*")?\))')
CALLOUT = re.compile(r'^:{3,}\s*\{\.callout-(\w+)([^}]*)\}\s*$')


def directives(source):
    "Split a code cell into its `#|` directives, as a dict, and the lines below them."
    lines, found = source.split('\n'), {}
    while lines and lines[0].startswith('#|'):
        key, _, value = lines.pop(0)[2:].strip().replace(':', ' ', 1).partition(' ')
        found[key] = value.strip().strip('"\'')
    return found, '\n'.join(lines).strip('\n')


def outside_fences(text, change):
    "Apply `change` to each line that is not inside a fenced block."
    out, fenced = [], False
    for line in text.split('\n'):
        if FENCE.match(line): fenced = not fenced
        out.append(line if fenced or FENCE.match(line) else change(line))
    return '\n'.join(out)


def relink(line):
    "Links on the site start at nbs/; on a code host they start at the top of the repository."
    def sub(m):
        code, start, target, end = m.groups()
        if code or re.match(r'[a-z][a-z+.-]*:|[#/]', target, re.I): return m[0]
        path, hash_, anchor = target.partition('#')
        return start + posixpath.normpath(posixpath.join(posixpath.dirname(HOME), path)) + hash_ + anchor + end
    return LINK.sub(sub, line)


def quote_callouts(text):
    "Quarto's `::: {.callout-note title=\"...\"}` blocks become block quotes; other fenced divs lose their fences."
    out, stack = [], []
    for line in text.split('\n'):
        m = CALLOUT.match(line)
        if m:
            title = re.search(r'title="([^"]*)"', m[2])
            out.append(f'> **{title[1] if title else m[1].capitalize()}**')
            out.append('>')
            stack.append('> ')
        elif re.match(r'^:{3,}\s*\S', line): stack.append('')
        elif re.match(r'^:{3,}\s*$', line) and stack: stack.pop()
        else: out.append((''.join(stack) + line).rstrip())
    return '\n'.join(out)


def figures(cell, flags):
    "Take the stored PNGs and the Markdown out of a cell's outputs: file names with their bytes, and the Markdown that shows both."
    name, files, shown, kept = flags.get('label', cell['id']), {}, [], []
    for o in cell.outputs:
        png, text = (o.get('data', {}).get(k) for k in ('image/png', 'text/markdown'))
        if text and not png: shown.append(quote_callouts(outside_fences(''.join(text), relink)))
        elif not png: kept.append(o)
        if not png: continue
        path = f"{FIGURES}/{name}{f'-{len(files) + 1}' if files else ''}.png"
        files[path] = base64.b64decode(png)
        shown.append(f"![{flags.get('fig-alt', '')}]({path})")
    cell.outputs = kept
    return files, shown


def convert(nb):
    "README text and {path: bytes} of its figures from the home page."
    cells, files = [], {}
    for cell in nb.cells:
        if cell.cell_type == 'markdown':
            cells.append(nbformat.v4.new_markdown_cell(quote_callouts(outside_fences(cell.source, relink))))
        elif cell.cell_type == 'code':
            flags, source = directives(cell.source)
            if flags.keys() & {'hide', 'default_exp', 'export', 'exporti'} or flags.get('include') == 'false': continue
            pngs, shown = figures(cell, flags) if flags.get('output') != 'false' else ({}, [])
            files.update(pngs)
            if flags.get('output') == 'false': cell.outputs = []
            if flags.get('echo') != 'false' or cell.outputs:
                new = nbformat.v4.new_code_cell(source if flags.get('echo') != 'false' else '', outputs=cell.outputs)
                # one block for imports and the code that follows them reads better than two
                if cells and cells[-1].cell_type == 'code' and not cells[-1].outputs: new.source = cells.pop().source + '\n\n' + new.source
                cells.append(new)
            if shown: cells.append(nbformat.v4.new_markdown_cell('\n\n'.join(shown)))
    nb.cells, nb.metadata['language_info'] = cells, {'name': 'python'}
    text, _ = MarkdownExporter().from_notebook_node(nb)
    text = re.sub(r'^```python\s*^```$', '', text, flags=re.M)  # a cell whose output alone is shown
    text = re.sub(r'\n{3,}', '\n\n', '\n'.join(line.rstrip() for line in text.split('\n')))
    return f'{NOTE}\n\n{text.strip()}\n', files


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--check', action='store_true', help='write nothing; exit 1 if README.md or a figure is stale')
    check = parser.parse_args().check
    text, files = convert(nbformat.read(ROOT/HOME, as_version=4))
    want = {README: text.encode(), **files}
    have = {str(p.relative_to(ROOT).as_posix()) for p in (ROOT/FIGURES).glob('*.png')}
    stale = [p for p, data in want.items() if not (ROOT/p).is_file() or (ROOT/p).read_bytes() != data]
    left = sorted(have - want.keys())
    if check:
        if stale or left:
            sys.exit(f"{', '.join(stale + left)}: not what {HOME} makes; run `python tools/readme.py` and commit the result.")
        print(f'README.md and {len(files)} figure(s) are in step with {HOME}.')
        return
    for p in stale:
        (ROOT/p).parent.mkdir(parents=True, exist_ok=True)
        (ROOT/p).write_bytes(want[p])
    for p in left: (ROOT/p).unlink()
    print('wrote ' + ', '.join(stale) if stale else 'nothing to write', *(f'removed {p}' for p in left), sep='; ')


if __name__ == '__main__': main()
