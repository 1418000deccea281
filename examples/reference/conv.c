/* conv.c: a causal convolution, a stride, pooling with the places of the largest. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *what, ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s\n%s\n", what, text);
    ore_string_free(text);
}

int main(void) {
    ore_tensor *x =
        ore_reshape(ore_arange(1, 7, 1, ORE_FLOAT32), ORE_SHAPE(1, 1, 6)); /* (N, C, L) */
    ore_tensor *pair = ore_ones(ORE_SHAPE(1, 1, 2), ORE_FLOAT32);          /* (out, in, K) */
    ore_f_conv1d_options causal = ore_f_conv1d_defaults();
    causal.padding_kind = ORE_PADDING_CAUSAL;
    causal.dilation = 2;
    print("x[t - 2] + x[t]", ore_f_conv1d(x, pair, NULL, &causal));

    ore_tensor *image = ore_reshape(ore_arange(0, 16, 1, ORE_FLOAT32), ORE_SHAPE(1, 1, 4, 4));
    ore_f_conv2d_options step = ore_f_conv2d_defaults();
    step.stride = ore_both(2);
    step.padding = (ore_pair){0, 1}; /* rows none, columns one on each side */
    print("a row of three summed, every other place",
          ore_f_conv2d(image, ore_ones(ORE_SHAPE(1, 1, 1, 3), ORE_FLOAT32), NULL, &step));

    ore_tensor *places;
    print("largest of 2 x 2", ore_f_max_pool2d(image, ore_both(2), NULL, &places));
    print("and their places", places);
    print("means of 1 x 2 windows", ore_f_adaptive_avg_pool2d(image, (ore_pair){4, 2}));
    return ore_ok() ? 0 : 1;
}
