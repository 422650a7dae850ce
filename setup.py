"Fill the fields that pyproject.toml declares `dynamic` from settings.ini."
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

cfg = ConfigParser(delimiters=['='])
cfg.read(Path(__file__).with_name('settings.ini'), encoding='utf-8')
meta = cfg['DEFAULT']


def lines(key): return [o.strip() for o in meta.get(key, '').splitlines() if o.strip()]


setup(
    version=meta['version'],
    install_requires=lines('requirements'),
    extras_require={k.removesuffix('_requirements'): lines(k) for k in meta if k.endswith('_requirements')},
    entry_points={k: lines(k) for k in ('console_scripts', 'nbdev')},
)
