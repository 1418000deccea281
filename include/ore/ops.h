/* ops.h: differentiable operations on tensors. Names, broadcasting, type promotion, defaults and
 * reductions are PyTorch's. Operands broadcast (right-aligned; sizes equal or 1) unless said
 * otherwise. Where a layer of nn.h has the short name, the op is ore_f_NAME (torch's F.NAME). The
 * equation and the derivative of each op stand beside its code in src/ops/.
 * Errors: ORE_INVALID for shapes, dims or dtypes that do not fit; the message names them. */
#ifndef ORE_OPS_H
#define ORE_OPS_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* ---- arithmetic (src/ops/arith.c) -------------------------------------------------------------
 */
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

/* In place: t's shape and dtype stay; each returns t. A leaf that requires a gradient can be
 * changed only under ore_no_grad_begin. */
ORE_API ore_tensor *ore_add_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_sub_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_mul_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_div_(ore_tensor *t, ore_tensor *other);
ORE_API ore_tensor *ore_add_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_mul_scalar_(ore_tensor *t, double other);
ORE_API ore_tensor *ore_fill_(ore_tensor *t, double value);
ORE_API ore_tensor *ore_zero_(ore_tensor *t);
ORE_API ore_tensor *ore_copy_(ore_tensor *t, ore_tensor *source); /* broadcasts and casts */

/* ---- activations (src/ops/activation.c) ---------------------------------------------------------
 */
ORE_API ore_tensor *ore_tanh(ore_tensor *x);
ORE_API ore_tensor *ore_sigmoid(ore_tensor *x);
ORE_API ore_tensor *ore_relu(ore_tensor *x);
ORE_API ore_tensor *ore_gelu(ore_tensor *x);      /* x Phi(x), by erf */
ORE_API ore_tensor *ore_gelu_tanh(ore_tensor *x); /* the tanh approximation */

/* ---- reductions (src/ops/reduce.c) over `dims`, ORE_ALL for every dim
 * ---------------------------- */
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

/* ---- matrix products (src/ops/matmul.c)
 * ----------------------------------------------------------- */
/* torch.matmul: 1-d and 2-d operands, and batches (.., M, K) x (.., K, N) whose leading dims
 * broadcast. Transposed views are taken as they are. */
ORE_API ore_tensor *ore_matmul(ore_tensor *a, ore_tensor *b);
/* x (.., in) times weight (out, in) transposed, plus bias (out) or NULL -> (.., out). */
ORE_API ore_tensor *ore_f_linear(ore_tensor *x, ore_tensor *weight, ore_tensor *bias);
/* The same plus residual (.., out), in one pass over the result. */
ORE_API ore_tensor *ore_f_linear_add(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                     ore_tensor *residual);

/* ---- softmax, norms and losses (src/ops/softmax.c, norm.c, loss.c)
 * ----------------------------------- */
ORE_API ore_tensor *ore_softmax(ore_tensor *x, int dim);
ORE_API ore_tensor *ore_log_softmax(ore_tensor *x, int dim);
/* Over the last dims, those of `normalized`; weight and bias have that shape or are NULL. */
ORE_API ore_tensor *ore_f_layer_norm(ore_tensor *x, ore_shape normalized, ore_tensor *weight,
                                     ore_tensor *bias, double eps);

/* y = (x - mean) / sqrt(var + eps) * weight + bias for each channel C of x (N, C) or (N, C, ..).
 * While training, mean and biased variance are those of the channel's values in the batch, of which
 * there must be more than one, and the running ones (NULL: none) move towards them in place:
 * running = (1 - momentum) running + momentum batch's, with the unbiased variance. Otherwise mean
 * and variance are the running ones. Running values, weight and bias are (C) of x's dtype; weight
 * and bias may be NULL. PyTorch's defaults are momentum 0.1 and eps 1e-5. */
ORE_API ore_tensor *ore_batch_norm(ore_tensor *x, ore_tensor *running_mean, ore_tensor *running_var,
                                   ore_tensor *weight, ore_tensor *bias, bool training,
                                   double momentum, double eps);

typedef enum ore_reduction { ORE_MEAN, ORE_SUM, ORE_NONE } ore_reduction;

typedef struct ore_cross_entropy_options {
    ore_reduction reduction; /* ORE_MEAN */
    int64_t ignore_index;    /* -100 */
    double label_smoothing;  /* 0 */
    ore_tensor *weight;      /* (C) per class, or NULL */
} ore_cross_entropy_options;
ORE_API ore_cross_entropy_options ore_cross_entropy_defaults(void);
/* x (N, C) or (N, C, d1, ..) logits, target (N) or (N, d1, ..) int64 or int32 labels in [0, C) or
 * ignore_index; also x (C) with a 0-d target. A label out of range is ORE_INVALID. */
ORE_API ore_tensor *ore_cross_entropy(ore_tensor *x, ore_tensor *target,
                                      const ore_cross_entropy_options *options);

/* ---- indexing (src/ops/embedding.c, index.c)
 * --------------------------------------------------------- */
/* Rows of weight (V, C) at indices of any shape S -> (S, C). padding_idx gets no gradient; -1:
 * none. */
ORE_API ore_tensor *ore_f_embedding(ore_tensor *indices, ore_tensor *weight, int64_t padding_idx);
ORE_API ore_tensor *ore_gather(ore_tensor *x, int dim, ore_tensor *index);
ORE_API ore_tensor *ore_index_select(ore_tensor *x, int dim, ore_tensor *index);

/* ---- shape (src/ops/view.c); views share storage and never copy
 * ------------------------------------- */
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

/* ---- joining and cutting (src/ops/join.c)
 * -------------------------------------------------------------- */
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

/* ---- dropout (src/ops/dropout.c)
 * ------------------------------------------------------------------------ */
/* Zeroes each element with probability p and scales the rest by 1 / (1 - p). Draws nothing and
 * returns x where p is 0 or training is false. */
ORE_API ore_tensor *ore_f_dropout(ore_tensor *x, double p, bool training, ore_generator *g);

/* ---- attention (src/ops/attention.c)
 * ---------------------------------------------------------------------- */
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
