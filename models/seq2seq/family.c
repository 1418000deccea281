/* family.c: the encoder-decoder's config, and the encoder-decoder as a family. */
#include <stdio.h>
#include <stdlib.h>

#include "models/seq2seq/seq2seq.h"
#include "models/tasks/pairs.h"
#include "models/words.h"

static const config_choice kinds[] = {{"transformer", SEQ2SEQ_TRANSFORMER},
                                      {"bahdanau", SEQ2SEQ_BAHDANAU},
                                      {"luong", SEQ2SEQ_LUONG},
                                      {NULL, 0}};

#define INT(...) CONFIG_FIELD_INT(seq2seq_config, __VA_ARGS__)

static const config_field fields[] = {
    CONFIG_FIELD_CHOICE(seq2seq_config, kind, "transformer", kinds,
                        "a transformer, or GRUs with the attention of Bahdanau or of Luong"),
    INT(n_layer, "2", "[1, 1024]",
        "layers of the encoder; the decoder of a transformer has as many, others one"),
    INT(n_head, "4", "[1, 1024]", "attention heads of a transformer's layers; divides n_embd"),
    INT(n_embd, "64", "[2, 65536]", "channels"),
    INT(n_hidden, "256", "[1, 1048576]", "units of a transformer's feed-forward layers"),
    INT(block_size, "64", "[2, 1048576]", "maximum number of tokens of a text, the end counting"),
    INT(vocab_size, "auto", "[1, 16777215]",
        "rows of the token tables; auto: as many as the tokenizer has"),
    CONFIG_FIELD_FLOAT(seq2seq_config, dropout, "0", "[0, 1)", NULL,
                       "dropout of embeddings, of attention weights and in every layer"),
    CONFIG_FIELDS_END,
};

seq2seq_config seq2seq_defaults(void) {
    seq2seq_config c;
    config_defaults(fields, &c);
    return c;
}

static ore_status check(const void *config) {
    const seq2seq_config *c = config;
    if (c->kind == SEQ2SEQ_TRANSFORMER)
        return family_check_heads(c->n_head, c->n_embd);
    if (c->n_embd % 2 != 0)
        return ore_fail(ORE_INVALID,
                        "n_embd %lld, expected an even number: each direction of the encoder has "
                        "half of the channels",
                        (long long)c->n_embd);
    return ORE_OK;
}

static ore_status init(void *net, const void *config, ore_generator *g) {
    return seq2seq_init(net, config, g);
}

static void release(void *net) {
    seq2seq_free(net);
}

static ore_tensor *forward(void *net, const ore_batch *batch) {
    return seq2seq_forward(net, batch->x, batch->x_lengths, batch->y);
}

static ore_status read_text(void *net, ore_tensor *x, ore_tensor *lengths, ore_stepper *writer,
                            int64_t *start) {
    *writer = (ore_stepper){calloc(1, sizeof(seq2seq_state)), seq2seq_step, seq2seq_reorder};
    *start = seq2seq_start(net);
    return writer->user ? seq2seq_state_init(writer->user, net, x, lengths)
                        : ore_fail(ORE_MEMORY, "seq2seq: out of memory");
}

static void read_end(ore_stepper *writer) {
    if (writer->user)
        seq2seq_state_free(writer->user);
    free(writer->user);
    writer->user = NULL;
}

static void describe(const void *config, char *text, size_t bytes) {
    const seq2seq_config *c = config;
    char layers[COUNT_BYTES], heads[COUNT_BYTES], channels[COUNT_BYTES], tokens[COUNT_BYTES];
    counted_text(c->n_layer, "layer", layers);
    counted_text(c->n_embd, "channel", channels);
    counted_text(c->block_size, "token", tokens);
    if (c->kind == SEQ2SEQ_TRANSFORMER)
        snprintf(text, bytes, "%s each side, %s, %s, up to %s", layers,
                 counted_text(c->n_head, "head", heads), channels, tokens);
    else
        snprintf(text, bytes, "GRUs, %s of the encoder, attention of %s, %s, up to %s", layers,
                 c->kind == SEQ2SEQ_LUONG ? "Luong" : "Bahdanau", channels, tokens);
}

static double parameters(const void *config) {
    const seq2seq_config *c = config;
    double C = (double)c->n_embd, H = (double)c->n_hidden, L = (double)c->n_layer;
    double tables = 3 * (double)c->vocab_size * C;
    if (c->kind == SEQ2SEQ_TRANSFORMER)
        return tables + L * (12 * C * C + 4 * C * H);
    return tables + L * 4.5 * C * C + 10 * C * C;
}

const model_family seq2seq_family = {.name = "seq2seq",
                                     .task = &task_pairs,
                                     .fields = fields,
                                     .config_bytes = sizeof(seq2seq_config),
                                     .net_bytes = sizeof(seq2seq),
                                     .check = check,
                                     .init = init,
                                     .free = release,
                                     .forward = forward,
                                     .describe = describe,
                                     .parameters = parameters,
                                     .read = read_text,
                                     .read_end = read_end};

static const config_setting defaults[] = {{"batch_size", "64"},     {"lr", "0.002"},
                                          {"steps", "2000"},        {"eval_interval", "200"},
                                          {"weight_decay", "0.01"}, {NULL, NULL}};

const named_model model_seq2seq = {.name = "seq2seq",
                                   .about =
                                       "an encoder-decoder that reads one text and writes another",
                                   .family = &seq2seq_family,
                                   .defaults = defaults};
