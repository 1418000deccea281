#!/usr/bin/env python3
"""promote_golden.py > promote.tsv: torch.result_type of all pairs of Ore's dtypes, with one or both
operands 0-d. Columns: a, b, result for (1-d, 1-d), (0-d, 1-d), (1-d, 0-d)."""
import torch

TYPES = ["float32", "float64", "bfloat16", "float16", "int64", "int32", "uint8", "bool"]


def name(dtype):
    return str(dtype).replace("torch.", "")


for a in TYPES:
    for b in TYPES:
        x, y = (torch.ones(1, dtype=getattr(torch, t)) for t in (a, b))
        cases = ((x, y), (x[0], y), (x, y[0]))
        print("\t".join([a, b] + [name(torch.result_type(p, q)) for p, q in cases]))
