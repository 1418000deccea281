/* conv.h: convolution and pooling over one dim, x (N, C, L), or two, x (N, C, H, W); without the
 * dim N for a single one. Names, defaults and results are PyTorch's; the layers are in nn.h.
 * Any floating dtype. Errors: ORE_INVALID for shapes, dtypes and options that do not fit, each with
 * what came and what was expected. Strides, paddings and dilations are at most 2^31, and the places
 * along a dim, with the kernel's reach, 2^60. */
#ifndef ORE_CONV_H
#define ORE_CONV_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* One number for the height and one for the width. */
typedef struct ore_pair {
    int64_t h, w;
} ore_pair;
/* The same for both, as torch takes a plain number. */
ORE_API ore_pair ore_both(int64_t n);

/* ---- convolution (src/ops/conv.c) ---- */

/* y[o] = bias[o] + sum over c and taps k of weight[o, c, k] x[c, position stride - padding + k
 * dilation], where x is 0 outside. With groups, output channels see only their share of the input
 * channels. Positions: floor((L + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.
 *
 * A kernel of 3 x 3 with stride and dilation 1 over 12 channels or more, in and out, is computed by
 * Winograd's F(2 x 2, 3 x 3) on the CPU's vector levels. The root mean square of its error, in
 * float32 and up to 512 channels, stays below 1e-6 of that of the result or gradient: at most four
 * times that of the plain sums, often less (docs/performance.md). But an infinite element or
 * weight, or a NaN, reaches all four places of a tile of 2 x 2, as NaN, where the plain sums leave
 * alone those that do not meet it. */

/* How many zeros surround x. */
typedef enum ore_padding_kind {
    ORE_PADDING_GIVEN,  /* `padding` on each side */
    ORE_PADDING_VALID,  /* none */
    ORE_PADDING_SAME,   /* as many as keep the size; an odd one comes after; stride must be 1 */
    ORE_PADDING_CAUSAL, /* dilation (kernel - 1) before, none after: y[t] sees no x after t */
} ore_padding_kind;

typedef struct ore_f_conv1d_options {
    int64_t stride;                /* 1 */
    int64_t padding;               /* 0; must be 0 unless ORE_PADDING_GIVEN */
    int64_t dilation;              /* 1 */
    int64_t groups;                /* 1 */
    ore_padding_kind padding_kind; /* ORE_PADDING_GIVEN */
} ore_f_conv1d_options;
ORE_API ore_f_conv1d_options ore_f_conv1d_defaults(void);
/* x (N, C, L) or (C, L), weight (O, C / groups, K), bias (O) or NULL -> (N, O, positions). */
ORE_API ore_tensor *ore_f_conv1d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                 const ore_f_conv1d_options *options);

typedef struct ore_f_conv2d_options {
    ore_pair stride, padding, dilation; /* as above */
    int64_t groups;
    ore_padding_kind padding_kind;
} ore_f_conv2d_options;
ORE_API ore_f_conv2d_options ore_f_conv2d_defaults(void);
/* x (N, C, H, W) or (C, H, W), weight (O, C / groups, KH, KW), bias (O) or NULL. */
ORE_API ore_tensor *ore_f_conv2d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                 const ore_f_conv2d_options *options);

/* The derivative of the convolution by its input, applied to x: each element of x is spread over
 * the taps' places. Positions: (L - 1) stride - 2 padding + dilation (kernel - 1) + output_padding
 * + 1. The weight is (C, O / groups, K), for O output channels; x and the kernel are not empty. */
typedef struct ore_f_conv_transpose1d_options {
    int64_t stride, padding; /* 1, 0 */
    int64_t output_padding;  /* 0; further positions at the end, less than stride or dilation */
    int64_t dilation;        /* 1 */
    int64_t groups;          /* 1 */
} ore_f_conv_transpose1d_options;
ORE_API ore_f_conv_transpose1d_options ore_f_conv_transpose1d_defaults(void);
ORE_API ore_tensor *ore_f_conv_transpose1d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                           const ore_f_conv_transpose1d_options *options);

typedef struct ore_f_conv_transpose2d_options {
    ore_pair stride, padding, output_padding, dilation; /* as above */
    int64_t groups;
} ore_f_conv_transpose2d_options;
ORE_API ore_f_conv_transpose2d_options ore_f_conv_transpose2d_defaults(void);
ORE_API ore_tensor *ore_f_conv_transpose2d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                           const ore_f_conv_transpose2d_options *options);

/* ---- patches (src/ops/patches.c) ---- */

typedef struct ore_f_unfold_options {
    ore_pair stride, padding, dilation; /* 1, 0, 1 */
} ore_f_unfold_options;
ORE_API ore_f_unfold_options ore_f_unfold_defaults(void);
/* The L patches that a kernel meets, in row-major order, as columns: x (N, C, H, W) or (C, H, W) ->
 * (N, C KH KW, L) or (C KH KW, L). (ore_unfold has the windows along one dim as a view.) */
ORE_API ore_tensor *ore_f_unfold(ore_tensor *x, ore_pair kernel,
                                 const ore_f_unfold_options *options);
/* Images of `output` whose elements are the sums of what such columns x have in their place:
 * (N, C KH KW, L) or (C KH KW, L) -> (N, C, output) or (C, output). Undoes ore_f_unfold where
 * patches do not overlap. */
ORE_API ore_tensor *ore_f_fold(ore_tensor *x, ore_pair output, ore_pair kernel,
                               const ore_f_unfold_options *options);

/* ---- larger pictures (src/ops/upsample.c) ---- */

/* x (N, C, L), (N, C, H, W) or (N, C, D, H, W) with spatial dims of `size`, larger or smaller: each
 * element is that of x at floor(i in / out), computed in float32. F.interpolate(x, size,
 * mode="nearest") in torch. ORE_INVALID for other shapes and for sizes below 1. */
ORE_API ore_tensor *ore_upsample_nearest(ore_tensor *x, ore_shape size);
/* The same by a factor: floor(in scale_factor) elements, each that of x at floor(i / scale_factor).
 * F.interpolate(x, scale_factor=..). */
ORE_API ore_tensor *ore_upsample_nearest_by(ore_tensor *x, double scale_factor);

/* ---- pooling (src/ops/pool.c) ---- */

/* Windows of `kernel` elements, `stride` apart, over x with `padding` on each side, which is at
 * most half of the kernel. With ceil_mode the last window may reach past the padded end, if it
 * starts before it. NULL options mean the defaults. */

typedef struct ore_max_pool1d_options {
    int64_t stride;   /* 0: the kernel */
    int64_t padding;  /* 0; never the largest */
    int64_t dilation; /* 1; distance of a window's elements */
    bool ceil_mode;   /* false */
} ore_max_pool1d_options;
ORE_API ore_max_pool1d_options ore_max_pool1d_defaults(void);
/* The largest of each window, NaN where there is one. *indices (may be NULL) are the int64 places
 * along L, or in row-major (H, W), of the first such element (the last NaN), which gets the
 * gradient; -1 where a dilated window meets no element and gives -infinity. */
ORE_API ore_tensor *ore_f_max_pool1d(ore_tensor *x, int64_t kernel,
                                     const ore_max_pool1d_options *options, ore_tensor **indices);

typedef struct ore_max_pool2d_options {
    ore_pair stride, padding, dilation;
    bool ceil_mode;
} ore_max_pool2d_options;
ORE_API ore_max_pool2d_options ore_max_pool2d_defaults(void);
ORE_API ore_tensor *ore_f_max_pool2d(ore_tensor *x, ore_pair kernel,
                                     const ore_max_pool2d_options *options, ore_tensor **indices);

typedef struct ore_avg_pool1d_options {
    int64_t stride;         /* 0: the kernel */
    int64_t padding;        /* 0; zeros */
    bool ceil_mode;         /* false */
    bool count_include_pad; /* true: padding counts in the mean */
} ore_avg_pool1d_options;
ORE_API ore_avg_pool1d_options ore_avg_pool1d_defaults(void);
/* The mean of each window. */
ORE_API ore_tensor *ore_f_avg_pool1d(ore_tensor *x, int64_t kernel,
                                     const ore_avg_pool1d_options *options);

typedef struct ore_avg_pool2d_options {
    ore_pair stride, padding;
    bool ceil_mode, count_include_pad;
    int64_t divisor_override; /* 0: none; divides each sum in place of the count */
} ore_avg_pool2d_options;
ORE_API ore_avg_pool2d_options ore_avg_pool2d_defaults(void);
ORE_API ore_tensor *ore_f_avg_pool2d(ore_tensor *x, ore_pair kernel,
                                     const ore_avg_pool2d_options *options);

/* Windows that give `output` positions: number i goes from floor(i L / output) up to
 * ceil((i + 1) L / output). An output of -1 (torch's None) keeps the size. */
ORE_API ore_tensor *ore_f_adaptive_avg_pool1d(ore_tensor *x, int64_t output);
ORE_API ore_tensor *ore_f_adaptive_avg_pool2d(ore_tensor *x, ore_pair output);
ORE_API ore_tensor *ore_f_adaptive_max_pool1d(ore_tensor *x, int64_t output, ore_tensor **indices);
ORE_API ore_tensor *ore_f_adaptive_max_pool2d(ore_tensor *x, ore_pair output, ore_tensor **indices);

ORE_END_DECLS

#endif
