/* ops.h: differentiable operations that compute: arithmetic, functions, activations, reductions,
 * order, products, normalisation, dropout, attention. loss.h has the losses, view.h what shows or
 * moves elements; including this header includes both.
 *
 * Names, broadcasting, type promotion, defaults and reductions are PyTorch's: ore_NAME is
 * torch.NAME or torch.nn.functional.NAME. Where a layer of nn.h has the short name, the op is
 * ore_f_NAME (torch's F.NAME). A number in brackets is PyTorch's default: C has none.
 *
 * What holds for every function here, unless it says otherwise:
 * - Shapes. Operands broadcast: shapes are compared from the last dim, and two sizes fit where they
 *   are equal or one is 1. Functions of one tensor keep its shape. A dim may be counted from the
 *   end: -1 is the last. Tensors may have any strides.
 * - Dtypes. Two tensors are cast to ore_promote_types of theirs, where a 0-d tensor counts only if
 *   its kind (bool, integer, floating) is the higher one. A number never widens a floating tensor;
 *   a fraction makes an integer tensor float32. bfloat16 and float16 compute in float32 and round
 *   each result once; a number or a 0-d tensor beside them is not rounded first.
 * - Results are new tensors of the innermost scope. They are recorded where an input requires a
 *   gradient; the equation and its derivative stand beside the code in src/ops/.
 * - Errors. NULL while an error is pending. ORE_INVALID for NULL arguments and for shapes, dims or
 *   dtypes that do not fit, with a message that names them; ORE_MEMORY where memory runs out. */
#ifndef ORE_OPS_H
#define ORE_OPS_H

#include <ore/loss.h>
#include <ore/random.h>
#include <ore/view.h>

ORE_BEGIN_DECLS

/* ---- arithmetic (src/ops/arith.c): a op b, element by element ---- */

ORE_API ore_tensor *ore_add(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_sub(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_mul(ore_tensor *a, ore_tensor *b);
/* Integers give float32, as torch.true_divide; a division by 0 gives infinity or NaN. */
ORE_API ore_tensor *ore_div(ore_tensor *a, ore_tensor *b);
/* The larger or the smaller one. Equal elements share the gradient; NaN wins over any number. */
ORE_API ore_tensor *ore_maximum(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_minimum(ore_tensor *a, ore_tensor *b);
/* a^b. An integer to a negative integer power is 0, but for 1 and -1. */
ORE_API ore_tensor *ore_pow(ore_tensor *a, ore_tensor *b);
/* The same with a number b: a + b, a - b, b - a, a b, a / b, b / a, a^exponent (float32 for an
 * integer a and an exponent below 0). */
ORE_API ore_tensor *ore_add_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_sub_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_rsub_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_mul_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_div_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_rdiv_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_pow_scalar(ore_tensor *a, double exponent);
/* -a and |a|, of a's dtype. */
ORE_API ore_tensor *ore_neg(ore_tensor *a);
ORE_API ore_tensor *ore_abs(ore_tensor *a);
/* e^a, ln a, the square root (NaN below 0); integers give float32. */
ORE_API ore_tensor *ore_exp(ore_tensor *a);
ORE_API ore_tensor *ore_log(ore_tensor *a);
ORE_API ore_tensor *ore_sqrt(ore_tensor *a);
/* a^2, of a's dtype. */
ORE_API ore_tensor *ore_square(ore_tensor *a);
/* min(max(a, low), high), of a's dtype; -INFINITY or INFINITY leaves a side open. The gradient
 * passes where low <= a <= high. ORE_INVALID for a NaN bound and for bounds that an integer dtype
 * cannot hold. */
ORE_API ore_tensor *ore_clamp(ore_tensor *a, double low, double high);

/* Comparisons: bool of the broadcast shape, without a gradient. A comparison with NaN is false, but
 * that ore_ne is true. A number takes part as ore_scalar(number, dtype). */
ORE_API ore_tensor *ore_eq(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_ne(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_lt(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_le(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_gt(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_ge(ore_tensor *a, ore_tensor *b);
/* condition ? a : b, the three broadcast together; condition is bool (ORE_INVALID otherwise). */
ORE_API ore_tensor *ore_where(ore_tensor *condition, ore_tensor *a, ore_tensor *b);
/* a with `value` where mask (bool) is true; both are broadcast. */
ORE_API ore_tensor *ore_masked_fill(ore_tensor *a, ore_tensor *mask, double value);

/* ---- changes in place (src/ops/inplace.c) ---- */

/* t = t op other, under torch's names: NAME_ writes the result of ore_NAME into t, keeps t's shape
 * and dtype, and returns t. `other` broadcasts to t's shape. ORE_INVALID where the result needs a
 * larger shape, or a kind that t's dtype cannot hold (a fraction in integers).
 *
 * Changes are recorded. Where t is a view, the tensor that it shows a part of takes over the
 * history. ORE_STATE while recording, for what can be changed only under ore_no_grad_begin: a leaf
 * that requires a gradient and its views; views that were made under ore_no_grad_begin; and those
 * of which ore_split, ore_chunk or ore_unbind made several. */
ORE_API ore_tensor *ore_add_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_sub_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_mul_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_div_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_add_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_sub_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_mul_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_div_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_pow_scalar_(ore_tensor *t, double exponent);
ORE_API ore_tensor *ore_clamp_(ore_tensor *t, double low, double high);
ORE_API ore_tensor *ore_clamp_min_(ore_tensor *t, double low);
ORE_API ore_tensor *ore_clamp_max_(ore_tensor *t, double high);
ORE_API ore_tensor *ore_masked_fill_(ore_tensor *t, ore_tensor *mask, double value);
ORE_API ore_tensor *ore_neg_(ore_tensor *t);
ORE_API ore_tensor *ore_abs_(ore_tensor *t);
ORE_API ore_tensor *ore_exp_(ore_tensor *t);
ORE_API ore_tensor *ore_sqrt_(ore_tensor *t);
ORE_API ore_tensor *ore_relu_(ore_tensor *t);
ORE_API ore_tensor *ore_tanh_(ore_tensor *t);
ORE_API ore_tensor *ore_sigmoid_(ore_tensor *t);
/* Every element becomes the number, which is cast to t's dtype. */
ORE_API ore_tensor *ore_fill_(ore_tensor *t, double value);
ORE_API ore_tensor *ore_zero_(ore_tensor *t);
/* t = source, broadcast to t's shape and cast to its dtype. */
ORE_API ore_tensor *ore_copy_(ore_tensor *t, ore_tensor *source);
/* ore_f_dropout in place: with the same generator state it zeroes the same elements. */
ORE_API ore_tensor *ore_f_dropout_(ore_tensor *t, double p, bool training, ore_generator *g);

/* ---- mathematical functions (src/ops/math.c) ---- */

/* Integers give float32. Out of a function's domain the result is NaN. */
ORE_API ore_tensor *ore_sin(ore_tensor *x);
ORE_API ore_tensor *ore_cos(ore_tensor *x);
ORE_API ore_tensor *ore_erf(ore_tensor *x);
ORE_API ore_tensor *ore_log1p(ore_tensor *x);
ORE_API ore_tensor *ore_expm1(ore_tensor *x);
ORE_API ore_tensor *ore_log2(ore_tensor *x);
ORE_API ore_tensor *ore_log10(ore_tensor *x);
ORE_API ore_tensor *ore_rsqrt(ore_tensor *x);
ORE_API ore_tensor *ore_reciprocal(ore_tensor *x);
/* These keep the dtype, and their gradient is 0: -1, 0 or 1 (0 of NaN); towards -infinity; towards
 * infinity; towards 0; to the nearest, halves to the even neighbour. */
ORE_API ore_tensor *ore_sign(ore_tensor *x);
ORE_API ore_tensor *ore_floor(ore_tensor *x);
ORE_API ore_tensor *ore_ceil(ore_tensor *x);
ORE_API ore_tensor *ore_trunc(ore_tensor *x);
ORE_API ore_tensor *ore_round(ore_tensor *x);
/* To so many decimals; -1 to tens, -2 to hundreds. ORE_INVALID for integers, unless 0. */
ORE_API ore_tensor *ore_round_decimals(ore_tensor *x, int decimals);
/* What a division leaves: remainder is a - b floor(a / b), with b's sign (Python's %); fmod is
 * a - b trunc(a / b), with a's (C's %). A division by 0 is ORE_INVALID for integers, else NaN. */
ORE_API ore_tensor *ore_remainder(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_fmod(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_remainder_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_fmod_scalar(ore_tensor *a, double b);
/* ore_clamp with one side open. */
ORE_API ore_tensor *ore_clamp_min(ore_tensor *a, double low);
ORE_API ore_tensor *ore_clamp_max(ore_tensor *a, double high);
/* bool, from tensors of any dtype, without a gradient; every number but 0 is true, NaN too. */
ORE_API ore_tensor *ore_logical_and(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_logical_or(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_logical_xor(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_logical_not(ore_tensor *a);
/* bool; isinf is true for both infinities. */
ORE_API ore_tensor *ore_isnan(ore_tensor *a);
ORE_API ore_tensor *ore_isinf(ore_tensor *a);
ORE_API ore_tensor *ore_isfinite(ore_tensor *a);

/* ---- activations (src/ops/activation.c, rectifier.c, smooth.c); integers give float32 ---- */

ORE_API ore_tensor *ore_tanh(ore_tensor *x);
/* 1 / (1 + e^-x) */
ORE_API ore_tensor *ore_sigmoid(ore_tensor *x);
/* max(x, 0) */
ORE_API ore_tensor *ore_relu(ore_tensor *x);
/* x Phi(x), Phi the normal distribution by erf; and its approximation by tanh (F.gelu with
 * approximate="tanh"). */
ORE_API ore_tensor *ore_gelu(ore_tensor *x);
ORE_API ore_tensor *ore_gelu_tanh(ore_tensor *x);
/* x > 0 ? x : slope x [0.01] */
ORE_API ore_tensor *ore_leaky_relu(ore_tensor *x, double slope);
/* leaky_relu with learned slopes: weight (1), or (C) for x (N, C, ..). */
ORE_API ore_tensor *ore_prelu(ore_tensor *x, ore_tensor *weight);
/* x > 0 ? x : alpha (e^x - 1) [1]; selu scales it so that mean and variance stay. */
ORE_API ore_tensor *ore_elu(ore_tensor *x, double alpha);
ORE_API ore_tensor *ore_selu(ore_tensor *x);
/* min(max(x, 0), 6) */
ORE_API ore_tensor *ore_relu6(ore_tensor *x);
/* min(max(x, low), high) [-1, 1]; ORE_INVALID for low > high. Unlike clamp the bounds themselves
 * have gradient 0. */
ORE_API ore_tensor *ore_hardtanh(ore_tensor *x, double low, double high);
/* relu6(x + 3) / 6, and x times that */
ORE_API ore_tensor *ore_hardsigmoid(ore_tensor *x);
ORE_API ore_tensor *ore_hardswish(ore_tensor *x);
/* x sigmoid(x), also called swish; x tanh(log(1 + e^x)) */
ORE_API ore_tensor *ore_silu(ore_tensor *x);
ORE_API ore_tensor *ore_mish(ore_tensor *x);
/* log(1 + e^(beta x)) / beta, and x itself where beta x > threshold [1, 20]. */
ORE_API ore_tensor *ore_softplus(ore_tensor *x, double beta, double threshold);
/* x / (1 + |x|) */
ORE_API ore_tensor *ore_softsign(ore_tensor *x);
/* log sigmoid(x), without overflow */
ORE_API ore_tensor *ore_logsigmoid(ore_tensor *x);
/* a sigmoid(b) of the halves a and b of x along dim [-1], whose size must be even. */
ORE_API ore_tensor *ore_glu(ore_tensor *x, int dim);
/* silu(gate) up: the gated unit of Llama (Shazeer 2020, arXiv:2002.05202). */
ORE_API ore_tensor *ore_swiglu(ore_tensor *gate, ore_tensor *up);

/* ---- reductions (src/ops/reduce.c, scan.c, vector_norm.c, logic.c) ---- */

/* `dims` are the dims to reduce: ORE_DIMS(0, 2), or ORE_ALL for all, which gives a 0-d tensor. They
 * leave the shape, or with keepdim stay with size 1. ORE_INVALID for a dim out of range or named
 * twice. */

/* Integers and bool sum to int64. No elements sum to 0. */
ORE_API ore_tensor *ore_sum(ore_tensor *x, ore_dims dims, bool keepdim);
/* ORE_INVALID for integers. The mean of no elements is NaN. */
ORE_API ore_tensor *ore_mean(ore_tensor *x, ore_dims dims, bool keepdim);
/* sum (x - mean)^2 / (n - correction) of n elements, and its square root; correction 1 is torch's
 * default, 0 the biased variance. NaN where n <= correction. ORE_INVALID for integers. */
ORE_API ore_tensor *ore_var(ore_tensor *x, ore_dims dims, int64_t correction, bool keepdim);
ORE_API ore_tensor *ore_std(ore_tensor *x, ore_dims dims, int64_t correction, bool keepdim);
/* The largest or smallest element; equal ones share the gradient. ORE_INVALID over no elements. */
ORE_API ore_tensor *ore_amax(ore_tensor *x, ore_dims dims, bool keepdim);
ORE_API ore_tensor *ore_amin(ore_tensor *x, ore_dims dims, bool keepdim);
/* torch.max(x, dim) and min: the extreme along one dim. *indices (NULL: not asked for) becomes the
 * int64 index of the first such element, which gets the whole gradient. NaN wins. NULL and *indices
 * NULL on failure. */
ORE_API ore_tensor *ore_max_dim(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices);
ORE_API ore_tensor *ore_min_dim(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices);
/* The int64 index of the first largest or smallest along dim; _all: over all elements, 0-d, an
 * index in row-major order. */
ORE_API ore_tensor *ore_argmax(ore_tensor *x, int dim, bool keepdim);
ORE_API ore_tensor *ore_argmin(ore_tensor *x, int dim, bool keepdim);
ORE_API ore_tensor *ore_argmax_all(ore_tensor *x);
ORE_API ore_tensor *ore_argmin_all(ore_tensor *x);
/* Products; integers and bool give int64. The gradient is exact beside zeros. */
ORE_API ore_tensor *ore_prod(ore_tensor *x, ore_dims dims, bool keepdim);
/* log sum e^x, without overflow; integers give float32. */
ORE_API ore_tensor *ore_logsumexp(ore_tensor *x, ore_dims dims, bool keepdim);
/* torch.linalg.vector_norm: (sum |x|^p)^(1/p) of a floating x; p = INFINITY is the max of |x|,
 * -INFINITY the min, 0 how many are not 0. Where the norm is 0 its gradient is 0. */
ORE_API ore_tensor *ore_norm(ore_tensor *x, double p, ore_dims dims, bool keepdim);
/* x / max(norm of x along dim, eps) [p 2, dim 1, eps 1e-12]. */
ORE_API ore_tensor *ore_f_normalize(ore_tensor *x, double p, int dim, double eps);
/* Whether any element, or every one, is not 0: bool (uint8 for uint8). Of no elements: false,
 * true. */
ORE_API ore_tensor *ore_any(ore_tensor *x, ore_dims dims, bool keepdim);
ORE_API ore_tensor *ore_all(ore_tensor *x, ore_dims dims, bool keepdim);
/* Whether |a - b| <= atol + rtol |b| everywhere [1e-5, 1e-8, false], for a and b of one dtype; with
 * equal_nan two NaNs are equal. False with an error pending where they do not fit. */
ORE_API bool ore_allclose(ore_tensor *a, ore_tensor *b, double rtol, double atol, bool equal_nan);
/* Running sums and products along one dim, of x's shape: y_i = x_0 + .. + x_i. Integers and bool
 * give int64. */
ORE_API ore_tensor *ore_cumsum(ore_tensor *x, int dim);
ORE_API ore_tensor *ore_cumprod(ore_tensor *x, int dim);

/* ---- order (src/ops/sort.c): equals keep their order, a NaN counts as the largest ---- */

/* Where there is `indices` it may be NULL; else *indices becomes the int64 indices along dim that
 * the values came from, and gradients go there. */
/* x sorted along dim; argsort gives the indices alone. */
ORE_API ore_tensor *ore_sort(ore_tensor *x, int dim, bool descending, ore_tensor **indices);
ORE_API ore_tensor *ore_argsort(ore_tensor *x, int dim, bool descending);
/* The k largest (or smallest) along dim, in order. ORE_INVALID for k outside 0 .. the dim's size.
 */
ORE_API ore_tensor *ore_topk(ore_tensor *x, int64_t k, int dim, bool largest, ore_tensor **indices);
/* The lower of the two middle elements along dim, and its index; NaN where there is one. */
ORE_API ore_tensor *ore_median(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices);
/* Over all elements, 0-d; equals share the gradient. */
ORE_API ore_tensor *ore_median_all(ore_tensor *x);
/* The value at q (n - 1) of the n sorted elements along dim, linear between two; q in 0 .. 1, of
 * x's dtype (float32 or float64), 0-d, or 1-d, which makes it the result's first dim. No gradient
 * flows to q. */
ORE_API ore_tensor *ore_quantile(ore_tensor *x, ore_tensor *q, int dim, bool keepdim);

/* ---- counts (src/ops/count.c): without gradients ---- */

/* The different values of x, sorted, 1-d. *inverse (x's shape) is each element's index among them,
 * *counts how many there are of each: int64, either may be NULL. Every NaN differs from every
 * other. */
ORE_API ore_tensor *ore_unique(ore_tensor *x, ore_tensor **inverse, ore_tensor **counts);
/* torch.unique(x, dim=): the different slices along dim, sorted by their first elements, then by
 * the second and so on; *inverse (n of x's slices) and *counts as above. */
ORE_API ore_tensor *ore_unique_dim(ore_tensor *x, int dim, ore_tensor **inverse,
                                   ore_tensor **counts);
/* x (n) of integers, none below 0: how often each of 0, 1, .. occurs, int64 (max(largest + 1,
 * minlength)); or, with weights (n), the sums of the weights: float32 for float32, else float64. */
ORE_API ore_tensor *ore_bincount(ore_tensor *x, ore_tensor *weights, int64_t minlength);
/* How many elements of a floating x lie in each of `bins` even bins from low to high, (bins) of x's
 * dtype; low = high takes the range of the data. Elements outside count nowhere. */
ORE_API ore_tensor *ore_histc(ore_tensor *x, int64_t bins, double low, double high);
/* index (S) of integers -> int64 (S, classes), 1 at the index, else 0; classes -1: the largest
 * index + 1. */
ORE_API ore_tensor *ore_one_hot(ore_tensor *index, int64_t classes);

/* ---- matrix products (src/ops/matmul.c, einsum.c, products.c) ---- */

/* Transposed and other strided operands are read as they lie, without a copy. */
/* (M, K) (K, N) -> (M, N). More leading dims are batches, which broadcast: (B, M, K) (K, N) ->
 * (B, M, N). A 1-d operand is a row on the left, a column on the right, and its dim leaves the
 * result: (K) (K) -> 0-d. ORE_INVALID where the sizes K differ. */
ORE_API ore_tensor *ore_matmul(ore_tensor *a, ore_tensor *b);
/* x (.., in) times weight (out, in) transposed, plus bias (out) or NULL -> (.., out). All of one
 * dtype (ORE_INVALID otherwise); but while nothing is recorded a float32 x may meet weights and a
 * bias of halves, which are read as they are: half the memory of float32's, the same sums. */
ORE_API ore_tensor *ore_f_linear(ore_tensor *x, ore_tensor *weight, ore_tensor *bias);
/* The same plus residual (.., out), in one pass over the result. */
ORE_API ore_tensor *ore_f_linear_add(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                     ore_tensor *residual);
/* function(ore_f_linear(x, weight, bias)): the same numbers and gradients. ore_gelu, ore_gelu_tanh,
 * ore_relu, ore_sigmoid and ore_tanh are computed while the product is still in cache. ORE_INVALID
 * where function is NULL. */
ORE_API ore_tensor *ore_f_linear_activated(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                           ore_tensor_function function);
/* torch.einsum: "bij,bjk->bik" over 1 .. 8 tensors of one dtype. A letter twice in one operand is
 * its diagonal; letters that the result lacks are summed; without "->" the result has the letters
 * that occur once, sorted (capitals first). Sizes of 1 broadcast. There is no ellipsis. */
ORE_API ore_tensor *ore_einsum(const char *equation, ore_tensor *const *tensors, int n);
/* Products summed over dims_a of a and dims_b of b, pair by pair of equal size; the result has the
 * other dims of a, then those of b. ORE_ALL means no dims here: an outer product. */
ORE_API ore_tensor *ore_tensordot(ore_tensor *a, ore_tensor *b, ore_dims dims_a, ore_dims dims_b);
/* (n) and (m) -> (n, m); (n) and (n) -> 0-d; (n, m) and (m) -> (n); (B, n, k) and (B, k, m) ->
 * (B, n, m). Nothing is broadcast: other shapes are ORE_INVALID. */
ORE_API ore_tensor *ore_outer(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_dot(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_mv(ore_tensor *a, ore_tensor *x);
ORE_API ore_tensor *ore_bmm(ore_tensor *a, ore_tensor *b);
/* beta c + alpha a b for a (n, k) and b (k, m); c broadcasts to (n, m) [1, 1]. */
ORE_API ore_tensor *ore_addmm(ore_tensor *c, ore_tensor *a, ore_tensor *b, double beta,
                              double alpha);

/* ---- softmax and normalisation (src/ops/softmax.c, norm.c, batch_norm.c, group_norm.c) ---- */

/* y_i = e^x_i / sum_j e^x_j along dim, and its logarithm x_i - log sum_j e^x_j; no overflow for any
 * x. Of x's shape and dtype. ORE_INVALID unless x is floating. */
ORE_API ore_tensor *ore_softmax(ore_tensor *x, int dim);
ORE_API ore_tensor *ore_log_softmax(ore_tensor *x, int dim);
/* (x - mean) / sqrt(var + eps) * weight + bias, mean and biased variance over the last dims, those
 * of `normalized`; weight and bias have that shape and x's dtype, or are NULL [1e-5]. Beside an x
 * of halves the parameters of this norm and of those below may all be float32 instead; the result
 * is of x's dtype, each gradient of its input's. */
ORE_API ore_tensor *ore_f_layer_norm(ore_tensor *x, ore_shape normalized, ore_tensor *weight,
                                     ore_tensor *bias, double eps);
/* x / sqrt(mean(x^2) + eps) * weight, likewise (Zhang and Sennrich 2019, arXiv:1910.07467); eps NaN
 * (PyTorch's None) is the distance from 1 to the next number of x's dtype. */
ORE_API ore_tensor *ore_f_rms_norm(ore_tensor *x, ore_shape normalized, ore_tensor *weight,
                                   double eps);
/* (x - mean) / sqrt(var + eps) * weight + bias for each channel C of x (N, C) or (N, C, ..).
 * While training, mean and biased variance are those of the channel's values in the batch, of which
 * there must be more than one, and the running ones (NULL: none) move towards them in place:
 * running = (1 - momentum) running + momentum batch's, with the unbiased variance. Otherwise mean
 * and variance are the running ones. Running values, weight and bias are (C) of x's dtype; weight
 * and bias may be NULL. PyTorch's defaults are momentum 0.1 and eps 1e-5. */
ORE_API ore_tensor *ore_batch_norm(ore_tensor *x, ore_tensor *running_mean, ore_tensor *running_var,
                                   ore_tensor *weight, ore_tensor *bias, bool training,
                                   double momentum, double eps);
/* Normalises the channels C of x (N, C) or (N, C, ..) in `groups` groups of C / groups, for each n
 * by the mean and biased variance of a group, and then applies weight and bias, (C) or NULL, to
 * each channel (Wu and He 2018, arXiv:1803.08494) [1e-5]. ORE_INVALID where N = 1 and a group has
 * one value. */
ORE_API ore_tensor *ore_f_group_norm(ore_tensor *x, int64_t groups, ore_tensor *weight,
                                     ore_tensor *bias, double eps);
/* Normalises each channel of each n of x (N, C, ..) by its own mean and biased variance over the
 * dims after C, which must hold more than one value (Ulyanov et al. 2016, arXiv:1607.08022), or,
 * where use_input_stats is false, by the running ones. Running values, weight and bias are as in
 * ore_batch_norm; the running ones move towards the average over n of the statistics. */
ORE_API ore_tensor *ore_f_instance_norm(ore_tensor *x, ore_tensor *running_mean,
                                        ore_tensor *running_var, ore_tensor *weight,
                                        ore_tensor *bias, bool use_input_stats, double momentum,
                                        double eps);

/* ---- dropout (src/ops/dropout.c) ---- */

/* Zeroes each element with probability p and scales the rest by 1 / (1 - p). Draws nothing and
 * returns x itself where p is 0 or training is false. g NULL: the default generator. ORE_INVALID
 * for p outside 0 .. 1 and for integers. */
ORE_API ore_tensor *ore_f_dropout(ore_tensor *x, double p, bool training, ore_generator *g);

/* ---- attention (src/ops/attention.c, attention_plain.c, documents.c) ---- */

/* What a score becomes before the softmax, and which keys a query sees. S = scale q k^T first goes
 * through the soft cap, then gets what the slopes and a float mask add. A key must be seen by every
 * option that is set; a query that sees none gets zeros, and so do its gradients (as torch from 2.5
 * on).
 *
 * Options that know places: query t of entry b stands at place p = starts[b] + t among the keys'
 * places 0 .. Tk - 1, or without starts at their end, p = Tk - Tq + t. Keys behind it are those of
 * larger places. Without an option that hides keys by place, p does not matter. */
typedef struct ore_attention_options {
    bool causal;    /* false; true: a query sees the keys at places up to p */
    double scale;   /* 0 means 1 / sqrt(D) */
    double dropout; /* of the attention weights, when training; 0 */
    ore_generator *generator;
    /* NULL, or what broadcasts to (B, H, Tq, Tk): bool, true where a key is seen, or of q's dtype
     * and added to the scores, -inf hiding a key. A float mask may require a gradient. */
    ore_tensor *mask;
    ore_tensor *lengths;   /* NULL, or int64 (B): entry b has keys 0 .. lengths[b] - 1 alone */
    ore_tensor *starts;    /* NULL, or int64 (B): the place of each entry's query 0 */
    ore_tensor *documents; /* NULL, or int64 (B, Tk): neighbours of equal numbers are a document,
                              and a query sees the keys of the one that its place is in */
    int64_t window;        /* 0: none; else a query sees places p - window + 1 .. p + window - 1 */
    ore_tensor *slopes;    /* NULL, or (H) or (B, H) of q's dtype: a score loses slope times the
                              distance |place of key - p| (ALiBi, Press et al. 2022,
                              arXiv:2108.12409); may require a gradient */
    double soft_cap;       /* 0: none; else S becomes soft_cap tanh(S / soft_cap) */
} ore_attention_options;
ORE_API ore_attention_options ore_attention_defaults(void);
/* q (B, H, Tq, D), k (B, Hk, Tk, D), v (B, Hk, Tk, Dv) of one dtype -> (B, H, Tq, Dv), any strides:
 * softmax(q k^T scale) v with the options above, without the (Tq, Tk) matrix in memory. Hk divides
 * H: H / Hk query heads in turn share each head of keys and values (torch's enable_gqa; Hk = 1 is
 * multi-query attention). With causal and without starts Tq may not exceed Tk. Keys that causal,
 * lengths, documents and window hide cost nothing where they fill whole blocks of 96.
 * torch: F.scaled_dot_product_attention.
 * ORE_INVALID, when it computes, for lengths outside 0 .. Tk and starts beyond 2^30. */
ORE_API ore_tensor *ore_attention(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                  const ore_attention_options *options);
/* qkv (B, T, 3 C), the queries, keys and values of a token side by side and each cut into `heads`
 * heads -> (B, T, C): ore_attention of these slices, with the heads joined again. One op, so that
 * nothing is copied and backward fills one gradient. heads must divide C. */
ORE_API ore_tensor *ore_attention_packed(ore_tensor *qkv, int64_t heads,
                                         const ore_attention_options *options);
/* The same as ore_attention, composed of matmul, softmax and dropout: tests hold the one against
 * the other. It keeps the (Tq, Tk) matrix for backward. */
ORE_API ore_tensor *ore_attention_plain(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                        const ore_attention_options *options);
/* The weights alone, (B, H, Tq, Tk), after dropout: ore_attention_plain is their product with v. */
ORE_API ore_tensor *ore_attention_weights(ore_tensor *q, ore_tensor *k,
                                          const ore_attention_options *options);
/* Rows of tokens in which documents follow one another, ids (.., T) of integers: int64 (.., T), the
 * number of each token's document in its row, from 0 on. A separator is its document's last
 * token. */
ORE_API ore_tensor *ore_document_numbers(ore_tensor *ids, int64_t separator);
/* Numbers of documents (.., T) -> int64 (.., T): each token's place in its document, from 0 on, to
 * look positions up with. Neighbours of equal numbers are a document. */
ORE_API ore_tensor *ore_document_positions(ore_tensor *documents);

ORE_END_DECLS

#endif
