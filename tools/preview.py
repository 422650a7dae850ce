#!/usr/bin/env python3
"""Make a preview of the site without Quarto, to look at in a browser.

    pip install -e '.[dev]'                    what it needs
    python tools/preview.py                    every page, into _preview/; open _preview/index.html
    python tools/preview.py theory 22_residual only the pages whose name contains one of these words

The pages are what Quarto would get: nbdev processes the notebooks into _proc/ (stored outputs, documentation of exported names, hidden
cells gone), and this tool turns them into plain HTML with nbs/styles.css, the sidebar of nbs/sidebar.yml, callouts, folded code and
formulas as MathML. Markdown is read by Pandoc, as in Quarto, if it is installed, and else by nbconvert. Theme, search and the small print
of Quarto's layout are left out: this is for reading figures, formulas, tables and text at any width, not for publishing.
"""
import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import yaml
from check_notebooks import directives, slug
from latex2mathml.converter import convert as mathml
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbdev.config import nbpath2html
from nbdev.serve import proc_nbs
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

CALLOUT = re.compile(r'<(?:div|section)(?:\s+id="([^"]*)")?\s+class="callout-(\w+)"(?:\s+title="([^"]*)")?>(?:\s*<h\d(?: id="([^"]*)")?>(.*?)</h\d>)?', re.S)
ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT/'_preview'
STYLE = """
body { margin: 0; font: 17px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; color: #343a40; }
header.top { background: #6a3d9a; padding: .6rem 1rem; } header.top a { color: #fff; font-weight: 600; text-decoration: none; }
.page { display: grid; grid-template-columns: 14rem minmax(0, 50rem) 12rem; gap: 2rem; justify-content: center; padding: 1rem; }
nav { font-size: .85rem; } nav a { display: block; margin: .2rem 0; text-decoration: none; } nav b { display: block; margin-top: .8rem; }
nav a.here { font-weight: 600; } nav .h3 { margin-left: .8rem; } a { color: #2761e3; }
h1, h2, h3, h4 { line-height: 1.2; font-weight: 600; } h2 { border-bottom: 1px solid #dee2e6; padding-bottom: .3rem; margin-top: 2rem; }
pre { overflow-x: auto; font-size: .8rem; line-height: 1.45; padding: .5rem .6rem; } code { font-size: .875em; color: #7d12ba; }
pre code { font-size: 1em; color: inherit; } .sourceCode { background: #f6f7f8; border-radius: .25rem; } .sourceCode pre { margin: .6rem 0; }
table { border-collapse: collapse; margin: .8rem 0; } th, td { padding: .3rem .6rem; border-bottom: 1px solid #dee2e6; text-align: left; }
.callout { border: 1px solid #dee2e6; border-left: 5px solid #0d6efd; border-radius: .25rem; margin: 1rem 0; padding: 0 1rem; }
.callout-title { font-weight: 600; } .callout-important { border-left-color: #dc3545; } .callout-warning { border-left-color: #fd7e14; }
.callout-tip { border-left-color: #198754; } mtable { math-style: normal; }
mtd[columnalign="right"] { text-align: -webkit-right; } mtd[columnalign="left"] { text-align: -webkit-left; }
footer { display: flex; justify-content: space-between; margin: 2rem 0; }
@media (max-width: 991px) { .page { display: block; } nav.toc { display: none; } nav.side { display: none; } }
"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style><link rel="stylesheet" href="{up}styles.css"></head><body>
<header class="top"><a href="{up}index.html">{site}</a></header><div class="page"><nav class="side">{side}</nav>
<main><header id="title-block-header"><h1 class="title">{title}</h1><div class="description">{description}</div></header>
{body}<footer>{around}</footer></main><nav class="toc">{toc}</nav></div></body></html>
"""


def formula(tex, display='inline'):
    "MathML of a formula; in red as it was typed where that fails, so that it is seen."
    try: return mathml(html.unescape(tex), display=display)
    except Exception as e: return f'<code style="color:red">{html.escape(tex)} ({type(e).__name__})</code>'


class Renderer(IPythonRenderer):
    "nbconvert's Markdown, with formulas as MathML and the anchors and classes that Pandoc gives."
    def inline_math(self, body): return formula(body)
    def block_math(self, body): return f'<span class="math display">{formula(body, "block")}</span>'
    def heading(self, text, level, **attrs): return f'<h{level} id="{slug(re.sub("<[^>]+>", "", text))}">{text}</h{level}>\n'
    def block_code(self, code, info=None): return f'<pre class="{info or ""}"><code>{html.escape(code)}</code></pre>\n'


def to_html(text):
    "Markdown as HTML, by Pandoc if it is installed."
    if pandoc := shutil.which('pandoc'):
        done = subprocess.run([pandoc, '--from=markdown', '--to=html', '--mathml', '--no-highlight'], input=text, capture_output=True, text=True)
        if done.returncode: sys.exit(f'pandoc cannot read a page: {done.stderr}')
        return re.sub(r'<math display="block".*?</math>', r'<span class="math display">\g<0></span>', done.stdout, flags=re.S)
    text = re.sub(r'^:{3,} *\{\.([\w-]+)([^}]*)\} *$', r'\n<div class="\1"\2>\n', text, flags=re.M)
    return MarkdownWithMath(renderer=Renderer(escape=False)).render(re.sub(r'^:{3,} *$', '\n</div>\n', text, flags=re.M))


def coloured(code, language='python'):
    "A block of code with its syntax coloured."
    try: lexer = get_lexer_by_name(language)
    except ClassNotFound: lexer = get_lexer_by_name('text')
    return f'<div class="sourceCode">{highlight(code, lexer, HtmlFormatter(noclasses=True, nobackground=True))}</div>'


def output(o, flags):
    "One stored output: (Markdown, '') or ('', HTML)."
    data = o.get('data', {})
    if 'text/html' in data: return '', data['text/html']
    if 'image/png' in data: return '', f'<p><img alt="{html.escape(flags.get("fig-alt", ""))}" src="data:image/png;base64,{data["image/png"]}"></p>'
    if 'text/markdown' in data or 'text/latex' in data: return data.get('text/markdown') or data['text/latex'], ''
    text = '\n'.join(o['traceback']) if o.output_type == 'error' else o.get('text') or data.get('text/plain', '')
    return '', f'<div class="cell-output cell-output-{o.get("name", "display")}"><pre><code>{html.escape(text)}</code></pre></div>'


def callout(m):
    "The opening of a styled box; its title is an attribute, or a heading at its top, or else its kind."
    id1, kind, title, id2, heading = m.groups()
    name = f' id="{id1 or id2}"' if id1 or id2 else ''
    return f'<div class="callout callout-{kind}"{name}><p class="callout-title">{title or heading or kind.capitalize()}</p>'


def body(nb):
    "The page's content. Code and pictures are kept aside as HTML while the Markdown is read, since a fenced div may span cells."
    text, aside = [], []

    def keep(block):
        aside.append(block)
        text.append(f'<!--aside {len(aside) - 1}-->')
    for cell in nb.cells:
        if cell.cell_type == 'markdown': text.append(cell.source)
        if cell.cell_type != 'code': continue
        flags = directives(cell.source)
        code = '\n'.join(line for line in cell.source.split('\n') if not line.startswith('#|')).strip('\n')
        if flags.get('include') == 'false': continue
        if flags.get('echo') != 'false' and code:
            fold, block = flags.get('code-fold'), coloured(code)
            if fold: block = f'<details{" open" * (fold == "show")}><summary>{flags.get("code-summary", "Code")}</summary>{block}</details>'
            keep(block)
        for o in cell.outputs if flags.get('output') != 'false' else []:
            markdown, block = output(o, flags)
            text.append(markdown) if markdown else keep(block)
    page = to_html('\n\n'.join(text))
    page = re.sub(r'<pre\s+class="([\w-]*)"><code>(.*?)</code></pre>', lambda m: coloured(html.unescape(m[2]), m[1] or 'text'), page, flags=re.S)
    page = CALLOUT.sub(callout, page).replace('</section>', '</div>')
    page = re.sub(r'href="([^":]+\.ipynb)(#[^"]*)?"', lambda m: f'href="{nbpath2html(m[1])}{m[2] or ""}"', page)
    return re.sub(r'<!--aside (\d+)-->', lambda m: aside[int(m[1])], page)


def chapters(contents, part=''):
    "The sidebar's entries, flat: pairs of a part and a notebook's name."
    for o in contents:
        if isinstance(o, dict): yield from chapters(o.get('contents', []), o.get('section', part))
        else: yield part, o


def main(words):
    pages = proc_nbs(str(ROOT/'nbs'))
    book = list(chapters(yaml.safe_load((pages/'sidebar.yml').read_text(encoding='utf-8'))['website']['sidebar']['contents']))
    missing = [name for _, name in book if not (pages/name).is_file()]
    if missing: sys.exit(f"nbs/sidebar.yml names {', '.join(missing)}, which nbdev did not process: is the name right, and the notebook there?")
    chosen = [name for _, name in book if not words or any(w in name for w in words)]
    if not chosen: sys.exit(f"no page of nbs/sidebar.yml has {' or '.join(words)} in its name")
    nbs = {name: nbformat.read(pages/name, as_version=4) for _, name in book}
    front = {name: yaml.safe_load(nb.cells[0].source.strip().strip('-')) for name, nb in nbs.items()}
    site = front['index.ipynb']['title']
    for name in chosen:
        up = '../'*name.count('/')

        def link(to, up=up, here=name): return f'<a href="{up}{nbpath2html(to)}"{" class=here" * (to == here)}>{front[to]["title"]}</a>'
        side, last = [], ''
        for part, to in book:
            if part != last: side.append(f'<b>{part}</b>')
            side.append(link(to))
            last = part
        i = [to for _, to in book].index(name)
        around = [link(to) if to else '<span></span>' for to in (book[i-1][1] if i else None, book[i+1][1] if i + 1 < len(book) else None)]
        content = body(nbs[name]).replace('href="/', f'href="{up}')
        toc = ''.join(f'<a class="{tag}" href="#{to}">{text}</a>' for tag, to, text in
                      re.findall(r'<(h[23])[^>]*?\sid="([^"]*)"[^>]*>(.*?)</h[23]>', content, re.S))
        file = OUT/nbpath2html(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PAGE.format(title=front[name]['title'], description=to_html(front[name].get('description', '')), site=site, style=STYLE, up=up,
                                    side=''.join(side), around=''.join(around), toc=toc, body=content), encoding='utf-8')
        print(file.relative_to(ROOT))
    shutil.copy(ROOT/'nbs'/'styles.css', OUT)


if __name__ == '__main__': main(sys.argv[1:])
