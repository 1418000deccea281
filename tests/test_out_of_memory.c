/* test_out_of_memory.c: the n-th allocation fails, for every n, while a model is built, trained and
 * freed. Each time there must be a clean error, nothing may be lost, and what is left must go on
 * once the error is cleared. The linker puts this file's functions in place of the pool's (--wrap);
 * they count and pass on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ore/init.h>
#include <ore/ops.h>
#include <ore/optim.h>

#include "models/gpt/gpt.h"

#ifdef ORE_LINUX
static int64_t allocations, fail_at;

static bool fails_now(size_t bytes) {
    if (++allocations != fail_at)
        return false;
    ore_fail(ORE_MEMORY, "out of memory: %zu bytes wanted", bytes);
    return true;
}

void *__real_ore_alloc(size_t bytes);
void *__wrap_ore_alloc(size_t bytes);
void *__wrap_ore_alloc(size_t bytes) {
    return fails_now(bytes) ? NULL : __real_ore_alloc(bytes);
}

void *__real_ore_alloc_zero(size_t bytes);
void *__wrap_ore_alloc_zero(size_t bytes);
void *__wrap_ore_alloc_zero(size_t bytes) {
    return fails_now(bytes) ? NULL : __real_ore_alloc_zero(bytes);
}

char *__real_ore_copy_text(const char *text);
char *__wrap_ore_copy_text(const char *text);
char *__wrap_ore_copy_text(const char *text) {
    return fails_now(strlen(text) + 1) ? NULL : __real_ore_copy_text(text);
}

ore_status __real_ore_grow(void **items, int64_t *capacity, int64_t count, size_t bytes);
ore_status __wrap_ore_grow(void **items, int64_t *capacity, int64_t count, size_t bytes);
ore_status __wrap_ore_grow(void **items, int64_t *capacity, int64_t count, size_t bytes) {
    if (count > *capacity && fails_now(bytes))
        return ORE_MEMORY;
    return __real_ore_grow(items, capacity, count, bytes);
}

static void assert_out_of_memory(void) {
    if (!ore_ok() &&
        (ore_error_status() != ORE_MEMORY || !strstr(ore_error_message(), "out of memory")))
        fail_msg("allocation %lld: %s", (long long)fail_at, ore_error_message());
    ore_error_clear();
}

/* ---- what is run ---- */

static void train_gpt_step(gpt *model, ore_optimizer *optimizer) {
    int64_t ids[8] = {1, 2, 3, 4, 5, 6, 7, 0};
    ore_scope_begin();
    ore_tensor *x = ore_from_data(ids, ORE_SHAPE(2, 4), ORE_INT64);
    ore_tensor *logits = gpt_forward(model, x);
    ore_tensor *loss =
        ore_cross_entropy(ore_reshape(logits, ORE_SHAPE(8, 9)), ore_reshape(x, ORE_SHAPE(8)), NULL);
    ore_optimizer_zero_grad(optimizer);
    ore_backward(loss);
    ore_optimizer_clip_grad_norm(optimizer, 1);
    ore_optimizer_step(optimizer);
    ore_scope_end();
}

static gpt_config small(void) {
    gpt_config c = gpt_defaults();
    c.n_layer = 2;
    c.n_head = 2;
    c.n_embd = 4;
    c.block_size = 4;
    c.vocab_size = 9;
    c.attn_dropout = c.resid_dropout = c.mlp_dropout = 0.1;
    return c;
}

/* True when all went well; the second step goes ahead without failures whatever happened. */
static bool train_gpt(void) {
    gpt_config config = small();
    gpt model;
    gpt_init(&model, &config, NULL);
    bool built = ore_ok();
    ore_optimizer *optimizer = built ? ore_adamw_new(&model.module, NULL) : NULL;
    if (optimizer)
        train_gpt_step(&model, optimizer);
    bool ok = ore_ok();
    assert_out_of_memory();
    fail_at = 0;
    if (optimizer)
        train_gpt_step(&model, optimizer);
    assert_true(ore_ok());
    ore_optimizer_free(optimizer);
    gpt_free(&model);
    return ok;
}

static ore_tensor *leaf(ore_shape shape) {
    return ore_set_requires_grad(ore_rand(shape, ORE_FLOAT32, NULL), true);
}

static ore_tensor *many_views(ore_tensor *x) {
    ore_tensor *parts[4];
    int n = ore_chunk(x, 2, 1, parts, 4);
    ore_tensor *joined = n == 2 ? ore_cat(parts, 2, 0) : NULL;
    ore_tensor *both[] = {joined, ore_mul(joined, joined)};
    ore_tensor *y = joined ? ore_stack(both, 2, 1) : NULL;
    y = ore_flatten(ore_permute(y, ORE_DIMS(2, 0, 1)), 0, -1);
    return ore_add(y, ore_expand(ore_slice(y, 0, 1, 2, 1), ORE_SHAPE(-1)));
}

static ore_tensor *many_reductions(ore_tensor *x) {
    ore_tensor *y = ore_add(ore_std(x, ORE_DIMS(1), 1, true), ore_var(x, ORE_DIMS(0), 0, true));
    y = ore_add(y, ore_amax(x, ORE_DIMS(0), true));
    y = ore_add(y, ore_max_dim(x, 1, true, NULL));
    y = ore_mul(y, ore_where(ore_gt(x, y), x, ore_mean(x, ORE_ALL, false)));
    return ore_sub(y, ore_to(ore_to(ore_log_softmax(x, 0), ORE_FLOAT64), ORE_FLOAT32));
}

static ore_tensor *many_functions(ore_tensor *x, ore_tensor *w) {
    ore_tensor *y = ore_pow(ore_exp(ore_neg(x)), ore_sigmoid(w));
    y = ore_div(ore_sqrt(ore_abs(y)), ore_add_scalar(ore_log(ore_add_scalar(x, 2)), 1));
    y = ore_maximum(ore_clamp(ore_tanh(y), 0, 0.9), ore_gelu_tanh(w));
    y = ore_masked_fill(ore_tril(y, 0), ore_lt(x, w), 0.25);
    ore_tensor *index = ore_argmax(y, 1, true);
    y = ore_add(ore_gather(y, 1, index), ore_index_select(y, 0, ore_randperm(4, NULL)));
    y = ore_matmul(ore_unsqueeze(y, 0), ore_t(w));
    y = ore_f_layer_norm(y, ORE_SHAPE(4), ore_select(w, 0, 0), ore_select(w, 0, 1), 1e-5);
    ore_add_(y, ore_select(x, 0, 0));
    ore_mul_scalar_(y, 2);
    ore_copy_(y, ore_add(y, y));
    return ore_squeeze(ore_f_dropout(ore_transpose(y, 1, 2), 0.5, true, NULL), 0);
}

static bool use_every_op(void) {
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(4, 4)), *w = leaf(ORE_SHAPE(4, 4));
    ore_tensor *y = ore_retain_grad(many_functions(x, w));
    ore_tensor *all = ore_add(ore_sum(many_views(y), ORE_ALL, false),
                              ore_sum(many_reductions(ore_add(x, w)), ORE_ALL, false));
    ore_backward(all);
    ore_string_free(ore_tensor_text(x));
    ore_set_grad(w, ore_grad(x));
    ore_clip_grad_value_of((ore_tensor *[]){x, w}, 2, 0.5);
    bool ok = ore_ok();
    assert_out_of_memory();
    ore_scope_end();
    return ok;
}

static size_t in_use(void) {
    ore_memory_stats stats;
    ore_memory_read(&stats);
    return stats.in_use_bytes;
}

static void fail_at_every_allocation(bool (*run)(void)) {
    ore_manual_seed(1);
    fail_at = 0;
    assert_true(run());
    size_t before = in_use();
    bool reached = true;
    for (int64_t n = 1; reached; n++) {
        ore_manual_seed(1);
        allocations = 0;
        fail_at = n;
        bool ok = run();
        reached = allocations >= n;
        if (ok && reached && fail_at == n)
            fail_msg("allocation %lld failed, but nothing did", (long long)n);
        if (in_use() != before)
            fail_msg("allocation %lld: %zu bytes in use, expected %zu", (long long)n, in_use(),
                     before);
        assert_true(ore_ok() && ore_grad_enabled());
    }
}

static void training_survives(void **state) {
    (void)state;
    fail_at_every_allocation(train_gpt);
}

static void every_op_survives(void **state) {
    (void)state;
    fail_at_every_allocation(use_every_op);
}

#else /* macOS's linker puts no function in place of another */
static void training_survives(void **state) {
    (void)state;
    skip();
}

static void every_op_survives(void **state) {
    (void)state;
    skip();
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_survives),
        cmocka_unit_test(every_op_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
