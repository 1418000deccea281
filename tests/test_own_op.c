/* test_own_op.c: operations written outside the library, by its public headers alone: gradients,
 * kernels per dtype, broadcasting, and the errors of whoever writes one wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ore/gradcheck.h>
#include <ore/op.h>
#include <ore/ops.h>

/* ---- y = a x + b x^2 by a kernel over any strides; a and b are attributes ---- */

typedef struct numbers {
    double a, b;
} numbers;

/* Operand 0 from x (operand 1): y, or where there is a dy (operand 2) dx = dy (a + 2 b x). Works on
 * the rows of matrices, one piece each. */
typedef struct job {
    const numbers *p;
    const ore_operand *o;
    int n;
} job;

static double at(const ore_operand *o, int64_t row, int64_t col) {
    return ((const double *)o->data)[row * o->strides[0] + col * o->strides[1]];
}

static void one_row(void *argument, int64_t row) {
    const job *j = argument;
    double *y = (double *)j->o[0].data + row * j->o[0].strides[0];
    for (int64_t c = 0; c < j->o[0].shape.dim[1]; c++) {
        double x = at(&j->o[1], row, c);
        y[c] = j->n == 3 ? at(&j->o[2], row, c) * (j->p->a + 2 * j->p->b * x)
                         : j->p->a * x + j->p->b * x * x;
    }
}

static ore_status polynomial_f64(const void *user, const ore_operand *o, int n, void *stream) {
    job j = {user, o, n};
    assert_null(stream);
    assert_int_equal(o[1].dtype, ORE_FLOAT64);
    ore_parallel_for(o[0].shape.dim[0], one_row, &j);
    return ORE_OK;
}

static const ore_op_row rows[] = {{ORE_CPU, ORE_FLOAT64, polynomial_f64}};

static void polynomial_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, 0);
    ore_tensor *dx = ore_new_empty(x, ore_input_shape(node, 0), ore_input_dtype(node, 0));
    if (ore_op_run("polynomial", rows, 1, ORE_FLOAT64, ore_node_attributes(node), 3,
                   (ore_tensor *[]){dx, x, dy}) == ORE_OK)
        ore_pass(node, 0, dx);
}

static const ore_op polynomial_op = {"polynomial", polynomial_backward};

static ore_tensor *polynomial(ore_tensor *x, double a, double b) {
    numbers p = {a, b};
    if (!ore_usable("polynomial", 1, &x))
        return NULL;
    ore_tensor *y = ore_new_empty(x, ore_shape_of(x), ore_tensor_dtype(x));
    if (ore_op_run("polynomial", rows, 1, ore_tensor_dtype(x), &p, 2, (ore_tensor *[]){y, x}) !=
        ORE_OK)
        return NULL;
    ore_node *node = ore_record(&polynomial_op, y, 1, &x, 1, sizeof p);
    ore_node_save(node, 0, x);
    if (node)
        memcpy(ore_node_attributes(node), &p, sizeof p);
    return ore_ok() ? y : NULL;
}

/* ---- y = x w, made by another operation that is not recorded; w broadcasts ---- */

static void weighted_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, 0), *w = ore_node_saved(node, 1);
    if (ore_input_wants_grad(node, 0))
        ore_pass(node, 0, ore_mul(dy, w));
    if (ore_input_wants_grad(node, 1))
        ore_pass(node, 1, ore_mul(dy, x)); /* of x's shape: summed to w's */
}

static const ore_op weighted_op = {"weighted", weighted_backward};

static ore_tensor *weighted(ore_tensor *x, ore_tensor *w) {
    ore_shape shape;
    ore_tensor *inputs[] = {x, w};
    if (!ore_usable("weighted", 2, inputs) ||
        !ore_broadcast_shapes("weighted", ore_shape_of(x), ore_shape_of(w), &shape))
        return NULL;
    ore_no_grad_begin();
    ore_tensor *y = ore_mul(x, w);
    ore_no_grad_end();
    ore_node *node = ore_record(&weighted_op, y, 2, inputs, 2, 0);
    ore_node_save(node, 0, x);
    ore_node_save(node, 1, w);
    return ore_ok() ? y : NULL;
}

/* ---- tests ---- */

static ore_tensor *leaf(ore_shape shape) {
    int64_t n = ore_shape_numel(shape);
    ore_tensor *t = ore_reshape(ore_linspace(-1.5, 2, n, ORE_FLOAT64), shape);
    return ore_set_requires_grad(ore_detach(t), true);
}

static ore_tensor *both(void *user, ore_tensor **in, int n) {
    (void)user, (void)n;
    return weighted(polynomial(ore_t(in[0]), 0.5, -2), in[1]);
}

static void test_gradients(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *in[] = {leaf(ORE_SHAPE(4, 3)), leaf(ORE_SHAPE(4))};
    ore_status status = ore_gradcheck(both, NULL, in, 2, NULL);
    assert_string_equal(ore_error_message(), "");
    assert_int_equal(status, ORE_OK);
    ore_tensor *x = in[0], *y = polynomial(x, 3, 1);
    assert_true(ore_item(ore_sum(ore_sub(y, ore_add(ore_mul_scalar(x, 3), ore_mul(x, x))), ORE_ALL,
                                 false)) == 0);
    ore_no_grad_begin();
    assert_false(ore_requires_grad(polynomial(x, 1, 1))); /* nothing is recorded or saved */
    ore_no_grad_end();
    ore_scope_end();
}

static void assert_refused(ore_status status, const char *message) {
    assert_string_equal(ore_error_message(), message);
    assert_int_equal(ore_error_status(), status);
    ore_error_clear();
}

static void test_rows(void **state) {
    (void)state;
    ore_scope_begin();
    assert_null(polynomial(ore_ones(ORE_SHAPE(2, 2), ORE_INT64), 1, 1));
    assert_refused(ORE_UNSUPPORTED, "polynomial: no CPU kernel for int64");
    assert_null(polynomial(NULL, 1, 1));
    assert_refused(ORE_INVALID, "polynomial: argument 1 is NULL");
    ore_op_run("polynomial", rows, 1, ORE_FLOAT64, NULL, ORE_OP_OPERANDS + 1, NULL);
    assert_refused(ORE_INVALID, "polynomial: 17 operands, expected 1 .. 16");
    assert_null(weighted(leaf(ORE_SHAPE(2, 3)), leaf(ORE_SHAPE(2))));
    assert_refused(ORE_INVALID, "weighted: shapes (2, 3) and (2,) do not broadcast");
    ore_scope_end();
}

static void test_results(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *ints = ore_ones(ORE_SHAPE(2), ORE_INT64), *half = ore_scalar(1, ORE_FLOAT16);
    assert_int_equal(ore_result_type(ints, half), ORE_FLOAT16);
    assert_int_equal(ore_result_type(ore_ones(ORE_SHAPE(2), ORE_FLOAT32), ints), ORE_FLOAT32);
    ore_shape shape;
    assert_true(ore_broadcast_shapes("x", ORE_SHAPE(3, 1), ORE_SHAPE(2, 1, 4), &shape));
    assert_true(ore_shape_equal(shape, ORE_SHAPE(2, 3, 4)));
    assert_null(ore_new_empty(NULL, ORE_SCALAR, ORE_FLOAT32));
    ore_scope_end();
}

/* ---- whoever writes one wrongly ---- */

static int wrong; /* what the backward below does */

static void wrong_backward(ore_node *node, ore_tensor *dy) {
    if (wrong == 0)
        ore_pass(node, 0, ore_zeros(ORE_SHAPE(3, 5), ORE_FLOAT64));
    else if (wrong == 1)
        ore_pass(node, 1, dy);
    else if (wrong == 2)
        ore_pass(node, 0, ore_node_saved(node, 1));
    else
        ore_pass(node, 0, ore_node_saved(node, 0));
}

static const ore_op wrong_op = {"wrong", wrong_backward};

static void test_mistakes(void **state) {
    (void)state;
    static const char *const said[] = {
        "wrong: its backward passes (3, 5) to input 0 of shape (2,)",
        "wrong: input 1, expected 0 .. 0", "wrong: saved value 1, expected 0 .. 0",
        ("wrong: backward needs a value that was changed in place since: it is at version 1, "
         "expected 0")};
    ore_scope_begin();
    for (wrong = 0; wrong < 4; wrong++) {
        ore_tensor *x = leaf(ORE_SHAPE(2)), *kept = ore_zeros(ORE_SHAPE(2), ORE_FLOAT64);
        ore_tensor *y = ore_empty_like(kept);
        ore_node_save(ore_record(&wrong_op, y, 1, &x, 1, 0), 0, kept);
        ore_fill_(kept, 1);
        ore_backward_from(y, NULL, false);
        assert_refused(wrong < 3 ? ORE_INVALID : ORE_STATE, said[wrong]);
    }
    ore_tensor *x = leaf(ORE_SHAPE(2)), *made = ore_exp(x);
    assert_null(ore_record(&wrong_op, made, 1, &x, 0, 0));
    assert_refused(ORE_STATE, "wrong: the result has a history already; exp made it");
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
