/* outside.c: a program that knows Ore only as an installed library. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    ore_tensor *x = ore_set_requires_grad(ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32), true);
    ore_tensor *loss = ore_sum(ore_mul(x, x), ORE_ALL, false);
    ore_backward(loss);
    printf("%g %g\n", ore_item(loss), ore_item(ore_sum(ore_grad(x), ORE_ALL, false)));
    return ore_ok() ? 0 : 1;
}
