/* test_device.c: what a device is: its memory, tensors on it, and what crosses over. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "backend/cpu/cpu.h"
#include "core/tensor.h"
#include "support/errors.h"
#include "support/guarded.h"
#include "support/refusals.h"

/* ---- the tables ---- */

/* Every backend keeps bytes, whatever it does with them. */
static void bytes_survive_the_way(const ore_backend *backend, ore_device device) {
    const ore_context *ctx = ore_context_of(device);
    assert_non_null(ctx);
    assert_ptr_equal(ctx->backend, backend);
    assert_ptr_equal(ctx->kernels, backend->kernels());
    char in[100], out[100] = {0};
    for (int i = 0; i < 100; i++)
        in[i] = (char)(3 * i);
    char *a = backend->allocate(ctx, 100), *b = backend->allocate(ctx, 50);
    assert_true(a && b && (uintptr_t)a % 64 == 0 && (uintptr_t)b % 64 == 0);
    assert_int_equal(backend->copy_in(ctx, a, in, 100), ORE_OK);
    assert_int_equal(backend->copy(ctx, b + 1, a + 20, 40), ORE_OK);
    assert_int_equal(backend->copy(ctx, a + 60, b + 1, 40), ORE_OK);
    memset(in + 60, 0, 40); /* what was copied in does not change with it */
    assert_int_equal(backend->synchronize(ctx), ORE_OK);
    assert_int_equal(backend->copy_out(ctx, out, a, 100), ORE_OK);
    assert_memory_equal(out, in, 60);
    assert_memory_equal(out + 60, in + 20, 40);
    backend->release(ctx, a, 100);
    backend->release(ctx, b, 50);
    void *nothing = backend->allocate(ctx, 0);
    assert_non_null(nothing);
    backend->release(ctx, nothing, 0);
}

static void backends_keep_bytes(void **state) {
    (void)state;
    bytes_survive_the_way(&ore_cpu_backend, ORE_CPU);
    bytes_survive_the_way(&guarded_backend, GUARDED);
}

static void a_device_has_one_backend(void **state) {
    (void)state;
    assert_int_equal(ore_backend_register(GUARDED, &guarded_backend), ORE_OK); /* as it is */
    assert_int_equal(ore_backend_register(ORE_CPU, &guarded_backend), ORE_STATE);
    assert_error_is(ORE_STATE, "backend TEST: device 0 is that of CPU");
    assert_int_equal(ore_backend_register((ore_device)ORE_DEVICE_LIMIT, &guarded_backend),
                     ORE_INVALID);
    assert_error_is(ORE_INVALID, "backend TEST: device 8, expected 0 .. 7");
    ore_device device;
    assert_true(ore_device_from_name("cuda", &device) && device == ORE_CUDA);
    assert_true(ore_device_from_name("cpu", &device) && device == ORE_CPU);
    assert_false(ore_device_from_name("abacus", &device) || ore_device_from_name(NULL, &device));
    assert_true(ore_device_is_available(GUARDED) && ore_device_is_available(ORE_CPU));
    assert_false(ore_device_is_available((ore_device)6) || ore_device_is_available((ore_device)-1));
    assert_int_equal(ore_device_synchronize(GUARDED), ORE_OK);
    assert_int_equal(ore_device_synchronize((ore_device)6), ORE_UNSUPPORTED);
    assert_error_is(ORE_UNSUPPORTED, "device: 6 is not in this build");
}

/* Ends by a signal, in a child, where the guard is one. */
static void the_host_cannot_look(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_to_device(ones(ORE_SHAPE(3)), GUARDED);
    const volatile char *address = ore_tensor_address(x);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        _exit(*address == 0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    ore_scope_end();
}

/* ---- crossing over ---- */

static void assert_same(ore_tensor *got, ore_tensor *want) {
    assert_true(ore_ok() && got && want);
    assert_true(ore_shape_equal(ore_shape_of(got), ore_shape_of(want)));
    assert_int_equal(ore_tensor_dtype(got), ore_tensor_dtype(want));
    size_t bytes = (size_t)ore_numel(want) * ore_dtype_size(ore_tensor_dtype(want));
    char *a = malloc(bytes + 1), *b = malloc(bytes + 1);
    assert_int_equal(ore_copy_out(got, a, bytes), ORE_OK);
    assert_int_equal(ore_copy_out(want, b, bytes), ORE_OK);
    assert_memory_equal(a, b, bytes);
    free(a);
    free(b);
}

static void tensors_cross_over(void **state) {
    (void)state;
    for (int dtype = 0; dtype < ORE_DTYPE_COUNT; dtype++) {
        ore_scope_begin();
        ore_tensor *x = ore_reshape(ore_arange(0, 24, 1, ORE_INT64), ORE_SHAPE(2, 3, 4));
        x = ore_to(x, (ore_dtype)dtype);
        ore_tensor *views[] = {x,
                               ore_transpose(x, 0, 2),
                               ore_select(x, 1, 2),
                               ore_slice(x, 2, 1, 4, 2),
                               ore_narrow(x, 0, 1, 0),
                               ore_expand(ore_narrow(x, 1, 0, 1), ORE_SHAPE(2, 5, 4))};
        for (int i = 0; i < 6; i++) {
            ore_tensor *there = ore_to_device(views[i], GUARDED);
            assert_int_equal(ore_tensor_device(there), GUARDED);
            assert_true(ore_is_contiguous(there));
            assert_ptr_equal(ore_to_device(there, GUARDED), there);
            assert_same(ore_to_device(there, ORE_CPU), views[i]);
        }
        /* views on the device, out and in */
        ore_tensor *there = ore_to_device(x, GUARDED), *turned = ore_transpose(there, 0, 2);
        assert_same(turned, ore_transpose(x, 0, 2));
        assert_same(ore_to_device(turned, ORE_CPU), ore_transpose(x, 0, 2));
        char bytes[24 * 8] = {0};
        assert_int_equal(ore_copy_in(turned, bytes, 24 * ore_dtype_size((ore_dtype)dtype)), ORE_OK);
        assert_same(there, ore_zeros_like(x));
        assert_same(ore_copy_(turned, ore_transpose(x, 0, 2)), ore_transpose(x, 0, 2));
        assert_same(ore_copy_(ore_zeros_like(x), there), x);
        ore_scope_end();
    }
}

static void gradients_cross_over(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_set_requires_grad(ore_arange(1, 4, 1, ORE_FLOAT32), true);
    ore_tensor *there = ore_square(ore_to_device(x, GUARDED));
    ore_tensor *y = ore_sum(ore_mul(ore_to_device(there, ORE_CPU), x), ORE_ALL, false);
    assert_int_equal(ore_backward(y), ORE_OK);
    float dx[3];
    assert_int_equal(ore_copy_out(ore_grad(x), dx, sizeof dx), ORE_OK);
    for (int i = 0; i < 3; i++)
        assert_float_equal(dx[i], 3 * (i + 1) * (i + 1), 0);
    ore_scope_end();
}

/* A leaf that is moved between forward and backward gets its gradient where it is. */
static void a_moved_leaf_gets_its_gradient(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_set_requires_grad(ore_arange(0, 6, 1, ORE_FLOAT32), true);
    for (int round = 0; round < 2; round++) { /* the second adds to what the first has left */
        ore_tensor *part = ore_narrow(x, 0, 0, 2), *whole = ore_mul_scalar(x, 3);
        ore_tensor *y = ore_add(ore_sum(part, ORE_ALL, false), ore_sum(whole, ORE_ALL, false));
        ore_device to = round ? ORE_CPU : GUARDED;
        ore_tensor_replace_value(x, ore_to_device(ore_detach(x), to));
        if (ore_grad(x))
            ore_tensor_replace_value(ore_grad(x), ore_to_device(ore_grad(x), to));
        assert_int_equal(ore_backward(y), ORE_OK);
        assert_int_equal(ore_tensor_device(ore_grad(x)), to);
    }
    float dx[6];
    assert_int_equal(ore_copy_out(ore_grad(x), dx, sizeof dx), ORE_OK);
    for (int i = 0; i < 6; i++)
        assert_float_equal(dx[i], i < 2 ? 8 : 6, 0);
    ore_scope_end();
}

/* ---- reading ---- */

static void elements_are_read_from_a_device(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_reshape(ore_arange(0, 2400, 1, ORE_FLOAT32), ORE_SHAPE(60, 40));
    ore_tensor *there = ore_to_device(x, GUARDED);
    assert_float_equal(ore_item(ore_select(ore_select(there, 0, 3), 0, 7)), 127, 0);
    assert_int_equal(ore_item_int(ore_to_device(ore_scalar(-5, ORE_INT32), GUARDED)), -5);
    assert_float_equal(ore_item(ore_to_device(ore_scalar(1.5, ORE_BFLOAT16), GUARDED)), 1.5, 0);
    char *want = ore_tensor_text(x), *got = ore_tensor_text(there);
    assert_true(want && got);
    assert_string_equal(got, want);
    ore_string_free(want);
    ore_string_free(got);
    assert_null(ore_data(there));
    assert_error_is(ORE_INVALID, "data: the tensor is not on the CPU; use ore_to_device");
    assert_null(ore_data_mut(there));
    assert_error_is(ORE_INVALID, "data_mut: the tensor is not on the CPU; use ore_to_device");
    ore_scope_end();
}

/* ---- refusals ---- */

static void mixed_devices_are_refused(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *here = ones(ORE_SHAPE(4, 4)), *there = ore_to_device(here, GUARDED);
    ore_tensor *row = ones(ORE_SHAPE(4));
    ore_tensor *labels = ore_to_device(ore_arange(0, 4, 1, ORE_INT64), GUARDED);
    invalid(ore_add(here, there), "add: arguments 1 and 2 are on different devices");
    invalid(ore_add_(there, here), "add_: arguments 1 and 2 are on different devices");
    invalid(ore_matmul(there, here), "matmul: arguments 1 and 2 are on different devices");
    invalid(ore_cat((ore_tensor *[]){here, here, there}, 3, 0),
            "cat: arguments 1 and 3 are on different devices");
    invalid(ore_f_linear(there, there, row), "linear: arguments 1 and 2 are on different devices");
    const char *beside = "layer_norm: an argument is on another device than the first";
    invalid(ore_f_layer_norm(there, ORE_SHAPE(4), row, NULL, 1e-5), beside);
    ore_cross_entropy_options weighed = ore_cross_entropy_defaults();
    weighed.weight = row;
    beside = "cross_entropy: an argument is on another device than the first";
    invalid(ore_cross_entropy(there, labels, &weighed), beside);
    beside = "batch_norm: an argument is on another device than the first";
    invalid(ore_batch_norm(there, NULL, NULL, row, NULL, true, 0.1, 1e-5), beside);
    ore_tensor *leaf = ore_set_requires_grad(ones(ORE_SHAPE(4, 4)), true);
    assert_int_equal(ore_set_grad(leaf, there), ORE_INVALID);
    assert_error_is(ORE_INVALID, "set_grad: arguments 1 and 2 are on different devices");
    assert_int_equal(ore_backward_from(ore_neg(leaf), there, false), ORE_INVALID);
    assert_error_is(ORE_INVALID, "backward: an argument is on another device than the first");
    ore_scope_end();
}

static void a_missing_row_is_named(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_to_device(ones(ORE_SHAPE(4, 4)), GUARDED);
    refused(ore_cumsum(x, 0), ORE_UNSUPPORTED, "cumsum: no TEST kernel for float32");
    refused(ore_sin(x), ORE_UNSUPPORTED, "sin: no TEST kernel for float32");
    ore_tensor *whole = ore_to(x, ORE_INT32);
    refused(ore_mean(ore_log_softmax(x, 1), ORE_ALL, false), ORE_UNSUPPORTED,
            "log_softmax: no TEST kernel for float32");
    refused(ore_remainder(whole, whole), ORE_UNSUPPORTED, "remainder: no TEST kernel for int32");
    ore_scope_end();
}

/* ---- memory ---- */

static ore_memory_stats memory_of(ore_device device) {
    ore_memory_stats stats;
    ore_device_memory_read(device, &stats);
    return stats;
}

static void memory_is_counted_by_device(void **state) {
    (void)state;
    ore_scope_begin();
    ore_memory_stats before = memory_of(GUARDED), host = memory_of(ORE_CPU);
    ore_device_memory_reset_peak(GUARDED);
    ore_scope_begin();
    ore_tensor *x = ore_to_device(ones(ORE_SHAPE(1 << 20)), GUARDED);
    ore_scope_begin();
    ore_neg(x);
    assert_int_equal(memory_of(GUARDED).in_use_bytes - before.in_use_bytes, 2 << 22);
    ore_scope_end();
    ore_memory_stats held = memory_of(GUARDED);
    assert_int_equal(held.in_use_bytes - before.in_use_bytes, 1 << 22);
    assert_int_equal(held.reserved_bytes, held.in_use_bytes);
    assert_int_equal(held.peak_bytes - before.in_use_bytes, 2 << 22);
    assert_int_equal(held.system_calls - before.system_calls, 3);
    ore_scope_end();
    assert_int_equal(memory_of(GUARDED).in_use_bytes, before.in_use_bytes);
    ore_device_memory_reset_peak(GUARDED);
    assert_int_equal(memory_of(GUARDED).peak_bytes, before.in_use_bytes);
    /* nothing of it was the host's but what was made there first, and has gone */
    assert_true(memory_of(ORE_CPU).in_use_bytes < host.in_use_bytes + (1 << 20));
    ore_memory_stats pool;
    ore_memory_read(&pool);
    assert_int_equal(memory_of(ORE_CPU).reserved_bytes, pool.reserved_bytes);
    assert_int_equal(memory_of(ORE_CUDA).reserved_bytes, 0);
    refused(ore_to_device(ore_expand(ones(ORE_SHAPE(1)), ORE_SHAPE(1 << 27)), GUARDED), ORE_MEMORY,
            "out of memory: 536870912 bytes wanted on TEST");
    assert_int_equal(memory_of(GUARDED).in_use_bytes, before.in_use_bytes);
    ore_scope_end();
}

/* ---- random numbers: drawn by the CPU, the same for every device ---- */

static void draw_all(ore_device device, ore_tensor **drawn) {
    ore_manual_seed(7);
    ore_tensor *x = ore_to_device(ore_zeros(ORE_SHAPE(5, 9), ORE_FLOAT32), device);
    ore_tensor *p = ore_sigmoid(ore_normal_(ore_clone(x), 0, 1, NULL));
    drawn[0] = ore_normal_(ore_clone(x), 1, 2, NULL);
    drawn[1] = ore_uniform_(ore_clone(x), -1, 1, NULL);
    drawn[2] = ore_clone(x);
    ore_exponential_(ore_t(drawn[2]), 2, NULL);
    drawn[3] = ore_bernoulli(ore_t(p), NULL);
    drawn[4] = ore_multinomial(p, 3, false, NULL);
    drawn[5] = ore_f_dropout(p, 0.4, true, NULL);
    drawn[6] = ore_random_(ore_to(x, ORE_INT64), 0, 10, NULL);
    drawn[7] = ore_f_dropout(p, 1, true, NULL);
    drawn[8] = ore_init_orthogonal(ore_clone(x), 1, NULL);
    drawn[9] = ore_bernoulli_(ore_clone(x), 0.3, NULL);
}

static void one_seed_is_one_stream(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *here[10], *there[10];
    draw_all(ORE_CPU, here);
    draw_all(GUARDED, there);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ore_tensor_device(there[i]), GUARDED);
        assert_same(there[i], here[i]);
    }
    ore_scope_end();
}

static int set_up(void **state) {
    (void)state;
    guarded_register();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backends_keep_bytes),
        cmocka_unit_test(a_device_has_one_backend),
        cmocka_unit_test(the_host_cannot_look),
        cmocka_unit_test(tensors_cross_over),
        cmocka_unit_test(gradients_cross_over),
        cmocka_unit_test(a_moved_leaf_gets_its_gradient),
        cmocka_unit_test(elements_are_read_from_a_device),
        cmocka_unit_test(mixed_devices_are_refused),
        cmocka_unit_test(a_missing_row_is_named),
        cmocka_unit_test(memory_is_counted_by_device),
        cmocka_unit_test(one_seed_is_one_stream),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
