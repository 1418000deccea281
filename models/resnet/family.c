/* family.c: residual networks as a family: the config, and the name that they go by. */
#include <stdio.h>

#include <ore/ops.h>

#include "models/resnet/resnet.h"
#include "models/tasks/pictures.h"
#include "models/words.h"

#define INT(...)    CONFIG_FIELD_INT(resnet_config, __VA_ARGS__)
#define SWITCH(...) CONFIG_FIELD_SWITCH(resnet_config, __VA_ARGS__)
#define BLOCKS(stage, fallback, domain, help)                                                      \
    {                                                                                              \
        "blocks" #stage, CONFIG_INT, offsetof(resnet_config, blocks[stage - 1]), fallback, domain, \
            help, NULL, NULL                                                                       \
    }

static const config_field fields[] = {
    SWITCH(
        bottleneck, "false", NULL,
        "blocks that squeeze their channels to a quarter: 1 x 1, 3 x 3, 1 x 1; else 3 x 3 twice"),
    BLOCKS(1, "2", "[1, 1000]", "blocks of the first stage"),
    BLOCKS(2, "2", "[0, 1000]", "of the second, at half the size and twice the channels; 0: none"),
    BLOCKS(3, "2", "[0, 1000]", "of the third"),
    BLOCKS(4, "2", "[0, 1000]", "of the fourth"),
    INT(width, "64", "[1, 65536]", "channels of the first stage"),
    INT(in_channels, "auto", "[1, 65536]", "channels of a picture; auto: as the data has"),
    INT(n_classes, "auto", "[1, 1048576]", "classes; auto: as many as the data has labels"),
    SWITCH(small_images, "false", NULL,
           "begin with 3 x 3 and stride 1, not with 7 x 7, stride 2 and pooling"),
    SWITCH(residual, "true", NULL, "add what a block was given to what it makes of it"),
    SWITCH(batch_norm, "true", NULL, "batch norm behind each convolution"),
    SWITCH(zero_init_residual, "false", NULL, "begin with the last norm of each block at 0"),
    CONFIG_FIELDS_END,
};

resnet_config resnet_defaults(void) {
    resnet_config c;
    config_defaults(fields, &c);
    c.in_channels = 3;
    c.n_classes = 1000;
    return c;
}

/* in_channels and n_classes may still be what the data is to tell. */
static ore_status check(const void *config) {
    resnet_config c = *(const resnet_config *)config;
    c.in_channels = c.n_classes = 1;
    return resnet_count_blocks(&c) < 0 ? ore_error_status() : ORE_OK;
}

static ore_status init(void *net, const void *config, ore_generator *g) {
    return resnet_init(net, config, g);
}

static void release(void *net) {
    resnet_free(net);
}

static ore_tensor *forward(void *net, const ore_batch *batch) {
    return resnet_forward(net, ore_div_scalar(ore_to(batch->x, ORE_FLOAT32), 255));
}

static void describe(const void *config, char *text, size_t bytes) {
    const resnet_config *c = config;
    size_t used =
        (size_t)snprintf(text, bytes, "%s blocks", c->bottleneck ? "bottleneck" : "basic");
    for (int s = 0; s < RESNET_STAGES && c->blocks[s] > 0; s++)
        used += (size_t)snprintf(text + used, bytes - used, "%c%lld", s ? '-' : ' ',
                                 (long long)c->blocks[s]);
    snprintf(text + used, bytes - used, ", width %lld%s%s", (long long)c->width,
             c->residual ? "" : ", no residual connections",
             c->batch_norm ? "" : ", no batch norm");
}

/* Of the convolutions and the last layer, which have nearly all. */
static double parameters(const void *config) {
    const resnet_config *c = config;
    double in = (double)c->width, stem = c->small_images ? 9 : 49;
    double count = stem * (double)c->in_channels * in, channels = in;
    for (int s = 0; s < RESNET_STAGES && c->blocks[s] > 0; s++, channels *= 2) {
        double out = c->bottleneck ? RESNET_EXPANSION * channels : channels;
        double further =
            c->bottleneck ? channels * (2 * out + 9 * channels) : 18 * channels * channels;
        double first =
            c->bottleneck ? channels * (in + out + 9 * channels) : 9 * channels * (in + channels);
        if (c->residual && (s > 0 || in != out))
            first += in * out;
        count += first + (double)(c->blocks[s] - 1) * further;
        in = out;
    }
    return count + in * (double)c->n_classes;
}

const model_family resnet_family = {.name = "resnet",
                                    .task = &task_pictures,
                                    .fields = fields,
                                    .config_bytes = sizeof(resnet_config),
                                    .net_bytes = sizeof(resnet),
                                    .check = check,
                                    .init = init,
                                    .free = release,
                                    .forward = forward,
                                    .describe = describe,
                                    .parameters = parameters};

static const config_setting defaults[] = {
    {"bottleneck", "true"},   {"blocks4", "0"}, {"width", "8"},   {"small_images", "true"},
    {"batch_size", "64"},     {"lr", "0.003"},  {"steps", "500"}, {"eval_interval", "100"},
    {"weight_decay", "0.01"}, {NULL, NULL}};

const named_model model_resnet = {
    .name = "resnet",
    .about = "a residual network of convolutions that puts pictures into classes",
    .family = &resnet_family,
    .defaults = defaults};
