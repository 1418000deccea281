/* test_profile.c: a profile counts every operation, forward and backward, finds a slow one, and
 * writes a trace that is JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <ore/attend.h>
#include <ore/debug.h>
#include <ore/op.h>
#include <ore/optim.h>

#include "support/scratch.h"

/* ---- a model with a slow operation ---- */

static double spin_s = 0.02;

/* y = x, after a while. */
static ore_status slow_copy(const void *user, const ore_operand *o, int n, void *stream) {
    (void)user, (void)n, (void)stream;
    int64_t count = 1;
    for (int d = 0; d < o[0].shape.ndim; d++)
        count *= o[0].shape.dim[d];
    memcpy(o[0].data, o[1].data, (size_t)count * sizeof(float));
    for (double end = ore_clock_s() + spin_s; ore_clock_s() < end;)
        ;
    return ORE_OK;
}

static void slow_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, dy);
}

static const ore_op slow_op = {"slow", slow_backward};

static ore_tensor *slow(ore_tensor *x) {
    static const ore_op_row rows[] = {{ORE_CPU, ORE_FLOAT32, slow_copy}};
    x = ore_contiguous(x);
    ore_tensor *y = ore_empty_like(x);
    ore_op_run("slow", rows, 1, ORE_FLOAT32, NULL, 2, (ore_tensor *[]){y, x});
    ore_record(&slow_op, y, 1, &x, 0, 0);
    return ore_ok() ? y : NULL;
}

typedef struct net {
    ore_module module, middle;
    ore_linear first, second;
} net;

static void net_init(net *n) {
    ore_module_init(&n->module, NULL, NULL);
    ore_module_init(&n->middle, &n->module, "middle");
    ore_linear_init(&n->first, &n->middle, "first", 6, 5, NULL);
    ore_linear_init(&n->second, &n->module, "second \"2\"", 5, 1, NULL);
    assert_true(ore_ok());
}

static ore_tensor *middle_forward(const net *n, ore_tensor *x) {
    if (!ore_module_begin(&n->middle))
        return NULL;
    return ore_module_result(&n->middle, slow(ore_linear_forward(&n->first, x)));
}

/* Two steps. */
static void train(net *n, ore_profile *p) {
    ore_sgd_options o = ore_sgd_defaults();
    ore_optimizer *optimizer = ore_sgd_new(&n->module, &o);
    assert_int_equal(ore_profile_begin(p), ORE_OK);
    for (int i = 0; i < 2; i++) {
        ore_scope_begin();
        ore_tensor *y = ore_linear_forward(
            &n->second, middle_forward(n, ore_ones(ORE_SHAPE(4, 6), ORE_FLOAT32)));
        ore_backward(ore_sum(y, ORE_ALL, false));
        ore_optimizer_step(optimizer);
        ore_scope_end();
    }
    assert_int_equal(ore_profile_end(p), ORE_OK);
    ore_optimizer_free(optimizer);
}

static const ore_profile_row *find(const ore_profile_row *rows, int64_t count, const char *name,
                                   bool backward) {
    for (int64_t i = 0; i < count; i++)
        if (!strcmp(rows[i].name, name) && rows[i].backward == backward)
            return &rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static void operations_are_counted_and_the_slow_one_is_first(void **state) {
    (void)state;
    net n;
    net_init(&n);
    ore_profile *p = ore_profile_new();
    train(&n, p);
    const ore_profile_row *rows;
    int64_t count = ore_profile_by_operation(p, &rows);
    assert_string_equal(rows[0].name, "slow");
    assert_int_equal(rows[0].calls, 2);
    assert_false(rows[0].backward);
    assert_true(rows[0].seconds >= 2 * spin_s);
    assert_int_equal(rows[0].bytes, 2 * 4 * 5 * 4);
    assert_int_equal(find(rows, count, "linear", false)->calls, 4);
    assert_int_equal(find(rows, count, "linear", true)->calls, 4);
    assert_int_equal(find(rows, count, "linear", false)->bytes, 2 * (4 * 5 + 4 * 1) * 4);
    assert_int_equal(find(rows, count, "sum", false)->calls, 2);
    assert_int_equal(find(rows, count, "slow", true)->calls, 2);
    assert_int_equal(find(rows, count, "sgd_step", false)->calls, 2);
    for (int64_t i = 1; i < count; i++)
        assert_true(rows[i].seconds <= rows[i - 1].seconds);
    count = ore_profile_by_module(p, &rows);
    assert_true(find(rows, count, "middle", false)->seconds >= 2 * spin_s);
    assert_int_equal(find(rows, count, "middle", false)->calls, 4);
    assert_int_equal(find(rows, count, "middle.first", false)->calls, 2);
    assert_int_equal(find(rows, count, "middle.first", true)->calls, 2);
    assert_int_equal(find(rows, count, "middle", true)->calls, 4);
    assert_true(find(rows, count, "", false)->calls >= 8);
    ore_profile_free(p);
    ore_module_free(&n.module);
}

/* A document through packed sequences and pools, and a memory: each module's operations are its
 * own, and a recurrent layer's products with its input are the layer's. */
static void every_module_has_its_operations(void **state) {
    (void)state;
    ore_module root;
    ore_hierarchical_attention h;
    ore_luong_attention luong;
    ore_attend_memory memory;
    ore_module_init(&root, NULL, NULL);
    ore_hierarchical_attention_init(&h, &root, "h", 3, 2, 2, NULL);
    ore_luong_attention_init(&luong, &root, "luong", 4, 4, NULL);
    ore_tensor *x = ore_ones(ORE_SHAPE(1, 1, 1, 3), ORE_FLOAT32);
    ore_tensor *sentences = ore_ones(ORE_SHAPE(1), ORE_INT64);
    ore_tensor *words = ore_ones(ORE_SHAPE(1, 1), ORE_INT64);
    ore_profile *p = ore_profile_new();
    const ore_profile_row *rows;
    ore_profile_begin(p);
    ore_tensor *y = ore_hierarchical_attention_forward(&h, x, sentences, words, NULL);
    ore_attend_prepare(&luong, ore_unsqueeze(y, 1), sentences, &memory);
    assert_int_equal(ore_profile_end(p), ORE_OK);
    int64_t count = ore_profile_by_module(p, &rows);
    static const char *const paths[] = {"h.word_rnn", "h.word_attention", "h.sentence_rnn",
                                        "h.sentence_attention", "luong"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_true(find(rows, count, paths[i], false)->calls > 0);
    count = ore_profile_by_operation(p, &rows);
    assert_int_equal(find(rows, count, "gru", false)->calls, 2);
    for (int64_t i = 0; i < count; i++)
        assert_string_not_equal(rows[i].name, "gemm");
    ore_profile_free(p);
    ore_module_free(&root);
}

/* A profile that goes on adds up; what runs in between does not count. */
static void a_profile_goes_on(void **state) {
    (void)state;
    net n;
    net_init(&n);
    ore_profile *p = ore_profile_new();
    train(&n, p);
    slow(ore_ones(ORE_SHAPE(2), ORE_FLOAT32));
    train(&n, p);
    const ore_profile_row *rows;
    int64_t count = ore_profile_by_operation(p, &rows);
    assert_int_equal(find(rows, count, "slow", false)->calls, 4);
    ore_profile_free(p);
    ore_module_free(&n.module);
}

static void the_table_has_both_parts(void **state) {
    (void)state;
    net n;
    net_init(&n);
    ore_profile *p = ore_profile_new();
    train(&n, p);
    char *text = ore_profile_text(p);
    assert_true(ore_ok());
    assert_int_equal(strncmp(text, "operation ", 10), 0);
    assert_non_null(strstr(text, "\nslow "));
    assert_non_null(strstr(text, "\nlinear backward "));
    assert_non_null(strstr(text, "\n\nmodule "));
    assert_non_null(strstr(text, "\nmiddle.first backward "));
    assert_non_null(strstr(text, " ms in all\n"));
    ore_string_free(text);
    ore_profile_begin(p); /* one that goes on counts the time so far */
    slow(ore_ones(ORE_SHAPE(2), ORE_FLOAT32));
    text = ore_profile_text(p);
    ore_profile_end(p);
    const char *whole_ms = strstr(text, " ms in all\n");
    while (whole_ms[-1] != '\n')
        whole_ms--;
    assert_true(atof(whole_ms) >= 3 * 1000 * spin_s);
    ore_string_free(text);
    ore_profile_free(p);
    ore_module_free(&n.module);
}

/* ---- the trace ---- */

static const char *text_of(json_t *event, const char *key) {
    return json_string_value(json_object_get(event, key));
}

static double number_of(json_t *event, const char *key) {
    return json_number_value(json_object_get(event, key));
}

/* Whether a lies inside b or beside it, as slices of one thread must. */
static bool nested(json_t *a, json_t *b) {
    double a0 = number_of(a, "ts"), a1 = a0 + number_of(a, "dur");
    double b0 = number_of(b, "ts"), b1 = b0 + number_of(b, "dur"), rounding = 0.002;
    return a1 <= b0 + rounding || b1 <= a0 + rounding ||
           (a0 >= b0 - rounding && a1 <= b1 + rounding) ||
           (b0 >= a0 - rounding && b1 <= a1 + rounding);
}

static void the_trace_is_json_of_nested_slices(void **state) {
    (void)state;
    net n;
    net_init(&n);
    ore_profile *p = ore_profile_new();
    train(&n, p);
    const char *path = scratch_path("trace.json");
    assert_int_equal(ore_profile_save_trace(p, path), ORE_OK);
    json_error_t error;
    json_t *trace = json_load_file(path, 0, &error);
    assert_non_null(trace);
    json_t *events = json_object_get(trace, "traceEvents"), *event, *other;
    size_t i, k;
    int kernels = 0, modules = 0, slow_ops = 0;
    json_array_foreach(events, i, event) {
        assert_string_equal(text_of(event, "ph"), "X");
        assert_true(number_of(event, "ts") >= 0 && number_of(event, "dur") >= 0);
        kernels += !strcmp(text_of(event, "cat"), "kernel");
        modules += !strcmp(text_of(event, "cat"), "module") &&
                   !strcmp(text_of(event, "name"), "second \"2\"");
        if (!strcmp(text_of(event, "name"), "slow") &&
            !strcmp(text_of(event, "cat"), "operation")) {
            slow_ops++;
            json_t *arguments = json_object_get(event, "args");
            assert_string_equal(text_of(arguments, "module"), "middle");
            assert_true(number_of(event, "dur") >= 1e6 * spin_s);
        }
        json_array_foreach(events, k, other) assert_true(nested(event, other));
    }
    assert_true(kernels >= 10);
    assert_int_equal(modules, 2);
    assert_int_equal(slow_ops, 2);
    json_decref(trace);
    ore_profile_save_trace(p, scratch_path("no/such/folder.json"));
    assert_error(ORE_IO, "folder.json");
    ore_profile_free(p);
    ore_module_free(&n.module);
}

static void refuses_what_has_not_begun(void **state) {
    (void)state;
    ore_profile *p = ore_profile_new(), *q = ore_profile_new();
    ore_profile_end(p);
    assert_error_is(ORE_STATE, "profile: it has not begun on this thread");
    ore_profile_begin(NULL);
    assert_error_is(ORE_INVALID, "profile: expected one, got NULL");
    assert_int_equal(ore_profile_begin(p), ORE_OK);
    ore_profile_begin(q);
    assert_error_is(ORE_STATE, "profile: one has begun on this thread already");
    ore_profile_free(q);
    ore_profile_free(p); /* ends it */
    const ore_profile_row *rows;
    assert_int_equal(ore_profile_by_operation(NULL, &rows), -1);
    assert_error_is(ORE_INVALID, "profile: expected one, got NULL");
    assert_null(ore_profile_text(NULL));
    assert_error_is(ORE_INVALID, "profile: expected one, got NULL");
    ore_profile_save_trace(NULL, "x");
    assert_error_is(ORE_INVALID, "profile: expected one, got NULL");
    q = ore_profile_new();
    assert_int_equal(ore_profile_begin(q), ORE_OK);
    /* a row that is not there is the same error as ever */
    ore_neg(ore_zeros(ORE_SHAPE(2), ORE_BOOL));
    assert_error_is(ORE_UNSUPPORTED, "neg: no CPU kernel for bool");
    ore_profile_end(q);
    ore_profile_free(q);
}

#define SCOPED(test) cmocka_unit_test_setup_teardown(test, begin_scope, end_scope)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCOPED(operations_are_counted_and_the_slow_one_is_first),
        SCOPED(every_module_has_its_operations),
        SCOPED(a_profile_goes_on),
        SCOPED(the_table_has_both_parts),
        cmocka_unit_test_setup_teardown(the_trace_is_json_of_nested_slices, scratch_setup,
                                        scratch_teardown),
        SCOPED(refuses_what_has_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
