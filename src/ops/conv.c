/* conv.c: convolutions over one and two dims, and the transposed ones. A single dim is a height
 * of 1. */
#include <ore/conv.h>

#include "base/error.h"
#include "ops/autocast.h"
#include "ops/op.h"
#include "ops/spatial.h"

enum { CONV_X, CONV_WEIGHT, CONV_BIAS, CONV_INPUTS };
enum { SAVED_X, SAVED_WEIGHT, SAVED_COUNT };

static ore_tensor *result_for(ore_conv_args *args, ore_shape shape, const ore_tensor *like) {
    ore_tensor *result = ore_tensor_new(shape, like->dtype, ore_tensor_device(like));
    args->result = ore_address_or_null(result);
    return result;
}

/* Each makes one of the three tensors from the other two, which args has. */
static ore_tensor *make_y(ore_conv_args args, ore_shape shape, const ore_tensor *like) {
    ore_tensor *y = result_for(&args, shape, like);
    if (y && ore_numel(y) == 0)
        return y;
    return y && ORE_CALL(ore_context_for(like), conv, like->dtype, &args) == ORE_OK ? y : NULL;
}

static ore_tensor *make_x(ore_conv_args args, ore_shape shape, const ore_tensor *like) {
    ore_tensor *x = result_for(&args, shape, like);
    if (x && ore_numel(x) == 0)
        return x;
    if (!x || ORE_CALL(ore_context_for(like), conv_transpose, like->dtype, &args) != ORE_OK)
        return NULL;
    return x;
}

static ore_tensor *make_weight(ore_conv_args args, ore_shape shape, const ore_tensor *like) {
    ore_tensor *w = result_for(&args, shape, like);
    if (!w || ORE_CALL(ore_context_for(like), conv_weight, like->dtype, &args) != ORE_OK)
        return NULL;
    return w;
}

/* dy summed over all dims but the channels. */
static ore_tensor *bias_gradient(ore_tensor *dy, int dims) {
    int channel = dy->shape.ndim - dims - 1;
    ore_dims others = {.n = 0};
    for (int d = 0; d < dy->shape.ndim; d++)
        if (d != channel)
            others.dim[others.n++] = d;
    return ore_sum(dy, others, false);
}

typedef struct conv_attributes {
    ore_conv_args sizes;
    int dims;
    bool transposed;
} conv_attributes;

/* ---- f conv1d ---- */

/* y = bias + weight * x: dx = weight * dy transposed, dweight at tap k = the sum over places
 * of dy and the x that k meets there, dbias = the sum of dy. A transposed convolution is the same
 * with x and y exchanged: its dx is a plain convolution. */

static void conv_backward(ore_node *node, ore_tensor *dy) {
    const conv_attributes *a = ore_node_attributes(node);
    dy = ore_contiguous(dy);
    if (!dy)
        return;
    ore_conv_args args = a->sizes;
    *(a->transposed ? &args.x : &args.y) = ore_tensor_address(dy);
    ore_tensor *x = NULL, *weight = NULL;
    if (ore_input_wants_grad(node, CONV_X) && (weight = ore_node_saved(node, SAVED_WEIGHT))) {
        ore_shape shape = ore_input_shape(node, CONV_X);
        args.weight = ore_tensor_address(weight);
        ore_pass(node, CONV_X, a->transposed ? make_y(args, shape, dy) : make_x(args, shape, dy));
    }
    if (ore_input_wants_grad(node, CONV_WEIGHT) && (x = ore_node_saved(node, SAVED_X))) {
        *(a->transposed ? &args.y : &args.x) = ore_tensor_address(x);
        ore_pass(node, CONV_WEIGHT, make_weight(args, ore_input_shape(node, CONV_WEIGHT), dy));
    }
    if (ore_input_wants_grad(node, CONV_BIAS))
        ore_pass(node, CONV_BIAS, bias_gradient(dy, a->dims));
}

static const ore_op conv_op = {"conv", conv_backward};
static const ore_op conv_transpose_op = {"conv_transpose", conv_backward};

/* ---- what was asked for ---- */

#define PLACES_MAX 0x1p60 /* along a dim, so that sums of them do not overflow */

typedef struct conv_axis {
    int64_t stride, padding, dilation, output_padding;
} conv_axis;

typedef struct conv_request {
    const char *name;
    int dims;
    bool transposed;
    conv_axis axis[2]; /* the last `dims` count */
    int64_t groups;
    ore_padding_kind kind;
} conv_request;

static bool axis_fits(const conv_request *r, const conv_axis *a) {
    if (a->stride < 1 || a->dilation < 1 || a->padding < 0 || a->stride > SPATIAL_MAX ||
        a->dilation > SPATIAL_MAX || a->padding > SPATIAL_MAX)
        ore_fail(ORE_INVALID,
                 "%s: stride %lld, padding %lld, dilation %lld, expected at least 1, 0 and 1",
                 r->name, (long long)a->stride, (long long)a->padding, (long long)a->dilation);
    else if (a->output_padding < 0)
        ore_fail(ORE_INVALID, "%s: output_padding %lld, expected 0 or more", r->name,
                 (long long)a->output_padding);
    else if (a->output_padding >= a->stride && a->output_padding >= a->dilation)
        ore_fail(
            ORE_INVALID, "%s: output_padding %lld, expected less than stride %lld or dilation %lld",
            r->name, (long long)a->output_padding, (long long)a->stride, (long long)a->dilation);
    else if (r->kind != ORE_PADDING_GIVEN && a->padding != 0)
        ore_fail(ORE_INVALID, "%s: padding %lld beside a padding_kind, expected 0", r->name,
                 (long long)a->padding);
    else if (r->kind == ORE_PADDING_SAME && a->stride != 1)
        ore_fail(ORE_INVALID, "%s: stride %lld with ORE_PADDING_SAME, expected 1", r->name,
                 (long long)a->stride);
    return ore_no_error();
}

static bool options_fit(const conv_request *r) {
    if (r->kind < ORE_PADDING_GIVEN || r->kind > ORE_PADDING_CAUSAL) {
        ore_fail(ORE_INVALID, "%s: padding_kind %d is none", r->name, (int)r->kind);
        return false;
    }
    return (r->dims == 1 || axis_fits(r, &r->axis[0])) && axis_fits(r, &r->axis[1]);
}

/* The weight (out channels, in channels of a group, ..), of a transposed one (in channels, out
 * channels of a group, ..). */
static bool weight_fits(const conv_request *r, const ore_tensor *x, const ore_tensor *weight) {
    char tx[ORE_SHAPE_TEXT], tw[ORE_SHAPE_TEXT];
    int64_t channels = x->shape.dim[x->shape.ndim - r->dims - 1];
    if (weight->shape.ndim != r->dims + 2 || weight->shape.dim[0] < 1 || weight->shape.dim[1] < 1) {
        ore_fail(ORE_INVALID, "%s: weight %s, expected %s", r->name,
                 ore_shape_text(weight->shape, tw),
                 r->transposed
                     ? (r->dims == 1 ? "(in, out / groups, K)" : "(in, out / groups, KH, KW)")
                     : (r->dims == 1 ? "(out, in / groups, K)" : "(out, in / groups, KH, KW)"));
        return false;
    }
    int64_t expected = r->transposed ? weight->shape.dim[0] : weight->shape.dim[1];
    if (r->groups < 1 || weight->shape.dim[0] % r->groups != 0)
        ore_fail(ORE_INVALID, "%s: groups %lld do not divide the first size of weight %s", r->name,
                 (long long)r->groups, ore_shape_text(weight->shape, tw));
    else if (channels != (r->transposed ? expected : expected * r->groups))
        ore_fail(ORE_INVALID,
                 "%s: x %s has %lld channel%s, expected %lld for weight %s in %lld group%s",
                 r->name, ore_shape_text(x->shape, tx), (long long)channels, ore_plural(channels),
                 (long long)(r->transposed ? expected : expected * r->groups),
                 ore_shape_text(weight->shape, tw), (long long)r->groups, ore_plural(r->groups));
    return ore_no_error();
}

static int64_t channels_out(const conv_request *r, const ore_tensor *weight) {
    return r->transposed ? weight->shape.dim[1] * r->groups : weight->shape.dim[0];
}

static bool tensors_fit(const conv_request *r, ore_tensor *x, ore_tensor *weight,
                        ore_tensor *bias) {
    char text[ORE_SHAPE_TEXT];
    ore_tensor *tensors[] = {x, weight, bias};
    if (!ore_usable(r->name, bias ? 3 : 2, tensors) || !spatial_fits(r->name, x, r->dims) ||
        !weight_fits(r, x, weight))
        return false;
    if (bias && !ore_shape_equal(bias->shape, ORE_SHAPE(channels_out(r, weight))))
        ore_fail(ORE_INVALID, "%s: bias %s, expected (%lld,)", r->name,
                 ore_shape_text(bias->shape, text), (long long)channels_out(r, weight));
    else if (weight->dtype != x->dtype || (bias && bias->dtype != x->dtype))
        ore_fail(ORE_INVALID, "%s: x of %s, %s of %s, expected one dtype", r->name,
                 ore_dtype_name(x->dtype), weight->dtype != x->dtype ? "weight" : "bias",
                 ore_dtype_name(weight->dtype != x->dtype ? weight->dtype : bias->dtype));
    return ore_no_error();
}

/* Whether int64 holds every place along a dim. */
static bool places_fit(const conv_request *r, int i, int64_t size, int64_t kernel) {
    const conv_axis *a = &r->axis[i];
    double places = (double)a->dilation * (double)kernel + 2 * (double)a->padding +
                    (double)size * (double)(r->transposed ? a->stride : 1);
    if (places > PLACES_MAX)
        ore_fail(ORE_INVALID, "%s: %g places along dim %d, expected no more than 2^60", r->name,
                 places, i - 2);
    return ore_no_error();
}

/* The sizes along one dim of x, or false with an error where no position is left. */
static bool dim_of(const conv_request *r, int i, int64_t size, int64_t kernel, ore_conv_dim *d) {
    const conv_axis *a = &r->axis[i];
    if (!places_fit(r, i, size, kernel))
        return false;
    int64_t span = a->dilation * (kernel - 1) + 1, before = a->padding, both = 2 * before;
    if (r->kind == ORE_PADDING_SAME || r->kind == ORE_PADDING_CAUSAL) {
        both = span - 1;
        before = r->kind == ORE_PADDING_SAME ? both / 2 : both;
    }
    *d = (ore_conv_dim){
        .kernel = kernel, .stride = a->stride, .dilation = a->dilation, .before = before};
    if (r->transposed) {
        d->out = size;
        d->in = (size - 1) * a->stride - both + span + a->output_padding;
        if (size < 1 || kernel < 1)
            ore_fail(ORE_INVALID,
                     "%s: a kernel of %lld along dim %d of %lld, expected at least 1 of both",
                     r->name, (long long)kernel, i - 2, (long long)size);
        else if (d->in < 1)
            ore_fail(ORE_INVALID, "%s: %lld positions along dim %d, expected at least 1", r->name,
                     (long long)d->in, i - 2);
    } else {
        d->in = size;
        d->out = (size + both - span) / a->stride + 1;
        if (kernel < 1 || size + both < span)
            ore_fail(ORE_INVALID,
                     "%s: a kernel of %lld, %lld with dilation, along dim %d of %lld with padding, "
                     "expected 1 to that size",
                     r->name, (long long)kernel, (long long)span, i - 2, (long long)(size + both));
    }
    return ore_no_error();
}

/* Sizes of the convolution whose y is x here if transposed; *shape becomes the result's. */
static bool measure(const conv_request *r, const ore_tensor *x, const ore_tensor *weight,
                    ore_conv_args *args, ore_shape *shape) {
    static const ore_conv_dim one = {.in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1};
    int channel = x->shape.ndim - r->dims - 1;
    *args = (ore_conv_args){.N = channel ? x->shape.dim[0] : 1, .groups = r->groups, .h = one};
    args->O = weight->shape.dim[0] / r->groups;
    args->C = weight->shape.dim[1];
    *shape = x->shape;
    shape->dim[channel] = channels_out(r, weight);
    for (int i = 2 - r->dims; i < 2; i++) {
        int from_end = 2 - i;
        ore_conv_dim *d = i ? &args->w : &args->h;
        if (!dim_of(r, i, x->shape.dim[x->shape.ndim - from_end],
                    weight->shape.dim[weight->shape.ndim - from_end], d))
            return false;
        shape->dim[shape->ndim - from_end] = r->transposed ? d->in : d->out;
    }
    return true;
}

static ore_tensor *convolve(const conv_request *r, ore_tensor *x, ore_tensor *weight,
                            ore_tensor *bias) {
    conv_attributes a = {.dims = r->dims, .transposed = r->transposed};
    ore_shape shape;
    x = ore_lowered(x);
    weight = ore_lowered(weight);
    bias = ore_lowered(bias);
    if (!tensors_fit(r, x, weight, bias) || !options_fit(r) ||
        !measure(r, x, weight, &a.sizes, &shape))
        return NULL;
    ore_tensor *inputs[CONV_INPUTS] = {ore_contiguous(x), ore_contiguous(weight),
                                       bias ? ore_contiguous(bias) : NULL};
    if (!ore_no_error())
        return NULL;
    ore_conv_args args = a.sizes;
    args.weight = ore_tensor_address(inputs[CONV_WEIGHT]);
    args.bias = ore_address_or_null(inputs[CONV_BIAS]);
    *(r->transposed ? &args.y : &args.x) = ore_tensor_address(inputs[CONV_X]);
    ore_tensor *y = r->transposed ? make_x(args, shape, x) : make_y(args, shape, x);
    if (!y)
        return NULL;
    ore_node *node = ore_record(r->transposed ? &conv_transpose_op : &conv_op, y, CONV_INPUTS,
                                inputs, SAVED_COUNT, sizeof a);
    if (node) {
        *(conv_attributes *)ore_node_attributes(node) = a;
        if (inputs[CONV_WEIGHT]->node)
            ore_node_save(node, SAVED_X, inputs[CONV_X]);
        if (inputs[CONV_X]->node)
            ore_node_save(node, SAVED_WEIGHT, inputs[CONV_WEIGHT]);
    }
    return ore_made(y);
}

/* ---- the builders ---- */

ore_pair ore_both(int64_t n) {
    return (ore_pair){n, n};
}

ore_f_conv1d_options ore_f_conv1d_defaults(void) {
    return (ore_f_conv1d_options){.stride = 1, .dilation = 1, .groups = 1};
}

ore_tensor *ore_f_conv1d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                         const ore_f_conv1d_options *options) {
    ore_f_conv1d_options o = options ? *options : ore_f_conv1d_defaults();
    conv_request r = {.name = "conv1d", .dims = 1, .groups = o.groups, .kind = o.padding_kind};
    r.axis[1] = (conv_axis){o.stride, o.padding, o.dilation, 0};
    return convolve(&r, x, weight, bias);
}

ore_f_conv2d_options ore_f_conv2d_defaults(void) {
    return (ore_f_conv2d_options){.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
}

ore_tensor *ore_f_conv2d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                         const ore_f_conv2d_options *options) {
    ore_f_conv2d_options o = options ? *options : ore_f_conv2d_defaults();
    conv_request r = {.name = "conv2d", .dims = 2, .groups = o.groups, .kind = o.padding_kind};
    r.axis[0] = (conv_axis){o.stride.h, o.padding.h, o.dilation.h, 0};
    r.axis[1] = (conv_axis){o.stride.w, o.padding.w, o.dilation.w, 0};
    return convolve(&r, x, weight, bias);
}

ore_f_conv_transpose1d_options ore_f_conv_transpose1d_defaults(void) {
    return (ore_f_conv_transpose1d_options){.stride = 1, .dilation = 1, .groups = 1};
}

ore_tensor *ore_f_conv_transpose1d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                   const ore_f_conv_transpose1d_options *options) {
    ore_f_conv_transpose1d_options o = options ? *options : ore_f_conv_transpose1d_defaults();
    conv_request r = {
        .name = "conv_transpose1d", .dims = 1, .transposed = true, .groups = o.groups};
    r.axis[1] = (conv_axis){o.stride, o.padding, o.dilation, o.output_padding};
    return convolve(&r, x, weight, bias);
}

ore_f_conv_transpose2d_options ore_f_conv_transpose2d_defaults(void) {
    return (ore_f_conv_transpose2d_options){.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
}

ore_tensor *ore_f_conv_transpose2d(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                   const ore_f_conv_transpose2d_options *options) {
    ore_f_conv_transpose2d_options o = options ? *options : ore_f_conv_transpose2d_defaults();
    conv_request r = {
        .name = "conv_transpose2d", .dims = 2, .transposed = true, .groups = o.groups};
    r.axis[0] = (conv_axis){o.stride.h, o.padding.h, o.dilation.h, o.output_padding.h};
    r.axis[1] = (conv_axis){o.stride.w, o.padding.w, o.dilation.w, o.output_padding.w};
    return convolve(&r, x, weight, bias);
}
