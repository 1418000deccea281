/* test_threads.c: the pool runs every chunk once, nests, serves several callers, carries errors. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/threads.h"

enum { MOST = 5000 };

typedef struct tally {
    _Atomic int runs[MOST];
    _Atomic int in_use[ORE_MAX_THREADS]; /* chunks running under each thread index */
    _Atomic int clashes;
} tally;

static tally shared_tally;

static void count_chunk(void *argument, int64_t chunk) {
    tally *t = argument;
    int index = ore_thread_index();
    if (atomic_fetch_add(&t->in_use[index], 1) != 0 || index >= ore_num_threads())
        atomic_fetch_add(&t->clashes, 1);
    atomic_fetch_add(&t->runs[chunk], 1);
    atomic_fetch_sub(&t->in_use[index], 1);
}

static void expect_once(tally *t, int64_t chunks) {
    for (int64_t i = 0; i < MOST; i++)
        assert_int_equal(atomic_load(&t->runs[i]), i < chunks ? 1 : 0);
    assert_int_equal(atomic_load(&t->clashes), 0);
}

static void test_every_chunk_once(void **state) {
    (void)state;
    static const int64_t sizes[] = {0, 1, 2, 3, 7, 16, 100, MOST};
    for (int threads = 1; threads <= 5; threads++) {
        assert_int_equal(ore_set_num_threads(threads), ORE_OK);
        assert_int_equal(ore_num_threads(), threads);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            memset(&shared_tally, 0, sizeof shared_tally);
            ore_parallel_for(sizes[s], count_chunk, &shared_tally);
            expect_once(&shared_tally, sizes[s]);
        }
    }
}

static void test_many_short_jobs(void **state) {
    (void)state;
    ore_set_num_threads(3);
    for (int job = 0; job < 3000; job++) {
        int64_t chunks = job % 9;
        memset(shared_tally.runs, 0, sizeof shared_tally.runs[0] * 16);
        ore_parallel_for(chunks, count_chunk, &shared_tally);
        for (int64_t i = 0; i < 16; i++)
            assert_int_equal(atomic_load(&shared_tally.runs[i]), i < chunks ? 1 : 0);
        if (job % 1000 == 0)
            usleep(2000); /* long enough for the workers to go to sleep */
    }
}

enum { OUTER = 20, INNER = 30 };
static _Atomic int nested_runs[OUTER * INNER];
static _Atomic int nested_strays;

typedef struct nest {
    int64_t outer;
    int index;
} nest;

static void inner_chunk(void *argument, int64_t chunk) {
    const nest *n = argument;
    if (ore_thread_index() != n->index)
        atomic_fetch_add(&nested_strays, 1);
    atomic_fetch_add(&nested_runs[n->outer * INNER + chunk], 1);
}

static void outer_chunk(void *argument, int64_t chunk) {
    (void)argument;
    nest n = {chunk, ore_thread_index()};
    ore_parallel_for(INNER, inner_chunk, &n);
}

static void test_nested_calls_stay_on_their_thread(void **state) {
    (void)state;
    ore_set_num_threads(4);
    ore_parallel_for(OUTER, outer_chunk, NULL);
    for (int i = 0; i < OUTER * INNER; i++)
        assert_int_equal(atomic_load(&nested_runs[i]), 1);
    assert_int_equal(atomic_load(&nested_strays), 0);
}

static void sum_chunk(void *argument, int64_t chunk) {
    atomic_fetch_add((_Atomic int64_t *)argument, chunk);
}

static void *user_thread(void *argument) {
    for (int job = 0; job < 500; job++) {
        _Atomic int64_t sum = 0;
        ore_parallel_for(100, sum_chunk, &sum);
        if (atomic_load(&sum) != 4950)
            atomic_fetch_add((_Atomic int *)argument, 1);
    }
    return NULL;
}

static void test_several_user_threads(void **state) {
    (void)state;
    ore_set_num_threads(3);
    _Atomic int wrong = 0;
    pthread_t users[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&users[i], NULL, user_thread, &wrong), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(users[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
}

static void failing_chunk(void *argument, int64_t chunk) {
    (void)argument;
    usleep(100); /* so that workers get some */
    if (chunk % 2)
        ore_fail(ORE_DATA, "label out of range");
}

static void test_errors_reach_the_caller(void **state) {
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        ore_set_num_threads(threads);
        ore_parallel_for(40, failing_chunk, NULL);
        assert_int_equal(ore_error_status(), ORE_DATA);
        assert_string_equal(ore_error_message(), "label out of range");
        ore_error_clear();
        memset(&shared_tally, 0, sizeof shared_tally);
        ore_parallel_for(100, count_chunk, &shared_tally);
        expect_once(&shared_tally, 100);
        assert_true(ore_ok());
    }
}

static void test_thread_count_checks(void **state) {
    (void)state;
    assert_int_equal(ore_set_num_threads(0), ORE_INVALID);
    assert_string_equal(ore_error_message(), "set_num_threads: got 0, expected 1 to 256");
    ore_error_clear();
    assert_int_equal(ore_set_num_threads(257), ORE_INVALID);
    ore_error_clear();
    int cores = ore_usable_cores();
    assert_in_range(cores, 1, ORE_MAX_THREADS);
    assert_true(cores <= sysconf(_SC_NPROCESSORS_ONLN));
}

static void test_chunks(void **state) {
    (void)state;
    assert_int_equal(ore_chunk_count(0, 10, 8), 1);
    assert_int_equal(ore_chunk_count(9, 10, 8), 1);
    assert_int_equal(ore_chunk_count(35, 10, 8), 3);
    assert_int_equal(ore_chunk_count(1000, 10, 8), 8);
}

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif

static void test_child_of_fork(void **state) {
    (void)state;
#ifdef THREAD_SANITIZER
    skip(); /* which refuses threads in a child of fork */
#endif
    if (getenv("ORE_EMULATED")) {
        print_message("skipped: qemu-user ends at the fork of a program with threads\n");
        skip();
    }
    ore_set_num_threads(3);
    memset(&shared_tally, 0, sizeof shared_tally);
    ore_parallel_for(10, count_chunk, &shared_tally);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _Atomic int64_t sum = 0;
        ore_parallel_for(100, sum_chunk, &sum);
        _exit(atomic_load(&sum) == 4950 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void the_clock_goes_forward(void **state) {
    (void)state;
    double before = ore_clock_s();
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    assert_true(ore_clock_s() - before >= 2e-3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_chunk_once),
        cmocka_unit_test(test_many_short_jobs),
        cmocka_unit_test(test_nested_calls_stay_on_their_thread),
        cmocka_unit_test(test_several_user_threads),
        cmocka_unit_test(test_errors_reach_the_caller),
        cmocka_unit_test(test_thread_count_checks),
        cmocka_unit_test(test_chunks),
        cmocka_unit_test(test_child_of_fork),
        cmocka_unit_test(the_clock_goes_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
