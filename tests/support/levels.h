/* levels.h: the kernel tables that tests compare with the scalar one. */
#ifndef ORE_TESTS_LEVELS_H
#define ORE_TESTS_LEVELS_H

#include "backend/backend.h"

enum { LEVELS_MAX = 5 };

typedef struct level_tables {
    int count;
    const char *names[LEVELS_MAX];
    ore_kernels tables[LEVELS_MAX];
} level_tables;

/* Every faster level that runs here: "neon", or "avx2", "avx512", "avx512_bf16", "amx", and "wide",
 * the code of avx512 compiled for AVX2. */
const level_tables *levels_to_test(void);
/* A CPU context over a table. */
ore_context level_context(const ore_kernels *table);

#endif
