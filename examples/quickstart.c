/* quickstart.c: tensors, a loss and its gradient. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    ore_tensor *x = ore_reshape(ore_arange(0, 6, 1, ORE_FLOAT32), ORE_SHAPE(2, 3)); /* (2, 3) */
    ore_tensor *w = ore_full(ORE_SHAPE(3, 1), 0.1, ORE_FLOAT32);                    /* (3, 1) */
    ore_set_requires_grad(w, true);

    ore_tensor *y = ore_tanh(ore_matmul(x, w)); /* (2, 1) */
    ore_tensor *loss = ore_mean(ore_square(y), ORE_ALL, false);
    ore_backward(loss);

    char *gradient = ore_tensor_text(ore_grad(w));
    printf("loss %.4f\ngradient of w\n%s\n", ore_item(loss), gradient ? gradient : "");
    ore_string_free(gradient);
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
