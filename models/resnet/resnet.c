/* resnet.c: residual blocks, and the network of them. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "models/resnet/resnet.h"

/* ---- blocks ---- */

/* norm(conv(x)); norm NULL: there is none. */
static ore_tensor *normed(const ore_conv2d *conv, const ore_batch_norm2d *norm, ore_tensor *x) {
    ore_tensor *y = ore_conv2d_forward(conv, x);
    return norm ? ore_batch_norm2d_forward(norm, y) : y;
}

ore_tensor *resnet_block_forward(const resnet_block *b, ore_tensor *x) {
    const ore_conv2d *last = b->bottleneck ? &b->conv3 : &b->conv2;
    const ore_batch_norm2d *last_norm = b->bottleneck ? &b->bn3 : &b->bn2;
    if (!ore_module_begin(&b->module))
        return NULL;
    ore_tensor *y = ore_relu(normed(&b->conv1, b->norm ? &b->bn1 : NULL, x));
    if (b->bottleneck)
        y = ore_relu(normed(&b->conv2, b->norm ? &b->bn2 : NULL, y));
    y = normed(last, b->norm ? last_norm : NULL, y);
    if (b->has_downsample)
        x = ore_sequential_forward(&b->downsample, x);
    if (b->residual)
        y = ore_add(y, x);
    return ore_module_result(&b->module, ore_relu(y));
}

static ore_tensor *block_function(const ore_module *module, ore_tensor *x) {
    return resnet_block_forward((const resnet_block *)module, x);
}

typedef struct conv_sizes {
    int64_t in, out, kernel, stride;
} conv_sizes;

/* A convolution that keeps the size of its input but for the stride, with a bias where no norm
 * follows. */
static void add_conv(ore_conv2d *c, ore_module *parent, const char *name, conv_sizes s, bool bias,
                     ore_generator *g) {
    ore_conv2d_options o = ore_conv2d_defaults();
    o.stride = ore_both(s.stride);
    o.padding = ore_both(s.kernel / 2);
    o.bias = bias;
    o.generator = g;
    ore_conv2d_init(c, parent, name, s.in, s.out, ore_both(s.kernel), &o);
}

/* The same and, with `norm`, a batch norm behind it. */
static void add_normed(ore_conv2d *conv, ore_batch_norm2d *bn, bool norm, ore_module *parent,
                       int number, conv_sizes s, ore_generator *g) {
    char name[2][8];
    snprintf(name[0], sizeof name[0], "conv%d", number);
    snprintf(name[1], sizeof name[1], "bn%d", number);
    add_conv(conv, parent, name[0], s, !norm, g);
    if (norm)
        ore_batch_norm2d_init(bn, parent, name[1], s.out, NULL);
}

static ore_status block_init(resnet_block *b, ore_module *parent, const char *name, int64_t in,
                             int64_t channels, int64_t stride, ore_generator *g) {
    int64_t out = b->bottleneck ? channels * RESNET_EXPANSION : channels;
    ore_module *m = &b->module;
    if (ore_module_init(m, parent, name) != ORE_OK)
        return ore_error_status();
    m->kind = b->bottleneck ? "bottleneck" : "basic_block";
    m->forward = block_function;
    int64_t kernel = b->bottleneck ? 1 : 3, second = b->bottleneck ? stride : 1;
    int64_t first = b->bottleneck ? 1 : stride;
    add_normed(&b->conv1, &b->bn1, b->norm, m, 1, (conv_sizes){in, channels, kernel, first}, g);
    add_normed(&b->conv2, &b->bn2, b->norm, m, 2, (conv_sizes){channels, channels, 3, second}, g);
    if (b->bottleneck)
        add_normed(&b->conv3, &b->bn3, b->norm, m, 3, (conv_sizes){channels, out, 1, 1}, g);
    b->has_downsample = b->residual && (stride != 1 || in != out);
    if (b->has_downsample) {
        ore_sequential_init(&b->downsample, m, "downsample");
        add_conv(&b->down_conv, &b->downsample.module, NULL, (conv_sizes){in, out, 1, stride},
                 !b->norm, g);
        if (b->norm)
            ore_batch_norm2d_init(&b->down_norm, &b->downsample.module, NULL, out, NULL);
    }
    return ore_error_status();
}

ore_status resnet_basic_block_init(resnet_block *b, ore_module *parent, const char *name,
                                   int64_t in, int64_t channels, int64_t stride, ore_generator *g) {
    b->bottleneck = false;
    b->residual = b->norm = true;
    return block_init(b, parent, name, in, channels, stride, g);
}

ore_status resnet_bottleneck_init(resnet_block *b, ore_module *parent, const char *name, int64_t in,
                                  int64_t channels, int64_t stride, ore_generator *g) {
    b->bottleneck = b->residual = b->norm = true;
    return block_init(b, parent, name, in, channels, stride, g);
}

/* ---- the network ---- */

ore_tensor *resnet_forward(const resnet *model, ore_tensor *x) {
    const ore_max_pool2d_options third = {.stride = {2, 2}, .padding = {1, 1}, .dilation = {1, 1}};
    x = ore_relu(normed(&model->conv1, model->config.batch_norm ? &model->bn1 : NULL, x));
    if (!model->config.small_images)
        x = ore_f_max_pool2d(x, ore_both(3), &third, NULL);
    const resnet_block *b = model->blocks;
    for (int s = 0; s < RESNET_STAGES; s++)
        for (int64_t i = 0; i < model->config.blocks[s]; i++, b++) {
            ore_scope_begin(); /* a block's temporaries go as soon as the graph allows */
            x = ore_keep(resnet_block_forward(b, x));
            ore_scope_end();
        }
    x = ore_flatten(ore_f_adaptive_avg_pool2d(x, ore_both(1)), 1, -1); /* (N, C) */
    return ore_linear_forward(&model->fc, x);
}

static ore_tensor *forward(const ore_module *module, ore_tensor *x) {
    return resnet_forward((const resnet *)module, x);
}

static bool positive(const char *name, int64_t value) {
    if (value < 1)
        ore_fail(ORE_INVALID, "resnet: %s %lld, expected 1 or more", name, (long long)value);
    return value >= 1;
}

int64_t resnet_count_blocks(const resnet_config *c) {
    int64_t count = 0;
    if (!ore_ok() || !positive("width", c->width) || !positive("in_channels", c->in_channels) ||
        !positive("n_classes", c->n_classes) || !positive("blocks[0]", c->blocks[0]))
        return -1;
    for (int s = 0; s < RESNET_STAGES; s++) {
        if (c->blocks[s] < 0 || (c->blocks[s] > 0 && s > 0 && c->blocks[s - 1] == 0)) {
            ore_fail(ORE_INVALID,
                     "resnet: blocks[%d] %lld after %lld, expected 0 or more, and 0 "
                     "after 0",
                     s, (long long)c->blocks[s], (long long)c->blocks[s > 0 ? s - 1 : 0]);
            return -1;
        }
        count += c->blocks[s];
    }
    return count;
}

static void build(resnet *model, ore_generator *g) {
    const resnet_config *c = &model->config;
    ore_module *root = &model->module;
    conv_sizes stem = {c->in_channels, c->width, c->small_images ? 3 : 7, c->small_images ? 1 : 2};
    add_normed(&model->conv1, &model->bn1, c->batch_norm, root, 1, stem, g);
    int64_t in = c->width, channels = c->width;
    resnet_block *b = model->blocks;
    for (int s = 0; s < RESNET_STAGES && c->blocks[s] > 0; s++, channels *= 2) {
        char name[16];
        snprintf(name, sizeof name, "layer%d", s + 1);
        ore_sequential_init(&model->stages[s], root, name);
        for (int64_t i = 0; i < c->blocks[s]; i++, b++) {
            b->bottleneck = c->bottleneck;
            b->residual = c->residual;
            b->norm = c->batch_norm;
            block_init(b, &model->stages[s].module, NULL, in, channels, s > 0 && i == 0 ? 2 : 1, g);
            in = c->bottleneck ? channels * RESNET_EXPANSION : channels;
        }
    }
    ore_linear_options o = ore_linear_defaults();
    o.generator = g;
    ore_linear_init(&model->fc, root, "fc", in, c->n_classes, &o);
}

/* Of one block, in the order in which its modules stand. */
static void draw_block(resnet_block *b, const resnet_config *c, ore_generator *g) {
    ore_init_kaiming_normal(b->conv1.weight, 0, ORE_FAN_OUT, ORE_GAIN_RELU, g);
    ore_init_kaiming_normal(b->conv2.weight, 0, ORE_FAN_OUT, ORE_GAIN_RELU, g);
    if (b->bottleneck)
        ore_init_kaiming_normal(b->conv3.weight, 0, ORE_FAN_OUT, ORE_GAIN_RELU, g);
    if (b->has_downsample)
        ore_init_kaiming_normal(b->down_conv.weight, 0, ORE_FAN_OUT, ORE_GAIN_RELU, g);
    if (c->zero_init_residual && b->norm)
        ore_init_zeros(b->bottleneck ? b->bn3.weight : b->bn2.weight);
}

ore_status resnet_init(resnet *model, const resnet_config *config, ore_generator *g) {
    *model = (resnet){.config = *config};
    int64_t count = resnet_count_blocks(config);
    if (count < 0)
        return ore_error_status();
    model->blocks = calloc((size_t)count, sizeof *model->blocks);
    if (!model->blocks)
        return ore_fail(ORE_MEMORY, "resnet: out of memory: %lld blocks", (long long)count);
    ore_scope_begin();
    ore_module_init(&model->module, NULL, NULL);
    model->module.forward = forward;
    build(model, g);
    if (ore_ok())
        ore_init_kaiming_normal(model->conv1.weight, 0, ORE_FAN_OUT, ORE_GAIN_RELU, g);
    for (int64_t i = 0; i < count && ore_ok(); i++)
        draw_block(&model->blocks[i], config, g);
    ore_scope_end();
    if (!ore_ok())
        resnet_free(model);
    return ore_error_status();
}

void resnet_free(resnet *model) {
    if (!model->blocks)
        return;
    ore_module_free(&model->module);
    free(model->blocks);
    model->blocks = NULL;
}
