"""tensor_files.py: the functions of libore that gguf_compare.py and tensor_file_compare.py call."""
import ctypes as C
import json

import numpy as np

KINDS = [np.float32, np.float64, np.uint16, np.float16, np.int64, np.int32, np.uint8, np.bool_]


class Shape(C.Structure):
    _fields_ = [("ndim", C.c_int), ("dim", C.c_int64 * 8)]


class Item(C.Structure):
    _fields_ = [("name", C.c_char_p), ("shape", Shape), ("coding", C.c_int), ("tensor", C.c_void_p)]


class Options(C.Structure):
    _fields_ = [("metadata", C.c_void_p), ("like", C.c_void_p), ("source", C.c_void_p),
                ("user", C.c_void_p), ("shard_bytes", C.c_int64)]


class Ore:
    """The functions of libore that are compared."""

    def __init__(self, path):
        self.c = C.CDLL(path)
        p, n = C.c_void_p, C.c_int64
        self.declare("error_message", C.c_char_p, [])
        self.declare("coding_from_name", C.c_bool, [C.c_char_p, p])
        self.declare("coding_name", C.c_char_p, [C.c_int])
        self.declare("coding_bytes", C.c_size_t, [C.c_int])
        self.declare("coding_elements", n, [C.c_int])
        self.declare("coding_decode", C.c_int, [C.c_int, p, n, p])
        self.declare("coding_encode", C.c_int, [C.c_int, p, n, p])
        self.declare("tensor_file_open", p, [C.c_char_p])
        self.declare("tensor_file_close", None, [p])
        self.declare("tensor_file_tensor", p, [p, C.c_char_p])
        self.declare("tensor_file_count", n, [p])
        self.declare("tensor_file_metadata", p, [p])
        self.declare("tensor_file_write", C.c_int, [C.c_char_p, p, n, p])
        self.declare("from_data", p, [p, Shape, C.c_int])
        self.declare("json_text", p, [p, C.c_bool])
        self.declare("json_parse", p, [C.c_char_p, C.c_size_t, C.c_char_p])
        self.declare("json_free", None, [p])
        self.declare("data", p, [p])
        self.declare("numel", n, [p])
        self.declare("ndim", C.c_int, [p])
        self.declare("size", n, [p, C.c_int])
        self.declare("tensor_dtype", C.c_int, [p])
        self.declare("scope_begin", None, [])
        self.declare("scope_end", None, [])

    def declare(self, name, result, arguments):
        function = getattr(self.c, "ore_" + name)
        function.restype, function.argtypes = result, arguments
        setattr(self, name, function)

    def check(self):
        message = self.error_message().decode()
        self.c.ore_error_clear()
        if message:
            raise RuntimeError(message)

    def coding(self, name):
        number = C.c_int()
        assert self.coding_from_name(name.encode(), C.byref(number)), name
        assert self.coding_name(number).decode() == name
        return number.value

    def decode(self, name, data):
        coding = self.coding(name)
        count = data.size // self.coding_bytes(coding) * self.coding_elements(coding)
        out = np.empty(count, np.float32)
        self.coding_decode(coding, data.ctypes.data, count, out.ctypes.data)
        self.check()
        return out

    def encode(self, name, values):
        coding = self.coding(name)
        out = np.empty(values.size // self.coding_elements(coding) * self.coding_bytes(coding),
                       np.uint8)
        self.coding_encode(coding, values.ctypes.data, values.size, out.ctypes.data)
        self.check()
        return out

    def tensor(self, file, name):
        """A tensor's elements; bfloat16 as uint16."""
        t = self.tensor_file_tensor(file, name.encode())
        self.check()
        kind = np.dtype(KINDS[self.tensor_dtype(t)])
        data = C.string_at(self.data(t), self.numel(t) * kind.itemsize)
        return np.frombuffer(data, kind).reshape([self.size(t, d) for d in range(self.ndim(t))])

    def write(self, path, tensors, metadata=None, shard_bytes=0):
        """Writes {name: (array, coding)}; arrays of uint16 are bfloat16."""
        self.scope_begin()
        items = (Item * len(tensors))()
        for item, (name, (array, coding)) in zip(items, tensors.items()):
            array = np.ascontiguousarray(array).reshape(np.shape(array))
            shape = Shape(array.ndim, (C.c_int64 * 8)(*array.shape))
            t = self.from_data(array.ctypes.data, shape, KINDS.index(array.dtype.type))
            item.name, item.shape, item.coding, item.tensor = name.encode(), shape, \
                self.coding(coding), t
        text = json.dumps(metadata).encode() if metadata else b""
        values = self.json_parse(text, len(text), b"metadata") if text else None
        options = Options(metadata=values, shard_bytes=shard_bytes)
        self.check()
        self.tensor_file_write(str(path).encode(), items, len(tensors), C.byref(options))
        self.json_free(values)
        self.scope_end()
        self.check()
