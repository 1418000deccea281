/* cpuid.c: CPUID (Intel SDM volume 2A, "CPUID"; AMD APM volume 3, appendix E). */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/cpuid.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#define ON_X86 1
#else
#define ON_X86 0
#endif

typedef enum cpu_register { EAX, EBX, ECX, EDX } cpu_register;

/* Bits of XCR0 that the system must have set: SSE and AVX state, then AVX-512's, then AMX's. */
enum { STATE_NONE = 0, STATE_AVX = 0x6, STATE_AVX512 = 0xe6, STATE_AMX = 0x60000 };

typedef struct feature_bit {
    const char *name;
    unsigned leaf, subleaf;
    cpu_register where;
    unsigned bit, state;
} feature_bit;

static const feature_bit feature_bits[ORE_CPU_FEATURE_COUNT] = {
    [ORE_CPU_SSE42] = {"sse4.2", 1, 0, ECX, 20, STATE_NONE},
    [ORE_CPU_AVX] = {"avx", 1, 0, ECX, 28, STATE_AVX},
    [ORE_CPU_AVX2] = {"avx2", 7, 0, EBX, 5, STATE_AVX},
    [ORE_CPU_FMA] = {"fma", 1, 0, ECX, 12, STATE_AVX},
    [ORE_CPU_F16C] = {"f16c", 1, 0, ECX, 29, STATE_AVX},
    [ORE_CPU_BMI2] = {"bmi2", 7, 0, EBX, 8, STATE_NONE},
    [ORE_CPU_AVX512F] = {"avx512f", 7, 0, EBX, 16, STATE_AVX512},
    [ORE_CPU_AVX512BW] = {"avx512bw", 7, 0, EBX, 30, STATE_AVX512},
    [ORE_CPU_AVX512DQ] = {"avx512dq", 7, 0, EBX, 17, STATE_AVX512},
    [ORE_CPU_AVX512VL] = {"avx512vl", 7, 0, EBX, 31, STATE_AVX512},
    [ORE_CPU_AVX512VNNI] = {"avx512_vnni", 7, 0, ECX, 11, STATE_AVX512},
    [ORE_CPU_AVX512BF16] = {"avx512_bf16", 7, 1, EAX, 5, STATE_AVX512},
    [ORE_CPU_AVX512FP16] = {"avx512_fp16", 7, 0, EDX, 23, STATE_AVX512},
    [ORE_CPU_AVXVNNI] = {"avx_vnni", 7, 1, EAX, 4, STATE_AVX},
    [ORE_CPU_AMX_TILE] = {"amx_tile", 7, 0, EDX, 24, STATE_AMX},
    [ORE_CPU_AMX_INT8] = {"amx_int8", 7, 0, EDX, 25, STATE_AMX},
    [ORE_CPU_AMX_BF16] = {"amx_bf16", 7, 0, EDX, 22, STATE_AMX},
};

static struct {
    bool has[ORE_CPU_FEATURE_COUNT];
    char text[256], model[64];
} cpu;
static pthread_once_t cpu_once = PTHREAD_ONCE_INIT;

#if ON_X86
static unsigned enabled_state(void) {
    unsigned r[4] = {0};
    enum { OSXSAVE = 1u << 27 };
    if (!__get_cpuid(1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) || !(r[ECX] & OSXSAVE))
        return 0;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static void read_model(void) {
    enum { BRAND = 0x80000002u };
    unsigned words[12] = {0};
    for (unsigned i = 0; i < 3; i++) {
        unsigned *w = words + 4 * i;
        if (!__get_cpuid(BRAND + i, &w[0], &w[1], &w[2], &w[3]))
            return;
    }
    memcpy(cpu.model, words, sizeof words);
    size_t length = strlen(cpu.model);
    while (length && cpu.model[length - 1] == ' ')
        cpu.model[--length] = 0;
}

static void read_features(void) {
    unsigned state = enabled_state();
    for (int i = 0; i < ORE_CPU_FEATURE_COUNT; i++) {
        const feature_bit *f = &feature_bits[i];
        unsigned r[4] = {0};
        if (__get_cpuid_count(f->leaf, f->subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]))
            cpu.has[i] = (r[f->where] >> f->bit & 1) && (state & f->state) == f->state;
    }
}
#endif

static void read_cpu(void) {
    strcpy(cpu.model, "unknown");
#if ON_X86
    read_features();
    read_model();
#endif
    size_t used = 0;
    for (int i = 0; i < ORE_CPU_FEATURE_COUNT; i++)
        if (cpu.has[i])
            used += (size_t)snprintf(cpu.text + used, sizeof cpu.text - used, "%s%s",
                                     used ? " " : "", feature_bits[i].name);
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
    return feature_bits[feature].name;
}

const char *ore_cpu_features_text(void) {
    pthread_once(&cpu_once, read_cpu);
    return cpu.text;
}

const char *ore_cpu_model_name(void) {
    pthread_once(&cpu_once, read_cpu);
    return cpu.model;
}
