/* level.c: chooses the level of CPU kernels at start and composes its table. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "base/cpuid.h"

typedef struct cpu_level {
    const char *name;
    const ore_kernels *rows; /* NULL: not in this build */
    int needs_count;
    ore_cpu_feature needs[4];
    bool needs_last;     /* the level in front of it, too */
    bool (*allow)(void); /* NULL, or asks the system for what a program must ask for */
} cpu_level;

static const cpu_level levels[] = {
    {.name = "scalar", .rows = &scalar_kernels},
#ifdef ORE_HAVE_NEON
    {"neon", &neon_kernels, 1, {ORE_CPU_NEON}, false, NULL},
#else
    {.name = "neon"},
#endif
#ifdef ORE_HAVE_AVX2
    {"avx2",
     &avx2_kernels,
     4,
     {ORE_CPU_AVX2, ORE_CPU_FMA, ORE_CPU_F16C, ORE_CPU_BMI2},
     false,
     NULL},
#else
    {.name = "avx2"},
#endif
#ifdef ORE_HAVE_AVX512
    {"avx512",
     &avx512_kernels,
     4,
     {ORE_CPU_AVX512F, ORE_CPU_AVX512BW, ORE_CPU_AVX512DQ, ORE_CPU_AVX512VL},
     true,
     NULL},
#else
    {.name = "avx512"},
#endif
#ifdef ORE_HAVE_AVX512_BF16
    {"avx512_bf16", &avx512_bf16_kernels, 1, {ORE_CPU_AVX512BF16}, true, NULL},
#else
    {.name = "avx512_bf16"},
#endif
#ifdef ORE_HAVE_AMX
    {"amx", &amx_kernels, 2, {ORE_CPU_AMX_TILE, ORE_CPU_AMX_BF16}, true, ore_cpu_allow_tiles},
#else
    {.name = "amx"},
#endif
};
enum { LEVEL_COUNT = sizeof levels / sizeof *levels };

static ore_kernels table_in_force;
static char available_text[64];
static int chosen = -1; /* place in levels[] */
static ore_error choice_error;
static pthread_once_t choice_once = PTHREAD_ONCE_INIT;

static bool is_available(const cpu_level *level) {
    return level->rows && ore_cpu_has_all(level->needs, level->needs_count) &&
           (!level->needs_last || is_available(level - 1)) && (!level->allow || level->allow());
}

static void list_available(void) {
    size_t used = 0;
    for (int i = 0; i < LEVEL_COUNT; i++)
        if (is_available(&levels[i]))
            used += (size_t)snprintf(available_text + used, sizeof available_text - used, "%s%s",
                                     used ? " " : "", levels[i].name);
}

/* Place of the level of that name, or of the best one for NULL; -1 with an error. */
static int find_level(const char *name) {
    for (int i = LEVEL_COUNT - 1; i >= 0; i--) {
        if (!name && is_available(&levels[i]))
            return i;
        if (!name || strcmp(name, levels[i].name) != 0)
            continue;
        if (is_available(&levels[i]))
            return i;
        ore_fail(ORE_UNSUPPORTED, "CPU level %s: not available here, expected one of: %s", name,
                 available_text);
        return -1;
    }
    ore_fail(ORE_INVALID, "CPU level '%.32s': unknown, expected one of: %s", name, available_text);
    return -1;
}

void ore_kernels_overlay(ore_kernels *table, const ore_kernels *rows) {
    typedef ore_status (*any_row)(void);
    _Static_assert(sizeof(ore_kernels) % sizeof(any_row) == 0, "a table holds only rows");
    for (size_t at = 0; at < sizeof *table; at += sizeof(any_row)) {
        any_row row;
        memcpy(&row, (const char *)rows + at, sizeof row);
        if (row)
            memcpy((char *)table + at, &row, sizeof row);
    }
}

static void compose(ore_kernels *table, int level) {
    *table = *levels[0].rows;
    for (int i = 1; i <= level; i++)
        if (levels[i].rows)
            ore_kernels_overlay(table, levels[i].rows);
}

static void choose(void) {
    ore_error pending;
    ore_error_take(&pending);
    list_available();
    const char *name = getenv("ORE_CPU");
    chosen = find_level(name && *name ? name : NULL);
    ore_error_take(&choice_error);
    if (chosen >= 0)
        compose(&table_in_force, chosen);
    ore_error_raise(&pending);
}

const ore_kernels *ore_cpu_kernels(void) {
    pthread_once(&choice_once, choose);
    if (chosen >= 0)
        return &table_in_force;
    ore_error_raise(&choice_error);
    return NULL;
}

ore_status ore_cpu_kernels_of(const char *level, ore_kernels *table) {
    pthread_once(&choice_once, choose);
    int i = find_level(level);
    if (i < 0)
        return ore_error_status();
    compose(table, i);
    return ORE_OK;
}

const char *ore_cpu_level(void) {
    return ore_cpu_kernels() ? levels[chosen].name : NULL;
}

const char *ore_cpu_levels_text(void) {
    pthread_once(&choice_once, choose);
    return available_text;
}
