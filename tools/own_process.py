#!/usr/bin/env python3
"""Test the cells of a notebook that are flagged `#| interpret`, in a process of their own.

    python tools/own_process.py nbs/library/43_kernels_ops.ipynb [--save]

Without a GPU, Triton kernels run in Triton's interpreter, which must be asked for before Triton is imported. nbdev-test runs many
notebooks in one process, where another one may have imported it. So notebooks with kernels flag the cells that launch them, and
call this at their end. --save stores the outputs, as that of nbdev-test does.
"""
import os
import subprocess
import sys
from pathlib import Path

HERE = 'DDL_OWN_PROCESS'  # set in the process that runs the cells, so that the call at the notebook's end does nothing there


def main(path, *flags):
    if os.environ.get(HERE): return 0
    import torch
    env = {**os.environ, HERE: '1', 'DDL_KERNELS': '1', **({} if torch.cuda.is_available() else {'TRITON_INTERPRET': '1'})}
    run = subprocess.run([Path(sys.executable).with_name('nbdev-test'), path, '--flags', 'interpret', *flags], env=env, capture_output=True, text=True)
    ok = run.returncode == 0 and 'Success.' in run.stdout
    if not ok: print(run.stdout + run.stderr, file=sys.stderr)
    return int(not ok)


if __name__ == '__main__': sys.exit(main(*sys.argv[1:]) if sys.argv[1:] else __doc__)
