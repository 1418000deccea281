/* ops.c: broadcasting, products, a loss, a choice by index. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *name, const ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s\n%s\n", name, text ? text : "");
    ore_string_free(text);
}

int main(void) {
    const float counts[] = {1, 3, 2, 2, 0, 4};
    const int64_t labels[] = {1, 2};
    ore_tensor *n = ore_from_data(counts, ORE_SHAPE(2, 3), ORE_FLOAT32);
    ore_tensor *target = ore_from_data(labels, ORE_SHAPE(2), ORE_INT64); /* (2) */

    ore_tensor *p = ore_div(n, ore_sum(n, ORE_DIMS(1), true)); /* (2, 3) / (2, 1) */
    print("rows that add up to 1", p);
    print("p p^T", ore_matmul(p, ore_t(p))); /* (2, 2) */

    ore_tensor *chosen = ore_gather(p, 1, ore_unsqueeze(target, 1)); /* (2, 1) */
    ore_tensor *by_hand = ore_neg(ore_mean(ore_log(chosen), ORE_ALL, false));
    ore_tensor *by_op = ore_cross_entropy(ore_log(p), target, NULL);
    printf("loss by hand %.4f, by cross_entropy %.4f\n", ore_item(by_hand), ore_item(by_op));
    return ore_ok() ? 0 : 1;
}
