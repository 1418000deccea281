/* test_pin.c: with ORE_PIN=1 workers stay on one core each; results stay what they are. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/threads.h"

#ifdef ORE_LINUX
enum { THREADS = 4, CHUNKS = 400 };

typedef struct seen {
    atomic_int cores[THREADS]; /* that a thread may run on; 0: it took no chunk */
    atomic_int done;
} seen;

static void look(void *argument, int64_t chunk) {
    seen *s = argument;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        atomic_store(&s->cores[ore_thread_index()], CPU_COUNT(&set));
    atomic_fetch_add(&s->done, 1);
    if (chunk % 10 == 0)
        usleep(200); /* long enough for every worker to come */
}

static void workers_stay_on_a_core(void **state) {
    (void)state;
    cpu_set_t before, after;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    seen s = {.done = 0};
    assert_int_equal(ore_set_num_threads(THREADS), ORE_OK);
    ore_parallel_for(CHUNKS, look, &s);
    assert_int_equal(atomic_load(&s.done), CHUNKS);
    int workers = 0;
    for (int i = 1; i < THREADS; i++)
        if (atomic_load(&s.cores[i])) {
            assert_int_equal(atomic_load(&s.cores[i]), 1);
            workers++;
        }
    assert_true(workers > 0);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&before, &after)); /* the caller is left alone */
}
#else
static void workers_stay_on_a_core(void **state) {
    (void)state;
    skip(); /* no call keeps a thread on a core */
}
#endif

int main(void) {
    setenv("ORE_PIN", "1", 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(workers_stay_on_a_core)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
