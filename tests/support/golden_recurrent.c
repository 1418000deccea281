/* golden_recurrent.c: recurrent layers of golden/ops.json. */
#include <string.h>

#include <ore/sequence.h>

#include "support/golden_table.h"

/* Inputs x, h0 (an LSTM's holds h0, then c0), weight_ih, weight_hh, bias_ih, bias_hh. */
static int layer(ore_recurrent_kind kind, const json_t *args, ore_tensor **in, ore_tensor **out) {
    ore_f_recurrent_options o = ore_f_recurrent_defaults();
    o.kind = kind;
    o.batch_first = integer(args, "batch_first", 0) != 0;
    ore_recurrent_state start = {in[1], NULL}, end;
    if (kind == ORE_LSTM)
        start = (ore_recurrent_state){ore_narrow(in[1], 0, 0, 1), ore_narrow(in[1], 0, 1, 1)};
    ore_recurrent_weights weights = {in[2], in[3], in[4], in[5], NULL};
    out[0] = ore_f_recurrent(in[0], &start, &weights, &o, &end);
    out[1] = end.h;
    out[2] = end.c;
    return !out[0] ? 0 : kind == ORE_LSTM ? 3 : 2;
}

static int rnn(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    return layer(ORE_RNN_TANH, args, in, out);
}

static int gru(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    return layer(ORE_GRU, args, in, out);
}

static int lstm(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    return layer(ORE_LSTM, args, in, out);
}

static const golden_op ops[] = {
    {.name = "rnn", .many = rnn},
    {.name = "gru", .many = gru},
    {.name = "lstm", .many = lstm},
};

const golden_op *golden_find_recurrent(const char *name) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}
