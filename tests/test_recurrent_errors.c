/* test_recurrent_errors.c: what packing, padding, recurrent layers and cells say about arguments
 * that cannot be, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ore/rnn.h>

#include "support/refusals.h"

static ore_status pack(ore_shape shape, const int64_t *lengths, int64_t n, bool enforce) {
    ore_packed_sequence p;
    ore_pack_options o = {.batch_first = true, .enforce_sorted = enforce};
    ore_tensor *all = n ? whole(ORE_SHAPE(n), lengths) : ore_empty(ORE_SHAPE(0), ORE_INT64);
    return ore_pack_padded_sequence(ones(shape), all, &o, &p);
}

static void messages_of_packing_name_index_and_values(void **state) {
    (void)state;
    pack(ORE_SHAPE(2, 3, 1), (const int64_t[]){3, 0}, 2, true);
    assert_error_is(ORE_INVALID,
                    "pack_padded_sequence: lengths[1] is 0, expected 1 .. 3, the steps of x");
    pack(ORE_SHAPE(2, 3, 1), (const int64_t[]){4, 2}, 2, false);
    assert_error_is(ORE_INVALID,
                    "pack_padded_sequence: lengths[0] is 4, expected 1 .. 3, the steps of x");
    pack(ORE_SHAPE(3, 3, 1), (const int64_t[]){3, 1, 2}, 3, true);
    assert_error_is(ORE_INVALID,
                    "pack_padded_sequence: lengths[2] is 2, more than the 1 before it; sort them, "
                    "or set enforce_sorted to false");
    pack(ORE_SHAPE(3, 3, 1), (const int64_t[]){3, 1}, 2, true);
    assert_error_is(ORE_INVALID, "pack_padded_sequence: 2 lengths for a batch of 3");
    pack(ORE_SHAPE(3), (const int64_t[]){3, 1}, 2, true);
    assert_error_is(ORE_INVALID, "pack_padded_sequence: x is (3,), expected (B, T, ..)");
    pack(ORE_SHAPE(0, 3, 1), NULL, 0, true);
    assert_error_is(ORE_INVALID, "pack_padded_sequence: x has no sequences, expected at least 1");
    ore_packed_sequence p;
    ore_pack_padded_sequence(ones(ORE_SHAPE(3, 2, 1)), NULL, NULL, &p);
    assert_error_is(ORE_INVALID, "pack_padded_sequence: lengths is NULL");
    assert_null(p.data);
}

static void messages_of_padding(void **state) {
    (void)state;
    ore_tensor *data = ones(ORE_SHAPE(5, 2));
    const int64_t sizes[] = {2, 3}, few[] = {3, 1}, back[] = {0, 0, 1}, fit[] = {3, 2};
    ore_packed_sequence p = {data, ore_from_data(sizes, ORE_SHAPE(2), ORE_INT64), NULL, NULL};
    ore_pad_packed_options o = ore_pad_packed_defaults();
    ore_pad_packed_sequence(&p, NULL, NULL);
    assert_error_is(ORE_INVALID, "pad_packed_sequence: batch_sizes[1] is 3, expected at least 1 "
                                 "and no more than the one before");
    p.batch_sizes = ore_from_data(few, ORE_SHAPE(2), ORE_INT64);
    ore_pad_packed_sequence(&p, NULL, NULL);
    assert_error_is(ORE_INVALID, "pad_packed_sequence: batch_sizes add up to 4, data has 5 rows");
    p.batch_sizes = ore_from_data(fit, ORE_SHAPE(2), ORE_INT64);
    o.total_length = 1;
    ore_pad_packed_sequence(&p, &o, NULL);
    assert_error_is(ORE_INVALID,
                    "pad_packed_sequence: total_length 1, expected at least 2, the longest's");
    p.unsorted_indices = ore_from_data(back, ORE_SHAPE(3), ORE_INT64);
    ore_pad_packed_sequence(&p, NULL, NULL);
    assert_error_is(ORE_INVALID,
                    "pad_packed_sequence: unsorted_indices are no order of 3 sequences");
    ore_pad_packed_sequence(NULL, NULL, NULL);
    assert_error_is(ORE_INVALID, "pad_packed_sequence: no packed sequence");
    ore_tensor *unlike[] = {data, ones(ORE_SHAPE(2, 3))};
    ore_pad_sequence(unlike, 2, NULL);
    assert_error_is(ORE_INVALID, "pad_sequence: sequence 1 is (2, 3) of float32, expected (L, ..) "
                                 "like the first, (5, 2) of float32");
    ore_pad_sequence(unlike, 0, NULL);
    assert_error_is(ORE_INVALID, "pad_sequence: 0 sequences, expected at least 1");
    ore_tensor *empty[] = {data, ore_zeros(ORE_SHAPE(0, 2), ORE_FLOAT32)};
    ore_pack_sequence(empty, 2, true, &p);
    assert_error_is(ORE_INVALID, "pack_sequence: sequence 1 has length 0, expected at least 1");
}

/* Products and sums of such counts do not fit into 64 bits. */
static void counts_beyond_all_memory(void **state) {
    (void)state;
    const int64_t big = (int64_t)1 << 62;
    ore_packed_sequence p = {ones(ORE_SHAPE(3, 2)), whole(ORE_SHAPE(2), (int64_t[]){2, 1}), NULL,
                             NULL};
    ore_pad_packed_options o = ore_pad_packed_defaults();
    o.total_length = (int64_t)1 << 60; /* of 2 sequences: 2^64 bytes of places */
    assert_null(ore_pad_packed_sequence(&p, &o, NULL));
    assert_error(ORE_MEMORY, "out of memory: ");
    /* wraps to the 3 rows that data has */
    p.batch_sizes = whole(ORE_SHAPE(6), (int64_t[]){big, big, big, big, 2, 1});
    assert_null(ore_pad_packed_sequence(&p, NULL, NULL));
    assert_error_is(ORE_INVALID, "pad_packed_sequence: batch_sizes add up to 9223372036854775807, "
                                 "data has 3 rows");
    ore_gru gru;
    ore_gru_init(&gru, NULL, "gru", 2, 4, NULL);
    assert_int_equal(ore_recurrent_forward_packed(&gru, &p, NULL, &p, NULL), ORE_INVALID);
    assert_error_is(ORE_INVALID, "gru: batch_sizes add up to 9223372036854775807, data has 3 rows");
    ore_module_free(&gru.module);
    ore_tensor *narrow[64]; /* one of 2^58 steps without numbers, and 63 of none */
    for (int i = 0; i < 64; i++)
        narrow[i] = ore_empty(ORE_SHAPE(i ? 0 : (int64_t)1 << 58, 0), ORE_FLOAT32);
    assert_null(ore_pad_sequence(narrow, 64, NULL));
    assert_error(ORE_MEMORY, "out of memory: ");
}

static void messages_of_layers_name_the_layer(void **state) {
    (void)state;
    ore_module root;
    ore_gru gru, other;
    ore_lstm lstm, third;
    ore_rnn_options o = ore_rnn_defaults();
    ore_recurrent_state start = {ones(ORE_SHAPE(1, 2, 4)), NULL}, end;
    ore_packed_sequence y;
    ore_module_init(&root, NULL, NULL);
    ore_gru_init(&gru, &root, "gru", 3, 4, NULL);
    assert_null(ore_recurrent_forward(&gru, ones(ORE_SHAPE(2, 2, 5)), NULL, &end));
    assert_error_is(ORE_INVALID, "gru: gru: x (2, 2, 5) does not end in the input size of "
                                 "weight_ih (12, 3)");
    ore_recurrent_forward(&gru, ones(ORE_SHAPE(2, 3, 3)), &start, NULL);
    assert_error_is(ORE_INVALID, "gru: gru: the state h is (1, 2, 4), expected (1, 3, 4)");
    start.c = start.h;
    ore_recurrent_forward(&gru, ones(ORE_SHAPE(2, 2, 3)), &start, NULL);
    assert_error_is(ORE_INVALID, "gru: gru: a state c, which only an LSTM has");
    start.h = ones(ORE_SHAPE(2, 2, 4));
    ore_recurrent_forward(&gru, ones(ORE_SHAPE(2, 2, 3)), &start, NULL);
    assert_error_is(ORE_INVALID, "gru: gru: the state h is (2, 2, 4), expected (1, B, 4)");
    ore_recurrent_forward(&gru, ones(ORE_SHAPE(0, 2, 3)), NULL, NULL);
    assert_error_is(ORE_INVALID, "gru: gru: x is (0, 2, 3), expected (T, B, in), T at least 1");
    ore_recurrent_forward(&gru, ore_to(ones(ORE_SHAPE(1, 2, 3)), ORE_FLOAT64), NULL, NULL);
    assert_error_is(ORE_INVALID, "gru: gru: x of float64, weights and state of float32: expected "
                                 "one dtype");
    ore_recurrent_forward_packed(&gru, NULL, NULL, &y, NULL);
    assert_error_is(ORE_INVALID, "gru: gru: no packed sequence");
    assert_null(ore_recurrent_forward(&gru, NULL, NULL, &end));
    assert_error_is(ORE_INVALID, "gru: gru: x is NULL");
    o.proj_size = 4;
    ore_gru_init(&other, &root, "a", 3, 5, &o);
    assert_error_is(ORE_INVALID, "a: gru: proj_size 4, which only an LSTM can have");
    ore_lstm_init(&lstm, &root, "b", 3, 4, &o);
    assert_error_is(ORE_INVALID, "b: lstm: proj_size 4, expected 0, or less than hidden_size 4");
    o.proj_size = 0;
    o.dropout = 2;
    ore_lstm_init(&third, &root, "c", 3, 4, &o);
    assert_error_is(ORE_INVALID, "c: lstm: dropout 2, expected 0 .. 1");
    ore_module_free(&root);
}

/* They tell of the shapes that came, though a cell is a layer of one step. */
static void messages_of_cells(void **state) {
    (void)state;
    ore_lstm_cell cell;
    ore_recurrent_state start = {ones(ORE_SHAPE(2, 4)), ones(ORE_SHAPE(4))}, end;
    ore_lstm_cell_init(&cell, NULL, "cell", 3, 4, NULL);
    assert_null(ore_recurrent_cell_forward(&cell, ones(ORE_SHAPE(2, 5)), NULL, &end));
    assert_error_is(ORE_INVALID, "lstm: x is (2, 5), expected (B, 3) or (3,)");
    assert_null(ore_recurrent_cell_forward(&cell, ones(ORE_SHAPE(1, 2, 3)), NULL, &end));
    assert_error_is(ORE_INVALID, "lstm: x is (1, 2, 3), expected (B, 3) or (3,)");
    assert_null(ore_recurrent_cell_forward(&cell, ones(ORE_SHAPE(2, 3)), &start, &end));
    assert_error_is(ORE_INVALID, "lstm: the state c is (4,), expected (2, 4)");
    assert_null(ore_recurrent_cell_forward(&cell, ones(ORE_SHAPE(3)), &start, &end));
    assert_error_is(ORE_INVALID, "lstm: the state h is (2, 4), expected (4,)");
    assert_null(ore_recurrent_cell_forward(&cell, NULL, NULL, &end));
    assert_error_is(ORE_INVALID, "lstm: argument 1 is NULL");
    ore_module_free(&cell.module);
}

static void messages_of_the_op(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 2, 3));
    ore_recurrent_weights w = {ones(ORE_SHAPE(5, 3)), ones(ORE_SHAPE(4, 4)), NULL, NULL, NULL};
    ore_f_recurrent_options o = ore_f_recurrent_defaults();
    ore_f_recurrent(x, NULL, NULL, &o, NULL);
    assert_error_is(ORE_INVALID, "rnn: no weight_ih or weight_hh for direction 0");
    ore_f_recurrent(x, NULL, &w, &o, NULL);
    assert_error_is(ORE_INVALID, "rnn: weight_hh is (4, 4), expected (5, 5)");
    o.kind = ORE_LSTM;
    ore_f_recurrent(x, NULL, &w, &o, NULL);
    assert_error_is(ORE_INVALID,
                    "lstm: weight_ih (5, 3), weight_hh (4, 4), expected (4 H, in), (4 H, H)");
    o.directions = 3;
    ore_f_recurrent(x, NULL, &w, &o, NULL);
    assert_error_is(ORE_INVALID, "lstm: directions 3, expected 1 or 2");
    o.kind = (ore_recurrent_kind)9;
    ore_f_recurrent(x, NULL, &w, &o, NULL);
    assert_error_is(ORE_INVALID, "recurrent: kind 9, expected one of ore_recurrent_kind");
    ore_f_recurrent(NULL, NULL, &w, NULL, NULL);
    assert_error(ORE_INVALID, "rnn: ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_of_packing_name_index_and_values, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(messages_of_padding, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(counts_beyond_all_memory, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(messages_of_layers_name_the_layer, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(messages_of_cells, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(messages_of_the_op, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
