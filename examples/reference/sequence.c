/* sequence.c: sequences of unequal lengths, padded and packed, and a layer by hand. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *what, ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s\n%s\n", what, text);
    ore_string_free(text);
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
    one_layer();
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
