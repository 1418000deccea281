/* bench_preset.h: the sizes of a workload by their names. */
#ifndef ORE_TOOL_BENCH_PRESET_H
#define ORE_TOOL_BENCH_PRESET_H

#include <stddef.h>

/* The preset of this name among `count` structs of struct_bytes each, whose first member is their
 * name (const char *); the first one for ""; NULL with ORE_INVALID, which lists the names, for any
 * other name. */
const void *bench_preset_find(const char *name, const void *presets, size_t struct_bytes,
                              int count);

#endif
