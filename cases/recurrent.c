/* recurrent.c: cases of recurrent layers and packed sequences. */
#include <ore/sequence.h>

#include "cases/cases.h"

static ore_recurrent_state start(ore_tensor *h, ore_tensor *c) {
    return (ore_recurrent_state){h, c};
}

static ore_recurrent_weights weights(ore_tensor *ih, ore_tensor *hh, ore_tensor *bias_ih,
                                     ore_tensor *bias_hh, ore_tensor *hr) {
    return (ore_recurrent_weights){ih, hh, bias_ih, bias_hh, hr};
}

/* y and the last states in one dim, so that all of them have a gradient. */
static ore_tensor *all_of(ore_tensor *y, const ore_recurrent_state *end) {
    ore_tensor *parts[3] = {ore_flatten(y, 0, -1), ore_flatten(end->h, 0, -1), NULL};
    if (end->c)
        parts[2] = ore_flatten(end->c, 0, -1);
    return ore_cat(parts, end->c ? 3 : 2, 0);
}

static ore_tensor *layer(ore_tensor *x, ore_recurrent_kind kind, ore_recurrent_state first,
                         ore_recurrent_weights w) {
    ore_f_recurrent_options o = ore_f_recurrent_defaults();
    ore_recurrent_state end;
    o.kind = kind;
    ore_tensor *y = ore_f_recurrent(x, &first, &w, &o, &end);
    return y ? all_of(y, &end) : NULL;
}

/* Both directions have the same weights. */
static ore_tensor *both_ways(ore_tensor *x, ore_recurrent_kind kind, ore_recurrent_weights w) {
    ore_recurrent_weights both[] = {w, w};
    ore_f_recurrent_options o = {.kind = kind, .directions = 2, .batch_first = true};
    return ore_f_recurrent(x, NULL, both, &o, NULL);
}

static ore_tensor *numbers(const int64_t *values, int64_t n) {
    return ore_from_data(values, ORE_SHAPE(n), ORE_INT64);
}

/* Sequences of 3, 1 and 1 steps, as rows of x. */
static ore_tensor *packed_layer(ore_tensor *x, ore_recurrent_kind kind, ore_recurrent_weights w) {
    ore_recurrent_weights both[] = {w, w};
    ore_f_recurrent_options o = {.kind = kind, .directions = 2};
    ore_recurrent_state end;
    o.batch_sizes = numbers((const int64_t[]){3, 1, 1}, 3);
    ore_tensor *y = ore_f_recurrent(x, NULL, both, &o, &end);
    return y ? all_of(y, &end) : NULL;
}

static ore_tensor *packed(ore_tensor *x, bool batch_first) {
    ore_packed_sequence p;
    ore_pack_options o = {.batch_first = batch_first};
    ore_tensor *lengths = numbers((const int64_t[]){2, 1, 3}, 3);
    return ore_pack_padded_sequence(x, lengths, &o, &p) == ORE_OK ? p.data : NULL;
}

static ore_tensor *padded(ore_tensor *data) {
    ore_packed_sequence p = {.data = data,
                             .batch_sizes = numbers((const int64_t[]){3, 2, 1}, 3),
                             .unsorted_indices = numbers((const int64_t[]){1, 2, 0}, 3)};
    ore_pad_packed_options o = {.padding_value = 0.5, .total_length = 4};
    return ore_pad_packed_sequence(&p, &o, NULL);
}

static ore_tensor *pack_sequences(ore_tensor **in, int n) {
    ore_packed_sequence p;
    return ore_pack_sequence(in, n, false, &p) == ORE_OK ? p.data : NULL;
}

#define ROWS "cases/recurrent.def"
#define LIST op_cases_recurrent
#include "cases/list.inc"
