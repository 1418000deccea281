#!/usr/bin/env python3
"""Writes mixed.safetensors with the reference implementation (pip install safetensors==0.8.0 numpy).

Values are such that a test can compute them: element i of a tensor is i * 0.5 - 1 in floating
dtypes, i * 3 - 4 in signed integers, i in uint8 and i % 3 == 0 in bool. bfloat16, which numpy does
not have, goes through the byte-level entry of the package.
"""
import os
import struct

import numpy as np
from safetensors import TensorSpec, serialize_file


buffers = []  # keeps the bytes alive that the specs point to


def describe(dtype, shape, data):
    buffers.append(np.frombuffer(data or b"\0", dtype="u1"))
    return TensorSpec(dtype=dtype, shape=shape, data_ptr=buffers[-1].ctypes.data,
                      data_len=len(data))


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    i6 = np.arange(6)
    half = i6 * 0.5 - 1
    bfloat = b"".join(struct.pack("<f", v)[2:] for v in half)
    tensors = {
        "a.float32": describe("float32", [2, 3], half.astype("<f4").tobytes()),
        "b.float64": describe("float64", [6], half.astype("<f8").tobytes()),
        "c.bfloat16": describe("bfloat16", [3, 2], bfloat),
        "d.float16": describe("float16", [6], half.astype("<f2").tobytes()),
        "e.int64": describe("int64", [1, 6], (i6 * 3 - 4).astype("<i8").tobytes()),
        "f.int32": describe("int32", [6], (i6 * 3 - 4).astype("<i4").tobytes()),
        "g.uint8": describe("uint8", [6], i6.astype("u1").tobytes()),
        "h.bool": describe("bool", [6], (i6 % 3 == 0).astype("u1").tobytes()),
        "i.scalar": describe("float32", [], struct.pack("<f", 2.5)),
        "j.empty": describe("float32", [0, 4], b""),
        "k.näme": describe("uint8", [1], b"\x07"),
    }
    path = os.path.join(folder, "mixed.safetensors")
    serialize_file(tensors, path, {"note": 'a "quoted" one'})


if __name__ == "__main__":
    main()
