#!/usr/bin/env python3
"""fuzz_objects.py ROOT LIBRARY [--rounds N] [--seed S] [--only NAME]: as fuzz_calls.py, for the
functions of HEADERS, which take or make more than tensors: structs of tensors, modules, data sets,
samplers, tables, profiles, files.

A module is always one that its init function has made; a struct's tensors may be NULL or of any
shape; files are whole, damaged, empty, missing or folders; sizes are anything. Arrays are as long as
their count says, since no callee could know better. What a call makes is used at once: a data set
and a sampler by a loader, a table row by row. A call while an error is pending must fail, too, and
leave that error as it is."""
import ctypes as C
import random
import re
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import fuzz_calls
from fuzz_calls import DOUBLES, I64, LONGS, Caller, Checker
from headers import BASIC, Headers

HEADERS = ("position.h", "sequence.h", "attend.h", "transformer.h", "rnn.h", "dataset.h",
           "sampler.h", "table.h", "debug.h", "image.h")
MODULE_BYTES = 1 << 15  # more than any module, or LAYERS layers of a stack, needs
LAYERS, ARRAY = 2, 16
# What is called where something made is used or given back, or has a list of arguments of its own.
APART = {"ore_dataset_close", "ore_sampler_close", "ore_table_close", "ore_images_free",
         "ore_profile_free", "ore_row_line", "ore_row_text", "ore_row_int", "ore_row_double",
         "ore_row_fail", "ore_set_detect_anomaly"}
MAKERS = {"ore_attend": ["additive_attention", "luong_attention"],
          "ore_attention_pool": ["attention_pool"],
          "ore_hierarchical_attention": ["hierarchical_attention"],
          "ore_multihead_attention": ["multihead_attention", "grouped_query_attention",
                                      "multi_query_attention"],
          "ore_transformer_encoder_layer": ["transformer_encoder_layer"],
          "ore_transformer_decoder_layer": ["transformer_decoder_layer"],
          "ore_transformer_encoder": ["transformer_encoder"],
          "ore_transformer_decoder": ["transformer_decoder"], "ore_transformer": ["transformer"],
          "ore_recurrent": ["rnn", "lstm", "gru"],
          "ore_recurrent_cell": ["rnn_cell", "lstm_cell", "gru_cell"]}
MAKERS["ore_module"] = sorted(sum(MAKERS.values(), []))
SIZES = {"query_size": 3, "key_size": 3, "size": 3, "attention_size": 2, "input_size": 3,
         "hidden_size": 4, "embed_dim": 4, "num_heads": 2, "num_kv_heads": 1, "d_model": 4,
         "nhead": 2, "num_layers": LAYERS, "num_encoder_layers": LAYERS,
         "num_decoder_layers": LAYERS}
LAYER_COUNTS = {"num_layers", "num_encoder_layers", "num_decoder_layers"}
MASK = " b2,2 b2,2 i2"
# Shapes that fit the modules above, for tensors in the order in which a call has them, those of
# structs included; B = T = 2, so that they fit with and without batch_first.
USUAL = {
    "rotary_tables": "i5", "rotary": "2,3,4 3,2 3,2", "pack_padded_sequence": "3,2,4 i2",
    "pad_packed_sequence": "3,4 i2 i2 i2", "pad_sequence": "2,3 3,3 1,3",
    "pack_sequence": "2,3 3,3 1,3", "masked_softmax": "2,3 b3", "soft_attention": "2,3,4 2,4,5",
    "f_recurrent": "3,2,3 1,2,4 1,2,4 4,3 4,4 4 4 2,4", "hard_attention": "2,3,4 2,4,5",
    "reinforce": "3 3,2 3", "sliding_window_attention": "1,2,3,4 1,2,3,4 1,2,3,4",
    "attend_prepare": "2,2,3 i2", "attend_weights": "2,2,3 2,2,3 2,2,3 b2,1,2 2,1,1",
    "attend_forward": "2,2,3 2,2,3 2,2,3 b2,1,2 2,1,1", "attention_pool_forward": "2,2,3 i2",
    "hierarchical_attention_forward": "2,2,2,3 i2 i2,2",
    "hierarchical_attention_states": "2,2,2,3 i2 i2,2",
    "multihead_attention_forward": "2,2,4 2,2,4 2,2,4" + MASK,
    "multihead_attention_weights": "2,2,4 2,2,4 2,2,4" + MASK,
    "self_attention_forward": "2,2,4" + MASK, "cross_attention_forward": "2,2,4 2,2,4" + MASK,
    "multihead_attention_queries": "2,2,4", "multihead_attention_keys_values": "2,2,4",
    "multihead_attention_join": "2,2,2,2", "transformer_encoder_layer_forward": "2,2,4" + MASK,
    "transformer_decoder_layer_forward": "2,2,4 2,2,4" + 2 * MASK,
    "transformer_encoder_forward": "2,2,4" + MASK,
    "transformer_decoder_forward": "2,2,4 2,2,4" + 2 * MASK,
    "transformer_forward": "2,2,4 2,2,4" + 3 * MASK, "recurrent_forward": "2,2,3 1,2,4 1,2,4",
    "recurrent_forward_packed": "4,3 i2 i2 i2 1,2,4 1,2,4",
    "recurrent_cell_forward": "2,3 2,4 2,4", "tensor_dataset_new": "6,3 i6 6", "summary_text": "2,2,4",
    "png_write": "3,4,5"}
WRITERS = {"ore_png_write", "ore_profile_save_trace"}
OPTIONAL = {("masked_softmax", "seen"), ("reinforce", "baseline"), ("attend_prepare", "lengths"),
            ("attention_pool_forward", "lengths"), ("summary_text", "x")}  # tensors
PLANTED = b"planted: an error"
NAMES = [None, b"net", b"", b"a.b", b"taken", b"n" * 5000, b"\xff"]


class Sample(C.Structure):
    _fields_ = [("fields", C.c_void_p * 4), ("seed", C.c_uint64)]


# ---- files ---------------------------------------------------------------------------------------

def png(width=4, height=4, colour=0):
    """A black picture, whose file has no more than 4 rows of 4 pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    row = b"\0" + bytes(min(width, 4) * (3 if colour == 2 else 1))
    return b"\x89PNG\r\n\x1a\n" + \
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(row * min(height, 4))) + chunk(b"IEND", b"")


FILES = {"good.csv": b"label,1,2,3,4\n3,0,1,2,255\nb,1,1,1,1\n", "good.tsv": b"a\tb\nc\td\n",
         "good.jsonl": b'{"text": "x", "label": 1}\n{"text": "y", "label": null}\n',
         "lines.txt": b"one\n\ntwo\r\nthree", "empty.csv": b"", "open.csv": b'a,"b\n1,2\n',
         "short.csv": b"a,b\n1\n", "twice.csv": b"a,a\n1,2\n", "broken.jsonl": b'{"a": [1, }\n',
         "bytes.csv": bytes(range(256)), "zero.csv": b"label,1\n\0,1\n", "good.png": png(),
         "colour.png": png(colour=2), "cut.png": png()[:40], "huge.png": png(2**31 - 1, 1),
         "high.png": png(1, 2**31 - 1), "none.png": png(0, 0), "set/a/1.png": png(), "set/b/1.png": png(), "odd/a/1.png": png(),
         "odd/a/2.png": png(3, 4), "bare/a/note.txt": b"", "only.png/a": b""}


def write_files(folder):
    """Paths to read, and to write."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    odd = [str(folder / "missing.csv"), str(folder), "", "/" + "p" * 5000]
    there = sorted({str(folder / part) for name in FILES for part in (name, name.split("/")[0])})
    return there + odd, [str(folder / "written"), str(folder / "missing" / "file")] + odd


# ---- arguments -----------------------------------------------------------------------------------

class ObjectCaller(Caller):
    def __init__(self, lib, headers, paths, name, r):
        super().__init__(lib, {}, USUAL.get(name.removeprefix("ore_"), ""), r)
        self.h, self.name, self.closers = headers, name.removeprefix("ore_"), []
        self.paths = paths[name in WRITERS]
        self.sizes = {}

    def tensor(self, name):
        before = self.why
        t = super().tensor(name)
        if t is None and (self.name, name) in OPTIONAL:
            self.why = before
        return t

    def made(self, function, closer, *args):
        """Something of a valid call, closed at the end."""
        value = self.call(function, *args)
        if not value:
            raise AssertionError(f"{function}: {self.lib.ore_error_message().decode()}")
        self.closers.insert(0, (closer, C.c_void_p(value)))
        return C.c_void_p(value)

    def close(self):
        for closer, handle in self.closers:
            getattr(self.lib, closer)(handle)

    def number_of(self, kind, wild):
        r = self.r
        if kind in self.h.enums:
            n = self.h.enums[kind]
            return r.choice([-1, n, 100]) if wild else r.randrange(2 if kind == "ore_dtype" else n)
        if kind in ("int64_t", "int", "size_t", "uint64_t"):
            bits = {"int64_t": 64, "int": 32}.get(kind, 64)
            value = r.choice(LONGS) if wild else r.randint(0, 3)
            return max(-2**(bits - 1), min(value, 2**(bits - 1) - 1)) if kind[0] == "i" else \
                value % 2**64
        if kind == "double":
            return r.choice(DOUBLES) if wild else r.choice([0.0, 0.1, 0.5])
        return r.choice([b",", b";", b'"', b"\n", b"\0"]) if kind == "char" else r.random() < 0.5

    def scalar(self, kind, name):
        value = self.number_of(kind, self.odd())
        if name in LAYER_COUNTS:
            value = self.r.choice([-2**63, -1, 0]) if self.odd() else self.r.randint(1, LAYERS)
        elif name in SIZES and not self.odd():
            value = SIZES[name]
        elif self.name in ("text_h", "text_v") and name == "n":
            value = self.count = self.r.choice([-1, -2**31, 0]) if self.odd() else \
                self.r.randint(1, 3)
        elif name in ("n", "count", "length") and self.count is not None:
            value = self.count
        self.tell(name, value)
        self.sizes[name] = value
        return (C.c_int if kind in self.h.enums else BASIC[kind])(value)

    def text(self, name):
        value = self.r.choice(self.paths if name == "path" else NAMES) if self.odd() or \
            name == "path" else b"net"
        value = value.encode() if isinstance(value, str) else value
        if name == "path" and self.odd() and self.odd():
            value = None
        self.said.append(f"{name} {value if value is None else value[-40:]}")
        self.kept.append(value)
        return C.cast(C.c_char_p(value), C.c_void_p)

    def array_of(self, kind, draw):
        array = (kind * ARRAY)(*[draw() for _ in range(ARRAY)])
        self.kept.append(array)
        return array

    def counted(self, kind, name):
        self.count = self.r.choice([-2**63, -1, 0]) if self.odd() else self.r.randint(1, 6)
        low = self.r.choice([0, 1])
        return self.array_of(BASIC[kind], lambda: self.number_of(kind, True) if self.odd() else
                             self.r.randint(low, 5))

    # ---- structs

    def filled(self, kind):
        s = self.h.struct(kind)()
        if kind.endswith("_options"):
            defaults = getattr(self.lib, kind.replace("_options", "_defaults"))
            defaults.restype = type(s)
            s = defaults()
        for field, *how in self.h.structs[kind]:
            self.fill(s, field, how, kind.endswith("_options"))
        return s

    def fill(self, s, field, how, is_options):
        kind, stars, array = how
        if kind == "ore_tensor" and stars == 1 and not array:
            t = self.tensor_of_struct(field)
            setattr(s, field, t if not is_options or self.odd() else None)
        elif kind in ("ore_generator", "ore_collate_function") or array:
            return
        elif kind == "ore_tensor_function":
            s.activation = None if self.odd() and self.odd() else s.activation
        elif stars:
            self.fill_pointer(s, field, kind, stars)
        elif kind in self.h.structs:
            setattr(s, field, self.filled(kind))
        elif not is_options or self.odd() or self.r.random() < 0.3:
            value = self.number_of(kind, self.odd())
            if field.endswith("count") or field in LAYER_COUNTS:
                value = min(value, 3)  # as many as the array has; layers are made one by one
            self.tell(field, value)
            setattr(s, field, value)

    def tensor_of_struct(self, field):
        """Of a struct: each may be absent."""
        before = self.why
        t = self.tensor(field)
        self.why = before
        return None if self.r.random() < 0.4 else t

    def fill_pointer(self, s, field, kind, stars):
        if kind == "double":
            factors = self.array_of(C.c_double, lambda: self.number_of(kind, self.odd()) or 1.0)
            few = self.sizes.get("R", 0) <= 2 * ARRAY
            setattr(s, field, C.addressof(factors) if few and self.r.random() < 0.7 else None)
        elif kind == "char" and stars == 2:
            some = [b"a", b"b", b"label", b"text"]
            names = self.array_of(C.c_char_p, lambda: self.r.choice(some))
            given = field == "classes" or self.r.random() < 0.4
            setattr(s, field, C.addressof(names) if given else None)
        elif kind == "char":
            name = C.c_char_p(self.r.choice([b"label", b"", b"none"]))
            self.kept.append(name)
            setattr(s, field, C.cast(name, C.c_void_p) if not self.odd() else None)

    # ---- objects

    def module(self, kind):
        r, maker = self.r, self.r.choice(MAKERS[kind])
        result, name, parameters = next(f for f in self.h.functions if f[1] == f"ore_{maker}_init")
        hostile, usual, why, count = self.hostile, self.usual, self.why, self.count
        self.hostile, self.usual, self.count = 0, [], None
        args = [self.argument(k, n) for k, n in parameters]
        while getattr(self.lib, name)(*args) != 0:  # options that exclude each other
            self.lib.ore_error_clear()
            args = [self.argument(k, n) for k, n in parameters]
        self.hostile, self.usual, self.why, self.count = hostile, usual, why, count
        if r.random() < 0.5:
            self.lib.ore_module_eval(args[0])
        return args[0]

    def room(self, name):
        room = C.create_string_buffer(MODULE_BYTES)
        self.kept.append(room)
        if name not in ("layers", "encoder_layers", "decoder_layers"):
            self.closers.append(("ore_module_free", room))
        return room

    def dataset(self):
        r = self.r
        if self.odd() and self.odd():
            self.refuse("a data set that is NULL")
            return None
        x = self.call("ore_from_data", (C.c_float * 18)(), self.shape_of((6, 3)), 0)
        y = self.call("ore_from_data", (I64 * 6)(*range(6)), self.shape_of((6,)), 4)
        d = self.made("ore_tensor_dataset_new", "ore_dataset_close",
                      (C.c_void_p * 2)(x, y), C.c_int(r.randint(1, 2)))
        if r.random() < 0.3:
            d = self.made("ore_map_dataset_new", "ore_dataset_close", d, C.c_int(r.randint(1, 4)),
                          self.sample_map(), None)
        return d

    def sample_map(self):
        how = self.r.choice(["same", "same", "none", "fails", "says nothing", "strange"])
        self.said.append(f"a map that is {how}")

        def change(user, i, sample):
            if how == "none":
                sample.contents.fields[0] = None
            if how == "fails":
                return self.pending()
            if how == "strange":
                t = self.call("ore_from_data", (C.c_float * 8)(), self.shape_of((1 + i % 3,)), 0)
                sample.contents.fields[int(i % 4)] = t
            return 7 if how == "says nothing" else 0
        made = C.CFUNCTYPE(C.c_int, C.c_void_p, I64, C.POINTER(Sample))(change)
        self.kept.append(made)
        return made

    def pending(self):
        """Leaves an error."""
        return self.lib.ore_fail(C.c_int(1), b"%s", PLANTED)

    def row_reader(self):
        how = self.r.choice(["good", "good", "none", "fails"])

        def read(user, row, sample):
            if how == "fails":
                return self.lib.ore_row_fail(C.c_void_p(row), I64(self.r.choice([0, -1, 99])),
                                             b"%s", C.c_char_p(b"no good"))
            if how == "good":
                value = C.c_double()
                self.lib.ore_row_double(C.c_void_p(row), I64(0), C.byref(value))
                self.lib.ore_error_clear()
                sample.contents.fields[0] = self.call(
                    "ore_from_data", C.byref(value), self.shape_of(()), 1)
            return 0
        made = C.CFUNCTYPE(C.c_int, C.c_void_p, C.c_void_p, C.POINTER(Sample))(read)
        self.kept.append(made)
        return made

    def sampler(self):
        if self.odd() and self.odd():
            self.refuse("a sampler that is NULL")
            return None
        return self.made("ore_sequential_sampler_new", "ore_sampler_close", I64(6))

    def profile(self):
        p = self.made("ore_profile_new", "ore_profile_free")
        if self.r.random() < 0.5:
            self.lib.ore_profile_begin(p)
            x = self.call("ore_from_data", (C.c_float * 8)(), self.shape_of((2, 3)), 0)
            self.call("ore_exp", C.c_void_p(x))
            if self.r.random() < 0.5:
                self.lib.ore_profile_end(p)
        return p

    def packed(self):
        """One that is right."""
        x = self.call("ore_from_data", (C.c_float * 18)(), self.shape_of((3, 2, 3)), 0)
        lengths = self.call("ore_from_data", (I64 * 2)(3, 1), self.shape_of((2,)), 4)
        s = self.h.struct("ore_packed_sequence")()
        self.lib.ore_pack_padded_sequence(C.c_void_p(x), C.c_void_p(lengths), None, C.byref(s))
        return s

    def items(self):
        items = (self.h.struct("ore_text_item") * 3)()
        for item in items:
            item.name = C.cast(C.c_char_p(self.r.choice([None, b"x", b"", b"two\nlines"])),
                               C.c_void_p)
            item.tensor = self.tensor_of_struct("tensor")
            text = C.c_char_p(self.r.choice([None, b"", b"a", b"a\nbc\n", b"\n\n"]))
            self.kept.append(text)
            item.text = C.cast(text, C.c_void_p)
        return items

    def structs_of(self, kind, name):
        """A pointer to const structs, or NULL."""
        if kind == "ore_text_item":
            value = self.items()
        elif kind == "ore_packed_sequence" and self.r.random() < 0.5:
            value = self.packed()
        elif kind == "ore_recurrent_weights":
            value = (self.h.struct(kind) * 2)(self.filled(kind), self.filled(kind))
        else:
            value = self.filled(kind)
        self.kept.append(value)
        optional = kind.endswith("_options") or name in ("start", "mask", "memory_mask", "masks",
                                                         "form")
        if self.r.random() < (0.2 if optional else 0.1 * self.hostile):
            self.said.append(f"{name} NULL")
            if not optional and self.count != 0:
                self.refuse(f"{name} is NULL")
            return None
        return C.byref(value) if not isinstance(value, C.Array) else value

    def argument(self, kind, name):
        const, bare = kind.startswith("const "), kind.replace("const ", "").rstrip(" *")
        stars = kind.count("*")
        if kind in ("ore_sample_map", "ore_row_reader"):
            return self.sample_map() if kind == "ore_sample_map" else self.row_reader()
        if kind == "ore_forward":
            return self.forward()
        if bare in ("ore_dataset", "ore_sampler", "ore_profile") and stars == 1:
            return getattr(self, bare.removeprefix("ore_"))()
        if kind == "const ore_dataset *const *":
            self.count = self.r.choice([-1, 0]) if self.odd() else self.r.randint(1, 3)
            sets = [self.dataset() for _ in range(self.count)]
            return self.array_of(C.c_void_p, lambda: sets.pop(0) if sets else None)
        if bare == "ore_table":
            return self.table()
        if kind == "ore_module *":
            return self.parent()
        if stars == 1 and const and bare in MAKERS:
            return self.module(bare)
        if stars == 1 and not const and name in ("user", "data"):
            return None
        if stars == 1 and bare in ("char",):
            return self.text(name)
        if kind == "const void *":
            self.content = self.r.choice(sorted(FILES.values()))
            self.kept.append(self.content)
            return C.cast(C.c_char_p(self.content), C.c_void_p)
        if name == "size_bytes":
            return C.c_size_t(self.r.choice([0, len(self.content), len(self.content) // 2]))
        if const and bare in ("int64_t", "double"):
            return self.counted(bare, name)
        if const and bare in self.h.structs and stars == 1:
            return self.structs_of(bare, name)
        if stars and bare not in ("ore_tensor", "ore_generator"):
            return self.out(bare, name)
        if kind == "ore_tensor *const *":
            return self.array(name)
        if not stars and bare not in ("ore_shape", "ore_dims"):
            return self.scalar(kind, name)
        return super().argument(kind, name)

    def out(self, bare, name):
        """Room for what a call gives back: a module, structs, handles, numbers."""
        if bare in self.h.structs and "module" in [k for k, *_ in self.h.structs[bare]] or \
                name in ("m", "r", "l", "e", "d", "t", "c", "p", "h", "layers", "encoder_layers",
                         "decoder_layers"):
            return self.room(name)
        room = C.create_string_buffer(1024)
        self.kept.append(room)
        optional = name in ("choice", "end", "attention_factor")
        return None if optional and self.r.random() < 0.3 else room

    def parent(self):
        if self.r.random() < 0.6:
            return None
        root = C.create_string_buffer(MODULE_BYTES)
        child = C.create_string_buffer(MODULE_BYTES)
        self.kept += [root, child]
        self.lib.ore_module_init(root, None, None)
        self.lib.ore_module_init(child, root, b"taken")
        self.closers += [("ore_module_free", child), ("ore_module_free", root)]
        return root

    def table(self):
        content = self.r.choice(sorted(FILES.values()))
        self.kept.append(content)
        value = self.call("ore_table_open_memory", C.c_char_p(b"memory.csv"), C.c_char_p(content),
                          C.c_size_t(len(content)), None)
        self.lib.ore_error_clear()
        if not value:
            return self.made("ore_table_open_memory", "ore_table_close", C.c_char_p(b"x.txt"),
                             C.c_char_p(b"a\nb"), C.c_size_t(3), None)
        self.closers.insert(0, ("ore_table_close", C.c_void_p(value)))
        return C.c_void_p(value)

    def forward(self):
        how = self.r.choice(["good", "none", "fails"])

        def run(user):
            if how == "fails":
                self.pending()
            return self.call("ore_ones", self.shape_of((2,)), 0) if how == "good" else None
        made = C.CFUNCTYPE(C.c_void_p, C.c_void_p)(run)
        self.kept.append(made)
        return made


# ---- checking ------------------------------------------------------------------------------------

RESULTS = {"ore_tensor *": C.c_void_p, "ore_status": C.c_int, "int64_t": I64, "bool": C.c_bool,
           "void": None}
USED = {"ore_dataset *", "ore_sampler *", "ore_table *", "ore_images *", "char *", "ore_profile *"}


class ObjectChecker(Checker):
    def well_said(self, name):
        """By the module's path or what it is made of, by a file or a data set."""
        return re.match(r"[^\n:]+: [^\n]+$", self.message())

    def check(self, result, name, value, caller, text):
        made = result in USED
        if made and (value is None) == bool(self.lib.ore_ok()):
            self.fault(f"{value} with '{self.message()}'", text)
        fine = self.lib.ore_ok()
        super().check(result, name, value, caller, text)
        if made and fine and caller.why:
            self.fault(f"accepted {caller.why}", text)
        if made and value:
            self.use(result, C.c_void_p(value), caller, text)
            self.lib.ore_error_clear()

    def pending(self, result, name, value, text):
        """After a call while an error was pending."""
        if self.message() != PLANTED.decode():
            self.fault(f"the pending error became '{self.message()}'", text)
        fine = value == 0 if result == "ore_status" else value is not None
        if fine and result in USED | {"ore_tensor *", "ore_status"}:
            self.fault(f"{value} while an error was pending", text)
        self.lib.ore_error_clear()

    def use(self, result, value, caller, text):
        self.note(text + " and its use")
        lib, r = self.lib, caller.r
        if result == "char *":
            C.string_at(value)
            lib.ore_string_free(value)
        elif result == "ore_images *":
            lib.ore_images_free(value)
        elif result == "ore_profile *":
            lib.ore_profile_free(value)
        elif result == "ore_table *":
            self.rows(value, caller)
            lib.ore_table_close(value)
        elif result == "ore_dataset *":
            for i in [0, 1, r.choice(LONGS)]:
                lib.ore_dataset_get(value, I64(i), C.byref(Sample()))
                lib.ore_error_clear()
            self.loader(value, None, caller)
            lib.ore_dataset_close(value)
        else:
            caller.hostile = 0
            self.loader(caller.dataset(), value, caller)
            lib.ore_sampler_close(value)

    def rows(self, table, caller):
        lib, r = self.lib, caller.r
        for _ in range(8):
            row = C.c_void_p(caller.call("ore_table_next", table))
            lib.ore_error_clear()
            if not row:
                continue
            caller.call("ore_row_text", row, I64(r.choice([0, 0, 1] + LONGS)),
                        C.byref(C.c_size_t()) if r.random() < 0.5 else None)
            for name, number in (("ore_row_int", I64()), ("ore_row_double", C.c_double())):
                lib.ore_error_clear()
                getattr(lib, name)(row, I64(r.choice([0, 1] + LONGS)), C.byref(number))
            lib.ore_error_clear()

    def loader(self, data, sampler, caller):
        lib, r = self.lib, caller.r
        o = caller.filled("ore_loader_options")
        o.num_workers, o.prefetch_factor = r.choice([0, 0, 2]), r.choice([1, 2])
        o.sampler = sampler
        if sampler:
            o.shuffle, o.batch_size, o.drop_last = False, 1, False
        loader = C.c_void_p(caller.call("ore_loader_new", data, C.byref(o)))
        lib.ore_error_clear()
        lib.ore_loader_next.restype = caller.h.struct("ore_batch")
        for _ in range(6 if loader else 0):
            lib.ore_loader_next(loader)
            lib.ore_error_clear()
        lib.ore_loader_free(loader)


def run(lib, functions, headers, paths, o, last):
    checker = ObjectChecker(lib, last)
    for result, name, parameters in functions:
        for i in range(o.rounds):
            caller = ObjectCaller(lib, headers, paths, name, random.Random(f"{o.seed} {name} {i}"))
            lib.ore_scope_begin()
            args = [caller.argument(kind, n) for kind, n in parameters]
            lib.ore_error_clear()
            text = f"{name}, round {i}: {'; '.join(map(str, caller.said))}"
            checker.note(text)
            function = getattr(lib, name)
            function.restype = RESULTS.get(result, headers.struct(result) if result in
                                           headers.structs else C.c_void_p)
            planted = i % 8 == 7 and caller.pending()
            value = function(*args)
            if planted:
                checker.pending(result, name, value, text)
            else:
                checker.check(result, name, value, caller, text)
            checker.note(text + " and its end")
            caller.close()
            lib.ore_scope_end()
    return checker.tell(len(functions))


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(Path(folder))

        def calls_of(o):
            headers = Headers(o.root, HEADERS, APART)
            functions = [f for f in headers.functions if not o.only or f[1] == o.only]
            return lambda lib, last: run(lib, functions, headers, paths, o, last)
        return fuzz_calls.main(calls_of)


if __name__ == "__main__":
    sys.exit(main())
