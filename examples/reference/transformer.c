/* transformer.c: a transformer of two and two layers, masks, and the weights of one attention. */
#include <stdio.h>

#include <ore/ore.h>

static void print_shape(const char *what, const ore_tensor *t) {
    char text[ORE_SHAPE_TEXT];
    printf("%-8s %s\n", what, ore_shape_text(ore_shape_of(t), text));
}

int main(void) {
    ore_transformer t;
    ore_manual_seed(1);
    ore_transformer_options o = ore_transformer_defaults();
    o.batch_first = true;
    o.dim_feedforward = 64;
    o.norm_first = true;
    ore_transformer_encoder_layer encoder[2];
    ore_transformer_decoder_layer decoder[2];
    ore_transformer_init(&t, NULL, NULL, encoder, 2, decoder, 2, 16, 4, &o);
    ore_module_eval(&t.module); /* dropout rests */

    ore_tensor *src = ore_randn(ORE_SHAPE(2, 5, 16), ORE_FLOAT32, NULL);
    ore_tensor *tgt = ore_randn(ORE_SHAPE(2, 3, 16), ORE_FLOAT32, NULL);
    ore_tensor *lengths = ore_from_data((int64_t[]){5, 2}, ORE_SHAPE(2), ORE_INT64);
    ore_transformer_masks masks = {.src = {.key_lengths = lengths},
                                   .tgt = {.causal = true},
                                   .memory = {.key_lengths = lengths}};
    print_shape("y", ore_transformer_forward(&t, src, tgt, &masks));

    const ore_multihead_attention *cross = &decoder[0].multihead_attn;
    ore_tensor *memory = ore_transformer_encoder_forward(&t.encoder, src, &masks.src), *weights;
    ore_multihead_attention_weights(cross, tgt, memory, memory, &masks.memory, true, &weights);
    print_shape("weights", weights);
    char *text = ore_tensor_text(ore_select(weights, 0, 1));
    printf("%s\n", text ? text : ore_error_message());
    ore_string_free(text);

    ore_module_free(&t.module);
    return ore_ok() ? 0 : 1;
}
