/* ops.h: differentiable operations on tensors. Names, broadcasting, type promotion, defaults and
 * reductions are PyTorch's. Operands broadcast (right-aligned; sizes equal or 1) unless said
 * otherwise. Where a layer of nn.h has the short name, the op is ore_f_NAME (torch's F.NAME). The
 * equation and the derivative of each op stand beside its code in src/ops/.
 * Errors: ORE_INVALID for shapes, dims or dtypes that do not fit; the message names them. */
#ifndef ORE_OPS_H
#define ORE_OPS_H

#include <ore/random.h>

ORE_BEGIN_DECLS

/* ---- arithmetic (src/ops/arith.c) ---- */
ORE_API ore_tensor *ore_add(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_sub(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_mul(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_div(ore_tensor *a, ore_tensor *b); /* integers give float32 */
ORE_API ore_tensor *ore_maximum(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_minimum(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_pow(ore_tensor *a, ore_tensor *b);
/* With a number, which never widens a floating tensor. */
ORE_API ore_tensor *ore_add_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_sub_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_rsub_scalar(ore_tensor *a, double b); /* b - a */
ORE_API ore_tensor *ore_mul_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_div_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_rdiv_scalar(ore_tensor *a, double b); /* b / a */
ORE_API ore_tensor *ore_pow_scalar(ore_tensor *a, double exponent);
ORE_API ore_tensor *ore_neg(ore_tensor *a);
ORE_API ore_tensor *ore_abs(ore_tensor *a);
ORE_API ore_tensor *ore_exp(ore_tensor *a);
ORE_API ore_tensor *ore_log(ore_tensor *a);
ORE_API ore_tensor *ore_sqrt(ore_tensor *a);
ORE_API ore_tensor *ore_square(ore_tensor *a);
/* min(max(a, low), high); -INFINITY or INFINITY leaves a side open. */
ORE_API ore_tensor *ore_clamp(ore_tensor *a, double low, double high);

/* Comparisons give bool. */
ORE_API ore_tensor *ore_eq(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_ne(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_lt(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_le(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_gt(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_ge(ore_tensor *a, ore_tensor *b);
/* condition (bool) ? a : b */
ORE_API ore_tensor *ore_where(ore_tensor *condition, ore_tensor *a, ore_tensor *b);
/* a with `value` where mask (bool) is true; both are broadcast. */
ORE_API ore_tensor *ore_masked_fill(ore_tensor *a, ore_tensor *mask, double value);

/* In place: t's shape and dtype stay; each returns t. Where t is a view, the tensor that it shows a
 * part of takes over the history. Only under ore_no_grad_begin (ORE_STATE while recording) can be
 * changed: a leaf that requires a gradient and views of it; views made there; those of which split,
 * chunk or unbind made several. */
ORE_API ore_tensor *ore_add_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_sub_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_mul_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_div_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_add_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_mul_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_fill_(ore_tensor *t, double value);
ORE_API ore_tensor *ore_zero_(ore_tensor *t);
ORE_API ore_tensor *ore_copy_(ore_tensor *t, ore_tensor *source); /* broadcasts and casts */
ORE_API ore_tensor *ore_sub_scalar_(ore_tensor *t, double other);
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
/* ore_f_dropout, which draws the same. */
ORE_API ore_tensor *ore_f_dropout_(ore_tensor *t, double p, bool training, ore_generator *g);

/* ---- mathematical functions (src/ops/math.c) ---- */

/* Elementwise, of any shape; integers give float32. */
ORE_API ore_tensor *ore_sin(ore_tensor *x); /* radians */
ORE_API ore_tensor *ore_cos(ore_tensor *x);
ORE_API ore_tensor *ore_erf(ore_tensor *x);
ORE_API ore_tensor *ore_log1p(ore_tensor *x); /* ln(1 + x) */
ORE_API ore_tensor *ore_expm1(ore_tensor *x); /* e^x - 1 */
ORE_API ore_tensor *ore_log2(ore_tensor *x);
ORE_API ore_tensor *ore_log10(ore_tensor *x);
ORE_API ore_tensor *ore_rsqrt(ore_tensor *x);      /* 1 / sqrt(x) */
ORE_API ore_tensor *ore_reciprocal(ore_tensor *x); /* 1 / x */
/* These keep the dtype, and their gradient is 0. */
ORE_API ore_tensor *ore_sign(ore_tensor *x); /* -1, 0 or 1; 0 of NaN */
ORE_API ore_tensor *ore_floor(ore_tensor *x);
ORE_API ore_tensor *ore_ceil(ore_tensor *x);
ORE_API ore_tensor *ore_trunc(ore_tensor *x);
ORE_API ore_tensor *ore_round(ore_tensor *x); /* halves to even */
/* To so many decimals; below 0 to tens, hundreds, ..; ORE_INVALID for integers unless 0. */
ORE_API ore_tensor *ore_round_decimals(ore_tensor *x, int decimals);
/* a - b floor(a / b), of b's sign (torch.remainder, Python's %), and a - b trunc(a / b), of a's
 * (torch.fmod, C's %). An integer divided by 0 is ORE_INVALID, a floating number gives NaN. */
ORE_API ore_tensor *ore_remainder(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_fmod(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_remainder_scalar(ore_tensor *a, double b);
ORE_API ore_tensor *ore_fmod_scalar(ore_tensor *a, double b);
/* ore_clamp with one side open. */
ORE_API ore_tensor *ore_clamp_min(ore_tensor *a, double low);
ORE_API ore_tensor *ore_clamp_max(ore_tensor *a, double high);
/* bool of any dtypes; what is not 0 is true, NaN too. */
ORE_API ore_tensor *ore_logical_and(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_logical_or(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_logical_xor(ore_tensor *a, ore_tensor *b);
ORE_API ore_tensor *ore_logical_not(ore_tensor *a);
ORE_API ore_tensor *ore_isnan(ore_tensor *a);
ORE_API ore_tensor *ore_isinf(ore_tensor *a); /* of either sign */
ORE_API ore_tensor *ore_isfinite(ore_tensor *a);

/* ---- activations (src/ops/activation.c) ---- */
ORE_API ore_tensor *ore_tanh(ore_tensor *x);
ORE_API ore_tensor *ore_sigmoid(ore_tensor *x);
ORE_API ore_tensor *ore_relu(ore_tensor *x);
ORE_API ore_tensor *ore_gelu(ore_tensor *x);      /* x Phi(x), by erf */
ORE_API ore_tensor *ore_gelu_tanh(ore_tensor *x); /* the tanh approximation */

/* Rectifiers (src/ops/rectifier.c). torch's defaults are in brackets. */
ORE_API ore_tensor *ore_leaky_relu(ore_tensor *x, double slope); /* x > 0 ? x : slope x [0.01] */
/* leaky_relu with learned slopes: weight (1), or (C) for x (N, C, ..). */
ORE_API ore_tensor *ore_prelu(ore_tensor *x, ore_tensor *weight);
ORE_API ore_tensor *ore_elu(ore_tensor *x, double alpha); /* x > 0 ? x : alpha (e^x - 1) [1] */
ORE_API ore_tensor *ore_selu(ore_tensor *x);  /* elu, scaled to keep mean and variance */
ORE_API ore_tensor *ore_relu6(ore_tensor *x); /* min(max(x, 0), 6) */
/* min(max(x, low), high) [-1, 1]; ORE_INVALID for low > high. Unlike clamp the bounds themselves
 * have gradient 0. */
ORE_API ore_tensor *ore_hardtanh(ore_tensor *x, double low, double high);
ORE_API ore_tensor *ore_hardsigmoid(ore_tensor *x); /* relu6(x + 3) / 6 */
ORE_API ore_tensor *ore_hardswish(ore_tensor *x);   /* x relu6(x + 3) / 6 */
/* Smooth ones and gates (src/ops/smooth.c). */
ORE_API ore_tensor *ore_silu(ore_tensor *x); /* x sigmoid(x), also called swish */
ORE_API ore_tensor *ore_mish(ore_tensor *x); /* x tanh(log(1 + e^x)) */
/* log(1 + e^(beta x)) / beta, and x itself where beta x > threshold [1, 20]. */
ORE_API ore_tensor *ore_softplus(ore_tensor *x, double beta, double threshold);
ORE_API ore_tensor *ore_softsign(ore_tensor *x);   /* x / (1 + |x|) */
ORE_API ore_tensor *ore_logsigmoid(ore_tensor *x); /* log sigmoid(x), without overflow */
/* a sigmoid(b) of the halves a, b of x along dim [-1], whose size must be even. */
ORE_API ore_tensor *ore_glu(ore_tensor *x, int dim);
/* silu(gate) up, broadcast: the gated unit of Llama (Shazeer 2020, arXiv:2002.05202). */
ORE_API ore_tensor *ore_swiglu(ore_tensor *gate, ore_tensor *up);

/* ---- reductions (src/ops/reduce.c) over `dims`, ORE_ALL for every dim ---- */
/* Integers and bool sum to int64. */
ORE_API ore_tensor *ore_sum(ore_tensor *x, ore_dims dims, bool keepdim);
ORE_API ore_tensor *ore_mean(ore_tensor *x, ore_dims dims, bool keepdim);
/* correction 1 is the unbiased n - 1, 0 the biased n; nan where n <= correction. */
ORE_API ore_tensor *ore_var(ore_tensor *x, ore_dims dims, int64_t correction, bool keepdim);
ORE_API ore_tensor *ore_std(ore_tensor *x, ore_dims dims, int64_t correction, bool keepdim);
/* Over several dims; gradients are shared evenly among equals (torch.amax, amin). */
ORE_API ore_tensor *ore_amax(ore_tensor *x, ore_dims dims, bool keepdim);
ORE_API ore_tensor *ore_amin(ore_tensor *x, ore_dims dims, bool keepdim);
/* Over one dim; *indices (may be NULL) is the int64 place of the first such element, which gets
 * the whole gradient. NaN wins. */
ORE_API ore_tensor *ore_max_dim(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices);
ORE_API ore_tensor *ore_min_dim(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices);
/* int64 places of the first largest or smallest along dim. */
ORE_API ore_tensor *ore_argmax(ore_tensor *x, int dim, bool keepdim);
ORE_API ore_tensor *ore_argmin(ore_tensor *x, int dim, bool keepdim);
/* Over all elements, as a place in row-major order. */
ORE_API ore_tensor *ore_argmax_all(ore_tensor *x);
ORE_API ore_tensor *ore_argmin_all(ore_tensor *x);

/* ---- matrix products (src/ops/matmul.c) ---- */
/* torch.matmul: 1-d and 2-d operands, and batches (.., M, K) x (.., K, N) whose leading dims
 * broadcast. Transposed views are taken as they are. */
ORE_API ore_tensor *ore_matmul(ore_tensor *a, ore_tensor *b);
/* x (.., in) times weight (out, in) transposed, plus bias (out) or NULL -> (.., out). */
ORE_API ore_tensor *ore_f_linear(ore_tensor *x, ore_tensor *weight, ore_tensor *bias);
/* The same plus residual (.., out), in one pass over the result. */
ORE_API ore_tensor *ore_f_linear_add(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                     ore_tensor *residual);
/* function(ore_f_linear(x, weight, bias)), the same numbers and gradients. ore_gelu, ore_gelu_tanh,
 * ore_relu, ore_sigmoid and ore_tanh are computed while the product is in the caches. ORE_INVALID
 * without a function. */
ORE_API ore_tensor *ore_f_linear_activated(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                           ore_tensor_function function);

/* ---- softmax, norms and losses (src/ops/softmax.c, norm.c, loss.c) ---- */
ORE_API ore_tensor *ore_softmax(ore_tensor *x, int dim);
ORE_API ore_tensor *ore_log_softmax(ore_tensor *x, int dim);
/* Over the last dims, those of `normalized`; weight and bias have that shape or are NULL. */
ORE_API ore_tensor *ore_f_layer_norm(ore_tensor *x, ore_shape normalized, ore_tensor *weight,
                                     ore_tensor *bias, double eps);
/* x / sqrt(mean(x^2) + eps) weight, likewise over the last dims (Zhang and Sennrich 2019,
 * arXiv:1910.07467); eps NaN (PyTorch's None) is the step between 1 and the next number of x's
 * dtype. */
ORE_API ore_tensor *ore_f_rms_norm(ore_tensor *x, ore_shape normalized, ore_tensor *weight,
                                   double eps);

/* y = (x - mean) / sqrt(var + eps) * weight + bias for each channel C of x (N, C) or (N, C, ..).
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

/* ORE_BATCHMEAN, for kl_div alone, divides the sum by the size of the first dim. */
typedef enum ore_reduction { ORE_MEAN, ORE_SUM, ORE_NONE, ORE_BATCHMEAN } ore_reduction;

typedef struct ore_cross_entropy_options {
    ore_reduction reduction; /* ORE_MEAN */
    int64_t ignore_index;    /* -100 */
    double label_smoothing;  /* 0 */
    ore_tensor *weight;      /* (C) per class, or NULL */
} ore_cross_entropy_options;
ORE_API ore_cross_entropy_options ore_cross_entropy_defaults(void);
/* x (N, C) or (N, C, d1, ..) logits, target (N) or (N, d1, ..) int64 or int32 labels in [0, C) or
 * ignore_index; also x (C) with a 0-d target. A label out of range is ORE_INVALID.
 * Or a floating target of x's shape: a probability for each class, without ignore_index; a mean is
 * then over the rows, whatever their weights. */
ORE_API ore_tensor *ore_cross_entropy(ore_tensor *x, ore_tensor *target,
                                      const ore_cross_entropy_options *options);

/* Losses of one number from another (src/ops/loss_elementwise.c). Of these, those of probabilities
 * and the hinges target has x's shape; anything else is ORE_INVALID (PyTorch broadcasts, and so
 * compares each x (N, 1) with every target (N)). [torch's default] */
ORE_API ore_tensor *ore_mse_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction);
ORE_API ore_tensor *ore_l1_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction);
/* d = |x - target|: d^2 / (2 beta) below beta, else d - beta / 2; beta >= 0 [1]. */
ORE_API ore_tensor *ore_smooth_l1_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction,
                                       double beta);
/* d^2 / 2 up to delta, else delta (d - delta / 2); delta > 0 [1]. */
ORE_API ore_tensor *ore_huber_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction,
                                   double delta);
/* The sum of |p|, and of p^2, over n parameters (1 or more), to be scaled and added to a loss. */
ORE_API ore_tensor *ore_l1_penalty(ore_tensor *const *parameters, int n);
ORE_API ore_tensor *ore_l2_penalty(ore_tensor *const *parameters, int n);

/* Losses of probabilities (src/ops/loss_probability.c). */
/* -(t log x + (1 - t) log(1 - x)) weight, logarithms not below -100; target has x's shape, weight
 * broadcasts to it (ORE_INVALID otherwise) or is NULL. An x outside 0 .. 1, NaN too, is
 * ORE_INVALID. */
ORE_API ore_tensor *ore_binary_cross_entropy(ore_tensor *x, ore_tensor *target, ore_tensor *weight,
                                             ore_reduction reduction);
/* The same of sigmoid(x), without overflow; pos_weight (NULL for ones) multiplies the part of t. */
ORE_API ore_tensor *ore_binary_cross_entropy_with_logits(ore_tensor *x, ore_tensor *target,
                                                         ore_tensor *weight, ore_tensor *pos_weight,
                                                         ore_reduction reduction);
/* Divergence of the log-probabilities x from target: t (log t - x), 0 where t is 0; with
 * log_target e^t (t - x). Every element counts for ORE_MEAN; ORE_BATCHMEAN is the divergence. */
ORE_API ore_tensor *ore_kl_div(ore_tensor *x, ore_tensor *target, ore_reduction reduction,
                               bool log_target);

typedef struct ore_nll_loss_options {
    ore_reduction reduction; /* ORE_MEAN */
    int64_t ignore_index;    /* -100 */
    ore_tensor *weight;      /* (C) per class, or NULL */
} ore_nll_loss_options;
ORE_API ore_nll_loss_options ore_nll_loss_defaults(void);
/* -x[label] of log-probabilities x (C), (N, C) or (N, C, d1, ..), as ore_cross_entropy has them. */
ORE_API ore_tensor *ore_nll_loss(ore_tensor *x, ore_tensor *target,
                                 const ore_nll_loss_options *options);

/* Losses with a margin, and of distances (src/ops/loss_margin.c). */
/* max(0, 1 - target x), targets of 1 and -1. */
ORE_API ore_tensor *ore_hinge_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction);
/* x where target is 1, max(0, margin - x) where it is -1; margin [1]. */
ORE_API ore_tensor *ore_hinge_embedding_loss(ore_tensor *x, ore_tensor *target, double margin,
                                             ore_reduction reduction);

typedef struct ore_multi_margin_options {
    ore_reduction reduction; /* ORE_MEAN */
    int p;                   /* 1, or 2 */
    double margin;           /* 1 */
    ore_tensor *weight;      /* (C) per class, or NULL */
} ore_multi_margin_options;
ORE_API ore_multi_margin_options ore_multi_margin_defaults(void);
/* sum over c != label of max(0, margin - x[label] + x[c])^p w[label] / C, for scores x (N, C) or
 * (C) and labels (N) or (). */
ORE_API ore_tensor *ore_multi_margin_loss(ore_tensor *x, ore_tensor *target,
                                          const ore_multi_margin_options *options);

/* a b / (max(|a|, eps) max(|b|, eps)) along dim [1], which goes; a and b broadcast; eps [1e-8]. */
ORE_API ore_tensor *ore_cosine_similarity(ore_tensor *a, ore_tensor *b, int dim, double eps);
/* 1 - cos where target is 1, max(0, cos - margin) where it is -1; a, b (N, D) with target (N), or
 * (D) with (); margin [0]. */
ORE_API ore_tensor *ore_cosine_embedding_loss(ore_tensor *a, ore_tensor *b, ore_tensor *target,
                                              double margin, ore_reduction reduction);
/* (sum |a - b + eps|^p)^(1/p) over the last dim; p > 0 [2], INFINITY for the largest; eps [1e-6].
 */
ORE_API ore_tensor *ore_pairwise_distance(ore_tensor *a, ore_tensor *b, double p, double eps,
                                          bool keepdim);

typedef struct ore_triplet_margin_options {
    ore_reduction reduction; /* ORE_MEAN */
    double margin;           /* 1 */
    double p, eps;           /* 2 and 1e-6, of the distance */
    bool swap; /* false; true: the negative's nearer distance, to anchor or positive */
} ore_triplet_margin_options;
ORE_API ore_triplet_margin_options ore_triplet_margin_defaults(void);
/* max(0, margin + d(anchor, positive) - d(anchor, negative)), d as above; (.., D) each, of
 * as many dims, which broadcast. */
ORE_API ore_tensor *ore_triplet_margin_loss(ore_tensor *anchor, ore_tensor *positive,
                                            ore_tensor *negative,
                                            const ore_triplet_margin_options *options);

/* ---- indexing (src/ops/embedding.c, index.c) ---- */
/* Rows of weight (V, C) at indices of any shape S -> (S, C). padding_idx gets no gradient; -1:
 * none. */
ORE_API ore_tensor *ore_f_embedding(ore_tensor *indices, ore_tensor *weight, int64_t padding_idx);
ORE_API ore_tensor *ore_gather(ore_tensor *x, int dim, ore_tensor *index);
ORE_API ore_tensor *ore_index_select(ore_tensor *x, int dim, ore_tensor *index);

/* ---- shape (src/ops/view.c); views share storage and never copy ---- */
/* One size may be -1. ore_view fails where strides do not allow it; ore_reshape then copies. */
ORE_API ore_tensor *ore_view(ore_tensor *x, ore_shape shape);
ORE_API ore_tensor *ore_reshape(ore_tensor *x, ore_shape shape);
ORE_API ore_tensor *ore_flatten(ore_tensor *x, int start_dim, int end_dim);
ORE_API ore_tensor *ore_transpose(ore_tensor *x, int dim0, int dim1);
ORE_API ore_tensor *ore_t(ore_tensor *x); /* (M, N) -> (N, M) */
ORE_API ore_tensor *ore_permute(ore_tensor *x, ore_dims order);
/* x[.., start : start + length, ..] */
ORE_API ore_tensor *ore_narrow(ore_tensor *x, int dim, int64_t start, int64_t length);
/* x[.., start : stop : step, ..] with Python's clamping; step > 0. */
ORE_API ore_tensor *ore_slice(ore_tensor *x, int dim, int64_t start, int64_t stop, int64_t step);
ORE_API ore_tensor *ore_select(ore_tensor *x, int dim, int64_t index);
ORE_API ore_tensor *ore_squeeze(ore_tensor *x, int dim);
ORE_API ore_tensor *ore_squeeze_all(ore_tensor *x);
ORE_API ore_tensor *ore_unsqueeze(ore_tensor *x, int dim);
/* A size of -1 keeps the dim's own. */
ORE_API ore_tensor *ore_expand(ore_tensor *x, ore_shape shape);
ORE_API ore_tensor *ore_clone(ore_tensor *x);
ORE_API ore_tensor *ore_contiguous(ore_tensor *x);          /* x itself where it is contiguous */
ORE_API ore_tensor *ore_to(ore_tensor *x, ore_dtype dtype); /* x itself where it has that dtype */
ORE_API ore_tensor *ore_to_device(ore_tensor *x, ore_device device);

/* ---- joining and cutting (src/ops/join.c) ---- */
/* One after the other along dim, of equal sizes elsewhere; a tensor of shape (0) joins what has any
 * dims, and counts for the dtype alone. */
ORE_API ore_tensor *ore_cat(ore_tensor *const *tensors, int n, int dim);
ORE_API ore_tensor *ore_stack(ore_tensor *const *tensors, int n, int dim);
/* Views of `size` (the last may be smaller) or of the given sizes, into parts[]; the count of
 * parts, or -1 on failure. `capacity` is the room in parts. */
ORE_API int ore_split(ore_tensor *x, int64_t size, int dim, ore_tensor **parts, int capacity);
ORE_API ore_status ore_split_sizes(ore_tensor *x, const int64_t *sizes, int n, int dim,
                                   ore_tensor **parts);
ORE_API int ore_chunk(ore_tensor *x, int chunks, int dim, ore_tensor **parts, int capacity);
/* The last two dims below or above the diagonal; the rest zero. */
ORE_API ore_tensor *ore_tril(ore_tensor *x, int64_t diagonal);
ORE_API ore_tensor *ore_triu(ore_tensor *x, int64_t diagonal);

/* ---- more reductions (src/ops/scan.c, vector_norm.c, logic.c) ---- */
/* Products over dims; integers and bool give int64. Zeros have exact gradients. */
ORE_API ore_tensor *ore_prod(ore_tensor *x, ore_dims dims, bool keepdim);
/* log sum e^x over dims, without overflow; integers give float32. */
ORE_API ore_tensor *ore_logsumexp(ore_tensor *x, ore_dims dims, bool keepdim);
/* (sum |x|^p)^(1/p) over dims of a floating x; p = INFINITY is the largest |x|, -INFINITY the
 * least, 0 how many are not 0. Where the norm is 0 its gradient is 0. */
ORE_API ore_tensor *ore_norm(ore_tensor *x, double p, ore_dims dims, bool keepdim);
/* x / max(norm of x along dim, eps); F.normalize has p 2, dim 1, eps 1e-12. */
ORE_API ore_tensor *ore_f_normalize(ore_tensor *x, double p, int dim, double eps);
/* Whether any element, or all of them, is not 0: bool (uint8 for uint8). Nothing gives false, true.
 */
ORE_API ore_tensor *ore_any(ore_tensor *x, ore_dims dims, bool keepdim);
ORE_API ore_tensor *ore_all(ore_tensor *x, ore_dims dims, bool keepdim);
/* Whether |a - b| <= atol + rtol |b| everywhere, for a and b of one dtype that broadcast; torch has
 * 1e-5, 1e-8, false. False with an error pending where they do not fit. */
ORE_API bool ore_allclose(ore_tensor *a, ore_tensor *b, double rtol, double atol, bool equal_nan);
/* Running sums and products along dim: y_i = x_0 + .. + x_i. Integers and bool give int64. */
ORE_API ore_tensor *ore_cumsum(ore_tensor *x, int dim);
ORE_API ore_tensor *ore_cumprod(ore_tensor *x, int dim);

/* ---- order (src/ops/sort.c): equals keep their order, a NaN counts as the largest ---- */
/* Sorted along dim; *indices (may be NULL) are the int64 places that the values came from. */
ORE_API ore_tensor *ore_sort(ore_tensor *x, int dim, bool descending, ore_tensor **indices);
ORE_API ore_tensor *ore_argsort(ore_tensor *x, int dim, bool descending);
/* The k largest (or smallest) along dim, in order. ORE_INVALID for k outside 0 .. the dim's size.
 */
ORE_API ore_tensor *ore_topk(ore_tensor *x, int64_t k, int dim, bool largest, ore_tensor **indices);
/* The lower of the two middle elements along dim, and its place; NaN where there is one. */
ORE_API ore_tensor *ore_median(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices);
/* Over all elements; equals share the gradient. */
ORE_API ore_tensor *ore_median_all(ore_tensor *x);
/* Linear between the sorted elements at q (n - 1); q (0-d or 1-d, in 0 .. 1, of x's dtype, float32
 * or float64) becomes the first dim where it is 1-d. No gradient flows to q. */
ORE_API ore_tensor *ore_quantile(ore_tensor *x, ore_tensor *q, int dim, bool keepdim);

/* ---- counts (src/ops/count.c): no gradients ---- */
/* The different values, sorted; *inverse (x's shape) is each element's place among them, *counts
 * how many there are of each; both int64 and may be NULL. Every NaN differs from every other. */
ORE_API ore_tensor *ore_unique(ore_tensor *x, ore_tensor **inverse, ore_tensor **counts);
/* The different slices of x along dim, sorted by their first elements, then by the second, ..;
 * *inverse and *counts (n of x's slices, and of the result's) as above. */
ORE_API ore_tensor *ore_unique_dim(ore_tensor *x, int dim, ore_tensor **inverse,
                                   ore_tensor **counts);
/* How many of x (n), integers of 0 or more, are 0, 1, ..: int64 of max(largest + 1, minlength); or
 * the sum of their weights (n) where those are not NULL: float32 for float32, else float64. */
ORE_API ore_tensor *ore_bincount(ore_tensor *x, ore_tensor *weights, int64_t minlength);
/* How many elements of a floating x lie in each of `bins` even bins from low to high; the data's
 * own range where low equals high. */
ORE_API ore_tensor *ore_histc(ore_tensor *x, int64_t bins, double low, double high);
/* index (S) -> int64 (S, classes), 1 at the index; classes -1: the largest index + 1. */
ORE_API ore_tensor *ore_one_hot(ore_tensor *index, int64_t classes);

/* ---- advanced indexing (src/ops/advanced_index.c, scatter.c) ---- */
/* x[indices[0], indices[1], ..]: one entry per leading dim of x, NULL for ':'. Integer indices
 * broadcast and may count from the end; a bool mask stands for as many indices as it has dims. As
 * in PyTorch their common shape takes the place of the indexed dims, or comes first where those are
 * not neighbours. ORE_INVALID for an index out of range. Ranges are ore_slice. */
ORE_API ore_tensor *ore_index(ore_tensor *x, ore_tensor *const *indices, int n);
/* A copy of x with x[indices] = values, or += values with accumulate; values (x's dtype) broadcast
 * to the shape of x[indices]. Of equal places the last one stays. */
ORE_API ore_tensor *ore_index_put(ore_tensor *x, ore_tensor *const *indices, int n,
                                  ore_tensor *values, bool accumulate);
/* The same in place, under the rules of ore_copy_. */
ORE_API ore_tensor *ore_index_put_(ore_tensor *x, ore_tensor *const *indices, int n,
                                   ore_tensor *values, bool accumulate);
/* A copy of x with source added to the slices at index (n) along dim. */
ORE_API ore_tensor *ore_index_add(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source);
/* A copy of x with, for dim 0, y[index[i][j]][j] = source[i][j], or += source. The index has as
 * many dims as x, is no larger than the source and, but for dim, than x. */
ORE_API ore_tensor *ore_scatter(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source);
ORE_API ore_tensor *ore_scatter_value(ore_tensor *x, int dim, ore_tensor *index, double value);
ORE_API ore_tensor *ore_scatter_add(ore_tensor *x, int dim, ore_tensor *index, ore_tensor *source);
/* The elements where mask (bool) is true, in row-major order, (n); both broadcast. */
ORE_API ore_tensor *ore_masked_select(ore_tensor *x, ore_tensor *mask);
/* The places of what is not 0, int64 (n, dims of x), in row-major order. */
ORE_API ore_tensor *ore_nonzero(ore_tensor *x);

/* ---- rearranging (src/ops/rearrange.c, pad.c, diagonal.c) ---- */
/* x repeated whole, repeats[d] times along dim d; leading dims may be added. */
ORE_API ore_tensor *ore_repeat(ore_tensor *x, ore_shape repeats);
/* Each slice along dim repeated in place: `repeats` times, or as often as its own entry says. */
ORE_API ore_tensor *ore_repeat_interleave(ore_tensor *x, int64_t repeats, int dim);
ORE_API ore_tensor *ore_repeat_interleave_each(ore_tensor *x, ore_tensor *repeats, int dim);
/* Elements move on by shifts[i] along dims[i], and what leaves the end returns at the start.
 * ORE_ALL: by shifts[0] in row-major order. */
ORE_API ore_tensor *ore_roll(ore_tensor *x, const int64_t *shifts, ore_dims dims);
/* The order of elements along dims reversed (a copy); ORE_ALL for every dim. */
ORE_API ore_tensor *ore_flip(ore_tensor *x, ore_dims dims);
/* Views of the slices along dim into parts[]; how many, or -1 on failure or beyond `capacity`. */
ORE_API int ore_unbind(ore_tensor *x, int dim, ore_tensor **parts, int capacity);
/* A view of all windows of `size` along dim, `step` apart: dim counts them, and a last dim is added
 * that holds them. */
ORE_API ore_tensor *ore_unfold(ore_tensor *x, int dim, int64_t size, int64_t step);
/* n tensors of at most one dim -> n grids (views) of n dims, tensor k along dim k ("ij"); "xy"
 * swaps the first two dims. */
ORE_API ore_status ore_meshgrid(ore_tensor *const *tensors, int n, const char *indexing,
                                ore_tensor **grids);
typedef enum ore_pad_mode {
    ORE_PAD_CONSTANT,  /* with value */
    ORE_PAD_REFLECT,   /* mirrored at the border element: 2 1 [0 1 2] 1 0 */
    ORE_PAD_REPLICATE, /* with the border element */
    ORE_PAD_CIRCULAR,  /* from the other end */
} ore_pad_mode;
/* As F.pad: pad[] has n numbers, (before, after) of the last dim, then of the one before, ..; those
 * below 0 cut. */
ORE_API ore_tensor *ore_pad(ore_tensor *x, const int64_t *pad, int n, ore_pad_mode mode,
                            double value);
/* A view of x[i, i + offset] over two dims, as a new last dim; torch has 0, 0, 1. */
ORE_API ore_tensor *ore_diagonal(ore_tensor *x, int64_t offset, int dim1, int dim2);
/* (n) -> a matrix with x on that diagonal; (n, m) -> a copy of its diagonal. */
ORE_API ore_tensor *ore_diag(ore_tensor *x, int64_t diagonal);
/* The places of the triangles that ore_tril and ore_triu keep, int64 (2, n). */
ORE_API ore_tensor *ore_tril_indices(int64_t rows, int64_t columns, int64_t offset);
ORE_API ore_tensor *ore_triu_indices(int64_t rows, int64_t columns, int64_t offset);

/* ---- more products (src/ops/einsum.c, products.c) ---- */
/* torch.einsum: "bij,bjk->bik" over 1 .. 8 tensors of one dtype. A letter twice in one operand is
 * its diagonal; letters that the result lacks are summed; without "->" the result has the letters
 * that occur once, sorted (capitals first). Sizes of 1 broadcast. There is no ellipsis. */
ORE_API ore_tensor *ore_einsum(const char *equation, ore_tensor *const *tensors, int n);
/* Summed over dims_a of a and dims_b of b, pair by pair; ORE_ALL means none here. */
ORE_API ore_tensor *ore_tensordot(ore_tensor *a, ore_tensor *b, ore_dims dims_a, ore_dims dims_b);
ORE_API ore_tensor *ore_outer(ore_tensor *a, ore_tensor *b); /* (n), (m) -> (n, m) */
ORE_API ore_tensor *ore_dot(ore_tensor *a, ore_tensor *b);   /* (n), (n) -> 0-d */
ORE_API ore_tensor *ore_mv(ore_tensor *a, ore_tensor *x);    /* (n, m), (m) -> (n) */
ORE_API ore_tensor *ore_bmm(ore_tensor *a, ore_tensor *b);   /* (B, n, k), (B, k, m) */
/* beta c + alpha a b for matrices a and b; c broadcasts to the product. */
ORE_API ore_tensor *ore_addmm(ore_tensor *c, ore_tensor *a, ore_tensor *b, double beta,
                              double alpha);

/* ---- dropout (src/ops/dropout.c) ---- */
/* Zeroes each element with probability p and scales the rest by 1 / (1 - p). Draws nothing and
 * returns x where p is 0 or training is false. */
ORE_API ore_tensor *ore_f_dropout(ore_tensor *x, double p, bool training, ore_generator *g);

/* ---- attention (src/ops/attention.c) ---- */
typedef struct ore_attention_options {
    bool causal;    /* false: query t sees keys 0 .. t + Tk - Tq only when true */
    double scale;   /* 0 means 1 / sqrt(D) */
    double dropout; /* of the attention weights, when training; 0 */
    ore_generator *generator;
} ore_attention_options;
ORE_API ore_attention_options ore_attention_defaults(void);
/* q (B, H, Tq, D), k (B, H, Tk, D), v (B, H, Tk, Dv) -> (B, H, Tq, Dv), any strides:
 * softmax(q k^T scale + mask) v without the (Tq, Tk) matrix in memory. */
ORE_API ore_tensor *ore_attention(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                  const ore_attention_options *options);
/* qkv (B, T, 3 C), the queries, keys and values of a token side by side and each cut into `heads`
 * heads -> (B, T, C): ore_attention of these slices, with the heads joined again. One op, so that
 * nothing is copied and backward fills one gradient. */
ORE_API ore_tensor *ore_attention_packed(ore_tensor *qkv, int64_t heads,
                                         const ore_attention_options *options);
/* The plain composition of ore_attention, its oracle. */
ORE_API ore_tensor *ore_attention_plain(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                                        const ore_attention_options *options);

ORE_END_DECLS

#endif
