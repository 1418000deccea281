/* test_no_workers.c: where the system grants no threads at all, everything ends all the same, with
 * the same results. Its pthread_create stands in front of the C library's. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/nn.h>

#include "base/threads.h"

static int refused;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument) {
    (void)thread, (void)attributes, (void)start, (void)argument;
    refused++;
    return EAGAIN;
}

enum { CHUNKS = 1000, MEMBERS = 9, ROWS = 40, COLS = 30, LONGEST = 60 /* seconds */ };

static void count_chunk(void *argument, int64_t chunk) {
    ((int *)argument)[chunk]++;
}

static void every_chunk_runs_once(void **state) {
    (void)state;
    int counts[CHUNKS] = {0};
    ore_set_num_threads(4);
    ore_parallel_for(CHUNKS, count_chunk, counts);
    ore_parallel_for_in_order(CHUNKS, count_chunk, counts);
    assert_true(refused > 0);
    for (int i = 0; i < CHUNKS; i++)
        assert_int_equal(counts[i], 2);
}

typedef struct order {
    int64_t next;
    bool kept;
} order;

static void see_order(void *argument, int64_t chunk) {
    order *o = argument;
    o->kept = o->kept && chunk == o->next++;
}

static void chunks_in_order_begin_in_order(void **state) {
    (void)state;
    order o = {0, true};
    ore_set_num_threads(4);
    ore_parallel_for_in_order(CHUNKS, see_order, &o);
    assert_true(o.kept);
    assert_int_equal(o.next, CHUNKS);
}

/* Members that draw wait for those before them, which nobody but the caller can run. */
static void members_that_draw_do_not_wait_for_ever(void **state) {
    (void)state;
    ore_module root;
    ore_module_list list;
    ore_dropout drops[MEMBERS];
    ore_tensor *x[MEMBERS], *y[MEMBERS], *want[MEMBERS];
    alarm(LONGEST);
    ore_set_num_threads(4);
    ore_scope_begin();
    ore_module_init(&root, NULL, NULL);
    ore_module_list_init(&list, &root, "list");
    for (int i = 0; i < MEMBERS; i++) {
        ore_dropout_init(&drops[i], &list.module, NULL, 0.5);
        x[i] = ore_ones(ORE_SHAPE(ROWS, COLS), ORE_FLOAT32);
    }
    ore_manual_seed(7);
    for (int i = 0; i < MEMBERS; i++)
        want[i] = ore_dropout_forward(&drops[i], x[i]);
    ore_manual_seed(7);
    assert_int_equal(ore_parallel(&list.module, x, y), ORE_OK);
    for (int i = 0; i < MEMBERS; i++)
        assert_memory_equal(ore_data(y[i]), ore_data(want[i]), ROWS * COLS * sizeof(float));
    ore_module_free(&root);
    ore_scope_end();
    alarm(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_runs_once),
        cmocka_unit_test(chunks_in_order_begin_in_order),
        cmocka_unit_test(members_that_draw_do_not_wait_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
