/* hierarchical.c: attention whose query is learned, and documents read by it word by word and
 * sentence by sentence: Yang et al. 2016, "Hierarchical attention networks for document
 * classification", NAACL. */
#include <math.h>

#include <ore/attend.h>
#include <ore/init.h>

#include "nn/layer.h"

ore_attention_pool_options ore_attention_pool_defaults(void) {
    return (ore_attention_pool_options){.dtype = ORE_FLOAT32, .device = ORE_CPU};
}

/* ---- the pool ---- */

ore_status ore_attention_pool_init(ore_attention_pool *p, ore_module *parent, const char *name,
                                   int64_t size, int64_t attention_size,
                                   const ore_attention_pool_options *options) {
    ore_attention_pool_options o = options ? *options : ore_attention_pool_defaults();
    ore_linear_options linear = {
        .bias = true, .dtype = o.dtype, .device = o.device, .generator = o.generator};
    p->context = NULL;
    if (!ore_layer_begin(&p->module, parent, name, "attention_pool", NULL))
        return ore_error_status();
    if (size < 1 || attention_size < 1) {
        ore_fail(ORE_INVALID, "attention_pool: size %lld, attention_size %lld, expected at least 1",
                 (long long)size, (long long)attention_size);
        return ore_layer_end(&p->module);
    }
    ore_scope_begin();
    ore_linear_init(&p->hidden, &p->module, "hidden", size, attention_size, &linear);
    double bound = 1 / sqrt((double)attention_size);
    p->context = ore_empty(ORE_SHAPE(attention_size), o.dtype);
    p->context = ore_init_uniform(p->context, -bound, bound, o.generator);
    ore_layer_parameter(&p->module, "context", &p->context, o.device);
    ore_scope_end();
    return ore_layer_end(&p->module);
}

/* Whether `lengths` is int64 (B), each low .. high; `what` names it. */
static bool lengths_fit(const ore_module *m, const char *what, ore_tensor *lengths, int64_t B,
                        int64_t low, int64_t high) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (ore_tensor_dtype(lengths) != ORE_INT64 ||
        !ore_shape_equal(ore_shape_of(lengths), ORE_SHAPE(B))) {
        ore_fail(ORE_INVALID, "%s: %s %s of %s, expected (%lld,) of int64", m->kind, what,
                 ore_shape_text(ore_shape_of(lengths), text),
                 ore_dtype_name(ore_tensor_dtype(lengths)), (long long)B);
    } else if (B > 0) {
        int64_t least = ore_item_int(ore_amin(lengths, ORE_ALL, false));
        int64_t most = ore_item_int(ore_amax(lengths, ORE_ALL, false));
        if (ore_ok() && (least < low || most > high))
            ore_fail(ORE_INVALID, "%s: %s of %lld, expected %lld .. %lld", m->kind, what,
                     (long long)(least < low ? least : most), (long long)low, (long long)high);
    }
    return ore_ok();
}

/* bool (B, S): the elements before each entry's length (B) */
static ore_tensor *before(ore_tensor *lengths, int64_t S) {
    ore_tensor *places = ore_arange(0, (double)S, 1, ORE_INT64);
    return ore_lt(ore_to_device(places, ore_tensor_device(lengths)), ore_unsqueeze(lengths, 1));
}

/* x (B, S, K) -> (B, K), with the lengths known to fit; within the module's begin and end */
static ore_tensor *pool(const ore_attention_pool *p, ore_tensor *x, ore_tensor *lengths,
                        ore_tensor **weights) {
    ore_tensor *u = ore_linear_forward_activated(&p->hidden, x, ore_tanh); /* (B, S, A) */
    ore_tensor *scores = ore_matmul(u, p->context);                        /* (B, S) */
    if (!scores)
        return NULL;
    ore_tensor *w = ore_masked_softmax(scores, lengths ? before(lengths, ore_size(x, 1)) : NULL);
    *weights = w;
    return ore_squeeze(ore_bmm(ore_unsqueeze(w, 1), x), 1);
}

ore_tensor *ore_attention_pool_forward(const ore_attention_pool *p, ore_tensor *x,
                                       ore_tensor *lengths, ore_tensor **weights) {
    char text[ORE_SHAPE_TEXT];
    ore_tensor *y = NULL, *w = NULL;
    if (weights)
        *weights = NULL;
    if (!ore_module_begin(&p->module))
        return NULL;
    if (!x || ore_ndim(x) != 3)
        ore_fail(ORE_INVALID, "attention_pool: x %s, expected (B, S, K)",
                 x ? ore_shape_text(ore_shape_of(x), text) : "NULL");
    else if (!lengths ||
             lengths_fit(&p->module, "a length", lengths, ore_size(x, 0), 0, ore_size(x, 1)))
        y = pool(p, x, lengths, &w);
    if (weights && ore_ok())
        *weights = w;
    return ore_module_result(&p->module, ore_ok() ? y : NULL);
}

/* ---- words, sentences, documents ---- */

ore_status ore_hierarchical_attention_init(ore_hierarchical_attention *h, ore_module *parent,
                                           const char *name, int64_t input_size,
                                           int64_t hidden_size, int64_t attention_size,
                                           const ore_attention_pool_options *options) {
    ore_attention_pool_options o = options ? *options : ore_attention_pool_defaults();
    ore_rnn_options rnn = ore_rnn_defaults();
    rnn.batch_first = rnn.bidirectional = true;
    rnn.dtype = o.dtype;
    rnn.device = o.device;
    rnn.generator = o.generator;
    int64_t both = 2 * hidden_size;
    if (!ore_layer_begin(&h->module, parent, name, "hierarchical_attention", NULL))
        return ore_error_status();
    ore_gru_init(&h->word_rnn, &h->module, "word_rnn", input_size, hidden_size, &rnn);
    ore_attention_pool_init(&h->word_attention, &h->module, "word_attention", both, attention_size,
                            &o);
    ore_gru_init(&h->sentence_rnn, &h->module, "sentence_rnn", both, hidden_size, &rnn);
    ore_attention_pool_init(&h->sentence_attention, &h->module, "sentence_attention", both,
                            attention_size, &o);
    return ore_layer_end(&h->module);
}

/* The pool of states (N, T, K), unless they are NULL, with its weights. */
static ore_tensor *pool_states(const ore_attention_pool *p, ore_tensor *states, ore_tensor *lengths,
                               ore_tensor **weights) {
    if (!states || !ore_module_begin(&p->module))
        return NULL;
    return ore_module_result(&p->module, pool(p, states, lengths, weights));
}

/* x (N, T, ..) of lengths (N) through a recurrent layer: its states (N, T, 2 H) */
static ore_tensor *states_of(const ore_gru *rnn, ore_tensor *x, ore_tensor *lengths) {
    ore_pack_options pack = {.batch_first = true, .enforce_sorted = false};
    ore_pad_packed_options pad = ore_pad_packed_defaults();
    ore_packed_sequence packed, states;
    if (!x || !lengths)
        return NULL;
    pad.batch_first = true;
    pad.total_length = ore_size(x, 1);
    ore_pack_padded_sequence(x, lengths, &pack, &packed);
    ore_recurrent_forward_packed(rnn, &packed, NULL, &states, NULL);
    return ore_pad_packed_sequence(&states, &pad, NULL);
}

/* Rows y (N, ..) at `rows` of `total` ones, the others zeros: (total, ..) */
static ore_tensor *spread(ore_tensor *y, ore_tensor *rows, int64_t total) {
    if (!y)
        return NULL;
    ore_shape shape = ore_shape_of(y);
    shape.dim[0] = total;
    ore_tensor *zeros = ore_to_device(ore_zeros(shape, ore_tensor_dtype(y)), ore_tensor_device(y));
    return ore_index_add(zeros, 0, rows, y);
}

static bool document_fits(const ore_hierarchical_attention *h, const ore_tensor *x,
                          ore_tensor *sentences, const ore_tensor *words) {
    char text[2][ORE_SHAPE_TEXT];
    if (!x || !sentences || !words)
        ore_fail(ORE_INVALID, "hierarchical_attention: x, sentences or words are NULL");
    else if (ore_ndim(x) != 4 || ore_numel(x) == 0 || ore_tensor_dtype(words) != ORE_INT64 ||
             !ore_shape_equal(ore_shape_of(words), ORE_SHAPE(ore_size(x, 0), ore_size(x, 1))))
        ore_fail(ORE_INVALID,
                 "hierarchical_attention: x %s, words %s of %s, expected (B, S, W, E), none of "
                 "them 0, and (B, S) of int64",
                 ore_shape_text(ore_shape_of(x), text[0]),
                 ore_shape_text(ore_shape_of(words), text[1]),
                 ore_dtype_name(ore_tensor_dtype(words)));
    else
        lengths_fit(&h->module, "sentences", sentences, ore_size(x, 0), 1, ore_size(x, 1));
    return ore_ok();
}

/* The states of the sentences (B, S, 2 H) and the weights of words (B, S, W). */
static ore_tensor *read_sentences(const ore_hierarchical_attention *h, ore_tensor *x,
                                  ore_tensor *sentences, ore_tensor *words,
                                  ore_tensor **word_weights) {
    if (!document_fits(h, x, sentences, words))
        return NULL;
    int64_t B = ore_size(x, 0), S = ore_size(x, 1), W = ore_size(x, 2);
    ore_tensor *there = ore_flatten(before(sentences, S), 0, 1); /* (B S) */
    ore_tensor *rows = ore_squeeze(ore_nonzero(there), 1);       /* (N): sentences that exist */
    ore_tensor *counts = ore_index_select(ore_flatten(words, 0, 1), 0, rows);
    if (!counts || !lengths_fit(&h->module, "words", counts, ore_numel(rows), 1, W))
        return NULL;
    ore_tensor *of_words = ore_index_select(ore_flatten(x, 0, 1), 0, rows); /* (N, W, E) */
    ore_tensor *states = states_of(&h->word_rnn, of_words, counts), *w = NULL;
    ore_tensor *vectors = pool_states(&h->word_attention, states, counts, &w);
    vectors = spread(vectors, rows, B * S);
    w = spread(w, rows, B * S);
    if (!vectors || !w)
        return NULL;
    *word_weights = ore_view(w, ORE_SHAPE(B, S, W));
    vectors = ore_view(vectors, ORE_SHAPE(B, S, ore_size(vectors, 1)));
    return states_of(&h->sentence_rnn, vectors, sentences);
}

ore_tensor *ore_hierarchical_attention_states(const ore_hierarchical_attention *h, ore_tensor *x,
                                              ore_tensor *sentences, ore_tensor *words,
                                              ore_tensor **word_weights) {
    ore_tensor *w = NULL;
    if (word_weights)
        *word_weights = NULL;
    if (!ore_module_begin(&h->module))
        return NULL;
    ore_tensor *states = read_sentences(h, x, sentences, words, &w);
    if (word_weights && ore_ok())
        *word_weights = w;
    return ore_module_result(&h->module, ore_ok() ? states : NULL);
}

ore_tensor *ore_hierarchical_attention_forward(const ore_hierarchical_attention *h, ore_tensor *x,
                                               ore_tensor *sentences, ore_tensor *words,
                                               ore_hierarchical_weights *weights) {
    ore_hierarchical_weights made = {NULL, NULL};
    if (weights)
        *weights = made;
    if (!ore_module_begin(&h->module))
        return NULL;
    ore_tensor *states = read_sentences(h, x, sentences, words, &made.words);
    ore_tensor *y = pool_states(&h->sentence_attention, states, sentences, &made.sentences);
    if (weights && ore_ok())
        *weights = made;
    return ore_module_result(&h->module, ore_ok() ? y : NULL);
}
