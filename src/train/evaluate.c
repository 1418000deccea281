/* evaluate.c: mean losses over the batches of a loader. */
#include <math.h>

#include "base/elementary/elementary.h"
#include "train/fit.h"

static const double LN2 = 0.693147180559945309417; /* nats of a bit */

/* Computes the loss of one batch, and adds to the sums, tokens and bytes of *out. Returns the loss
 * times the number of targets. */
static double add_batch(const ore_objective *objective, const ore_batch *batch, int64_t number,
                        ore_evaluation *out) {
    ore_fit_seconds unused = {0};
    out->tokens += batch->tokens;
    out->bytes += batch->bytes;
    if (batch->tokens == 0)
        return 0;
    double loss = ore_item(ore_objective_loss(objective, batch, &unused));
    if (ore_ok() && !isfinite(loss))
        ore_fail(ORE_DATA, "evaluate: loss is %g in batch %lld", isnan(loss) ? (double)NAN : loss,
                 (long long)number);
    return loss * (double)batch->tokens;
}

static void run_batches(const ore_objective *objective, ore_loader *loader, int64_t max_batches,
                        ore_evaluation_observer observer, void *user, ore_evaluation *out) {
    double sum = 0;
    bool more = true;
    int64_t i = 0;
    for (; more && ore_ok() && (max_batches == 0 || i < max_batches); i++) {
        if (observer)
            observer(user, i);
        ore_scope_begin();
        ore_batch batch = ore_objective_next(objective, loader);
        more = batch.x != NULL;
        if (more)
            sum += add_batch(objective, &batch, i, out);
        ore_scope_end();
    }
    if (observer)
        observer(user, i);
    if (ore_ok() && out->tokens == 0)
        ore_fail(ORE_DATA, "evaluate: the loader's batches have no target");
    if (!ore_ok())
        return;
    out->loss = sum / (double)out->tokens;
    out->perplexity = ore_math_exp(out->loss);
    if (out->bytes > 0)
        out->bits_per_byte = sum / LN2 / (double)out->bytes;
}

ore_status ore_evaluate_batches(const ore_objective *objective, ore_loader *loader,
                                int64_t max_batches, ore_evaluation_observer observer, void *user,
                                ore_evaluation *out) {
    ore_module *module = objective->module;
    *out = (ore_evaluation){.loss = NAN, .perplexity = NAN, .bits_per_byte = NAN};
    if (!ore_ok())
        return ore_error_status();
    bool forward = module || objective->forward || objective->forward_batch;
    if (!forward || !loader || max_batches < 0)
        return ore_fail(ORE_INVALID, "evaluate: needs a module or a forward, a loader, and a limit "
                                     "of at least 0");
    if (max_batches == 0 && ore_loader_batches(loader) < 0)
        return ore_fail(ORE_INVALID, "evaluate: a loader without end needs a limit of batches");
    bool training = module && module->training;
    if (module)
        ore_module_eval(module);
    ore_no_grad_begin();
    ore_loader_reset(loader);
    run_batches(objective, loader, max_batches, observer, user, out);
    ore_loader_reset(loader);
    ore_no_grad_end();
    if (module)
        ore_module_train(module, training);
    return ore_error_status();
}

ore_status ore_evaluate_loader(ore_module *module, ore_forward_function forward,
                               ore_loss_function loss, void *user, ore_loader *loader,
                               int64_t max_batches, ore_evaluation *out) {
    const ore_fit_options o = {.module = module, .forward = forward, .loss = loss, .user = user};
    return ore_evaluate_fit(&o, NULL, loader, max_batches, out);
}

ore_status ore_evaluate_fit(const ore_fit_options *options, ore_measure_function measure,
                            ore_loader *loader, int64_t max_batches, ore_evaluation *out) {
    double sums[ORE_MEASURES_MAX] = {0};
    ore_objective objective = ore_objective_of(options);
    objective.measure = measure;
    objective.sums = sums;
    ore_evaluate_batches(&objective, loader, max_batches, NULL, NULL, out);
    for (int i = 0; i < ORE_MEASURES_MAX; i++)
        out->measures[i] = ore_ok() ? sums[i] / (double)out->tokens : (double)NAN;
    return ore_error_status();
}
