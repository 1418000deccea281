/* rnn.c: sequences of unequal lengths through recurrent layers. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *what, ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s\n%s\n", what, text);
    ore_string_free(text);
}

static void shape(const char *what, const ore_tensor *t) {
    char text[ORE_SHAPE_TEXT];
    printf("%s %s\n", what, ore_shape_text(ore_shape_of(t), text));
}

static void packing(void) {
    ore_tensor *x[] = {ore_arange(1, 3, 1, ORE_FLOAT32), ore_arange(10, 14, 1, ORE_FLOAT32),
                       ore_arange(100, 101, 1, ORE_FLOAT32)};
    ore_pad_options rows = ore_pad_defaults();
    rows.batch_first = true;
    ore_tensor *padded = ore_pad_sequence(x, 3, &rows); /* (B, T) */
    print("padded", padded);

    const int64_t lengths[] = {2, 4, 1};
    ore_pack_options how = ore_pack_defaults();
    how.batch_first = true;
    how.enforce_sorted = false;
    ore_packed_sequence packed;
    ore_pack_padded_sequence(padded, ore_from_data(lengths, ORE_SHAPE(3), ORE_INT64), &how,
                             &packed);
    print("data", packed.data);
    print("batch_sizes", packed.batch_sizes);

    ore_pad_packed_options back = ore_pad_packed_defaults();
    back.padding_value = -1;
    print("padded again, (T, B)", ore_pad_packed_sequence(&packed, &back, NULL));
    if (ore_pack_sequence(x, 3, false, &packed) == ORE_OK)
        print("packed at once", packed.data);
}

static void layers(void) {
    ore_module root;
    ore_lstm lstm;
    ore_gru gru;
    ore_rnn rnn;
    ore_rnn_options o = ore_rnn_defaults();
    o.num_layers = 2;
    o.bidirectional = true;
    ore_module_init(&root, NULL, NULL);
    ore_lstm_init(&lstm, &root, "lstm", 8, 16, &o);
    ore_gru_init(&gru, &root, "gru", 8, 16, NULL);
    ore_rnn_init(&rnn, &root, "rnn", 8, 16, NULL);

    ore_recurrent_state state;
    ore_tensor *x = ore_randn(ORE_SHAPE(5, 3, 8), ORE_FLOAT32, NULL); /* (T, B, in) */
    shape("lstm", ore_recurrent_forward(&lstm, x, NULL, &state));
    shape("its last h", state.h);
    shape("gru", ore_recurrent_forward(&gru, x, NULL, NULL));

    const int64_t lengths[] = {5, 2, 1};
    ore_packed_sequence packed, y;
    ore_pack_padded_sequence(x, ore_from_data(lengths, ORE_SHAPE(3), ORE_INT64), NULL, &packed);
    ore_recurrent_forward_packed(&rnn, &packed, NULL, &y, NULL);
    shape("8 rows instead of 15:", y.data);
    ore_module_free(&root);
}

static void cells(void) {
    ore_module root;
    ore_lstm_cell lstm;
    ore_gru_cell gru;
    ore_rnn_cell rnn;
    ore_rnn_cell_options o = ore_rnn_cell_defaults();
    o.nonlinearity = ORE_RNN_RELU;
    ore_module_init(&root, NULL, NULL);
    ore_lstm_cell_init(&lstm, &root, "lstm", 8, 16, NULL);
    ore_gru_cell_init(&gru, &root, "gru", 8, 16, NULL);
    ore_rnn_cell_init(&rnn, &root, "rnn", 8, 16, &o);

    ore_recurrent_state state = {NULL, NULL}; /* zeros */
    for (int t = 0; t < 5; t++) {
        ore_tensor *x = ore_randn(ORE_SHAPE(3, 8), ORE_FLOAT32, NULL);
        ore_recurrent_cell_forward(&lstm, x, &state, &state);
    }
    shape("c after five steps", state.c);
    ore_module_free(&root);
}

static void one_layer(void) {
    ore_tensor *x = ore_ones(ORE_SHAPE(3, 1, 1), ORE_FLOAT32),
               *one = ore_ones(ORE_SHAPE(1, 1), ORE_FLOAT32);
    ore_recurrent_weights weights = {.ih = one, .hh = one};
    ore_f_recurrent_options o = ore_f_recurrent_defaults();
    o.kind = ORE_RNN_RELU;
    print("h' = h + x", ore_f_recurrent(x, NULL, &weights, &o, NULL));
}

int main(void) {
    ore_manual_seed(1);
    ore_scope_begin();
    packing();
    layers();
    cells();
    one_layer();
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
