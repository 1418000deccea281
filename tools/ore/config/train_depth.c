/* train_depth.c: the keys that follow from --depth N.
 *
 * Width: 64 channels a layer in heads of 64, as nanochat's (github.com/karpathy/nanochat,
 * scripts/base_train.py), so that N = 12 is GPT-2's smallest. Rate: 6e-4 for 768 channels (Brown et
 * al. 2020, arXiv:2005.14165, table 2.1), falling with the square root of the width (nanochat).
 * Tokens: 20 for each weight of the blocks' matrices, 12 N C^2 of them (Hoffmann et al. 2022,
 * arXiv:2203.15556, who count about 20 a weight). */
#include <math.h>
#include <stdio.h>

#include "config/train_depth.h"

enum { HEAD = 64, REFERENCE_WIDTH = 768, TOKENS_A_WEIGHT = 20, BLOCK_MATRICES = 12 };
static const double reference_rate = 6e-4;

static ore_status set(train_options *t, const char *key, const char *text) {
    const option *row = options_find(&t->options, key);
    return row ? options_set(&t->options, row, text, ORIGIN_PRESET, "--depth")
               : ore_fail(ORE_INVALID, "--depth: the model %s has no %s",
                          train_model_of(&t->config)->name, key);
}

static ore_status set_int(train_options *t, const char *key, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return ore_ok() ? set(t, key, text) : ore_error_status();
}

/* As many steps as bring the tokens, at the batches that the options have. */
static int64_t steps_for(const train_config *c, double tokens) {
    int64_t row = train_block_size(c) > 0 ? train_block_size(c) : 1; /* 0: not of language models */
    double a_step = (double)(c->batch_size * c->accumulate) * (double)row;
    double steps = ceil(tokens / a_step), most = 1e9; /* the most that --steps takes */
    return steps < 1 ? 1 : steps > most ? (int64_t)most : (int64_t)steps;
}

ore_status train_depth_apply(train_options *t) {
    const train_config *c = &t->config;
    int64_t N = c->depth, width = HEAD * N;
    char rate[ORE_NUMBER_TEXT_BYTES];
    if (N == 0)
        return ore_error_status();
    set_int(t, "n_layer", N);
    set_int(t, "n_head", N);
    set_int(t, "n_embd", width);
    if (!ore_ok())
        return ore_error_status();
    double lr = reference_rate * sqrt((double)REFERENCE_WIDTH / (double)width);
    double weights = BLOCK_MATRICES * (double)N * (double)width * (double)width;
    set(t, "lr", ore_number_text(round(lr * 1e6) / 1e6, rate)); /* to a millionth */
    return set_int(t, "steps", steps_for(c, TOKENS_A_WEIGHT * weights));
}
