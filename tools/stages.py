#!/usr/bin/env python3
"""Train the grids of the experiments in order of value until the time is up, and audit what is finished. Run again, it goes on.

    python tools/stages.py --seconds 1500 --out back          # on a machine with a GPU
    python tools/stages.py tiny:additive,ddl-cc-ec:0 --set steps=4 --results scratch --runs scratch/runs       # a trial on a CPU

A stage is grid:variants:seeds, of a file in results/grids. What is done is known from the tables in --results, so only those need to
be kept between calls; with the folder --runs a training that was cut off goes on where it stopped. --out receives tables and records.
"""
import argparse
import os
import shutil
import signal
import threading
import time
from pathlib import Path

from deep_delta_learning.audit import audit_run
from deep_delta_learning.grid import load_grid, run_grid

CORE = 'additive,ddl-cc-ec,write-only,additive-expanded'
CHOICES = 'untied,hyper,value-linear,compress-published,gate-1.9,v-map,gate-0.5'
STAGES = [f'shakespeare:{CORE}:0,1,2,3,4',                       # is erasing what helps, or the wider state?
          'shakespeare:gate-0.02,write-0.02:0,1,2,3,4',          # does that hold where gates begin near zero?
          f'code:{CORE}:0,1,2',                                  # the same on real text, larger
          'shakespeare:additive-wide,additive-long,ddl-scalar:0,1,2,3,4',      # parameters and time given back
          f'shakespeare:{CHOICES}:0,1,2,3,4',                    # the design choices
          f'code:{CORE}:3,4',
          'code:additive-wide,additive-long,ddl-scalar:0,1,2,3,4',
          'small:additive,ddl-cc-ec,write-only,ddl-scalar:0',
          f'code:{CHOICES},gate-0.02,write-0.02:0,1,2,3,4']


def grid_of(stage, changes):
    "The grid of a stage: some variants of a file, on some seeds."
    name, variants, seeds = stage.split(':')
    own = {k.removeprefix(f'{name}.'): x for k, x in changes.items() if '.' not in k or k.startswith(f'{name}.')}
    return load_grid(Path('results/grids', f'{name}.yaml'), variants=variants, seeds=seeds, **own)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('stages', nargs='*', default=STAGES, help='grid:variants:seeds; those in this file unless given')
    p.add_argument('--seconds', type=float, default=1500, help='stop training after this time; what is cut off leaves a checkpoint')
    p.add_argument('--set', action='append', default=[], metavar='[GRID.]FIELD=VALUE', help='for all variants, such as shakespeare.corpus=input.txt')
    p.add_argument('--results', default='results', help='folder of the tables')
    p.add_argument('--runs', default='runs', help='folder of models and checkpoints')
    p.add_argument('--out', help='folder to copy the tables and records to')
    a = p.parse_args()
    start, stopped = time.monotonic(), []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))            # a training has its own handler while it runs
    timer = threading.Timer(a.seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()
    for stage in a.stages:
        if stopped: break                                                  # between two trainings
        grid = grid_of(stage, dict(s.split('=', 1) for s in a.set))
        print(f'{time.monotonic() - start:.0f} s: {stage}', flush=True)
        try: run = run_grid(grid, Path(a.runs)/grid.name, a.results)
        except KeyboardInterrupt: stopped.append(1); break                 # before the first row
        if any(r['status'] == 'done' and (run.folder/r['model']/'model.safetensors').exists() for r in run.summary):
            audit_run(run.folder, a.results, device=grid.cells[0].settings.device, progress=False, corpus=grid.corpus)
        if a.out:
            Path(a.out).mkdir(parents=True, exist_ok=True)
            for f in Path(a.results).glob(f'{grid.name}*.*'): shutil.copy(f, a.out)
        if run.stopped: stopped.append(1)
    print(f'{time.monotonic() - start:.0f} s: ' + ('stopped; run again to go on' if stopped else 'all stages are done'))


if __name__ == '__main__': main()
