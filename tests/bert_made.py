"""bert_made.py: small BERTs with drawn weights, made by transformers, and a tokenizer for them."""
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, BertForPreTraining, BertModel

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "dog", "sleep", "##s", "run", "on", "the",
         "table", "hill", "small", "language", ".", ",", "c", "is"]


def config(**changes):
    given = dict(vocab_size=len(WORDS), hidden_size=12, num_hidden_layers=2, num_attention_heads=3,
                 intermediate_size=20, max_position_embeddings=16, type_vocab_size=2, initializer_range=0.5)
    return BertConfig(**{**given, **changes})


def made(kind, seed, **changes):
    """A model whose norms and biases are drawn, too, as if it had learned something."""
    torch.manual_seed(seed)
    model = kind(config(**changes)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.normal_(1.0 if name.endswith("LayerNorm.weight") else 0.0, 0.3)
    return model


def batch(model, seed, rows=4):
    """ids, types and lengths of rows, the first of them as long as the batch."""
    draw = torch.Generator().manual_seed(seed)
    c = model.config
    length = min(9, c.max_position_embeddings)
    ids = torch.randint(0, c.vocab_size, (rows, length), generator=draw)
    types = torch.randint(0, c.type_vocab_size, (rows, length), generator=draw)
    lengths = torch.randint(1, length + 1, (rows,), generator=draw)
    lengths[0] = length
    return ids, types, lengths


@torch.no_grad()
def outputs(model, ids, types, lengths):
    """What transformers makes of it: "hidden.N", "pooled", "words", "next"."""
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    given = dict(input_ids=ids, token_type_ids=types, attention_mask=mask, output_hidden_states=True)
    result = model(**given)
    y = {f"hidden.{i}": h for i, h in enumerate(result.hidden_states)}
    if isinstance(model, BertModel) and model.pooler is not None:
        y["pooled"] = result.pooler_output
    if isinstance(model, BertForMaskedLM):
        y["words"] = result.logits
    if isinstance(model, BertForPreTraining):
        y["words"], y["next"] = result.prediction_logits, result.seq_relationship_logits
    return y


def tokenizer():
    t = Tokenizer(models.WordPiece({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    t.add_special_tokens(WORDS[:5])
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                                                     special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.decoder = decoders.WordPiece()
    return t


@torch.no_grad()
def embedded(model, tokenizer, text, max_tokens, pooling):
    """A text's vector, by itself."""
    ids = tokenizer.encode(text).ids
    ids = ids[:max_tokens - 1] + ids[-1:] if len(ids) > max_tokens else ids
    h = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
    return h.mean(0) if pooling == "mean" else h[0]
