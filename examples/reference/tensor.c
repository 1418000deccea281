/* tensor.c: views, scopes and gradients. */
#include <stdio.h>

#include <ore/ore.h>

static void print(const char *name, const ore_tensor *t) {
    char *text = ore_tensor_text(t);
    printf("%s\n%s\n", name, text ? text : "");
    ore_string_free(text);
}

static void views(void) {
    ore_tensor *x = ore_reshape(ore_arange(0, 6, 1, ORE_INT64), ORE_SHAPE(2, 3));
    ore_tensor *column = ore_select(x, 1, -1); /* (2): x[:, -1] */
    printf("stride %lld, offset %lld, storage %s\n", (long long)ore_stride(column, 0),
           (long long)ore_storage_offset(column),
           ore_shares_storage(x, column) ? "shared" : "copied");
    ore_fill_(column, 9); /* changes x */
    print("x", x);
}

/* |x|: its temporaries end with the scope, its result moves to the caller's. */
static ore_tensor *length(ore_tensor *x) {
    ore_scope_begin();
    ore_tensor *y = ore_keep(ore_sqrt(ore_sum(ore_square(x), ORE_ALL, false)));
    ore_scope_end();
    return y;
}

static void gradients(void) {
    const float values[] = {3, 4};
    ore_tensor *x = ore_from_data(values, ORE_SHAPE(2), ORE_FLOAT32);
    ore_set_requires_grad(x, true);
    ore_tensor *y = length(x);
    ore_backward(y); /* the inner scope has ended: the graph holds what backward needs */
    print("dy/dx", ore_grad(x));
    ore_backward(length(x)); /* gradients add up until they are cleared */
    print("twice", ore_grad(x));
}

int main(void) {
    ore_scope_begin();
    views();
    gradients();
    ore_scope_end();
    return ore_ok() ? 0 : 1;
}
