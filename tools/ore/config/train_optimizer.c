/* train_optimizer.c: optimizer, schedule and steps of a run. */
#include <string.h>

#include "config/train_optimizer.h"

/* ---- update rules ---- */

enum {
    READS_BETAS = 1,
    READS_EPS = 2,
    READS_MOMENTUM = 4,
    READS_NESTEROV = 8,
    STATE_WITH_MOMENTUM = 16 /* it has a state for each parameter only if momentum is above 0 */
};

#define OPTIMIZER(name, reads)                                                                     \
    static ore_optimizer *make_##name(void) {                                                      \
        return ore_##name##_new(NULL, NULL);                                                       \
    }
#include "config/optimizers.def"
#undef OPTIMIZER

typedef struct update_rule {
    ore_optimizer *(*make)(void);
    int reads;
} update_rule;

static const update_rule rules[] = {
#define OPTIMIZER(name, reads) [OPTIMIZER_##name] = {make_##name, reads},
#include "config/optimizers.def"
#undef OPTIMIZER
};

static const update_rule *rule_of(const train_config *c) {
    return &rules[c->optimizer];
}

bool train_optimizer_reads(const train_config *c, const char *key) {
    static const struct {
        const char *key;
        int reads;
    } keys[] = {{"beta1", READS_BETAS},
                {"beta2", READS_BETAS},
                {"eps", READS_EPS},
                {"momentum", READS_MOMENTUM},
                {"nesterov", READS_NESTEROV}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i].key, key) == 0)
            return rule_of(c)->reads & keys[i].reads;
    return true;
}

bool train_optimizer_has_state(const train_config *c) {
    return !(rule_of(c)->reads & STATE_WITH_MOMENTUM) || c->momentum > 0;
}

/* ---- making ---- */

static ore_group_options group_options(const train_config *c, const ore_optimizer *optimizer) {
    ore_group_options o = ore_optimizer_defaults(optimizer);
    o.lr = c->lr;
    o.weight_decay = c->weight_decay;
    if (rule_of(c)->reads & READS_BETAS) {
        o.beta1 = c->beta1;
        o.beta2 = c->beta2;
    }
    if (rule_of(c)->reads & READS_EPS)
        o.eps = c->eps;
    if (rule_of(c)->reads & READS_MOMENTUM)
        o.momentum = c->momentum;
    if (rule_of(c)->reads & READS_NESTEROV)
        o.nesterov = c->nesterov;
    return o;
}

ore_optimizer *train_optimizer_new(const train_config *c, const ore_module *root) {
    ore_optimizer *optimizer = rule_of(c)->make();
    if (!optimizer)
        return NULL;
    ore_tensor_list parameters = ore_module_parameters(root);
    ore_group_options o = group_options(c, optimizer);
    int decayed = ore_optimizer_add_group(optimizer, &o);
    o.weight_decay = 0;
    int plain = c->decay == DECAY_ALL ? decayed : ore_optimizer_add_group(optimizer, &o);
    for (int64_t i = 0; i < parameters.count && ore_ok(); i++) {
        ore_tensor *p = parameters.items[i].tensor;
        ore_optimizer_add(optimizer, ore_ndim(p) >= 2 ? decayed : plain, p,
                          parameters.items[i].name);
    }
    ore_tensor_list_free(&parameters);
    if (ore_ok())
        return optimizer;
    ore_optimizer_free(optimizer);
    return NULL;
}

ore_schedule train_schedule(const train_config *c) {
    ore_schedule s = ore_schedule_defaults();
    s.kind = (ore_schedule_kind)c->schedule;
    s.lr = c->lr;
    s.min_lr = c->min_lr;
    s.warmup_steps = c->warmup_steps;
    s.steps = c->steps;
    return s;
}

ore_fit_options train_fit_options(const train_config *c) {
    ore_fit_options o = ore_fit_defaults();
    o.steps = c->steps;
    o.stop_at = c->stop_at == CONFIG_AUTO_INT ? 0 : c->stop_at;
    o.accumulate = c->accumulate;
    o.l1 = c->l1;
    o.l2 = c->l2;
    o.autocast = (ore_dtype)c->dtype;
    o.clip_norm = c->grad_clip;
    o.clip_value = c->grad_clip_value;
    o.eval_interval = c->eval_interval;
    o.patience = c->patience;
    o.stop_when_converged = c->stop_when_converged;
    return o;
}
