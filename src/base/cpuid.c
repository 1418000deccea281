/* cpuid.c: the processor's features and name; cpuid_x86.c and cpuid_arm64.c read them, once. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/cpuid.h"

/* As /proc/cpuinfo names them on either architecture, where it has them. */
static const char *const feature_names[ORE_CPU_FEATURE_COUNT] = {
    [ORE_CPU_SSE42] = "sse4.2",
    [ORE_CPU_AVX] = "avx",
    [ORE_CPU_AVX2] = "avx2",
    [ORE_CPU_FMA] = "fma",
    [ORE_CPU_F16C] = "f16c",
    [ORE_CPU_BMI2] = "bmi2",
    [ORE_CPU_AVX512F] = "avx512f",
    [ORE_CPU_AVX512BW] = "avx512bw",
    [ORE_CPU_AVX512DQ] = "avx512dq",
    [ORE_CPU_AVX512VL] = "avx512vl",
    [ORE_CPU_AVX512VNNI] = "avx512_vnni",
    [ORE_CPU_AVX512BF16] = "avx512_bf16",
    [ORE_CPU_AVX512FP16] = "avx512_fp16",
    [ORE_CPU_AVXVNNI] = "avx_vnni",
    [ORE_CPU_AMX_TILE] = "amx_tile",
    [ORE_CPU_AMX_INT8] = "amx_int8",
    [ORE_CPU_AMX_BF16] = "amx_bf16",
    [ORE_CPU_NEON] = "neon",
    [ORE_CPU_NEON_FP16] = "asimdhp",
    [ORE_CPU_NEON_DOT] = "asimddp",
    [ORE_CPU_NEON_BF16] = "bf16",
    [ORE_CPU_NEON_I8MM] = "i8mm",
    [ORE_CPU_SVE] = "sve",
    [ORE_CPU_SVE2] = "sve2",
};

#if !defined(__x86_64__) && !defined(__i386__)
bool ore_cpu_allow_tiles(void) {
    return false;
}
#endif

static struct {
    bool has[ORE_CPU_FEATURE_COUNT];
    char text[256], model[64];
} cpu;
static pthread_once_t cpu_once = PTHREAD_ONCE_INIT;

#if !defined(__x86_64__) && !defined(__i386__) && !defined(__aarch64__)
void ore_cpu_read_features(bool has[ORE_CPU_FEATURE_COUNT]) {
    (void)has;
}
void ore_cpu_read_name(char *name, size_t room) {
    (void)name;
    (void)room;
}
#endif

static void read_cpu(void) {
    strcpy(cpu.model, "unknown");
    ore_cpu_read_features(cpu.has);
    ore_cpu_read_name(cpu.model, sizeof cpu.model);
    size_t used = 0;
    for (int i = 0; i < ORE_CPU_FEATURE_COUNT; i++)
        if (cpu.has[i])
            used += (size_t)snprintf(cpu.text + used, sizeof cpu.text - used, "%s%s",
                                     used ? " " : "", feature_names[i]);
}

bool ore_cpu_has(ore_cpu_feature feature) {
    pthread_once(&cpu_once, read_cpu);
    return cpu.has[feature];
}

bool ore_cpu_has_all(const ore_cpu_feature *features, int n) {
    for (int i = 0; i < n; i++)
        if (!ore_cpu_has(features[i]))
            return false;
    return true;
}

const char *ore_cpu_feature_name(ore_cpu_feature feature) {
    return feature_names[feature];
}

const char *ore_cpu_features_text(void) {
    pthread_once(&cpu_once, read_cpu);
    return cpu.text;
}

const char *ore_cpu_model_name(void) {
    pthread_once(&cpu_once, read_cpu);
    return cpu.model;
}
