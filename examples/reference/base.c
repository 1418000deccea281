/* base.c: the first error sticks, and one check at the end finds it. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    ore_tensor *a = ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32);
    ore_tensor *b = ore_ones(ORE_SHAPE(4), ORE_FLOAT32);
    ore_tensor *y = ore_tanh(ore_add(a, b)); /* add fails; tanh returns NULL and says nothing */
    printf("%s, status %s\n", y ? "a tensor" : "NULL",
           ore_error_status() == ORE_INVALID ? "ORE_INVALID" : "another");
    printf("%s\n", ore_error_message());

    ore_error_clear();
    printf("%s\n", ore_ok() ? "no error is pending" : "an error is pending");
    return ore_ok() ? 0 : 1;
}
