/* device.h: devices, where tensors lie and kernels run, and the CPU's levels of kernels. */
#ifndef ORE_DEVICE_H
#define ORE_DEVICE_H

#include <ore/base.h>

ORE_BEGIN_DECLS

typedef enum ore_device { ORE_CPU, ORE_CUDA } ore_device;

/* The level of kernels in force: "scalar", "neon" (64-bit ARM), "avx2" or "avx512"; the best that
 * this processor and build have, or the one that the environment variable ORE_CPU names. NULL with
 * ORE_INVALID where ORE_CPU names no level, with ORE_UNSUPPORTED where it names one that is absent
 * here. */
ORE_API const char *ore_cpu_level(void);
/* The levels that can be chosen here, "scalar avx2". */
ORE_API const char *ore_cpu_levels_text(void);

ORE_END_DECLS

#endif
