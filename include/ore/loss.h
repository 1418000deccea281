/* loss.h: losses of torch.nn.functional. ops.h, which includes this header, says what holds for all
 * operations: broadcasting, dtypes, errors. A number in brackets is PyTorch's default.
 *
 * `reduction` says what becomes of the losses of the elements or rows: their mean or their sum
 * (0-d), or all of them (ORE_NONE). ORE_BATCHMEAN, for ore_kl_div alone, is the sum over the size
 * of the first dim.
 *
 * Where x and target are compared element by element, target must have x's shape. Anything else is
 * ORE_INVALID: PyTorch broadcasts, and so compares each of (N, 1) with each of (N). */
#ifndef ORE_LOSS_H
#define ORE_LOSS_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

typedef enum ore_reduction { ORE_MEAN, ORE_SUM, ORE_NONE, ORE_BATCHMEAN } ore_reduction;

/* ---- of classes (src/ops/loss.c) ---- */

typedef struct ore_cross_entropy_options {
    ore_reduction reduction; /* ORE_MEAN */
    int64_t ignore_index;    /* -100 */
    double label_smoothing;  /* 0 */
    ore_tensor *weight;      /* (C) per class, or NULL */
} ore_cross_entropy_options;
ORE_API ore_cross_entropy_options ore_cross_entropy_defaults(void);
/* -log softmax(x)[label]: x (N, C) or (N, C, d1, ..) are logits, target (N) or (N, d1, ..) int64 or
 * int32 labels in [0, C) or ignore_index, which counts nowhere; also x (C) with a 0-d target. A
 * label out of range is ORE_INVALID. A mean with weights is over their sum.
 * Or a floating target of x's shape: a probability for each class, without ignore_index; a mean is
 * then over the rows, whatever their weights. */
ORE_API ore_tensor *ore_cross_entropy(ore_tensor *x, ore_tensor *target,
                                      const ore_cross_entropy_options *options);

typedef struct ore_nll_loss_options {
    ore_reduction reduction; /* ORE_MEAN */
    int64_t ignore_index;    /* -100 */
    ore_tensor *weight;      /* (C) per class, or NULL */
} ore_nll_loss_options;
ORE_API ore_nll_loss_options ore_nll_loss_defaults(void);
/* -x[label] of log-probabilities x (C), (N, C) or (N, C, d1, ..), with labels as above. */
ORE_API ore_tensor *ore_nll_loss(ore_tensor *x, ore_tensor *target,
                                 const ore_nll_loss_options *options);

/* ---- of one number from another (src/ops/loss_elementwise.c) ---- */

/* (x - target)^2 */
ORE_API ore_tensor *ore_mse_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction);
/* |x - target| */
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

/* ---- of probabilities (src/ops/loss_probability.c) ---- */

/* -(t log x + (1 - t) log(1 - x)) weight, logarithms not below -100; weight broadcasts to x
 * (ORE_INVALID otherwise) or is NULL. An x outside 0 .. 1, NaN too, is ORE_INVALID. */
ORE_API ore_tensor *ore_binary_cross_entropy(ore_tensor *x, ore_tensor *target, ore_tensor *weight,
                                             ore_reduction reduction);
/* The same of sigmoid(x), without overflow; pos_weight (NULL for ones) multiplies the part of t. */
ORE_API ore_tensor *ore_binary_cross_entropy_with_logits(ore_tensor *x, ore_tensor *target,
                                                         ore_tensor *weight, ore_tensor *pos_weight,
                                                         ore_reduction reduction);
/* Divergence of the log-probabilities x from target: t (log t - x), 0 where t is 0; with
 * log_target e^t (t - x). ORE_MEAN is over all elements; ORE_BATCHMEAN is the divergence. */
ORE_API ore_tensor *ore_kl_div(ore_tensor *x, ore_tensor *target, ore_reduction reduction,
                               bool log_target);

/* ---- with a margin, and of distances (src/ops/loss_margin.c) ---- */

/* max(0, 1 - target x), targets of 1 and -1. torch has no such function. */
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

/* a b / (max(|a|, eps) max(|b|, eps)) summed along dim [1], which leaves the shape; a and b
 * broadcast; eps [1e-8]. */
ORE_API ore_tensor *ore_cosine_similarity(ore_tensor *a, ore_tensor *b, int dim, double eps);
/* 1 - cos where target is 1, max(0, cos - margin) where it is -1; a, b (N, D) with target (N), or
 * (D) with (); margin [0]. */
ORE_API ore_tensor *ore_cosine_embedding_loss(ore_tensor *a, ore_tensor *b, ore_tensor *target,
                                              double margin, ore_reduction reduction);
/* (sum |a - b + eps|^p)^(1/p) over the last dim; p > 0 [2], INFINITY for the max; eps [1e-6]. */
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

ORE_END_DECLS

#endif
