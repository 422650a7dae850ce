"Deep Delta Learning: the gated rank-1 residual, derived, verified, and trained."
import warnings as _warnings
from configparser import ConfigParser as _ConfigParser
from importlib.metadata import PackageNotFoundError as _NotFound
from importlib.metadata import version as _installed
from pathlib import Path as _Path


def _version():
    "The version of the installed package, or of the checkout when the package is used from its folder without installing."
    ini = _Path(__file__).resolve().parent.parent/'settings.ini'
    if ini.exists():
        cfg = _ConfigParser(delimiters=['='])
        cfg.read(ini, encoding='utf-8')
        return cfg['DEFAULT'].get('version', '0+unknown')
    try: return _installed('deep_delta_learning')
    except _NotFound: return '0+unknown'


__version__ = _version()

# fastai imports torchvision, which still compiles parts of itself with torch.jit.script; nothing here uses it and a user can do nothing about it
_warnings.filterwarnings('ignore', message=r'`torch\.jit\.script', category=FutureWarning)
_warnings.filterwarnings('ignore', message=r'`torch\.jit\.script', category=DeprecationWarning)
