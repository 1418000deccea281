/* bench_gpt.c: training steps of GPTs: biases on all but the head, AdamW on all parameters, no
 * dropout; batches are random chunks of a text, or of random tokens. The draws (tokens, weights,
 * then batches) follow bench/pytorch/bench.py, so that the same seed gives the same losses. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/init.h>
#include <ore/ops.h>
#include <ore/text.h>

#include "bench/bench.h"
#include "bench/gpt_presets.h"

/* Tokens of the random text, and the seed: those of bench.py. */
enum { RANDOM_TOKENS = 1 << 17, SEED = 1337 };

typedef struct gpt_bench {
    gpt model;
    ore_generator *generator;
    ore_text *text;
    ore_tokenizer *tokenizer;
    int64_t *ids; /* (RANDOM_TOKENS) without a text */
    ore_tokens *tokens;
    ore_token_parts *parts;
    ore_loader *loader;
} gpt_bench;

static ore_status open_text(gpt_bench *b, const gpt_preset *p, const char *path) {
    b->text = ore_text_open(path, NULL);
    b->tokenizer = ore_tokenizer_new_char(b->text, false);
    b->tokens = ore_tokens_of_text(b->text, b->tokenizer);
    if (ore_ok() && ore_tokenizer_size(b->tokenizer) > p->vocab_size)
        ore_fail(ORE_DATA, "%s: has %lld different characters, expected at most the %lld of %s",
                 path, (long long)ore_tokenizer_size(b->tokenizer), (long long)p->vocab_size,
                 p->name);
    return ore_error_status();
}

static ore_status draw_tokens(gpt_bench *b, const gpt_preset *p) {
    b->ids = calloc(RANDOM_TOKENS, sizeof *b->ids);
    if (!b->ids)
        return ore_fail(ORE_MEMORY, "bench: out of memory");
    ore_scope_begin();
    ore_tensor *drawn =
        ore_randint(0, p->vocab_size, ORE_SHAPE(RANDOM_TOKENS), ORE_INT64, b->generator);
    if (drawn)
        ore_copy_out(drawn, b->ids, RANDOM_TOKENS * sizeof *b->ids);
    ore_scope_end();
    b->tokens = ore_tokens_of_memory("random tokens", b->ids, RANDOM_TOKENS, -1);
    return ore_error_status();
}

/* ---- weights: bench.py's draws ---- */

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Draws a weight (out, in) as torch.nn.Linear does. */
static void draw_linear(ore_tensor *weight, ore_generator *g) {
    ore_init_kaiming_uniform(weight, sqrt(5), ORE_FAN_IN, ORE_GAIN_LEAKY_RELU, g);
}

/* Draws the weights in the order of bench.py: first each layer as PyTorch draws it, of which only
 * the biases stay; then every matrix from N(0, 0.02). A tied head is drawn as well, although the
 * embedding replaces it. */
static ore_status draw_weights(gpt_bench *b, bool tied) {
    ore_tensor_list all = ore_module_parameters(&b->model.module);
    ore_generator *g = b->generator;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *head = tied ? ore_empty_like(b->model.wte.weight) : NULL, *before = NULL;
    for (int64_t i = 0; i < all.count && ore_ok(); i++) {
        ore_tensor *p = all.items[i].tensor;
        bool matrix = ore_ndim(p) == 2, after_matrix = before && ore_ndim(before) == 2;
        if (p == b->model.wte.weight || p == b->model.wpe.weight) {
            ore_init_normal(p, 0, 1, g);
        } else if (matrix) {
            draw_linear(p, g);
        } else if (after_matrix && ends_with(all.items[i].name, ".bias")) {
            double bound = 1 / sqrt((double)ore_size(before, 1));
            ore_init_uniform(p, -bound, bound, g);
        }
        before = p;
    }
    if (head)
        draw_linear(head, g);
    for (int64_t i = 0; i < all.count && ore_ok(); i++)
        if (ore_ndim(all.items[i].tensor) == 2)
            ore_init_normal(all.items[i].tensor, 0, 0.02, g);
    if (head)
        ore_init_normal(head, 0, 0.02, g);
    ore_no_grad_end();
    ore_scope_end();
    ore_tensor_list_free(&all);
    return ore_error_status();
}

static ore_status open_data(gpt_bench *b, const gpt_preset *p, const bench_config *c,
                            const bench_run *run) {
    ore_token_parts_options whole = ore_token_parts_defaults();
    ore_token_loader_options o = ore_token_loader_defaults();
    whole.val_fraction = 0;
    ore_generator_seed(b->generator, SEED);
    if ((*c->text ? open_text(b, p, c->text) : draw_tokens(b, p)) != ORE_OK ||
        draw_weights(b, !p->post_norm) != ORE_OK)
        return ore_error_status();
    b->parts = ore_token_parts_new(b->tokens, NULL, &whole);
    o.batch_size = run->batch;
    o.block_size = run->seq;
    o.generator = b->generator;
    b->loader = ore_random_loader_new(b->parts, &o);
    return ore_error_status();
}

static ore_status open_model(bench_run *run, gpt_bench *b, const gpt_preset *p) {
    gpt_config g = gpt_preset_config(p);
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = p->lr;
    o.beta2 = 0.99;
    o.weight_decay = 0.1;
    if (gpt_init(&b->model, &g, b->generator) != ORE_OK)
        return ore_error_status();
    run->root = &b->model.module;
    run->optimizer = ore_adamw_new(run->root, &o);
    return ore_error_status();
}

static ore_status open_bench(bench_run *run, const bench_config *c) {
    const gpt_preset *p = gpt_preset_find(c->preset);
    gpt_bench *b = p ? calloc(1, sizeof *b) : NULL;
    run->state = b;
    if (!b)
        return p ? ore_fail(ORE_MEMORY, "bench: out of memory") : ore_error_status();
    run->batch = c->batch != CONFIG_AUTO_INT ? c->batch : p->batch_size;
    run->seq = c->seq != CONFIG_AUTO_INT ? c->seq : p->seq;
    if (run->seq > p->block_size)
        return ore_fail(ORE_INVALID, "--seq %lld: expected at most the %lld of %s",
                        (long long)run->seq, (long long)p->block_size, p->name);
    snprintf(run->name, sizeof run->name, "gpt-%s", p->name);
    run->unit = "tokens";
    run->units_per_step = (double)(run->batch * run->seq);
    b->generator = ore_generator_new(SEED);
    if (!b->generator || open_model(run, b, p) != ORE_OK)
        return ore_error_status();
    return open_data(b, p, c, run);
}

static ore_tensor *loss(bench_run *run) {
    gpt_bench *b = run->state;
    ore_batch batch = ore_loader_next(b->loader);
    ore_tensor *logits = gpt_forward(&b->model, batch.x); /* (B, T, V) */
    logits = ore_view(logits, ORE_SHAPE(-1, b->model.config.vocab_size));
    return ore_cross_entropy(logits, ore_view(batch.y, ORE_SHAPE(-1)), NULL);
}

static void close_bench(bench_run *run) {
    gpt_bench *b = run->state;
    if (!b)
        return;
    ore_optimizer_free(run->optimizer);
    gpt_free(&b->model);
    ore_loader_free(b->loader);
    ore_token_parts_free(b->parts);
    ore_tokens_close(b->tokens);
    ore_tokenizer_free(b->tokenizer);
    ore_text_close(b->text);
    ore_generator_free(b->generator);
    free(b->ids);
    free(b);
}

const bench_workload bench_gpt = {
    .name = "gpt",
    .about = "training steps of a GPT; presets char-a, char-b, seed, gpt2",
    .open = open_bench,
    .loss = loss,
    .close = close_bench,
};
