/* bench_nets.c: training steps of small networks, SGD: micrograd's perceptron on four examples, and
 * the makemore classifiers of the next character of a name. The draws (weights, then the batches)
 * follow bench/pytorch/bench.py, so that the same seed gives the same losses. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>
#include <ore/ops.h>

#include "bench/bench.h"

/* The sizes and the seed of bench.py: examples of micrograd; letters, with the dot that ends a
 * name; rows of a makemore batch; and contexts that are drawn where there is no file of names. */
enum { SEED = 1337, EXAMPLES = 4, LETTERS = 27, BATCH = 32, RANDOM_CONTEXTS = 200000 };

/* ---- layers that only these networks have ---- */

/* Joins every `fan` neighbours along time: (B, T, C) -> (B, T / fan, C fan), or (B, C fan). */
typedef struct fuse_layer {
    ore_module module;
    int64_t fan;
} fuse_layer;

static ore_tensor *fuse_forward(const ore_module *module, ore_tensor *x) {
    int64_t B = ore_size(x, 0), T = ore_size(x, 1), C = ore_size(x, 2);
    int64_t fan = ((const fuse_layer *)module)->fan;
    if (T == fan)
        return ore_module_result(module, ore_view(x, ORE_SHAPE(B, C * fan)));
    return ore_module_result(module, ore_view(x, ORE_SHAPE(B, T / fan, C * fan)));
}

/* Batch norm over all but the last dim. */
typedef struct last_norm {
    ore_module module;
    ore_batch_norm1d bn;
} last_norm;

static ore_tensor *last_norm_forward(const ore_module *module, ore_tensor *x) {
    const last_norm *n = (const last_norm *)module;
    ore_tensor *rows = ore_reshape(x, ORE_SHAPE(-1, ore_size(x, -1)));
    return ore_view(ore_batch_norm1d_forward(&n->bn, rows), ore_shape_of(x));
}

/* ---- networks ---- */

enum { STAGES = 3 }; /* layers of micrograd's perceptron, and levels of the tree */

typedef struct net_bench {
    ore_sequential net;
    ore_embedding embedding;
    ore_flatten_layer flatten;
    fuse_layer fuse[STAGES];
    ore_linear linear[STAGES + 1];
    ore_batch_norm1d norm;
    last_norm norms[STAGES];
    ore_activation tanh[STAGES];
    ore_tensor *x, *y; /* all examples */
} net_bench;

static ore_status open_optimizer(bench_run *run, net_bench *b, double lr) {
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = lr;
    run->root = &b->net.module;
    run->optimizer = ore_sgd_new(run->root, &o);
    return ore_error_status();
}

/* Seeds the generator and makes an empty network; NULL with an error. */
static net_bench *begin_net(bench_run *run, const char *name) {
    net_bench *b = calloc(1, sizeof *b);
    run->state = b;
    if (!b) {
        ore_fail(ORE_MEMORY, "bench: out of memory");
        return NULL;
    }
    snprintf(run->name, sizeof run->name, "%s", name);
    run->unit = "steps";
    run->units_per_step = 1;
    ore_manual_seed(SEED);
    return ore_sequential_init(&b->net, NULL, NULL) == ORE_OK ? b : NULL;
}

static void close_net(bench_run *run) {
    net_bench *b = run->state;
    if (!b)
        return;
    ore_optimizer_free(run->optimizer);
    ore_module_free(&b->net.module);
    ore_free(b->x);
    ore_free(b->y);
    free(b);
}

/* ---- micrograd: (4, 3) -> 4 -> 4 -> (4, 1), sum of squared errors ---- */

static ore_status open_micrograd(bench_run *run, const bench_config *c) {
    static const float xs[EXAMPLES][3] = {
        {2.0f, 3.0f, -1.0f}, {3.0f, -1.0f, 0.5f}, {0.5f, 1.0f, 1.0f}, {1.0f, 1.0f, -1.0f}};
    static const float ys[EXAMPLES] = {1.0f, -1.0f, -1.0f, 1.0f};
    static const int64_t sizes[STAGES + 1] = {3, 4, 4, 1};
    (void)c;
    net_bench *b = begin_net(run, "micrograd");
    if (!b)
        return ore_error_status();
    run->batch = EXAMPLES;
    b->x = ore_own(ore_from_data(xs, ORE_SHAPE(EXAMPLES, 3), ORE_FLOAT32));
    b->y = ore_own(ore_from_data(ys, ORE_SHAPE(EXAMPLES, 1), ORE_FLOAT32));
    for (int i = 0; i < STAGES; i++) {
        ore_linear_init(&b->linear[i], &b->net.module, NULL, sizes[i], sizes[i + 1], NULL);
        ore_activation_init(&b->tanh[i], &b->net.module, NULL, ore_tanh);
    }
    return open_optimizer(run, b, 0.05);
}

static ore_tensor *micrograd_loss(bench_run *run) {
    net_bench *b = run->state;
    ore_tensor *error = ore_sub(ore_sequential_forward(&b->net, b->x), b->y);
    return ore_sum(ore_square(error), ORE_ALL, false);
}

const bench_workload bench_micrograd = {
    .name = "micrograd",
    .about = "a 3-4-4-1 perceptron on four examples",
    .open = open_micrograd,
    .loss = micrograd_loss,
    .close = close_net,
};

/* ---- makemore: the next character after `block` others ---- */

static ore_status draw_contexts(net_bench *b, int64_t block) {
    ore_generator *g = ore_generator_new(0);
    ore_scope_begin();
    b->x = ore_own(ore_randint(0, LETTERS, ORE_SHAPE(RANDOM_CONTEXTS, block), ORE_INT64, g));
    b->y = ore_own(ore_randint(0, LETTERS, ORE_SHAPE(RANDOM_CONTEXTS), ORE_INT64, g));
    ore_scope_end();
    ore_generator_free(g);
    return ore_error_status();
}

/* Fills x and y with the context and the next letter at every place of every name, in order, and
 * returns how many there are. With NULL arrays it only counts. */
static int64_t fill_contexts(const char *text, size_t bytes, int64_t block, int64_t *x,
                             int64_t *y) {
    int64_t n = 0, length = 0;
    for (size_t i = 0; i <= bytes; i++) {
        bool letter = i < bytes && !isspace((unsigned char)text[i]);
        if (!letter && length == 0)
            continue;
        for (int64_t k = 0; x && k < block; k++) {
            int64_t back = block - k; /* characters before this one */
            x[n * block + k] = back <= length ? text[i - (size_t)back] - 'a' + 1 : 0;
        }
        if (y)
            y[n] = letter ? text[i] - 'a' + 1 : 0;
        n++;
        length = letter ? length + 1 : 0;
    }
    return n;
}

static ore_status read_contexts(net_bench *b, const char *path, int64_t block) {
    size_t bytes = 0;
    char *text = ore_file_read(path, &bytes);
    if (!text)
        return ore_error_status();
    for (size_t i = 0; i < bytes && ore_ok(); i++)
        if (!isspace((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'z'))
            ore_fail(ORE_DATA, "%s: byte %zu is no letter a .. z", path, i);
    int64_t n = fill_contexts(text, bytes, block, NULL, NULL);
    if (ore_ok() && n == 0)
        ore_fail(ORE_DATA, "%s: has no names", path);
    ore_scope_begin();
    if (ore_ok()) {
        b->x = ore_own(ore_empty(ORE_SHAPE(n, block), ORE_INT64));
        b->y = ore_own(ore_empty(ORE_SHAPE(n), ORE_INT64));
    }
    if (ore_ok())
        fill_contexts(text, bytes, block, ore_data_mut(b->x), ore_data_mut(b->y));
    ore_scope_end();
    ore_string_free(text);
    return ore_error_status();
}

static ore_status open_examples(bench_run *run, const bench_config *c, int64_t block) {
    net_bench *b = run->state;
    run->batch = BATCH;
    return *c->names ? read_contexts(b, c->names, block) : draw_contexts(b, block);
}

static ore_tensor *makemore_loss(bench_run *run) {
    net_bench *b = run->state;
    ore_tensor *ix =
        ore_randint(0, ore_size(b->x, 0), ORE_SHAPE(run->batch), ORE_INT64, NULL); /* (B) */
    ore_tensor *logits =
        ore_sequential_forward(&b->net, ore_index_select(b->x, 0, ix)); /* (B, 27) */
    return ore_cross_entropy(logits, ore_index_select(b->y, 0, ix), NULL);
}

static ore_status open_mlp(bench_run *run, const bench_config *c) {
    net_bench *b = begin_net(run, c->batchnorm ? "makemore-mlp-bn" : "makemore-mlp");
    ore_linear_options hidden = ore_linear_defaults();
    hidden.bias = !c->batchnorm;
    if (!b || open_examples(run, c, 3) != ORE_OK)
        return ore_error_status();
    ore_module *net = &b->net.module;
    ore_embedding_init(&b->embedding, net, NULL, LETTERS, 10, NULL);
    ore_flatten_layer_init(&b->flatten, net, NULL, 1, -1);
    ore_linear_init(&b->linear[0], net, NULL, 30, 200, &hidden);
    if (c->batchnorm)
        ore_batch_norm1d_init(&b->norm, net, NULL, 200, NULL);
    ore_activation_init(&b->tanh[0], net, NULL, ore_tanh);
    ore_linear_init(&b->linear[1], net, NULL, 200, LETTERS, NULL);
    return open_optimizer(run, b, 0.1);
}

const bench_workload bench_mlp = {
    .name = "mlp",
    .about = "makemore's perceptron: 3 characters, 200 hidden, batch 32; --batchnorm",
    .open = open_mlp,
    .loss = makemore_loss,
    .close = close_net,
};

static ore_status open_wavenet(bench_run *run, const bench_config *c) {
    static const int64_t inputs[STAGES] = {2 * 24, 2 * 128, 2 * 128};
    net_bench *b = begin_net(run, "makemore-wavenet");
    ore_linear_options bare = ore_linear_defaults();
    bare.bias = false;
    if (!b || open_examples(run, c, 8) != ORE_OK)
        return ore_error_status();
    ore_module *net = &b->net.module;
    ore_embedding_init(&b->embedding, net, NULL, LETTERS, 24, NULL);
    for (int i = 0; i < STAGES; i++) {
        b->fuse[i].fan = 2;
        ore_module_init(&b->fuse[i].module, net, NULL);
        b->fuse[i].module.forward = fuse_forward;
        ore_linear_init(&b->linear[i], net, NULL, inputs[i], 128, &bare);
        ore_module_init(&b->norms[i].module, net, NULL);
        b->norms[i].module.forward = last_norm_forward;
        ore_batch_norm1d_init(&b->norms[i].bn, &b->norms[i].module, "bn", 128, NULL);
        ore_activation_init(&b->tanh[i], net, NULL, ore_tanh);
    }
    ore_linear_init(&b->linear[STAGES], net, NULL, 128, LETTERS, NULL);
    return open_optimizer(run, b, 0.1);
}

const bench_workload bench_wavenet = {
    .name = "wavenet",
    .about = "makemore's tree of 8 characters, 76,579 parameters, batch 32",
    .open = open_wavenet,
    .loss = makemore_loss,
    .close = close_net,
};
