#!/usr/bin/env python3
"""tokenizer_training.py ORE: tokenizers that `ore tokenizer train` and Hugging Face's tokenizers learn
from the same texts.

BPE: the same merges in the same order, for several texts, patterns and sizes. WordPiece: the same
tokens but for ties, which tokenizers decides anew in every run. Unigram: no more tokens for the text
than with tokenizers' vocabulary of the same size. Each file opens in tokenizers, which encodes as Ore
does. Without tokenizers it says so and exits with 77, which CTest takes for skipped.
"""
import json
import random
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

try:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
except ImportError:
    print("skipped: this Python has no tokenizers")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[1]
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
faults = []


def texts():
    """Names; words that follow Zipf's law; runs, marks and other scripts; most of Unicode."""
    draw = random.Random(4)
    yield "names", (ROOT / "data" / "names.txt").read_text(encoding="utf-8")
    words = ["".join(draw.choice("etaoinshrdlu") for _ in range(draw.randint(1, 9)))
             for _ in range(3000)]
    weights = [1 / (r + 3) for r in range(len(words))]
    yield "words", " ".join(draw.choices(words, weights, k=60000))
    parts = ["aaaa", "  ", "\n\n", "\t", "'ll", "don't", "12345", "é", "e\u0301", "中文", "кот", "🙂",
             "...", "--", "x=", "(a)", "ab", "ba", "\u00a0", "ß"]
    yield "marks", "".join(draw.choice(parts) * draw.randint(1, 4) for _ in range(20000))
    drawn = (chr(draw.choice([draw.randint(32, 126), draw.randint(160, 0xD7FF),
                              draw.randint(0x10000, 0x1FFFF)])) for _ in range(60000))
    # without code points that are assigned in some libraries' version of Unicode alone
    yield "unicode", "".join(c for c in drawn if unicodedata.category(c) != "Cn")


def check(what, holds):
    print(f"{what}: {'as it should be' if holds else 'NOT as it should be'}")
    if not holds:
        faults.append(what)


def ore(program, text, folder, *words):
    source, out = Path(folder, "text.txt"), Path(folder, "ore.json")
    source.write_text(text, encoding="utf-8", newline="")
    subprocess.run([program, "tokenizer", "train", source, "--out", out, *words], check=True,
                   stdout=subprocess.DEVNULL)
    ids = subprocess.run([program, "tokenizer", "encode", "--tokenizer", out], check=True,
                         input=text.encode(), capture_output=True).stdout
    return json.loads(out.read_text(encoding="utf-8")), out, [int(i) for i in ids.split()]


def check_file(what, out, text, ids):
    theirs = Tokenizer.from_file(str(out)).encode(text, add_special_tokens=False).ids
    check(f"{what}: tokenizers opens the file and gives the same ids", theirs == ids)


def merges_of(model):
    return [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in model["merges"]]


def compare_bpe(program, folder, name, text, pattern, size, frequency):
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern == "gpt2")
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = level if pattern == "gpt2" else pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(CL100K), "isolated"), level])
    theirs.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=size, min_frequency=frequency, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    ours, out, ids = ore(program, text, folder, "--vocab-size", str(size), "--special", "none",
                         "--min-frequency", str(frequency), "--pattern",
                         pattern if pattern == "gpt2" else CL100K)
    want = json.loads(theirs.to_str())["model"]
    what = f"bpe, {name}, {pattern}, {size} tokens"
    check(f"{what}: {len(want['merges'])} merges", merges_of(ours["model"]) == merges_of(want)
          and ours["model"]["vocab"] == want["vocab"])
    check_file(what, out, text, ids)


def compare_wordpiece(program, folder, name, text, size):
    theirs = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    theirs.normalizer = normalizers.BertNormalizer(lowercase=True)
    theirs.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    theirs.train_from_iterator([text], trainers.WordPieceTrainer(
        vocab_size=size, min_frequency=2, show_progress=False, special_tokens=["[UNK]"]))
    ours, out, ids = ore(program, text, folder, "--model", "wordpiece", "--lowercase",
                         "--special", "[UNK]", "--vocab-size", str(size))
    a, b = set(ours["model"]["vocab"]), set(theirs.get_vocab())
    what = f"wordpiece, {name}, {size} tokens"
    check(f"{what}: {len(a - b)} of {len(a)} differ",
          len(a) == len(b) and len(a - b) <= len(a) / 50)
    check_file(what, out, text, ids)


def compare_unigram(program, folder, name, text, size):
    split = pre_tokenizers.Sequence([
        pre_tokenizers.Split("\n", "isolated"),
        pre_tokenizers.Metaspace(prepend_scheme="never", split=True)])
    theirs = Tokenizer(models.Unigram())
    theirs.pre_tokenizer = split
    theirs.train_from_iterator([text], trainers.UnigramTrainer(
        vocab_size=size, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False))
    _, out, ids = ore(program, text, folder, "--model", "unigram", "--special", "<unk>",
                      "--vocab-size", str(size))
    count = len(theirs.encode(text).ids)
    what = f"unigram, {name}, {size} tokens"
    check(f"{what}: {len(ids)} tokens of the text, {count} with tokenizers", len(ids) <= 1.01 * count)
    check_file(what, out, text, ids)


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts():
            for pattern, size, frequency in [("gpt2", 700, 2), ("gpt2", 20000, 0),
                                             ("cl100k", 1500, 3)]:
                compare_bpe(program, folder, name, text, pattern, size, frequency)
            if name in ("names", "words"):
                compare_wordpiece(program, folder, name, text, 800)
                compare_unigram(program, folder, name, text, 800)
    print(f"{len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
