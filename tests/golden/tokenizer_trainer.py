#!/usr/bin/env python3
"""Writes tokenizer_trainer.tsv: what Hugging Face's tokenizers learns from data/names.txt, for
tests/test_tokenizer_trainer.c. Needs the package tokenizers (0.23.3 made the file).

BPE: the tokens behind the 256 bytes in the order of their ids, in hexadecimal. WordPiece: its tokens
in the order of their bytes, since tokenizers numbers characters inside of words in an order that
differs from run to run; min_frequency
ends both before the vocabulary is full, and pairs as rare as to depend on that order are not among
WordPiece's.
"""
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent


def bytes_of_letters():
    """Which byte each letter of byte-level vocabularies stands for."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {chr(b): b for b in shown}
    hidden = [b for b in range(256) if b not in shown]
    letters.update({chr(256 + i): b for i, b in enumerate(hidden)})
    return letters


def learn_bpe(text):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=10000, min_frequency=40, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    letters = bytes_of_letters()
    vocab = tokenizer.get_vocab()
    tokens = sorted(vocab, key=vocab.get)[256:]
    return [bytes(letters[c] for c in token).hex() for token in tokens]


def learn_wordpiece(text):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator([text], trainers.WordPieceTrainer(
        vocab_size=10000, min_frequency=100, special_tokens=["[UNK]"], show_progress=False))
    return sorted(tokenizer.get_vocab())


def main():
    text = (HERE.parents[1] / "data" / "names.txt").read_text(encoding="utf-8")
    with open(HERE / "tokenizer_trainer.tsv", "w", encoding="utf-8") as file:
        for token in learn_bpe(text):
            print("bpe", token, sep="\t", file=file)
        for token in learn_wordpiece(text):
            print("wordpiece", token.encode().hex(), sep="\t", file=file)


if __name__ == "__main__":
    main()
