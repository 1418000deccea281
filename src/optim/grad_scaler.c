/* grad_scaler.c: scaled losses. */
#include <math.h>

#include <ore/grad_scaler.h>
#include <ore/ops.h>

#include "optim/optimizer.h"

ore_grad_scaler ore_grad_scaler_defaults(void) {
    return (ore_grad_scaler){
        .scale = 65536, .growth_factor = 2, .backoff_factor = 0.5, .growth_interval = 2000};
}

ore_tensor *ore_grad_scaler_scale(const ore_grad_scaler *scaler, ore_tensor *loss) {
    return ore_mul_scalar(loss, scaler->scale);
}

/* The optimizer's place among those whose gradients are divided; -1 where they are not. */
static int place_of(const ore_grad_scaler *scaler, const ore_optimizer *optimizer) {
    for (int i = 0; i < scaler->unscaled_count; i++)
        if (scaler->unscaled[i] == optimizer)
            return i;
    return -1;
}

/* Divides a gradient in place; returns whether all of it is finite. */
static bool divide(ore_tensor *gradient, double scale) {
    ore_mul_scalar_(gradient, 1 / scale);
    return ore_item_int(ore_all(ore_isfinite(gradient), ORE_ALL, false)) != 0;
}

ore_status ore_grad_scaler_unscale(ore_grad_scaler *scaler, const ore_optimizer *optimizer) {
    if (!ore_ok())
        return ore_error_status();
    if (place_of(scaler, optimizer) >= 0)
        return ore_fail(ORE_STATE, "grad_scaler: gradients are unscaled already, expected an "
                                   "update before the next time");
    if (scaler->unscaled_count == ORE_GRAD_SCALER_OPTIMIZERS)
        return ore_fail(ORE_INVALID, "grad_scaler: more than %d optimizers without an update",
                        ORE_GRAD_SCALER_OPTIMIZERS);
    bool finite = true;
    ore_no_grad_begin();
    for (int64_t i = 0; i < optimizer->parameter_count && ore_ok(); i++) {
        ore_scope_begin();
        ore_tensor *gradient = ore_grad(optimizer->parameters[i].tensor);
        if (gradient && !divide(gradient, scaler->scale))
            finite = false;
        ore_scope_end();
    }
    ore_no_grad_end();
    if (!ore_ok())
        return ore_error_status();
    scaler->unscaled[scaler->unscaled_count] = optimizer;
    scaler->finite[scaler->unscaled_count++] = finite;
    return ORE_OK;
}

ore_status ore_grad_scaler_step(ore_grad_scaler *scaler, ore_optimizer *optimizer, bool *stepped) {
    if (stepped)
        *stepped = false;
    if (place_of(scaler, optimizer) < 0 && ore_grad_scaler_unscale(scaler, optimizer) != ORE_OK)
        return ore_error_status();
    bool finite = scaler->finite[place_of(scaler, optimizer)];
    if (finite)
        ore_optimizer_step(optimizer);
    if (stepped)
        *stepped = finite && ore_ok();
    return ore_error_status();
}

void ore_grad_scaler_adjust(ore_grad_scaler *scaler, bool finite) {
    scaler->unscaled_count = 0;
    scaler->growth_tracker = finite ? scaler->growth_tracker + 1 : 0;
    if (!finite) {
        scaler->scale *= scaler->backoff_factor;
    } else if (scaler->growth_tracker == scaler->growth_interval) {
        /* The scale multiplies float32 losses, and must be one of their numbers. */
        double grown = scaler->scale * scaler->growth_factor;
        scaler->scale = isfinite((float)grown) ? grown : scaler->scale;
        scaler->growth_tracker = 0;
    }
}

ore_status ore_grad_scaler_update(ore_grad_scaler *scaler) {
    if (!ore_ok())
        return ore_error_status();
    if (scaler->unscaled_count == 0)
        return ore_fail(ORE_STATE, "grad_scaler: an update, expected a step or unscale before it");
    bool finite = true;
    for (int i = 0; i < scaler->unscaled_count; i++)
        finite = finite && scaler->finite[i];
    ore_grad_scaler_adjust(scaler, finite);
    return ORE_OK;
}
