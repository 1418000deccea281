#!/usr/bin/env python3
"""torch_autocast.py: autocast in Ore and in PyTorch, call by call.

usage: python3 tests/torch_autocast.py [--lib build/libore.so] [--dtype bfloat16] [--rounds N]
                                       [--seed S] [--only NAME] [--verbose]

Runs the rows of torch_compare.py with each call, and none of its gradients, inside a region that casts
to bfloat16 or float16. Dtypes of results and gradients must be torch's; values may differ by what
halves do, since several operations may be behind one call, each of which rounds. Where torch cannot
be imported it says so and returns 77; the exit status is 1 if anything differs without a reason.
"""
import ctypes as C
import sys

import torch_compare
from torch_compare import Report, all_rows, common_options, print_report, run_rows
from torch_library import CODES, Ore
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
    parser = common_options("Compares autocast with PyTorch's.", 10)
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float16"])
    o = parser.parse_args()
    rows, report = all_rows(), Report()
    for row in rows:
        allow_differences(row)
    in_regions(getattr(torch, o.dtype))
    run_rows(rows, Ore(o.lib), o, report)
    print_report(report, o.verbose)
    bad = sum(len(cases) for cases in report.bad.values())
    print(f"{o.dtype}: {sum(report.count.values())} cases of {len(report.count)} functions, "
          f"{bad} mismatches")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
