/* pool.c: the largest element, or the mean, of windows. A single dim is a height of 1. */
#include <ore/conv.h>

#include "base/memory.h"
#include "base/minmax.h"
#include "ops/op.h"
#include "ops/spatial.h"

/* ---- windows ---- */

typedef struct pool_axis {
    int64_t kernel; /* 0: adaptive */
    int64_t stride, padding, dilation;
    int64_t in, out;
} pool_axis;

/* What was asked for; backward keeps it. */
typedef struct pool_request {
    const char *name;
    int dims;
    pool_axis axis[2]; /* height and width */
    bool ceil_mode, count_include_pad;
    int64_t divisor;
} pool_request;

static const pool_axis whole = {.kernel = 1, .stride = 1, .dilation = 1, .in = 1, .out = 1};

static ore_window adaptive_window(const pool_axis *a, int64_t i) {
    int64_t begin = i * a->in / a->out, end = ((i + 1) * a->in + a->out - 1) / a->out;
    return (ore_window){begin, end, 1, end - begin};
}

static ore_window window_of(const pool_axis *a, int64_t i, bool count_include_pad) {
    int64_t begin = i * a->stride - a->padding, end = begin + a->dilation * (a->kernel - 1) + 1;
    int64_t padded = ore_min_int(end, a->in + a->padding) - begin;
    if (begin < 0)
        begin += (-begin + a->dilation - 1) / a->dilation * a->dilation;
    end = ore_min_int(end, a->in);
    return (ore_window){begin, end, a->dilation, count_include_pad ? padded : end - begin};
}

/* The lists of windows, one block that args->windows[0] starts; false with ORE_MEMORY. */
static bool find_windows(const pool_request *r, ore_pool_args *args) {
    ore_window *windows = ore_alloc((size_t)(r->axis[0].out + r->axis[1].out) * sizeof *windows);
    if (!windows)
        return false;
    args->windows[0] = windows;
    args->windows[1] = windows + r->axis[0].out;
    for (int d = 0; d < 2; d++) {
        const pool_axis *a = &r->axis[d];
        args->in[d] = a->in;
        args->out[d] = a->out;
        for (int64_t i = 0; i < a->out; i++)
            *windows++ = a->kernel ? window_of(a, i, r->count_include_pad) : adaptive_window(a, i);
    }
    args->divisor = r->divisor;
    return true;
}

static void free_windows(ore_pool_args *args) {
    ore_release((void *)(uintptr_t)args->windows[0]);
}

static int64_t planes_of(const ore_tensor *x, const pool_request *r) {
    int64_t planes = 1;
    for (int d = 0; d < x->shape.ndim - r->dims; d++)
        planes *= x->shape.dim[d];
    return planes;
}

/* ---- y = the largest x of the window: dx = the sum of dy over the windows that chose x ---- */

static void max_pool_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *places = ore_node_saved(node, 0);
    ore_tensor *dx = ore_tensor_new(ore_input_shape(node, 0), dy->dtype, ore_tensor_device(dy));
    const pool_request *r = ore_node_attributes(node);
    ore_pool_args args = {.places = ore_address_or_null(places)};
    dy = ore_contiguous(dy);
    if (!places || !dx || !dy)
        return;
    for (int d = 0; d < 2; d++) {
        args.in[d] = r->axis[d].in;
        args.out[d] = r->axis[d].out;
    }
    args.planes = planes_of(dy, r);
    args.dy = ore_tensor_address(dy);
    args.result = ore_tensor_address(dx);
    if (ORE_CALL(ore_context_for(dy), max_pool_backward, dy->dtype, &args) == ORE_OK)
        ore_pass(node, 0, dx);
}

static const ore_op max_pool_op = {"max_pool", max_pool_backward};

/* ---- y = the mean of the window: dx = the sum of dy / count over the windows with x ---- */

static void avg_pool_backward(ore_node *node, ore_tensor *dy) {
    const pool_request *r = ore_node_attributes(node);
    ore_tensor *dx = ore_tensor_new(ore_input_shape(node, 0), dy->dtype, ore_tensor_device(dy));
    ore_pool_args args = {.planes = 0};
    dy = ore_contiguous(dy);
    if (!dx || !dy || !find_windows(r, &args))
        return;
    args.planes = planes_of(dy, r);
    args.dy = ore_tensor_address(dy);
    args.result = ore_tensor_address(dx);
    if (ORE_CALL(ore_context_for(dy), avg_pool_backward, dy->dtype, &args) == ORE_OK)
        ore_pass(node, 0, dx);
    free_windows(&args);
}

static const ore_op avg_pool_op = {"avg_pool", avg_pool_backward};

/* ---- checks ---- */

static bool axis_fits(const pool_request *r, int i, pool_axis *a) {
    if (a->kernel < 1 || a->stride < 1 || a->dilation < 1 || a->kernel > SPATIAL_MAX ||
        a->stride > SPATIAL_MAX || a->dilation > SPATIAL_MAX) {
        ore_fail(ORE_INVALID, "%s: kernel %lld, stride %lld, dilation %lld, expected at least 1",
                 r->name, (long long)a->kernel, (long long)a->stride, (long long)a->dilation);
        return false;
    }
    if (a->padding < 0 || a->padding > a->kernel / 2) {
        ore_fail(ORE_INVALID, "%s: padding %lld, expected 0 .. %lld, half of the kernel", r->name,
                 (long long)a->padding, (long long)(a->kernel / 2));
        return false;
    }
    int64_t span = a->dilation * (a->kernel - 1) + 1, padded = a->in + 2 * a->padding;
    int64_t rest = padded - span + (r->ceil_mode ? a->stride - 1 : 0);
    a->out = rest < 0 ? 0 : rest / a->stride + 1;
    if (r->ceil_mode && (a->out - 1) * a->stride >= a->in + a->padding)
        a->out--;
    if (a->out < 1)
        ore_fail(ORE_INVALID, "%s: a window of %lld along dim %d of %lld with padding", r->name,
                 (long long)span, i - 2, (long long)padded);
    return ore_no_error();
}

static bool adaptive_fits(const pool_request *r, pool_axis *a) {
    if (a->out == -1)
        a->out = a->in;
    if (a->out >= 0 && a->out <= SPATIAL_MAX)
        return true;
    ore_fail(ORE_INVALID, "%s: output %lld, expected 0 or more, or -1", r->name, (long long)a->out);
    return false;
}

/* Completes the request by the sizes of x; *shape becomes y's. */
static bool measure(pool_request *r, ore_tensor *x, ore_shape *shape) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1(r->name, x) || !spatial_fits(r->name, x, r->dims))
        return false;
    *shape = x->shape;
    for (int i = 2 - r->dims; i < 2; i++) {
        pool_axis *a = &r->axis[i];
        int d = x->shape.ndim - 2 + i;
        a->in = x->shape.dim[d];
        if (a->in < 1) {
            ore_fail(ORE_INVALID, "%s: x %s has no elements along dim %d", r->name,
                     ore_shape_text(x->shape, text), i - 2);
            return false;
        }
        if (!(a->kernel || a->stride ? axis_fits(r, i, a) : adaptive_fits(r, a)))
            return false;
        shape->dim[d] = a->out;
    }
    if (r->divisor < 0)
        ore_fail(ORE_INVALID, "%s: divisor_override %lld, expected 1 or more, or 0 for none",
                 r->name, (long long)r->divisor);
    return ore_no_error();
}

/* ---- both kinds ---- */

static ore_tensor *largest_in_windows(pool_request *r, ore_tensor *x, ore_tensor **indices) {
    ore_shape shape;
    ore_pool_args args = {.planes = 0};
    if (!measure(r, x, &shape))
        return NULL;
    x = ore_contiguous(x);
    ore_tensor *y = x ? ore_tensor_new(shape, x->dtype, ore_tensor_device(x)) : NULL;
    ore_tensor *places = NULL;
    if (y && (indices || ore_would_record(1, &x)))
        places = ore_tensor_new(shape, ORE_INT64, ore_tensor_device(x));
    if (!ore_no_error() || !find_windows(r, &args))
        return NULL;
    args.planes = planes_of(x, r);
    args.x = ore_tensor_address(x);
    args.places = ore_address_or_null(places);
    args.result = ore_tensor_address(y);
    ore_status status = ORE_CALL(ore_context_for(x), max_pool, x->dtype, &args);
    free_windows(&args);
    if (status != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&max_pool_op, y, 1, &x, 1, sizeof *r);
    if (node) {
        *(pool_request *)ore_node_attributes(node) = *r;
        ore_node_save(node, 0, places);
    }
    if (indices)
        *indices = ore_made(places);
    return ore_made(y);
}

static ore_tensor *max_pool(pool_request *r, ore_tensor *x, ore_tensor **indices) {
    if (indices)
        *indices = NULL;
    if (!ore_no_error())
        return NULL;
    return ore_named(r->name, largest_in_windows(r, x, indices));
}

static ore_tensor *means_of_windows(pool_request *r, ore_tensor *x) {
    ore_shape shape;
    ore_pool_args args = {.planes = 0};
    if (!measure(r, x, &shape))
        return NULL;
    x = ore_contiguous(x);
    ore_tensor *y = x ? ore_tensor_new(shape, x->dtype, ore_tensor_device(x)) : NULL;
    if (!y || !find_windows(r, &args))
        return NULL;
    args.planes = planes_of(x, r);
    args.x = ore_tensor_address(x);
    args.result = ore_tensor_address(y);
    ore_status status = ORE_CALL(ore_context_for(x), avg_pool, x->dtype, &args);
    free_windows(&args);
    if (status != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&avg_pool_op, y, 1, &x, 0, sizeof *r);
    if (node)
        *(pool_request *)ore_node_attributes(node) = *r;
    return ore_made(y);
}

static ore_tensor *avg_pool(pool_request *r, ore_tensor *x) {
    if (!ore_no_error())
        return NULL;
    return ore_named(r->name, means_of_windows(r, x));
}

/* ---- the builders ---- */

/* A stride of 0 is the kernel. */
static pool_axis axis_of(int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    return (pool_axis){.kernel = kernel,
                       .stride = stride   ? stride
                                 : kernel ? kernel
                                          : 1,
                       .padding = padding,
                       .dilation = dilation};
}

ore_max_pool1d_options ore_max_pool1d_defaults(void) {
    return (ore_max_pool1d_options){.dilation = 1};
}

ore_tensor *ore_f_max_pool1d(ore_tensor *x, int64_t kernel, const ore_max_pool1d_options *options,
                             ore_tensor **indices) {
    ore_max_pool1d_options o = options ? *options : ore_max_pool1d_defaults();
    pool_request r = {.name = "max_pool1d", .dims = 1, .ceil_mode = o.ceil_mode};
    r.axis[0] = whole;
    r.axis[1] = axis_of(kernel, o.stride, o.padding, o.dilation);
    return max_pool(&r, x, indices);
}

ore_max_pool2d_options ore_max_pool2d_defaults(void) {
    return (ore_max_pool2d_options){.dilation = {1, 1}};
}

ore_tensor *ore_f_max_pool2d(ore_tensor *x, ore_pair kernel, const ore_max_pool2d_options *options,
                             ore_tensor **indices) {
    ore_max_pool2d_options o = options ? *options : ore_max_pool2d_defaults();
    pool_request r = {.name = "max_pool2d", .dims = 2, .ceil_mode = o.ceil_mode};
    r.axis[0] = axis_of(kernel.h, o.stride.h, o.padding.h, o.dilation.h);
    r.axis[1] = axis_of(kernel.w, o.stride.w, o.padding.w, o.dilation.w);
    return max_pool(&r, x, indices);
}

ore_avg_pool1d_options ore_avg_pool1d_defaults(void) {
    return (ore_avg_pool1d_options){.count_include_pad = true};
}

ore_tensor *ore_f_avg_pool1d(ore_tensor *x, int64_t kernel, const ore_avg_pool1d_options *options) {
    ore_avg_pool1d_options o = options ? *options : ore_avg_pool1d_defaults();
    pool_request r = {.name = "avg_pool1d", .dims = 1, .ceil_mode = o.ceil_mode};
    r.count_include_pad = o.count_include_pad;
    r.axis[0] = whole;
    r.axis[1] = axis_of(kernel, o.stride, o.padding, 1);
    return avg_pool(&r, x);
}

ore_avg_pool2d_options ore_avg_pool2d_defaults(void) {
    return (ore_avg_pool2d_options){.count_include_pad = true};
}

ore_tensor *ore_f_avg_pool2d(ore_tensor *x, ore_pair kernel,
                             const ore_avg_pool2d_options *options) {
    ore_avg_pool2d_options o = options ? *options : ore_avg_pool2d_defaults();
    pool_request r = {.name = "avg_pool2d", .dims = 2, .ceil_mode = o.ceil_mode};
    r.count_include_pad = o.count_include_pad;
    r.divisor = o.divisor_override;
    r.axis[0] = axis_of(kernel.h, o.stride.h, o.padding.h, 1);
    r.axis[1] = axis_of(kernel.w, o.stride.w, o.padding.w, 1);
    return avg_pool(&r, x);
}

static pool_request adaptive(const char *name, int dims, ore_pair output) {
    pool_request r = {.name = name, .dims = dims, .axis = {whole, {.out = output.w}}};
    if (dims == 2)
        r.axis[0] = (pool_axis){.out = output.h};
    return r;
}

ore_tensor *ore_f_adaptive_avg_pool1d(ore_tensor *x, int64_t output) {
    pool_request r = adaptive("adaptive_avg_pool1d", 1, ore_both(output));
    return avg_pool(&r, x);
}

ore_tensor *ore_f_adaptive_avg_pool2d(ore_tensor *x, ore_pair output) {
    pool_request r = adaptive("adaptive_avg_pool2d", 2, output);
    return avg_pool(&r, x);
}

ore_tensor *ore_f_adaptive_max_pool1d(ore_tensor *x, int64_t output, ore_tensor **indices) {
    pool_request r = adaptive("adaptive_max_pool1d", 1, ore_both(output));
    return max_pool(&r, x, indices);
}

ore_tensor *ore_f_adaptive_max_pool2d(ore_tensor *x, ore_pair output, ore_tensor **indices) {
    pool_request r = adaptive("adaptive_max_pool2d", 2, output);
    return max_pool(&r, x, indices);
}
