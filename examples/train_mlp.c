/* train_mlp.c: a multilayer perceptron that learns which points lie inside a circle. */
#include <stdio.h>

#include <ore/ore.h>

/* ---- the model ---- */

typedef struct mlp {
    ore_module module; /* first: an mlp * is an ore_module * */
    ore_linear fc1, fc2, head;
} mlp;

/* (B, 2) -> (B, 2) */
static ore_tensor *mlp_forward(const ore_module *module, ore_tensor *x) {
    const mlp *m = (const mlp *)module;
    ore_tensor *h = ore_tanh(ore_linear_forward(&m->fc1, x)); /* (B, 32) */
    h = ore_tanh(ore_linear_forward(&m->fc2, h));             /* (B, 32) */
    return ore_linear_forward(&m->head, h);
}

static void mlp_init(mlp *m) {
    ore_module_init(&m->module, NULL, NULL);
    m->module.forward = mlp_forward;
    ore_linear_init(&m->fc1, &m->module, "fc1", 2, 32, NULL);
    ore_linear_init(&m->fc2, &m->module, "fc2", 32, 32, NULL);
    ore_linear_init(&m->head, &m->module, "head", 32, 2, NULL);
}

/* ---- the data ---- */

/* n points of the square [-1, 1] x [-1, 1], (n, 2), and their labels, (n): 1 inside the circle. */
static ore_tensor *points(int64_t n, ore_tensor **labels) {
    ore_tensor *x = ore_empty(ORE_SHAPE(n, 2), ORE_FLOAT32);
    ore_uniform_(x, -1, 1, NULL);
    ore_tensor *radius2 = ore_sum(ore_square(x), ORE_DIMS(1), false); /* (n) */
    *labels = ore_to(ore_lt(radius2, ore_scalar(0.6, ORE_FLOAT32)), ORE_INT64);
    return x;
}

/* The share of n new points that the model puts on the right side. */
static double accuracy(const mlp *m, int64_t n) {
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *labels, *x = points(n, &labels);
    ore_tensor *guess = ore_argmax(ore_module_forward(&m->module, x), 1, false); /* (n) */
    double share = ore_item(ore_mean(ore_to(ore_eq(guess, labels), ORE_FLOAT32), ORE_ALL, false));
    ore_no_grad_end();
    ore_scope_end();
    return share;
}

/* ---- training ---- */

static void train(mlp *m, ore_loader *loader, ore_optimizer *optimizer) {
    ore_fit_options o = ore_fit_defaults();
    o.module = &m->module; /* its forward gives logits; the loss is cross entropy */
    o.loader = loader;
    o.optimizer = optimizer;
    o.steps = 300;
    ore_fit_result r;
    if (ore_fit(&o, NULL, &r) == ORE_OK)
        printf("loss of the first step %.2f, of the last %.1f\n", r.losses[0],
               r.losses[r.loss_count - 1]);
    ore_fit_result_free(&r);
}

int main(void) {
    mlp net;
    ore_manual_seed(1);
    mlp_init(&net);
    ore_tensor *labels, *x = points(1000, &labels);

    ore_loader_options lo = ore_loader_defaults();
    lo.batch_size = 50;
    lo.shuffle = true;
    ore_loader *loader = ore_tensor_loader_new(x, labels, &lo);
    ore_adamw_options ao = ore_adamw_defaults();
    ao.lr = 1e-2;
    ore_optimizer *optimizer = ore_adamw_new(&net.module, &ao);

    train(&net, loader, optimizer);
    printf("right on new points: %.0f%%\n", 100 * accuracy(&net, 1000));

    ore_optimizer_free(optimizer);
    ore_loader_free(loader);
    ore_module_free(&net.module);
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
