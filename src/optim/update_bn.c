/* update_bn.c: running values of batch norms for averaged weights. */
#include <math.h>
#include <string.h>

#include <ore/ops.h>

#include "base/memory.h"
#include "nn/module.h"
#include "optim/optimizer.h"

/* The batch norm at a module; NULL for other kinds, and for one without running values. */
static ore_batch_norm1d *batch_norm_at(const ore_module *module) {
    ore_batch_norm1d *n = (ore_batch_norm1d *)module; /* 2d is the same struct */
    bool is_one =
        strcmp(module->kind, "batch_norm1d") == 0 || strcmp(module->kind, "batch_norm2d") == 0;
    return is_one && n->running_mean ? n : NULL;
}

static void clear(ore_batch_norm1d *n) {
    ore_zero_(n->running_mean);
    ore_fill_(n->running_var, 1);
    ore_zero_(n->num_batches_tracked);
}

static int64_t count_norms(const ore_module *root) {
    int64_t count = 0;
    for (const ore_module *m = root; m; m = ore_next_module(m, root))
        count += batch_norm_at(m) != NULL;
    return count;
}

ore_status ore_update_bn(ore_module *root, ore_forward_batches forward, void *user) {
    int64_t count = ore_ok() ? count_norms(root) : 0, i = 0;
    if (count == 0)
        return ore_error_status();
    double *momenta = ore_alloc((size_t)count * sizeof *momenta);
    if (!momenta)
        return ore_error_status();
    bool training = root->training;
    ore_no_grad_begin();
    for (const ore_module *m = root; m; m = ore_next_module(m, root))
        if (batch_norm_at(m)) {
            momenta[i++] = batch_norm_at(m)->momentum;
            batch_norm_at(m)->momentum = NAN; /* plain averages */
            clear(batch_norm_at(m));
        }
    ore_module_train(root, true);
    forward(user);
    ore_module_train(root, training);
    i = 0;
    for (const ore_module *m = root; m; m = ore_next_module(m, root))
        if (batch_norm_at(m))
            batch_norm_at(m)->momentum = momenta[i++];
    ore_no_grad_end();
    ore_release(momenta);
    return ore_error_status();
}
