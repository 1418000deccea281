/* more.c: cases of what has no gradient, and of in-place forms. */
#include <ore/ops.h>
#include <ore/position.h>
#include <ore/random.h>

#include "cases/cases.h"

static ore_tensor *split_sizes(ore_tensor *x) {
    ore_tensor *parts[3] = {NULL};
    if (ore_split_sizes(x, (int64_t[]){2, 0, 3}, 3, 1, parts) != ORE_OK)
        return NULL;
    return ore_mul_scalar(ore_cat(parts, 3, -1), 2);
}

static ore_tensor *dropped(ore_tensor *x) {
    ore_generator *g = ore_generator_new(7);
    ore_tensor *y = ore_f_dropout_(x, 0.4, true, g);
    ore_generator_free(g);
    return y;
}

static ore_tensor *tenth_dropped(ore_tensor *x) {
    ore_generator *g = ore_generator_new(7);
    ore_tensor *y = ore_f_dropout(x, 0.1, true, g);
    ore_generator_free(g);
    return y;
}

static ore_tensor *normal(ore_shape shape) {
    ore_generator *g = ore_generator_new(7);
    ore_tensor *y = ore_randn(shape, ORE_FLOAT32, g);
    ore_generator_free(g);
    return y;
}

static ore_tensor *causal_attention(ore_tensor **in) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    return ore_attention(in[0], in[1], in[2], &o);
}

/* x (.., T, D) turned as places 1 .. T - 1 and 0 are, of which T is 3 */
static ore_tensor *turned(ore_tensor *x, int64_t R, ore_rotary_layout layout) {
    ore_tensor *places = ore_from_data((int64_t[]){1, 2, 0}, ORE_SHAPE(3), ORE_INT64), *cos, *sin;
    ore_rotary_tables(places, R, NULL, ore_tensor_dtype(x), &cos, &sin);
    return ore_rotary(x, cos, sin, layout);
}

#define ROWS "cases/more.def"
#define LIST op_cases_more
#include "cases/list.inc"
