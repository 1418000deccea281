/* rnn.c: recurrent layers over whole sequences, packed ones too, and cells. */
#include <stdio.h>

#include <ore/ore.h>

static void shape(const char *what, const ore_tensor *t) {
    char text[ORE_SHAPE_TEXT];
    printf("%s %s\n", what, ore_shape_text(ore_shape_of(t), text));
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

int main(void) {
    ore_manual_seed(1);
    ore_scope_begin();
    layers();
    cells();
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
