/* family.c: recurrent language models as three families, which differ in the kind of layers. */
#include <stdio.h>

#include "models/rnn/rnn.h"
#include "models/words.h"

#define INT(...) CONFIG_FIELD_INT(rnn_config, __VA_ARGS__)

static const config_field fields[] = {
    INT(n_layer, "1", "[1, 1024]", "recurrent layers"),
    INT(n_embd, "64", "[1, 65536]", "numbers of a token's vector"),
    INT(n_hidden, "128", "[1, 65536]", "units of a recurrent layer"),
    INT(block_size, "32", "[1, 1048576]",
        "tokens that a sequence has in training; a prediction sees as many at most"),
    INT(vocab_size, "auto", "[1, 16777216]",
        "rows of the token table; auto: as many as the tokenizer has"),
    CONFIG_FIELD_FLOAT(rnn_config, dropout, "0", "[0, 1)", NULL, "dropout of each layer's outputs"),
    CONFIG_FIELDS_END,
};

static ore_status init_rnn(void *net, const void *config, ore_generator *g) {
    return rnn_init(net, &rnn_family, config, g);
}

static ore_status init_lstm(void *net, const void *config, ore_generator *g) {
    return rnn_init(net, &lstm_family, config, g);
}

static ore_status init_gru(void *net, const void *config, ore_generator *g) {
    return rnn_init(net, &gru_family, config, g);
}

static void release(void *net) {
    rnn_free(net);
}

static ore_tensor *last(void *net, ore_tensor *ids) {
    return rnn_forward_last(net, ids);
}

static void *memory_new(const void *net, int64_t B) {
    (void)net, (void)B;
    return rnn_memory_new();
}

static void memory_free(void *memory) {
    rnn_memory_free(memory);
}

static int64_t memory_keep(const void *net, void *memory, int64_t tokens, int64_t length) {
    (void)net, (void)length;
    return rnn_memory_keep(memory, tokens);
}

static ore_tensor *step(void *net, void *memory, ore_tensor *ids) {
    return rnn_step(net, memory, ids);
}

static void describe(const void *config, char *text, size_t bytes) {
    const rnn_config *c = config;
    char layers[COUNT_BYTES], units[COUNT_BYTES], numbers[COUNT_BYTES];
    snprintf(text, bytes, "%s of %s, %s of a token, block %lld",
             counted_text(c->n_layer, "layer", layers), counted_text(c->n_hidden, "unit", units),
             counted_text(c->n_embd, "number", numbers), (long long)c->block_size);
}

static double parameters(const void *config, double gates) {
    const rnn_config *c = config;
    double V = (double)c->vocab_size, E = (double)c->n_embd, H = (double)c->n_hidden;
    return V * E + gates * H * (E + H + ((double)c->n_layer - 1) * 2 * H) + H * V;
}

static double parameters_rnn(const void *config) {
    return parameters(config, 1);
}

static double parameters_lstm(const void *config) {
    return parameters(config, 4);
}

static double parameters_gru(const void *config) {
    return parameters(config, 3);
}

#define FAMILY(kind)                                                                               \
    const model_family kind##_family = {.name = #kind,                                             \
                                        .fields = fields,                                          \
                                        .config_bytes = sizeof(rnn_config),                        \
                                        .net_bytes = sizeof(rnn),                                  \
                                        .init = init_##kind,                                       \
                                        .free = release,                                           \
                                        .last = last,                                              \
                                        .memory_new = memory_new,                                  \
                                        .memory_free = memory_free,                                \
                                        .memory_keep = memory_keep,                                \
                                        .step = step,                                              \
                                        .describe = describe,                                      \
                                        .parameters = parameters_##kind}
FAMILY(rnn);
FAMILY(lstm);
FAMILY(gru);

static const config_setting defaults[] = {{"lr", "0.003"}, {NULL, NULL}};

const named_model model_rnn = {.name = "rnn",
                               .about = "recurrent layers of tanh units",
                               .family = &rnn_family,
                               .defaults = defaults};
const named_model model_lstm = {.name = "lstm",
                                .about = "LSTM layers",
                                .family = &lstm_family,
                                .defaults = defaults};
const named_model model_gru = {.name = "gru",
                               .about = "GRU layers",
                               .family = &gru_family,
                               .defaults = defaults};
