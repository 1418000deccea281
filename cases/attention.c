/* attention.c: cases of attention's options. */
#include <ore/ops.h>

#include "cases/cases.h"

typedef ore_attention_options options;

static ore_tensor *attend(ore_tensor **in, options o) {
    return ore_attention(in[0], in[1], in[2], &o);
}

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

/* Of two rows of 5 keys. */
static ore_tensor *lengths(void) {
    return integers(ORE_SHAPE(2), (int64_t[]){4, 2});
}
static ore_tensor *starts(void) {
    return integers(ORE_SHAPE(2), (int64_t[]){1, -1});
}
static ore_tensor *documents(void) {
    return integers(ORE_SHAPE(2, 5), (int64_t[]){0, 0, 1, 1, 1, 7, 5, 5, 6, 6});
}

/* Of (1, 1024) tokens, a document of 256 after the other: what bench kernels times. */
static ore_tensor *long_documents(const ore_tensor *k) {
    ore_tensor *places = ore_arange(0, (double)ore_size(k, 2), 1, ORE_INT64);
    ore_tensor *numbers = ore_to(ore_floor(ore_div_scalar(places, 256)), ORE_INT64);
    return ore_expand(numbers, ORE_SHAPE(ore_size(k, 0), ore_size(k, 2)));
}

/* Three quarters of the keys of each entry. */
static ore_tensor *long_lengths(const ore_tensor *k) {
    return ore_to(
        ore_full(ORE_SHAPE(ore_size(k, 0)), (double)(ore_size(k, 2) * 3 / 4), ORE_FLOAT64),
        ORE_INT64);
}

static ore_tensor *attend_packed(ore_tensor *qkv) {
    options o = {.lengths = integers(ORE_SHAPE(2), (int64_t[]){2, 3}), .window = 2};
    return ore_attention_packed(qkv, 2, &o);
}

#define ROWS "cases/attention.def"
#define LIST op_cases_attention
#include "cases/list.inc"
