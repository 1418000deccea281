/* device.h: devices, where tensors lie and kernels run, and the CPU's levels of kernels. */
#ifndef ORE_DEVICE_H
#define ORE_DEVICE_H

#include <ore/base.h>

ORE_BEGIN_DECLS

typedef enum ore_device { ORE_CPU, ORE_CUDA } ore_device;

/* The device that is called "cpu" or "cuda" into *device; false (no error raised) if there is
 * none. */
ORE_API bool ore_device_from_name(const char *name, ore_device *device);
/* Whether this build has the device. */
ORE_API bool ore_device_is_available(ore_device device);
/* Waits for all kernels and copies that were called on the device; returns and raises what went
 * wrong in them. Reading elements waits by itself: this is for whoever measures time. */
ORE_API ore_status ore_device_synchronize(ore_device device);
/* The device's memory: for the CPU what ore_memory_read says; for another device what its tensors
 * hold, where reserved_bytes is in_use_bytes and system_calls counts what the backend was asked to
 * allocate and release. All 0 for an absent device. */
ORE_API void ore_device_memory_read(ore_device device, ore_memory_stats *stats);
ORE_API void ore_device_memory_reset_peak(ore_device device);

/* The level of kernels in force: "scalar", "neon" (64-bit ARM), "avx2", "avx512", "avx512_bf16" or
 * "amx"; the best that this processor and build have, or the one that the environment variable
 * ORE_CPU names. The last two have products of bfloat16 by instructions for them, and are avx512
 * otherwise. NULL with ORE_INVALID where ORE_CPU names no level, with ORE_UNSUPPORTED where it
 * names one that is absent here. */
ORE_API const char *ore_cpu_level(void);
/* The levels that can be chosen here, "scalar avx2". */
ORE_API const char *ore_cpu_levels_text(void);

ORE_END_DECLS

#endif
