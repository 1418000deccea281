/* train_model.c: model, optimizer and their files. */
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>

#include "run/train_model.h"

/* ---- random streams ---- */

/* A step of splitmix64 (S. Vigna): spreads neighbouring numbers over all 64 bits. */
static uint64_t spread(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t train_seed(const train_config *c, train_stream stream, int64_t part, int64_t step) {
    uint64_t seed = (uint64_t)c->seed;
    if (stream == STREAM_WEIGHTS)
        return seed;
    return spread(spread(spread(seed + (uint64_t)stream) + (uint64_t)part) + (uint64_t)step);
}

/* ---- model ---- */

ore_status model_init(model *m, const train_config *c, ore_generator *g) {
    *m = (model){.family = family_of(c), .block_size = c->block_size};
    if (!ore_ok())
        return ore_error_status();
    void *net = calloc(1, m->family->bytes);
    if (!net)
        return ore_fail(ORE_MEMORY, "%s: out of memory", m->family->name);
    ore_generator_seed(g, train_seed(c, STREAM_WEIGHTS, 0, 0));
    if (m->family->init(net, c, g) == ORE_OK) {
        m->module = net;
        ore_generator_seed(g, train_seed(c, STREAM_DROPOUT, 0, 0));
    } else {
        free(net);
    }
    return ore_error_status();
}

void model_free(model *m) {
    if (!m->module)
        return;
    m->family->free(m->module);
    free(m->module);
    m->module = NULL;
}

ore_tensor *model_last(const model *m, ore_tensor *ids) {
    return m->family->last ? m->family->last(m->module, ids) : ore_module_forward(m->module, ids);
}

/* ---- optimizer ---- */

/* Which of the options an update rule reads beside lr and weight_decay; what it has of others stays
 * at the library's defaults. */
enum { READS_BETAS = 1, READS_EPS = 2, READS_MOMENTUM = 4, READS_NESTEROV = 8 };

typedef struct update_rule {
    const char *name;
    ore_optimizer *(*make)(void);
    int reads;
} update_rule;

#define MAKE(rule)                                                                                 \
    static ore_optimizer *make_##rule(void) {                                                      \
        return ore_##rule##_new(NULL, NULL);                                                       \
    }
MAKE(adamw)
MAKE(adam)
MAKE(sgd)
MAKE(adagrad)
MAKE(rmsprop)
MAKE(adadelta)
MAKE(adamax)
MAKE(nadam)
MAKE(radam)
MAKE(lion)
MAKE(adafactor)
#undef MAKE

static const update_rule rules[] = {
    {"adamw", make_adamw, READS_BETAS | READS_EPS},
    {"adam", make_adam, READS_BETAS | READS_EPS},
    {"sgd", make_sgd, READS_MOMENTUM | READS_NESTEROV},
    {"adagrad", make_adagrad, 0},
    {"rmsprop", make_rmsprop, READS_EPS | READS_MOMENTUM},
    {"adadelta", make_adadelta, 0},
    {"adamax", make_adamax, READS_BETAS | READS_EPS},
    {"nadam", make_nadam, READS_BETAS | READS_EPS},
    {"radam", make_radam, READS_BETAS | READS_EPS},
    {"lion", make_lion, READS_BETAS},
    {"adafactor", make_adafactor, 0},
};

static const update_rule *rule_of(const train_config *c) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].name, c->optimizer) == 0)
            return &rules[i];
    ore_fail(ORE_INVALID, "optimizer: no update rule \"%s\"", c->optimizer);
    return NULL;
}

bool train_rule_reads(const train_config *c, const char *key) {
    static const struct {
        const char *key;
        int reads;
    } keys[] = {{"beta1", READS_BETAS},
                {"beta2", READS_BETAS},
                {"eps", READS_EPS},
                {"momentum", READS_MOMENTUM},
                {"nesterov", READS_NESTEROV}};
    const update_rule *rule = rule_of(c);
    for (size_t i = 0; rule && i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i].key, key) == 0)
            return rule->reads & keys[i].reads;
    return true;
}

static ore_group_options group_options(const train_config *c, const update_rule *rule,
                                       const ore_optimizer *optimizer) {
    ore_group_options o = ore_optimizer_defaults(optimizer);
    o.lr = c->lr;
    o.weight_decay = c->weight_decay;
    if (rule->reads & READS_BETAS) {
        o.beta1 = c->beta1;
        o.beta2 = c->beta2;
    }
    if (rule->reads & READS_EPS)
        o.eps = c->eps;
    if (rule->reads & READS_MOMENTUM)
        o.momentum = c->momentum;
    if (rule->reads & READS_NESTEROV)
        o.nesterov = c->nesterov;
    return o;
}

ore_optimizer *train_optimizer_new(const train_config *c, const ore_module *root) {
    const update_rule *rule = rule_of(c);
    ore_optimizer *optimizer = rule ? rule->make() : NULL;
    if (!optimizer)
        return NULL;
    ore_tensor_list parameters = ore_module_parameters(root);
    ore_group_options o = group_options(c, rule, optimizer);
    int decayed = ore_optimizer_add_group(optimizer, &o);
    o.weight_decay = 0;
    int plain = strcmp(c->decay, "all") == 0 ? decayed : ore_optimizer_add_group(optimizer, &o);
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
    s.kind = strcmp(c->schedule, "cosine") == 0   ? ORE_SCHEDULE_COSINE
             : strcmp(c->schedule, "linear") == 0 ? ORE_SCHEDULE_LINEAR
                                                  : ORE_SCHEDULE_CONSTANT;
    s.lr = c->lr;
    s.min_lr = c->min_lr;
    s.warmup_steps = c->warmup_steps;
    s.steps = c->steps;
    return s;
}
