/* cpuid_x86.c: CPUID (Intel SDM volume 2A, "CPUID"; AMD APM volume 3, appendix E). */
#include <string.h>

#include "base/cpuid.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#ifdef ORE_LINUX
#include <sys/syscall.h>
#include <unistd.h>
#endif

typedef enum cpu_register { EAX, EBX, ECX, EDX } cpu_register;

/* Bits of XCR0 that the system must have set: SSE and AVX state, then AVX-512's, then AMX's. */
enum { STATE_NONE = 0, STATE_AVX = 0x6, STATE_AVX512 = 0xe6, STATE_AMX = 0x60000 };

typedef struct feature_bit {
    ore_cpu_feature feature;
    unsigned leaf, subleaf;
    cpu_register where;
    unsigned bit, state;
} feature_bit;

static const feature_bit feature_bits[] = {
    {ORE_CPU_SSE42, 1, 0, ECX, 20, STATE_NONE},
    {ORE_CPU_AVX, 1, 0, ECX, 28, STATE_AVX},
    {ORE_CPU_AVX2, 7, 0, EBX, 5, STATE_AVX},
    {ORE_CPU_FMA, 1, 0, ECX, 12, STATE_AVX},
    {ORE_CPU_F16C, 1, 0, ECX, 29, STATE_AVX},
    {ORE_CPU_BMI2, 7, 0, EBX, 8, STATE_NONE},
    {ORE_CPU_AVX512F, 7, 0, EBX, 16, STATE_AVX512},
    {ORE_CPU_AVX512BW, 7, 0, EBX, 30, STATE_AVX512},
    {ORE_CPU_AVX512DQ, 7, 0, EBX, 17, STATE_AVX512},
    {ORE_CPU_AVX512VL, 7, 0, EBX, 31, STATE_AVX512},
    {ORE_CPU_AVX512VNNI, 7, 0, ECX, 11, STATE_AVX512},
    {ORE_CPU_AVX512BF16, 7, 1, EAX, 5, STATE_AVX512},
    {ORE_CPU_AVX512FP16, 7, 0, EDX, 23, STATE_AVX512},
    {ORE_CPU_AVXVNNI, 7, 1, EAX, 4, STATE_AVX},
    {ORE_CPU_AMX_TILE, 7, 0, EDX, 24, STATE_AMX},
    {ORE_CPU_AMX_INT8, 7, 0, EDX, 25, STATE_AMX},
    {ORE_CPU_AMX_BF16, 7, 0, EDX, 22, STATE_AMX},
};

static unsigned enabled_state(void) {
    unsigned r[4] = {0};
    enum { OSXSAVE = 1u << 27 };
    if (!__get_cpuid(1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) || !(r[ECX] & OSXSAVE))
        return 0;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

void ore_cpu_read_features(bool has[ORE_CPU_FEATURE_COUNT]) {
    unsigned state = enabled_state();
    for (size_t i = 0; i < sizeof feature_bits / sizeof *feature_bits; i++) {
        const feature_bit *f = &feature_bits[i];
        unsigned r[4] = {0};
        if (__get_cpuid_count(f->leaf, f->subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]))
            has[f->feature] = (r[f->where] >> f->bit & 1) && (state & f->state) == f->state;
    }
}

#if defined(ORE_LINUX) && defined(SYS_arch_prctl)
bool ore_cpu_allow_tiles(void) {
    enum { REQUEST_STATE = 0x1023, TILE_DATA = 18 }; /* Linux, asm/prctl.h; the bit of XCR0 */
    return syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
}
#else
bool ore_cpu_allow_tiles(void) {
    return false;
}
#endif

void ore_cpu_read_name(char *name, size_t room) {
    enum { BRAND = 0x80000002u };
    unsigned words[13] = {0};
    for (unsigned i = 0; i < 3; i++) {
        unsigned *w = words + 4 * i;
        if (!__get_cpuid(BRAND + i, &w[0], &w[1], &w[2], &w[3]))
            return;
    }
    const char *brand = (const char *)words;
    size_t length = strlen(brand);
    while (length && brand[length - 1] == ' ')
        length--;
    length = length < room ? length : room - 1;
    memcpy(name, brand, length);
    name[length] = 0;
}
#endif
