/* family.c: the encoder's config, and the encoder as a family. */
#include <stdio.h>

#include "models/encoder/encoder.h"
#include "models/tasks/labels.h"
#include "models/words.h"

static const config_choice poolings[] = {
    {"mean", ENCODER_MEAN}, {"first", ENCODER_FIRST}, {NULL, 0}};
static const config_choice norms[] = {
    {"pre", ENCODER_PRE_NORM}, {"post", ENCODER_POST_NORM}, {NULL, 0}};
static const config_choice activations[] = {
    {"gelu", ACTIVATION_GELU}, {"relu", ACTIVATION_RELU}, {NULL, 0}};

#define INT(...)    CONFIG_FIELD_INT(encoder_config, __VA_ARGS__)
#define CHOICE(...) CONFIG_FIELD_CHOICE(encoder_config, __VA_ARGS__)

static const config_field fields[] = {
    INT(n_layer, "2", "[1, 1024]", "encoder layers"),
    INT(n_head, "4", "[1, 1024]", "attention heads of each layer; divides n_embd"),
    INT(n_embd, "64", "[1, 65536]", "channels"),
    INT(n_hidden, "256", "[1, 1048576]", "units of the feed-forward layers"),
    INT(block_size, "256", "[1, 1048576]", "maximum number of tokens of a text"),
    INT(vocab_size, "auto", "[1, 16777216]",
        "rows of the token table; auto: as many as the tokenizer has"),
    INT(n_classes, "auto", "[1, 1048576]", "classes; auto: as many as the data has labels"),
    CONFIG_FIELD_FLOAT(encoder_config, dropout, "0.1", "[0, 1)", NULL,
                       "dropout of the embedding, of attention weights and in every layer"),
    CHOICE(pooling, "mean", poolings,
           "what the classes are read from: the mean over a text's tokens, or a vector in front"),
    CHOICE(norm, "pre", norms, "LayerNorm before or after each sublayer"),
    CHOICE(activation, "gelu", activations, "non-linearity of the feed-forward layers"),
    CONFIG_FIELDS_END,
};

encoder_config encoder_defaults(void) {
    encoder_config c;
    config_defaults(fields, &c);
    return c;
}

static ore_status check(const void *config) {
    const encoder_config *c = config;
    return family_check_heads(c->n_head, c->n_embd);
}

static ore_status init(void *net, const void *config, ore_generator *g) {
    return encoder_init(net, config, g);
}

static void release(void *net) {
    encoder_free(net);
}

static ore_tensor *forward(void *net, const ore_batch *batch) {
    return encoder_forward(net, batch->x, batch->x_lengths);
}

static void describe(const void *config, char *text, size_t bytes) {
    const encoder_config *c = config;
    char layers[COUNT_BYTES], heads[COUNT_BYTES], channels[COUNT_BYTES], tokens[COUNT_BYTES];
    snprintf(text, bytes, "%s, %s, %s, up to %s", counted_text(c->n_layer, "layer", layers),
             counted_text(c->n_head, "head", heads), counted_text(c->n_embd, "channel", channels),
             counted_text(c->block_size, "token", tokens));
}

static double parameters(const void *config) {
    const encoder_config *c = config;
    double C = (double)c->n_embd, H = (double)c->n_hidden;
    double tables = (double)(c->vocab_size + c->block_size + c->n_classes);
    return tables * C + (double)c->n_layer * (4 * C * C + 2 * C * H);
}

const model_family encoder_family = {.name = "encoder",
                                     .task = &task_labels,
                                     .fields = fields,
                                     .config_bytes = sizeof(encoder_config),
                                     .net_bytes = sizeof(encoder),
                                     .check = check,
                                     .init = init,
                                     .free = release,
                                     .forward = forward,
                                     .describe = describe,
                                     .parameters = parameters};

static const config_setting defaults[] = {{"batch_size", "32"},     {"lr", "0.001"},
                                          {"steps", "1000"},        {"eval_interval", "100"},
                                          {"weight_decay", "0.01"}, {NULL, NULL}};

const named_model model_encoder = {
    .name = "encoder",
    .about = "a transformer that reads whole texts and puts them into classes",
    .family = &encoder_family,
    .defaults = defaults};
