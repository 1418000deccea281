#!/usr/bin/env python3
"""Reads a file that Ore wrote with the reference implementation and checks every value.

The same tensors as in safetensors_golden.py are expected. Exit status: 0 all as expected, 1 not,
77 where the package is not installed.
"""
import struct
import sys

try:
    import numpy as np
    from safetensors import safe_open
    from safetensors import deserialize
except ImportError:
    sys.exit(77)

STEPS = np.arange(6)
HALF = STEPS * 0.5 - 1
EXPECTED = {
    "a.float32": ("F32", [2, 3], HALF.astype("<f4").tobytes()),
    "b.float64": ("F64", [6], HALF.astype("<f8").tobytes()),
    "c.bfloat16": ("BF16", [3, 2], b"".join(struct.pack("<f", v)[2:] for v in HALF)),
    "d.float16": ("F16", [6], HALF.astype("<f2").tobytes()),
    "e.int64": ("I64", [1, 6], (STEPS * 3 - 4).astype("<i8").tobytes()),
    "f.int32": ("I32", [6], (STEPS * 3 - 4).astype("<i4").tobytes()),
    "g.uint8": ("U8", [6], STEPS.astype("u1").tobytes()),
    "h.bool": ("BOOL", [6], (STEPS % 3 == 0).astype("u1").tobytes()),
    "i.scalar": ("F32", [], struct.pack("<f", 2.5)),
    "j.empty": ("F32", [0, 4], b""),
    "k.näme": ("U8", [1], b"\x07"),
}


def main(path):
    with open(path, "rb") as file:
        found = dict(deserialize(file.read()))
    assert sorted(found) == sorted(EXPECTED), sorted(found)
    for name, (dtype, shape, data) in EXPECTED.items():
        tensor = found[name]
        came = (tensor["dtype"], list(tensor["shape"]), bytes(tensor["data"]))
        assert came == (dtype, shape, data), (name, came)
    with safe_open(path, framework="np") as file:
        assert file.metadata() == {"note": 'a "quoted" one'}, file.metadata()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except AssertionError as error:
        print(error)
        sys.exit(1)
