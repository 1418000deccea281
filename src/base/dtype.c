/* dtype.c: names, sizes and promotion of element types. */
#include <string.h>

#include "base/dtype.h"

typedef struct dtype_facts {
    const char *name;
    int category; /* 0 bool, 1 integer, 2 floating */
} dtype_facts;

static const dtype_facts facts[ORE_DTYPE_COUNT] = {
    [ORE_FLOAT32] = {"float32", 2},   [ORE_FLOAT64] = {"float64", 2},
    [ORE_BFLOAT16] = {"bfloat16", 2}, [ORE_FLOAT16] = {"float16", 2},
    [ORE_INT64] = {"int64", 1},       [ORE_INT32] = {"int32", 1},
    [ORE_UINT8] = {"uint8", 1},       [ORE_BOOL] = {"bool", 0},
};

static const dtype_facts *facts_of(ore_dtype dtype) {
    static const dtype_facts none = {"unknown dtype", -1};
    return (unsigned)dtype < ORE_DTYPE_COUNT ? &facts[dtype] : &none;
}

size_t ore_dtype_size(ore_dtype dtype) {
    return (unsigned)dtype < ORE_DTYPE_COUNT ? ore_element_bytes(dtype) : 0;
}

const char *ore_dtype_name(ore_dtype dtype) {
    return facts_of(dtype)->name;
}

bool ore_dtype_from_name(const char *name, ore_dtype *dtype) {
    for (int i = 0; i < ORE_DTYPE_COUNT; i++)
        if (strcmp(facts[i].name, name) == 0) {
            *dtype = (ore_dtype)i;
            return true;
        }
    return false;
}

bool ore_dtype_is_floating(ore_dtype dtype) {
    return facts_of(dtype)->category == 2;
}

ore_dtype ore_promote_types(ore_dtype a, ore_dtype b) {
    if (a == b)
        return a;
    if (facts_of(a)->category != facts_of(b)->category)
        return facts_of(a)->category > facts_of(b)->category ? a : b;
    if (ore_dtype_size(a) != ore_dtype_size(b))
        return ore_dtype_size(a) > ore_dtype_size(b) ? a : b;
    return ORE_FLOAT32; /* bfloat16 with float16 */
}
