/* rules.h: optimizers with their defaults but for the rate; momentum is SGD with 0.9, L-BFGS
 * searches for the strong Wolfe conditions. */
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
