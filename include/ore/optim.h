/* optim.h: optimizers with parameter groups, gradient clipping, learning-rate schedules. Update
 * rules, defaults and state names are those of PyTorch 1.13. */
#ifndef ORE_OPTIM_H
#define ORE_OPTIM_H

#include <ore/nn.h>

ORE_BEGIN_DECLS

/* ---- optimizers ---------------------------------------------------------------------------------
 * g is the gradient (negated by maximize), p the parameter, t the number of the step from 1.
 *
 * SGD    g += weight_decay p;  b = momentum b + (1 - dampening) g, at first b = g;
 *        g = nesterov ? g + momentum b : b (when momentum is not 0);  p -= lr g
 * Adam   g += weight_decay p;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *        p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *        amsgrad: with the greatest v so far in place of v      (Kingma & Ba 2015, Reddi 2018)
 * AdamW  p *= 1 - lr weight_decay, then Adam without its decay   (Loshchilov & Hutter 2019)
 *
 * A parameter without a gradient is passed over. The optimizer owns its state and not the
 * parameters, which must outlive it. */
typedef struct ore_optimizer ore_optimizer;

typedef struct ore_sgd_options {
    double lr;           /* 1e-3 */
    double momentum;     /* 0 */
    double dampening;    /* 0 */
    double weight_decay; /* 0 */
    bool nesterov;       /* false; needs momentum and no dampening */
    bool maximize;       /* false */
} ore_sgd_options;

typedef struct ore_adam_options {
    double lr;           /* 1e-3 */
    double beta1, beta2; /* 0.9, 0.999 */
    double eps;          /* 1e-8 */
    double weight_decay; /* Adam 0, AdamW 1e-2 */
    bool amsgrad;        /* false */
    bool maximize;       /* false */
} ore_adam_options;
typedef ore_adam_options ore_adamw_options;

ORE_API ore_sgd_options ore_sgd_defaults(void);
ORE_API ore_adam_options ore_adam_defaults(void);
ORE_API ore_adamw_options ore_adamw_defaults(void);

/* Over every parameter of root that requires a gradient, as group 0; at least one is needed. A NULL
 * root starts without groups. NULL options mean the defaults. Numbers out of range are
 * ORE_INVALID. */
ORE_API ore_optimizer *ore_sgd_new(const ore_module *root, const ore_sgd_options *options);
ORE_API ore_optimizer *ore_adam_new(const ore_module *root, const ore_adam_options *options);
ORE_API ore_optimizer *ore_adamw_new(const ore_module *root, const ore_adamw_options *options);
ORE_API void ore_optimizer_free(ore_optimizer *optimizer);

/* One group's numbers; each kind of optimizer reads those that it has. */
typedef struct ore_group_options {
    double lr;
    double lr_scale; /* 1; what ore_optimizer_schedule multiplies the schedule's rate by */
    double weight_decay;
    double momentum, dampening;
    double beta1, beta2, eps;
    bool nesterov, amsgrad, maximize;
} ore_group_options;
/* The options that the optimizer was made with. */
ORE_API ore_group_options ore_optimizer_defaults(const ore_optimizer *optimizer);
/* Adds an empty group (NULL: the optimizer's options) and returns its index; -1 on failure. */
ORE_API int ore_optimizer_add_group(ore_optimizer *optimizer, const ore_group_options *options);
/* Adds a parameter to a group: a float32 or float64 leaf that is in no group yet. Its name is for
 * the state and messages, and must be new; NULL gives "0", "1", ... */
ORE_API ore_status ore_optimizer_add(ore_optimizer *optimizer, int group, ore_tensor *parameter,
                                     const char *name);

ORE_API int ore_optimizer_group_count(const ore_optimizer *optimizer);
ORE_API int64_t ore_optimizer_parameter_count(const ore_optimizer *optimizer); /* tensors */
/* NaN with ORE_INVALID where there is no such group. */
ORE_API double ore_optimizer_lr(const ore_optimizer *optimizer, int group);
ORE_API ore_status ore_optimizer_set_lr(ore_optimizer *optimizer, int group, double lr);

/* Sets the gradients to none, or those that exist to zeros. */
ORE_API void ore_optimizer_zero_grad(ore_optimizer *optimizer);
ORE_API void ore_optimizer_zero_grad_to_zeros(ore_optimizer *optimizer);
/* One update of every parameter that has a gradient. Refuses, changing nothing, while an error is
 * pending. */
ORE_API ore_status ore_optimizer_step(ore_optimizer *optimizer);
/* The same with every gradient multiplied by grad_scale on its way, as if they had been scaled
 * before. SGD, Adam and AdamW do it without another pass over memory and leave the gradients as
 * they are. Clipping in one pass: step_scaled(o, ore_clip_scale(ore_grad_norm_of(p, n), most)). */
ORE_API ore_status ore_optimizer_step_scaled(ore_optimizer *optimizer, double grad_scale);
/* Calls the closure, which clears gradients, computes the loss and runs backward; then steps.
 * Returns the loss. */
typedef ore_tensor *(*ore_closure)(void *user);
ORE_API ore_tensor *ore_optimizer_step_closure(ore_optimizer *optimizer, ore_closure closure,
                                               void *user);

/* The state of every parameter that has been stepped, for exact resume: "NAME.step" (0-d int64, in
 * the current scope), and "NAME.momentum_buffer" or "NAME.exp_avg", "NAME.exp_avg_sq",
 * "NAME.max_exp_avg_sq" (the optimizer's own). */
ORE_API ore_tensor_list ore_optimizer_state(const ore_optimizer *optimizer);
/* Copies such a list back into an optimizer over parameters of the same names and shapes; its own
 * state is dropped first. ORE_DATA for a name that is unknown or missing or a shape that differs,
 * and then the optimizer has no state. */
ORE_API ore_status ore_optimizer_load_state(ore_optimizer *optimizer, const ore_tensor_list *state);

/* ---- clipping
 * ------------------------------------------------------------------------------------- Both act on
 * the gradients that exist and refuse while an error is pending. */

/* Scales gradients so that their common 2-norm is at most max_norm: by max_norm / (norm + 1e-6)
 * where that is below 1. Returns the norm before; NaN on failure. The norm is summed in float64 in
 * an order that shapes alone fix. As in PyTorch a norm that is not finite is not an error: an
 * infinite one makes the scale 0 (0 times inf is NaN), a NaN makes every gradient NaN. Check the
 * returned norm before stepping. */
ORE_API double ore_clip_grad_norm(const ore_module *root, double max_norm);
ORE_API double ore_clip_grad_norm_of(ore_tensor *const *parameters, int64_t count, double max_norm);
ORE_API double ore_optimizer_clip_grad_norm(ore_optimizer *optimizer, double max_norm);
/* That norm alone, and what clipping to max_norm would multiply gradients of that norm by: at
 * most 1. */
ORE_API double ore_grad_norm_of(ore_tensor *const *parameters, int64_t count);
ORE_API double ore_clip_scale(double norm, double max_norm);
/* Clamps every element of the gradients to [-value, value]. */
ORE_API ore_status ore_clip_grad_value(const ore_module *root, double value);
ORE_API ore_status ore_clip_grad_value_of(ore_tensor *const *parameters, int64_t count,
                                          double value);

/* ---- schedules: the learning rate as a pure function of the step ----------------------------- */

typedef enum ore_schedule_kind {
    ORE_SCHEDULE_CONSTANT, /* lr */
    ORE_SCHEDULE_LINEAR,   /* lr down to min_lr on a line */
    ORE_SCHEDULE_COSINE,   /* lr down to min_lr on half a cosine */
} ore_schedule_kind;

typedef struct ore_schedule {
    ore_schedule_kind kind; /* ORE_SCHEDULE_CONSTANT */
    double lr;              /* 1e-3 */
    double min_lr;          /* 0 */
    int64_t warmup_steps;   /* 0 */
    int64_t steps;          /* the length of the whole, warm-up included; 0 */
} ore_schedule;

ORE_API ore_schedule ore_schedule_defaults(void);
/* The rate of a step, counted from 0: while step < warmup_steps, lr (step + 1) / (warmup_steps +
 * 1); then with x = (step - warmup_steps) / (steps - warmup_steps) the kind's curve, which reaches
 * min_lr at step = steps and stays there. Cosine: min_lr + (lr - min_lr) (1 + cos(pi x)) / 2.
 * A warm-up as long as steps, or longer, simply never gets to the decay. */
ORE_API double ore_schedule_lr(const ore_schedule *schedule, int64_t step);
/* Sets every group's rate to the schedule's times the group's lr_scale. */
ORE_API ore_status ore_optimizer_schedule(ore_optimizer *optimizer, const ore_schedule *schedule,
                                          int64_t step);

ORE_END_DECLS

#endif
