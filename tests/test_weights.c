/* A module's weights and an optimizer's state, each in one call to a file and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <ore/ore.h>

#include "support/scratch.h"

static bool equal(ore_tensor *a, ore_tensor *b) {
    return ore_item(ore_all(ore_eq(a, b), ORE_ALL, false)) != 0;
}

static void step(ore_linear *l, ore_optimizer *optimizer) {
    ore_optimizer_zero_grad(optimizer);
    ore_backward(ore_sum(ore_square(ore_linear_forward(l, ore_ones(ORE_SHAPE(1, 3), ORE_FLOAT32))),
                         ORE_ALL, false));
    ore_optimizer_step(optimizer);
}

/* Steps of the one and of the other, loaded, are the same. */
static void test_module_and_optimizer_come_back(void **state) {
    (void)state;
    ore_linear a, b;
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    ore_linear_init(&b, NULL, NULL, 3, 2, NULL);
    ore_optimizer *moved = ore_adamw_new(&a.module, NULL), *other = ore_adamw_new(&b.module, NULL);
    step(&a, moved);
    assert_int_equal(ore_module_save(&a.module, scratch_path("a.safetensors")), ORE_OK);
    assert_int_equal(ore_optimizer_save(moved, scratch_path("o.safetensors")), ORE_OK);
    assert_int_equal(ore_module_load(&b.module, scratch_path("a.safetensors")), ORE_OK);
    assert_int_equal(ore_optimizer_load(other, scratch_path("o.safetensors")), ORE_OK);
    assert_true(equal(a.weight, b.weight) && equal(a.bias, b.bias));
    for (int i = 0; i < 3; i++) {
        step(&a, moved);
        step(&b, other);
    }
    assert_true(equal(a.weight, b.weight) && equal(a.bias, b.bias));
    ore_optimizer_free(other);
    ore_optimizer_free(moved);
    ore_module_free(&b.module);
    ore_module_free(&a.module);
}

/* A path without a folder is one of the current folder. */
static void test_path_without_folder(void **state) {
    (void)state;
    ore_linear a;
    char *here = getcwd(NULL, 0);
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    assert_int_equal(ore_module_save(&a.module, scratch_path("a.safetensors")), ORE_OK);
    assert_int_equal(chdir(scratch_path(".")), 0);
    assert_int_equal(ore_module_load(&a.module, "a.safetensors"), ORE_OK);
    assert_int_equal(ore_module_load(&a.module, "b.safetensors"), ORE_IO);
    assert_error(ORE_IO, "b.safetensors: cannot open: No such file or directory");
    assert_int_equal(chdir(here), 0);
    free(here);
    ore_module_free(&a.module);
}

static void test_other_tensors_are_refused(void **state) {
    (void)state;
    const char *path = scratch_path("a.safetensors");
    ore_linear_options plain = ore_linear_defaults();
    plain.bias = false;
    ore_linear a, wide, bare;
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    ore_linear_init(&wide, NULL, NULL, 4, 2, NULL);
    ore_linear_init(&bare, NULL, NULL, 3, 2, &plain);
    assert_int_equal(ore_module_save(&a.module, path), ORE_OK);
    assert_int_equal(ore_module_load(&wide.module, path), ORE_DATA);
    assert_error(ORE_DATA, "a.safetensors: tensor 'weight': (2, 3) float32 in the file");
    assert_int_equal(ore_module_load(&bare.module, path), ORE_DATA);
    assert_error(ORE_DATA, "a.safetensors: bias: the module has no such tensor");
    assert_int_equal(ore_module_save(&bare.module, path), ORE_OK);
    assert_int_equal(ore_module_load(&a.module, path), ORE_DATA);
    assert_error(ORE_DATA, "bias");
    ore_optimizer *optimizer = ore_adamw_new(&a.module, NULL);
    assert_int_equal(ore_optimizer_load(optimizer, path), ORE_DATA);
    assert_error(ORE_DATA,
                 "a.safetensors: optimizer_load_state: \"weight\" belongs to no parameter");
    ore_optimizer_free(optimizer);
    ore_module_free(&bare.module);
    ore_module_free(&wide.module);
    ore_module_free(&a.module);
}

/* In the folder of a checkpoint its files are compared with their digests, and no others. */
static void test_digests_of_a_checkpoint(void **state) {
    (void)state;
    ore_linear a;
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    const char *run = scratch_path("run");
    ore_folder_make(run);
    char *folder = ore_checkpoint_begin(run), *path = ore_path_join(folder, "a.safetensors");
    assert_int_equal(ore_module_save(&a.module, path), ORE_OK);
    assert_int_equal(ore_checkpoint_commit(run), ORE_OK);
    ore_string_free(path);
    ore_string_free(folder);
    assert_int_equal(ore_module_load(&a.module, scratch_path("run/a.safetensors")), ORE_OK);
    assert_int_equal(ore_module_save(&a.module, scratch_path("run/mine.safetensors")), ORE_OK);
    assert_int_equal(ore_module_load(&a.module, scratch_path("run/mine.safetensors")), ORE_OK);
    FILE *file = fopen(scratch_path("run/a.safetensors"), "r+b");
    fseek(file, -1, SEEK_END);
    int last = getc(file);
    fseek(file, -1, SEEK_END);
    fputc(last ^ 1, file);
    fclose(file);
    assert_int_equal(ore_module_load(&a.module, scratch_path("run/a.safetensors")), ORE_DATA);
    assert_error(ORE_DATA, "run/a.safetensors: damaged: bytes 0 to ");
    assert_int_equal(truncate(scratch_path("run/digests.json"), 9), 0);
    assert_int_equal(ore_module_load(&a.module, scratch_path("run/a.safetensors")), ORE_DATA);
    assert_error(ORE_DATA, "run/digests.json: line 2, column 7");
    ore_module_free(&a.module);
}

/* In half of the bytes and back: the module takes the file's dtype, a tied weight once. */
static void test_other_dtypes(void **state) {
    (void)state;
    const char *path = scratch_path("half.safetensors");
    ore_linear a, b, tied;
    ore_linear_init(&a, NULL, NULL, 3, 2, NULL);
    ore_linear_init(&b, NULL, NULL, 3, 2, NULL);
    ore_linear_init(&tied, &b.module, "tied", 3, 2, NULL);
    ore_module_set_tensor(&tied.module, "weight", b.weight);
    ore_module_set_tensor(&tied.module, "bias", b.bias);
    assert_int_equal(ore_module_save_as(&a.module, path, ORE_BFLOAT16), ORE_OK);
    assert_int_equal(ore_tensor_dtype(a.weight), ORE_FLOAT32);
    assert_int_equal(ore_module_load(&b.module, path), ORE_DATA);
    assert_error(ORE_DATA, "tensor 'weight': (2, 3) bfloat16 in the file, expected (2, 3) float32");
    ore_tensor *weight = b.weight;
    assert_int_equal(ore_module_load_assign(&b.module, path), ORE_OK);
    assert_ptr_equal(b.weight, weight);
    assert_ptr_equal(tied.weight, weight);
    assert_int_equal(ore_tensor_dtype(b.bias), ORE_BFLOAT16);
    assert_true(equal(b.weight, ore_to(a.weight, ORE_BFLOAT16)));
    assert_int_equal(ore_module_save(&a.module, path), ORE_OK);
    assert_int_equal(ore_module_load_assign(&b.module, path), ORE_OK);
    assert_true(equal(b.weight, a.weight) && equal(b.bias, a.bias));
    assert_true(ore_requires_grad(b.weight));
    assert_int_equal(ore_module_save_as(&a.module, path, ORE_INT64), ORE_INVALID);
    assert_error(ORE_INVALID, "module_save_as: dtype int64, expected a floating one");
    ore_module_free(&b.module);
    ore_module_free(&a.module);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_module_and_optimizer_come_back),
        TEST(test_path_without_folder),
        TEST(test_other_tensors_are_refused),
        TEST(test_digests_of_a_checkpoint),
        TEST(test_other_dtypes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
