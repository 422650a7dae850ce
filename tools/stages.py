#!/usr/bin/env python3
"""Train the grids of the experiments in order of value until the time is up, and audit what is finished. Run again, it goes on.

    python tools/stages.py --seconds 1500 --jobs 5 --out back          # on a machine with a GPU that one small model does not fill
    python tools/stages.py tiny:additive,ddl-cc-ec:0 --set steps=4 --results scratch --runs scratch/runs       # a trial on a CPU

A stage is grid:variants:seeds, of a file in results/grids. What is done is known from the tables in --results, so only those need to
be kept between calls; with the folder --runs and as many --jobs a training that was cut off goes on where it stopped. --out receives tables and records.
Seconds of trainings that run beside each other are no measure of anything; --pace times the variants of a grid when nothing else runs.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from deep_delta_learning.audit import audit_run
from deep_delta_learning.files import write_atomic
from deep_delta_learning.grid import load_grid, run_grid
from deep_delta_learning.overhead import grid_pace
from deep_delta_learning.report import read_csv, write_csv

CORE = 'additive,ddl-cc-ec,write-only,additive-expanded'
CHOICES = 'untied,hyper,value-linear,compress-published,gate-1.9,v-map,gate-0.5'
STAGES = [f'shakespeare:{CORE}:0,1,2,3,4',                       # is erasing what helps, or the wider state?
          f'code:{CORE}:0,1,2,3,4',                              # the same on code, read about once, larger
          'shakespeare:ddl-scalar,gate-0.02,write-0.02:0,1,2,3,4',             # without the wider state; gates that begin near zero
          'shakespeare:additive-wide,additive-long:0,1,2,3,4',   # parameters and time given back
          f'shakespeare:{CHOICES}:0,1,2,3,4',                    # the design choices
          'code:additive-wide,additive-long,ddl-scalar:0,1,2,3,4',
          'small:additive,ddl-cc-ec,write-only,ddl-scalar:0',
          f'code:{CHOICES},gate-0.02,write-0.02:0,1,2,3,4']


def grid_of(stage, changes):
    "The grid of a stage: some variants of a file, on some seeds."
    name, variants, seeds = stage.split(':')
    own = {k.removeprefix(f'{name}.'): x for k, x in changes.items() if '.' not in k or k.startswith(f'{name}.')}
    return load_grid(Path('results/grids', f'{name}.yaml'), variants=variants, seeds=seeds, **own)


def train(a, stopped):
    "Train this process's part of every stage, and audit it."
    start, (i, n) = time.monotonic(), map(int, a.part.split('/'))
    for stage in a.stages:
        if stopped: break                                                  # between two trainings
        grid = grid_of(stage, dict(s.split('=', 1) for s in a.set))
        print(f'{time.monotonic() - start:.0f} s: {stage}', flush=True)
        try: run = run_grid(grid, Path(a.runs, grid.name if n == 1 else f'{grid.name}-{i}'), a.results, part=(i, n))
        except KeyboardInterrupt: stopped.append(1); break                 # before the first row
        if any(r['status'] == 'done' and (run.folder/r['model']/'model.safetensors').exists() for r in run.summary):
            audit_run(run.folder, a.results, device=grid.cells[0].settings.device, progress=False, corpus=grid.corpus)
        if a.out: copy_tables(a.results, grid.name, a.out)
        if run.stopped: stopped.append(1)
    print(f'{time.monotonic() - start:.0f} s: ' + ('stopped; run again to go on' if stopped else 'all stages are done'))


def copy_tables(results, name, out):
    "Copy the tables of a grid."
    Path(out).mkdir(parents=True, exist_ok=True)
    for f in Path(results).glob(f'{name}[.-]*'): write_atomic(Path(out)/f.name, lambda tmp, f=f: shutil.copy(f, tmp))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('stages', nargs='*', default=STAGES, help='grid:variants:seeds; those in this file unless given')
    p.add_argument('--seconds', type=float, default=1500, help='stop training after this time; what is cut off leaves a checkpoint')
    p.add_argument('--set', action='append', default=[], metavar='[GRID.]FIELD=VALUE', help='for all variants, such as shakespeare.corpus=input.txt')
    p.add_argument('--results', default='results', help='folder of the tables')
    p.add_argument('--runs', default='runs', help='folder of models and checkpoints')
    p.add_argument('--out', help='folder to copy the tables and records to')
    p.add_argument('--jobs', type=int, default=1, help='so many processes train beside each other')
    p.add_argument('--part', default='0/1', help='I/N: the I-th of N shares of the trainings, beside other processes')
    p.add_argument('--pace', action='store_true', help='train nothing, time the variants of the stages')
    a = p.parse_args()
    if a.pace:
        for stage in a.stages:
            grid = grid_of(stage, dict(s.split('=', 1) for s in a.set))
            path, rows = Path(a.results, f'{grid.name}-pace.csv'), grid_pace(grid, progress=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            new = {r['variant'] for r in rows}
            write_csv(path, [*(r for r in (read_csv(path) if path.exists() else []) if r['variant'] not in new), *rows])
            if a.out: copy_tables(a.results, grid.name, a.out)
        return
    stopped, others = [], []
    def stop(*_):
        stopped.append(1)
        for o in others: o.send_signal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, stop)                                    # a training has its own handler while it runs
    if a.jobs > 1:
        signal.signal(signal.SIGINT, stop)                                 # the others get it from the terminal too, and save
        for i in range(a.jobs):
            if not stopped: others.append(subprocess.Popen([sys.executable, *sys.argv, '--jobs', '1', '--part', f'{i}/{a.jobs}', '--out', '']))
        names = {stage.split(':')[0] for stage in a.stages}
        while True:                                                        # what is finished is copied soon, whatever comes
            running = any(o.poll() is None for o in others)
            for name in names if a.out else (): copy_tables(a.results, name, a.out)
            if not running: sys.exit(int(any(o.returncode for o in others)))
            time.sleep(5)
    timer = threading.Timer(a.seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    train(a, stopped)


if __name__ == '__main__': main()
