#!/usr/bin/env python3
"""The checks of the book can fail: plant one fault after the other in a book of two pages, and see that each is found.

    python tools/test_checks.py
"""
import json
import tempfile
from pathlib import Path

from check_notebooks import Notebook, check_links
from check_outputs import close, same
from check_pages import SitePage, check

HEAD = '# A page\n\n> A promise'
GOOD = ['Words, $x^2$, and a [link](b.ipynb#part).', '## Part']
SOURCES = {  # a fault, and a word of the sentence that names it
    'The first cell must hold a title.': ('first cell', ['no title', *GOOD]), 'Headings go down step by step.': ('jumps', [HEAD, '## One', '#### Two']),
    'One title.': ('second title', [HEAD, '# Another']), 'Links lead to files,': ('no such file', [HEAD, '[a](c.ipynb)']),
    'to anchors there,': ('anchor', [HEAD, '[a](b.ipynb#nowhere)']), 'and not out of the book.': ('leads out', [HEAD, '[a](../../x.md)']),
    'Formulas parse.': ('in $', [HEAD, r'$\frac{1$']), 'Dollars pair up.': ('partner', [HEAD, 'one $ alone']),
    'Pictures have a text.': ('has no text', [HEAD, '![](b.png)'])}
OUTPUTS = {  # an output, and a word of the sentence about it
    'an error': ('is an error', dict(output_type='error', ename='ValueError')), 'a warning': ('warning', 'x.py:3: UserWarning: oh'),
    'a traceback': ('traceback', 'Traceback (most recent call last)'), 'a progress bar': ('progress bar', '100%|██████████| 3/3'),
    'a picture without words': ('fig-alt', dict(output_type='display_data', data={'image/png': ''}))}
PAIRS = [('loss 0.501', 'loss 0.502', True), ('loss 0.501', 'loss 0.551', False), ('12 cells', '13 cells', False), ('it holds', 'it fails', False),
         ('error 3e-09', 'error 5e-08', True), ('error 3e-04', 'error 9e-04', False), ('| a | 1 |\n|---|---|', '| a | 1 |\n|-----|---|', True)]


def notebook(path, *cells, code=()):
    "Write a notebook of Markdown cells, and code cells with an output each."
    md = [dict(cell_type='raw' if s.startswith('---') else 'markdown', id=f'm{i}', metadata={}, source=s) for i, s in enumerate(cells)]
    outs = [dict(cell_type='code', id=f'c{i}', metadata={}, execution_count=None, source='f()', outputs=[
        o if isinstance(o, dict) else dict(output_type='stream', name='stderr', text=o)]) for i, o in enumerate(code)]
    path.write_text(json.dumps(dict(cells=md + outs, metadata={}, nbformat=4, nbformat_minor=5)), encoding='utf-8')
    return path


def sources(root, cells, code=()):
    "The problems of a book of two notebooks."
    books = {p.name: Notebook(p, root) for p in (notebook(root/'a.ipynb', *cells, code=code), notebook(root/'b.ipynb', HEAD, *GOOD[1:]))}
    check_links(books)
    return [p for nb in books.values() for p in nb.problems]


def pages(root, text):
    "The problems of a site of two pages."
    front = '---\ntitle: {0}\ndescription: d\noutput-file: {0}.html\n---'
    found = [SitePage(notebook(root/f'{n}.ipynb', front.format(n), *cells), root) for n, cells in (('a', [text]), ('b', GOOD[1:]))]
    for p in found: check(p, {q.output: q for q in found}, {q.path.resolve(): q for q in found}, root)
    return [p for page in found for p in page.problems]


def main():
    with tempfile.TemporaryDirectory() as t:
        root = Path(t)/'nbs'
        root.mkdir()
        assert not sources(root, [HEAD, *GOOD]), sources(root, [HEAD, *GOOD])
        for name, (word, cells) in SOURCES.items(): assert any(word in p for p in sources(root, cells)), name
        for name, (word, out) in OUTPUTS.items(): assert any(word in p for p in sources(root, [HEAD], [out])), name
        assert not pages(root, '[a](b.html#part)'), pages(root, '[a](b.html#part)')
        for word, text in (('anchor', '[a](b.html#nowhere)'), ('no such page', '[a](c.html)'), ('leads out', '[a](../c.html)')):
            assert any(word in p for p in pages(root, text)), text
    for a, b, want in PAIRS: assert same(a, b) is want, (a, b)
    assert not close('1', '2') and close('0.30', '0.31')
    print(f'{len(SOURCES) + len(OUTPUTS) + 3} faults found, {len(PAIRS)} pairs of outputs told apart')


if __name__ == '__main__': main()
