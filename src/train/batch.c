/* batch.c: fetches batches and computes their losses, for training and evaluation. */

#include <ore/autocast.h>
#include <ore/ops.h>

#include "core/tensor.h"
#include "nn/module.h"
#include "train/fit.h"

void ore_lap(double *sum, double *from) {
    double now = ore_clock_s();
    *sum += now - *from;
    *from = now;
}

ore_objective ore_objective_of(const ore_fit_options *options) {
    ore_objective objective = {.module = options->module,
                               .forward = options->forward,
                               .forward_batch = options->forward_batch,
                               .loss = options->loss,
                               .user = options->user,
                               .autocast = options->autocast,
                               .device = ORE_CPU};
    if (options->module) {
        ore_slot_walk walk = ore_slots_of(options->module);
        const ore_module_slot *first = ore_next_slot(&walk);
        if (first)
            objective.device = ore_tensor_device(*first->field);
    }
    return objective;
}

/* ---- batches ---- */

ore_batch ore_objective_next(const ore_objective *objective, ore_loader *loader) {
    ore_batch batch = ore_loader_next(loader);
    if (batch.x && ore_tensor_device(batch.x) != objective->device)
        batch.x = ore_to_device(batch.x, objective->device);
    if (batch.y && ore_tensor_device(batch.y) != objective->device)
        batch.y = ore_to_device(batch.y, objective->device);
    for (int i = 0; i < ORE_FIELDS_MAX - 2; i++)
        if (batch.more[i] && ore_tensor_device(batch.more[i]) != objective->device)
            batch.more[i] = ore_to_device(batch.more[i], objective->device);
    return ore_ok() ? batch : (ore_batch){0};
}

/* ---- losses ---- */

static ore_tensor *output_of(const ore_objective *o, const ore_batch *batch) {
    ore_tensor *y = o->forward_batch ? o->forward_batch(o->user, batch)
                    : o->forward     ? o->forward(o->user, batch->x)
                                     : ore_module_forward(o->module, batch->x);
    if (!y)
        ore_fail(ORE_INVALID, "fit: the forward gave NULL without an error");
    return y;
}

/* Cross entropy of logits (.., C) and labels (..). */
static ore_tensor *default_loss(ore_tensor *logits, ore_tensor *labels) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!labels) {
        ore_fail(ORE_INVALID, "fit: cross entropy without targets; give a loss function");
        return NULL;
    }
    ore_shape rows = ore_shape_of(logits);
    rows.ndim = rows.ndim > 0 ? rows.ndim - 1 : 0;
    if (ore_ndim(logits) < 1 || !ore_shape_equal(rows, ore_shape_of(labels))) {
        ore_fail(ORE_INVALID, "fit: output %s does not fit targets %s, expected logits (.., C)",
                 ore_shape_text(ore_shape_of(logits), got),
                 ore_shape_text(ore_shape_of(labels), want));
        return NULL;
    }
    int64_t N = ore_shape_numel(rows), C = ore_size(logits, -1);
    logits = ore_reshape(logits, ORE_SHAPE(N, C));
    labels = ore_reshape(labels, ORE_SHAPE(N));
    return ore_cross_entropy(logits, labels, NULL);
}

static ore_tensor *loss_of(const ore_objective *o, ore_tensor *output, ore_tensor *target) {
    if (!ore_ok())
        return NULL;
    return o->loss ? o->loss(o->user, output, target) : default_loss(output, target);
}

static ore_tensor *checked(ore_tensor *loss) {
    char text[ORE_SHAPE_TEXT];
    if (!loss) {
        ore_fail(ORE_INVALID, "fit: the loss function gave NULL without an error");
        return NULL;
    }
    if (ore_numel(loss) == 1 && ore_dtype_is_floating(ore_tensor_dtype(loss)))
        return loss;
    ore_fail(ORE_INVALID, "fit: the loss is %s of %s, expected one floating number",
             ore_shape_text(ore_shape_of(loss), text), ore_dtype_name(ore_tensor_dtype(loss)));
    return NULL;
}

ore_tensor *ore_objective_loss(const ore_objective *objective, const ore_batch *batch,
                               ore_fit_seconds *seconds) {
    double clock = ore_clock_s();
    ore_scope_begin();
    bool casts = objective->autocast != ORE_FLOAT32; /* else the caller's region stays in force */
    ore_autocast_begin(casts ? objective->autocast : ore_autocast_dtype());
    ore_scope_begin();
    ore_tensor *output = ore_keep(output_of(objective, batch));
    ore_scope_end();
    ore_lap(&seconds->forward, &clock);
    ore_scope_begin();
    ore_tensor *loss = ore_keep(checked(loss_of(objective, output, batch->y)));
    if (loss && objective->measure)
        objective->measure(objective->user, output, batch, objective->sums);
    ore_scope_end();
    ore_autocast_end();
    ore_keep(loss);
    ore_scope_end();
    ore_lap(&seconds->loss, &clock);
    return ore_ok() ? loss : NULL;
}
