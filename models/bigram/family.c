/* family.c: the bigram's config, and the bigram as a family. */
#include <stdio.h>

#include "models/bigram/bigram.h"

static const config_field fields[] = {
    CONFIG_FIELD_INT(bigram_config, vocab_size, "auto", "[1, 16777216]",
                     "rows and columns of the table; auto: as many as the tokenizer has"),
    CONFIG_FIELDS_END,
};

static ore_status init(void *net, const void *config, ore_generator *g) {
    (void)g; /* nothing is drawn */
    return bigram_init(net, config);
}

static void release(void *net) {
    bigram_free(net);
}

static void describe(const void *config, char *text, size_t bytes) {
    long long V = ((const bigram_config *)config)->vocab_size;
    snprintf(text, bytes, "a table of %lld x %lld", V, V);
}

static double parameters(const void *config) {
    double V = (double)((const bigram_config *)config)->vocab_size;
    return V * V;
}

const model_family bigram_family = {.name = "bigram",
                                    .fields = fields,
                                    .config_bytes = sizeof(bigram_config),
                                    .net_bytes = sizeof(bigram),
                                    .context = 1,
                                    .contexts = true,
                                    .matrices_only = true,
                                    .init = init,
                                    .free = release,
                                    .describe = describe,
                                    .parameters = parameters};

static const config_setting defaults[] = {
    {"batch_size", "1024"}, {"lr", "0.05"},         {"weight_decay", "0"}, {"steps", "2000"},
    {"warmup_steps", "0"},  {"eval_batches", "20"}, {NULL, NULL}};

const named_model model_bigram = {.name = "bigram",
                                  .about = "a table of scores: the next token by the last one",
                                  .family = &bigram_family,
                                  .defaults = defaults};
