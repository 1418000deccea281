/* attend.c: Bahdanau's attention over sequences of unequal lengths, and a hard choice. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *what, const ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s %s\n", what, text ? text : ore_error_message());
    ore_string_free(text);
}

int main(void) {
    ore_manual_seed(1);
    ore_additive_attention attention;
    ore_additive_attention_init(&attention, NULL, NULL, 8, 6, NULL);

    ore_tensor *states = ore_randn(ORE_SHAPE(2, 4, 6), ORE_FLOAT32, NULL); /* of an encoder */
    ore_tensor *lengths = ore_from_data((int64_t[]){4, 2}, ORE_SHAPE(2), ORE_INT64);
    ore_attend_memory memory;
    ore_attend_prepare(&attention, states, lengths, &memory);

    ore_tensor *h = ore_randn(ORE_SHAPE(2, 8), ORE_FLOAT32, NULL), *weights; /* of a decoder */
    ore_attend_forward(&attention, h, &memory, 0, &weights);
    print("weights", weights);

    ore_hard_choice choice;
    ore_tensor *each = ore_unsqueeze(ore_attend_weights(&attention, h, &memory, 0), 1);
    ore_tensor *soft = ore_soft_attention(each, states);
    ore_tensor *hard = ore_hard_attention(each, states, true, NULL, &choice);
    ore_tensor *losses = ore_sum(ore_square(ore_sub(hard, soft)), ORE_DIMS(1, 2), false);
    losses = ore_reinforce(losses, choice.log_prob, NULL);
    print("chosen ", choice.indices);
    print("losses ", losses);

    ore_module_free(&attention.module);
    return ore_ok() ? 0 : 1;
}
