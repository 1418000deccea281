/* Walks tests/golden/py_random.tsv, what Python's `random` and NumPy's legacy `np.random` draw;
 * then make_moons and errors. tests/golden/py_random_golden.py made the file. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/pyrandom.h>

#include "support/errors.h"

enum { MOST = 32033, COLUMNS = 4 };

typedef struct numbers {
    int n;
    bool real;
    double value[64];
    uint64_t integer[64];
} numbers;

static void take_real(numbers *v, double x) {
    v->real = true;
    v->value[v->n++] = x;
}

static void take_integer(numbers *v, int64_t k) {
    v->integer[v->n++] = (uint64_t)k;
}

static void take_first(numbers *v, const int64_t *list, int count) {
    for (int i = 0; i < count; i++)
        take_integer(v, list[i]);
}

static const int64_t *count_up(int64_t n, int64_t *list) {
    for (int64_t i = 0; i < n; i++)
        list[i] = i;
    return list;
}

/* False for a call that is none of the table's. */
static bool call_python(ore_python_random *r, const char *call, numbers *v) {
    static int64_t list[MOST];
    int n, k, count;
    if (sscanf(call, "getrandbits(%d) x%d", &k, &count) == 2)
        for (int i = 0; i < count; i++)
            take_integer(v, (int64_t)ore_python_random_getrandbits(r, k));
    else if (sscanf(call, "random() x%d", &count) == 1)
        for (int i = 0; i < count; i++)
            take_real(v, ore_python_random_random(r));
    else if (sscanf(call, "uniform(-1,1) x%d", &count) == 1)
        for (int i = 0; i < count; i++)
            take_real(v, ore_python_random_uniform(r, -1, 1));
    else if (sscanf(call, "randint(0,99) x%d", &count) == 1)
        for (int i = 0; i < count; i++)
            take_integer(v, ore_python_random_randint(r, 0, 99));
    else if (sscanf(call, "randrange(-5,2**40) x%d", &count) == 1)
        for (int i = 0; i < count; i++)
            take_integer(v, ore_python_random_randrange(r, -5, INT64_C(1) << 40));
    else if (sscanf(call, "randrange(%d) x%d", &n, &count) == 2)
        for (int i = 0; i < count; i++)
            take_integer(v, ore_python_random_below(r, n));
    else if (sscanf(call, "choice(range(%d)) x%d", &n, &count) == 2)
        for (int i = 0; i < count; i++)
            take_integer(v, ore_python_random_choice(r, n));
    else if (sscanf(call, "gauss(0,1) x%d", &count) == 1)
        for (int i = 0; i < count; i++)
            take_real(v, ore_python_random_gauss(r, 0, 1));
    else if (sscanf(call, "sample(range(%d),%d)", &n, &k) == 2) {
        ore_python_random_sample(r, n, k, list);
        take_first(v, list, k);
    } else if (sscanf(call, "shuffle(range(%d))", &n) == 1) {
        count_up(n, list);
        ore_python_random_shuffle(r, list, n, sizeof *list);
        take_first(v, list, n == MOST ? 16 : n);
    } else
        return false;
    return true;
}

static bool call_numpy(ore_numpy_random *r, const char *call, numbers *v) {
    int64_t list[100];
    double x[16];
    int n;
    if (sscanf(call, "random_sample(%d)", &n) == 1) {
        take_real(v, ore_numpy_random_random_sample(r));
        ore_numpy_random_rand(r, x, n - 1);
        for (int i = 0; i < n - 1; i++)
            take_real(v, x[i]);
    } else if (sscanf(call, "randn(%d)", &n) == 1) {
        ore_numpy_random_randn(r, x, n);
        for (int i = 0; i < n; i++)
            take_real(v, x[i]);
    } else if (sscanf(call, "normal(0,0.1,%d)", &n) == 1)
        for (int i = 0; i < n; i++)
            take_real(v, ore_numpy_random_normal(r, 0, 0.1));
    else if (sscanf(call, "uniform(-2,3,%d)", &n) == 1)
        for (int i = 0; i < n; i++)
            take_real(v, ore_numpy_random_uniform(r, -2, 3));
    else if (sscanf(call, "randint(0,100,%d)", &n) == 1)
        for (int i = 0; i < n; i++)
            take_integer(v, ore_numpy_random_randint(r, 0, 100));
    else if (sscanf(call, "randint(-3,2**40,%d)", &n) == 1)
        for (int i = 0; i < n; i++)
            take_integer(v, ore_numpy_random_randint(r, -3, INT64_C(1) << 40));
    else if (sscanf(call, "randint(0,2**32,%d)", &n) == 1)
        for (int i = 0; i < n; i++)
            take_integer(v, ore_numpy_random_randint(r, 0, INT64_C(1) << 32));
    else if (sscanf(call, "permutation(%d)", &n) == 1) {
        ore_numpy_random_permutation(r, n, list);
        take_first(v, list, n);
    } else if (strcmp(call, "shuffle(arange(100))[:16]") == 0) {
        count_up(100, list);
        ore_numpy_random_shuffle(r, list, 100, sizeof *list);
        take_first(v, list, 16);
    } else
        return false;
    return true;
}

static void compare(const char *call, const numbers *v, char *wanted) {
    for (int i = 0; i < v->n; i++) {
        char *end;
        bool same = v->real ? v->value[i] == strtod(wanted, &end)
                            : v->integer[i] == (uint64_t)strtoll(wanted, &end, 10);
        if (end == wanted || !same)
            fail_msg("%s: value %d is %.17g %lld, expected %.24s", call, i, v->value[i],
                     (long long)v->integer[i], wanted);
        wanted = end;
    }
    assert_int_equal(wanted[strspn(wanted, " \n")], 0);
}

static void test_golden_streams(void **state) {
    (void)state;
    FILE *f = fopen(ORE_TEST_DIR "/golden/py_random.tsv", "r");
    assert_non_null(f);
    static char line[1 << 12];
    int python = 0, numpy = 0;
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#')
            continue;
        char *column[COLUMNS], *at = line;
        for (int c = 0; c < COLUMNS; c++)
            column[c] = strsep(&at, "\t");
        assert_non_null(column[COLUMNS - 1]);
        numbers v = {.n = 0};
        bool known, is_python = strcmp(column[0], "python") == 0;
        if (is_python) {
            ore_python_random *r = ore_python_random_new(strtoll(column[2], NULL, 10));
            known = call_python(r, column[1], &v);
            ore_python_random_free(r);
            python++;
        } else {
            ore_numpy_random *r = ore_numpy_random_new((uint32_t)strtoul(column[2], NULL, 10));
            known = call_numpy(r, column[1], &v);
            ore_numpy_random_free(r);
            numpy++;
        }
        if (!known)
            fail_msg("%s: no such call in this test", column[1]);
        compare(column[1], &v, column[3]);
        assert_true(ore_ok());
    }
    fclose(f);
    print_message("rows passed: Python %d, NumPy %d\n", python, numpy);
    assert_int_equal(python, 71);
    assert_int_equal(numpy, 36);
}

/* The lower edge that the micrograd notebook plots is the least x2 less 1. */
static void test_moons_of_the_notebook(void **state) {
    (void)state;
    enum { N = 100 };
    double points[N][2], least = 1;
    int64_t labels[N], ones = 0;
    ore_numpy_random *r = ore_numpy_random_new(1337);
    assert_int_equal(ore_make_moons(r, N, 0.1, points[0], labels), ORE_OK);
    for (int i = 0; i < N; i++) {
        least = fmin(least, points[i][1]);
        ones += labels[i];
    }
    assert_true(fabs(least - 1 - -1.548639298268643) < 1e-12);
    assert_int_equal(ones, N / 2);
    ore_numpy_random_free(r);
}

static void test_moons_without_noise(void **state) {
    (void)state;
    enum { N = 7 }; /* 3 outer points, 4 inner ones */
    double points[N][2];
    int64_t labels[N], order[N];
    ore_numpy_random *r = ore_numpy_random_new(3), *other = ore_numpy_random_new(3);
    assert_int_equal(ore_make_moons(r, N, 0, points[0], labels), ORE_OK);
    ore_numpy_random_permutation(other, N, order);
    for (int i = 0; i < N; i++) {
        double t = order[i] < 3 ? acos(-1) * order[i] / 2 : acos(-1) * (order[i] - 3) / 3;
        assert_int_equal(labels[i], order[i] >= 3);
        assert_true(fabs(points[i][0] - (labels[i] ? 1 - cos(t) : cos(t))) < 1e-15);
        assert_true(fabs(points[i][1] - (labels[i] ? 0.5 - sin(t) : sin(t))) < 1e-15);
    }
    assert_true(ore_numpy_random_random_sample(r) == ore_numpy_random_random_sample(other));
    assert_int_equal(ore_make_moons(r, 1, 0, points[0], labels), ORE_OK); /* one inner point */
    assert_true(points[0][0] == 0 && points[0][1] == 0.5 && labels[0] == 1);
    assert_int_equal(ore_make_moons(r, 0, 0.5, NULL, NULL), ORE_OK);
    ore_numpy_random_free(r);
    ore_numpy_random_free(other);
}

/* Items of any size move whole. */
static void test_shuffle_of_large_items(void **state) {
    (void)state;
    enum { N = 9, BYTES = 700 };
    static uint8_t items[N][BYTES];
    int64_t order[N];
    for (int i = 0; i < N; i++)
        memset(items[i], i, BYTES);
    count_up(N, order);
    ore_python_random *r = ore_python_random_new(1);
    ore_python_random_shuffle(r, items, N, BYTES);
    ore_python_random_seed(r, 1);
    ore_python_random_shuffle(r, order, N, sizeof *order);
    for (int i = 0; i < N; i++)
        for (int b = 0; b < BYTES; b++)
            assert_int_equal(items[i][b], order[i]);
    ore_python_random_free(r);
}

static void test_errors_of_python(void **state) {
    (void)state;
    int64_t list[4];
    ore_python_random *r = ore_python_random_new(5);
    double first = ore_python_random_random(r);
    ore_python_random_seed(r, 5);
    assert_int_equal(ore_python_random_below(r, 0), 0);
    assert_error_is(ORE_INVALID, "below: the range [0, 0) is empty");
    ore_python_random_randint(r, 5, 3);
    assert_error_is(ORE_INVALID, "randint: the range [5, 4) is empty");
    ore_python_random_randint(r, 0, INT64_MAX);
    assert_error_is(ORE_INVALID, "randint: up to 9223372036854775807, expected less than 2^63 - 1");
    ore_python_random_randrange(r, 2, 2);
    assert_error_is(ORE_INVALID, "randrange: the range [2, 2) is empty");
    ore_python_random_choice(r, -1);
    assert_error_is(ORE_INVALID, "choice: the range [0, -1) is empty");
    ore_python_random_getrandbits(r, 65);
    assert_error_is(ORE_INVALID, "getrandbits: 65 bits, expected 0 to 64");
    ore_python_random_sample(r, 3, 4, list);
    assert_error_is(ORE_INVALID, "sample: 4 of 3, expected no more than there are");
    ore_python_random_sample(r, 3, -1, list);
    assert_error_is(ORE_INVALID, "sample: -1 of them, expected 0 or more");
    ore_python_random_shuffle(r, NULL, 4, 8);
    assert_error_is(ORE_INVALID, "shuffle: NULL, expected room for 4");
    ore_python_random_uniform(NULL, 0, 1);
    assert_error_is(ORE_INVALID, "uniform: the stream is NULL");
    assert_true(ore_python_random_random(r) == first); /* none of them drew */
    ore_python_random_free(r);
    ore_python_random_free(NULL);
}

static void test_errors_of_numpy(void **state) {
    (void)state;
    double points[8];
    int64_t labels[4];
    ore_numpy_random *r = ore_numpy_random_new(5);
    double first = ore_numpy_random_random_sample(r);
    ore_numpy_random_seed(r, 5);
    ore_numpy_random_randint(r, 7, 7);
    assert_error_is(ORE_INVALID, "randint: the range [7, 7) is empty");
    ore_numpy_random_rand(r, NULL, 2);
    assert_error_is(ORE_INVALID, "rand: NULL, expected room for 2");
    ore_numpy_random_randn(r, points, -2);
    assert_error_is(ORE_INVALID, "randn: -2 of them, expected 0 or more");
    ore_numpy_random_permutation(r, 3, NULL);
    assert_error_is(ORE_INVALID, "permutation: NULL, expected room for 3");
    ore_make_moons(r, 4, -0.1, points, labels);
    assert_error_is(ORE_INVALID, "make_moons: noise -0.1, expected a finite number from 0 on");
    ore_make_moons(r, 4, 0.1, points, NULL);
    assert_error_is(ORE_INVALID, "make_moons: NULL, expected room for 4");
    ore_numpy_random_normal(NULL, 0, 1);
    assert_error_is(ORE_INVALID, "normal: the stream is NULL");
    assert_true(ore_numpy_random_random_sample(r) == first);
    ore_numpy_random_free(r);
    ore_numpy_random_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_streams),         cmocka_unit_test(test_moons_of_the_notebook),
        cmocka_unit_test(test_moons_without_noise),    cmocka_unit_test(test_errors_of_python),
        cmocka_unit_test(test_shuffle_of_large_items), cmocka_unit_test(test_errors_of_numpy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
