/* grad_scaler.h: scaled losses, for backward passes in float16.
 *
 *     ore_grad_scaler scaler = ore_grad_scaler_defaults();
 *     for each step:
 *         ore_autocast_begin(ORE_FLOAT16);
 *         ore_tensor *loss = ..;
 *         ore_autocast_end();
 *         ore_backward(ore_grad_scaler_scale(&scaler, loss));
 *         ore_grad_scaler_step(&scaler, optimizer, NULL);
 *         ore_grad_scaler_update(&scaler);
 *
 * Gradients below 6e-8 are 0 in float16, and those above 65504 infinite. The loss is multiplied by
 * a scale, so that gradients lie between the two; they are divided by it before the update. A step
 * whose gradients are not finite is left out and the scale made smaller; it grows again after many
 * steps without one (Micikevicius et al. 2018, arXiv:1710.03740, section 3.2). As
 * torch.amp.GradScaler, rule for rule. bfloat16 has the exponents of float32 and needs none. */
#ifndef ORE_GRAD_SCALER_H
#define ORE_GRAD_SCALER_H

#include <ore/optim.h>

ORE_BEGIN_DECLS

enum { ORE_GRAD_SCALER_OPTIMIZERS = 8 }; /* at most, that step between two updates */

/* Made by ore_grad_scaler_defaults; may be copied. To resume, keep scale and growth_tracker. */
typedef struct ore_grad_scaler {
    double scale;            /* 65536 */
    double growth_factor;    /* 2: of the scale after growth_interval steps without an overflow */
    double backoff_factor;   /* 0.5: of the scale after an overflow */
    int64_t growth_interval; /* 2000 */
    int64_t growth_tracker;  /* 0: updates without an overflow since the scale last changed */

    /* What has happened since the last update: the optimizers whose gradients are divided already,
     * and whether all of these are finite. Not to be touched. */
    int unscaled_count;
    const ore_optimizer *unscaled[ORE_GRAD_SCALER_OPTIMIZERS];
    bool finite[ORE_GRAD_SCALER_OPTIMIZERS];
} ore_grad_scaler;
ORE_API ore_grad_scaler ore_grad_scaler_defaults(void);

/* loss scale, to go backward from. */
ORE_API ore_tensor *ore_grad_scaler_scale(const ore_grad_scaler *scaler, ore_tensor *loss);
/* Divides the gradients of the optimizer's parameters by the scale, and notes whether they are
 * finite. Needed only where something else reads the gradients before the step, as clipping does.
 * ORE_STATE for the second time between two updates; ORE_INVALID for a ninth optimizer. */
ORE_API ore_status ore_grad_scaler_unscale(ore_grad_scaler *scaler, const ore_optimizer *optimizer);
/* Unscales the gradients unless that was done, and steps the optimizer if all of them are finite;
 * else its parameters and state stay as they are. *stepped (NULL: not told) says which. */
ORE_API ore_status ore_grad_scaler_step(ore_grad_scaler *scaler, ore_optimizer *optimizer,
                                        bool *stepped);
/* Ends a step, after those of all optimizers: the scale becomes smaller if a gradient was not
 * finite. ORE_STATE where no gradient has been looked at since the last update. */
ORE_API ore_status ore_grad_scaler_update(ore_grad_scaler *scaler);
/* That rule alone, for a step whose gradients, all finite or not, were looked at by the caller. */
ORE_API void ore_grad_scaler_adjust(ore_grad_scaler *scaler, bool finite);

ORE_END_DECLS

#endif
