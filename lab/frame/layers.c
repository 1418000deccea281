/* layers.c: the lectures' own layers. */
#include <math.h>

#include "lab/frame/layers.h"

/* ---- linear ---- */

static ore_tensor *linear_forward(const ore_module *module, ore_tensor *x) {
    const lecture_linear *l = (const lecture_linear *)module;
    if (!ore_module_begin(module))
        return NULL;
    ore_tensor *y = ore_matmul(x, l->weight);
    return ore_module_result(module, l->bias ? ore_add(y, l->bias) : y);
}

/* ---- batch norm ---- */

/* running = (1 - momentum) running + momentum now. `now` is (C), or (1, T, C) per position. */
static void follow(lecture_norm *n, const char *name, ore_tensor *running, ore_tensor *now) {
    ore_shape shape = n->per_position ? ore_shape_of(now) : ore_shape_of(running);
    ore_tensor *moved =
        ore_add(ore_mul_scalar(running, 1 - n->momentum), ore_mul_scalar(now, n->momentum));
    if (ore_shape_equal(shape, ore_shape_of(running)))
        ore_copy_(running, ore_reshape(moved, shape));
    else
        ore_module_set_tensor(&n->module, name, moved);
}

static ore_tensor *norm_forward(const ore_module *module, ore_tensor *x) {
    lecture_norm *n = (lecture_norm *)module;
    ore_tensor *mean = n->running_mean, *var = n->running_var;
    if (!ore_module_begin(module))
        return NULL;
    if (module->training) {
        bool several = ore_ndim(x) == 3 && !n->per_position;
        ore_dims dims = several ? ORE_DIMS(0, 1) : ORE_DIMS(0);
        mean = ore_mean(x, dims, true);
        var = ore_var(x, dims, 1, true);
        ore_no_grad_begin();
        follow(n, "running_mean", n->running_mean, mean);
        follow(n, "running_var", n->running_var, var);
        ore_no_grad_end();
    }
    ore_tensor *xhat = ore_div(ore_sub(x, mean), ore_sqrt(ore_add_scalar(var, n->eps)));
    return ore_module_result(module, ore_add(ore_mul(n->gamma, xhat), n->beta));
}

/* ---- concatenation of neighbours ---- */

static ore_tensor *join_forward(const ore_module *module, ore_tensor *x) {
    int64_t n = ((const lecture_join *)module)->n;
    if (!ore_module_begin(module))
        return NULL;
    int64_t B = ore_size(x, 0), T = ore_size(x, 1), C = ore_size(x, 2);
    ore_shape shape = T == n ? ORE_SHAPE(B, n * C) : ORE_SHAPE(B, T / n, n * C);
    return ore_module_result(module, ore_reshape(x, shape));
}

/* ---- the stack ---- */

static ore_tensor *stack_forward(const ore_module *module, ore_tensor *x) {
    for (const ore_module *m = module->first_child; m && x; m = m->next_sibling)
        x = ore_module_forward(m, x);
    return x;
}

void stack_init(stack *s) {
    s->count = 0;
    ore_module_init(&s->module, NULL, NULL);
    s->module.kind = "stack";
    s->module.forward = stack_forward;
}

/* The next unused layer of the stack; NULL with an error where there is none. */
static void *next_layer(stack *s) {
    if (s->count < STACK_LAYERS)
        return &s->layers[s->count++];
    ore_fail(ORE_INVALID, "stack: more than %d layers", STACK_LAYERS);
    return NULL;
}

static void begin(ore_module *m, stack *s, const char *kind, ore_module_function forward) {
    ore_module_init(m, &s->module, NULL);
    m->kind = kind;
    m->forward = forward;
}

void stack_embedding(stack *s, int64_t count, int64_t dim, ore_generator *g) {
    ore_embedding_options o = ore_embedding_defaults();
    ore_embedding *e = next_layer(s);
    o.generator = g;
    if (e)
        ore_embedding_init(e, &s->module, NULL, count, dim, &o);
}

lecture_linear *stack_linear(stack *s, int64_t in, int64_t out, bool bias, ore_generator *g) {
    lecture_linear *l = next_layer(s);
    if (!l)
        return NULL;
    begin(&l->module, s, "linear", linear_forward);
    ore_scope_begin();
    l->weight = ore_randn(ORE_SHAPE(in, out), ORE_FLOAT32, g);
    ore_div_scalar_(l->weight, sqrt((double)in));
    l->bias = bias ? ore_zeros(ORE_SHAPE(out), ORE_FLOAT32) : NULL;
    ore_module_register_parameter(&l->module, "weight", &l->weight);
    ore_module_register_parameter(&l->module, "bias", &l->bias);
    ore_scope_end();
    return l;
}

lecture_norm *stack_norm(stack *s, int64_t channels) {
    lecture_norm *n = next_layer(s);
    if (!n)
        return NULL;
    *n = (lecture_norm){.eps = 1e-5, .momentum = 0.1};
    begin(&n->module, s, "batch_norm", norm_forward);
    ore_scope_begin();
    n->gamma = ore_ones(ORE_SHAPE(channels), ORE_FLOAT32);
    n->beta = ore_zeros(ORE_SHAPE(channels), ORE_FLOAT32);
    n->running_mean = ore_zeros(ORE_SHAPE(channels), ORE_FLOAT32);
    n->running_var = ore_ones(ORE_SHAPE(channels), ORE_FLOAT32);
    ore_module_register_parameter(&n->module, "gamma", &n->gamma);
    ore_module_register_parameter(&n->module, "beta", &n->beta);
    ore_module_register_buffer(&n->module, "running_mean", &n->running_mean, true);
    ore_module_register_buffer(&n->module, "running_var", &n->running_var, true);
    ore_scope_end();
    return n;
}

void stack_tanh(stack *s) {
    ore_activation *a = next_layer(s);
    if (a)
        ore_activation_init(a, &s->module, NULL, ore_tanh);
}

void stack_join(stack *s, int64_t n) {
    lecture_join *j = next_layer(s);
    if (!j)
        return;
    begin(&j->module, s, "join", join_forward);
    j->n = n;
}
