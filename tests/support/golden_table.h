/* golden_table.h: the arguments of the cases in golden/ops.json, for the tables of ops. */
#ifndef ORE_TEST_GOLDEN_TABLE_H
#define ORE_TEST_GOLDEN_TABLE_H

#include "support/golden_ops.h"

/* ---- arguments of a case, with a default ---- */

static inline int64_t integer(const json_t *args, const char *key, int64_t otherwise) {
    const json_t *value = json_object_get(args, key);
    return value ? json_integer_value(value) : otherwise;
}

static inline double real(const json_t *args, const char *key, double otherwise) {
    const json_t *value = json_object_get(args, key);
    return value ? json_number_value(value) : otherwise;
}

static inline int dim_of(const json_t *args) {
    return (int)integer(args, "dim", 0);
}

/* A list of dims; empty where there is none. */
static inline ore_dims dims_of(const json_t *args, const char *key) {
    const json_t *list = json_object_get(args, key);
    ore_dims dims = {.n = (int)json_array_size(list)};
    for (int i = 0; i < dims.n; i++)
        dims.dim[i] = (int)json_integer_value(json_array_get(list, (size_t)i));
    return dims;
}

#endif
