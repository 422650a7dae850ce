#!/usr/bin/env python3
"""Draw the site's favicon and the card that is shown where somebody shares a link to it.

    python tools/pictures.py [DIRECTORY]

Both show what the package computes: a letter F, as a cloud of points, under three gates of one Delta layer. The colours are those of
`deep_delta_learning.plots`. The pictures are committed in nbs/images/, so this runs only when they are to change.
"""
import sys
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image

from deep_delta_learning.delta import delta_update, unit
from deep_delta_learning.plots import COLORS, beta_color, style

matplotlib.use('agg')
from matplotlib import pyplot as plt  # noqa: E402

BARS = ((0, 0), (1, 5)), ((1, 4), (3, 5)), ((1, 2), (2.4, 3))  # of the letter, as corners


def letter(n=900, seed=0):
    "Points spread over the letter F, (n, 2), in random order."
    g, area = torch.Generator().manual_seed(seed), [(b[0] - a[0])*(b[1] - a[1]) for a, b in BARS]
    parts = [torch.tensor(a) + torch.rand(round(n*s/sum(area)), 2, generator=g)*(torch.tensor(b) - torch.tensor(a)) for (a, b), s in zip(BARS, area)]
    points = torch.cat(parts)
    return points[torch.randperm(len(points), generator=g)]


def moved(points, beta, shift):
    "The points after one layer with this gate, all with the same direction and the target 0."
    k, v = unit(torch.tensor([1., .16]), eps=0), torch.tensor(0.)
    return delta_update(points + torch.tensor(shift), k[None], v[None], beta)


def card(path):
    "1200 x 630 pixels: name, update, and the letter kept, replaced and mirrored."
    with style():
        fig, ax = plt.subplots(figsize=(12, 6.3), dpi=100, layout='none')
        fig.subplots_adjust(0, 0, 1, 1)
        points, k = letter(), unit(torch.tensor([1., .16]), eps=0)
        for b in (.5, 1.5): ax.scatter(*moved(points[::2], b, (-4.3, -2.5)).T, s=3, color=beta_color(b), alpha=.25, lw=0)
        for b in (0, 2, 1): ax.scatter(*moved(points, b, (-4.3, -2.5)).T, s=11, color=beta_color(b), alpha=.85, lw=0)
        ax.plot(*zip(*(s*torch.stack([-k[1], k[0]]) for s in (-3.4, 3.2))), color=COLORS['theory'], ls='--', lw=1.6, zorder=0)
        for x, b, name in ((-4.3, 0, 'keep'), (-2, 1, 'replace'), (2.2, 2, 'mirror')): ax.text(x, -3.55, name, size=22, color=beta_color(b))
        ax.text(-13.2, 1.55, 'Deep Delta\nLearning', size=50, weight='bold', color=COLORS['delta'], va='center', linespacing=1.1)
        ax.text(-13.2, -.95, r"$X' = X + \beta\,k\,(v^\top\!- k^\top X)$", size=26, color=COLORS['theory'], va='center')
        ax.text(-13.2, -2.5, 'A residual connection that\ncan erase before it writes', size=21, color='#555555', va='center', linespacing=1.4)
        ax.set(xlim=(-14.4, 5.8), ylim=(-5.3, 5.3), aspect='equal'); ax.axis('off')
        save(fig, path, 64)


def favicon(path):
    "64 x 64 pixels: the letter, its mirror image and the line between them."
    with style():
        fig, ax = plt.subplots(figsize=(.64, .64), dpi=400, layout='none')
        fig.subplots_adjust(0, 0, 1, 1)
        for beta in (0, 2):
            for a, b in BARS:
                corners = torch.tensor([[a[0], a[1]], [b[0], a[1]], [b[0], b[1]], [a[0], b[1]]], dtype=torch.float)
                ax.fill(*delta_update(corners + torch.tensor([-3.5, -2.5]), torch.tensor([[1., 0.]]), torch.zeros(1, 1), beta).T, color=beta_color(beta), lw=0)
        ax.plot([0, 0], [-3.3, 3.3], color=beta_color(1), lw=2)
        ax.set(xlim=(-3.8, 3.8), ylim=(-3.8, 3.8), aspect='equal'); ax.axis('off')
        save(fig, path, 32, size=(64, 64), alpha=True)


def save(fig, path, colors, size=None, alpha=False):
    "Write a small PNG with a palette."
    if alpha: fig.patch.set_alpha(0)
    fig.canvas.draw()
    img = Image.fromarray(np.asarray(fig.canvas.buffer_rgba())).convert('RGBA' if alpha else 'RGB')
    if size: img = img.resize(size, Image.LANCZOS)
    (img if alpha else img.quantize(colors)).save(path, optimize=True)
    plt.close(fig)
    print(f'{path}: {img.size[0]} x {img.size[1]} pixels, {path.stat().st_size/1000:.1f} kB')


if __name__ == '__main__':
    out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent/'nbs/images')
    card(out/'card.png')
    favicon(out/'favicon.png')
