/* vector.h: what every vector source shares. The sources in this folder are compiled once per
 * level, with ORE_LEVEL set to the level's name; LEVEL(x) gives each global its own name. */
#ifndef ORE_BACKEND_VECTOR_H
#define ORE_BACKEND_VECTOR_H

#include "backend/backend.h"

#define LEVEL_PASTE(level, name)  level##_##name
#define LEVEL_EXPAND(level, name) LEVEL_PASTE(level, name)
#define LEVEL(name)               LEVEL_EXPAND(ORE_LEVEL, name)

/* Every row of kernels.def as avx2_NAME_SUFFIX; only those that table.c lists are defined. */
#define DECLARE(name, dtype, suffix, args) ore_status LEVEL(name##_##suffix) args;
#define K(name, dtypes, args)              dtypes(DECLARE, name, args)
#include "backend/kernels.def"
#undef K
#undef DECLARE

extern const ore_kernels LEVEL(kernels);

#endif
