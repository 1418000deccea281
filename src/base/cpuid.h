/* cpuid.h: the instruction sets that this processor has and the operating system lets programs use.
 * */
#ifndef ORE_BASE_CPUID_H
#define ORE_BASE_CPUID_H

#include <stddef.h>
#include <stdint.h>

#include <ore/base.h>

typedef enum ore_cpu_feature {
    ORE_CPU_SSE42,
    ORE_CPU_AVX,
    ORE_CPU_AVX2,
    ORE_CPU_FMA,
    ORE_CPU_F16C,
    ORE_CPU_BMI2,
    ORE_CPU_AVX512F,
    ORE_CPU_AVX512BW,
    ORE_CPU_AVX512DQ,
    ORE_CPU_AVX512VL,
    ORE_CPU_AVX512VNNI,
    ORE_CPU_AVX512BF16,
    ORE_CPU_AVX512FP16,
    ORE_CPU_AVXVNNI,
    ORE_CPU_AMX_TILE,
    ORE_CPU_AMX_INT8,
    ORE_CPU_AMX_BF16,
    ORE_CPU_NEON,
    ORE_CPU_NEON_FP16,
    ORE_CPU_NEON_DOT,
    ORE_CPU_NEON_BF16,
    ORE_CPU_NEON_I8MM,
    ORE_CPU_SVE,
    ORE_CPU_SVE2,
    ORE_CPU_FEATURE_COUNT
} ore_cpu_feature;

/* Whether the processor has the feature and the system saves the registers that it needs. */
bool ore_cpu_has(ore_cpu_feature feature);
/* True if all of the n features are there. */
bool ore_cpu_has_all(const ore_cpu_feature *features, int n);
/* Asks the system to let this process use the tiles of AMX, whose registers make signal frames
 * 8 KiB larger; true where it does, from then on and in every thread. */
bool ore_cpu_allow_tiles(void);
/* "avx2", "avx512f" ... */
const char *ore_cpu_feature_name(ore_cpu_feature feature);

/* ---- what cpuid.c asks of the architecture's own file ---- */

/* Sets has[feature] to true for each feature that is there, and leaves the others false. */
void ore_cpu_read_features(bool has[ORE_CPU_FEATURE_COUNT]);
/* Writes the processor's name, at most room - 1 bytes; writes nothing where none is known. */
void ore_cpu_read_name(char *name, size_t room);
/* The name of an ARM core by its main identification register (MIDR_EL1), "Arm Neoverse-N1", or
 * the register's numbers where this build does not know it. */
void ore_arm_core_name(uint64_t midr, char *name, size_t room);

#endif
