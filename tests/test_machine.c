/* test_machine.c: what the library says of the processor that it runs on, and of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ore/device.h>

#include "base/cpuid.h"

static void test_arm_cores_have_names(void **state) {
    (void)state;
    static const struct {
        uint64_t midr;
        const char *name;
    } known[] = {
        {0x410fd083, "Arm Cortex-A72"},
        {0x413fd0c1, "Arm Neoverse-N1"},
        {0x411fd4f0, "Arm Neoverse-V2"},
        {0x410f0ff0, "Arm, part 0x0ff"},
        {0x611f0221, "Apple, part 0x022"},
        {0xc00fac30, "Ampere, part 0xac3"},
        {0x000f0510, "64-bit ARM, maker 0x00, part 0x051"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char name[64] = "untouched", cut[8];
        ore_arm_core_name(known[i].midr, name, sizeof name);
        assert_string_equal(name, known[i].name);
        ore_arm_core_name(known[i].midr, cut, sizeof cut);
        assert_int_equal(strlen(cut), sizeof cut - 1);
        assert_memory_equal(cut, known[i].name, sizeof cut - 1);
    }
}

static void test_features_have_names(void **state) {
    (void)state;
    const char *text = ore_cpu_features_text();
    for (int i = 0; i < ORE_CPU_FEATURE_COUNT; i++) {
        ore_cpu_feature feature = (ore_cpu_feature)i;
        assert_non_null(ore_cpu_feature_name(feature));
        if (ore_cpu_has(feature))
            assert_non_null(strstr(text, ore_cpu_feature_name(feature)));
    }
    assert_true(strlen(ore_cpu_model_name()) > 0);
#if defined(__x86_64__)
    assert_false(ore_cpu_has(ORE_CPU_NEON));
#elif defined(__aarch64__)
    assert_true(ore_cpu_has(ORE_CPU_NEON));
    assert_non_null(strstr(ore_cpu_levels_text(), "neon"));
#endif
}

/* The levels of another architecture are known, and absent. */
static void test_foreign_levels_are_absent(void **state) {
    (void)state;
    static const char *const levels[] = {"neon", "avx2", "avx512"};
    int there = 0;
    for (int i = 0; i < 3; i++)
        there += strstr(ore_cpu_levels_text(), levels[i]) != NULL;
    assert_true(there < 3);
    assert_int_equal(strncmp(ore_cpu_levels_text(), "scalar", 6), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arm_cores_have_names),
        cmocka_unit_test(test_features_have_names),
        cmocka_unit_test(test_foreign_levels_are_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
