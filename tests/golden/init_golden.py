#!/usr/bin/env python3
"""Initialisers of matrices by PyTorch, float64, its scalar kernels.

usage: ATEN_CPU_CAPABILITY=default python3 init_golden.py > init.tsv

Columns: call, seed, shape, the values. orthogonal is by LAPACK and compared within rounding. init.tsv
here was made with torch 2.15.0, whose draws for these calls are those of 1.13.
"""
import torch
from torch.nn import init

CALLS = {
    "orthogonal": lambda t: init.orthogonal_(t, gain=1.5),
    "sparse": lambda t: init.sparse_(t, sparsity=0.3, std=0.5),
}
torch.set_num_threads(1)
print("# torch %s" % torch.__version__.split("+")[0])
for name, shapes in (("orthogonal", ((3, 4), (5, 2), (2, 2, 3), (6, 5), (1, 3))),
                     ("sparse", ((4, 3), (7, 5), (3, 1)))):
    for shape in shapes:
        for seed in (0, 1337):
            torch.manual_seed(seed)
            t = CALLS[name](torch.empty(shape, dtype=torch.float64))
            print(name, seed, "x".join(map(str, shape)),
                  " ".join("%.17g" % v for v in t.reshape(-1).tolist()), sep="\t")
