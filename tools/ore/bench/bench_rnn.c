/* bench_rnn.c: training steps of recurrent nets on random tokens, AdamW. The draws (tokens,
 * weights, then batches) follow bench/pytorch/bench.py, so that the same seed gives the same
 * losses. */
#include <stdio.h>
#include <stdlib.h>

#include <ore/ops.h>
#include <ore/rnn.h>

#include "bench/bench.h"
#include "bench/bench_preset.h"
#include "models/rnn/rnn.h"

enum { SEED = 1337, TOKENS = 1 << 17, CHARACTERS = 65, WORDS = 1000, CLASSES = 2, LENGTH_MIN = 8 };
enum { UNITS = 256, LAYERS = 2, BATCH = 64, STEPS = 128 };

typedef struct rnn_preset {
    const char *name;
    const model_family *family; /* of a character model; NULL: packed texts */
} rnn_preset;

static const rnn_preset presets[] = {
    {"char-lstm", &lstm_family},
    {"char-gru", &gru_family},
    {"packed", NULL},
};
enum { PRESETS = sizeof presets / sizeof presets[0] };

typedef struct rnn_bench {
    rnn model;          /* of characters */
    ore_tensor *tokens; /* (TOKENS), what it reads */
    ore_module root;    /* of packed texts: */
    ore_embedding wte;
    ore_lstm lstm;
    ore_linear head;
} rnn_bench;

static ore_status open_characters(rnn_bench *b, const rnn_preset *p) {
    rnn_config c = {.n_layer = LAYERS,
                    .n_embd = UNITS,
                    .n_hidden = UNITS,
                    .block_size = STEPS,
                    .vocab_size = CHARACTERS};
    ore_scope_begin();
    b->tokens = ore_own(ore_randint(0, CHARACTERS, ORE_SHAPE(TOKENS), ORE_INT64, NULL));
    ore_scope_end();
    return rnn_init(&b->model, p->family, &c, NULL);
}

static ore_status open_packed(rnn_bench *b) {
    ore_rnn_options o = ore_rnn_defaults();
    o.batch_first = o.bidirectional = true;
    ore_module_init(&b->root, NULL, NULL);
    ore_embedding_init(&b->wte, &b->root, "wte", WORDS, UNITS, NULL);
    ore_lstm_init(&b->lstm, &b->root, "lstm", UNITS, UNITS, &o);
    return ore_linear_init(&b->head, &b->root, "head", 2 * UNITS, CLASSES, NULL);
}

static ore_status open_rnn(bench_run *run, const bench_config *c) {
    const rnn_preset *p = bench_preset_find(c->preset, presets, sizeof *presets, PRESETS);
    rnn_bench *b = calloc(1, sizeof *b);
    run->state = b;
    if (!p)
        return ore_error_status();
    if (!b)
        return ore_fail(ORE_MEMORY, "bench: out of memory");
    snprintf(run->name, sizeof run->name, "rnn-%s", p->name);
    run->batch = c->batch == CONFIG_AUTO_INT ? BATCH : c->batch;
    run->seq = c->seq == CONFIG_AUTO_INT ? STEPS : c->seq;
    run->unit = "tokens";
    run->units_per_step = (double)(run->batch * run->seq);
    ore_manual_seed(SEED);
    if ((p->family ? open_characters(b, p) : open_packed(b)) != ORE_OK)
        return ore_error_status();
    run->root = p->family ? &b->model.module : &b->root;
    ore_adamw_options o = ore_adamw_defaults();
    run->optimizer = ore_adamw_new(run->root, &o);
    return ore_error_status();
}

/* Rows of tokens from random places on, and what follows each. */
static ore_tensor *characters_loss(const rnn_bench *b, int64_t B, int64_t T) {
    ore_tensor *places = ore_randint(0, TOKENS - T - 1, ORE_SHAPE(B, 1), ORE_INT64, NULL);
    ore_tensor *at = ore_add(places, ore_arange(0, (double)T, 1, ORE_INT64)); /* (B, T) */
    ore_tensor *x = ore_f_embedding(at, ore_unsqueeze(b->tokens, 1), -1);
    ore_tensor *y = ore_f_embedding(ore_add_scalar(at, 1), ore_unsqueeze(b->tokens, 1), -1);
    ore_tensor *logits = rnn_forward(&b->model, ore_squeeze(x, -1)); /* (B, T, V) */
    return ore_cross_entropy(ore_flatten(logits, 0, 1), ore_flatten(y, 0, -1), NULL);
}

/* Texts of unequal lengths by the last states of both directions. */
static ore_tensor *packed_loss(const rnn_bench *b, int64_t B, int64_t T) {
    ore_tensor *lengths = ore_randint(LENGTH_MIN, T + 1, ORE_SHAPE(B), ORE_INT64, NULL);
    ore_tensor *ids = ore_randint(0, WORDS, ORE_SHAPE(B, T), ORE_INT64, NULL);
    ore_tensor *y = ore_randint(0, CLASSES, ORE_SHAPE(B), ORE_INT64, NULL);
    ore_pack_options how = {.batch_first = true, .enforce_sorted = false};
    ore_packed_sequence x, outputs;
    ore_recurrent_state end;
    ore_tensor *vectors = ore_embedding_forward(&b->wte, ids);
    if (ore_pack_padded_sequence(vectors, lengths, &how, &x) != ORE_OK ||
        ore_recurrent_forward_packed(&b->lstm, &x, NULL, &outputs, &end) != ORE_OK)
        return NULL;
    ore_tensor *both[] = {ore_select(end.h, 0, 0), ore_select(end.h, 0, 1)};
    return ore_cross_entropy(ore_linear_forward(&b->head, ore_cat(both, 2, 1)), y, NULL);
}

static ore_tensor *rnn_loss(bench_run *run) {
    const rnn_bench *b = run->state;
    return b->tokens ? characters_loss(b, run->batch, run->seq)
                     : packed_loss(b, run->batch, run->seq);
}

static void close_rnn(bench_run *run) {
    rnn_bench *b = run->state;
    if (!b)
        return;
    ore_optimizer_free(run->optimizer);
    if (b->tokens)
        rnn_free(&b->model);
    else
        ore_module_free(&b->root);
    ore_free(b->tokens);
    free(b);
}

const bench_workload bench_rnn = {
    .name = "rnn",
    .about = "recurrent nets on random tokens: --preset char-lstm, char-gru, packed",
    .open = open_rnn,
    .loss = rnn_loss,
    .close = close_rnn,
};
