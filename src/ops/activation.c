/* activation.c: activation functions. Each derivative is one kernel over (dy, saved). */
#include "core/build.h"

typedef struct activation {
    ore_op op; /* first: a node's op is its activation */
    size_t forward, backward;
    bool saves_y; /* backward reads y rather than x */
} activation;

static ore_tensor *activate(const activation *f, ore_tensor *x) {
    if (!ore_usable1(f->op.name, x))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype))
        x = ore_to(x, ORE_FLOAT32);
    if (!x)
        return NULL;
    ore_tensor *y = ore_elementwise(f->op.name, f->forward, x->dtype, x->dtype, x->shape, 1, &x);
    ore_node *node = ore_record(&f->op, y, 1, &x, 1, 0);
    if (node)
        ore_node_save(node, 0, f->saves_y ? y : x);
    return ore_made(y);
}

static void activation_backward(const activation *f, ore_node *node, ore_tensor *dy) {
    ore_tensor *inputs[] = {dy, ore_node_saved(node, 0)}, *dx = NULL;
    if (inputs[1])
        dx = ore_gradient_is_spare(node, dy)
                 ? dy
                 : ore_tensor_new(dy->shape, dy->dtype, ore_tensor_device(dy));
    if (!dx)
        return;
    ore_plan plan;
    ore_plan_of(&plan, dx, 2, inputs);
    if (ore_run_row(ore_context_for(dx), f->backward, f->op.name, dx->dtype, &plan) == ORE_OK)
        ore_pass(node, 0, dx);
}

/* ---- y = tanh x, dx = dy (1 - y^2)
 * ---------------------------------------------------------------- */

static const activation tanh_activation;

static void tanh_backward(ore_node *node, ore_tensor *dy) {
    activation_backward(&tanh_activation, node, dy);
}

static const activation tanh_activation = {
    {"tanh", tanh_backward}, ORE_ROW(tanh), ORE_ROW(tanh_backward), true};

ore_tensor *ore_tanh(ore_tensor *x) {
    return activate(&tanh_activation, x);
}

/* ---- y = 1 / (1 + e^-x), dx = dy y (1 - y)
 * ---------------------------------------------------------- */

static const activation sigmoid_activation;

static void sigmoid_backward(ore_node *node, ore_tensor *dy) {
    activation_backward(&sigmoid_activation, node, dy);
}

static const activation sigmoid_activation = {
    {"sigmoid", sigmoid_backward}, ORE_ROW(sigmoid), ORE_ROW(sigmoid_backward), true};

ore_tensor *ore_sigmoid(ore_tensor *x) {
    return activate(&sigmoid_activation, x);
}

/* ---- y = max(x, 0), dx = dy where y > 0
 * ---------------------------------------------------------------- */

static const activation relu_activation;

static void relu_backward(ore_node *node, ore_tensor *dy) {
    activation_backward(&relu_activation, node, dy);
}

static const activation relu_activation = {
    {"relu", relu_backward}, ORE_ROW(relu), ORE_ROW(relu_backward), true};

ore_tensor *ore_relu(ore_tensor *x) {
    return activate(&relu_activation, x);
}

/* ---- y = x Phi(x), dx = dy (Phi(x) + x phi(x)); Hendrycks and Gimpel 2016, arXiv:1606.08415
 * --------------- */

static const activation gelu_activation;

static void gelu_backward(ore_node *node, ore_tensor *dy) {
    activation_backward(&gelu_activation, node, dy);
}

static const activation gelu_activation = {
    {"gelu", gelu_backward}, ORE_ROW(gelu), ORE_ROW(gelu_backward), false};

ore_tensor *ore_gelu(ore_tensor *x) {
    return activate(&gelu_activation, x);
}

/* ---- y = x/2 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3); the same paper
 * ------------------------------- */

static const activation gelu_tanh_activation;

static void gelu_tanh_backward(ore_node *node, ore_tensor *dy) {
    activation_backward(&gelu_tanh_activation, node, dy);
}

static const activation gelu_tanh_activation = {
    {"gelu_tanh", gelu_tanh_backward}, ORE_ROW(gelu_tanh), ORE_ROW(gelu_tanh_backward), false};

ore_tensor *ore_gelu_tanh(ore_tensor *x) {
    return activate(&gelu_tanh_activation, x);
}
