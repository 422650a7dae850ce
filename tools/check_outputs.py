#!/usr/bin/env python3
"""Compare the outputs that notebooks have stored with those of a new run.

    cp -r nbs /tmp/stored && nbdev-test --save
    python tools/check_outputs.py /tmp/stored nbs     # exits 1 if a stored output is stale

What a reader sees on the site is what a run would print now: words must be the same; whole numbers too; a decimal fraction may differ in
its last digit or by one percent, and below 1e-6 it is taken for rounding. A cell whose output is different each time, such as one that
prints a rate, says so: `#| varies`. Cells with a flag for hardware, network or time did not run, so theirs are not compared. Pictures are
counted, not compared.
"""
import json
import re
import sys
from difflib import unified_diff
from pathlib import Path

from check_notebooks import FLAGS, directives

NUMBER = re.compile(r'(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d*)?(?:e[-+]?\d+)?|[-+]?\.\d+(?:e[-+]?\d+)?')
OBJECT = re.compile(r'^<[\w.]+ object(?: at 0x[0-9a-f]+)?>$|^<Figure size .*>$', re.M)


def outputs(cell):
    "All text that a cell has printed or shown, and its number of pictures."
    text, pictures = [], 0
    for o in cell.get('outputs', []):
        data = o.get('data', {})
        pictures += any(k.startswith('image/') for k in data)
        text.append(''.join(o.get('text', '')))
        text += [OBJECT.sub('', ''.join(data.get(k, ''))) for k in ('text/plain', 'text/markdown', 'text/latex')]
    return '\n'.join(t for t in text if t.strip()), pictures


def close(a, b):
    "Are two numbers, as printed, the same but for rounding?"
    if not re.search(r'[.e]', a + b): return a == b
    x, y = (float(s.replace(',', '')) for s in (a, b))
    digits = max(10.**-len(re.sub(r'e.*', '', s).partition('.')[2])*float('1' + (re.search(r'e.*', s) or [''])[0]) for s in (a, b))
    return abs(x - y) <= max(1.01*digits, .01*max(abs(x), abs(y)), 1e-6)


def same(old, new):
    "Are two texts the same but for white space and the rounding of numbers?"
    words = [' '.join(re.sub(r'[-=]{3,}', '---', NUMBER.sub(' # ', t)).split()) for t in (old, new)]
    numbers = [NUMBER.findall(t) for t in (old, new)]
    return words[0] == words[1] and all(map(close, *numbers))


def main(before, after):
    before, after, stale, n = Path(before), Path(after), [], 0
    for p in sorted(after.rglob('*.ipynb')):
        name = p.relative_to(after)
        if any(q.startswith(('_', '.')) for q in name.parts): continue
        old, new = (json.loads(q.read_text(encoding='utf-8'))['cells'] if q.is_file() else [] for q in (before/name, p))
        if [(c.get('id'), c['source']) for c in old] != [(c.get('id'), c['source']) for c in new]: stale.append(f'{name}: the run changed the notebook itself')
        new = {c.get('id'): c for c in new}
        for c in old:
            flags = directives(''.join(c['source']))
            if c['cell_type'] != 'code' or flags.keys() & {*FLAGS, 'varies'}: continue
            (a, figures), (b, drawn) = outputs(c), outputs(new.get(c.get('id'), {}))
            n += bool(a or b)
            if figures != drawn: stale.append(f"{name} cell {c.get('id')}: {figures} pictures stored, {drawn} drawn")
            if same(a, b): continue
            stale.append(f"{name} cell {c.get('id')}: the stored output is not what the cell prints now")
            stale += [f'    {line}' for line in list(unified_diff(a.split('\n'), b.split('\n'), 'stored', 'now', n=0, lineterm=''))[2:12]]
    print('\n'.join([*stale, f'{n} text outputs compared']))
    if stale: sys.exit('stale outputs: run `nbdev-test NOTEBOOK --save` and `nbdev-clean`, look at the difference and commit it, or mark a cell `#| varies`')


if __name__ == '__main__': main(*sys.argv[1:]) if len(sys.argv) == 3 else sys.exit(__doc__)
