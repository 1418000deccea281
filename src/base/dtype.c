/* dtype.c: names, sizes and promotion of element types. */
#include <string.h>

#include <ore/base.h>

typedef struct dtype_facts {
    const char *name;
    size_t size;
    int category; /* 0 bool, 1 integer, 2 floating */
} dtype_facts;

static const dtype_facts facts[ORE_DTYPE_COUNT] = {
    [ORE_FLOAT32] = {"float32", 4, 2},   [ORE_FLOAT64] = {"float64", 8, 2},
    [ORE_BFLOAT16] = {"bfloat16", 2, 2}, [ORE_FLOAT16] = {"float16", 2, 2},
    [ORE_INT64] = {"int64", 8, 1},       [ORE_INT32] = {"int32", 4, 1},
    [ORE_UINT8] = {"uint8", 1, 1},       [ORE_BOOL] = {"bool", 1, 0},
};

size_t ore_dtype_size(ore_dtype dtype) {
    return facts[dtype].size;
}

const char *ore_dtype_name(ore_dtype dtype) {
    return facts[dtype].name;
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
    return facts[dtype].category == 2;
}

ore_dtype ore_promote_types(ore_dtype a, ore_dtype b) {
    if (a == b)
        return a;
    if (facts[a].category != facts[b].category)
        return facts[a].category > facts[b].category ? a : b;
    if (facts[a].size != facts[b].size)
        return facts[a].size > facts[b].size ? a : b;
    return ORE_FLOAT32; /* bfloat16 with float16 */
}
