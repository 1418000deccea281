/* train_model.c: the model of a run. */
#include <stdlib.h>

#include <ore/run.h>

#include "run/train_model.h"

ore_status model_init(model *m, const train_config *c, ore_generator *g) {
    *m = (model){.family = family_of(c), .block_size = train_block_size(c)};
    if (!ore_ok())
        return ore_error_status();
    void *net = calloc(1, m->family->net_bytes);
    if (!net)
        return ore_fail(ORE_MEMORY, "%s: out of memory", m->family->name);
    ore_generator_seed(g, (uint64_t)c->seed);
    if (m->family->init(net, c->net, g) == ORE_OK) {
        m->module = net;
        ore_generator_seed(g, ore_stream_seed((uint64_t)c->seed, ORE_STREAM_DROPOUT, 0, 0));
    } else {
        free(net);
    }
    return ore_error_status();
}

ore_status model_to_device(model *m, ore_device device) {
    m->device = device;
    return ore_module_to_device(m->module, device);
}

void model_free(model *m) {
    if (!m->module)
        return;
    m->family->free(m->module);
    free(m->module);
    m->module = NULL;
}

ore_tensor *model_forward(void *user, const ore_batch *batch) {
    const model *m = user;
    return m->family->forward ? m->family->forward(m->module, batch)
                              : ore_module_forward(m->module, batch->x);
}

ore_fit_options model_fit_options(model *m) {
    ore_fit_options o = ore_fit_defaults();
    o.module = m->module;
    o.forward_batch = model_forward;
    o.loss = family_task(m->family)->loss;
    o.user = m;
    return o;
}

ore_tensor *model_last(const model *m, ore_tensor *ids) {
    return m->family->last ? m->family->last(m->module, ids) : ore_module_forward(m->module, ids);
}
