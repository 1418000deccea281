/* rules.c: optimizers with their default options, but for the learning rate. */
#include "lab/frame/rules.h"

ore_optimizer *rule_sgd(const ore_module *root, double lr) {
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = lr;
    return ore_sgd_new(root, &o);
}

ore_optimizer *rule_momentum(const ore_module *root, double lr) {
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = lr;
    o.momentum = 0.9;
    return ore_sgd_new(root, &o);
}

ore_optimizer *rule_adagrad(const ore_module *root, double lr) {
    ore_adagrad_options o = ore_adagrad_defaults();
    o.lr = lr;
    return ore_adagrad_new(root, &o);
}

ore_optimizer *rule_rmsprop(const ore_module *root, double lr) {
    ore_rmsprop_options o = ore_rmsprop_defaults();
    o.lr = lr;
    return ore_rmsprop_new(root, &o);
}

ore_optimizer *rule_adam(const ore_module *root, double lr) {
    ore_adam_options o = ore_adam_defaults();
    o.lr = lr;
    return ore_adam_new(root, &o);
}

ore_optimizer *rule_adamw(const ore_module *root, double lr) {
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = lr;
    return ore_adamw_new(root, &o);
}

ore_optimizer *rule_lion(const ore_module *root, double lr) {
    ore_lion_options o = ore_lion_defaults();
    o.lr = lr;
    return ore_lion_new(root, &o);
}

ore_optimizer *rule_adafactor(const ore_module *root, double lr) {
    ore_adafactor_options o = ore_adafactor_defaults();
    o.lr = lr;
    return ore_adafactor_new(root, &o);
}

ore_optimizer *rule_lbfgs(const ore_module *root, double lr) {
    ore_lbfgs_options o = ore_lbfgs_defaults();
    o.lr = lr;
    o.strong_wolfe = true;
    return ore_lbfgs_new(root, &o);
}
