#!/usr/bin/env python3
"""tokenizers_golden.py: writes tokenizers.json beside this file: small tokenizers made from fixed
seeds (tests/tokenizers_made.py), and the ids and bytes that Hugging Face's tokenizers 0.23.3 and
SentencePiece 0.2.3 give for a few texts. `file` is the text of a tokenizer.json, `model` a
SentencePiece model in base64."""
import base64
import json
import sys
import tempfile
from pathlib import Path

import sentencepiece

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
import tokenizers_compare  # noqa: E402
import tokenizers_made  # noqa: E402
from tokenizers import decoders, normalizers, pre_tokenizers  # noqa: E402

TEXTS = ["", " ", "a", "  The quick  brown fox's 3.14159 Straße, naïve café!\n", "<s>x</s> <mask> ok",
         "e\u0301a\u0323\u0302 \ufb01ne \uff21\uff22 \u2460 \u0130", "日本語の文章です。中文 한국어",
         "हिन्दी עברית العربية", "\U0001f600\u200d\U0001f680 \u00e9\u00e9\u00e9", "x" * 40,
         "Model words, to token: Model's model.", "tabs\tand\r\nlines \u3000 wide  "]
SPACES = ["a<sep>  b", "a<sep>   b", "<sep>    b", "a<sep> \nb", "a<SEP> x", "a<sep>  xb", "a<sep>  ",
          "<sep> <l>", "a<sep>   <l>b", "a<sep>    <l>", "<sep>  <sep>  b", "a\n  \n \nb To KEN",
          "a\t\t b", "a<sep> \t b", "\t <sep>\t\tb", "<sep> \u3000b", "\n\t\u3000 <l>"]
BYTES = ["qq\u00e9z", "z\u00e9q\u4e2dq a", "qaq\u00dfqqz", "loq\u00e9 \u00e9l", "\u4e2d", "lol"]


def chosen():
    n, p = normalizers, pre_tokenizers
    made = tokenizers_made
    size = 150
    yield "bert", made.bert(size)
    yield "bert_added", made.with_added(made.bert(size))
    yield "llama", made.llama(size)
    yield "roberta", made.roberta(330)
    yield "byte_level_added", made.with_added(made.byte_level(n.NFKC(), None, 300))
    yield "byte_level_gaps", made.with_gaps(made.byte_level(None, None, 280), "ĠĶ,")
    yield "unigram", made.unigram(n.Sequence([n.NFKD(), n.StripAccents(), n.Lowercase()]),
                                  p.Metaspace(), size)
    whole = made.unigram(n.Nmt(), p.Metaspace(prepend_scheme="first", split=False), size)
    whole.decoder = decoders.Metaspace(prepend_scheme="first")
    yield "unigram_whole", whole
    yield "split_twice", made.unigram(n.NFKC(), p.Sequence([p.WhitespaceSplit(), p.Metaspace()]),
                                      size)
    yield "suffixes", made.of_suffixes(200)
    yield "speech", made.of_speech(True)
    yield "word_level", made.word_level(n.NFC(), p.Sequence([p.Whitespace(), p.Digits(True)]))
    yield "spaces_before", made.around_spaces(False)
    yield "spaces_behind", made.around_spaces(True)
    yield "fallback_apart", made.byte_fallback("q\u00c3", fuse_unk=False)
    yield "fallback_fused", made.byte_fallback("q\u00c3", fuse_unk=True)
    yield "fallback_affixes", made.byte_fallback(continuing_subword_prefix="#q",
                                                 end_of_word_suffix="</w>")
    yield "fixed", made.plain_bpe(n.Sequence([n.Strip(), n.Replace("e", "E")]), p.FixedLength(4),
                                  size, fuse_unk=True)
    yield "punctuation", made.plain_bpe(n.NFD(), p.Punctuation("merged_with_previous"), size)


def cases(reference, special, name=""):
    rows = []
    more = BYTES if name.startswith("fallback") else SPACES if name.startswith("spaces") else []
    for text in TEXTS + more:
        ids, ranges = reference.encode(text, False)
        row = {"text": text, "ids": ids}
        if tokenizers_compare.ranges_compare(name):
            row["ranges"] = [list(r) for r in ranges]
        if tokenizers_compare.decoding_compares(name):
            row["decoded"] = reference.decode(ids)
        if special:
            row["special"] = reference.encode(text, True)[0]
        rows.append(row)
    return rows


def main():
    out = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        for name, tokenizer in chosen():
            tokenizer.save(str(path), pretty=False)
            out.append({"name": name, "file": path.read_text(),
                        "cases": cases(tokenizers_compare.HuggingFace(path), True, name)})
        for name, model, _ in tokenizers_made.make_sentencepiece(Path(folder), sentencepiece, 420):
            if name.endswith(("m_identity", "m_bare", "bpe_identity", "bpe_bare", "char_bare",
                              "word_identity")):
                out.append({"name": name, "model": base64.b64encode(model.read_bytes()).decode(),
                            "cases": cases(tokenizers_compare.SentencePiece(model), False)})
    (here / "tokenizers.json").write_text(
        '{"tokenizers": [\n' + ",\n".join(json.dumps(t, separators=(",", ":")) for t in out) +
        "\n]}\n")


main()
