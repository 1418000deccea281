#!/usr/bin/env python3
"""torch_autocast.py: autocast in Ore and in PyTorch, call by call.

usage: python3 tests/torch_autocast.py [--lib build/libore.so] [--dtype bfloat16] [--rounds N]
                                       [--seed S] [--only NAME] [--verbose]

Runs the rows of torch_compare.py with each call, and none of its gradients, inside a region that casts
to bfloat16 or float16. Dtypes of results and gradients must be torch's; values may differ by what
halves do, since several operations may be behind one call, each of which rounds. Where torch cannot
be imported it says so and returns 77; the exit status is 1 if anything differs without a reason.
"""
import argparse
import ctypes as C
import importlib
import sys
from pathlib import Path

import torch_compare
from torch_compare import CODES, Draw, Ore, Report, print_report, run_case
import torch

# Relative to the largest value of a result: roundings of a few operations behind one another.
TOLERANCE = {torch.bfloat16: 4e-2, torch.float16: 6e-3}
# Rows whose results torch may have in another dtype, or not at all.
RECURRENT = "torch composes a GRU, and packed layers, of operations whose sums with the state are float32"
COMPOSED = "the row composes it in torch of operations that promote elsewhere"
OTHER_HALF = "torch cannot promote beside the half type that is not the region's"
DIFFERS = {"f_recurrent": RECURRENT, "recurrent_": RECURRENT, "hierarchical_attention": RECURRENT,
           "attention_weights": COMPOSED, "additive_attention": COMPOSED,
           "luong_attention": COMPOSED, "attend_weights": COMPOSED, "stack": OTHER_HALF,
           "cat": OTHER_HALF, "roll": OTHER_HALF}
# How torch says that it cannot compute something at all.
UNABLE = ("Unexpected floating ScalarType", "could not create a primitive descriptor")



def in_regions(dtype):
    """Lets torch_compare make its calls inside regions."""
    run_torch, run_ore = torch_compare.run_torch, torch_compare.run_ore

    def torch_inside(row, args):
        with torch.autocast("cpu", dtype):
            return run_torch(row, args)

    def ore_inside(row, lib, args):
        lib.call("autocast_begin", C.c_int(CODES[dtype]), restype=C.c_int)
        try:
            return run_ore(row, lib, args)
        finally:
            lib.call("autocast_end", restype=C.c_int)

    torch_compare.run_torch, torch_compare.run_ore = torch_inside, ore_inside
    for other in (torch.float32, torch.bfloat16, torch.float16):
        torch_compare.TOLERANCE[other] = TOLERANCE[dtype]


def allow_differences(row):
    """Lets a row of DIFFERS have another dtype."""
    reason = next((r for name, r in DIFFERS.items() if row.name.startswith(name)), None)
    own = row.differs
    if reason:
        row.differs = lambda what: (own and own(what)) or (
            reason if what.startswith("dtype") or any(u in what for u in UNABLE) else None)


def main():
    from torch_compare_table import ROWS
    here = Path(__file__).resolve().parent
    for part in sorted(here.glob("torch_compare_*.py")):  # each adds its rows
        importlib.import_module(part.stem)
    parser = argparse.ArgumentParser(description="Compares autocast with PyTorch's.")
    parser.add_argument("--lib", default=here.parent / "build" / "libore.so")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float16"])
    parser.add_argument("--rounds", type=int, default=10, help="cases for each function")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="a function's name")
    parser.add_argument("--verbose", action="store_true")
    o = parser.parse_args()
    torch.set_num_threads(1)
    lib, report = Ore(o.lib), Report()
    in_regions(getattr(torch, o.dtype))
    for row in ROWS:
        allow_differences(row)
        for i in range(o.rounds if not o.only or row.name == o.only else 0):
            run_case(row, lib, Draw(o.seed * 1000003 + i * 7919 + sum(map(ord, row.name))), report)
    print_report(report, o.verbose)
    bad = sum(len(cases) for cases in report.bad.values())
    print(f"{o.dtype}: {sum(report.count.values())} cases of {len(report.count)} functions, "
          f"{bad} mismatches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
