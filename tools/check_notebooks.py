#!/usr/bin/env python3
"""Check what the tests cannot see in the notebooks of the book, before Quarto sees them.

    python tools/check_notebooks.py [--fold] [nbs]

Each notebook:
- one title and one promise in the first cell, and nothing else there (nbdev keeps nothing else of it); headings in order
- imports in cells of their own (nbdev runs every cell with an import when it makes the site)
- stored outputs without errors, warnings or progress bars; a stored picture, with a text for who cannot see it, in each figure cell
- every link and anchor leads somewhere, every picture exists, every formula parses; at most 400 kB
- no assertion is switched off, except by a flag for hardware, network or time, and those are counted
- a place in the sidebar, and an address of its own
- counted, not refused: lines of more than 120 characters, and figure cells of more than 10 lines that are not folded on the site;
  `--fold` writes `#| code-fold: true` into those and does nothing else

README, CONTRIBUTING and the other Markdown files: links, anchors, pictures and formulas, no syntax that only Quarto knows, and Python
that can be pasted into a prompt.
_quarto.yml: files that exist, and the version of settings.ini.

tools/check_pages.py checks the pages that nbdev makes of the notebooks, tools/check_outputs.py whether stored outputs are stale.
Prints a table, then each problem with its cell; exits 1 on any.
"""
import ast
import json
import re
import sys
from codeop import compile_command
from configparser import ConfigParser
from collections import Counter, defaultdict
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import yaml
from latex2mathml.converter import convert
from nbdev.config import nbpath2html

MAX_KB, MAX_LINE, MAX_FIGURE = 400, 120, 10  # of a file; of a line of code; of a figure's cell that is shown unfolded
FLAGS = {'cuda', 'slow', 'network', 'multigpu', 'notest'}
CHECK = re.compile(r'\bassert\b|\btest_\w+\(|\bassert_close\b|\bgradcheck\b|\b(?:prove|refute)\(')
FENCED = re.compile(r'^(```+|~~~+).*?^\1[`~]*\s*$', re.M | re.S)
CODE = re.compile(r'(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)', re.S)
DISPLAY = re.compile(r'(?<!\\)\$\$(.*?)(?<!\\)\$\$', re.S)
INLINE = re.compile(r'(?<![\\$])\$(?=\S)((?:(?!\n\s*\n)[^$\\]|\\.)+?)(?<=\S)\$(?![\d$])', re.S)
LINK = re.compile(r'(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?([^)\s>]*)>?(?:\s+"[^"]*")?\s*\)')
BAR = re.compile(r'\r(?!\n)|\d%\|[█▏▎▍▌▋▊▉ ]|\d(it/s|s/it)\]|<progress\b|[█]{3,}')
WARNING = re.compile(r'\b\w*Warning: ')
EXPLICIT = re.compile(r'\{[^}]*#([\w:.-]+)[^}]*\}\s*$')


def directives(source):
    "The `#|` lines at the top of a code cell, as a dict."
    found = {}
    for line in source.split('\n'):
        if not line.startswith('#|'): break
        key, _, value = line[2:].strip().replace(':', ' ', 1).partition(' ')
        found[key] = value.strip().strip('"\'')
    return found


def blank(m): return re.sub(r'[^\n]', ' ', m[0])


def slug(text):
    "The anchor that Pandoc gives to a heading."
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', text)
    text = re.sub(r'[^\w\s.-]', '', text).strip().lower()
    return re.sub(r'^[^a-z]+', '', re.sub(r'\s+', '-', text)) or 'section'


def mixed(source):
    "Does a cell hold an import anywhere, and statements that are not imports at the top?"
    try: tree = ast.parse(source)
    except SyntaxError: return False
    kinds = ast.Import, ast.ImportFrom
    return any(isinstance(o, kinds) for o in ast.walk(tree)) and not all(isinstance(o, kinds) for o in tree.body)


def formula(tex):
    "What is wrong with a formula, or None."
    bare = re.sub(r'\\[{}\\]', '', tex)
    if bare.count('{') != bare.count('}'): return 'braces do not pair up'
    try: mathml = convert(tex)
    except Exception as e: return re.sub(r'(?<!^)(?=[A-Z])', ' ', type(e).__name__.removesuffix('Error')).lower()
    unknown = re.search(r'\\[A-Za-z]+', unescape(mathml))
    return f'{unknown[0]} is not known' if unknown else None


class Page:
    "Something that is read: what is wrong with it, where it leads, and where in it one can arrive."
    def __init__(self, path, root, shown):
        self.path, self.root, self.name = path, root, path.relative_to(root).as_posix()
        self.shown, self.level = shown, 0
        self.problems, self.links, self.anchors, self.n = [], [], set(), Counter()
        self.n['kB'] = path.stat().st_size//1000
        if path.stat().st_size > MAX_KB*1000: self.bad(None, f"{self.n['kB']} kB; a page has at most {MAX_KB}")

    def bad(self, cell, text): self.problems.append(f"{self.shown}{f' cell {cell}' if cell else ''}: {text}")

    def prose(self, cell, source, nested=False):
        "Headings, anchors, formulas and links of some Markdown; `nested` for what a cell printed, whose headings may begin at any level."
        text = FENCED.sub(blank, source)
        for m in re.finditer(r'^(#{1,6})\s+(.*?)\s*#*$', text, re.M):
            depth, words = len(m[1]), m[2]
            if not nested:
                if depth == 1 and self.level: self.bad(cell, f'a second title: {words!r}')
                elif depth > self.level + 1: self.bad(cell, f"heading {words!r} jumps from {'#'*self.level or 'nothing'} to {m[1]}")
                self.level = depth
            self.anchor(EXPLICIT.search(words)[1] if EXPLICIT.search(words) else slug(EXPLICIT.sub('', words)))
        for m in re.finditer(r'(?<=\{)[^}\n]*#([\w:.-]+)', CODE.sub(blank, text)): self.anchors.add(m[1])
        text = self.math(cell, CODE.sub(blank, text))
        if re.search(r'\]\([^)\s]*\)\]\(', text): self.bad(cell, 'a link inside a link')
        for m in LINK.finditer(text):
            if m[1] and not m[2].strip(): self.bad(cell, f'picture {m[3]} has no text')
            self.links.append((cell, m[3]))
            self.n['links'] += 1
        return text

    def anchor(self, name):
        n = sum(bool(re.fullmatch(re.escape(name) + r'(-\d+)?', a)) for a in self.anchors)
        self.anchors.add(f'{name}-{n}' if name in self.anchors else name)

    def math(self, cell, text):
        "Check the formulas of some Markdown; return it without them."
        for pattern, key in ((DISPLAY, 'equations'), (INLINE, 'formulas')):
            for m in pattern.finditer(text):
                wrong = formula(m[1])
                if wrong: self.bad(cell, f"{wrong} in ${' '.join(m[1].split())[:60]}$")
                self.n[key] += 1
            text = pattern.sub(blank, text)
        stray = re.search(r'.{0,30}(?<!\\)\$.{0,30}', text)
        if stray: self.bad(cell, f'a $ without a partner near {stray[0].strip()!r}')
        return text


def unpasteable(code):
    "The first line that Python's prompt refuses if it is given line by line; None if it takes all."
    held = []
    for line in [*code.split('\n'), '']:
        held.append(line)
        try: whole = compile_command('\n'.join(held))
        except SyntaxError: return line
        if whole is not None: held = []


class Document(Page):
    "A Markdown file beside the notebooks, which a code host shows as it is."
    def __init__(self, path, root):
        super().__init__(path, root, path.relative_to(root).as_posix())
        text = re.sub(r'<!--.*?-->', blank, path.read_text(encoding='utf-8'), flags=re.S)
        text = self.prose(None, re.sub(r'\A---\n.*?\n---\n', blank, text, flags=re.S))
        quarto = re.search(r'^:{3,}.*$|\{#[\w-]+\}|\{\{<.*', text, re.M)
        if quarto: self.bad(None, f'{quarto[0]!r} is read by Quarto alone')
        for block in re.findall(r'^```python\n(.*?)^```', path.read_text(encoding='utf-8'), re.M | re.S):
            if wrong := unpasteable(block): self.bad(None, f'a Python prompt refuses {wrong!r}: an empty line must end the block before it')


class Notebook(Page):
    "One notebook: what is in it, and what is wrong with it."
    def __init__(self, path, root):
        super().__init__(path, root, f'nbs/{path.relative_to(root).as_posix()}')
        self.kind = self.name.split('/')[0] if '/' in self.name else ''
        self.cells = json.loads(path.read_text(encoding='utf-8'))['cells']
        for c in self.cells: c['source'], c['id'] = ''.join(c['source']), c.get('id', '?')
        for i, n in Counter(c['id'] for c in self.cells).items():
            if n > 1: self.bad(None, f'{n} cells have the id {i}')
        self.title()
        for c in self.cells:
            if c['cell_type'] == 'markdown': self.prose(c['id'], c['source'])
            elif c['cell_type'] == 'code': self.code(c)
        if self.kind in ('theory', 'library') and not self.n['checks']: self.bad(None, 'no assertion runs')

    def title(self):
        first = self.cells[0] if self.cells else dict(cell_type='none', source='', id=None)
        m = re.fullmatch(r'# (\S.*)\n\s*\n> (\S.*)', first['source'].strip()) if first['cell_type'] == 'markdown' else None
        if m: return
        if first['cell_type'] == 'markdown' and re.match(r'# \S.*\n\s*\n> \S', first['source']):
            return self.bad(first['id'], 'the first cell holds more than `# Title` and one line `> promise`; the site drops the rest of it')
        self.bad(first['id'], 'the first cell must be `# Title`, an empty line, `> one promise`')

    def code(self, c):
        flags, source = directives(c['source']), c['source']
        exported = flags.keys() & {'export', 'exports', 'exporti'}
        if exported:
            for m in re.finditer(r'^(?:async )?(?:def|class) ([A-Za-z]\w*)', source, re.M): self.anchors.add(m[1].lower())
        off = flags.get('eval', '').lower() == 'false' or flags.get('exec', '').lower() == 'false'
        if CHECK.search(source) and not exported:
            if off: self.bad(c['id'], f"an assertion is switched off; only the flags {', '.join(sorted(FLAGS))} may do that")
            self.n['muted' if flags.keys() & FLAGS else 'checks'] += not off
        if not exported and 'nbdev_export()' not in source and mixed(source):
            self.bad(c['id'], 'imports and other code in one cell; nbdev runs it when it makes the site')
        if not exported: self.n['wide'] += sum(len(line) > MAX_LINE for line in source.split('\n') if not line.startswith('#|'))
        pictures = 0
        for o in c.get('outputs', []):
            text = ''.join(o.get('text', '')) + ''.join(''.join(o.get('data', {}).get(k, '')) for k in ('text/plain', 'text/html', 'text/markdown'))
            if o['output_type'] == 'error': self.bad(c['id'], f"the stored output is an error: {o.get('ename')}")
            elif 'Traceback (most recent call last)' in text: self.bad(c['id'], 'the stored output holds a traceback')
            elif WARNING.search(text): self.bad(c['id'], f'the stored output is a warning: {text.strip()[:80]}')
            elif BAR.search(text): self.bad(c['id'], f'the stored output is a progress bar: {BAR.search(text)[0]!r}')
            pictures += any(k.startswith('image/') for k in o.get('data', {}))
        self.n['figures'] += pictures
        self.n['unfolded'] += unfolded(c)
        if pictures and not flags.get('fig-alt'): self.bad(c['id'], 'a figure without `#| fig-alt: "..."`')
        if flags.get('fig-alt') and not pictures and not flags.keys() & FLAGS:
            self.bad(c['id'], 'a figure is not stored; run `nbdev-test --save` on this notebook')


def unfolded(c):
    "Is this cell a long one that draws a figure, and shown in full on the site?"
    flags = directives(c['source'])
    shown = flags.get('echo') != 'false' and not flags.keys() & {'hide', 'export', 'exports', 'exporti', 'code-fold'}
    return bool(flags.get('fig-alt')) and shown and len(c['source'].split('\n')) - len(flags) > MAX_FIGURE


def fold(path):
    "Write `#| code-fold: true` below the directives of the long figure cells of a notebook."
    text = path.read_text(encoding='utf-8')
    for c in json.loads(text)['cells']:
        if c['cell_type'] != 'code' or not unfolded(dict(c, source=''.join(c['source']))): continue
        n = len(directives(''.join(c['source'])))
        last = json.dumps(c['source'][n - 1], ensure_ascii=False)
        if text.count(last) != 1: sys.exit(f"{path} cell {c['id']}: fold this one by hand")
        text = text.replace(last, last + ',\n    "#| code-fold: true\\n"')
        print(f"{path} cell {c['id']}: folded")
    path.write_text(text, encoding='utf-8')


def check_documents(documents, books, top):
    "Links of Markdown files lead to files of the repository, and to headings in them."
    pages = {d.path.resolve(): d for d in documents} | {nb.path.resolve(): nb for nb in books.values()}
    for d in documents:
        for cell, target in d.links:
            if re.match(r'[a-z][a-z0-9+.-]*:', target, re.I): continue
            path, _, anchor = unquote(target).partition('#')
            file = (d.path.parent/path).resolve() if path else d.path.resolve()
            if not file.is_relative_to(top.resolve()) or not file.exists(): d.bad(cell, f'{target}: no such file')
            elif anchor and file in pages and anchor not in pages[file].anchors: d.bad(cell, f'{target}: no heading has this anchor')


def check_config(root):
    "What _quarto.yml names exists, and its footer has the version of settings.ini."
    top, site = root.resolve().parent, yaml.safe_load((root/'_quarto.yml').read_text(encoding='utf-8'))
    web = site['website']
    named = [web['favicon'], web['image'], site['format']['html']['css'], *site['project'].get('resources', []), *site['metadata-files'],
             *(o['href'] for side in ('left', 'right') for o in web['navbar'].get(side, []) if 'href' in o)]
    for f in named:
        if f != 'nbdev.yml' and not any(root.glob(f)): yield f'_quarto.yml: {f}: no such file under {root.name}/'
    ini = ConfigParser(delimiters=['='])
    ini.read(top/'settings.ini', encoding='utf-8')
    version, log = ini['DEFAULT']['version'], (top/'CHANGELOG.md').read_text(encoding='utf-8')
    if not re.search(rf'(?<![\w.]){re.escape(version)}(?![\w.])', str(web['page-footer'])):
        yield f'_quarto.yml: the footer must name version {version}, as settings.ini does'
    if f'## [{version}]' not in log: yield f'CHANGELOG.md: no part for version {version} of settings.ini'


def check_links(books):
    "Every relative link must lead to a file under nbs/, and its anchor to a heading or an exported name there."
    for nb in books.values():
        for cell, target in nb.links:
            if re.match(r'[a-z][a-z0-9+.-]*:', target, re.I): continue
            path, _, anchor = unquote(target).partition('#')
            if path.startswith('/'):
                nb.bad(cell, f'{target}: link from this notebook, not from the top of the site')
                continue
            file = (nb.path.parent/path).resolve() if path else nb.path.resolve()
            if not file.is_relative_to(nb.root.resolve()): nb.bad(cell, f'{target}: leads out of nbs/, so it is not on the site')
            elif file.suffix == '.html': nb.bad(cell, f'{target}: link to the notebook, which works on a code host too')
            elif not file.is_file(): nb.bad(cell, f'{target}: no such file')
            elif anchor:
                to = books.get(file.relative_to(nb.root.resolve()).as_posix())
                if to and anchor not in to.anchors: nb.bad(cell, f'{target}: no heading or exported name has this anchor')


def sidebar_files(node):
    "All file names in a sidebar, in order."
    if isinstance(node, str): yield node
    elif isinstance(node, list):
        for o in node: yield from sidebar_files(o)
    elif isinstance(node, dict):
        if 'href' in node: yield node['href']
        yield from sidebar_files(node.get('contents', []))


def check_site(books, root):
    "The sidebar names every notebook once and nothing else; no two notebooks get the same address."
    listed = Counter(sidebar_files(yaml.safe_load((root/'sidebar.yml').read_text(encoding='utf-8'))['website']['sidebar']))
    for name in books:
        if listed[name] != 1: yield f'nbs/sidebar.yml: {name} stands there {listed[name]} times'
    for name in listed:
        if name not in books: yield f'nbs/sidebar.yml: {name}: no such notebook'
    pages = defaultdict(list)
    for name in books: pages[nbpath2html(name).as_posix()].append(name)
    for page, names in pages.items():
        if len(names) > 1: yield f"{' and '.join(names)} would both become {page}"


def main(*args):
    root = Path(next((a for a in args if not a.startswith('-')), 'nbs'))
    files = [p for p in sorted(root.rglob('*.ipynb')) if not any(q.startswith(('_', '.')) for q in p.relative_to(root).parts)]
    if not files: sys.exit(f'no notebooks under {root}')
    if '--fold' in args: return [fold(p) for p in files] and None
    books = {nb.name: nb for nb in (Notebook(p, root) for p in files)}
    check_links(books)
    top = root.resolve().parent
    documents = [Document(p, top) for p in sorted([*top.glob('*.md'), *(top/'.github').rglob('*.md')])]
    check_documents(documents, books, top)
    keys = 'kB', 'figures', 'equations', 'formulas', 'links', 'checks', 'muted', 'wide', 'unfolded'
    print(f"{'notebook':32}" + ''.join(f'{k:>10}' for k in keys))
    for nb in books.values(): print(f'{nb.name:32}' + ''.join(f'{nb.n[k]:>10}' for k in keys))
    print(f"{f'{len(books)} notebooks':32}" + ''.join(f'{sum(nb.n[k] for nb in books.values()):>10}' for k in keys))
    print(f"{f'{len(documents)} Markdown files':32}" + ''.join(f'{sum(d.n[k] for d in documents):>10}' for k in keys))
    problems = [p for o in (*books.values(), *documents) for p in o.problems] + list(check_site(books, root)) + list(check_config(root))
    for p in problems: print(p)
    if problems: sys.exit(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the notebooks")
    print('no problems')


if __name__ == '__main__': main(*sys.argv[1:])
