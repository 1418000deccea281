/* bench_transformer.c: training steps of an encoder that classifies texts, and of an encoder with a
 * decoder, on random tokens, AdamW, no dropout. The draws (weights, then batches) follow
 * bench/pytorch/bench.py, so that the same seed gives the same losses. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/ops.h>
#include <ore/transformer.h>

#include "bench/bench.h"
#include "bench/bench_preset.h"

enum { SEED = 1337, WORDS = 1000, CLASSES = 2, WIDTH = 256, HEADS = 4, LAYERS_MAX = 4 };

typedef struct transformer_preset {
    const char *name;
    int64_t encoder_layers, decoder_layers; /* decoder 0: classifies by the mean over the tokens */
    int64_t batch, tokens;                  /* of each side */
} transformer_preset;

static const transformer_preset presets[] = {
    {"encoder", 4, 0, 32, 128},
    {"seq2seq", 3, 3, 64, 32},
};
enum { PRESETS = sizeof presets / sizeof presets[0] };

typedef struct transformer_bench {
    const transformer_preset *preset;
    ore_module root;
    ore_embedding source, target, positions;
    ore_transformer_encoder encoder; /* of the preset without a decoder */
    ore_transformer transformer;     /* of the other */
    ore_transformer_encoder_layer encoder_layers[LAYERS_MAX];
    ore_transformer_decoder_layer decoder_layers[LAYERS_MAX];
    ore_linear head;
} transformer_bench;

static ore_status open_modules(transformer_bench *b, int64_t tokens) {
    const transformer_preset *p = b->preset;
    ore_transformer_options o = ore_transformer_defaults();
    o.dim_feedforward = 4 * WIDTH;
    o.dropout = 0;
    o.activation = ore_gelu;
    o.batch_first = o.norm_first = true;
    ore_module_init(&b->root, NULL, NULL);
    ore_embedding_init(&b->source, &b->root, "source", WORDS, WIDTH, NULL);
    ore_embedding_init(&b->positions, &b->root, "positions", tokens, WIDTH, NULL);
    if (!p->decoder_layers) {
        ore_transformer_encoder_init(&b->encoder, &b->root, "encoder", b->encoder_layers,
                                     p->encoder_layers, WIDTH, HEADS, true, &o);
        return ore_linear_init(&b->head, &b->root, "head", WIDTH, CLASSES, NULL);
    }
    ore_embedding_init(&b->target, &b->root, "target", WORDS, WIDTH, NULL);
    ore_transformer_init(&b->transformer, &b->root, "transformer", b->encoder_layers,
                         p->encoder_layers, b->decoder_layers, p->decoder_layers, WIDTH, HEADS, &o);
    return ore_linear_init(&b->head, &b->root, "head", WIDTH, WORDS, NULL);
}

static ore_status open_transformer(bench_run *run, const bench_config *c) {
    const transformer_preset *p = bench_preset_find(c->preset, presets, sizeof *presets, PRESETS);
    transformer_bench *b = calloc(1, sizeof *b);
    run->state = b;
    if (!p)
        return ore_error_status();
    if (!b)
        return ore_fail(ORE_MEMORY, "bench: out of memory");
    b->preset = p;
    snprintf(run->name, sizeof run->name, "transformer-%s", p->name);
    run->batch = c->batch == CONFIG_AUTO_INT ? p->batch : c->batch;
    run->seq = c->seq == CONFIG_AUTO_INT ? p->tokens : c->seq;
    run->unit = "tokens";
    run->units_per_step = (double)(run->batch * run->seq);
    ore_manual_seed(SEED);
    if (open_modules(b, run->seq) != ORE_OK)
        return ore_error_status();
    run->root = &b->root;
    ore_adamw_options o = ore_adamw_defaults();
    run->optimizer = ore_adamw_new(run->root, &o);
    return ore_error_status();
}

/* The vectors (B, T, WIDTH) of ids (B, T), with those of their places. */
static ore_tensor *embedded(const transformer_bench *b, const ore_embedding *words,
                            ore_tensor *ids) {
    ore_tensor *places = ore_arange(0, (double)ore_size(ids, 1), 1, ORE_INT64);
    return ore_add(ore_embedding_forward(words, ids), ore_embedding_forward(&b->positions, places));
}

static ore_tensor *encoder_loss(const transformer_bench *b, int64_t B, int64_t T) {
    ore_tensor *ids = ore_randint(0, WORDS, ORE_SHAPE(B, T), ORE_INT64, NULL);
    ore_tensor *y = ore_randint(0, CLASSES, ORE_SHAPE(B), ORE_INT64, NULL);
    ore_tensor *x =
        ore_transformer_encoder_forward(&b->encoder, embedded(b, &b->source, ids), NULL);
    ore_tensor *pooled = ore_mean(x, ORE_DIMS(1), false);
    return ore_cross_entropy(ore_linear_forward(&b->head, pooled), y, NULL);
}

static ore_tensor *seq2seq_loss(const transformer_bench *b, int64_t B, int64_t T) {
    ore_tensor *source = ore_randint(0, WORDS, ORE_SHAPE(B, T), ORE_INT64, NULL);
    ore_tensor *target = ore_randint(0, WORDS, ORE_SHAPE(B, T + 1), ORE_INT64, NULL);
    ore_transformer_masks masks = {.tgt = {.causal = true}};
    ore_tensor *x = embedded(b, &b->source, source);
    ore_tensor *y = embedded(b, &b->target, ore_narrow(target, 1, 0, T));
    ore_tensor *out = ore_transformer_forward(&b->transformer, x, y, &masks);
    ore_tensor *logits = ore_linear_forward(&b->head, out); /* (B, T, WORDS) */
    ore_tensor *next = ore_flatten(ore_narrow(target, 1, 1, T), 0, 1);
    return ore_cross_entropy(ore_flatten(logits, 0, 1), next, NULL);
}

static ore_tensor *transformer_loss(bench_run *run) {
    const transformer_bench *b = run->state;
    return b->preset->decoder_layers ? seq2seq_loss(b, run->batch, run->seq)
                                     : encoder_loss(b, run->batch, run->seq);
}

static void close_transformer(bench_run *run) {
    transformer_bench *b = run->state;
    if (!b)
        return;
    ore_optimizer_free(run->optimizer);
    if (run->root)
        ore_module_free(run->root);
    free(b);
}

const bench_workload bench_transformer = {
    .name = "transformer",
    .about = "transformers on random tokens: --preset encoder, seq2seq",
    .open = open_transformer,
    .loss = transformer_loss,
    .close = close_transformer,
};
