/* levels.c: collects the levels of this processor and build. */
#include <string.h>

#include "backend/cpu/cpu.h"
#include "support/levels.h"

#ifdef ORE_HAVE_WIDE
extern const ore_kernels wide_kernels;
#endif

const level_tables *levels_to_test(void) {
    static level_tables levels;
    if (levels.count)
        return &levels;
    static const char *const names[] = {"neon", "avx2", "avx512", "avx512_bf16", "amx"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!strstr(ore_cpu_levels_text(), names[i]))
            continue;
        if (ore_cpu_kernels_of(names[i], &levels.tables[levels.count]) == ORE_OK)
            levels.names[levels.count++] = names[i];
    }
#ifdef ORE_HAVE_WIDE
    if (strstr(ore_cpu_levels_text(), "avx2")) {
        levels.tables[levels.count] = scalar_kernels;
        ore_kernels_overlay(&levels.tables[levels.count], &wide_kernels);
        levels.names[levels.count++] = "wide";
    }
#endif
    return &levels;
}

ore_context level_context(const ore_kernels *table) {
    return (ore_context){.device = ORE_CPU, .backend = &ore_cpu_backend, .kernels = table};
}
