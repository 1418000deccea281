"""headers.py: what the public headers declare, as ctypes have it."""
import ctypes as C
import re

from fuzz_calls import I64

BASIC = {"int64_t": I64, "int": C.c_int, "bool": C.c_bool, "double": C.c_double, "char": C.c_char,
         "size_t": C.c_size_t, "uint64_t": C.c_uint64, "ore_tensor_function": C.c_void_p,
         "ore_collate_function": C.c_void_p, "ore_digest": C.c_uint8 * 32}


class Headers:
    """Enums, structs without functions, and the functions of the headers named, as (result, name,
    [(type, parameter)]), but for those of `apart` and of defaults."""

    def __init__(self, root, headers, apart):
        self.enums, self.structs, self.functions = {}, {}, []
        for path in sorted((root / "include" / "ore").glob("*.h")):
            text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.S)
            for body, name in re.findall(r"typedef enum \w+ \{(.*?)\} (\w+);", text, re.S):
                self.enums[name] = len([m for m in body.split(",") if m.strip()])
            for body, name in re.findall(r"typedef struct \w* ?\{([^{}]*)\} (\w+);", text, re.S):
                self.structs[name] = [f for part in body.split(";") for f in self.fields(part)]
            if path.name in headers:
                self.functions += self.prototypes(text, apart)
        self.enums["ore_dtype"], self.enums["ore_device"] = 8, 1
        self.made = {}

    def fields(self, text):
        """(name, type without const, pointers, elements of an array or 0)"""
        text = " ".join(re.sub(r"\bconst\b", " ", text).split())
        if not text or "(" in text:
            return
        kind, names = re.match(r"(\w+) ?(.*)$", text).groups()
        for name in names.split(","):
            stars, name, array = re.match(r"\s*([* ]*)(\w+)(?:\[(.*)\])?$", name).groups()
            yield name, kind, stars.count("*"), {None: 0, "ORE_FIELDS_MAX": 4}.get(array, 2)

    def prototypes(self, text, apart):
        for result, name, rest in re.findall(r"ORE_API\s+([^;{(]*?)\b(ore_\w+)\s*\(([^;]*)\)[^;)]*;",
                                             text, re.S):
            rest = re.sub(r"ore_tensor \*\(\*(\w+)\)\(void \*user\)", r"ore_forward \1", rest)
            if name in apart or name.endswith("_defaults"):
                continue
            parts = [" ".join(p.split()) for p in rest.split(",") if p.strip() != "void"]
            parameters = [re.match(r"(.*?)(\w+)$", p).groups() for p in parts]
            yield result.strip(), name, [(t.strip(), n) for t, n in parameters]

    def type_of(self, kind, stars, array):
        one = C.c_void_p if stars else C.c_int if kind in self.enums else \
            BASIC[kind] if kind in BASIC else self.struct(kind)
        return one * array if array else one

    def struct(self, name):
        if name not in self.made:
            self.made[name] = type(name, (C.Structure,), {"_fields_": [
                (n, self.type_of(*how)) for n, *how in self.structs[name]]})
        return self.made[name]
