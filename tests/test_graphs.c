/* test_graphs.c: programs of views and changes in place that torch_graphs.py drew and stored, with
 * what PyTorch made of them, in golden/graphs.json. A step of which PyTorch says that it cannot be
 * done must fail here too; in the end all values, histories and gradients are compared.
 *
 * float64: within 1e-10 of the largest value, float32 among float64: 2e-4. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <ore/ops.h>

enum { TENSORS = 128, PARTS = 512 };

typedef struct program {
    const json_t *spec;
    size_t graph, step;
    ore_tensor *pool[TENSORS]; /* NULL: not made, or freed */
} program;

/* ---- arguments ---- */

static int64_t whole(const json_t *arguments, size_t i) {
    return json_integer_value(json_array_get(arguments, i));
}

static int dim(const json_t *arguments, size_t i) {
    return (int)whole(arguments, i);
}

static double number(const json_t *arguments, size_t i) {
    return json_number_value(json_array_get(arguments, i));
}

static ore_shape shape_of(const json_t *sizes) {
    ore_shape shape = {.ndim = (int)json_array_size(sizes)};
    for (int d = 0; d < shape.ndim; d++)
        shape.dim[d] = whole(sizes, (size_t)d);
    return shape;
}

static double value_at(const json_t *values, size_t i) {
    const json_t *v = json_array_get(values, i);
    return json_is_boolean(v) ? json_is_true(v) : json_number_value(v);
}

static ore_tensor *stored(const json_t *tensor) {
    const json_t *values = json_object_get(tensor, "v");
    size_t n = json_array_size(values);
    double *data = malloc((n + 1) * sizeof *data);
    for (size_t i = 0; i < n; i++)
        data[i] = value_at(values, i);
    ore_tensor *t = ore_from_data(data, shape_of(json_object_get(tensor, "s")), ORE_FLOAT64);
    free(data);
    return ore_to(t, (ore_dtype)json_integer_value(json_object_get(tensor, "d")));
}

/* A tensor of the pool, or one of its own. */
static ore_tensor *operand(const program *p, const json_t *arguments, size_t i) {
    const json_t *argument = json_array_get(arguments, i), *of = json_object_get(argument, "t");
    return of ? p->pool[json_integer_value(of)] : stored(argument);
}

/* ---- steps by their names in torch_graphs.py ---- */

typedef struct named_unary {
    const char *name;
    ore_tensor *(*call)(ore_tensor *);
} named_unary;

static const named_unary UNARIES[] = {
    {"relu_", ore_relu_},         {"tanh_", ore_tanh_},   {"sigmoid_", ore_sigmoid_},
    {"neg_", ore_neg_},           {"abs_", ore_abs_},     {"zero_", ore_zero_},
    {"relu", ore_relu},           {"tanh", ore_tanh},     {"sigmoid", ore_sigmoid},
    {"clone", ore_clone},         {"detach", ore_detach}, {"retain_grad", ore_retain_grad},
    {"squeeze", ore_squeeze_all},
};

typedef struct named_binary {
    const char *name;
    ore_tensor *(*call)(ore_tensor *, ore_tensor *);
} named_binary;

static const named_binary BINARIES[] = {
    {"add", ore_add},   {"sub", ore_sub},   {"mul", ore_mul},   {"add_", ore_add_},
    {"sub_", ore_sub_}, {"mul_", ore_mul_}, {"div_", ore_div_}, {"copy_", ore_copy_},
};

typedef struct named_scale {
    const char *name;
    ore_tensor *(*call)(ore_tensor *, double);
} named_scale;

static const named_scale BY_NUMBER[] = {
    {"mul_scalar", ore_mul_scalar},
    {"add_scalar_", ore_add_scalar_},
    {"mul_scalar_", ore_mul_scalar_},
    {"sub_scalar_", ore_sub_scalar_},
    {"div_scalar_", ore_div_scalar_},
    {"pow_scalar_", ore_pow_scalar_},
    {"fill_", ore_fill_},
    {"clamp_min_", ore_clamp_min_},
    {"clamp_max_", ore_clamp_max_},
};

static ore_tensor *view_by_shape(const char *name, ore_tensor *x, const json_t *a) {
    const json_t *sizes = json_array_get(a, 0);
    if (strcmp(name, "view") == 0)
        return ore_view(x, shape_of(sizes));
    if (strcmp(name, "reshape") == 0)
        return ore_reshape(x, shape_of(sizes));
    if (strcmp(name, "expand") == 0)
        return ore_expand(x, shape_of(sizes));
    if (strcmp(name, "flatten") == 0)
        return ore_flatten(x, 0, -1);
    ore_dims order = {.n = (int)json_array_size(sizes)};
    for (int d = 0; d < order.n; d++)
        order.dim[d] = dim(sizes, (size_t)d);
    return ore_permute(x, order);
}

static ore_tensor *one_of_several(const char *name, ore_tensor *x, const json_t *a) {
    ore_tensor *parts[PARTS];
    int n;
    if (strcmp(name, "unbind") == 0)
        n = ore_unbind(x, dim(a, 0), parts, PARTS);
    else if (strcmp(name, "split") == 0)
        n = ore_split(x, whole(a, 0), dim(a, 1), parts, PARTS);
    else
        n = ore_chunk(x, dim(a, 0), dim(a, 1), parts, PARTS);
    return n > 0 ? parts[whole(a, json_array_size(a) - 1)] : NULL;
}

static ore_tensor *view(const char *name, ore_tensor *x, const json_t *a) {
    if (strcmp(name, "select") == 0)
        return ore_select(x, dim(a, 0), whole(a, 1));
    if (strcmp(name, "narrow") == 0)
        return ore_narrow(x, dim(a, 0), whole(a, 1), whole(a, 2));
    if (strcmp(name, "slice") == 0)
        return ore_slice(x, dim(a, 0), whole(a, 1), whole(a, 2), whole(a, 3));
    if (strcmp(name, "transpose") == 0)
        return ore_transpose(x, dim(a, 0), dim(a, 1));
    if (strcmp(name, "unsqueeze") == 0)
        return ore_unsqueeze(x, dim(a, 0));
    if (strcmp(name, "diagonal") == 0)
        return ore_diagonal(x, whole(a, 0), dim(a, 1), dim(a, 2));
    if (strcmp(name, "unfold") == 0)
        return ore_unfold(x, dim(a, 0), whole(a, 1), whole(a, 2));
    if (strcmp(name, "split") == 0 || strcmp(name, "chunk") == 0 || strcmp(name, "unbind") == 0)
        return one_of_several(name, x, a);
    return view_by_shape(name, x, a);
}

static ore_tensor *call(const program *p, const char *name, ore_tensor *x, const json_t *a) {
    for (size_t i = 0; i < sizeof UNARIES / sizeof *UNARIES; i++)
        if (strcmp(name, UNARIES[i].name) == 0)
            return UNARIES[i].call(x);
    for (size_t i = 0; i < sizeof BINARIES / sizeof *BINARIES; i++)
        if (strcmp(name, BINARIES[i].name) == 0)
            return BINARIES[i].call(x, operand(p, a, 0));
    for (size_t i = 0; i < sizeof BY_NUMBER / sizeof *BY_NUMBER; i++)
        if (strcmp(name, BY_NUMBER[i].name) == 0)
            return BY_NUMBER[i].call(x, number(a, 0));
    if (strcmp(name, "set_requires_grad") == 0)
        return ore_set_requires_grad(x, true);
    if (strcmp(name, "sum_dim") == 0)
        return ore_sum(x, ORE_DIMS(dim(a, 0)), false);
    if (strcmp(name, "weighted") == 0)
        return ore_sum(ore_mul(x, stored(json_array_get(a, 0))), ORE_ALL, false);
    if (strcmp(name, "clamp_") == 0)
        return ore_clamp_(x, number(a, 0), number(a, 1));
    if (strcmp(name, "masked_fill_") == 0)
        return ore_masked_fill_(x, stored(json_array_get(a, 0)), number(a, 1));
    if (strcmp(name, "f_dropout_") == 0)
        return ore_f_dropout_(x, number(a, 0), true, NULL);
    if (strcmp(name, "bernoulli_") == 0)
        return ore_bernoulli_(x, number(a, 0), NULL);
    if (strcmp(name, "index_put_") == 0)
        return ore_index_put_(x, (ore_tensor *[]){operand(p, a, 0)}, 1, operand(p, a, 1),
                              json_is_true(json_array_get(a, 2)));
    return view(name, x, a);
}

/* ---- running ---- */

static void forget(program *p, int64_t number) {
    ore_tensor *t = p->pool[number];
    p->pool[number] = NULL;
    for (int i = 0; i < TENSORS; i++)
        if (p->pool[i] == t)
            return;
    ore_free(t);
}

static void leaf_or_call(program *p, const json_t *step, ore_tensor *x) {
    const char *name = json_string_value(json_array_get(step, 1));
    const json_t *a = json_array_get(step, 3), *result = json_array_get(step, 0);
    ore_tensor *y;
    if (strcmp(name, "leaf") == 0) {
        y = stored(json_array_get(a, 0));
        if (json_is_true(json_array_get(a, 1)))
            ore_set_requires_grad(y, true);
    } else {
        y = call(p, name, x, a);
    }
    if (!json_is_null(result) && ore_ok())
        p->pool[json_integer_value(result)] = y;
}

static void take_step(program *p, const json_t *step) {
    const char *name = json_string_value(json_array_get(step, 1));
    const json_t *of = json_array_get(step, 2);
    bool recorded = json_is_true(json_array_get(step, 4));
    ore_tensor *x = json_is_null(of) ? NULL : p->pool[json_integer_value(of)];
    if (strcmp(name, "free") == 0) {
        forget(p, json_integer_value(of));
    } else if (strcmp(name, "backward") == 0) {
        for (int i = 0; i < TENSORS; i++)
            ore_is_leaf(p->pool[i]); /* as PyTorch's side does: what is retained is up to date */
        ore_backward_from(x, NULL, true);
    } else {
        if (!recorded)
            ore_no_grad_begin();
        leaf_or_call(p, step, x);
        if (!recorded)
            ore_no_grad_end();
    }
    bool refused = json_is_true(json_array_get(step, 5));
    if (refused == ore_ok())
        fail_msg("graph %zu, step %zu, %s: %s", p->graph, p->step, name,
                 refused ? "is done, PyTorch refuses it" : ore_error_message());
    ore_error_clear();
}

static void compare(const program *p, const json_t *want, ore_tensor *got, const char *what,
                    int64_t place) {
    const json_t *values = json_object_get(want, "v");
    char a[ORE_SHAPE_TEXT], b[ORE_SHAPE_TEXT];
    size_t n = json_array_size(values);
    ore_shape shape = shape_of(json_object_get(want, "s"));
    if (!got || !ore_shape_equal(ore_shape_of(got), shape))
        fail_msg("graph %zu: %s of t%lld: shape %s, expected %s", p->graph, what, (long long)place,
                 got ? ore_shape_text(ore_shape_of(got), a) : "none", ore_shape_text(shape, b));
    assert_int_equal(ore_tensor_dtype(got), json_integer_value(json_object_get(want, "d")));
    bool coarse = json_is_true(json_object_get(p->spec, "float32"));
    double *data = malloc((n + 1) * sizeof *data), largest = coarse ? 1e-2 : 1e-3;
    ore_tensor *read = ore_contiguous(ore_to(ore_detach(got), ORE_FLOAT64));
    assert_int_equal(ore_copy_out(read, data, n * sizeof *data), ORE_OK);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(value_at(values, i)));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(data[i] - value_at(values, i)) <= largest * (coarse ? 2e-4 : 1e-10)))
            fail_msg("graph %zu: %s of t%lld at %zu: %.17g, expected %.17g", p->graph, what,
                     (long long)place, i, data[i], value_at(values, i));
    free(data);
}

static void compare_tensor(const program *p, const json_t *want) {
    int64_t place = json_integer_value(json_object_get(want, "t"));
    ore_tensor *t = p->pool[place];
    const json_t *facts = json_object_get(want, "facts"), *grad = json_object_get(want, "grad");
    compare(p, json_object_get(want, "value"), t, "value", place);
    if (facts && (ore_requires_grad(t) != json_is_true(json_array_get(facts, 0)) ||
                  ore_is_leaf(t) != json_is_true(json_array_get(facts, 1))))
        fail_msg("graph %zu: t%lld requires a gradient: %d, is a leaf: %d, unlike PyTorch's",
                 p->graph, (long long)place, ore_requires_grad(t), ore_is_leaf(t));
    if (json_is_null(grad) && ore_grad(t))
        fail_msg("graph %zu: t%lld has a gradient, PyTorch's has none", p->graph, (long long)place);
    if (json_is_object(grad))
        compare(p, grad, ore_grad(t), "gradient", place);
}

static void run_program(const json_t *spec, size_t graph) {
    program p = {.spec = spec, .graph = graph};
    const json_t *step, *want;
    ore_scope_begin();
    json_array_foreach(json_object_get(spec, "steps"), p.step, step) take_step(&p, step);
    size_t i;
    ore_no_grad_begin(); /* values can be read, whatever made them */
    json_array_foreach(json_object_get(spec, "pool"), i, want) compare_tensor(&p, want);
    ore_no_grad_end();
    ore_scope_end();
    assert_true(ore_ok());
}

static void stored_graphs_agree(void **state) {
    (void)state;
    json_error_t error;
    json_t *file = json_load_file(ORE_TEST_DIR "/golden/graphs.json", 0, &error);
    const json_t *graphs = json_object_get(file, "graphs"), *spec;
    size_t graph;
    assert_true(json_array_size(graphs) >= 40);
    json_array_foreach(graphs, graph, spec) run_program(spec, graph);
    json_decref(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_graphs_agree),
    };
    return cmocka_run_group_tests_name("graphs", tests, NULL, NULL);
}
