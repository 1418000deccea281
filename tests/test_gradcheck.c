/* test_gradcheck.c: the gradient of every differentiable op against central differences, signed, in
 * float64, at awkward shapes: broadcast, strided, empty, of size 1, used twice. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/gradients.h"

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

/* ---- the functions ---- */

#define FUNCTION(name, result)                                                                     \
    static ore_tensor *name(void *user, ore_tensor **in, int n) {                                  \
        (void)in, (void)n, (void)user;                                                             \
        return result;                                                                             \
    }

FUNCTION(add, ore_add(in[0], in[1]))
FUNCTION(sub, ore_sub(in[0], in[1]))
FUNCTION(mul, ore_mul(in[0], in[1]))
FUNCTION(divide, ore_div(in[0], in[1]))
FUNCTION(maximum, ore_maximum(in[0], in[1]))
FUNCTION(minimum, ore_minimum(in[0], in[1]))
FUNCTION(power, ore_pow(in[0], in[1]))
FUNCTION(add_scalar, ore_add_scalar(in[0], 1.5))
FUNCTION(sub_scalar, ore_sub_scalar(in[0], 1.5))
FUNCTION(rsub_scalar, ore_rsub_scalar(in[0], 1.5))
FUNCTION(mul_scalar, ore_mul_scalar(in[0], -1.5))
FUNCTION(div_scalar, ore_div_scalar(in[0], -1.5))
FUNCTION(rdiv_scalar, ore_rdiv_scalar(in[0], -1.5))
FUNCTION(pow_two, ore_pow_scalar(in[0], 2))
FUNCTION(pow_three, ore_pow_scalar(in[0], 3))
FUNCTION(pow_half, ore_pow_scalar(in[0], 0.5))
FUNCTION(pow_minus_one, ore_pow_scalar(in[0], -1))
FUNCTION(pow_odd, ore_pow_scalar(in[0], -2.25))
FUNCTION(negative, ore_neg(in[0]))
FUNCTION(absolute, ore_abs(in[0]))
FUNCTION(exponential, ore_exp(in[0]))
FUNCTION(logarithm, ore_log(in[0]))
FUNCTION(square_root, ore_sqrt(in[0]))
FUNCTION(square, ore_square(in[0]))
FUNCTION(clamp, ore_clamp(in[0], -0.75, 0.5))
FUNCTION(where, ore_where(ore_gt(in[0], ore_scalar(0, ORE_FLOAT64)), in[1], in[2]))
FUNCTION(masked_fill, ore_masked_fill(in[0], ore_lt(in[1], ore_scalar(0, ORE_FLOAT64)), 3))
FUNCTION(hyperbolic, ore_tanh(in[0]))
FUNCTION(sigmoid, ore_sigmoid(in[0]))
FUNCTION(relu, ore_relu(in[0]))
FUNCTION(gelu, ore_gelu(in[0]))
FUNCTION(gelu_tanh, ore_gelu_tanh(in[0]))
FUNCTION(used_twice, ore_mul(ore_add(ore_mul(in[0], in[0]), in[0]), ore_exp(in[0])))
FUNCTION(strided_operands, ore_mul(ore_t(in[0]), ore_slice(in[1], 1, 0, 100, 2)))

FUNCTION(sum_all, ore_sum(in[0], ORE_ALL, false))
FUNCTION(sum_outer, ore_sum(in[0], ORE_DIMS(0, -1), false))
FUNCTION(sum_keep, ore_sum(in[0], ORE_DIMS(-2), true))
FUNCTION(sum_strided, ore_sum(ore_transpose(in[0], 0, 2), ORE_DIMS(1), false))
FUNCTION(mean_all, ore_mean(in[0], ORE_ALL, true))
FUNCTION(mean_some, ore_mean(in[0], ORE_DIMS(1, 2), false))
FUNCTION(var_all, ore_var(in[0], ORE_ALL, 1, false))
FUNCTION(var_biased, ore_var(in[0], ORE_DIMS(0, -1), 0, true))
FUNCTION(var_strided, ore_var(ore_permute(in[0], ORE_DIMS(2, 0, 1)), ORE_DIMS(-1), 1, false))
FUNCTION(std_all, ore_std(in[0], ORE_ALL, 1, false))
FUNCTION(std_some, ore_std(in[0], ORE_DIMS(1), 0, false))
FUNCTION(amax_some, ore_amax(in[0], ORE_DIMS(0, 2), false))
FUNCTION(amin_all, ore_amin(in[0], ORE_ALL, true))
FUNCTION(max_dim, ore_max_dim(in[0], 1, false, NULL))
FUNCTION(max_last, ore_max_dim(ore_transpose(in[0], 0, 1), -1, true, NULL))
FUNCTION(min_dim, ore_min_dim(in[0], -3, false, NULL))

FUNCTION(matmul, ore_matmul(in[0], in[1]))
FUNCTION(matmul_transposed, ore_matmul(ore_t(in[0]), ore_t(in[1])))
FUNCTION(linear, ore_f_linear(in[0], in[1], in[2]))
FUNCTION(linear_plain, ore_f_linear(in[0], in[1], NULL))
FUNCTION(linear_add, ore_f_linear_add(in[0], in[1], in[2], in[3]))
FUNCTION(linear_activated, ore_f_linear_activated(in[0], in[1], in[2], ore_gelu))
FUNCTION(linear_add_view, ore_f_linear_add(in[0], in[1], NULL, ore_t(in[2])))

/* A residual stream: gradients are added into what has arrived, and activations' replace it. */
static ore_tensor *residual_block(ore_tensor *x, ore_tensor *up, ore_tensor *down) {
    ore_tensor *n = ore_f_layer_norm(x, ORE_SHAPE(4), NULL, NULL, 1e-5);
    x = ore_f_linear_add(ore_gelu(ore_f_linear(n, up, NULL)), down, NULL, x);
    n = ore_f_layer_norm(x, ORE_SHAPE(4), NULL, NULL, 1e-5);
    return ore_f_linear_add(ore_tanh(ore_f_linear(n, up, NULL)), down, NULL, x);
}

/* One matrix as table, as layer and as layer again. */
static ore_tensor *tied(ore_tensor *table) {
    ore_tensor *x = ore_f_embedding(integers(ORE_SHAPE(4), (int64_t[]){2, 0, 2, 1}), table, -1);
    ore_tensor *y = ore_f_linear(x, table, NULL);
    return ore_f_linear(ore_tanh(y), ore_t(table), NULL);
}

FUNCTION(residuals, residual_block(in[0], in[1], in[2]))
FUNCTION(tied_weights, tied(in[0]))
FUNCTION(linear_strided, ore_f_linear(ore_transpose(in[0], 0, 1), ore_t(in[1]), NULL))

FUNCTION(softmax_last, ore_softmax(in[0], -1))
FUNCTION(softmax_first, ore_softmax(in[0], 0))
FUNCTION(softmax_strided, ore_softmax(ore_transpose(in[0], 0, 2), 1))
FUNCTION(log_softmax_last, ore_log_softmax(in[0], -1))
FUNCTION(log_softmax_middle, ore_log_softmax(in[0], -2))
FUNCTION(layer_norm, ore_f_layer_norm(in[0], ORE_SHAPE(4), in[1], in[2], 1e-5))
FUNCTION(layer_norm_plain, ore_f_layer_norm(in[0], ORE_SHAPE(3, 4), NULL, NULL, 1e-3))
FUNCTION(layer_norm_two, ore_f_layer_norm(in[0], ORE_SHAPE(3, 4), in[1], NULL, 1e-3))
FUNCTION(layer_norm_bias,
         ore_f_layer_norm(ore_transpose(in[0], 0, 1), ORE_SHAPE(4), NULL, in[1], 1e-5))
FUNCTION(rms_norm, ore_f_rms_norm(in[0], ORE_SHAPE(4), in[1], NAN))
FUNCTION(rms_norm_two, ore_f_rms_norm(ore_transpose(in[0], 0, 1), ORE_SHAPE(2, 4), NULL, 1e-3))
FUNCTION(group_norm, ore_f_group_norm(in[0], 2, in[1], in[2], 1e-3))
FUNCTION(group_norm_plain, ore_f_group_norm(in[0], 1, NULL, NULL, 1e-3))
FUNCTION(instance_norm, ore_f_instance_norm(in[0], NULL, NULL, in[1], in[2], true, 0.1, 1e-3))
FUNCTION(instance_norm_running, ore_f_instance_norm(in[0], ore_full(ORE_SHAPE(3), 0.3, ORE_FLOAT64),
                                                    ore_full(ORE_SHAPE(3), 1.7, ORE_FLOAT64), in[1],
                                                    NULL, false, 0.1, 1e-3))
FUNCTION(batch_norm, ore_batch_norm(in[0], NULL, NULL, in[1], in[2], true, 0.1, 1e-3))
FUNCTION(batch_norm_plain,
         ore_batch_norm(ore_transpose(in[0], 0, 1), NULL, NULL, NULL, NULL, true, 0.1, 1e-3))
FUNCTION(batch_norm_bias, ore_batch_norm(in[0], NULL, NULL, NULL, in[1], true, 0.1, 1e-3))
FUNCTION(batch_norm_running,
         ore_batch_norm(in[0], ore_full(ORE_SHAPE(3), 0.3, ORE_FLOAT64),
                        ore_full(ORE_SHAPE(3), 1.7, ORE_FLOAT64), in[1], in[2], false, 0.1, 1e-3))

FUNCTION(gather,
         ore_gather(in[0], 1, integers(ORE_SHAPE(2, 4), (int64_t[]){0, 2, 2, 1, 1, 1, 1, 0})))
FUNCTION(gather_first, ore_gather(ore_t(in[0]), 0,
                                  integers(ORE_SHAPE(4, 2), (int64_t[]){0, 2, 2, 1, 1, 1, 1, 0})))
FUNCTION(index_select, ore_index_select(in[0], -2, integers(ORE_SHAPE(4), (int64_t[]){2, 0, 2, 1})))
FUNCTION(index_nothing, ore_index_select(in[0], 1, ore_zeros(ORE_SHAPE(0), ORE_INT64)))
FUNCTION(embedding,
         ore_f_embedding(integers(ORE_SHAPE(2, 3), (int64_t[]){3, 0, 3, 1, 2, 0}), in[0], -1))

FUNCTION(view, ore_view(in[0], ORE_SHAPE(4, -1)))
FUNCTION(reshape, ore_reshape(ore_transpose(in[0], 1, 2), ORE_SHAPE(-1)))
FUNCTION(flatten, ore_flatten(in[0], 0, 1))
FUNCTION(transpose, ore_transpose(in[0], 0, -1))
FUNCTION(permute, ore_permute(in[0], ORE_DIMS(2, 0, 1)))
FUNCTION(narrow, ore_narrow(in[0], -1, 1, 2))
FUNCTION(slice, ore_slice(in[0], 2, -4, 100, 2))
FUNCTION(select_one, ore_select(in[0], 1, -1))
FUNCTION(squeeze, ore_squeeze(ore_narrow(in[0], 1, 1, 1), 1))
FUNCTION(squeeze_all, ore_squeeze_all(in[0]))
FUNCTION(unsqueeze, ore_unsqueeze(in[0], -1))
FUNCTION(expand, ore_expand(in[0], ORE_SHAPE(2, 3, 4)))
FUNCTION(clone, ore_clone(ore_t(in[0])))
FUNCTION(contiguous, ore_contiguous(ore_t(in[0])))
FUNCTION(overlapping_views, ore_add(ore_narrow(in[0], 0, 0, 3), ore_narrow(in[0], 0, 1, 3)))
FUNCTION(cat, ore_cat(in, n, -1))
FUNCTION(stack, ore_stack(in, n, 1))
FUNCTION(tril, ore_tril(in[0], -1))
FUNCTION(triu, ore_triu(in[0], 1))

static ore_tensor *split(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_tensor *parts[3];
    if (ore_split(in[0], 2, -1, parts, 3) != 2)
        return NULL;
    return ore_mul(parts[0], ore_exp(parts[1]));
}

static ore_tensor *chunk(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_tensor *parts[3];
    if (ore_chunk(in[0], 3, 0, parts, 3) != 3)
        return NULL;
    return ore_sub(ore_mul(parts[0], parts[2]), parts[1]);
}

static ore_tensor *dropout(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_generator *g = ore_generator_new(7);
    ore_tensor *y = ore_f_dropout(in[0], 0.4, true, g);
    ore_generator_free(g);
    return y;
}

static ore_tensor *changed_in_place(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_tensor *y = ore_mul_scalar(in[0], 2);
    ore_add_(y, in[1]);
    ore_mul_(y, in[1]);
    ore_sub_(y, in[0]);
    ore_div_(y, ore_add_scalar(ore_square(in[1]), 1));
    ore_add_scalar_(y, 3);
    return ore_mul_scalar_(y, 0.5);
}

static ore_tensor *copied_in_place(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_tensor *y = ore_mul_scalar(in[0], 2);
    return ore_mul(ore_copy_(y, in[1]), in[0]);
}

/* Labels of 5 rows and 4 classes, one of them ignored where `ignore` says so. */
static ore_tensor *labelled(ore_tensor *x, ore_reduction reduction, double smoothing, bool weighted,
                            bool ignore) {
    ore_tensor *labels = integers(ORE_SHAPE(5), (int64_t[]){3, 0, ignore ? -100 : 1, 2, 0});
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    o.reduction = reduction;
    o.label_smoothing = smoothing;
    if (weighted)
        o.weight = ore_from_data((double[]){0.5, 2, 1.5, 0.25}, ORE_SHAPE(4), ORE_FLOAT64);
    return ore_cross_entropy(x, labels, &o);
}

FUNCTION(loss_mean, labelled(in[0], ORE_MEAN, 0, false, false))
FUNCTION(loss_sum, labelled(in[0], ORE_SUM, 0.2, false, true))
FUNCTION(loss_none, labelled(in[0], ORE_NONE, 0, true, true))
FUNCTION(loss_weighted, labelled(ore_t(in[0]), ORE_MEAN, 0.3, true, true))
FUNCTION(loss_places,
         ore_cross_entropy(in[0], integers(ORE_SHAPE(2, 3), (int64_t[]){3, 0, 1, 2, 0, 1}), NULL))
FUNCTION(loss_one, ore_cross_entropy(in[0], integers(ORE_SCALAR, (int64_t[]){2}), NULL))

static ore_tensor *attend(ore_tensor **in, bool causal, double scale, bool plain) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = causal;
    o.scale = scale;
    return plain ? ore_attention_plain(in[0], in[1], in[2], &o)
                 : ore_attention(in[0], in[1], in[2], &o);
}

FUNCTION(attention, attend(in, false, 0, false))
FUNCTION(attention_causal, attend(in, true, 0.5, false))
static ore_tensor *attend_packed(ore_tensor *qkv) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    return ore_attention_packed(qkv, 2, &o);
}

FUNCTION(attention_packed, attend_packed(in[0]))
FUNCTION(attention_packed_view, attend_packed(ore_transpose(in[0], 0, 1)))
FUNCTION(attention_plain, attend(in, true, 0, true))

#undef FUNCTION

#define ONE(...)                                                                                   \
    1, {                                                                                           \
        __VA_ARGS__                                                                                \
    }
#define TWO(...)                                                                                   \
    2, {                                                                                           \
        __VA_ARGS__                                                                                \
    }
#define THREE(...)                                                                                 \
    3, {                                                                                           \
        __VA_ARGS__                                                                                \
    }
#define FOUR(...)                                                                                  \
    4, {                                                                                           \
        __VA_ARGS__                                                                                \
    }
#define S(...) ORE_SHAPE(__VA_ARGS__)

static const gradient_case cases[] = {
    {"add", add, -2, 2, TWO(S(2, 3), S(2, 3))},
    {"add, row", add, -2, 2, TWO(S(2, 3), S(3))},
    {"add, outer", add, -2, 2, TWO(S(2, 1, 3), S(4, 1))},
    {"add, 0-d", add, -2, 2, TWO(S(2, 3), ORE_SCALAR)},
    {"add, empty", add, -2, 2, TWO(S(0, 3), S(3))},
    {"sub, outer", sub, -2, 2, TWO(S(2, 1, 3), S(4, 1))},
    {"mul, outer", mul, -2, 2, TWO(S(2, 1, 3), S(4, 1))},
    {"mul, 0-d", mul, -2, 2, TWO(ORE_SCALAR, S(2, 3))},
    {"div, outer", divide, 0.5, 2, TWO(S(2, 1, 3), S(4, 1))},
    {"maximum", maximum, -2, 2, TWO(S(3, 4), S(4))},
    {"minimum", minimum, -2, 2, TWO(S(3, 1), S(3, 4))},
    {"pow", power, 0.25, 2, TWO(S(3, 4), S(4))},
    {"add_scalar", add_scalar, -2, 2, ONE(S(3))},
    {"sub_scalar", sub_scalar, -2, 2, ONE(S(3))},
    {"rsub_scalar", rsub_scalar, -2, 2, ONE(S(3))},
    {"mul_scalar", mul_scalar, -2, 2, ONE(S(3))},
    {"div_scalar", div_scalar, -2, 2, ONE(S(3))},
    {"rdiv_scalar", rdiv_scalar, 0.5, 2, ONE(S(3))},
    {"pow_scalar 2", pow_two, -2, 2, ONE(S(2, 3))},
    {"pow_scalar 3", pow_three, -2, 2, ONE(S(2, 3))},
    {"pow_scalar 0.5", pow_half, 0.25, 2, ONE(S(2, 3))},
    {"pow_scalar -1", pow_minus_one, 0.5, 2, ONE(S(2, 3))},
    {"pow_scalar -2.25", pow_odd, 0.5, 2, ONE(S(2, 3))},
    {"neg", negative, -2, 2, ONE(S(2, 3))},
    {"abs", absolute, -2, 2, ONE(S(3, 4))},
    {"exp", exponential, -2, 2, ONE(S(2, 1, 3))},
    {"log", logarithm, 0.25, 2, ONE(S(2, 3))},
    {"sqrt", square_root, 0.25, 2, ONE(S(2, 3))},
    {"square", square, -2, 2, ONE(S(2, 3))},
    {"clamp", clamp, -2, 2, ONE(S(4, 5))},
    {"where", where, -2, 2, THREE(S(3, 4), S(4), S(3, 1))},
    {"masked_fill", masked_fill, -2, 2, TWO(S(3, 4), S(4))},
    {"tanh", hyperbolic, -3, 3, ONE(S(3, 4))},
    {"sigmoid", sigmoid, -3, 3, ONE(S(3, 4))},
    {"relu", relu, -2, 2, ONE(S(3, 4))},
    {"gelu", gelu, -3, 3, ONE(S(3, 4))},
    {"gelu_tanh", gelu_tanh, -3, 3, ONE(S(3, 4))},
    {"used twice", used_twice, -1, 1, ONE(S(2, 3))},
    {"strided operands", strided_operands, -2, 2, TWO(S(3, 2), S(2, 6))},
    {"dropout", dropout, -2, 2, ONE(S(5, 7))},
    {"in place", changed_in_place, -2, 2, TWO(S(2, 3), S(3))},
    {"copy_", copied_in_place, -2, 2, TWO(S(2, 3), S(3))},
    {"sum", sum_all, -2, 2, ONE(S(2, 3, 4))},
    {"sum, empty", sum_all, -2, 2, ONE(S(2, 0))},
    {"sum, 0-d", sum_all, -2, 2, ONE(ORE_SCALAR)},
    {"sum, outer dims", sum_outer, -2, 2, ONE(S(2, 3, 4))},
    {"sum, keepdim", sum_keep, -2, 2, ONE(S(2, 3, 4))},
    {"sum, strided", sum_strided, -2, 2, ONE(S(2, 3, 4))},
    {"sum, size 1", sum_outer, -2, 2, ONE(S(1, 3, 1))},
    {"mean", mean_all, -2, 2, ONE(S(2, 3, 4))},
    {"mean, dims", mean_some, -2, 2, ONE(S(2, 3, 4))},
    {"var", var_all, -2, 2, ONE(S(2, 3, 4))},
    {"var, biased", var_biased, -2, 2, ONE(S(2, 3, 4))},
    {"var, strided", var_strided, -2, 2, ONE(S(2, 3, 4))},
    {"std", std_all, -2, 2, ONE(S(2, 3))},
    {"std, dims", std_some, -2, 2, ONE(S(2, 5, 1))},
    {"amax", amax_some, -2, 2, ONE(S(2, 3, 4))},
    {"amin", amin_all, -2, 2, ONE(S(2, 3, 4))},
    {"max_dim", max_dim, -2, 2, ONE(S(2, 3, 4))},
    {"max_dim, strided", max_last, -2, 2, ONE(S(2, 3))},
    {"min_dim", min_dim, -2, 2, ONE(S(2, 3, 4))},
    {"matmul", matmul, -1, 1, TWO(S(2, 3), S(3, 4))},
    {"matmul, dot", matmul, -1, 1, TWO(S(5), S(5))},
    {"matmul, vector matrix", matmul, -1, 1, TWO(S(3), S(3, 2))},
    {"matmul, matrix vector", matmul, -1, 1, TWO(S(2, 3), S(3))},
    {"matmul, batch vector", matmul, -1, 1, TWO(S(2, 3, 4), S(4))},
    {"matmul, batches", matmul, -1, 1, TWO(S(2, 1, 3, 4), S(3, 4, 2))},
    {"matmul, one matrix", matmul, -1, 1, TWO(S(2, 3, 4), S(4, 2))},
    {"matmul, matrix batch", matmul, -1, 1, TWO(S(3, 4), S(2, 4, 2))},
    {"matmul, empty sum", matmul, -1, 1, TWO(S(2, 0), S(0, 3))},
    {"matmul, transposed", matmul_transposed, -1, 1, TWO(S(3, 2), S(4, 3))},
    {"linear", linear, -1, 1, THREE(S(2, 3, 4), S(5, 4), S(5))},
    {"linear, one row", linear, -1, 1, THREE(S(4), S(5, 4), S(5))},
    {"linear, no bias", linear_plain, -1, 1, TWO(S(3, 4), S(5, 4))},
    {"linear, residual", linear_add, -1, 1, FOUR(S(2, 3, 4), S(5, 4), S(5), S(2, 3, 5))},
    {"linear, gelu", linear_activated, -1, 1, THREE(S(2, 3, 4), S(5, 4), S(5))},
    {"linear, strided residual", linear_add_view, -1, 1, THREE(S(3, 4), S(5, 4), S(5, 3))},
    {"residuals", residuals, -1, 1, THREE(S(3, 4), S(5, 4), S(4, 5))},
    {"tied weights", tied_weights, -1, 1, ONE(S(3, 4))},
    {"linear, strided", linear_strided, -1, 1, TWO(S(2, 3, 4), S(4, 5))},
    {"softmax", softmax_last, -3, 3, ONE(S(2, 3, 4))},
    {"softmax, first dim", softmax_first, -3, 3, ONE(S(2, 3))},
    {"softmax, strided", softmax_strided, -3, 3, ONE(S(2, 3, 4))},
    {"softmax, 0-d", softmax_last, -3, 3, ONE(ORE_SCALAR)},
    {"softmax, empty", softmax_last, -3, 3, ONE(S(2, 0))},
    {"log_softmax", log_softmax_last, -3, 3, ONE(S(2, 3, 4))},
    {"log_softmax, middle dim", log_softmax_middle, -3, 3, ONE(S(2, 3, 4))},
    {"log_softmax, size 1", log_softmax_last, -3, 3, ONE(S(3, 1))},
    {"layer_norm", layer_norm, -2, 2, THREE(S(2, 3, 4), S(4), S(4))},
    {"layer_norm, no rows", layer_norm, -2, 2, THREE(S(0, 4), S(4), S(4))},
    {"layer_norm, plain", layer_norm_plain, -2, 2, ONE(S(2, 3, 4))},
    {"layer_norm, two dims", layer_norm_two, -2, 2, TWO(S(2, 3, 4), S(3, 4))},
    {"layer_norm, bias", layer_norm_bias, -2, 2, TWO(S(3, 2, 4), S(4))},
    {"rms_norm", rms_norm, -2, 2, TWO(S(2, 3, 4), S(4))},
    {"rms_norm, no rows", rms_norm, -2, 2, TWO(S(0, 4), S(4))},
    {"rms_norm, two dims", rms_norm_two, -2, 2, ONE(S(2, 3, 4))},
    {"group_norm", group_norm, -2, 2, THREE(S(2, 4, 3), S(4), S(4))},
    {"group_norm, nothing", group_norm, -2, 2, THREE(S(0, 4, 3), S(4), S(4))},
    {"group_norm, plain", group_norm_plain, -2, 2, ONE(S(3, 4))},
    {"instance_norm", instance_norm, -2, 2, THREE(S(2, 3, 4), S(3), S(3))},
    {"instance_norm, four dims", instance_norm, -2, 2, THREE(S(2, 3, 2, 2), S(3), S(3))},
    {"instance_norm, running", instance_norm_running, -2, 2, TWO(S(2, 3, 4), S(3))},
    {"batch_norm", batch_norm, -2, 2, THREE(S(5, 3), S(3), S(3))},
    {"batch_norm, runs", batch_norm, -2, 2, THREE(S(2, 3, 5), S(3), S(3))},
    {"batch_norm, four dims", batch_norm, -2, 2, THREE(S(2, 3, 2, 3), S(3), S(3))},
    {"batch_norm, nothing", batch_norm, -2, 2, THREE(S(0, 3), S(3), S(3))},
    {"batch_norm, plain", batch_norm_plain, -2, 2, ONE(S(3, 4, 2))},
    {"batch_norm, running", batch_norm_running, -2, 2, THREE(S(2, 3, 4), S(3), S(3))},
    {"batch_norm, bias", batch_norm_bias, -2, 2, TWO(S(4, 9), S(9))},
    {"cross_entropy", loss_mean, -3, 3, ONE(S(5, 4))},
    {"cross_entropy, smoothed sum", loss_sum, -3, 3, ONE(S(5, 4))},
    {"cross_entropy, none", loss_none, -3, 3, ONE(S(5, 4))},
    {"cross_entropy, all options", loss_weighted, -3, 3, ONE(S(4, 5))},
    {"cross_entropy, places", loss_places, -3, 3, ONE(S(2, 4, 3))},
    {"cross_entropy, one row", loss_one, -3, 3, ONE(S(4))},
    {"attention", attention, -1, 1, THREE(S(2, 2, 3, 4), S(2, 2, 5, 4), S(2, 2, 5, 3))},
    {"attention, causal", attention_causal, -1, 1,
     THREE(S(1, 2, 4, 3), S(1, 2, 4, 3), S(1, 2, 4, 3))},
    {"attention_packed", attention_packed, -1, 1, ONE(S(2, 3, 12))},
    {"attention_packed of a view", attention_packed_view, -1, 1, ONE(S(3, 2, 12))},
    {"attention_plain", attention_plain, -1, 1, THREE(S(1, 2, 3, 4), S(1, 2, 5, 4), S(1, 2, 5, 3))},
    {"gather", gather, -2, 2, ONE(S(2, 3))},
    {"gather, first dim", gather_first, -2, 2, ONE(S(2, 3))},
    {"index_select", index_select, -2, 2, ONE(S(2, 3, 2))},
    {"index_select, nothing", index_nothing, -2, 2, ONE(S(2, 3))},
    {"embedding", embedding, -2, 2, ONE(S(4, 3))},
    {"view", view, -2, 2, ONE(S(2, 3, 4))},
    {"reshape", reshape, -2, 2, ONE(S(2, 3, 4))},
    {"flatten", flatten, -2, 2, ONE(S(2, 3, 4))},
    {"transpose", transpose, -2, 2, ONE(S(2, 3, 4))},
    {"permute", permute, -2, 2, ONE(S(2, 3, 4))},
    {"narrow", narrow, -2, 2, ONE(S(2, 4))},
    {"slice", slice, -2, 2, ONE(S(2, 3, 7))},
    {"select", select_one, -2, 2, ONE(S(2, 3, 4))},
    {"squeeze", squeeze, -2, 2, ONE(S(2, 3))},
    {"squeeze_all", squeeze_all, -2, 2, ONE(S(1, 3, 1))},
    {"unsqueeze", unsqueeze, -2, 2, ONE(S(2, 3))},
    {"expand", expand, -2, 2, ONE(S(3, 1))},
    {"clone", clone, -2, 2, ONE(S(2, 3))},
    {"contiguous", contiguous, -2, 2, ONE(S(2, 3))},
    {"overlapping views", overlapping_views, -2, 2, ONE(S(4, 2))},
    {"cat", cat, -2, 2, THREE(S(2, 3), S(2, 0), S(2, 1))},
    {"stack", stack, -2, 2, THREE(S(2, 3), S(2, 3), S(2, 3))},
    {"split", split, -2, 2, ONE(S(3, 4))},
    {"chunk", chunk, -2, 2, ONE(S(6, 2))},
    {"tril", tril, -2, 2, ONE(S(2, 3, 4))},
    {"triu", triu, -2, 2, ONE(S(4, 3))},
};

#undef ONE
#undef TWO
#undef THREE
#undef S

static void every_gradient_agrees(void **state) {
    (void)state;
    assert_int_equal(gradients_that_fail(cases, sizeof cases / sizeof *cases), 0);
}

/* ---- what the check itself reports ---- */

static ore_tensor *half_a_gradient(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    return ore_add(ore_mul_scalar(in[0], 0), ore_mul(in[1], ore_detach(in[1])));
}

static ore_tensor *no_gradient(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    return ore_detach(in[0]);
}

static void the_worst_element_is_named(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *in[] = {gradient_leaf(ORE_SHAPE(3, 2), 0, 1),
                        ore_zeros(ORE_SHAPE(3, 2), ORE_FLOAT64)};
    double *data = ore_data_mut(in[1]);
    data[4] = 2; /* weight of (2, 0) is 0.3125 from ore_gradcheck's list */
    ore_set_requires_grad(in[1], true);
    assert_int_equal(ore_gradcheck(half_a_gradient, NULL, in, 2, NULL), ORE_STATE);
    const char *message = ore_error_message();
    if (strncmp(message, "gradcheck: input 1 at (2, 0): analytic ", 39) != 0)
        fail_msg("message '%s'", message);
    double analytic, numeric, off;
    assert_int_equal(sscanf(message + 39, "%lf, numeric %lf (difference %lf, allowed", &analytic,
                            &numeric, &off),
                     3);
    assert_true(fabs(numeric - 2 * analytic) < 1e-5 * fabs(numeric));
    assert_true(fabs(off - fabs(analytic)) < 1e-5);
    ore_error_clear();
    assert_true(data[4] == 2);
    assert_null(ore_grad(in[1]));
    ore_scope_end();
}

static void unusable_inputs_are_refused(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *single = ore_set_requires_grad(ore_ones(ORE_SHAPE(2), ORE_FLOAT32), true);
    assert_int_equal(ore_gradcheck(exponential, NULL, &single, 1, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "gradcheck: input 0 is a leaf of float32, expected a leaf of float64");
    ore_error_clear();
    ore_tensor *x = gradient_leaf(ORE_SHAPE(2), 0, 1), *made = ore_exp(x);
    assert_int_equal(ore_gradcheck(exponential, NULL, &made, 1, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "gradcheck: input 0 is a result of float64, expected a leaf of float64");
    ore_error_clear();
    assert_int_equal(ore_gradcheck(no_gradient, NULL, &x, 1, NULL), ORE_INVALID);
    assert_string_equal(
        ore_error_message(),
        "gradcheck: the result does not depend on an input that requires a gradient");
    ore_error_clear();
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_agrees),
        cmocka_unit_test(the_worst_element_is_named),
        cmocka_unit_test(unusable_inputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
