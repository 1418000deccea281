"""tokenizers_made.py: small tokenizers of every kind that Ore reads, made from fixed seeds by Hugging
Face's tokenizers and by SentencePiece."""
import io
import json
import random
from pathlib import Path

from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers,
                        pre_tokenizers, processors, trainers)

TEXT = """The quick brown fox jumps over the lazy dog. A language model assigns a probability to every
sequence of words; to train one, we show it text and ask, again and again, which word comes next.
Don't panic: it's 3.14159, or 1,000,000 tokens! Straße, naïve café, Ελληνικά κείμενα, Русский текст,
日本語の文章です。 中文没有空格。 한국어 문장입니다. हिन्दी में लिखा हुआ עברית العربية ภาษาไทย
for (int i = 0; i < n; i++) { sum += a[i] * b[i]; } https://example.org/a/b?c=d&e=f#g
Attention is all you need, and gradient descent follows the slope downhill: tokens, Transformers.
"""


def lines():
    """Words of the text in drawn order: the same lines each time."""
    draw = random.Random(7)
    words = TEXT.split()
    return TEXT.split("\n") + [" ".join(draw.choice(words) for _ in range(draw.randint(3, 12)))
                               for _ in range(400)]


def trained(model, trainer, normalizer=None, pre_tokenizer=None):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(lines(), trainer)
    return tokenizer


def word_level(normalizer=None, pre_tokenizer=None):
    trainer = trainers.WordLevelTrainer(special_tokens=["[UNK]"], show_progress=False)
    return trained(models.WordLevel(unk_token="[UNK]"), trainer, normalizer, pre_tokenizer)


def wordpiece(normalizer=None, pre_tokenizer=None, size=400):
    trainer = trainers.WordPieceTrainer(vocab_size=size, show_progress=False,
                                        special_tokens=["[UNK]", "[CLS]", "[SEP]"])
    tokenizer = trained(models.WordPiece(unk_token="[UNK]"), trainer, normalizer, pre_tokenizer)
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def unigram(normalizer=None, pre_tokenizer=None, size=300, **options):
    trainer = trainers.UnigramTrainer(vocab_size=size, show_progress=False, unk_token="<unk>",
                                      special_tokens=["<unk>", "</s>"], **options)
    return trained(models.Unigram(), trainer, normalizer, pre_tokenizer)


def byte_level(normalizer=None, pre_tokenizer=None, size=400):
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False,
                                  special_tokens=["<|endoftext|>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer = trained(models.BPE(), trainer, normalizer,
                        pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def plain_bpe(normalizer=None, pre_tokenizer=None, size=400, **options):
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False,
                                  special_tokens=["<unk>", "<s>", "</s>"])
    return trained(models.BPE(unk_token="<unk>", **options), trainer, normalizer, pre_tokenizer)


# ---- the tokenizers ----

def normalized():
    n = normalizers
    every = {
        "nfc": n.NFC(), "nfd": n.NFD(), "nfkc": n.NFKC(), "nfkd": n.NFKD(),
        "lowercase": n.Lowercase(), "strip_accents": n.Sequence([n.NFD(), n.StripAccents()]),
        "accents_alone": n.StripAccents(),
        "strip": n.Strip(), "strip_left": n.Strip(True, False), "strip_right": n.Strip(False, True),
        "nmt": n.Nmt(), "prepend": n.Prepend("\u2581"), "replace": n.Replace("e", "\u2581E"),
        "replace_none": n.Replace("ab", ""), "replace_regex": n.Replace(Regex(" {2,}"), " "),
        "bert": n.BertNormalizer(), "bert_cased": n.BertNormalizer(lowercase=False),
        "bert_accents": n.BertNormalizer(strip_accents=False),
        "bert_plain": n.BertNormalizer(clean_text=False, handle_chinese_chars=False),
        "sequence": n.Sequence([n.Strip(), n.NFKC(), n.Lowercase(), n.Replace(Regex("\\s+"), " ")]),
        "byte_level": n.ByteLevel(),
    }
    for name, normalizer in every.items():
        pre = None if name == "byte_level" else pre_tokenizers.WhitespaceSplit()
        tokenizer = plain_bpe(normalizer, pre, fuse_unk=True)
        yield f"normalizer_{name}", tokenizer


def split():
    p = pre_tokenizers
    every = {
        "bert": p.BertPreTokenizer(), "digits": p.Digits(), "digits_each": p.Digits(True),
        "punctuation": p.Punctuation(), "whitespace": p.Whitespace(),
        "whitespace_split": p.WhitespaceSplit(), "delimiter": p.CharDelimiterSplit("e"),
        "fixed": p.FixedLength(5), "metaspace": p.Metaspace(), "metaspace_first":
        p.Metaspace(prepend_scheme="first"), "metaspace_never": p.Metaspace(prepend_scheme="never"),
        "metaspace_whole": p.Metaspace(split=False),
        "sequence": p.Sequence([p.WhitespaceSplit(), p.Punctuation(), p.Digits(True)]),
        "space_meta": p.Sequence([p.WhitespaceSplit(), p.Metaspace()]),
        "meta_digits": p.Sequence([p.Metaspace(), p.Digits(True)]),
    }
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next",
                     "contiguous"):
        every["punctuation_" + behavior] = p.Punctuation(behavior)
        every["split_" + behavior] = p.Split("a", behavior)
        every["split_regex_" + behavior] = p.Split(Regex("[aeiou]+"), behavior)
        every["split_invert_" + behavior] = p.Split(Regex("[aeiou]+"), behavior, invert=True)
    for name, pre in every.items():
        tokenizer = plain_bpe(None, pre, fuse_unk=name[0] < "m")
        tokenizer.add_special_tokens(["<mask>"])
        yield f"split_{name}", tokenizer


def of_suffixes(size=400):
    """As OpenAI's first GPT has it: "</w>" ends a word."""
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, end_of_word_suffix="</w>",
                                  special_tokens=["<unk>"])
    tokenizer = trained(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"), trainer,
                        normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    tokenizer.decoder = decoders.BPEDecoder("</w>")
    return tokenizer


def of_speech(cleanup):
    """As wav2vec's: single letters, "|" between words, and equal neighbours that are one."""
    letters = sorted(set(TEXT.lower()) - set(" \n"))
    vocab = {t: i for i, t in enumerate(["<pad>", "[UNK]", "|", *letters])}
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(),
                                                 normalizers.Replace(" ", "|")])
    tokenizer.pre_tokenizer = pre_tokenizers.FixedLength(1)
    tokenizer.decoder = decoders.CTC("<pad>", "|", cleanup)
    tokenizer.add_special_tokens(["<pad>"])
    return tokenizer


def llama(size=600):
    n = normalizers
    tokenizer = plain_bpe(n.Sequence([n.Prepend("\u2581"), n.Replace(" ", "\u2581")]), None, size,
                          fuse_unk=True)
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(),
                                           decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return tokenizer


def with_added(tokenizer):
    """Added tokens of every kind."""
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True), AddedToken("<sep>", rstrip=True),
                                  AddedToken("<both>", lstrip=True, rstrip=True), "<a>", "<ab>"])
    tokenizer.add_tokens([AddedToken("Model", normalized=True), AddedToken("word", single_word=True),
                          AddedToken("to ken", normalized=False), AddedToken("naïve", normalized=True)])
    return tokenizer


def with_spaces(tokenizer):
    """Added tokens that are spaces, as GPT-NeoX has them."""
    tokenizer.add_special_tokens(["<mask>"])
    tokenizer.add_tokens([AddedToken(" " * n, normalized=False) for n in range(2, 9)])
    return tokenizer


def around_spaces(normalized, size=150):
    """Added tokens that take in spaces beside others that are spaces."""
    tokenizer = plain_bpe(normalizers.Lowercase(), None, size)
    tokenizer.add_tokens([AddedToken(text, lstrip=text in ("<l>", "\t"),
                                     rstrip=text in ("<sep>", "\n", "\t"), normalized=normalized)
                          for text in ("<sep>", "  ", "\n", "\t", " x", "<l>", "   <l>", "To KEN")])
    return tokenizer


def byte_fallback(missing="", size=150, **options):
    """Characters that the vocabulary lacks are bytes, all but those of `missing`."""
    file = json.loads(plain_bpe(None, pre_tokenizers.WhitespaceSplit(), size).to_str())
    model = file["model"]
    model.update(byte_fallback=True, **options)
    prefix = options.get("continuing_subword_prefix", "")
    tokens = [t for t in model["vocab"] if t.isascii() and t not in "qz"]
    if prefix or "end_of_word_suffix" in options:
        model["merges"] = []
        tokens += [prefix + t for t in tokens if len(t) == 1 and t > "k"]
    tokens += [f"<0x{b:02X}>" for b in range(256) if chr(b) not in missing]
    model["vocab"] = {t: i for i, t in enumerate(dict.fromkeys(tokens))}
    model["merges"] = [m for m in model["merges"] if set(m) | {"".join(m)} <= set(model["vocab"])]
    return Tokenizer.from_str(json.dumps(file))


def zeros():
    """U+0000 in tokens, merges and added tokens."""
    tokens = ["<unk>", "\0", "a", "b", "e", "n", " ", "\0a", "\0a\0", "\U0010fffd", "\U0010fffd0", "0"]
    merges = [("\0", "a"), ("\0a", "\0"), ("\U0010fffd", "0")]
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges,
                                     unk_token="<unk>", fuse_unk=True))
    tokenizer.add_special_tokens(["a\0\0", "\0\1", "\0a", "\0\0", "\U0010fffd0"])
    return tokenizer


def with_gaps(tokenizer, letters="ĶĠģ,éÃ"):
    """A byte-level one that lacks the tokens of some bytes, as SmolLM2's does: they are left out."""
    file = json.loads(tokenizer.to_str())
    model = file["model"]
    model["vocab"] = {t: i for t, i in model["vocab"].items() if not set(t) & set(letters)}
    parts = [m if isinstance(m, list) else m.split(" ") for m in model["merges"]]
    model["merges"] = [m for m in parts if "".join(m) in model["vocab"]]
    return Tokenizer.from_str(json.dumps(file))


def roberta(size=400):
    tokenizer = byte_level(None, pre_tokenizers.ByteLevel(add_prefix_space=True), size)
    tokenizer.add_special_tokens(["<s>", "</s>"])
    ends = [(t, tokenizer.token_to_id(t)) for t in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(ends[0], ends[1])
    return tokenizer


def bert(size=400):
    tokenizer = wordpiece(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), size)
    ends = [(t, tokenizer.token_to_id(t)) for t in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(ends[0], ends[1])
    return tokenizer


def composed():
    yield "bert", bert()
    yield "bert_added", with_added(bert())
    yield "suffixes", of_suffixes()
    yield "speech", of_speech(True)
    yield "speech_plain", of_speech(False)
    yield "word_level", word_level(normalizers.NFKC(), pre_tokenizers.Whitespace())
    yield "llama", llama()
    yield "llama_added", with_added(llama())
    yield "byte_level", byte_level()
    yield "byte_level_gaps", with_gaps(byte_level())
    trimmed = byte_level()
    trimmed.post_processor = processors.ByteLevel(trim_offsets=True)
    yield "byte_level_trimmed", trimmed
    yield "byte_level_added", with_added(byte_level(normalizers.NFC()))
    yield "byte_level_spaces", with_spaces(byte_level())
    yield "byte_level_pieces", byte_level(None, pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(False)]))
    for missing in ("", "q\u00c3"):
        name = "_gaps" if missing else ""
        yield "fallback_apart" + name, byte_fallback(missing)
        yield "fallback_fused" + name, byte_fallback(missing, fuse_unk=True)
        yield "fallback_affixes" + name, byte_fallback(missing, continuing_subword_prefix="#q",
                                                       end_of_word_suffix="</w>")
    yield "zeros", zeros()
    yield "spaces_before", around_spaces(False)
    yield "spaces_behind", around_spaces(True)
    yield "roberta", roberta()
    sequence = byte_level()
    sequence.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=True),
        processors.TemplateProcessing(single="<|endoftext|> $A",
                                      pair="<|endoftext|> $A <|endoftext|> $B:1",
                                      special_tokens=[("<|endoftext|>", 0)])])
    yield "byte_level_sequence", sequence
    yield "unigram", unigram(normalizers.NFKC(), pre_tokenizers.Metaspace())
    whole = unigram(None, pre_tokenizers.Metaspace(split=False))
    whole.decoder = decoders.Metaspace()
    yield "unigram_whole", whole
    yield "unigram_bare", unigram()
    yield "unigram_added", with_added(unigram(normalizers.Lowercase(), pre_tokenizers.Metaspace()))
    of_bytes = unigram(None, pre_tokenizers.ByteLevel(), size=500,
                       initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    of_bytes.decoder = decoders.ByteLevel()
    yield "unigram_byte_level", of_bytes


def make_sentencepiece(folder, sentencepiece, size=400):
    options = {"vocab_size": size, "minloglevel": 2, "num_threads": 1, "hard_vocab_limit": False,
               "user_defined_symbols": ["<mask>", "ken", "\u2581of"]}
    for kind in ("unigram", "bpe", "char", "word"):
        for name, more in (
                ("", {}), ("_bytes", {"byte_fallback": True}),
                ("_identity", {"normalization_rule_name": "identity",
                               "remove_extra_whitespaces": False}),
                ("_bare", {"add_dummy_prefix": False, "byte_fallback": True,
                           "normalization_rule_name": "identity"}),
                ("_folded", {"normalization_rule_name": "nmt_nfkc_cf"}),
                ("_suffix", {"treat_whitespace_as_suffix": True})):
            model = io.BytesIO()
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines()), model_writer=model, model_type=kind, **options,
                **more)
            path = folder / f"sentencepiece_{kind}{name}.model"
            path.write_bytes(model.getvalue())
            yield f"sentencepiece_{kind}{name}", path, "sentencepiece"


def pieces_of(model):
    """The tokens of a SentencePiece model as GGUF files have them: texts, scores, types."""
    ids = range(model.get_piece_size())
    kinds = ((model.is_unknown, 2), (model.is_control, 3), (model.is_unused, 5), (model.is_byte, 6))
    types = [next((kind for test, kind in kinds if test(i)), 1) for i in ids]
    return [model.id_to_piece(i) for i in ids], [model.get_score(i) for i in ids], types


def write_gguf(path, gguf, model, tokens, types, scores=None, **facts):
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_tokenizer_model(model)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if scores:
        writer.add_token_scores(scores)
    for name, value in facts.items():
        getattr(writer, "add_" + name)(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of a message of Protocol Buffers."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value


def rules_of(path):
    """The compiled rules of a SentencePiece file: field 2 of its normalizer_spec, field 3."""
    spec = dict(fields(path.read_bytes()))[3]
    return dict(fields(spec)).get(2, b"")


def make_gguf(folder, sentencepiece, gguf, bert, size=400):
    """GGUF files whose tokenizers are those of SentencePiece files, and of BERT's tokenizer.json;
    yields (name, path, path of the file that it is made of)."""
    options = {"vocab_size": size, "minloglevel": 2, "num_threads": 1, "hard_vocab_limit": False}
    plain = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}
    for name, kind, more in (("llama", "bpe", plain), ("t5", "unigram", {}),
                             ("llama_bytes", "bpe", {"byte_fallback": True, **plain}),
                             ("llama_bare", "bpe", {"add_dummy_prefix": False, **plain}),
                             ("t5_bytes", "unigram", {"byte_fallback": True}),
                             ("t5_folded", "unigram", {"normalization_rule_name": "nmt_nfkc_cf"})):
        model = folder / f"gguf_{name}.model"
        with open(model, "wb") as file:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines()), model_writer=file, model_type=kind, **options,
                **more)
        tokens, scores, types = pieces_of(
            sentencepiece.SentencePieceProcessor(model_file=str(model)))
        facts = {"add_space_prefix": more.get("add_dummy_prefix", True)}
        if kind == "unigram":
            facts["precompiled_charsmap"] = rules_of(model)
            facts["remove_extra_whitespaces"] = True
        path = folder / f"gguf_{name}.gguf"
        write_gguf(path, gguf, name.split("_")[0], tokens, types, scores, **facts)
        yield f"gguf_{name}", path, model
    if not bert:
        return
    vocab = Tokenizer.from_file(str(bert)).get_vocab()
    words = sorted(vocab, key=vocab.get)
    ends = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    tokens = [w if w[0] + w[-1] == "[]" else w[2:] if w.startswith("##") else "\u2581" + w
              for w in words]
    path = folder / "gguf_bert.gguf"
    write_gguf(path, gguf, "bert", tokens, [3 if w in ends else 1 for w in words],
               bos_token_id=vocab["[CLS]"], sep_token_id=vocab["[SEP]"],
               unk_token_id=vocab["[UNK]"])
    yield "gguf_bert", path, bert


def make_all(folder, only, sentencepiece):
    """Writes the files whose names contain `only`; yields (name, path, who reads them too)."""
    for group in (normalized, split, composed):
        for name, tokenizer in group():
            if only in name:
                path = Path(folder) / f"{name}.json"
                tokenizer.save(str(path))
                yield name, path, "tokenizers"
    if sentencepiece and only in "sentencepiece_unigram_bpe" or only.startswith("sentencepiece"):
        yield from make_sentencepiece(Path(folder), sentencepiece)
