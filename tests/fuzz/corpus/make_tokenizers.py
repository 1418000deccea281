#!/usr/bin/env python3
"""make_tokenizers.py: writes the seeds of fuzz_hugging_face, fuzz_sentencepiece and fuzz_gguf into
the folders beside it: small files with every stage and every kind of value."""
import base64
import json
import struct
from pathlib import Path

here = Path(__file__).resolve().parent
golden = {t["name"]: t for t in json.loads((here / "../../golden/tokenizers.json").read_text())
          ["tokenizers"]}


def charsmap():
    """A trie with one key, "a" -> "bc": the root's offset leads to unit 'a', whose leaf has 0."""
    units = [0] * 256
    units[0] = 1 << 10 | 0
    units[1 ^ ord("a")] = ord("a") | 1 << 8 | 2 << 10
    units[(1 ^ ord("a")) ^ 2] = 1 << 31
    return struct.pack("<I256I", 1024, *units) + b"bc\0"


WORDS = {"<u>": 0, "a": 1, "b": 2, "##b": 3, "ab": 4, " ": 5, "\u2581": 6, "\u2581a": 7, "x": 8}


def added(content, token, **flags):
    row = {"id": token, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
           "normalized": False, "special": True}
    return {**row, **flags}


def hugging_face():
    normalizers = [
        {"type": t} for t in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt")] + [
        {"type": "Strip", "strip_left": True, "strip_right": True},
        {"type": "Prepend", "prepend": "\u2581"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
        {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap()).decode()},
        {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
         "strip_accents": None, "lowercase": True}]
    pres = [{"type": "BertPreTokenizer"}, {"type": "Digits", "individual_digits": True},
            {"type": "Punctuation", "behavior": "Contiguous"}, {"type": "WhitespaceSplit"},
            {"type": "CharDelimiterSplit", "delimiter": "x"}, {"type": "FixedLength", "length": 3},
            {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True},
            {"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Removed", "invert": False}]
    posts = [{"type": "BertProcessing", "sep": ["b", 2], "cls": ["a", 1]},
             {"type": "RobertaProcessing", "sep": ["b", 2], "cls": ["a", 1], "trim_offsets": True,
              "add_prefix_space": True},
             {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}]
    decoders = [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                {"type": "ByteFallback"}, {"type": "WordPiece", "prefix": "##", "cleanup": True},
                {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
                {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]
    models = {
        "bpe": {"type": "BPE", "unk_token": "<u>", "vocab": WORDS, "merges": ["a b"],
                "byte_fallback": True, "fuse_unk": True},
        "unigram": {"type": "Unigram", "unk_id": 0, "byte_fallback": False,
                    "vocab": [[w, -float(i)] for w, i in WORDS.items()]},
        "wordpiece": {"type": "WordPiece", "unk_token": "<u>", "vocab": WORDS,
                      "continuing_subword_prefix": "##", "max_input_chars_per_word": 9},
        "wordlevel": {"type": "WordLevel", "unk_token": "<u>", "vocab": WORDS}}
    for i, (name, model) in enumerate(models.items()):
        yield name, json.dumps({
            "version": "1.0", "model": model,
            "added_tokens": [added("<s>", 9, lstrip=True), added("It", 10, single_word=True),
                             added("Ab", 11, normalized=True, special=False, rstrip=True)],
            "normalizer": {"type": "Sequence", "normalizers": normalizers[i::3]},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": pres[i::3]},
            "post_processor": {"type": "Sequence", "processors": posts[i % 3:]},
            "decoder": {"type": "Sequence", "decoders": decoders}}).encode()
    template = json.loads(golden["llama"]["file"])["post_processor"]
    for decoder in ({"type": "BPEDecoder", "suffix": "b"},
                    {"type": "CTC", "pad_token": "a", "word_delimiter_token": "x", "cleanup": True}):
        yield decoder["type"].lower(), json.dumps({"model": models["wordlevel"],
                                                   "decoder": decoder}).encode()
    yield "template", json.dumps({"model": models["wordlevel"], "post_processor": template}).encode()


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value(key, kind, data):
    return text("tokenizer.ggml." + key) + struct.pack("<I", kind) + data


def array(kind, items):
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def gguf(*values):
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(values)) + b"".join(values)


def gguf_files():
    texts = lambda items: array(8, [text(t) for t in items])  # noqa: E731
    types = lambda items: array(5, [struct.pack("<i", t) for t in items])  # noqa: E731
    scores = array(6, [struct.pack("<f", -float(i)) for i in range(6)])
    yield "gpt2", gguf(value("model", 8, text("gpt2")), value("pre", 8, text("llama-bpe")),
                       value("tokens", 9, texts(["<s>", "a", "b", "ab", "\u0120", "\u0120a"])),
                       value("token_type", 9, types([3, 1, 1, 1, 1, 1])),
                       value("merges", 9, texts(["a b", "\u0120 a"])),
                       value("bos_token_id", 4, struct.pack("<I", 0)))
    for name in ("llama", "t5"):
        yield name, gguf(value("model", 8, text(name)),
                         value("tokens", 9, texts(["<u>", "<s>", "\u2581", "a", "\u2581a", "aa"])),
                         value("scores", 9, scores), value("token_type", 9, types([2, 3, 1, 1, 1, 5])),
                         value("precompiled_charsmap", 9, array(0, [bytes([b]) for b in charsmap()])),
                         value("add_eos_token", 7, b"\1"),
                         value("eos_token_id", 4, struct.pack("<I", 1)))
    yield "bert", gguf(value("model", 8, text("bert")),
                       value("tokens", 9, texts(["[UNK]", "[CLS]", "[SEP]", "\u2581a", "b"])),
                       value("cls_token_id", 4, struct.pack("<I", 1)),
                       value("seperator_token_id", 4, struct.pack("<I", 2)))


def field(number, data):
    return bytes([number << 3 | 2, len(data)]) + data


def sentencepiece_files():
    def piece(word, score, kind):
        body = field(1, word.encode()) + b"\x15" + struct.pack("<f", score) + bytes([0x18, kind])
        return field(1, body)
    pieces = b"".join(piece(*p) for p in (
        ("<unk>", 0, 2), ("<s>", 0, 3), ("\u2581", -1, 1), ("a", -2, 1), ("\u2581a", -3, 1),
        ("It", 0, 4), ("aa", -4, 5), ("l", -5, 1)))
    rules = charsmap()
    spec = b"\x12" + bytes([len(rules) & 0x7F | 0x80, len(rules) >> 7]) + rules + b"\x18\1\x20\1"
    normal = b"\x1a" + bytes([len(spec) & 0x7F | 0x80, len(spec) >> 7]) + spec
    for kind, name in ((1, "unigram"), (2, "bpe"), (3, "word"), (4, "char")):
        trainer = field(2, bytes([0x18, kind]))
        yield name, pieces + trainer + normal
        yield name + "_plain", pieces + trainer + field(3, b"\x20\0")


for folder, files in (("hugging_face", hugging_face()), ("gguf", gguf_files()),
                      ("sentencepiece", sentencepiece_files())):
    for name, data in files:
        (here / folder / name).write_bytes(data)
