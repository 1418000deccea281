#!/usr/bin/env python3
"""fuzz_calls.py ROOT LIBRARY [--rounds N] [--seed S] [--only NAME]: calls every function of
HEADERS with arguments drawn by the types and names of its prototype, many of which no program
should pass: NULL, 0-d, empty and huge shapes, dims out of range, INT64_MIN, every dtype, NaN and
infinite options, values that are no member of their enum, labels out of range.

Whatever comes, a call returns a tensor that can be read and gone backward through, or its failing
value with an error pending whose message is one line that begins with the call's name. A NULL in
place of a tensor that is needed, a shape or list of dims of an impossible length, and a value
outside its enum must be refused; so must a second backward. The calls run in a child, so that the
one that crashed can be named."""
import argparse
import ctypes as C
import math
import mmap
import os
import random
import re
import resource
import sys
from pathlib import Path

HEADERS = ("ops.h", "loss.h", "view.h", "conv.h", "tensor.h", "shape.h", "generator.h", "random.h",
           "gradcheck.h", "init.h")
I64 = C.c_int64
MAX_DIMS = 8
MAX_BYTES = 4 << 30  # what is huge is refused, not filled; the address sanitizer has its own bound


class Shape(C.Structure):
    _fields_ = [("ndim", C.c_int), ("dim", I64 * MAX_DIMS)]


class Dims(C.Structure):
    _fields_ = [("n", C.c_int), ("dim", C.c_int * MAX_DIMS)]


class Pair(C.Structure):
    _fields_ = [("h", I64), ("w", I64)]


ENUMS = {"ore_dtype": 8, "ore_device": 1, "ore_reduction": 4, "ore_pad_mode": 4,
         "ore_fan_mode": 2, "ore_nonlinearity": 7, "ore_padding_kind": 4}  # how many members, CUDA being absent
BASIC = {"int": C.c_int, "int64_t": I64, "double": C.c_double, "bool": C.c_bool,
         "uint64_t": C.c_uint64, "unsigned": C.c_uint, "ore_shape": Shape, "ore_dims": Dims,
         "ore_pair": Pair,
         **{name: C.c_int for name in ENUMS}}
RESULTS = {**BASIC, "ore_tensor *": C.c_void_p, "ore_status": C.c_int, "void": None,
           "const void *": C.c_void_p, "void *": C.c_void_p, "ore_generator *": C.c_void_p}
# What takes memory of a size that only the caller knows, or owns what it is given.
APART = {"ore_free", "ore_keep", "ore_own", "ore_scope_begin", "ore_scope_end", "ore_string_free",
         "ore_no_grad_begin", "ore_no_grad_end", "ore_from_data", "ore_copy_in", "ore_copy_out",
         "ore_generator_free", "ore_generator_new", "ore_generator_seed",
         "ore_generator_set_variant",
         "ore_generator_get_state", "ore_generator_set_state", "ore_set_grad_hook",
         "ore_gradcheck", "ore_shape_text", "ore_tensor_text"}
MAY_BE_NULL = {"bias", "weight", "weights", "pos_weight", "running_mean", "running_var", "gradient",
               "g", "indices", "inverse", "counts", "options"}
INDICES = {"index", "indices", "target", "repeats"}
# What tells the C functions of one torch function apart; a message may leave it out.
OVERLOADS = re.compile("_(scalar(?=_?$)|all$|value$|each$|sizes$|from$|packed$|plain$|add$|activated$)")
INTS = [0, 1, 2, 3, 4, -1, -2, -3, 5, 8, 9, 100, -2**31, 2**31 - 1]
LONGS = [0, 1, 2, 3, -1, -2, 5, 100, -100, 2**31, -2**31, 2**33, 2**62, -2**63, 2**63 - 1]
DOUBLES = [0.0, 1.0, -1.0, 0.5, 2.0, math.nan, math.inf, -math.inf, 1e308, -1e308, 1e-320, 1e19]
SHAPES = [(), (1,), (0,), (3,), (6,), (2, 3), (3, 2), (0, 3), (3, 0), (1, 3), (2, 1), (3, 3),
          (2, 3, 4), (2, 0, 3), (1, 1, 1), (2, 3, 4, 5), (2, 1, 3, 1), (2,) * 8, (0, 2**58),
          (3, 2**53, 0), (2**29, 0, 2**29)]
TEXTS = [None, b"", b"ij", b"xy", b"ij,jk->ik", b"ii", b"ij->ji", b"i,j->ij", b"ij,", b"->", b",",
         b"ij->k", b"ijk,kl", b"i j", b"...i", b"ii->i", b"i" * 200, b"\xff", b"iji->"]


def usual_inputs(root):
    """Shapes of the tensors that a valid call of a builder has, in order: those of its case
    (cases/*.def) with the most inputs whose result names in[0], in[1] .. in that order, or only
    passes them on."""
    usual = {}
    for path in sorted((root / "cases").glob("*.def")):
        text = path.read_text(encoding="utf-8")
        for builder, inputs, result in re.findall(
                r'^(?:CASE|VALUES)\(\w+, (ore_\w+), [^"]*"([^"]*)",\s*(.*?)\)$', text, re.M | re.S):
            named = list(dict.fromkeys(int(i) for i in re.findall(r"\bin\[(\d)\]", result)))
            if named in ([], list(range(len(inputs.split())))) and "*" not in inputs:
                usual[builder] = max(usual.get(builder, ""), inputs, key=lambda t: len(t.split()))
    return usual


def prototypes(root):
    """(result, name, parameters) of each function, and the fields of each struct of options."""
    functions, structs = [], {}
    for header in HEADERS:
        text = (root / "include" / "ore" / header).read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        for name, body in re.findall(r"typedef struct (\w+_options) \{(.*?)\} \1;", text, re.S):
            structs[name] = fields_of(body)
        for result, name, parameters in re.findall(
                r"ORE_API\s+([^;{]*?)\b(ore_\w+)\s*\(([^;]*?)\)\s*;", text, re.S):
            parameters = [re.match(r"(.*?)(\w+)$", " ".join(p.split())).groups()
                          for p in parameters.split(",") if p.strip() != "void"]
            functions.append((result.strip(), name, [(t.strip(), n) for t, n in parameters]))
    return functions, structs


def fields_of(body):
    fields = []
    for line in filter(None, (" ".join(l.split()) for l in body.split(";"))):
        kind, names = re.match(r"(\w+)\s+(.*)$", line).groups()
        for name in names.split(","):
            name = name.strip()
            fields.append((name.strip("*"), kind + " *" if "*" in name else kind))
    return fields


class Caller:
    """Draws the arguments of one call; `why` says why the call must be refused, if it must."""

    def __init__(self, lib, structs, usual, r):
        self.lib, self.structs, self.r = lib, structs, r
        self.said, self.kept, self.why, self.count, self.given = [], [], None, None, []
        self.usual = usual.split() if r.random() < 0.7 else []
        self.shape, self.dtype = r.choice(SHAPES), r.choice([0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7])
        self.hostile = r.choice([0.02, 0.1, 0.4])  # how often an argument is an odd one

    def odd(self):
        return self.r.random() < self.hostile

    def call(self, name, *args):
        function = getattr(self.lib, name)
        function.restype = C.c_void_p
        return function(*args)

    def refuse(self, why):
        self.why = self.why or why

    def values(self, dtype, n):
        r, odd = self.r, self.odd()
        if dtype in (0, 1):
            kind = C.c_float if dtype == 0 else C.c_double
            draw = (lambda: r.choice(DOUBLES[:10])) if odd else r.random
            if r.random() < 0.4 and not odd:
                draw = lambda: r.uniform(-3, 3)
        elif dtype in (2, 3):
            kind, draw = C.c_uint16, lambda: r.choice([0, 0x3f80, 0x3c00, 0x7fc0, 0x7f80, 0xffff])
        elif dtype in (4, 5):
            kind = I64 if dtype == 4 else C.c_int32
            draw = (lambda: r.choice(LONGS)) if odd and dtype == 4 else lambda: r.randint(-odd, 2)
        else:
            kind, draw = C.c_uint8, lambda: r.randint(0, 1) if dtype == 7 else r.choice([0, 1, 255])
        return (kind * max(n, 1))(*[draw() for _ in range(n)])

    def tensor(self, name):
        r, shape, dtype = self.r, self.shape, self.dtype
        if self.usual:
            text = self.usual.pop(0)
            sizes, _, _ = text.lstrip("ib").partition(":")
            shape = tuple(int(n) for n in sizes.split(","))
            dtype = {"i": 4, "b": 7}.get(text[0], self.dtype if self.odd() else self.dtype % 2)
        elif name in INDICES and not self.odd():
            dtype = 4
        elif name in ("condition", "mask") and not self.odd():
            dtype = 7
        if self.odd():
            shape = r.choice(SHAPES)
        if self.odd():
            dtype = r.randrange(8)
        if self.r.random() < 0.15 * self.hostile:
            self.said.append(f"{name} NULL")
            if name not in MAY_BE_NULL:
                self.refuse(f"{name} is NULL")
            return None
        data = self.values(dtype, math.prod(shape))
        t = self.call("ore_from_data", C.cast(data, C.c_void_p), self.shape_of(shape),
                      C.c_int(dtype))
        self.said.append(f"{name} {shape} of dtype {dtype}: {list(data)[:8]}")
        return self.with_history(t, len(shape), dtype)

    def with_history(self, t, ndim, dtype):
        if ndim >= 2 and self.odd():
            t = self.call("ore_transpose", C.c_void_p(t), 0, 1)
            self.said.append("transposed")
        if dtype < 2 and self.r.random() < 0.5 and self.lib.ore_is_leaf(C.c_void_p(t)):
            self.call("ore_set_requires_grad", C.c_void_p(t), C.c_bool(True))
            self.said.append("requires a gradient")
            if self.r.random() < 0.5:
                t = self.call("ore_mul_scalar", C.c_void_p(t), C.c_double(1))
                self.said.append("of an op")
        return t

    def shape_of(self, sizes):
        return Shape(len(sizes), (I64 * MAX_DIMS)(*sizes))

    def any_shape(self):
        shape = self.shape_of(self.r.choice(SHAPES))
        if self.odd():
            for d in range(MAX_DIMS):
                shape.dim[d] = self.r.choice(LONGS)
        if self.odd() and self.odd():
            shape.ndim = self.r.choice([-1, 9, 2**31 - 1, -2**31])
            self.refuse(f"a shape of {shape.ndim} dims")
        self.said.append((shape.ndim, list(shape.dim)))
        return shape

    def any_dims(self):
        dims = Dims(self.r.choice([0, 0, 1, 1, 2, 3, 8]), (C.c_int * MAX_DIMS)())
        for d in range(MAX_DIMS):
            dims.dim[d] = self.r.choice(INTS) if self.odd() else d - 2 * self.r.randint(0, 1)
        if self.odd() and self.odd():
            dims.n = self.r.choice([-1, 9, 2**31 - 1, -2**31])
            self.refuse(f"a list of {dims.n} dims")
        self.said.append((dims.n, list(dims.dim)))
        return dims

    def number(self, kind):
        r, odd = self.r, self.odd()
        if kind in ENUMS:
            value = r.choice([-1, ENUMS[kind], 100]) if odd else r.randrange(ENUMS[kind])
            if not 0 <= value < ENUMS[kind]:
                self.refuse(f"{kind} {value}")
        elif kind == "int":
            value = r.choice(INTS) if odd else r.randint(-2, 2)
        elif kind == "int64_t":
            value = r.choice(LONGS) if odd else r.randint(-1, 4)
        elif kind == "double":
            value = r.choice(DOUBLES) if odd else r.choice([0.0, 0.5, 1.0, 2.0, r.random()])
        elif kind == "bool":
            value = r.random() < 0.5
        elif kind == "ore_pair":
            value = Pair(self.number("int64_t"), self.number("int64_t"))
        else:
            value = r.getrandbits(64)
        return value

    def options(self, kind):
        fields = self.structs[kind]
        made = type(kind, (C.Structure,), {"_fields_": [
            (n, C.c_void_p if "*" in k else BASIC[k]) for n, k in fields]})()
        for name, field in fields:
            if field == "ore_tensor *":
                value = self.tensor("weight") if self.odd() else None
            elif field == "ore_generator *":
                value = None
            else:
                value = self.number(field)
                self.tell(name, value)
            setattr(made, name, value)
        self.kept.append(made)
        return C.byref(made)

    def array(self, name):
        self.count = self.r.choice([-1, 0, 9]) if self.odd() else self.r.randint(1, 3)
        tensors = (C.c_void_p * max(self.count, 1))()
        for i in range(self.count):
            tensors[i] = self.tensor(name)
        self.kept.append(tensors)
        return tensors

    def argument(self, kind, name):
        r = self.r
        if kind in ("ore_tensor *", "const ore_tensor *"):
            return C.c_void_p(self.tensor(name))
        if kind == "ore_tensor *const *":
            return self.array(name)
        if kind == "ore_tensor **":
            self.kept.append((C.c_void_p * 64)())
            return None if name in MAY_BE_NULL and r.random() < 0.5 else self.kept[-1]
        if kind == "const int64_t *":
            self.count = r.choice([-2, -1, 0, 3, 16]) if self.odd() else r.choice([1, 2, 4])
            numbers = [self.number("int64_t") for _ in range(16)]
            self.said.append(numbers)
            return (I64 * 16)(*numbers)
        if kind == "const char *":
            self.said.append(r.choice(TEXTS))
            return self.said[-1]
        if kind in ("ore_generator *", "const ore_generator *"):
            return None
        if kind.startswith("const ore_") and kind.endswith("_options *"):
            return self.options(kind[6:-2]) if r.random() < 0.8 else None
        if kind == "ore_tensor_function":
            function = None if self.odd() else r.choice(["ore_gelu", "ore_relu", "ore_silu"])
            self.said.append(function)
            return C.cast(getattr(self.lib, function), C.c_void_p) if function else None
        if kind == "ore_shape":
            return self.any_shape()
        if kind == "ore_dims":
            return self.any_dims()
        value = self.number(kind)
        if name == "n" and self.count is not None:
            value = self.count
        if name == "capacity":
            value = r.choice([0, 1, 3, 64, -1])
        self.tell(name, value)
        return value if kind == "ore_pair" else BASIC[kind](value)

    def tell(self, name, value):
        pair = isinstance(value, Pair)
        self.said.append(f"{name} {(value.h, value.w) if pair else value}")


class Checker:
    def __init__(self, lib, last):
        self.lib, self.last, self.faults, self.made, self.refused = lib, last, 0, 0, 0

    def note(self, text):
        self.last.seek(0)
        self.last.write(text.encode()[:4000].ljust(4000))

    def fault(self, what, text):
        self.faults += 1
        print(f"{what}: {text}", flush=True)

    def message(self):
        return self.lib.ore_error_message().decode("utf-8", "replace")

    def named(self, name):
        """Whether the message names the function that was called, whatever that is made of."""
        own = name.removeprefix("ore_")
        short = own.removeprefix("f_").removeprefix("init_")
        said = self.message().split(":")[0]
        return said in (own, short, OVERLOADS.sub("", short), "out of memory")

    def well_said(self, name):
        return re.match(r"[a-z_][\w ]*: [^\n]+$", self.message()) and self.named(name)

    def check(self, result, name, value, caller, text):
        fine = self.lib.ore_ok()
        if fine:
            self.made += 1
            if caller.why and result in ("ore_tensor *", "ore_status") and name != "ore_grad":
                self.fault(f"accepted {caller.why}", text)
        else:
            self.refused += 1
            if not self.well_said(name):
                self.fault(f"the message '{self.message()}'", text)
        if result == "ore_tensor *" and name != "ore_grad" and (value is None) == fine:
            self.fault(f"{value} with '{self.message()}'", text)
        if result == "ore_status" and (value == 0) != fine:
            self.fault(f"status {value} with '{self.message()}'", text)
        self.lib.ore_error_clear()
        if fine and result == "ore_tensor *" and value:
            self.read(C.c_void_p(value), text)

    def tell(self, functions):
        """Prints what was called; returns the faults."""
        print(f"{functions} functions, {self.made} calls went through, {self.refused} were "
              f"refused, {self.faults} faults", flush=True)
        return self.faults

    def read(self, t, text):
        shape = self.lib.ore_shape_of(t)
        sizes = list(shape.dim[:shape.ndim])
        if min(sizes, default=0) < 0:
            self.fault(f"a result of shape {sizes}", text)
            return
        if math.prod(sizes) > 1 << 16:
            return
        size = math.prod(sizes) * self.lib.ore_dtype_size(self.lib.ore_tensor_dtype(t))
        if self.lib.ore_copy_out(t, (C.c_char * max(size, 1))(), C.c_size_t(size)) != 0:
            self.fault(f"cannot be read: {self.message()}", text)
        if self.lib.ore_requires_grad(t) and not self.lib.ore_is_leaf(t):
            self.note(text + " and backward")
            first = self.lib.ore_backward_from(t, None, C.c_bool(False))
            self.lib.ore_error_clear()
            if first == 0 and self.lib.ore_backward_from(t, None, C.c_bool(False)) == 0:
                self.fault("a second backward", text)
        self.lib.ore_error_clear()


def declare(lib):
    lib.ore_error_message.restype = C.c_char_p
    for name in ("ore_ok", "ore_requires_grad", "ore_is_leaf"):
        getattr(lib, name).restype = C.c_bool
    lib.ore_shape_of.restype = Shape
    lib.ore_dtype_size.restype = C.c_size_t


def run(lib, functions, structs, usual, o, last):
    checker = Checker(lib, last)
    for result, name, parameters in functions:
        for i in range(o.rounds):
            caller = Caller(lib, structs, usual.get(name, ""),
                            random.Random(f"{o.seed} {name} {i}"))
            lib.ore_scope_begin()
            args = [caller.argument(kind, n) for kind, n in parameters]
            lib.ore_error_clear()
            text = f"{name}, round {i}: {'; '.join(map(str, caller.said))}"
            checker.note(text)
            function = getattr(lib, name)
            function.restype = RESULTS[result]
            value = function(*args)
            checker.check(result, name, value, caller, text)
            lib.ore_scope_end()
    return checker.tell(len(functions))


def calls_of(o):
    """run(library, a place for the last call's text) -> faults"""
    functions, structs = prototypes(o.root)
    functions = [f for f in functions if f[1] not in APART and not f[1].endswith("_defaults")
                 and (not o.only or f[1] == o.only)]
    usual = usual_inputs(o.root)
    return lambda lib, last: run(lib, functions, structs, usual, o, last)


def main(calls):
    """calls(options) as calls_of."""
    parser = argparse.ArgumentParser(description="Hostile arguments for every function.")
    parser.add_argument("root", type=Path)
    parser.add_argument("library")
    parser.add_argument("--rounds", type=int, default=40, help="calls of each function")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="one function")
    o = parser.parse_args()
    run_all = calls(o)
    last = mmap.mmap(-1, 4000)
    child = os.fork()
    if child == 0:
        if "asan" not in os.environ.get("LD_PRELOAD", ""):
            resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
        lib = C.CDLL(o.library)
        declare(lib)
        os._exit(min(run_all(lib, last), 100))
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        print(f"signal {os.WTERMSIG(status)} in {last[:].decode('utf-8', 'replace').rstrip()}")
        return 1
    return os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.exit(main(calls_of))
