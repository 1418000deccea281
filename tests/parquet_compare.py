#!/usr/bin/env python3
"""parquet_compare.py LIBRARY [--rounds N] [--seed S] | --write FOLDER

Compares ore_table's reader of Parquet with pyarrow: files that pyarrow writes with columns of random
strings (missing ones, empty ones, long ones, few different ones), in every packing and version of
pages that Ore reads, are read back by Ore row by row. Exit status 77: this Python has no pyarrow.

--write makes the small files of tests/fuzz/corpus/parquet, whose rows tests/test_table_packed.c
knows."""
import ctypes
import random
import sys
import tempfile
from pathlib import Path

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    print("skipped: this Python has no pyarrow")
    sys.exit(77)

PACKINGS = ("NONE", "SNAPPY", "GZIP", "ZSTD")
ALPHABETS = ("ab", "abcdefghij \n", "aäßλ中😀 ")


def corpus(folder):
    folder.mkdir(parents=True, exist_ok=True)
    text = ["one", None, "", "twö", "one", "a longer one, of more words"]
    number = pa.array(range(6), pa.int64())
    table = pa.table({"number": number, "text": text, "label": ["x", "y"] * 3})
    for name, options in {
        "plain": dict(use_dictionary=False, compression="NONE"),
        "dictionary": dict(compression="SNAPPY", row_group_size=4),
        "second": dict(compression="ZSTD", data_page_version="2.0"),
        "gzip": dict(compression="GZIP", data_page_version="2.0", use_dictionary=False),
    }.items():
        pq.write_table(table, folder / f"{name}.parquet", write_statistics=False,
                       store_schema=False, **options)
    inner = pa.array([{"a": "x"}, None, {"a": None}], pa.struct([("a", pa.string())]))
    pq.write_table(pa.table({"outer": inner}), folder / "struct.parquet", compression="NONE",
                   write_statistics=False, store_schema=False)


def random_text(draw):
    alphabet = draw.choice(ALPHABETS)
    length = draw.choice((0, 1, 5, 20, draw.randrange(300)))
    if draw.random() < 0.002:
        length = draw.randrange(200_000)
    return "".join(draw.choices(alphabet, k=length))


def random_column(draw, rows):
    kinds = [random_text(draw) for _ in range(draw.choice((1, 3, 500)))]
    few = draw.random() < 0.5
    missing = draw.choice((0, 0, 0.1, 0.9, 1))
    values = [None if draw.random() < missing else
              draw.choice(kinds) if few else random_text(draw) for _ in range(rows)]
    column_type = draw.choice((pa.string(), pa.large_string(),
                               pa.dictionary(pa.int32(), pa.string())))
    return pa.array(values, pa.string()).cast(column_type), values


def random_file(draw, path):
    rows = draw.choice((0, 1, 7, 100, 3000))
    columns, expected = {"i": pa.array(range(rows), pa.int64())}, {}
    for c in range(draw.randrange(1, 4)):
        array, values = random_column(draw, rows)
        name = f"c{c}"
        if draw.random() < 0.3:
            gone = [draw.random() < 0.3 for _ in range(rows)]
            columns[name] = pa.StructArray.from_arrays(
                [array], fields=[pa.field("inner", array.type)],
                mask=pa.array(gone, pa.bool_()))
            values = [None if g else v for g, v in zip(gone, values)]
            name += ".inner"
        elif None not in values and draw.random() < 0.5:
            columns[name] = array
            columns["required"] = array
            expected["required"] = values
        else:
            columns[name] = array
        expected[name] = values
    fields = [pa.field(n, a.type, nullable=n != "required") for n, a in columns.items()]
    table = pa.Table.from_arrays([columns[f.name] for f in fields], schema=pa.schema(fields))
    order = [n + ".inner" if pa.types.is_struct(columns[n].type) else n for n in columns
             if n != "i"]
    pq.write_table(table, path, compression=draw.choice(PACKINGS),
                   data_page_version=draw.choice(("1.0", "2.0")),
                   use_dictionary=draw.random() < 0.6,
                   data_page_size=draw.choice((100, 4096, 1 << 20)),
                   dictionary_pagesize_limit=draw.choice((200, 1 << 20)),
                   row_group_size=draw.choice((5, 1000, 1 << 20)),
                   write_statistics=draw.random() < 0.5)
    return order, [expected[n] for n in order], rows


class Ore:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        for name in ("ore_table_open", "ore_table_next"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        for name in ("ore_table_field_name", "ore_row_text", "ore_error_message"):
            getattr(self.lib, name).restype = ctypes.c_char_p
        self.lib.ore_row_text.restype = ctypes.c_void_p
        self.lib.ore_table_field_count.restype = ctypes.c_int64
        self.lib.ore_row_line.restype = ctypes.c_int64

    def read(self, path):
        lib = self.lib
        table = ctypes.c_void_p(lib.ore_table_open(str(path).encode(), None))
        if not table:
            raise SystemExit(f"refused: {lib.ore_error_message().decode()}")
        count = lib.ore_table_field_count(table)
        names = [lib.ore_table_field_name(table, ctypes.c_int64(i)).decode() for i in range(count)]
        columns, size = [[] for _ in names], ctypes.c_size_t()
        while row := lib.ore_table_next(table):
            assert lib.ore_row_line(ctypes.c_void_p(row)) == len(columns[0]) + 1
            for i in range(count):
                text = lib.ore_row_text(ctypes.c_void_p(row), ctypes.c_int64(i),
                                        ctypes.byref(size))
                columns[i].append(ctypes.string_at(text, size.value).decode())
        if not lib.ore_ok():
            raise SystemExit(f"failed: {lib.ore_error_message().decode()}")
        lib.ore_table_close(table)
        return names, columns


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def main():
    if sys.argv[1] == "--write":
        corpus(Path(sys.argv[2]))
        return
    ore, draw = Ore(sys.argv[1]), random.Random(option("--seed", 1))
    rounds, total = option("--rounds", 60), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.parquet"
        for i in range(rounds):
            order, expected, rows = random_file(draw, path)
            names, columns = ore.read(path)
            want = [[v or "" for v in values] for values in expected]
            if names != order or columns != want:
                sys.exit(f"round {i}: Ore reads other rows than pyarrow wrote: {names}, {order}")
            total += rows
    print(f"{rounds} files with {total:,} rows read as pyarrow {pa.__version__} wrote them")


if __name__ == "__main__":
    main()
