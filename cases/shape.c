/* shape.c: cases of scans, order, indexing, rearranging, contractions. */
#include <math.h>

#include <ore/ops.h>

#include "cases/cases.h"

#define INTEGERS(shape, ...) integers(shape, (int64_t[]){__VA_ARGS__})

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

/* x with zeros in its second row */
static ore_tensor *with_zeros(ore_tensor *x) {
    return ore_masked_fill(
        x, ore_to(ore_from_data((int64_t[]){0, 1, 0}, ORE_SHAPE(3, 1), ORE_INT64), ORE_BOOL), 0);
}

static ore_tensor *pair(ore_tensor *x) {
    return ore_index(
        x, (ore_tensor *[]){INTEGERS(ORE_SHAPE(2, 2), 0, -1, 1, 1), INTEGERS(ORE_SHAPE(2), 2, -3)},
        2);
}

static ore_tensor *apart(ore_tensor *x) {
    return ore_index(
        x, (ore_tensor *[]){INTEGERS(ORE_SHAPE(3), 0, -1, 0), NULL, INTEGERS(ORE_SHAPE(1), 3)}, 3);
}

static ore_tensor *inner(ore_tensor *x) {
    return ore_index(x, (ore_tensor *[]){NULL, INTEGERS(ORE_SHAPE(2, 2), 0, 2, 2, 1)}, 2);
}

static ore_tensor *by_mask(ore_tensor *x) {
    ore_tensor *mask = ore_tril(ore_ones(ORE_SHAPE(2, 3), ORE_BOOL), 0);
    return ore_index(x, &mask, 1);
}

static ore_tensor *put(ore_tensor *x, ore_tensor *values, bool accumulate) {
    ore_tensor *index[] = {INTEGERS(ORE_SHAPE(2), 0, -1), NULL, INTEGERS(ORE_SHAPE(2), 3, 1)};
    if (accumulate)
        index[0] = INTEGERS(ORE_SHAPE(2), 0, 0);
    return ore_index_put(x, index, 3, values, accumulate);
}

static ore_tensor *put_in_place(ore_tensor *x, ore_tensor *values) {
    ore_tensor *y = ore_mul_scalar(x, 2), *index = INTEGERS(ORE_SHAPE(1), 1);
    return ore_mul(ore_index_put_(y, &index, 1, values, false), x);
}

static ore_tensor *some_places(void) {
    return INTEGERS(ORE_SHAPE(2, 3), 0, 3, 1, 2, 0, 1);
}

static ore_tensor *unbind(ore_tensor **in) {
    ore_tensor *parts[3] = {NULL};
    if (ore_unbind(in[0], 1, parts, 3) != 3)
        ore_fail(ORE_INVALID, "unbind: not as many parts as the case has");
    return ore_sub(ore_mul(parts[0], parts[2]), parts[1]);
}

static ore_tensor *meshgrid(ore_tensor **in, int n) {
    ore_tensor *grids[3];
    if (ore_meshgrid(in, n, "xy", grids) != ORE_OK)
        return NULL;
    return ore_mul(ore_mul(grids[0], grids[1]), grids[2]);
}

#define ROWS "cases/shape.def"
#define LIST op_cases_shape
#include "cases/list.inc"
