#!/usr/bin/env python3
"""Make the pages of the site with nbdev, as Quarto would get them, and check them. Quarto is not needed.

    python tools/check_pages.py           makes them in _proc/ first
    python tools/check_pages.py _proc     checks what is there

Each page: front matter with title, description and address; links, also those that nbdev writes into text and into the tables of exported
names, lead to a page, to a heading there, or to a line of a module; pictures exist; formulas parse; at most 400 kB. Every exported
function and class that has a page is shown on it.
"""
import json
import re
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import yaml
from check_notebooks import Page, directives, slug

SOURCE = re.compile(r'/blob/[^/]+/(?P<file>[^#]+)(?:#L(?P<line>\d+))?$')


class SitePage(Page):
    "A processed notebook."
    def __init__(self, path, root):
        super().__init__(path, root, f'page {path.relative_to(root).as_posix()}')
        cells = json.loads(path.read_text(encoding='utf-8'))['cells']
        self.meta = self.front_matter(cells)
        self.output = path.relative_to(root).with_name(self.meta.get('output-file') or '?').as_posix()
        self.level = 1                              # of the title
        self.anchors.add('')
        for c in cells[1:]:
            source = ''.join(c['source'])
            if c['cell_type'] == 'markdown': self.prose(c.get('id'), source)
            for o in c.get('outputs', []):
                text = ''.join(o.get('data', {}).get('text/markdown', ''))
                if not text: continue
                n = self.n['links']
                self.prose(c.get('id'), text, nested=True)
                name = re.search(r'^show_doc\(([\w.]+)', source, re.M)
                if not name: continue
                self.n['names'] += 1
                if 'CustomOpDef.__call__' in text:  # PyTorch wraps a registered operator in a class; nbdev sees that, not the function
                    self.n['opaque'] += 1
                    self.anchors.add(name[1].lower())
                elif self.n['links'] == n: self.bad(c.get('id'), f'{name[1]} is shown without a link to its source')
                if slug(name[1]) not in self.anchors: self.bad(c.get('id'), f'{name[1]} is shown without a heading')
            pictures = [k for o in c.get('outputs', []) for k in o.get('data', {}) if k.startswith('image/')]
            if pictures and not directives(source).get('fig-alt'): self.bad(c.get('id'), 'a picture has lost its text')

    def front_matter(self, cells):
        "Title, description and address, from the first cell."
        raw = ''.join(cells[0]['source']) if cells and cells[0]['cell_type'] == 'raw' else ''
        m = re.fullmatch(r'---\n(.*?)\n---\s*', raw, re.S)
        meta = yaml.safe_load(m[1]) if m else {}
        for key in ('title', 'description', 'output-file'):
            if not meta.get(key): self.bad(None, f'no {key} in its front matter, so the sidebar and search would not have it')
        return meta


def check(page, pages, files, top):
    "Say where a page's links lead to nothing."
    for cell, target in page.links:
        if re.match(r'[a-z][a-z0-9+.-]*:', target, re.I): continue
        path, _, anchor = unquote(target).partition('#')
        source = SOURCE.search(target)
        if source:
            file = top/source['file']
            if not file.is_file(): page.bad(cell, f'{target}: no such module')
            elif int(source['line'] or 1) > len(file.read_text(encoding='utf-8').split('\n')): page.bad(cell, f'{target}: the module is shorter')
            continue
        to = page.root/path.lstrip('/') if path.startswith('/') else page.path.parent/path if path else page.path
        to = to.resolve()
        if not to.is_relative_to(page.root.resolve()): page.bad(cell, f'{target}: leads out of the site')
        elif to.suffix == '.html':
            there = pages.get(to.relative_to(page.root.resolve()).as_posix())
            if not there: page.bad(cell, f'{target}: no such page')
            elif anchor not in there.anchors: page.bad(cell, f'{target}: nothing on that page has this anchor')
        elif to in files:
            if anchor not in files[to].anchors: page.bad(cell, f'{target}: nothing on that page has this anchor')
        elif not to.is_file(): page.bad(cell, f'{target}: no such file')


def make():
    "Process all notebooks; return the folder."
    from nbdev.quarto import refresh_quarto_yml
    from nbdev.serve import proc_nbs
    refresh_quarto_yml()
    return proc_nbs(n_workers=0, force=True)


def main(root=None):
    root = Path(root or make())
    top = root.resolve().parent
    found = [SitePage(p, root) for p in sorted(root.rglob('*.ipynb')) if '_docs' not in p.parts]
    if not found: sys.exit(f'no pages under {root}')
    pages, files = {p.output: p for p in found}, {p.path.resolve(): p for p in found}
    problems = [f'{n} pages would become {o}' for o, n in Counter(p.output for p in found).items() if n > 1]
    for p in found: check(p, pages, files, top)
    problems += [o for p in found for o in p.problems]
    for o in problems: print(o)
    print(f"{len(found)} pages, {sum(p.n['links'] for p in found)} links, {sum(p.n['names'] for p in found)} names shown "
          f"({sum(p.n['opaque'] for p in found)} of them, registered operators, without their signature), "
          f"{sum(p.n['formulas'] + p.n['equations'] for p in found)} formulas")
    if problems: sys.exit(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the pages")
    print('no problems')


if __name__ == '__main__': main(*sys.argv[1:2])
