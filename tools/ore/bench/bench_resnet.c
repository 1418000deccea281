/* bench_resnet.c: training steps of residual networks on random images, SGD with momentum. The
 * draws (weights, images, labels, then batches) follow bench/pytorch/bench.py, so that the same
 * seed gives the same losses. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/ops.h>

#include "bench/bench.h"
#include "bench/bench_preset.h"
#include "models/resnet/resnet.h"

enum { SEED = 1337, IMAGES = 256 };

typedef struct resnet_preset {
    const char *name;
    int64_t batch, size; /* images of a batch; rows and columns of one */
    resnet_config config;
} resnet_preset;

/* resnet18 is torchvision's, with its 7 x 7 stem. */
static const resnet_preset presets[] = {
    {"resnet18",
     32,
     64,
     {.blocks = {2, 2, 2, 2},
      .residual = 1,
      .batch_norm = 1,
      .width = 64,
      .in_channels = 3,
      .n_classes = 1000}},
    {"bottleneck",
     64,
     32,
     {.blocks = {2, 2, 2, 2},
      .residual = 1,
      .batch_norm = 1,
      .width = 32,
      .in_channels = 1,
      .n_classes = 10,
      .bottleneck = true,
      .small_images = true}},
};
enum { PRESETS = sizeof presets / sizeof presets[0] };

typedef struct resnet_bench {
    resnet model;
    ore_tensor *x, *y; /* (IMAGES, channels, size, size); (IMAGES) */
} resnet_bench;

static ore_status draw_images(resnet_bench *b, const resnet_preset *p) {
    ore_shape shape = ORE_SHAPE(IMAGES, p->config.in_channels, p->size, p->size);
    ore_scope_begin();
    b->x = ore_own(ore_randn(shape, ORE_FLOAT32, NULL));
    b->y = ore_own(ore_randint(0, p->config.n_classes, ORE_SHAPE(IMAGES), ORE_INT64, NULL));
    ore_scope_end();
    return ore_error_status();
}

static ore_status open_resnet(bench_run *run, const bench_config *c) {
    const resnet_preset *p = bench_preset_find(c->preset, presets, sizeof *presets, PRESETS);
    resnet_bench *b = calloc(1, sizeof *b);
    run->state = b;
    if (!p)
        return ore_error_status();
    if (!b)
        return ore_fail(ORE_MEMORY, "bench: out of memory");
    snprintf(run->name, sizeof run->name, "resnet-%s", p->name);
    run->batch = c->batch == CONFIG_AUTO_INT ? p->batch : c->batch;
    run->unit = "images";
    run->units_per_step = (double)run->batch;
    ore_manual_seed(SEED);
    if (resnet_init(&b->model, &p->config, NULL) != ORE_OK || draw_images(b, p) != ORE_OK)
        return ore_error_status();
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = 0.01;
    o.momentum = 0.9;
    run->root = &b->model.module;
    run->optimizer = ore_sgd_new(run->root, &o);
    return ore_error_status();
}

static ore_tensor *resnet_loss(bench_run *run) {
    resnet_bench *b = run->state;
    ore_tensor *ix = ore_randint(0, IMAGES, ORE_SHAPE(run->batch), ORE_INT64, NULL); /* (B) */
    ore_tensor *logits = resnet_forward(&b->model, ore_index_select(b->x, 0, ix));
    return ore_cross_entropy(logits, ore_index_select(b->y, 0, ix), NULL);
}

static void close_resnet(bench_run *run) {
    resnet_bench *b = run->state;
    if (!b)
        return;
    ore_optimizer_free(run->optimizer);
    resnet_free(&b->model);
    ore_free(b->x);
    ore_free(b->y);
    free(b);
}

const bench_workload bench_resnet = {
    .name = "resnet",
    .about = "residual networks on random images: --preset resnet18, bottleneck",
    .open = open_resnet,
    .loss = resnet_loss,
    .close = close_resnet,
};
