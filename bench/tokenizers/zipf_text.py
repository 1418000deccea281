#!/usr/bin/env python3
"""Writes a text of a given size whose words follow Zipf's law: the word of rank r is drawn with a
probability that is proportional to 1 / (r + 2.7), from 1.5 million words by default. The same
arguments give the same bytes.

    zipf_text.py FILE MIB [--words N] [--seed N]
"""
import argparse

import numpy as np

ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl cr dr fl gr pl pr sh sl sp st th tr".split()
VOWELS = "a e i o u a e i o e ai ea ee io ou".split()
CODAS = ["", "", "", "", "n", "r", "s", "t", "l", "d", "m", "nd", "ng", "st", "ck"]
LINE_WORDS = 12
BLOCK_WORDS = 1 << 20


def make_words(count, random):
    """Different words, the short ones first, of two parts of a syllable at least."""
    syllables = sorted({o + v + c for o in ONSETS for v in VOWELS for c in CODAS})
    syllables = [syllables[i] for i in random.permutation(len(syllables))]
    words, seen, length = [], set(), 1
    while len(words) < count:
        wanted = min(count - len(words), [0, 1500, 60000][length] if length < 3 else count)
        picks = random.integers(0, len(syllables), (wanted, length))
        for pick in picks:
            word = "".join(syllables[i] for i in pick)
            if word not in seen:
                seen.add(word)
                words.append(word)
        length = min(length + 1, 3)
    return words


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("mib", type=int)
    parser.add_argument("--words", type=int, default=1_500_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random = np.random.default_rng(args.seed)
    words = make_words(args.words, random)
    shares = np.cumsum(1 / (np.arange(len(words)) + 2.7))
    used = np.zeros(len(words), bool)
    left, total = args.mib << 20, 0
    with open(args.file, "wb") as file:
        while left > 0:
            ranks = np.searchsorted(shares, random.random(BLOCK_WORDS) * shares[-1])
            used[ranks] = True
            text = [words[r] for r in ranks]
            lines = [" ".join(text[i:i + LINE_WORDS]) for i in range(0, BLOCK_WORDS, LINE_WORDS)]
            block = ("\n".join(lines) + "\n").encode()[:left]
            file.write(block)
            left -= len(block)
            total += BLOCK_WORDS
    print(f"{args.file}: {args.mib} MiB, about {total} words, {int(used.sum())} different ones")


if __name__ == "__main__":
    main()
