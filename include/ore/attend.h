/* attend.h: attention as recurrent nets use it, kind by kind: additive and multiplicative scores,
 * global and local places, soft and hard choices, windows, and the pools of documents. ops.h has
 * ore_attention, the scaled dot product; transformer.h multi-head, self- and cross-attention. nn.h
 * says what holds for all layers.
 *
 * A query q looks at S keys k_s and gets the sum of values w_s v_s. B is the batch, L the queries
 * of an entry, Q and K the widths of queries and of the memory, whose rows are keys and values. */
#ifndef ORE_ATTEND_H
#define ORE_ATTEND_H

#include <ore/nn.h>
#include <ore/rnn.h>

ORE_BEGIN_DECLS

/* ---- from scores to results (src/nn/attend_ops.c) ---- */

/* The softmax of x along its last dim among the elements where `seen` is true; the others get 0,
 * and so does every element of a row that sees nothing, whose gradient is 0 too. `seen` is bool and
 * broadcasts to x; NULL: all are seen. */
ORE_API ore_tensor *ore_masked_softmax(ore_tensor *x, ore_tensor *seen);

/* Soft attention: weights (B, L, S) times values (B, S, V) -> (B, L, V), the expectation of what
 * hard attention gives (Xu et al. 2015, arXiv:1502.03044, section 4.2). */
ORE_API ore_tensor *ore_soft_attention(ore_tensor *weights, ore_tensor *values);

/* What hard attention has chosen. */
typedef struct ore_hard_choice {
    ore_tensor *indices;  /* (B, L) int64; -1 for a query whose weights are all 0 */
    ore_tensor *log_prob; /* (B, L): log(w_chosen / sum of w), with a gradient; 0 there */
} ore_hard_choice;
/* Hard attention: each query gets the value of one key (B, L, V), zeros where all its weights are 0
 * (Xu et al. 2015, section 4.1). With `sample`, as in training, a key is drawn with the probability
 * of its share of the weights, by one draw of ore_multinomial from `g` (NULL: the default
 * generator); without, it is the first of the largest weight. Values get the gradient of what was
 * chosen, and weights none but through log_prob: see ore_reinforce. *choice, unless NULL, tells
 * what was chosen; NULLs on failure. */
ORE_API ore_tensor *ore_hard_attention(ore_tensor *weights, ore_tensor *values, bool sample,
                                       ore_generator *g, ore_hard_choice *choice);
/* losses (B), to be averaged or summed and gone backward through, though they depend on draws whose
 * log-probabilities are log_prob (B, ..). The values are those of losses; the gradient has the
 * term (losses - baseline) d sum(log_prob) besides, so that its expectation over the draws is that
 * of the expected losses: REINFORCE (Williams 1992, Machine Learning 8). The nearer the baseline,
 * (B), 0-d or NULL (0), to what losses are on average, the less the estimate varies. The factor
 * passes no gradient on. */
ORE_API ore_tensor *ore_reinforce(ore_tensor *losses, ore_tensor *log_prob, ore_tensor *baseline);

/* Local attention by a sliding window (Beltagy et al. 2020, arXiv:2004.05150): ore_attention with q
 * (B, H, T, D), k and v, in which a query sees the window - 1 keys before its own place, itself,
 * and unless `causal` as many behind. ORE_INVALID for a window below 1. */
ORE_API ore_tensor *ore_sliding_window_attention(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                                 int64_t window, bool causal);

/* ---- additive and multiplicative attention (src/nn/attend.c) ---- */

/* How well a query fits a key. */
typedef enum ore_score_kind {
    ORE_SCORE_DOT,     /* q . k; Q = K */
    ORE_SCORE_GENERAL, /* q . W k, W (Q, K) */
    ORE_SCORE_CONCAT   /* v . tanh(W q + U k), W (A, Q), U (A, K), v (A): additive. The same as
                          v . tanh([W U] [q; k]), as Luong et al. write it */
} ore_score_kind;

/* Which keys a query sees, of those that its entry has. */
typedef enum ore_attend_place {
    ORE_ATTEND_GLOBAL,  /* all */
    ORE_ATTEND_LOCAL_M, /* those within D of its own place p: monotonic alignment */
    ORE_ATTEND_LOCAL_P  /* those within D of p = len sigmoid(v_p . tanh(W_p q)), len being the
                           entry's length: predictive alignment; weights are multiplied by
                           exp(-(s - p)^2 / (2 sigma^2)), sigma = D / 2, and then sum to less than
                           1. W_p (Q, Q), v_p (Q) */
} ore_attend_place;

/* Linear maps without bias, named by their parts of the equations above. */
typedef struct ore_attend {
    ore_module module;
    ore_score_kind score;
    ore_attend_place place;
    int64_t query_size, key_size; /* Q, K */
    int64_t window;               /* D */
    ore_linear query;             /* "query": concat's W */
    ore_linear key;               /* "key": general's W, or concat's U */
    ore_linear energy;            /* "energy": concat's v, (1, A) */
    ore_linear place_query;       /* "place_query", "place_energy": local-p's W_p, v_p */
    ore_linear place_energy;
} ore_attend;
typedef ore_attend ore_additive_attention, ore_luong_attention;

typedef struct ore_attend_options {
    ore_score_kind score;   /* ORE_SCORE_GENERAL; ore_luong_attention_init's alone */
    int64_t attention_size; /* A of a concat score; 0: Q */
    ore_attend_place place; /* ORE_ATTEND_GLOBAL */
    int64_t window;         /* 10: D of the local kinds, at least 1 */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_attend_options;
ORE_API ore_attend_options ore_attend_defaults(void);

/* Additive attention: a concat score (Bahdanau et al. 2015, arXiv:1409.0473, appendix A.1.2). In
 * their decoder the query is the state before the step, s_(t-1). ORE_INVALID for sizes below 1. */
ORE_API ore_status ore_additive_attention_init(ore_additive_attention *m, ore_module *parent,
                                               const char *name, int64_t query_size,
                                               int64_t key_size, const ore_attend_options *options);
/* Multiplicative attention and its relatives (Luong et al. 2015, arXiv:1508.04025, section 3): any
 * score and place. In their decoder the query is the state after the step, h_t. ORE_INVALID for a
 * dot score whose Q and K differ. */
ORE_API ore_status ore_luong_attention_init(ore_luong_attention *m, ore_module *parent,
                                            const char *name, int64_t query_size, int64_t key_size,
                                            const ore_attend_options *options);

/* A memory as a module sees it: what all queries of a sequence share, made once. */
typedef struct ore_attend_memory {
    ore_tensor *values;  /* (B, S, K) */
    ore_tensor *keys;    /* what scores need of values: (B, S, Q), or (B, S, A) of a concat score */
    ore_tensor *seen;    /* bool (B, 1, S), or what broadcasts to (B, L, S); NULL: all are seen */
    ore_tensor *lengths; /* (B, 1, 1) of the dtype of values: local-p's len; NULL otherwise */
} ore_attend_memory;
/* Fills *memory from values (B, S, K) and lengths, int64 (B), of which entry b has keys
 * 0 .. lengths[b] - 1; NULL: all S. Its tensors are of the innermost scope; on failure they are
 * NULL. ORE_INVALID for a length outside 0 .. S. Other keys may be hidden through memory->seen. */
ORE_API ore_status ore_attend_prepare(const ore_attend *m, ore_tensor *values, ore_tensor *lengths,
                                      ore_attend_memory *memory);
/* query (B, L, Q) -> the weights (B, L, S), for ore_soft_attention or ore_hard_attention; one query
 * each, (B, Q), gives (B, S). `start` is the place of query 0, the others following it: local-m's
 * alone. A query that sees no key has weights 0. */
ORE_API ore_tensor *ore_attend_weights(const ore_attend *m, ore_tensor *query,
                                       const ore_attend_memory *memory, int64_t start);
/* The sums of values with these weights, (B, L, K), or (B, K) for (B, Q). *weights, unless NULL,
 * becomes the weights, NULL on failure. */
ORE_API ore_tensor *ore_attend_forward(const ore_attend *m, ore_tensor *query,
                                       const ore_attend_memory *memory, int64_t start,
                                       ore_tensor **weights);

/* ---- documents (src/nn/hierarchical.c) ---- */

/* Attention whose query is learned, which makes one vector of a sequence: u_s = tanh(W x_s + b),
 * weights softmax_s(u_s . context), result sum of w_s x_s (Yang et al. 2016, NAACL, section 2.2). W
 * (A, K) and b (A) are drawn as a linear layer's, context (A) evenly from +-1 / sqrt(A). */
typedef struct ore_attention_pool {
    ore_module module;
    ore_linear hidden;   /* "hidden" */
    ore_tensor *context; /* (A) */
} ore_attention_pool;
typedef struct ore_attention_pool_options {
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_attention_pool_options;
ORE_API ore_attention_pool_options ore_attention_pool_defaults(void);
ORE_API ore_status ore_attention_pool_init(ore_attention_pool *p, ore_module *parent,
                                           const char *name, int64_t size, int64_t attention_size,
                                           const ore_attention_pool_options *options);
/* x (B, S, K) -> (B, K); *weights, unless NULL, becomes (B, S). Entry b has lengths[b] elements,
 * int64 (B), from 0 on; NULL: all S. One of length 0 gives zeros. */
ORE_API ore_tensor *ore_attention_pool_forward(const ore_attention_pool *p, ore_tensor *x,
                                               ore_tensor *lengths, ore_tensor **weights);

/* Hierarchical attention (Yang et al. 2016): words make a sentence by a bidirectional GRU and a
 * pool of its states, sentences make the document by another pair. */
typedef struct ore_hierarchical_attention {
    ore_module module;
    ore_gru word_rnn, sentence_rnn; /* E -> 2 H, 2 H -> 2 H */
    ore_attention_pool word_attention, sentence_attention;
} ore_hierarchical_attention;
/* H is hidden_size, of one direction; A is attention_size. */
ORE_API ore_status ore_hierarchical_attention_init(ore_hierarchical_attention *h,
                                                   ore_module *parent, const char *name,
                                                   int64_t input_size, int64_t hidden_size,
                                                   int64_t attention_size,
                                                   const ore_attention_pool_options *options);
/* Of a forward, for pictures: 0 where there is no word or sentence. */
typedef struct ore_hierarchical_weights {
    ore_tensor *words;     /* (B, S, W) */
    ore_tensor *sentences; /* (B, S) */
} ore_hierarchical_weights;
/* x (B, S, W, E), words as vectors -> (B, 2 H). Document b has sentences[b] sentences, int64 (B),
 * 1 .. S, and its sentence s words[b][s] words, int64 (B, S), 1 .. W; beyond a document's sentences
 * they do not count. Padding costs nothing in the recurrent layers. *weights, unless NULL, becomes
 * the weights, NULLs on failure. */
ORE_API ore_tensor *ore_hierarchical_attention_forward(const ore_hierarchical_attention *h,
                                                       ore_tensor *x, ore_tensor *sentences,
                                                       ore_tensor *words,
                                                       ore_hierarchical_weights *weights);
/* All of it but the last pool: the states of the sentences, (B, S, 2 H), zeros beyond a document's
 * own, for another attention over them. *word_weights, unless NULL, becomes
 * the weights of words. */
ORE_API ore_tensor *ore_hierarchical_attention_states(const ore_hierarchical_attention *h,
                                                      ore_tensor *x, ore_tensor *sentences,
                                                      ore_tensor *words, ore_tensor **word_weights);

ORE_END_DECLS

#endif
