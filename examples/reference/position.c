/* position.c: a table of sinusoids, slopes over distances, and queries and keys turned by place. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *what, const ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s\n%s\n", what, text ? text : ore_error_message());
    ore_string_free(text);
}

int main(void) {
    print("sinusoids", ore_sinusoidal_positions(3, 4, ORE_FLOAT32));
    print("slopes", ore_alibi_slopes(6, ORE_FLOAT32));

    ore_rotary_options o = ore_rotary_defaults();
    o.scaling = ORE_ROTARY_YARN; /* four times the length that it was trained on */
    o.factor = 4;
    o.original_max_positions = 64;
    double factor;
    print("frequencies", ore_rotary_frequencies(8, &o, &factor));
    printf("cos and sin times %.4f\n", factor);

    ore_tensor *places = ore_arange(0, 5, 1, ORE_INT64), *cos, *sin;
    ore_rotary_tables(places, 8, &o, ORE_FLOAT32, &cos, &sin);
    ore_tensor *q = ore_randn(ORE_SHAPE(1, 2, 5, 8), ORE_FLOAT32, NULL); /* (B, H, T, D) */
    ore_tensor *k = ore_randn(ORE_SHAPE(1, 2, 5, 8), ORE_FLOAT32, NULL);
    q = ore_rotary(q, cos, sin, ORE_ROTARY_HALVES);
    k = ore_rotary(k, cos, sin, ORE_ROTARY_HALVES);
    ore_attention(q, k, k, NULL);
    return ore_ok() ? 0 : 1;
}
