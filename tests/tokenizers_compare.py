#!/usr/bin/env python3
"""tokenizers_compare.py --lib LIBORE.SO [--strings N] [--only NAME] [--seed S]: the same texts through
Ore and through Hugging Face's tokenizers and SentencePiece: ids, the bytes that each stands for, and
what ids decode to must be equal.

Tokenizers: those that tests/tokenizers_made.py makes (every stage that Ore reads, and GGUF files of
SentencePiece's models and BERT's vocabulary, by the package gguf), those of published
files in the folder ORE_MODELS and of ORE_SHARED where they are there, and each of them again after
Ore has written it as tokenizer.json. Strings are drawn from a seed: words, all of Unicode, long runs,
white space, special tokens inside. Without tokenizers it says so and exits with 77, which CTest takes
for skipped.
"""
import argparse
import ctypes
import importlib.util
import os
import random
import sys
import tempfile
import unicodedata
from pathlib import Path

try:
    import tokenizers
except ImportError:
    print("skipped: this Python has no tokenizers")
    sys.exit(77)
try:
    import sentencepiece
except ImportError:
    sentencepiece = None
try:
    import gguf
except ImportError:
    gguf = None
sys.path.insert(0, str(Path(__file__).resolve().parent))
import tokenizers_made  # noqa: E402
from tokenizers_made import fields  # noqa: E402


class Range(ctypes.Structure):
    _fields_ = [("start", ctypes.c_int64), ("end", ctypes.c_int64)]


class Options(ctypes.Structure):
    _fields_ = [("add_special", ctypes.c_bool)]


class Ore:
    """A tokenizer of the library's."""

    def __init__(self, lib, path):
        self.lib = lib
        self.handle = lib.ore_tokenizer_load(str(path).encode())
        if not self.handle:
            message = lib.ore_error_message().decode()
            lib.ore_error_clear()
            raise ValueError(message)

    def save(self, path):
        if self.lib.ore_tokenizer_save(self.handle, str(path).encode()) != 0:
            message = self.lib.ore_error_message().decode()
            self.lib.ore_error_clear()
            raise ValueError(message)

    def encode(self, data, special=False):
        room = 4 * len(data) + 64
        ids, ranges = (ctypes.c_int64 * room)(), (Range * room)()
        options = Options(special)
        n = self.lib.ore_tokenizer_encode_with(self.handle, ctypes.byref(options), data, len(data),
                                               ids, ranges, room)
        if n < 0:
            message = self.lib.ore_error_message().decode()
            self.lib.ore_error_clear()
            return message, None
        return ids[:n], [(r.start, r.end) for r in ranges[:n]]

    def decode(self, ids):
        array = (ctypes.c_int64 * max(1, len(ids)))(*ids)
        n = self.lib.ore_tokenizer_decode(self.handle, array, len(ids), None, 0)
        text = ctypes.create_string_buffer(max(1, n))
        self.lib.ore_tokenizer_decode(self.handle, array, len(ids), text, n)
        return text.raw[:n].decode("utf-8", "replace")

    def close(self):
        self.lib.ore_tokenizer_free(self.handle)


def open_library(path):
    lib = ctypes.CDLL(path)
    lib.ore_tokenizer_load.restype = ctypes.c_void_p
    lib.ore_tokenizer_load.argtypes = [ctypes.c_char_p]
    lib.ore_tokenizer_save.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    lib.ore_tokenizer_free.argtypes = [ctypes.c_void_p]
    lib.ore_error_message.restype = ctypes.c_char_p
    lib.ore_tokenizer_encode_with.restype = ctypes.c_int64
    lib.ore_tokenizer_encode_with.argtypes = [
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p,
        ctypes.c_void_p, ctypes.c_int64]
    lib.ore_tokenizer_decode.restype = ctypes.c_int64
    lib.ore_tokenizer_decode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64,
                                         ctypes.c_void_p, ctypes.c_size_t]
    return lib


# ---- strings ----

# The libraries' tables are of different versions of Unicode, so marks, punctuation and controls that
# are younger than unicodedata's old version, 3.2, are not drawn.
OLD = unicodedata.ucd_3_2_0
BLOCKS = [(0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF),
          (0x590, 0x5F4), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE5B), (0x1100, 0x11FF),
          (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x20A0, 0x20BF), (0x2190, 0x22FF), (0x2460, 0x24FF),
          (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xAD00), (0xFB00, 0xFB4F), (0xFF00, 0xFF60),
          (0x1F300, 0x1F64F), (0x0, 0x20), (0x300, 0x36F), (0x300, 0x36F), (0x1D400, 0x1D4FF),
          (0x20000, 0x200FF), (0x2F800, 0x2F8FF)]
WORDS = ("the of and to in model token learning attention is was it for with as by on at from this "
         "Transformer gradient don't we'll they'd've it's I'M naïve café Straße ΣΟΦΟΣ İstanbul ﬁne "
         "日本語 中文 한국어 Русский עברית العربية हिन्दी 3.14159 1,000 0x1F x=y; #tag @user e.g. ...").split()


def is_drawn(c):
    young = OLD.category(c) == "Cn" and unicodedata.category(c) != "Cn"
    return not (young and unicodedata.category(c)[0] in "PMC")


def all_characters():
    return [chr(c) for c in range(0x110000)
            if not 0xD800 <= c < 0xE000 and OLD.category(chr(c)) != "Cn"]


def make_strings(count, seed, specials):
    draw = random.Random(seed)
    every = all_characters()
    blocks = [[c for c in map(chr, range(a, b + 1)) if is_drawn(c)] for a, b in BLOCKS]
    fixed = ["", " ", "  ", "\n", "a", " a", "a ", "  a  b  ", "\t\n a", "\u2581a", "a\u2581",
             "Hello, world!", "x" * 500, "ab" * 300, " " * 70, "\u00e9" * 40, "e\u0301" * 40,
             "a" + "\u0300\u0323" * 30, "\u0f73" * 20, "\r\n\r\n", "\u0000a\u0001", "\ufffd\ufeff"]
    for i in range(count):
        if i < len(fixed):
            yield fixed[i]
            continue
        way = draw.randrange(6)
        if way == 0:
            yield "".join(draw.choice(every) for _ in range(draw.randint(1, 24)))
        elif way == 1:
            yield "".join(draw.choice(draw.choice(blocks)) for _ in range(draw.randint(1, 40)))
        elif way == 2:
            block = draw.choice(blocks)
            yield "".join(draw.choice(block) for _ in range(draw.randint(1, 60)))
        else:
            parts = []
            for _ in range(draw.randint(1, 16)):
                word = draw.choice(WORDS)
                if draw.random() < 0.1:
                    word = word * draw.randint(1, 12)
                if draw.random() < 0.15:
                    word = word.upper()
                if specials and draw.random() < 0.12:
                    word = draw.choice(specials)
                parts.append(word)
                parts.append(draw.choice([" ", " ", " ", "", "  ", "\n", "\t", ", ", ". ", "\u00a0",
                                          "\u3000", "   "]))
            yield "".join(parts)


# ---- comparing ----

def character_places(text):
    """The byte at which each character begins, and the end."""
    places, at = [], 0
    for c in text:
        places.append(at)
        at += len(c.encode("utf-8", "surrogatepass"))
    return places + [at]


class HuggingFace:
    def __init__(self, path):
        self.tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.specials = [t.content for t in self.tokenizer.get_added_tokens_decoder().values()]

    def encode(self, text, special):
        try:
            e = self.tokenizer.encode(text, add_special_tokens=special)
        except Exception as error:  # a model without an unknown token
            return str(error), None
        places, end = character_places(text), len(text)  # which those of affixes pass
        return e.ids, [(places[min(a, end)], places[min(b, end)]) for a, b in e.offsets]

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=False)


class Transformers:
    """transformers' tokenizer of a folder, or of a GGUF file."""

    def __init__(self, path):
        import transformers
        path = Path(path)
        folder, file = (path.parent, path.name) if path.suffix == ".gguf" else (path.parent, None)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), gguf_file=file)
        self.specials = list(self.tokenizer.get_added_vocab())

    def encode(self, text, special):
        e = self.tokenizer(text, add_special_tokens=special, return_offsets_mapping=True,
                           verbose=False)
        places = character_places(text)
        return e["input_ids"], [(places[a], places[b]) for a, b in e["offset_mapping"]]

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=False,
                                     clean_up_tokenization_spaces=False)


class SentencePiece:
    specials = ["<s>", "</s>", "<0x41>", "<mask>"]

    def __init__(self, path):
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(path))

    def encode(self, text, special):
        message = self.processor.encode(text, return_type="serialized_proto")
        pieces = [dict(fields(value)) for number, value in fields(message) if number == 2]
        return ([p.get(2, 0) for p in pieces], [(p.get(4, 0), p.get(5, 0)) for p in pieces])

    def decode(self, ids):
        return self.processor.decode(ids)


def whole_characters(text, ranges):
    """Ranges that begin or end within a character, widened to all of it: Ore's are those of bytes."""
    inside = {}
    at = 0
    for c in text:
        size = len(c.encode("utf-8", "surrogatepass"))
        for k in range(1, size):
            inside[at + k] = (at, at + size)
        at += size
    return [(inside.get(a, (a, a))[0], inside.get(b, (b, b))[1]) for a, b in ranges]


def ranges_compare(name):
    """tokenizers counts each byte of an affix as one of the text, and an added token's spaces that
    another one is too as both of theirs; where it finds them in normalized text, Ore's ranges are
    side by side (docs/reference/text.md)."""
    return not name.startswith(("fallback_affixes", "spaces_behind"))


def decoding_compares(name):
    """A ByteLevel decoder of tokenizers takes the characters of added tokens for letters of bytes."""
    return not name.startswith("byte_level_added")


LONG = []  # one text, where --text asks for it


def texts_of(count, seed, specials):
    yield from make_strings(count, seed, specials)
    yield from LONG


def compare(name, lib, path, reference, count, seed, decodes=True, special=True):
    """Prints what differs; returns how many texts do."""
    ore = Ore(lib, path)
    with tempfile.TemporaryDirectory() as folder:
        again_path = Path(folder) / "tokenizer.json"
        ore.save(again_path)
        again = Ore(lib, again_path)
    wrong, kinds, ranges = 0, {}, ranges_compare(name)
    for text in texts_of(count, seed, reference.specials):
        data = text.encode()
        for add in ((False, True) if special else (False,)):
            want = reference.encode(text, add)
            got = ore.encode(data, add)
            problem = None
            if want[1] is None or got[1] is None:
                if (want[1] is None) != (got[1] is None):
                    problem = "error"
            elif got[0] != want[0]:
                problem = "ids"
            elif ranges and whole_characters(text, got[1]) != want[1]:
                problem = "ranges"
            elif again.encode(data, add)[0] != want[0]:
                problem = "ids after saving"
            elif decodes and not add and ore.decode(got[0]) != reference.decode(want[0]):
                problem = "decoding"
                want, got = (reference.decode(want[0]), ""), (ore.decode(got[0]), "")
            if problem:
                wrong += 1
                kinds[problem] = kinds.get(problem, 0) + 1
                if kinds[problem] <= 1:
                    print(f"{name}: {problem}: {text[:80]!a}\n  wants {str(want)[:300]}\n"
                          f"  gives {str(got)[:300]}")
                break
    ore.close()
    again.close()
    long = f" and a text of {len(LONG[0])} characters" if LONG else ""
    print(f"{name}: {count} strings{long}, {wrong} differ {kinds if kinds else ''}", flush=True)
    return wrong


def published():
    """(name, path, reference class, whether decoding is compared) of files that are there."""
    models, shared = os.environ.get("ORE_MODELS"), os.environ.get("ORE_SHARED")
    found = []
    if models:
        places = list(Path(models).glob("litellm/litellm_core_utils/tokenizers/*_tokenizer.json"))
        places += Path(models).glob("minilm/**/tokenizer.json")
        found += [(p.stem if p.stem != "tokenizer" else "minilm", p, HuggingFace, True)
                  for p in sorted(places)]
        if importlib.util.find_spec("transformers"):
            found += [(f"transformers_{name}", p, Transformers, decodes) for name, p, decodes in (
                [("minilm", p, False) for p in Path(models).glob("minilm/**/tokenizer.json")] +
                [("smollm2", p, True) for p in Path(models).glob("smollm2/**/*.gguf")])]
    if shared and sentencepiece:
        path = Path(shared) / "data/tokenizers/llama2.tokenizer.model"
        if path.exists():
            found.append(("llama2", path, SentencePiece, True))
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lib", required=True)
    parser.add_argument("--strings", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--text", type=int, default=0,
                        help="and one text of so many characters: what this machine documents")
    args = parser.parse_args()
    if args.text:
        import bpe_compare
        LONG.append(bpe_compare.long_text(args.text))
    lib = open_library(args.lib)
    wrong = 0
    files = published()
    if not files:
        print("no published files: ORE_MODELS names no folder with them")
    if not gguf or not sentencepiece:
        print("skipped: GGUF files: this Python has no gguf, or no sentencepiece")
    with tempfile.TemporaryDirectory() as folder:
        if gguf and sentencepiece and ("gguf" in args.only or not args.only):
            bert = next((path for name, path, _, _ in files if name == "minilm"), None)
            for name, path, origin in tokenizers_made.make_gguf(Path(folder), sentencepiece, gguf,
                                                                bert):
                if args.only in name:
                    reference = (HuggingFace if origin == bert else SentencePiece)(origin)
                    reference.specials = []  # what is a token to the file is a text to SentencePiece
                    wrong += compare(name, lib, path, reference, args.strings, args.seed, True,
                                     origin == bert)
        for name, path, kind in tokenizers_made.make_all(Path(folder), args.only, sentencepiece):
            files.append((name, path, HuggingFace if kind == "tokenizers" else SentencePiece,
                          decoding_compares(name)))
        for name, path, kind, decodes in files:
            if args.only in name:
                try:
                    wrong += compare(name, lib, path, kind(path), args.strings, args.seed, decodes)
                except ValueError as error:
                    print(f"{name}: {error}")
                    wrong += 1
    print(f"{wrong} differ in all")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
