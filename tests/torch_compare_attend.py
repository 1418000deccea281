"""torch_compare_attend.py: rows of torch_compare.py for the kinds of attention of attend.h, each
against the paper's equations written out in torch: initial values, outputs, weights, and the
gradients of inputs and of every parameter.

Both sides start from one seed: a parameter that was drawn otherwise shows in each result."""
import ctypes as C
import math

import torch

from torch_library import CODES
from torch_compare_table import row
from torch_compare_transformer import (leaves, ore_results, seeded_module, torch_leaves,
                                       torch_results)

DOT, GENERAL, CONCAT = range(3)
GLOBAL, LOCAL_M, LOCAL_P = range(3)


class AttendOptions(C.Structure):
    _fields_ = [("score", C.c_int), ("attention_size", C.c_int64), ("place", C.c_int),
                ("window", C.c_int64), ("dtype", C.c_int), ("device", C.c_int),
                ("generator", C.c_void_p)]


class Memory(C.Structure):
    _fields_ = [("values", C.c_void_p), ("keys", C.c_void_p), ("seen", C.c_void_p),
                ("lengths", C.c_void_p)]


class Choice(C.Structure):
    _fields_ = [("indices", C.c_void_p), ("log_prob", C.c_void_p)]


def masked_softmax(x, seen):
    hidden = ~seen.expand_as(x)
    none = hidden.all(-1, keepdim=True)
    return x.masked_fill(hidden & ~none, -math.inf).softmax(-1).masked_fill(hidden, 0)


def draw_seen(d, *sizes):
    return torch.rand(sizes, generator=d.g) < 0.6


# ---- functions -----------------------------------------------------------------------------------

def softmax_args(d):
    dtype = d.floating()
    sizes = [d.size(0), d.size(0), d.size(0)]
    broadcast = [n if d.chance(0.6) else 1 for n in sizes[:2]] + [sizes[2]]
    return [d.arg(sizes, dtype), draw_seen(d, *broadcast) if d.chance(0.8) else None]


def ore_masked(lib, x, seen):
    return lib.tensor("masked_softmax", x, lib.from_torch(seen) if seen is not None else None)


row("masked_softmax", softmax_args,
    lambda x, seen: x.softmax(-1) if seen is None else masked_softmax(x, seen), ore=ore_masked,
    floor=1.0)


def weighted_args(d):
    dtype, B, L, S = d.floating(), d.size(0), d.size(0), d.size(0)
    return [d.arg([B, L, S], dtype), d.arg([B, S, d.size(0)], dtype)]


row("soft_attention", weighted_args, torch.bmm)


def hard_args(d):
    dtype, B, L, S = d.floating(), d.size(0), d.size(0), d.size(0)
    weights = masked_softmax(d.values([B, L, S], dtype), draw_seen(d, B, L, S))
    return [weights, d.values([B, S, d.size(0)], dtype), d.chance(0.7), d.r.randrange(1000)]


def ups(y):
    return torch.sin(torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape).to(y.dtype)


def hard_results(losses, extra, inputs):
    losses.sum().backward()
    return [losses, *extra] + [x.grad for x in inputs]


def torch_hard(weights, values, sample, seed):
    """The loss of each entry goes through what was chosen and, by REINFORCE, through its odds."""
    weights, values = torch_leaves([weights, values])
    B, L, S = weights.shape
    total = weights.sum(-1)
    none = total == 0
    some = weights.masked_fill(none.unsqueeze(-1), 1)
    flat = some.detach().reshape(-1, S)
    g = torch.Generator().manual_seed(seed)
    chosen = torch.multinomial(flat, 1, generator=g) if sample else flat.argmax(-1, keepdim=True)
    index = chosen.reshape(B, L)
    y = torch.stack([values[b, index[b]] for b in range(B)]).masked_fill(none.unsqueeze(-1), 0)
    log_prob = (some.gather(2, index.unsqueeze(-1)).squeeze(-1).log() -
                total.masked_fill(none, 1).log()).masked_fill(none, 0)
    each = (y * ups(y)).sum((1, 2))
    losses = each + (each - 0.5).detach() * (log_prob.sum(1) - log_prob.sum(1).detach())
    return hard_results(losses, [y, index.masked_fill(none, -1), log_prob], [weights, values])


def ore_hard(lib, weights, values, sample, seed):
    weights, values = leaves(lib, [weights, values])
    g, choice = C.c_void_p(lib.call("generator_new", C.c_uint64(seed))), Choice()
    y = lib.tensor("hard_attention", weights, values, sample, g, C.byref(choice))
    lib.call("generator_free", g, restype=None)
    up = ups(torch.empty(lib.shape(y), dtype=lib.dtype(y)))
    product = lib.tensor("mul", y, lib.from_torch(up))
    flat = lib.tensor("flatten", product, 1, -1)
    column = lib.tensor("matmul", flat, lib.from_torch(torch.ones(up[0].numel(), dtype=up.dtype)))
    log_prob = C.c_void_p(choice.log_prob)
    baseline = lib.from_torch(torch.tensor(0.5, dtype=up.dtype))
    losses = lib.tensor("reinforce", column, log_prob, baseline)
    kept = [lib.tensor("clone", lib.tensor("detach", t))
            for t in (losses, y, C.c_void_p(choice.indices), log_prob)]
    ones = lib.from_torch(torch.ones(lib.shape(losses), dtype=up.dtype))
    lib.status("backward_from", losses, ones, False)
    return kept + [C.c_void_p(lib.call("grad", t)) for t in (weights, values)]


row("hard_attention", hard_args, torch_hard, ore=ore_hard, grad=False, floor=1.0)


def reinforce_args(d):
    dtype, B = d.floating(), d.size(0)
    log_prob = d.arg([B] + d.shape(0, 2), dtype)
    baseline = d.r.choice([None, d.values([B], dtype), d.values([], dtype)])
    return [d.arg([B], dtype), log_prob, baseline]


def torch_reinforce(losses, log_prob, baseline):
    each = log_prob.flatten(1).sum(1) if log_prob.dim() > 1 else log_prob
    factor = losses if baseline is None else losses - baseline
    return losses + factor.detach() * (each - each.detach())


def ore_reinforce(lib, losses, log_prob, baseline):
    return lib.tensor("reinforce", losses, log_prob,
                      lib.from_torch(baseline) if baseline is not None else None)


row("reinforce", reinforce_args, torch_reinforce, ore=ore_reinforce)


def window_args(d):
    dtype, B, H, T, D = d.floating(), d.size(0), d.size(0), d.size(0), d.r.choice([1, 3, 4])
    return [*(d.arg([B, H, T, D], dtype) for _ in range(3)), d.r.choice([1, 2, 3, 9]),
            d.chance(0.5)]


def torch_window(q, k, v, window, causal):
    T = q.shape[2]
    apart = torch.arange(T).unsqueeze(1) - torch.arange(T)
    seen = (apart < window) & (apart > (-1 if causal else -window))
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)


row("sliding_window_attention", window_args, torch_window, floor=1.0)


# ---- additive and multiplicative attention -------------------------------------------------------

class Attend(torch.nn.Module):
    """The equations, with parameters in the order of attend.h."""

    def __init__(self, score, place, Q, K, A, dtype):
        super().__init__()

        def linear(n, m):
            return torch.nn.Linear(n, m, bias=False, dtype=dtype)
        if score == GENERAL:
            self.key = linear(K, Q)
        if score == CONCAT:
            self.query, self.key, self.energy = linear(Q, A), linear(K, A), linear(A, 1)
        if place == LOCAL_P:
            self.place_query, self.place_energy = linear(Q, Q), linear(Q, 1)
        self.score, self.place = score, place

    def scores(self, q, values):
        if self.score == DOT:
            return torch.einsum("blq,bsq->bls", q, values)
        if self.score == GENERAL:
            return torch.einsum("blq,qk,bsk->bls", q, self.key.weight, values)
        both = torch.cat([q.unsqueeze(2).expand(-1, -1, values.shape[1], -1),
                          values.unsqueeze(1).expand(-1, q.shape[1], -1, -1)], -1)
        W = torch.cat([self.query.weight, self.key.weight], 1)
        return (torch.tanh(both @ W.T) @ self.energy.weight.T).squeeze(-1)

    def forward(self, q, values, lengths, window, start):
        S, (B, L, _) = values.shape[1], q.shape
        places = torch.arange(S)
        length = lengths if lengths is not None else torch.full((B,), S)
        seen = (places < length.reshape(B, 1, 1)).expand(B, L, S)
        if self.place == GLOBAL:
            w = masked_softmax(self.scores(q, values), seen)
        elif self.place == LOCAL_M:
            p = start + torch.arange(L).reshape(1, L, 1)
            w = masked_softmax(self.scores(q, values), seen & ((places - p).abs() <= window))
        else:
            p = length.reshape(B, 1, 1) * torch.sigmoid(
                torch.tanh(q @ self.place_query.weight.T) @ self.place_energy.weight.T)
            w = masked_softmax(self.scores(q, values), seen & ((places - p).abs() <= window))
            w = w * torch.exp(-(places - p) ** 2 / (2 * (window / 2) ** 2))
        return w @ values, w


def attend_args(d, additive):
    dtype, B, L, S = d.floating(), d.size(0), d.size(0), d.size(0)
    Q, K, A = (d.r.choice([1, 2, 4, 5]) for _ in range(3))
    score = CONCAT if additive else d.r.choice([DOT, GENERAL, CONCAT])
    K = Q if score == DOT else K
    place = d.r.choice([GLOBAL, LOCAL_M, LOCAL_P])
    one = d.chance(0.3)  # a query each, as in a decoder's step
    lengths = torch.randint(0, S + 1, (B,), generator=d.g) if d.chance(0.6) else None
    return [d.values([B, Q] if one else [B, L, Q], dtype), d.values([B, S, K], dtype), lengths,
            score, place, A, d.r.choice([1, 2, 3]), d.r.choice([0, 0, 2]), d.r.randrange(1000), dtype]


def torch_weights(query, values, lengths, score, place, A, window, start, seed, dtype):
    torch.manual_seed(seed)
    m = Attend(score, place, query.shape[-1], values.shape[-1], A, dtype)
    query, values = torch_leaves([query, values])
    q = query if query.dim() == 3 else query.unsqueeze(1)
    w = m(q, values, lengths, window, start)[1]
    return torch_results(m, w if query.dim() == 3 else w.squeeze(1), [query, values])


def torch_attend(query, values, lengths, score, place, A, window, start, seed, dtype):
    torch.manual_seed(seed)
    m = Attend(score, place, query.shape[-1], values.shape[-1], A, dtype)
    query, values = torch_leaves([query, values])
    q = query if query.dim() == 3 else query.unsqueeze(1)
    y, w = m(q, values, lengths, window, start)
    if query.dim() == 2:
        y, w = y.squeeze(1), w.squeeze(1)
    return torch_results(m, y, [query, values], [w])


def ore_attend(additive, forward=True):
    def run(lib, query, values, lengths, score, place, A, window, start, seed, dtype):
        o = AttendOptions(score, A, place, window, CODES[dtype], 0)
        init = "additive_attention_init" if additive else "luong_attention_init"
        m = seeded_module(lib, seed, init, query.shape[-1], values.shape[-1], o)
        query, values = leaves(lib, [query, values])
        memory, w = Memory(), C.c_void_p()
        lib.status("attend_prepare", C.byref(m), values,
                   lib.from_torch(lengths) if lengths is not None else None, C.byref(memory))
        if not forward:
            w = lib.tensor("attend_weights", C.byref(m), query, C.byref(memory), start)
            return ore_results(lib, m, w, [query, values])
        y = lib.tensor("attend_forward", C.byref(m), query, C.byref(memory), start, C.byref(w))
        w = lib.tensor("clone", lib.tensor("detach", w))  # backward lets go of what is behind y
        return ore_results(lib, m, y, [query, values], [w])
    return run


row("additive_attention_init", lambda d: attend_args(d, True), torch_attend,
    ore=ore_attend(True), grad=False, floor=1.0)
row("luong_attention_init", lambda d: attend_args(d, False), torch_attend,
    ore=ore_attend(False), grad=False, floor=1.0)
row("attend_weights", lambda d: attend_args(d, False), torch_weights,
    ore=ore_attend(False, forward=False), grad=False, floor=1.0)


# ---- documents -----------------------------------------------------------------------------------

class PoolOptions(C.Structure):
    _fields_ = [("dtype", C.c_int), ("device", C.c_int), ("generator", C.c_void_p)]


class DocumentWeights(C.Structure):
    _fields_ = [("words", C.c_void_p), ("sentences", C.c_void_p)]


class Pool(torch.nn.Module):
    """Yang et al. 2016, equations 5 to 7."""

    def __init__(self, K, A, dtype):
        super().__init__()
        self.hidden = torch.nn.Linear(K, A, dtype=dtype)
        bound = 1 / math.sqrt(A)
        self.context = torch.nn.Parameter(torch.empty(A, dtype=dtype).uniform_(-bound, bound))

    def forward(self, x, lengths):
        scores = torch.tanh(self.hidden(x)) @ self.context
        w = masked_softmax(scores, torch.arange(x.shape[1]) < lengths.unsqueeze(1))
        return torch.einsum("bs,bsk->bk", w, x), w


class Hierarchical(torch.nn.Module):
    """A loop over the sentences, each on its own, without padding."""

    def __init__(self, E, H, A, dtype):
        super().__init__()
        how = {"batch_first": True, "bidirectional": True, "dtype": dtype}
        self.word_rnn = torch.nn.GRU(E, H, **how)
        self.word_attention = Pool(2 * H, A, dtype)
        self.sentence_rnn = torch.nn.GRU(2 * H, H, **how)
        self.sentence_attention = Pool(2 * H, A, dtype)

    def forward(self, x, sentences, words):
        B, S, W, _ = x.shape
        by_word, by_sentence = x.new_zeros(B, S, W), x.new_zeros(B, S)
        documents = []
        for b in range(B):
            vectors = []
            for s in range(int(sentences[b])):
                n = words[b, s]
                h = self.word_rnn(x[b, s, :n].unsqueeze(0))[0]
                y, w = self.word_attention(h, n.reshape(1))
                by_word[b, s, :n] = w.detach()
                vectors.append(y)
            h = self.sentence_rnn(torch.stack(vectors, 1))[0]
            y, w = self.sentence_attention(h, sentences[b].reshape(1))
            by_sentence[b, :len(vectors)] = w.detach()
            documents.append(y)
        return torch.cat(documents), by_word, by_sentence


def pool_args(d):
    B, S, dtype = d.size(0), d.size(0), d.floating()
    return [d.values([B, S, d.r.choice([1, 3, 4])], dtype), d.r.choice([1, 2, 5]),
            torch.randint(0, S + 1, (B,), generator=d.g), d.r.randrange(1000), dtype]


def torch_pool(x, A, lengths, seed, dtype):
    torch.manual_seed(seed)
    m = Pool(x.shape[-1], A, dtype)
    (x,) = torch_leaves([x])
    y, w = m(x, lengths)
    return torch_results(m, y, [x], [w])


def ore_pool(lib, x, A, lengths, seed, dtype):
    m = seeded_module(lib, seed, "attention_pool_init", x.shape[-1], A,
                      PoolOptions(CODES[dtype], 0))
    (x,), w = leaves(lib, [x]), C.c_void_p()
    y = lib.tensor("attention_pool_forward", C.byref(m), x, lib.from_torch(lengths), C.byref(w))
    w = lib.tensor("clone", lib.tensor("detach", w))
    return ore_results(lib, m, y, [x], [w])


row("attention_pool_forward", pool_args, torch_pool, ore=ore_pool, grad=False, floor=1.0)


def document_args(d):
    B, S, W, dtype = (d.r.choice([1, 2, 3]), d.r.choice([1, 2, 4]), d.r.choice([1, 3, 5]),
                      d.floating())
    sentences = torch.randint(1, S + 1, (B,), generator=d.g)
    words = torch.randint(1, W + 1, (B, S), generator=d.g)
    words = words.masked_fill(torch.arange(S) >= sentences.unsqueeze(1), 0)
    return [d.values([B, S, W, d.r.choice([1, 4])], dtype), d.r.choice([1, 3]),
            d.r.choice([1, 2, 5]), sentences, words, d.r.randrange(1000), dtype]


def torch_document(x, H, A, sentences, words, seed, dtype):
    torch.manual_seed(seed)
    m = Hierarchical(x.shape[-1], H, A, dtype)
    (x,) = torch_leaves([x])
    y, by_word, by_sentence = m(x, sentences, words)
    return torch_results(m, y, [x], [by_word, by_sentence])


def ore_document(lib, x, H, A, sentences, words, seed, dtype):
    m = seeded_module(lib, seed, "hierarchical_attention_init", x.shape[-1], H, A,
                      PoolOptions(CODES[dtype], 0))
    (x,), w = leaves(lib, [x]), DocumentWeights()
    y = lib.tensor("hierarchical_attention_forward", C.byref(m), x, lib.from_torch(sentences),
                   lib.from_torch(words), C.byref(w))
    weights = [lib.tensor("clone", lib.tensor("detach", C.c_void_p(t)))
               for t in (w.words, w.sentences)]
    return ore_results(lib, m, y, [x], weights)


row("hierarchical_attention_forward", document_args, torch_document, ore=ore_document, grad=False,
    floor=1.0)
