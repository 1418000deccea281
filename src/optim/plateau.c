/* plateau.c: what follows a metric: rates that fall when it stands still, and early stopping. */
#include <math.h>
#include <stdio.h>

#include "optim/optimizer.h"

static bool better(ore_metric_mode mode, double metric, double best, double margin) {
    return mode == ORE_METRIC_MAX ? metric > best + margin : metric < best - margin;
}

static double worst(ore_metric_mode mode) {
    return mode == ORE_METRIC_MAX ? -INFINITY : INFINITY;
}

/* ---- rates ---- */

ore_reduce_lr_on_plateau ore_reduce_lr_on_plateau_defaults(void) {
    return (ore_reduce_lr_on_plateau){
        .factor = 0.1, .patience = 10, .threshold = 1e-4, .eps = 1e-8};
}

static void reduce(const ore_reduce_lr_on_plateau *p, ore_optimizer *optimizer) {
    for (int i = 0; i < ore_optimizer_group_count(optimizer) && ore_ok(); i++) {
        double old = ore_optimizer_lr(optimizer, i), lr = fmax(old * p->factor, p->min_lr);
        if (!(old - lr > p->eps) || ore_optimizer_set_lr(optimizer, i, lr) != ORE_OK || !p->report)
            continue;
        char text[128];
        snprintf(text, sizeof text, "Epoch %05lld: reducing learning rate of group %d to %.4e.",
                 (long long)p->last_epoch, i, lr);
        p->report(p->user, text);
    }
}

ore_status ore_reduce_lr_on_plateau_step(ore_reduce_lr_on_plateau *p, ore_optimizer *optimizer,
                                         double metric) {
    if (!ore_ok())
        return ore_error_status();
    if (!(p->factor < 1) || p->patience < 0 || p->cooldown < 0)
        return ore_fail(ORE_INVALID,
                        "reduce_lr_on_plateau: factor %g, patience %lld, cooldown "
                        "%lld, expected factor < 1 and the others from 0",
                        p->factor, (long long)p->patience, (long long)p->cooldown);
    if (p->last_epoch == 0)
        p->best = worst(p->mode);
    p->last_epoch++;
    double margin = p->threshold;
    if (p->threshold_mode == ORE_THRESHOLD_REL)
        margin = isinf(p->best) ? 0 : p->best * p->threshold;
    if (better(p->mode, metric, p->best, margin)) {
        p->best = metric;
        p->num_bad_epochs = 0;
    } else {
        p->num_bad_epochs++;
    }
    if (p->cooldown_counter > 0) {
        p->cooldown_counter--;
        p->num_bad_epochs = 0;
    }
    if (p->num_bad_epochs > p->patience) {
        reduce(p, optimizer);
        p->cooldown_counter = p->cooldown;
        p->num_bad_epochs = 0;
    }
    return ore_error_status();
}

/* ---- stopping ---- */

ore_early_stopping ore_early_stopping_defaults(void) {
    return (ore_early_stopping){.patience = 10};
}

bool ore_early_stopping_step(ore_early_stopping *s, double metric) {
    if (s->count == 0)
        s->best = worst(s->mode);
    if (better(s->mode, metric, s->best, isinf(s->best) ? 0 : s->min_delta)) {
        s->best = metric;
        s->best_at = s->count;
        s->bad = 0;
    } else {
        s->bad++;
    }
    s->count++;
    return s->bad > 0 && s->bad >= s->patience;
}
