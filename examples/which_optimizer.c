/* which_optimizer.c: five update rules on three kinds of problem, at the best of eight rates. */
#include <math.h>
#include <stdio.h>

#include <ore/ore.h>

enum { N = 200, RULES = 5, RATES = 8 };

/* ---- problems ---- */

typedef struct problem {
    const char *name;
    ore_tensor *x, *y; /* (N, inputs), (N, 1) */
    int64_t hidden;    /* units of a layer of tanh between; 0: the model is linear */
    int64_t batch, evaluations;
} problem;

/* y of a linear model with random weights. */
static ore_tensor *linear_of(ore_tensor *x) {
    return ore_matmul(x, ore_randn(ORE_SHAPE(ore_size(x, 1), 1), ORE_FLOAT64, NULL));
}

/* 20 inputs that say much the same: steep in some directions and flat in others; all rows at
 * once. */
static problem valley(void) {
    ore_tensor *mixed = ore_randn(ORE_SHAPE(20, 20), ORE_FLOAT64, NULL);
    ore_tensor *x = ore_matmul(ore_randn(ORE_SHAPE(N, 20), ORE_FLOAT64, NULL), mixed);
    x = ore_mul_scalar(x, 0.2);
    return (problem){"a valley, all rows", x, linear_of(x), 0, N, 100};
}

/* 200 inputs that are 0 or 1, number k being 1 in one row of k: words of a text, say. */
static problem rare_features(void) {
    ore_tensor *often = ore_reciprocal(ore_arange(1, 201, 1, ORE_FLOAT64));
    ore_tensor *x = ore_lt(ore_rand(ORE_SHAPE(N, 200), ORE_FLOAT64, NULL), often);
    x = ore_to(x, ORE_FLOAT64);
    return (problem){"rare inputs, batches", x, linear_of(x), 0, 20, 300};
}

/* A small network, and targets with noise. */
static problem network(void) {
    ore_tensor *x = ore_randn(ORE_SHAPE(N, 4), ORE_FLOAT64, NULL);
    ore_tensor *noise = ore_randn(ORE_SHAPE(N, 1), ORE_FLOAT64, NULL);
    ore_tensor *y = ore_add(ore_sin(linear_of(x)), ore_mul_scalar(noise, 0.1));
    return (problem){"a network, batches", x, y, 16, 20, 300};
}

/* ---- rules ---- */

static const char *const rule_names[RULES] = {"SGD", "momentum", "Adagrad", "Adam", "L-BFGS"};

static ore_optimizer *new_optimizer(int rule, const ore_module *root, double lr) {
    ore_sgd_options sgd = ore_sgd_defaults();
    ore_adagrad_options adagrad = ore_adagrad_defaults();
    ore_adam_options adam = ore_adam_defaults();
    ore_lbfgs_options lbfgs = ore_lbfgs_defaults();
    sgd.lr = adagrad.lr = adam.lr = lbfgs.lr = lr;
    sgd.momentum = rule == 1 ? 0.9 : 0;
    lbfgs.strong_wolfe = true;
    return rule < 2    ? ore_sgd_new(root, &sgd)
           : rule == 2 ? ore_adagrad_new(root, &adagrad)
           : rule == 3 ? ore_adam_new(root, &adam)
                       : ore_lbfgs_new(root, &lbfgs);
}

/* ---- training ---- */

typedef struct training {
    const problem *p;
    ore_module root;
    ore_linear up, head;
    ore_optimizer *optimizer;
    ore_generator *generator;
    int64_t evaluations;
} training;

static ore_tensor *loss_of(const training *t, ore_tensor *x, ore_tensor *y) {
    if (t->p->hidden)
        x = ore_tanh(ore_linear_forward(&t->up, x));
    return ore_mse_loss(ore_linear_forward(&t->head, x), y, ORE_MEAN);
}

/* What every rule calls for a gradient: the loss of the next batch. */
static ore_tensor *evaluate(void *user) {
    training *t = user;
    ore_tensor *x = t->p->x, *y = t->p->y;
    if (t->p->batch < N) {
        ore_tensor *rows = ore_randint(0, N, ORE_SHAPE(t->p->batch), ORE_INT64, t->generator);
        x = ore_index_select(x, 0, rows);
        y = ore_index_select(y, 0, rows);
    }
    ore_optimizer_zero_grad(t->optimizer);
    ore_tensor *loss = loss_of(t, x, y);
    ore_backward(loss);
    t->evaluations++;
    return loss;
}

/* The loss over all rows in the end. */
static double train(const problem *p, int rule, double lr) {
    training t = {.p = p, .generator = ore_generator_new(1)};
    ore_linear_options o = ore_linear_defaults();
    o.dtype = ORE_FLOAT64; /* the same digits on every processor */
    o.generator = t.generator;
    ore_module_init(&t.root, NULL, NULL);
    int64_t inputs = ore_size(p->x, 1);
    if (p->hidden)
        ore_linear_init(&t.up, &t.root, "up", inputs, p->hidden, &o);
    ore_linear_init(&t.head, &t.root, "head", p->hidden ? p->hidden : inputs, 1, &o);
    t.optimizer = new_optimizer(rule, &t.root, lr);
    while (t.evaluations < p->evaluations && ore_ok()) {
        ore_scope_begin();
        ore_optimizer_step_closure(t.optimizer, evaluate, &t);
        ore_scope_end();
    }
    double loss = ore_item(loss_of(&t, p->x, p->y));
    ore_optimizer_free(t.optimizer);
    ore_module_free(&t.root);
    ore_generator_free(t.generator);
    return loss;
}

static void compare(const problem *p) {
    static const double rates[RATES] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3};
    printf("%-23s", p->name);
    for (int rule = 0; rule < RULES; rule++) {
        int best = 0;
        double losses[RATES];
        for (int i = 0; i < RATES; i++) {
            ore_scope_begin();
            losses[i] = train(p, rule, rates[i]);
            ore_scope_end();
            if (losses[i] < losses[best])
                best = i;
        }
        char text[32];
        snprintf(text, sizeof text, "%.4f at %g", losses[best], rates[best]);
        printf(" %-16s", text);
    }
    printf("\n");
}

int main(void) {
    ore_manual_seed(1);
    ore_scope_begin();
    printf("%-23s", "loss, at the best rate");
    for (int rule = 0; rule < RULES; rule++)
        printf(" %-16s", rule_names[rule]);
    printf("\n");
    problem problems[] = {valley(), rare_features(), network()};
    for (int i = 0; i < 3; i++)
        compare(&problems[i]);
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
