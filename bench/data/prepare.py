#!/usr/bin/env python3
"""prepare.py: documents to token ids in Ore and in Python, the way that nanoGPT's prepare.py goes.

    prepare.py TEXT --tokenizer RANKS [--megabytes 100] [--ore build/ore]

Makes JSON lines (with an id and a URL beside the text), lines of text and, where pyarrow is there,
Parquet out of the text's paragraphs, and turns each into shards by `ore data prepare` on one thread
and by Python: json or pyarrow, tiktoken, numpy. Each side is a process of its own, in turn, three
times; prints the least processor time of each, without what loading the tokenizer takes, and
whether the ids are the same. RANKS is tiktoken's cl100k_base.tiktoken or a copy under another name.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

PYTHON = """
import base64, json, sys
import numpy as np, tiktoken
from tiktoken_ext.openai_public import ENDOFTEXT
ranks, path, out = sys.argv[1:4]
table = {base64.b64decode(a): int(b) for a, b in (line.split() for line in open(ranks, "rb"))}
pattern = r"'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s"
encoding = tiktoken.Encoding("cl100k", pat_str=pattern, mergeable_ranks=table, special_tokens={ENDOFTEXT: 100257})
def texts():
    if path.endswith(".parquet"):
        import pyarrow.parquet
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(columns=["text"]):
            yield from batch.column(0).to_pylist()
    else:
        for line in open(path, encoding="utf-8", newline="\\n"):
            yield json.loads(line)["text"] if path.endswith(".jsonl") else line[:-1]
with open(out, "wb") as file:
    for text in texts():
        ids = encoding.encode_ordinary(text)
        ids.append(100257)
        np.array(ids, dtype=np.uint32).tofile(file)
"""


def seconds_of(command):
    """Processor seconds of a process."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command[:4])} .. failed")
    return usage.ru_utime + usage.ru_stime


def make_inputs(text, megabytes, folder):
    """The paths of files with the same documents, and their number; lines have no line ends inside."""
    draw = random.Random(1)
    paragraphs = [p for p in Path(text).read_text(errors="ignore").split("\n\n") if p.strip()]
    documents, size = [], 0
    while size < megabytes * 1e6:
        first = draw.randrange(len(paragraphs))
        documents.append("\n\n".join(paragraphs[first:first + draw.randint(1, 12)]))
        size += len(documents[-1].encode())
    paths = [folder / "documents.jsonl", folder / "documents.txt"]
    with open(paths[0], "w") as file:
        for i, document in enumerate(documents):
            row = {"id": i, "text": document, "url": f"https://example.org/{i}"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    paths[1].write_text("".join(" ".join(d.split("\n")) + "\n" for d in documents))
    try:
        import pyarrow
        import pyarrow.parquet
        paths.append(folder / "documents.parquet")
        pyarrow.parquet.write_table(pyarrow.table({"text": documents}), paths[-1])
    except ImportError:
        print("no pyarrow: no Parquet")
    return paths, size


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--ore", default="build/ore")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths, size = make_inputs(o.text, o.megabytes, folder)
        empty = folder / "empty.txt"
        empty.write_text("\n")

        def ore(path):
            return seconds_of([o.ore, "data", "prepare", str(path), "--documents", "lines", "--out",
                               str(folder / "shards"), "--tokenizer", o.tokenizer, "--force",
                               "--threads", "1"])

        def python(path):
            return seconds_of([sys.executable, "-c", PYTHON, o.tokenizer, str(path),
                               str(folder / "ids.bin")])

        sides = {"ore": ore, "python": python}
        start = {side: min(run(empty) for _ in range(3)) for side, run in sides.items()}
        for path in paths:
            least = {side: float("inf") for side in sides}
            for _ in range(3):
                for side, run in sides.items():
                    least[side] = min(least[side], run(path) - start[side])
            info = subprocess.run([o.ore, "data", "info", str(folder / "shards")], text=True,
                                  capture_output=True, check=True).stdout
            tokens = f"{(folder / 'ids.bin').stat().st_size // 4:,} tokens"
            rate = {side: size / 1e6 / s for side, s in least.items()}
            print(f"{path.suffix[1:]:8} ore {rate['ore']:6.1f} MB/s, Python {rate['python']:6.1f} "
                  f"MB/s, ratio {rate['ore'] / rate['python']:.1f}; "
                  f"{'as many tokens' if tokens in info else 'OTHER TOKENS: ' + info}")


if __name__ == "__main__":
    main()
