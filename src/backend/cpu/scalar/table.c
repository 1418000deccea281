/* table.c: the scalar table. A row of kernels.def without its scalar kernel does not link. */
#include "backend/cpu/cpu.h"

#define ENTRY(name, dtype, suffix, args) [dtype] = scalar_##name##_##suffix,
#define K(name, dtypes, args)            .name = {dtypes(ENTRY, name, args)},
const ore_kernels scalar_kernels = {
#include "backend/kernels.def"
};
#undef K
#undef ENTRY
