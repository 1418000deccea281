/* test_user_threads.c: several threads of a program use the library at once: each trains a model of
 * its own and gets what it would get alone; blocks of the pool wander between threads; errors and
 * modes belong to one thread. Worth a run under ThreadSanitizer. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/nn.h>
#include <ore/ops.h>
#include <ore/optim.h>

#include "base/memory.h"

enum { THREADS = 4, IN = 24, HIDDEN = 80, ROWS = 64, STEPS = 12 };

typedef struct net {
    ore_module root;
    ore_linear up, down;
} net;

typedef struct training {
    uint64_t seed;
    float weights[HIDDEN * IN];
    ore_error error;
} training;

static void train_one(net *n, ore_optimizer *optimizer, ore_generator *g) {
    ore_scope_begin();
    ore_tensor *x = ore_randn(ORE_SHAPE(ROWS, IN), ORE_FLOAT32, g);
    ore_tensor *hidden = ore_f_dropout(ore_gelu(ore_linear_forward(&n->up, x)), 0.1, true, g);
    ore_tensor *y = ore_linear_forward(&n->down, hidden);
    ore_tensor *loss = ore_cross_entropy(y, ore_argmax(x, 1, false), NULL);
    ore_optimizer_zero_grad(optimizer);
    ore_backward(loss);
    ore_optimizer_clip_grad_norm(optimizer, 1);
    ore_optimizer_step(optimizer);
    ore_scope_end();
}

static void *train(void *argument) {
    training *t = argument;
    ore_generator *g = ore_generator_new(t->seed);
    ore_linear_options o = ore_linear_defaults();
    o.generator = g;
    net n;
    ore_module_init(&n.root, NULL, NULL);
    ore_linear_init(&n.up, &n.root, "up", IN, HIDDEN, &o);
    ore_linear_init(&n.down, &n.root, "down", HIDDEN, IN, &o);
    ore_optimizer *optimizer = ore_adamw_new(&n.root, NULL);
    for (int step = 0; step < STEPS && ore_ok(); step++)
        train_one(&n, optimizer, g);
    ore_copy_out(n.up.weight, t->weights, sizeof t->weights);
    ore_optimizer_free(optimizer);
    ore_module_free(&n.root);
    ore_generator_free(g);
    ore_error_take(&t->error);
    return NULL;
}

static void on_threads(void *(*work)(void *), void *first, size_t bytes) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (char *)first + bytes * (size_t)i),
                         0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void trainings_do_not_disturb_each_other(void **state) {
    (void)state;
    static training alone[THREADS], together[THREADS];
    ore_set_num_threads(3);
    for (int i = 0; i < THREADS; i++) {
        alone[i].seed = together[i].seed = 10 + (uint64_t)i;
        train(&alone[i]);
    }
    on_threads(train, together, sizeof *together);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(alone[i].error.status, ORE_OK);
        assert_string_equal(together[i].error.message, "");
        assert_memory_equal(alone[i].weights, together[i].weights, sizeof alone[i].weights);
    }
}

/* ---- the pool ---- */

enum { PLACES = 64, ROUNDS = 20000 };

static struct {
    pthread_mutex_t lock;
    unsigned char *block[PLACES];
    size_t bytes[PLACES];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool holds_its_mark(const unsigned char *block, size_t bytes) {
    size_t last = bytes ? bytes - 1 : 0;
    return !bytes || (block[0] == (unsigned char)bytes && block[last] == (unsigned char)bytes &&
                      block[bytes / 2] == (unsigned char)bytes);
}

static void mark(unsigned char *block, size_t bytes) {
    if (bytes)
        block[0] = block[bytes / 2] = block[bytes - 1] = (unsigned char)bytes;
}

/* Puts new blocks at random places and releases those that were there, whoever made them. */
static void *shuffle_blocks(void *argument) {
    uint32_t random = *(uint32_t *)argument, *bad = argument;
    *bad = 0;
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1664525u + 1013904223u;
        size_t bytes = (random >> 8) % (1u << (random >> 4 & 15) % 19);
        unsigned char *block = ore_alloc(bytes);
        *bad += !block || (uintptr_t)block % 64 != 0;
        mark(block, bytes);
        pthread_mutex_lock(&table.lock);
        int place = (int)(random >> 20) % PLACES;
        unsigned char *old = table.block[place];
        size_t old_bytes = table.bytes[place];
        table.block[place] = block;
        table.bytes[place] = bytes;
        pthread_mutex_unlock(&table.lock);
        *bad += old && !holds_its_mark(old, old_bytes);
        ore_release(old);
        if (i % 5000 == 4999)
            ore_memory_trim();
    }
    return NULL;
}

static void blocks_wander_between_threads(void **state) {
    (void)state;
    uint32_t seeds[THREADS] = {1, 2, 3, 4};
    ore_memory_stats before, after;
    ore_memory_read(&before);
    on_threads(shuffle_blocks, seeds, sizeof *seeds);
    for (int i = 0; i < PLACES; i++)
        ore_release(table.block[i]);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(seeds[i], 0);
    ore_memory_read(&after);
    assert_int_equal(after.in_use_bytes, before.in_use_bytes);
    ore_memory_trim();
    ore_memory_read(&after);
    assert_true(after.reserved_bytes <= before.reserved_bytes);
}

/* ---- what belongs to a thread ---- */

static void *leave_a_mess(void *argument) {
    bool *right = argument;
    *right = ore_ok() && ore_grad_enabled();
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *x = ore_ones(ORE_SHAPE(1000), ORE_FLOAT32);
    ore_exp(x);
    ore_scope_begin();
    ore_add(x, ore_ones(ORE_SHAPE(3), ORE_FLOAT32));
    *right = *right && ore_error_status() == ORE_INVALID;
    return NULL; /* with open scopes, recording off and an error pending */
}

static void modes_and_errors_belong_to_a_thread(void **state) {
    (void)state;
    bool right[THREADS] = {false};
    ore_memory_stats before, after;
    ore_memory_read(&before);
    ore_scope_begin();
    on_threads(leave_a_mess, right, sizeof *right);
    assert_true(ore_ok() && ore_grad_enabled());
    ore_scope_end();
    for (int i = 0; i < THREADS; i++)
        assert_true(right[i]);
    ore_memory_read(&after);
    assert_int_equal(after.in_use_bytes, before.in_use_bytes);
}

static void *backward_elsewhere(void *argument) {
    ore_tensor *loss = argument;
    ore_scope_begin();
    ore_backward(loss);
    ore_scope_end();
    return ore_ok() ? argument : NULL;
}

static void owned_results_go_to_other_threads(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_own(ore_set_requires_grad(ore_ones(ORE_SHAPE(100), ORE_FLOAT32), true));
    ore_tensor *loss = ore_own(ore_sum(ore_mul(x, x), ORE_ALL, false));
    ore_scope_end();
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, backward_elsewhere, loss), 0);
    pthread_join(thread, &result);
    assert_ptr_equal(result, loss);
    ore_scope_begin();
    assert_true(ore_item(ore_sum(ore_grad(x), ORE_ALL, false)) == 200);
    ore_scope_end();
    ore_free(loss);
    ore_free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainings_do_not_disturb_each_other),
        cmocka_unit_test(blocks_wander_between_threads),
        cmocka_unit_test(modes_and_errors_belong_to_a_thread),
        cmocka_unit_test(owned_results_go_to_other_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
