#!/usr/bin/env python3
"""products.py LIBRARY [--rounds N] [--shapes M,K,N ...]: GFLOP/s of linear layers without bias in Ore
(LIBRARY, a build's libore.so) and in PyTorch, in float32 and in bfloat16, on one thread. In a round
the four take turns, for 50 ms each, on the same numbers; processor time counts, so that other
programs matter little. Prints a row of a Markdown table for each shape: medians over the rounds."""
import argparse
import ctypes as C
import statistics
import time

import torch

SHAPES = ["512,512,512", "1024,1024,1024", "768,384,384", "768,384,1536", "768,1536,384",
          "2048,768,2304", "2048,3072,768", "1,768,768"]
SLICE_S = 0.05
FLOAT32, BFLOAT16 = 0, 2  # ore_dtype


class Shape(C.Structure):
    _fields_ = [("ndim", C.c_int), ("dim", C.c_int64 * 8)]


def open_library(path):
    lib = C.CDLL(path)
    lib.ore_from_data.argtypes = [C.c_void_p, Shape, C.c_int]
    lib.ore_to.argtypes = [C.c_void_p, C.c_int]
    lib.ore_f_linear.argtypes = [C.c_void_p, C.c_void_p, C.c_void_p]
    for name in ("ore_from_data", "ore_to", "ore_f_linear", "ore_cpu_level"):
        getattr(lib, name).restype = C.c_void_p
    lib.ore_cpu_level.restype = C.c_char_p
    lib.ore_set_num_threads(1)
    lib.ore_no_grad_begin()
    return lib


def ore_linear(lib, x, weight, dtype):
    """A call of Ore's linear on the numbers of two tensors of PyTorch."""
    own = [lib.ore_to(lib.ore_from_data(t.data_ptr(), Shape(2, (C.c_int64 * 8)(*t.shape)), FLOAT32),
                      dtype) for t in (x, weight)]

    def call():
        lib.ore_scope_begin()
        if not lib.ore_f_linear(*own, None):
            raise SystemExit("products.py: linear failed")
        lib.ore_scope_end()
    return call


def seconds_of(call):
    began, calls = time.process_time(), 0
    while time.process_time() - began < SLICE_S:
        call()
        calls += 1
    return (time.process_time() - began) / calls


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--shapes", nargs="+", default=SHAPES, metavar="M,K,N")
    a = parser.parse_args()
    torch.set_num_threads(1)
    lib = open_library(a.library)
    print(f"Ore's {lib.ore_cpu_level().decode()} kernels, PyTorch {torch.__version__}\n")
    print("| x, weight | Ore float32 | bfloat16 | PyTorch float32 | bfloat16 |\n|---|---|---|---|---|")
    for m, k, n in (map(int, shape.split(",")) for shape in a.shapes):
        x, w = torch.randn(m, k), torch.randn(n, k)
        half_x, half_w = x.bfloat16(), w.bfloat16()
        lib.ore_scope_begin()
        calls = [ore_linear(lib, x, w, FLOAT32), ore_linear(lib, x, w, BFLOAT16),
                 lambda: torch.nn.functional.linear(x, w),
                 lambda: torch.nn.functional.linear(half_x, half_w)]
        with torch.no_grad():
            for call in calls:
                call()
            times = [[seconds_of(call) for call in calls] for _ in range(a.rounds)]
        lib.ore_scope_end()
        rates = [2e-9 * m * k * n / statistics.median(side) for side in zip(*times)]
        print(f"| ({m}, {k}) ({n}, {k}) | " + " | ".join(f"{r:.0f}" for r in rates) + " |", flush=True)


if __name__ == "__main__":
    main()
