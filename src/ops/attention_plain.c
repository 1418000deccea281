/* attention_plain.c: attention composed of matmul, softmax and dropout, the oracle of the fused op;
 * equations in attention.c. */
#include <math.h>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/autocast.h"

/* 0 .. n - 1 as int64, in dim `dim` of the scores. */
static ore_tensor *places_along(const ore_tensor *q, int64_t n, int dim) {
    ore_shape shape = ORE_SHAPE(1, 1, 1, 1);
    shape.dim[dim] = n;
    ore_tensor *places = ore_arange(0, (double)n, 1, ORE_INT64);
    return ore_reshape(ore_to_device(places, ore_tensor_device(q)), shape);
}

/* The place of each query among the keys: int64 (B or 1, 1, Tq, 1). */
static ore_tensor *query_places(const ore_tensor *q, int64_t Tk, const ore_attention_options *o) {
    int64_t B = q->shape.dim[0], Tq = q->shape.dim[2];
    ore_tensor *t = places_along(q, Tq, 2);
    if (o->starts)
        return ore_add(ore_reshape(o->starts, ORE_SHAPE(B, 1, 1, 1)), t);
    return ore_add_scalar(t, (double)(Tk - Tq));
}

static ore_tensor *both(ore_tensor *a, ore_tensor *b) {
    return a ? ore_logical_and(a, b) : b;
}

/* Whether query and key are in one run of equal numbers: bool (B, 1, Tq, Tk). A query whose place
 * is outside of the keys is in none. */
static ore_tensor *in_one_document(const ore_tensor *q, ore_tensor *documents, ore_tensor *places) {
    int64_t B = q->shape.dim[0], Tq = q->shape.dim[2], Tk = ore_size(documents, 1);
    ore_tensor *runs = ore_document_runs(documents); /* (B, Tk) */
    ore_tensor *inside = ore_clamp(places, 0, (double)(Tk - 1));
    ore_tensor *exists = ore_eq(inside, places);
    inside = ore_expand(ore_reshape(inside, ORE_SHAPE(-1, Tq)), ORE_SHAPE(B, Tq));
    ore_tensor *own = ore_reshape(ore_gather(runs, 1, inside), ORE_SHAPE(B, 1, Tq, 1));
    return both(exists, ore_eq(own, ore_reshape(runs, ORE_SHAPE(B, 1, 1, Tk))));
}

/* The keys that each query sees by place: bool that broadcasts to the scores, or NULL for all. */
static ore_tensor *seen_by_place(ore_tensor *q, ore_tensor *places, ore_tensor *distance,
                                 const ore_attention_options *o) {
    int64_t B = q->shape.dim[0], Tk = ore_size(distance, 3);
    ore_tensor *seen = NULL, *zero = ore_new_scalar(q, 0, ORE_INT64);
    if (o->causal)
        seen = ore_le(distance, zero);
    if (o->window)
        seen =
            both(seen, ore_lt(ore_abs(distance), ore_new_scalar(q, (double)o->window, ORE_INT64)));
    if (o->lengths)
        seen = both(seen,
                    ore_lt(places_along(q, Tk, 3), ore_reshape(o->lengths, ORE_SHAPE(B, 1, 1, 1))));
    if (o->documents && Tk > 0)
        seen = both(seen, in_one_document(q, o->documents, places));
    return seen;
}

ore_tensor *ore_softmax_among(ore_tensor *scores, ore_tensor *seen) {
    if (!seen)
        return ore_softmax(scores, -1);
    /* A row without any element that is seen would be 0 / 0, in the gradient too: nothing is hidden
     * there, and the result is zeroed. */
    ore_tensor *some_seen = ore_any(seen, ORE_DIMS(-1), true);
    ore_tensor *hidden = ore_logical_not(seen);
    scores = ore_masked_fill(scores, ore_logical_and(hidden, some_seen), -INFINITY);
    return ore_masked_fill(ore_softmax(scores, -1), hidden, 0);
}

/* Scores (B, H, Tq, Tk) with all that options do to them but for what they hide; *seen becomes the
 * keys that each query sees: bool that broadcasts to the scores, or NULL for all. */
static ore_tensor *scores_of(ore_tensor *q, ore_tensor *k, const ore_attention_options *o,
                             ore_tensor **seen) {
    int64_t B = q->shape.dim[0], H = q->shape.dim[1], Tk = k->shape.dim[2];
    if (k->shape.dim[1] != H)
        k = ore_repeat_interleave(k, H / k->shape.dim[1], 1);
    ore_tensor *scores =
        ore_mul_scalar(ore_matmul(q, ore_transpose(k, -2, -1)), ore_attention_scale(o, q));
    if (o->soft_cap > 0)
        scores = ore_mul_scalar(ore_tanh(ore_div_scalar(scores, o->soft_cap)), o->soft_cap);
    ore_tensor *places = query_places(q, Tk, o);
    ore_tensor *distance = ore_sub(places_along(q, Tk, 3), places); /* (B or 1, 1, Tq, Tk) */
    if (o->slopes) {
        ore_shape shape = ORE_SHAPE(o->slopes->shape.ndim == 2 ? B : 1, H, 1, 1);
        ore_tensor *lost =
            ore_mul(ore_reshape(o->slopes, shape), ore_to(ore_abs(distance), q->dtype));
        scores = ore_sub(scores, lost);
    }
    *seen = ore_ok() ? seen_by_place(q, places, distance, o) : NULL;
    if (o->mask && o->mask->dtype == ORE_BOOL) {
        *seen = both(*seen, o->mask);
    } else if (o->mask) {
        ore_tensor *hides = ore_eq(o->mask, ore_new_scalar(q, -INFINITY, q->dtype));
        scores = ore_add(scores, ore_masked_fill(o->mask, hides, 0));
        *seen = both(*seen, ore_logical_not(hides));
    }
    return scores;
}

static ore_tensor *weights_of(ore_tensor *q, ore_tensor *k, const ore_attention_options *o) {
    ore_tensor *seen, *scores = scores_of(q, k, o, &seen);
    return ore_f_dropout(ore_softmax_among(scores, seen), o->dropout, true, o->generator);
}

ore_tensor *ore_attention_weights(ore_tensor *q, ore_tensor *k,
                                  const ore_attention_options *options) {
    ore_attention_options o = ore_attention_choice(options);
    q = ore_lowered(q);
    k = ore_lowered(k);
    if (!ore_ok() || !ore_attention_fits("attention_weights", 2, (ore_tensor *[]){q, k}, &o))
        return NULL;
    return ore_named("attention_weights", weights_of(q, k, &o));
}

ore_tensor *ore_attention_plain(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                const ore_attention_options *options) {
    ore_attention_options o = ore_attention_choice(options);
    q = ore_lowered(q);
    k = ore_lowered(k);
    v = ore_lowered(v);
    if (!ore_ok() || !ore_attention_fits("attention", 3, (ore_tensor *[]){q, k, v}, &o))
        return NULL;
    ore_tensor *weights = weights_of(q, k, &o);
    if (v->shape.dim[1] != q->shape.dim[1])
        v = ore_repeat_interleave(v, q->shape.dim[1] / v->shape.dim[1], 1);
    return ore_named("attention", ore_matmul(weights, v));
}
