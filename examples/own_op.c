/* own_op.c: an operation that Ore does not have, written outside the library: the squared rectifier
 * y = s max(x, 0)^2 (So et al. 2021, arXiv:2109.08668) with a learned scale s. It has kernels of
 * its own for float32 and float64 on the CPU, and a gradient, which is checked. */
#include <stdio.h>

#include <ore/ore.h>

/* ---- kernels: operand 0 is the result; all are dense, and s is 0-d ---- */

#define KERNELS(T)                                                                                 \
    static ore_status forward_##T(const void *user, const ore_operand *o, int n, void *stream) {   \
        T *y = o[0].data;                                                                          \
        const T *x = o[1].data, *s = o[2].data;                                                    \
        (void)user, (void)n, (void)stream;                                                         \
        for (int64_t i = 0; i < ore_shape_numel(o[0].shape); i++)                                  \
            y[i] = x[i] > 0 ? *s * x[i] * x[i] : 0;                                                \
        return ORE_OK;                                                                             \
    }                                                                                              \
    static ore_status backward_##T(const void *user, const ore_operand *o, int n, void *stream) {  \
        T *dx = o[0].data;                                                                         \
        const T *dy = o[1].data, *x = o[2].data, *s = o[3].data;                                   \
        (void)user, (void)n, (void)stream;                                                         \
        for (int64_t i = 0; i < ore_shape_numel(o[0].shape); i++)                                  \
            dx[i] = x[i] > 0 ? dy[i] * *s * 2 * x[i] : 0;                                          \
        return ORE_OK;                                                                             \
    }
KERNELS(float)
KERNELS(double)

static const ore_op_row forward_rows[] = {{ORE_CPU, ORE_FLOAT32, forward_float},
                                          {ORE_CPU, ORE_FLOAT64, forward_double}};
static const ore_op_row backward_rows[] = {{ORE_CPU, ORE_FLOAT32, backward_float},
                                           {ORE_CPU, ORE_FLOAT64, backward_double}};

/* ---- y = s max(x, 0)^2, dx = dy s 2 max(x, 0), ds = sum dy max(x, 0)^2 ---- */

enum { SAVED_X, SAVED_S, SAVED };

static void relu_squared_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, SAVED_X), *s = ore_node_saved(node, SAVED_S);
    if (ore_input_wants_grad(node, 0)) {
        ore_tensor *dx = ore_new_empty(x, ore_shape_of(x), ore_tensor_dtype(x));
        ore_tensor *operands[] = {dx, ore_contiguous(dy), x, s};
        if (ore_op_run("relu_squared", backward_rows, 2, ore_tensor_dtype(x), NULL, 4, operands) ==
            ORE_OK)
            ore_pass(node, 0, dx);
    }
    if (ore_input_wants_grad(node, 1)) /* other ops do; ore_pass sums over what s broadcast */
        ore_pass(node, 1, ore_mul(dy, ore_square(ore_relu(x))));
}

static const ore_op relu_squared_op = {"relu_squared", relu_squared_backward};

/* x of any shape, s 0-d and of x's dtype. */
static ore_tensor *relu_squared(ore_tensor *x, ore_tensor *s) {
    if (!ore_usable("relu_squared", 2, (ore_tensor *[]){x, s}))
        return NULL;
    if (ore_ndim(s) != 0 || ore_tensor_dtype(s) != ore_tensor_dtype(x)) {
        ore_fail(ORE_INVALID, "relu_squared: s, expected a 0-d tensor of x's dtype");
        return NULL;
    }
    x = ore_contiguous(x);
    ore_tensor *y = ore_new_empty(x, ore_shape_of(x), ore_tensor_dtype(x));
    ore_tensor *operands[] = {y, x, s}, *inputs[] = {x, s};
    if (ore_op_run("relu_squared", forward_rows, 2, ore_tensor_dtype(x), NULL, 3, operands) !=
        ORE_OK)
        return NULL;
    ore_node *node = ore_record(&relu_squared_op, y, 2, inputs, SAVED, 0);
    ore_node_save(node, SAVED_X, x);
    ore_node_save(node, SAVED_S, s);
    return ore_ok() ? y : NULL;
}

/* ---- its use ---- */

static ore_tensor *checked(void *user, ore_tensor **inputs, int n) {
    (void)user, (void)n;
    return relu_squared(ore_t(inputs[0]), inputs[1]); /* a view: x need not be dense */
}

int main(void) {
    ore_scope_begin();
    const double numbers[] = {-1, 0.5, 2, -3, 1.5, 0.25};
    ore_tensor *x = ore_from_data(numbers, ORE_SHAPE(2, 3), ORE_FLOAT64);
    ore_tensor *s = ore_scalar(0.5, ORE_FLOAT64);
    char *text = ore_tensor_text(relu_squared(x, s));
    printf("%s\n", text ? text : "");
    ore_string_free(text);

    ore_tensor *inputs[] = {ore_set_requires_grad(x, true), ore_set_requires_grad(s, true)};
    if (ore_gradcheck(checked, NULL, inputs, 2, NULL) == ORE_OK)
        printf("the gradient is right\n");
    relu_squared(ore_to(x, ORE_BFLOAT16), ore_to(s, ORE_BFLOAT16));
    printf("%s\n", ore_error_message());
    ore_scope_end();
    return ore_error_status() == ORE_UNSUPPORTED ? 0 : 1;
}
