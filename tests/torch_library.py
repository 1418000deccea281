"""torch_library.py: the library as Python sees it, for programs that compare it with PyTorch: calls by
ctypes, shapes, dims and tensors to and from torch.

Where torch cannot be imported, the program that asks for this says so and exits with 77."""
import ctypes as C
import sys
from pathlib import Path

try:
    import torch
except ImportError:
    print(f"[  SKIPPED ] {Path(sys.argv[0]).stem}: no Python with torch (ORE_PYTHON names another one)")
    sys.exit(77)

MAX_DIMS = 8
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16,
          "float16": torch.float16, "int64": torch.int64, "int32": torch.int32,
          "uint8": torch.uint8, "bool": torch.bool}
CODES = {t: i for i, t in enumerate(DTYPES.values())}
TYPES = list(DTYPES.values())


class Shape(C.Structure):
    _fields_ = [("ndim", C.c_int), ("dim", C.c_int64 * MAX_DIMS)]


class Dims(C.Structure):
    _fields_ = [("n", C.c_int), ("dim", C.c_int * MAX_DIMS)]


class CrossEntropyOptions(C.Structure):
    _fields_ = [("reduction", C.c_int), ("ignore_index", C.c_int64), ("smoothing", C.c_double),
                ("weight", C.c_void_p)]


class AttentionOptions(C.Structure):
    _fields_ = [("causal", C.c_bool), ("scale", C.c_double), ("dropout", C.c_double),
                ("generator", C.c_void_p), ("mask", C.c_void_p), ("lengths", C.c_void_p),
                ("starts", C.c_void_p), ("documents", C.c_void_p), ("window", C.c_int64),
                ("slopes", C.c_void_p), ("soft_cap", C.c_double)]


def shape_of(sizes):
    return Shape(len(sizes), (C.c_int64 * MAX_DIMS)(*sizes))


def dims_of(dims):
    return Dims(len(dims), (C.c_int * MAX_DIMS)(*dims))


class OreError(Exception):
    pass


class Ore:
    """The library: calls by name, with Python values turned into C ones by their kind."""

    def __init__(self, path):
        self.lib, self.called = C.CDLL(str(path)), set()
        for name in ("ore_error_message", "ore_cpu_level"):
            getattr(self.lib, name).restype = C.c_char_p

    def value(self, v):
        if isinstance(v, bool):
            return C.c_bool(v)
        if isinstance(v, int):
            return C.c_int64(v)
        if isinstance(v, float):
            return C.c_double(v)
        if isinstance(v, torch.dtype):
            return C.c_int(CODES[v])
        return v

    def fail(self):
        message = self.lib.ore_error_message().decode()
        self.lib.ore_error_clear()
        raise OreError(message)

    def call(self, name, *args, restype=C.c_void_p):
        self.called.add(name)
        function = getattr(self.lib, "ore_" + name)
        function.restype = restype
        result = function(*[self.value(a) for a in args])
        return result

    def tensor(self, name, *args):
        """A call that returns a tensor."""
        result = self.call(name, *args)
        if not result or not self.call("ok", restype=C.c_bool):
            if self.call("ok", restype=C.c_bool):
                raise OreError("NULL without an error")
            self.fail()
        return C.c_void_p(result)

    def status(self, name, *args):
        if self.call(name, *args, restype=C.c_int) != 0:
            self.fail()

    def from_torch(self, t):
        t = t.detach().contiguous()
        return self.tensor("from_data", C.c_void_p(t.data_ptr()), shape_of(t.shape), t.dtype)

    def shape(self, t):
        s = self.call("shape_of", t, restype=Shape)
        return tuple(s.dim[:s.ndim])

    def strides(self, t):
        return tuple(self.call("stride", t, C.c_int(d), restype=C.c_int64)
                     for d in range(self.call("ndim", t, restype=C.c_int)))

    def dtype(self, t):
        return TYPES[self.call("tensor_dtype", t, restype=C.c_int)]

    def to_torch(self, t):
        out = torch.empty(self.shape(t), dtype=self.dtype(t))
        bytes_ = out.numel() * out.element_size()
        self.status("copy_out", t, C.c_void_p(out.data_ptr()), C.c_size_t(bytes_))
        return out
