/* test_golden.c: every op against PyTorch's results and gradients in golden/ops.json.
 *
 * float64: within 1e-12 relative (of the element, or a tenth of that of the largest element, where
 * sums cancel); cases that are stored with 10 digits also get that rounding, 5e-10.
 * float32: within 4 max(e, 1e-6 max|v|), e being how far PyTorch's own float32 result was off. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "support/golden_ops.h"

enum { TEXT_BYTES = 512 };

typedef struct golden_run {
    const char *name;
    const json_t *spec;
    ore_dtype dtype;
    bool ten_digits;
    char fault[TEXT_BYTES]; /* of the first difference */
} golden_run;

static double number(const json_t *value) {
    if (json_is_string(value))
        return strtod(json_string_value(value), NULL);
    return json_number_value(value);
}

static ore_shape shape_of(const json_t *tensor) {
    const json_t *sizes = json_object_get(tensor, "s");
    ore_shape shape = {.ndim = (int)json_array_size(sizes)};
    for (int d = 0; d < shape.ndim; d++)
        shape.dim[d] = json_integer_value(json_array_get(sizes, (size_t)d));
    return shape;
}

static ore_tensor *tensor_of(const json_t *tensor, ore_dtype dtype) {
    const json_t *values = json_object_get(tensor, "v");
    bool whole = strcmp(json_string_value(json_object_get(tensor, "t")), "i") == 0;
    size_t n = json_array_size(values);
    double *data = malloc((n + 1) * sizeof *data);
    for (size_t i = 0; i < n; i++)
        data[i] = number(json_array_get(values, i));
    ore_tensor *t = ore_from_data(data, shape_of(tensor), ORE_FLOAT64);
    free(data);
    return ore_to(t, whole ? ORE_INT64 : dtype);
}

static double allowed(const golden_run *run, const json_t *want, double value, double largest) {
    if (run->dtype == ORE_FLOAT32)
        return 4 * fmax(json_number_value(json_object_get(want, "e")), 1e-6 * largest);
    double relative = run->ten_digits ? 5e-10 : 1e-12;
    return relative * fabs(value) + 1e-13 * largest;
}

static void difference(golden_run *run, const char *what, size_t place, double got, double want) {
    if (!*run->fault)
        snprintf(run->fault, sizeof run->fault, "%s (%s): %s at %zu: %.17g, expected %.17g",
                 run->name, ore_dtype_name(run->dtype), what, place, got, want);
}

static void compare(golden_run *run, const json_t *want, const ore_tensor *got) {
    const json_t *values = json_object_get(want, "v");
    const char *what = json_string_value(json_object_get(want, "n"));
    size_t n = json_array_size(values);
    char a[ORE_SHAPE_TEXT], b[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return;
    if (!got || !ore_shape_equal(ore_shape_of(got), shape_of(want))) {
        if (!*run->fault)
            snprintf(run->fault, sizeof run->fault, "%s: %s has shape %s, expected %s (%s)",
                     run->name, what, got ? ore_shape_text(ore_shape_of(got), a) : "none",
                     ore_shape_text(shape_of(want), b), ore_error_message());
        return;
    }
    bool whole = !ore_dtype_is_floating(ore_tensor_dtype(got));
    if (whole != (strcmp(json_string_value(json_object_get(want, "t")), "i") == 0))
        difference(run, "kind of dtype", 0, whole, !whole);
    double *data = malloc((n + 1) * sizeof *data), largest = 0;
    ore_tensor *read = ore_contiguous(ore_to((ore_tensor *)got, ORE_FLOAT64));
    assert_int_equal(ore_copy_out(read, data, n * sizeof *data), ORE_OK);
    for (size_t i = 0; i < n; i++) {
        double v = fabs(number(json_array_get(values, i)));
        largest = isfinite(v) ? fmax(largest, v) : largest;
    }
    for (size_t i = 0; i < n; i++) {
        double v = number(json_array_get(values, i));
        bool same = data[i] == v || (isnan(data[i]) && isnan(v));
        if (!same && (whole || !(fabs(data[i] - v) <= allowed(run, want, v, largest))))
            difference(run, what, i, data[i], v);
    }
    free(data);
}

/* sum over the outputs that have a cotangent of output times it */
static ore_tensor *weighted(const golden_run *run, ore_tensor **out, int n) {
    const json_t *outs = json_object_get(run->spec, "out"),
                 *cots = json_object_get(run->spec, "cot");
    ore_tensor *total = NULL;
    for (size_t i = 0; i < json_array_size(cots); i++) {
        const json_t *cot = json_array_get(cots, i);
        const char *of = json_string_value(json_object_get(cot, "n")) + 1; /* after "d" */
        for (int j = 0; j < n; j++) {
            const json_t *name = json_object_get(json_array_get(outs, (size_t)j), "n");
            if (strcmp(json_string_value(name), of) != 0)
                continue;
            ore_tensor *part = ore_mul(out[j], tensor_of(cot, run->dtype));
            part = ore_sum(part, ORE_ALL, false);
            total = total ? ore_add(total, part) : part;
        }
    }
    return total;
}

static ore_tensor *gradient_of(const golden_run *run, const json_t *want, ore_tensor **in) {
    const json_t *ins = json_object_get(run->spec, "in");
    for (size_t i = 0; i < json_array_size(ins); i++) {
        const json_t *name = json_object_get(json_array_get(ins, i), "n");
        if (!json_equal(name, json_object_get(want, "n")))
            continue;
        ore_tensor *grad = ore_grad(in[i]);
        return grad ? grad : ore_zeros_like(in[i]);
    }
    return NULL;
}

static void run_case(golden_run *run, const golden_op *op) {
    ore_tensor *in[GOLDEN_TENSORS], *out[GOLDEN_TENSORS] = {NULL};
    const json_t *ins = json_object_get(run->spec, "in"), *outs = json_object_get(run->spec, "out");
    const json_t *grads = json_object_get(run->spec, "grad");
    int n = (int)json_array_size(ins);
    ore_scope_begin();
    for (int i = 0; i < n; i++) {
        const json_t *tensor = json_array_get(ins, (size_t)i);
        in[i] = tensor_of(tensor, run->dtype);
        if (json_object_get(tensor, "rg"))
            ore_set_requires_grad(in[i], true);
    }
    int made = golden_apply(op, json_object_get(run->spec, "args"), in, n, out);
    if (made != (int)json_array_size(outs))
        snprintf(run->fault, sizeof run->fault, "%s: %d results: %s", run->name, made,
                 ore_error_message());
    for (int i = 0; i < made; i++)
        compare(run, json_array_get(outs, (size_t)i), out[i]);
    if (json_array_size(grads) > 0)
        ore_backward(weighted(run, out, made));
    for (size_t i = 0; i < json_array_size(grads); i++) {
        const json_t *want = json_array_get(grads, i);
        compare(run, want, gradient_of(run, want, in));
    }
    if (!ore_ok() && !*run->fault)
        snprintf(run->fault, sizeof run->fault, "%s: %s", run->name, ore_error_message());
    ore_error_clear();
    ore_scope_end();
}

typedef struct golden_counts {
    int passed, failed, elsewhere, unknown;
} golden_counts;

static void check_case(const json_t *spec, golden_counts *counts) {
    const char *op_name = json_string_value(json_object_get(spec, "op"));
    const golden_op *op = golden_find(op_name);
    if (!op) {
        bool elsewhere = golden_is_elsewhere(op_name);
        if (!elsewhere)
            print_error("no function for op %s\n", op_name);
        counts->elsewhere += elsewhere;
        counts->unknown += !elsewhere;
        return;
    }
    static const ore_dtype dtypes[] = {ORE_FLOAT64, ORE_FLOAT32};
    for (int i = 0; i < 2; i++) {
        golden_run run = {.name = json_string_value(json_object_get(spec, "name")),
                          .spec = spec,
                          .dtype = dtypes[i],
                          .ten_digits = json_object_get(spec, "digits") != NULL};
        run_case(&run, op);
        if (*run.fault)
            print_error("%s\n", run.fault);
        counts->passed += !*run.fault;
        counts->failed += *run.fault != 0;
    }
}

static void golden_results_agree(void **state) {
    (void)state;
    golden_counts counts = {0, 0, 0, 0};
    FILE *file = fopen(ORE_TEST_DIR "/golden/ops.json", "r");
    assert_non_null(file);
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        if (strncmp(line, "{\"name\"", 7) != 0)
            continue;
        json_error_t error;
        json_t *spec = json_loads(line, JSON_DISABLE_EOF_CHECK, &error);
        assert_non_null(spec);
        check_case(spec, &counts);
        json_decref(spec);
    }
    free(line);
    fclose(file);
    print_message("golden ops: %d runs passed (float64 and float32), %d failed, %d cases of other "
                  "issues\n",
                  counts.passed, counts.failed, counts.elsewhere);
    assert_int_equal(counts.failed, 0);
    assert_int_equal(counts.unknown, 0);
    assert_true(counts.passed > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_results_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
