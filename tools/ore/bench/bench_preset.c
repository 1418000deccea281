/* bench_preset.c: see bench_preset.h. */
#include <stdio.h>
#include <string.h>

#include <ore/base.h>

#include "bench/bench_preset.h"

const void *bench_preset_find(const char *name, const void *presets, size_t struct_bytes,
                              int count) {
    char names[256] = "";
    size_t at = 0;
    for (int i = 0; i < count; i++) {
        const void *preset = (const char *)presets + (size_t)i * struct_bytes;
        const char *own = *(const char *const *)preset;
        if (*name == '\0' || strcmp(own, name) == 0)
            return preset;
        const char *before = i == 0 ? "" : (i == count - 1 ? " or " : ", ");
        if (at < sizeof names)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", before, own);
    }
    ore_fail(ORE_INVALID, "--preset %s: expected %s", name, names);
    return NULL;
}
