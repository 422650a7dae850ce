#!/usr/bin/env python3
"""Train the grids of the experiments in order of value until the time is up, and audit what is finished. Run again, it goes on.

    python tools/stages.py --seconds 1500 --jobs 16 --out back         # on a machine with four GPUs; one small model does not fill one
    python tools/stages.py tiny:additive,ddl-cc-ec:0 --set steps=4 --results scratch --runs scratch/runs       # a trial on a CPU

A stage is grid:variants:seeds, of a file in results/grids. What is done is known from the tables in --results, so only those need to
be kept between calls; with the folder --runs a training that was cut off goes on where it stopped. --out receives tables and records.
Each of --jobs processes has one of the GPUs and takes the next training as soon as it is free.
Seconds of trainings that run beside each other are no measure of anything, and the record says `shared`; --pace times the variants of a
grid when nothing else runs.
"""
import argparse
import math
import multiprocessing
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import torch

from deep_delta_learning.audit import audit_run
from deep_delta_learning.files import write_atomic
from deep_delta_learning.grid import load_grid, run_grid
from deep_delta_learning.overhead import grid_pace
from deep_delta_learning.paired import trainings
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
    "The grid of a stage: some variants of a file, on some of its seeds or on all."
    name, variants, seeds = stage.split(':')
    if seeds: changes = {**changes, 'seeds': seeds}
    own = {k.removeprefix(f'{name}.'): x for k, x in changes.items() if '.' not in k or k.startswith(f'{name}.')}
    return load_grid(Path('results/grids', f'{name}.yaml'), variants=variants, **own)


def tasks(stages, changes, results, runs):
    "The trainings of the stages, one by one in order of value, that are not in the tables in `results` from the first to the last step, or not audited."
    found = {}
    for stage in stages:
        grid, every = grid_of(stage, changes), grid_of(f'{":".join(stage.split(":")[:2])}:', changes).seeds
        if wrong := set(grid.seeds) - set(every): sys.exit(f'seeds of {stage} must be among those of the grid, {every}, got {sorted(wrong)}')
        found.update({f'{grid.name}:{c.variant}:{c.seed}': c.settings.steps for c in grid.cells})
    names = {t.split(':')[0] for t in found}
    ended = {(n, *k): rs[-1] for n in names for k, rs in trainings(table_of(Path(results, f'{n}.csv'))).items()}
    audited = {(n, r['variant'], r['seed']) for n in names for r in table_of(Path(results, f'{n}-audit.csv'))}
    def finished(task, steps):
        n, variant, seed = task.split(':')
        key = n, variant, int(seed)
        last = ended.get(key)
        if last is None or not math.isfinite(last['train_loss']): return last is not None                  # a diverged model is not audited
        return last['step'] == steps and (key in audited or not any(folder_of(task, runs).glob('*/model.safetensors')))
    return [t for t, steps in found.items() if not finished(t, steps)]


def table_of(path): return read_csv(path) if path.exists() else []


def folder_of(task, runs): return Path(runs, task.replace(':', '-'))


def train(a, todo, taken):
    "Take the next training until none is left, or this process is told to stop; audit each when it is finished."
    stopped, failed, changes, start = [], 0, dict(s.split('=', 1) for s in a.set), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))            # a training has its own handler while it runs
    signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
    while not stopped:
        with taken.get_lock(): i, taken.value = taken.value, taken.value + 1
        if i >= len(todo): break
        name, variant, seed = todo[i].split(':')
        grid = grid_of(f'{name}:{variant}:', changes)                      # of all its seeds, of which this is one share
        folder = folder_of(todo[i], a.runs)
        try:
            run = run_grid(grid, folder, a.results, progress=False, part=(grid.seeds.index(int(seed)), len(grid.seeds)), beside=a.jobs > 1)
            if run.stopped: break
            if any(r['status'] == 'done' and (folder/r['model']/'model.safetensors').exists() for r in run.summary):
                audit_run(folder, a.results, device=grid.cells[0].settings.device, progress=False, corpus=grid.corpus)
            print(f'{time.monotonic() - start:.0f} s: {todo[i]} is done', flush=True)
        except KeyboardInterrupt: break                                    # before the first row
        except Exception:                                                  # the others are worth training all the same
            failed += 1
            traceback.print_exc()
    sys.exit(min(failed, 1))


def copy_tables(results, names, out):
    "Copy the tables of some grids."
    Path(out).mkdir(parents=True, exist_ok=True)
    for name in names:
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
    p.add_argument('--pace', action='store_true', help='train nothing, time the variants of the stages')
    a = p.parse_args()
    if a.pace:
        for stage in a.stages:
            grid = grid_of(stage, dict(s.split('=', 1) for s in a.set))
            path, rows = Path(a.results, f'{grid.name}-pace.csv'), grid_pace(grid, progress=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            new = {r['variant'] for r in rows}
            write_csv(path, [*(r for r in table_of(path) if r['variant'] not in new), *rows])
            if a.out: copy_tables(a.results, [grid.name], a.out)
        return
    train_beside(a)


def train_beside(a):
    "Train in --jobs processes until all is done or the time is up, and copy what is finished soon, whatever comes."
    gpus = os.environ.get('CUDA_VISIBLE_DEVICES', ','.join(map(str, range(torch.cuda.device_count())))).split(',')
    changes, spawn = dict(s.split('=', 1) for s in a.set), multiprocessing.get_context('spawn')
    todo, names = tasks(a.stages, changes, a.results, a.runs), {stage.split(':')[0] for stage in a.stages}
    taken, end, stopped, others = spawn.Value('i', 0), time.monotonic() + a.seconds, [], []
    for s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, lambda *_: stopped.append(1))
    for i in range(a.jobs):
        os.environ['CUDA_VISIBLE_DEVICES'] = gpus[i % len(gpus)]           # what this process is born with
        others.append(spawn.Process(target=train, args=(a, todo, taken)))
        others[-1].start()
    told, again = False, 0
    while any(o.is_alive() for o in others):
        if not told and (stopped or time.monotonic() > end):
            for o in others: o.terminate()                                 # a training saves a checkpoint
            told = True
        if a.out and time.monotonic() > again:
            copy_tables(a.results, names, a.out)
            again = time.monotonic() + 5
        time.sleep(0.5)
    if a.out: copy_tables(a.results, names, a.out)
    print(f'{len(todo) - len(tasks(a.stages, changes, a.results, a.runs))} of {len(todo)} trainings are done' + ('' if not told else '; run again to go on'))
    sys.exit(int(any(o.exitcode for o in others)))


if __name__ == '__main__': main()
