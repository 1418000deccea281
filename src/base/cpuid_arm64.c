/* cpuid_arm64.c: what an ARM core is (Arm Architecture Reference Manual, "MIDR_EL1") and has. Linux
 * tells the features in the auxiliary vector and answers for the register; macOS by sysctl. */
#include <stdio.h>
#include <string.h>

#include "base/cpuid.h"

typedef struct core_name {
    unsigned part;
    const char *name;
} core_name;

static const core_name arm_cores[] = {
    {0xd03, "Cortex-A53"},    {0xd04, "Cortex-A35"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
    {0xd08, "Cortex-A72"},    {0xd09, "Cortex-A73"},  {0xd0a, "Cortex-A75"},  {0xd0b, "Cortex-A76"},
    {0xd0c, "Neoverse-N1"},   {0xd0d, "Cortex-A77"},  {0xd40, "Neoverse-V1"}, {0xd41, "Cortex-A78"},
    {0xd44, "Cortex-X1"},     {0xd46, "Cortex-A510"}, {0xd47, "Cortex-A710"}, {0xd48, "Cortex-X2"},
    {0xd49, "Neoverse-N2"},   {0xd4a, "Neoverse-E1"}, {0xd4d, "Cortex-A715"}, {0xd4e, "Cortex-X3"},
    {0xd4f, "Neoverse-V2"},   {0xd80, "Cortex-A520"}, {0xd81, "Cortex-A720"}, {0xd82, "Cortex-X4"},
    {0xd83, "Neoverse-V3AE"}, {0xd84, "Neoverse-V3"}, {0xd8e, "Neoverse-N3"}, {0, NULL},
};

typedef struct maker {
    unsigned code;
    const char *name;
    const core_name *cores; /* NULL: none is known by name */
} maker;

static const maker makers[] = {
    {0x41, "Arm", arm_cores},  {0x42, "Broadcom", NULL},  {0x43, "Cavium", NULL},
    {0x46, "Fujitsu", NULL},   {0x48, "HiSilicon", NULL}, {0x4e, "NVIDIA", NULL},
    {0x51, "Qualcomm", NULL},  {0x53, "Samsung", NULL},   {0x61, "Apple", NULL},
    {0x6d, "Microsoft", NULL}, {0xc0, "Ampere", NULL},
};

void ore_arm_core_name(uint64_t midr, char *name, size_t room) {
    unsigned code = midr >> 24 & 0xff, part = midr >> 4 & 0xfff;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        if (makers[i].code != code)
            continue;
        for (const core_name *core = makers[i].cores; core && core->name; core++)
            if (core->part == part) {
                snprintf(name, room, "%s %s", makers[i].name, core->name);
                return;
            }
        snprintf(name, room, "%s, part 0x%03x", makers[i].name, part);
        return;
    }
    snprintf(name, room, "64-bit ARM, maker 0x%02x, part 0x%03x", code, part);
}

#if defined(__aarch64__) && defined(ORE_LINUX)
#include <sys/auxv.h>

/* Bits of the auxiliary vector's AT_HWCAP and AT_HWCAP2 (Linux, asm/hwcap.h); some are newer than
 * the headers that Ore is built with. */
enum {
    HAS_NEON = 1 << 1,
    HAS_FP16 = 1 << 10,
    HAS_REGISTERS = 1 << 11, /* the system answers for identification registers */
    HAS_DOT = 1 << 20,
    HAS_SVE = 1 << 22,
    HAS2_SVE2 = 1 << 1,
    HAS2_I8MM = 1 << 13,
    HAS2_BF16 = 1 << 14,
};

void ore_cpu_read_features(bool has[ORE_CPU_FEATURE_COUNT]) {
    unsigned long first = getauxval(AT_HWCAP), second = getauxval(AT_HWCAP2);
    has[ORE_CPU_NEON] = first & HAS_NEON;
    has[ORE_CPU_NEON_FP16] = first & HAS_FP16;
    has[ORE_CPU_NEON_DOT] = first & HAS_DOT;
    has[ORE_CPU_SVE] = first & HAS_SVE;
    has[ORE_CPU_SVE2] = second & HAS2_SVE2;
    has[ORE_CPU_NEON_I8MM] = second & HAS2_I8MM;
    has[ORE_CPU_NEON_BF16] = second & HAS2_BF16;
}

void ore_cpu_read_name(char *name, size_t room) {
    if (!(getauxval(AT_HWCAP) & HAS_REGISTERS))
        return;
    uint64_t midr;
    __asm__("mrs %0, midr_el1" : "=r"(midr));
    ore_arm_core_name(midr, name, room);
}

#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>

static bool is_set(const char *key) {
    int value = 0;
    size_t bytes = sizeof value;
    return sysctlbyname(key, &value, &bytes, NULL, 0) == 0 && value != 0;
}

void ore_cpu_read_features(bool has[ORE_CPU_FEATURE_COUNT]) {
    has[ORE_CPU_NEON] = true; /* of every processor that macOS runs on */
    has[ORE_CPU_NEON_FP16] = is_set("hw.optional.arm.FEAT_FP16");
    has[ORE_CPU_NEON_DOT] = is_set("hw.optional.arm.FEAT_DotProd");
    has[ORE_CPU_NEON_BF16] = is_set("hw.optional.arm.FEAT_BF16");
    has[ORE_CPU_NEON_I8MM] = is_set("hw.optional.arm.FEAT_I8MM");
}

void ore_cpu_read_name(char *name, size_t room) {
    char brand[128];
    size_t bytes = sizeof brand;
    if (sysctlbyname("machdep.cpu.brand_string", brand, &bytes, NULL, 0) == 0)
        snprintf(name, room, "%.*s", (int)bytes, brand);
}

#elif defined(__aarch64__)
void ore_cpu_read_features(bool has[ORE_CPU_FEATURE_COUNT]) {
    has[ORE_CPU_NEON] = true; /* part of the architecture, as 64-bit systems use it */
}

void ore_cpu_read_name(char *name, size_t room) {
    snprintf(name, room, "64-bit ARM");
}
#endif
