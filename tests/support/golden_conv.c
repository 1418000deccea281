/* golden_conv.c: the ops of golden/ops.json that convolve and pool. */
#include <string.h>

#include <ore/conv.h>

#include "support/golden_table.h"

/* A number for both dims, or a list of two. */
static ore_pair pair(const json_t *args, const char *key, int64_t otherwise) {
    const json_t *value = json_object_get(args, key);
    if (!json_is_array(value))
        return ore_both(integer(args, key, otherwise));
    return (ore_pair){json_integer_value(json_array_get(value, 0)),
                      json_integer_value(json_array_get(value, 1))};
}

static ore_tensor *conv1d(const json_t *args, ore_tensor **in, int n) {
    ore_f_conv1d_options o = ore_f_conv1d_defaults();
    o.stride = integer(args, "stride", 1);
    o.padding = integer(args, "padding", 0);
    o.dilation = integer(args, "dilation", 1);
    o.groups = integer(args, "groups", 1);
    return ore_f_conv1d(in[0], in[1], n > 2 ? in[2] : NULL, &o);
}

static ore_tensor *conv2d(const json_t *args, ore_tensor **in, int n) {
    ore_f_conv2d_options o = ore_f_conv2d_defaults();
    o.stride = pair(args, "stride", 1);
    o.padding = pair(args, "padding", 0);
    o.dilation = pair(args, "dilation", 1);
    o.groups = integer(args, "groups", 1);
    return ore_f_conv2d(in[0], in[1], n > 2 ? in[2] : NULL, &o);
}

static ore_tensor *conv_transpose1d(const json_t *args, ore_tensor **in, int n) {
    ore_f_conv_transpose1d_options o = ore_f_conv_transpose1d_defaults();
    o.stride = integer(args, "stride", 1);
    o.padding = integer(args, "padding", 0);
    o.output_padding = integer(args, "output_padding", 0);
    return ore_f_conv_transpose1d(in[0], in[1], n > 2 ? in[2] : NULL, &o);
}

static ore_tensor *conv_transpose2d(const json_t *args, ore_tensor **in, int n) {
    ore_f_conv_transpose2d_options o = ore_f_conv_transpose2d_defaults();
    o.stride = pair(args, "stride", 1);
    o.padding = pair(args, "padding", 0);
    o.output_padding = pair(args, "output_padding", 0);
    return ore_f_conv_transpose2d(in[0], in[1], n > 2 ? in[2] : NULL, &o);
}

static ore_tensor *max_pool1d(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    ore_max_pool1d_options o = ore_max_pool1d_defaults();
    o.stride = integer(args, "stride", 0);
    o.padding = integer(args, "padding", 0);
    return ore_f_max_pool1d(in[0], integer(args, "kernel", 0), &o, NULL);
}

static ore_tensor *max_pool2d(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    ore_max_pool2d_options o = ore_max_pool2d_defaults();
    o.stride = pair(args, "stride", 0);
    o.padding = pair(args, "padding", 0);
    return ore_f_max_pool2d(in[0], pair(args, "kernel", 0), &o, NULL);
}

static ore_tensor *avg_pool2d(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    ore_avg_pool2d_options o = ore_avg_pool2d_defaults();
    o.stride = pair(args, "stride", 0);
    o.padding = pair(args, "padding", 0);
    o.count_include_pad = integer(args, "count_include_pad", 1) != 0;
    return ore_f_avg_pool2d(in[0], pair(args, "kernel", 0), &o);
}

static ore_tensor *upsample_nearest(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_upsample_nearest_by(in[0], (double)integer(args, "scale", 0));
}

static ore_tensor *adaptive_avg_pool2d(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_f_adaptive_avg_pool2d(in[0], pair(args, "output", 0));
}

static const golden_op ops[] = {
    {.name = "conv1d", .single = conv1d},
    {.name = "conv2d", .single = conv2d},
    {.name = "conv_transpose1d", .single = conv_transpose1d},
    {.name = "conv_transpose2d", .single = conv_transpose2d},
    {.name = "upsample_nearest", .single = upsample_nearest},
    {.name = "max_pool1d", .single = max_pool1d},
    {.name = "max_pool2d", .single = max_pool2d},
    {.name = "avg_pool2d", .single = avg_pool2d},
    {.name = "adaptive_avg_pool2d", .single = adaptive_avg_pool2d},
};

const golden_op *golden_find_conv(const char *name) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}
