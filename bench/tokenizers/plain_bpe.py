#!/usr/bin/env python3
"""Byte-pair encoding as it is usually explained, in plain Python: count all pairs, join the most
frequent one everywhere, and begin again. Prints its merges and the seconds that it took.

    plain_bpe.py FILE VOCAB_SIZE [--pattern gpt2]

Ties go as in `ore tokenizer train`: the lower left id first, then the lower right one, with the ids
of bytes in GPT-2's order.
"""
import argparse
import time

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def byte_ids():
    """The ids of the 256 bytes in the order of GPT-2's vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    order = shown + [b for b in range(256) if b not in shown]
    return {b: i for i, b in enumerate(order)}


def count_pairs(ids, counts):
    for pair in zip(ids, ids[1:]):
        counts[pair] = counts.get(pair, 0) + 1


def join(ids, pair, new):
    joined, i = [], 0
    while i < len(ids):
        if i < len(ids) - 1 and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            joined.append(new)
            i += 2
        else:
            joined.append(ids[i])
            i += 1
    return joined


def train(pieces, vocab_size):
    merges = []
    for new in range(256, vocab_size):
        counts = {}
        for ids in pieces:
            count_pairs(ids, counts)
        if not counts:
            break
        pair = min(counts, key=lambda p: (-counts[p], p))
        pieces = [join(ids, pair, new) for ids in pieces]
        merges.append((*pair, new))
    return merges


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("vocab_size", type=int)
    parser.add_argument("--pattern", choices=["none", "gpt2"], default="none")
    args = parser.parse_args()
    with open(args.file, encoding="utf-8") as file:
        text = file.read()
    start = time.perf_counter()
    if args.pattern == "gpt2":
        import regex
        texts = regex.findall(GPT2, text)
    else:
        texts = [text]
    ids = byte_ids()
    merges = train([[ids[b] for b in t.encode()] for t in texts], args.vocab_size)
    seconds = time.perf_counter() - start
    for merge in merges:
        print(*merge)
    print(f"seconds {seconds:.3f}")


if __name__ == "__main__":
    main()
