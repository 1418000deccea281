#!/usr/bin/env python3
"""bpe_compare.py LIB [--strings N] [--seed S] [--speed]: Ore's BPE tokenizers against tiktoken and
Hugging Face's tokenizers, over random strings of all of Unicode and a long text: ids, ranges, and the
text that ids give back. LIB is libore.so.

Files of others are looked for in the folder that ORE_MODELS names (litellm and whisper, unpacked from
PyPI's packages litellm and openai-whisper) and in the one that ORE_SHARED names (data/tokenizers with
GPT-2's files, golden/public/tokenizers.json with ids of 499 strings); what is absent is told and left
out. Code points are those that Python's unicodedata knows, which is older than the tables compared.

With --speed it times all of them in turn over one text, on one thread, and prints the best of each."""
import argparse
import base64
import ctypes as C
import glob
import json
import os
import random
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

try:
    import tiktoken
    import tokenizers
    from tiktoken_ext import openai_public
except ImportError:
    print("[  SKIPPED ] bpe_compare: no Python with tiktoken and tokenizers (ORE_PYTHON names one)")
    sys.exit(77)

MODELS = os.environ.get("ORE_MODELS", "")
SHARED = os.environ.get("ORE_SHARED", str(Path(__file__).parents[2] / "shared"))
LITELLM = "litellm/litellm_core_utils/tokenizers/"
RANKS = {  # name: file, pattern of tiktoken, key of the golden ids
    "cl100k": (LITELLM + "9b5ad71b2ce5302211f9c61530b329a4922fc6a4", "cl100k_base"),
    "o200k": (LITELLM + "fb374d419588a4632f3f557e76b4b70aebbca790", "o200k_base"),
    "whisper": ("whisper/*/whisper/assets/multilingual.tiktoken", "whisper_multilingual"),
    "gpt2 ranks": ("whisper/*/whisper/assets/gpt2.tiktoken", None),
}


class Ore:
    """The functions of libore that are compared."""

    def __init__(self, path):
        self.c = C.CDLL(path)
        p, n = C.c_void_p, C.c_int64
        for name, result, arguments in (("load", p, [C.c_char_p]), ("free", None, [p]),
                                        ("encode_with", n, [p, p, C.c_char_p, C.c_size_t, p, p, n]),
                                        ("save", C.c_int, [p, C.c_char_p]),
                                        ("decode", n, [p, p, n, C.c_char_p, C.c_size_t])):
            function = getattr(self.c, "ore_tokenizer_" + name)
            function.restype, function.argtypes = result, arguments
        self.c.ore_error_message.restype = C.c_char_p

    def check(self):
        message = self.c.ore_error_message().decode()
        self.c.ore_error_clear()
        if message:
            raise RuntimeError(message)

    def load(self, path):
        handle = self.c.ore_tokenizer_load(str(path).encode())
        self.check()
        return handle

    def encode(self, tokenizer, data, ranges=False):
        room = 2 * len(data) + 8
        ids, places = (C.c_int64 * room)(), (C.c_int64 * (2 * room))() if ranges else None
        count = self.c.ore_tokenizer_encode_with(tokenizer, None, data, len(data), ids, places, room)
        self.check()
        if not ranges:
            return ids[:count]
        return ids[:count], [(places[2 * i], places[2 * i + 1]) for i in range(count)]

    def decode(self, tokenizer, ids, room):
        text = C.create_string_buffer(room + 8)
        count = self.c.ore_tokenizer_decode(tokenizer, (C.c_int64 * len(ids))(*ids), len(ids), text, room + 8)
        self.check()
        return text.raw[:count]


# ---- texts ----

ASSIGNED = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
POOLS = [[chr(c) for c in range(32, 127)], list(" \n\r\t\u00a0\u3000\u2028\x0b\x85\u180e"),
         list("'sStTrReEvVmMlLdD\u017f "), list("aAbBéÉßДдЖж中文字ｱア\u0301\u0308ǅʰ"), list("0123456789٣४½Ⅷ²"),
         list(".,;:!?/\\-_()[]{}\"'`~@#$%^&*+=<>|"),
         ["<|endoftext|>", "<|im_start|>", "\r\n", "  ", "   ", "'ll", "'RE", " the", " of", "ing"]]


def random_string(r):
    kind, length = r.random(), r.choice([1, 2, 3, 5, 8, 13, 30, 80])
    if kind < 0.1:
        return r.choice(r.choice(POOLS)) * r.choice([5, 50, 300])
    if kind < 0.25:
        return "".join(r.choice(ASSIGNED) for _ in range(length))
    return "".join(r.choice(r.choice(POOLS)) for _ in range(length))


def long_text(size):
    """Documentation and sources of this machine, in an order drawn from a seed; and random strings."""
    names = sorted(glob.glob("/usr/share/doc/**/*", recursive=True) +
                   glob.glob(str(Path(os.__file__).parent / "**/*.py"), recursive=True))
    random.Random(1).shuffle(names)
    parts, total = [], 0
    for name in names:
        if total < size and os.path.isfile(name) and not name.endswith(".gz"):
            try:
                parts.append(Path(name).read_text(encoding="utf-8")[:60000])
                total += len(parts[-1])
            except (UnicodeDecodeError, OSError):
                pass
    r = random.Random(2)
    while total < size:
        parts.append(random_string(r))
        total += len(parts[-1])
    return "".join(parts)[:size]


# ---- what Ore is compared with ----

def read_ranks(path):
    return {base64.b64decode(token): int(rank)
            for token, rank in (line.split() for line in open(path, "rb") if line.strip())}


def bytes_of_letters():
    """GPT-2's printable characters for bytes, the other way round."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(others)}


def pattern_of(name):
    if name == "cl100k":
        return next(c for c in openai_public.cl100k_base.__code__.co_consts if isinstance(c, str) and "{1,3}+" in c)
    if name == "o200k":
        parts = next(c for c in openai_public.o200k_base.__code__.co_consts if isinstance(c, tuple) and len(c) > 5)
        return "|".join(parts)
    return openai_public.r50k_pat_str


def find(pattern):
    found = sorted(glob.glob(os.path.join(MODELS, pattern))) if MODELS else []
    return found[0] if found else None


def sides():
    """Each tokenizer that is here: its name, its file, and functions of a text that give ids (and
    offsets in characters, or None)."""
    for name, (file, golden) in RANKS.items():
        path = find(file)
        if not path:
            print(f"[  SKIPPED ] {name}: {file} is not below ORE_MODELS ({MODELS or 'unset'})")
            continue
        other = tiktoken.Encoding(name, pat_str=pattern_of(name), mergeable_ranks=read_ranks(path),
                                  special_tokens={})
        yield name, path, golden, lambda text, e=other: (e.encode_ordinary(text), None)
    vocab, merges = (Path(SHARED) / "data/tokenizers" / n for n in ("gpt2.vocab.json", "gpt2.merges.txt"))
    if not vocab.exists():
        print(f"[  SKIPPED ] gpt2: {vocab} is absent")
        return
    letters = bytes_of_letters()
    ranks = {bytes(letters[c] for c in token): rank for token, rank in json.loads(vocab.read_text()).items()
             if token != "<|endoftext|>"}
    other = tiktoken.Encoding("gpt2", pat_str=openai_public.r50k_pat_str, mergeable_ranks=ranks, special_tokens={})
    yield "gpt2 by tiktoken", vocab, None, lambda text: (other.encode_ordinary(text), None)
    hugging = tokenizers.ByteLevelBPETokenizer(str(vocab), str(merges))
    yield "gpt2", vocab, None, lambda text: (lambda e: (e.ids, e.offsets))(hugging.encode(text))


def made(folder):
    """Small tokenizers with each option of BPE, trained here by Hugging Face's tokenizers."""
    text = [long_text(100_000)] + ["aaab bbba abab ", "über Straße naïve 中文 кот "] * 50
    options = {"plain": {}, "unknown": {"unk_token": "<unk>"}, "fused": {"unk_token": "<unk>", "fuse_unk": True},
               "fallback": {"unk_token": "<unk>", "byte_fallback": True},
               "whole": {"unk_token": "<unk>", "ignore_merges": True},
               "prefix": {"unk_token": "<unk>", "continuing_subword_prefix": "##"},
               "suffix": {"unk_token": "<unk>", "end_of_word_suffix": "</w>"},
               "both": {"unk_token": "<unk>", "fuse_unk": True, "continuing_subword_prefix": "##",
                        "end_of_word_suffix": "</w>"}}
    splitters = {"": None, " words": tokenizers.pre_tokenizers.WhitespaceSplit(),
                 " bytes": tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)}
    for name, option in options.items():
        for kind, splitter in splitters.items():
            affixes = {k: v for k, v in option.items() if k.endswith("fix")}
            t = tokenizers.Tokenizer(tokenizers.models.BPE(**option))
            alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet() if kind == " bytes" else []
            if kind == " bytes" and (affixes or option.get("byte_fallback")):
                continue  # no file of others has both
            if splitter:
                t.pre_tokenizer = splitter
            special = ["<unk>"] + [f"<0x{b:02X}>" for b in range(256)] * bool(option.get("byte_fallback"))
            alphabets = {"initial_alphabet": alphabet} if alphabet else {"limit_alphabet": 90}
            trainer = tokenizers.trainers.BpeTrainer(vocab_size=900, special_tokens=special, show_progress=False,
                                                     **alphabets, **affixes)
            t.train_from_iterator(text, trainer)
            saved = json.loads(t.to_str())
            saved["added_tokens"] = []  # else they would be found in texts
            path = Path(folder) / f"{name}{kind}.json"
            path.write_text(json.dumps(saved))
            t = tokenizers.Tokenizer.from_file(str(path))
            yield f"made, {name}{kind}", path, lambda text, t=t: (lambda e: (e.ids, e.offsets))(t.encode(text))


def characters(data, ranges):
    """Ranges of bytes as those of the characters that they touch."""
    begun = [0]
    for byte in data:
        begun.append(begun[-1] + ((byte & 0xC0) != 0x80))
    return [(begun[start + 1] - 1, begun[end]) for start, end in ranges]


def compare(ore, handle, other, texts, name, back=True):
    differ = 0
    for text in texts:
        data = text.encode()
        want, offsets = other(text)
        got, ranges = ore.encode(handle, data, True)
        same = got == want and (offsets is None or characters(data, ranges) == offsets)
        if not same or (back and ore.decode(handle, got, len(data)) != data):
            differ += 1
            if differ < 4:
                print(f"{name}: {text[:200]!r}: {got[:20]}, expected {want[:20]}")
    print(f"{name}: {len(texts)} texts, {differ} differ")
    return differ


def compare_saved(ore, handle, texts, name):
    """What Ore writes as tokenizer.json, read by Hugging Face's tokenizers, and by Ore again."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tokenizer.json")
        ore.c.ore_tokenizer_save(handle, path.encode())
        ore.check()
        other, again = tokenizers.Tokenizer.from_file(path), ore.load(path)
    ore.c.ore_tokenizer_equal.restype, ore.c.ore_tokenizer_equal.argtypes = C.c_bool, [C.c_void_p] * 2
    differ = not ore.c.ore_tokenizer_equal(handle, again)
    for text in texts:
        want = ore.encode(handle, text.encode())
        read = other.encode(text).ids
        differ += read != want or ore.encode(again, text.encode()) != want or other.decode(read) != text
    ore.c.ore_tokenizer_free(again)
    print(f"{name}, saved: {len(texts)} texts, {differ} differ")
    return differ


def compare_golden(ore, handle, key, name):
    path = Path(SHARED) / "golden/public/tokenizers.json"
    if not key or not path.exists():
        return 0
    golden = json.loads(path.read_text())
    wrong = [s for s, ids in zip(golden["strings"], golden["ids"][key]) if ore.encode(handle, s.encode()) != ids]
    print(f"{name}: {len(golden['strings'])} golden strings, {len(wrong)} differ {wrong[:3]}")
    return len(wrong)


# ---- speed ----

def best(function, rounds):
    times = []
    for _ in range(rounds):
        begin = time.process_time()  # of this process alone: other ones do not count
        function()
        times.append(time.process_time() - begin)
    return min(times)


def measure(ore, text):
    os.environ["RAYON_NUM_THREADS"] = "1"
    ore.c.ore_set_num_threads(1)
    data = text.encode()
    room = len(data)
    ids = (C.c_int64 * room)()
    times = {}
    sides_here = [(n, p, o) for n, p, _, o in sides() if n in ("cl100k", "o200k", "gpt2", "gpt2 by tiktoken")]
    handles = {n: ore.load(p) for n, p, _ in sides_here}
    for _ in range(3):  # in turn, so that what else the machine does falls on all
        for name, _, other in sides_here:
            took = best(lambda: ore.c.ore_tokenizer_encode_with(handles[name], None, data, room, ids, None, room), 3)
            times.setdefault(name, [[], []])[0].append(took)
            times[name][1].append(best(lambda: other(text), 1))
    for name, (own, others) in times.items():
        print(f"{name}: Ore {room / min(own) / 1e6:.1f} MB/s, the other {room / min(others) / 1e6:.2f} MB/s, "
              f"{min(others) / min(own):.1f} times as fast")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("library")
    a.add_argument("--strings", type=int, default=2000)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--text", type=int, default=200000, help="characters of the long text")
    a.add_argument("--speed", action="store_true")
    a = a.parse_args()
    ore = Ore(a.library)
    if a.speed:
        measure(ore, long_text(10_000_000))
        return 0
    r = random.Random(a.seed)
    texts = [random_string(r) for _ in range(a.strings)]
    long = long_text(a.text)
    differ = compared = 0
    for name, path, golden, other in sides():
        handle = ore.load(path)
        differ += compare(ore, handle, other, texts, name) + compare(ore, handle, other, [long], name + ", long")
        differ += compare_golden(ore, handle, golden, name)
        differ += compare_saved(ore, handle, [t for t in texts if "<|" not in t], name)
        ore.c.ore_tokenizer_free(handle)
        compared += 1
    with tempfile.TemporaryDirectory() as folder:
        for name, path, other in made(folder):
            handle = ore.load(path)
            differ += compare(ore, handle, other, texts, name, False)
            ore.c.ore_tokenizer_free(handle)
            compared += 1
    print(f"{compared} tokenizers compared, {differ} differences")
    return differ > 0


if __name__ == "__main__":
    sys.exit(main())
