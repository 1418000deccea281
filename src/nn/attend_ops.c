/* attend_ops.c: from scores to weights, and from weights to results: soft and hard attention. */
#include <ore/attend.h>

#include "ops/attention.h"

ore_tensor *ore_masked_softmax(ore_tensor *x, ore_tensor *seen) {
    if (!ore_ok())
        return NULL;
    if (seen && ore_tensor_dtype(seen) != ORE_BOOL) {
        ore_fail(ORE_INVALID, "masked_softmax: seen of %s, expected bool",
                 ore_dtype_name(ore_tensor_dtype(seen)));
        return NULL;
    }
    return ore_softmax_among(x, seen);
}

/* That weights (B, L, S) and values (B, S, V) belong together. */
static bool values_fit(const char *name, const ore_tensor *weights, const ore_tensor *values) {
    char text[2][ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!weights || !values)
        ore_fail(ORE_INVALID, "%s: weights or values are NULL", name);
    else if (ore_ndim(weights) != 3 || ore_ndim(values) != 3 ||
             ore_size(weights, 0) != ore_size(values, 0) ||
             ore_size(weights, 2) != ore_size(values, 1))
        ore_fail(ORE_INVALID, "%s: weights %s, values %s, expected (B, L, S) and (B, S, V)", name,
                 ore_shape_text(ore_shape_of(weights), text[0]),
                 ore_shape_text(ore_shape_of(values), text[1]));
    return ore_ok();
}

ore_tensor *ore_soft_attention(ore_tensor *weights, ore_tensor *values) {
    return values_fit("soft_attention", weights, values) ? ore_bmm(weights, values) : NULL;
}

/* ---- hard attention ---- */

/* One key for each row of weights (B L, S), none of which is all zeros: int64 (B L). */
static ore_tensor *choose(ore_tensor *weights, bool sample, ore_generator *g) {
    if (!sample)
        return ore_argmax(weights, 1, false);
    return ore_squeeze(ore_multinomial(weights, 1, false, g), 1);
}

/* values (B, S, V) at indices (B, L), zeros where `none` (B, L, 1) is true */
static ore_tensor *values_at(ore_tensor *values, ore_tensor *indices, ore_tensor *none) {
    ore_shape s = ore_shape_of(indices);
    ore_tensor *wide =
        ore_expand(ore_unsqueeze(indices, 2), ORE_SHAPE(s.dim[0], s.dim[1], ore_size(values, 2)));
    return ore_masked_fill(ore_gather(values, 1, wide), none, 0);
}

ore_tensor *ore_hard_attention(ore_tensor *weights, ore_tensor *values, bool sample,
                               ore_generator *g, ore_hard_choice *choice) {
    if (choice)
        *choice = (ore_hard_choice){NULL, NULL};
    if (!values_fit("hard_attention", weights, values))
        return NULL;
    int64_t B = ore_size(weights, 0), L = ore_size(weights, 1), S = ore_size(weights, 2);
    if (S == 0) {
        ore_fail(ORE_INVALID, "hard_attention: weights of no keys, expected at least one");
        return NULL;
    }
    ore_tensor *total = ore_sum(weights, ORE_DIMS(2), true); /* (B, L, 1) */
    ore_tensor *none = ore_eq(total, ore_scalar(0, ore_tensor_dtype(total)));
    ore_tensor *some = ore_masked_fill(weights, none, 1); /* to draw from; not what comes out */
    ore_tensor *flat = ore_reshape(ore_detach(some), ORE_SHAPE(B * L, S));
    ore_tensor *indices = ore_reshape(choose(flat, sample, g), ORE_SHAPE(B, L));
    ore_tensor *y = values_at(values, indices, none);
    if (choice) {
        ore_tensor *missing = ore_squeeze(none, 2);
        ore_tensor *chosen = ore_squeeze(ore_gather(some, 2, ore_unsqueeze(indices, 2)), 2);
        ore_tensor *sum = ore_squeeze(ore_masked_fill(total, none, 1), 2);
        ore_tensor *log_prob = ore_sub(ore_log(chosen), ore_log(sum));
        log_prob = ore_masked_fill(log_prob, missing, 0);
        indices = ore_masked_fill(indices, missing, -1);
        if (ore_ok())
            *choice = (ore_hard_choice){indices, log_prob};
    }
    return ore_ok() ? y : NULL;
}

/* log_prob (B, ..) summed to (B) */
static ore_tensor *sum_of_each(ore_tensor *log_prob) {
    return ore_ndim(log_prob) == 1 ? log_prob
                                   : ore_sum(ore_flatten(log_prob, 1, -1), ORE_DIMS(1), false);
}

ore_tensor *ore_reinforce(ore_tensor *losses, ore_tensor *log_prob, ore_tensor *baseline) {
    char text[3][ORE_SHAPE_TEXT];
    if (!ore_ok())
        return NULL;
    if (!losses || !log_prob) {
        ore_fail(ORE_INVALID, "reinforce: losses or log_prob are NULL");
        return NULL;
    }
    bool fits = ore_ndim(losses) == 1 && ore_ndim(log_prob) >= 1 &&
                ore_size(losses, 0) == ore_size(log_prob, 0);
    if (baseline && fits && ore_ndim(baseline) != 0)
        fits = ore_shape_equal(ore_shape_of(baseline), ore_shape_of(losses));
    if (!fits) {
        ore_fail(ORE_INVALID,
                 "reinforce: losses %s, log_prob %s, baseline %s, expected (B), (B, ..) and (B)",
                 ore_shape_text(ore_shape_of(losses), text[0]),
                 ore_shape_text(ore_shape_of(log_prob), text[1]),
                 baseline ? ore_shape_text(ore_shape_of(baseline), text[2]) : "NULL");
        return NULL;
    }
    ore_tensor *factor = ore_detach(baseline ? ore_sub(losses, baseline) : losses);
    ore_tensor *each = sum_of_each(log_prob);
    ore_tensor *change = ore_sub(each, ore_detach(each)); /* 0, with the gradient of each */
    return ore_add(losses, ore_mul(factor, change));
}

/* ---- windows ---- */

ore_tensor *ore_sliding_window_attention(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                         int64_t window, bool causal) {
    if (!ore_ok())
        return NULL;
    if (window < 1) {
        ore_fail(ORE_INVALID, "sliding_window_attention: window %lld, expected at least 1",
                 (long long)window);
        return NULL;
    }
    ore_attention_options o = ore_attention_defaults();
    o.window = window;
    o.causal = causal;
    return ore_attention(q, k, v, &o);
}
