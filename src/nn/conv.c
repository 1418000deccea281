/* conv.c: the layers of convolution. */
#include <math.h>

#include <ore/init.h>
#include <ore/nn.h>

#include "nn/layer.h"

/* ---- what all of them make ---- */

typedef struct conv_parts {
    ore_module *module;
    ore_tensor **weight, **bias;
    const char *kind;
    ore_module_function forward;
    bool transposed, with_bias;
    int dims;
    int64_t in, out, groups;
    ore_pair kernel; /* .w alone counts with one dim */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} conv_parts;

static bool sizes_fit(const conv_parts *c) {
    int64_t groups = c->groups;
    if (c->in < 1 || c->out < 1 || groups < 1 || c->in % groups || c->out % groups)
        ore_fail(ORE_INVALID,
                 "%s: in_channels %lld, out_channels %lld, groups %lld, expected at least 1 and "
                 "groups that divide both",
                 c->kind, (long long)c->in, (long long)c->out, (long long)groups);
    else if (c->kernel.w < 1 || (c->dims == 2 && c->kernel.h < 1))
        ore_fail(ORE_INVALID, "%s: kernel %lld, expected at least 1", c->kind,
                 (long long)(c->kernel.w < 1 ? c->kernel.w : c->kernel.h));
    return ore_ok();
}

/* kaiming_uniform_(weight, a = sqrt(5)) (He et al. 2015), then uniform_(+-1/sqrt(fan_in)). */
static void make_tensors(const conv_parts *c) {
    int64_t first = c->transposed ? c->in : c->out;
    int64_t second = (c->transposed ? c->out : c->in) / c->groups;
    ore_shape shape = c->dims == 1 ? ORE_SHAPE(first, second, c->kernel.w)
                                   : ORE_SHAPE(first, second, c->kernel.h, c->kernel.w);
    ore_scope_begin();
    *c->weight = ore_empty(shape, c->dtype);
    *c->weight = ore_init_kaiming_uniform(*c->weight, sqrt(5), ORE_FAN_IN, ORE_GAIN_LEAKY_RELU,
                                          c->generator);
    ore_layer_parameter(c->module, "weight", c->weight, c->device);
    if (c->with_bias) {
        int64_t taps = c->kernel.w * (c->dims == 2 ? c->kernel.h : 1);
        double bound = 1 / sqrt((double)(second * taps));
        *c->bias = ore_empty(ORE_SHAPE(c->out), c->dtype);
        *c->bias = ore_init_uniform(*c->bias, -bound, bound, c->generator);
    }
    ore_layer_parameter(c->module, "bias", c->bias, c->device);
    ore_scope_end();
}

static ore_status make(const conv_parts *c, ore_module *parent, const char *name) {
    *c->weight = *c->bias = NULL;
    if (!ore_layer_begin(c->module, parent, name, c->kind, c->forward))
        return ore_error_status();
    if (sizes_fit(c))
        make_tensors(c);
    return ore_layer_end(c->module);
}

/* ---- other paddings than zeros: x is padded first ---- */

/* Not where ore_f_conv1d and ore_f_conv2d refuse the options: they see them as they are. */
static bool pads_first(ore_pad_mode mode, const ore_f_conv2d_options *o) {
    const int64_t dilation_max = INT64_C(1) << 31;
    bool none = o->padding.h == 0 && o->padding.w == 0, same = o->padding_kind == ORE_PADDING_SAME;
    if (mode == ORE_PAD_CONSTANT || o->dilation.h > dilation_max || o->dilation.w > dilation_max)
        return false;
    if (o->padding_kind < ORE_PADDING_GIVEN || o->padding_kind > ORE_PADDING_CAUSAL)
        return false;
    return o->padding_kind == ORE_PADDING_GIVEN ||
           (none && !(same && (o->stride.h != 1 || o->stride.w != 1)));
}

/* Before and after a dim. */
static void pads_of(ore_padding_kind kind, int64_t padding, int64_t dilation, int64_t kernel,
                    int64_t *pads) {
    int64_t total = dilation * (kernel - 1);
    pads[0] = pads[1] = kind == ORE_PADDING_GIVEN ? padding : 0;
    if (kind == ORE_PADDING_SAME)
        pads[0] = total / 2, pads[1] = total - total / 2;
    if (kind == ORE_PADDING_CAUSAL)
        pads[0] = total;
}

/* ---- conv1d ---- */

static ore_tensor *conv1d_function(const ore_module *module, ore_tensor *x) {
    return ore_conv1d_forward((const ore_conv1d *)module, x);
}

ore_tensor *ore_conv1d_forward(const ore_conv1d *c, ore_tensor *x) {
    if (!ore_module_begin(&c->module))
        return NULL;
    ore_f_conv1d_options o = c->options;
    ore_f_conv2d_options both = {.stride = ore_both(o.stride),
                                 .padding = ore_both(o.padding),
                                 .dilation = ore_both(o.dilation),
                                 .padding_kind = o.padding_kind};
    if (pads_first(c->padding_mode, &both)) {
        int64_t pads[2];
        pads_of(o.padding_kind, o.padding, o.dilation, ore_size(c->weight, 2), pads);
        x = ore_pad(x, pads, 2, c->padding_mode, 0);
        o.padding = 0;
        o.padding_kind = ORE_PADDING_VALID;
    }
    return ore_module_result(&c->module, ore_f_conv1d(x, c->weight, c->bias, &o));
}

ore_conv1d_options ore_conv1d_defaults(void) {
    return (ore_conv1d_options){.stride = 1, .dilation = 1, .groups = 1, .bias = true};
}

ore_status ore_conv1d_init(ore_conv1d *c, ore_module *parent, const char *name, int64_t in_channels,
                           int64_t out_channels, int64_t kernel,
                           const ore_conv1d_options *options) {
    ore_conv1d_options o = options ? *options : ore_conv1d_defaults();
    c->options = (ore_f_conv1d_options){o.stride, o.padding, o.dilation, o.groups, o.padding_kind};
    c->padding_mode = o.padding_mode;
    conv_parts parts = {.module = &c->module,
                        .weight = &c->weight,
                        .bias = &c->bias,
                        .kind = "conv1d",
                        .forward = conv1d_function,
                        .with_bias = o.bias,
                        .dims = 1,
                        .in = in_channels,
                        .out = out_channels,
                        .groups = o.groups,
                        .kernel = ore_both(kernel),
                        .dtype = o.dtype,
                        .device = o.device,
                        .generator = o.generator};
    return make(&parts, parent, name);
}

/* ---- conv2d ---- */

static ore_tensor *conv2d_function(const ore_module *module, ore_tensor *x) {
    return ore_conv2d_forward((const ore_conv2d *)module, x);
}

ore_tensor *ore_conv2d_forward(const ore_conv2d *c, ore_tensor *x) {
    if (!ore_module_begin(&c->module))
        return NULL;
    ore_f_conv2d_options o = c->options;
    if (pads_first(c->padding_mode, &o)) {
        int64_t pads[4]; /* the last dim first */
        pads_of(o.padding_kind, o.padding.w, o.dilation.w, ore_size(c->weight, 3), pads);
        pads_of(o.padding_kind, o.padding.h, o.dilation.h, ore_size(c->weight, 2), pads + 2);
        x = ore_pad(x, pads, 4, c->padding_mode, 0);
        o.padding = ore_both(0);
        o.padding_kind = ORE_PADDING_VALID;
    }
    return ore_module_result(&c->module, ore_f_conv2d(x, c->weight, c->bias, &o));
}

ore_conv2d_options ore_conv2d_defaults(void) {
    return (ore_conv2d_options){.stride = {1, 1}, .dilation = {1, 1}, .groups = 1, .bias = true};
}

ore_status ore_conv2d_init(ore_conv2d *c, ore_module *parent, const char *name, int64_t in_channels,
                           int64_t out_channels, ore_pair kernel,
                           const ore_conv2d_options *options) {
    ore_conv2d_options o = options ? *options : ore_conv2d_defaults();
    c->options = (ore_f_conv2d_options){o.stride, o.padding, o.dilation, o.groups, o.padding_kind};
    c->padding_mode = o.padding_mode;
    conv_parts parts = {.module = &c->module,
                        .weight = &c->weight,
                        .bias = &c->bias,
                        .kind = "conv2d",
                        .forward = conv2d_function,
                        .with_bias = o.bias,
                        .dims = 2,
                        .in = in_channels,
                        .out = out_channels,
                        .groups = o.groups,
                        .kernel = kernel,
                        .dtype = o.dtype,
                        .device = o.device,
                        .generator = o.generator};
    return make(&parts, parent, name);
}

/* ---- conv_transpose1d ---- */

static ore_tensor *conv_transpose1d_function(const ore_module *module, ore_tensor *x) {
    return ore_conv_transpose1d_forward((const ore_conv_transpose1d *)module, x);
}

ore_tensor *ore_conv_transpose1d_forward(const ore_conv_transpose1d *c, ore_tensor *x) {
    if (!ore_module_begin(&c->module))
        return NULL;
    return ore_module_result(&c->module,
                             ore_f_conv_transpose1d(x, c->weight, c->bias, &c->options));
}

ore_conv_transpose1d_options ore_conv_transpose1d_defaults(void) {
    return (ore_conv_transpose1d_options){.stride = 1, .dilation = 1, .groups = 1, .bias = true};
}

ore_status ore_conv_transpose1d_init(ore_conv_transpose1d *c, ore_module *parent, const char *name,
                                     int64_t in_channels, int64_t out_channels, int64_t kernel,
                                     const ore_conv_transpose1d_options *options) {
    ore_conv_transpose1d_options o = options ? *options : ore_conv_transpose1d_defaults();
    c->options = (ore_f_conv_transpose1d_options){o.stride, o.padding, o.output_padding, o.dilation,
                                                  o.groups};
    conv_parts parts = {.module = &c->module,
                        .weight = &c->weight,
                        .bias = &c->bias,
                        .kind = "conv_transpose1d",
                        .forward = conv_transpose1d_function,
                        .transposed = true,
                        .with_bias = o.bias,
                        .dims = 1,
                        .in = in_channels,
                        .out = out_channels,
                        .groups = o.groups,
                        .kernel = ore_both(kernel),
                        .dtype = o.dtype,
                        .device = o.device,
                        .generator = o.generator};
    return make(&parts, parent, name);
}

/* ---- conv_transpose2d ---- */

static ore_tensor *conv_transpose2d_function(const ore_module *module, ore_tensor *x) {
    return ore_conv_transpose2d_forward((const ore_conv_transpose2d *)module, x);
}

ore_tensor *ore_conv_transpose2d_forward(const ore_conv_transpose2d *c, ore_tensor *x) {
    if (!ore_module_begin(&c->module))
        return NULL;
    return ore_module_result(&c->module,
                             ore_f_conv_transpose2d(x, c->weight, c->bias, &c->options));
}

ore_conv_transpose2d_options ore_conv_transpose2d_defaults(void) {
    return (ore_conv_transpose2d_options){
        .stride = {1, 1}, .dilation = {1, 1}, .groups = 1, .bias = true};
}

ore_status ore_conv_transpose2d_init(ore_conv_transpose2d *c, ore_module *parent, const char *name,
                                     int64_t in_channels, int64_t out_channels, ore_pair kernel,
                                     const ore_conv_transpose2d_options *options) {
    ore_conv_transpose2d_options o = options ? *options : ore_conv_transpose2d_defaults();
    c->options = (ore_f_conv_transpose2d_options){o.stride, o.padding, o.output_padding, o.dilation,
                                                  o.groups};
    conv_parts parts = {.module = &c->module,
                        .weight = &c->weight,
                        .bias = &c->bias,
                        .kind = "conv_transpose2d",
                        .forward = conv_transpose2d_function,
                        .transposed = true,
                        .with_bias = o.bias,
                        .dims = 2,
                        .in = in_channels,
                        .out = out_channels,
                        .groups = o.groups,
                        .kernel = kernel,
                        .dtype = o.dtype,
                        .device = o.device,
                        .generator = o.generator};
    return make(&parts, parent, name);
}
