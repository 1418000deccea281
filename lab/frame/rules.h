/* rules.h: optimizers with their default options, but for the learning rate. rule_momentum is SGD
 * with momentum 0.9; rule_lbfgs searches along lines by the strong Wolfe conditions. */
#ifndef LAB_RULES_H
#define LAB_RULES_H

#include <ore/ore.h>

ore_optimizer *rule_sgd(const ore_module *root, double lr);
ore_optimizer *rule_momentum(const ore_module *root, double lr);
ore_optimizer *rule_adagrad(const ore_module *root, double lr);
ore_optimizer *rule_rmsprop(const ore_module *root, double lr);
ore_optimizer *rule_adam(const ore_module *root, double lr);
ore_optimizer *rule_adamw(const ore_module *root, double lr);
ore_optimizer *rule_lion(const ore_module *root, double lr);
ore_optimizer *rule_adafactor(const ore_module *root, double lr);
ore_optimizer *rule_lbfgs(const ore_module *root, double lr);

#endif
