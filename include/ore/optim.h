/* optim.h: optimizers with parameter groups, gradient clipping, learning-rate schedules. Update
 * rules, defaults and state names are those of PyTorch 1.13. */
#ifndef ORE_OPTIM_H
#define ORE_OPTIM_H

#include <ore/nn.h>

ORE_BEGIN_DECLS

/* ---- optimizers ---- */

/* g is the gradient (negated by maximize), p the parameter, t the number of the step from 1.
 *
 * SGD    g += weight_decay p;  b = momentum b + (1 - dampening) g, at first b = g;
 *        g = nesterov ? g + momentum b : b (when momentum is not 0);  p -= lr g
 * Adam   g += weight_decay p;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *        p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *        amsgrad: with the max of all v so far in place of v      (Kingma & Ba 2015, Reddi 2018)
 * AdamW  p *= 1 - lr weight_decay, then Adam without its decay   (Loshchilov & Hutter 2019)
 * The others follow below.
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

/* ---- optimizers beside SGD and Adam ---- */

/* In these equations g has its weight_decay p already, unless said otherwise.
 *
 * Adagrad  s += g^2;  p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps), s starting at
 *          initial_accumulator_value                              (Duchi, Hazan & Singer 2011) */
typedef struct ore_adagrad_options {
    double lr;                        /* 1e-2 */
    double lr_decay;                  /* 0 */
    double weight_decay;              /* 0 */
    double initial_accumulator_value; /* 0 */
    double eps;                       /* 1e-10 */
    bool maximize;                    /* false */
} ore_adagrad_options;
ORE_API ore_adagrad_options ore_adagrad_defaults(void);
ORE_API ore_optimizer *ore_adagrad_new(const ore_module *root, const ore_adagrad_options *options);

/* RMSprop  v = alpha v + (1 - alpha) g^2;  centered: a = alpha a + (1 - alpha) g, and
 *          max(v - a^2, 0) in place of v below;  b = momentum b + g / (sqrt(v) + eps);  p -= lr b
 *                                                                  (Hinton 2012, Graves 2013) */
typedef struct ore_rmsprop_options {
    double lr;           /* 1e-2 */
    double alpha;        /* 0.99 */
    double eps;          /* 1e-8 */
    double weight_decay; /* 0 */
    double momentum;     /* 0 */
    bool centered;       /* false */
    bool maximize;       /* false */
} ore_rmsprop_options;
ORE_API ore_rmsprop_options ore_rmsprop_defaults(void);
ORE_API ore_optimizer *ore_rmsprop_new(const ore_module *root, const ore_rmsprop_options *options);

/* Adadelta v = rho v + (1 - rho) g^2;  d = sqrt(u + eps) / sqrt(v + eps) g;
 *          u = rho u + (1 - rho) d^2;  p -= lr d                                (Zeiler 2012) */
typedef struct ore_adadelta_options {
    double lr;           /* 1 */
    double rho;          /* 0.9 */
    double eps;          /* 1e-6 */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} ore_adadelta_options;
ORE_API ore_adadelta_options ore_adadelta_defaults(void);
ORE_API ore_optimizer *ore_adadelta_new(const ore_module *root,
                                        const ore_adadelta_options *options);

/* Adamax   m = beta1 m + (1 - beta1) g;  u = max(beta2 u, |g| + eps);
 *          p -= lr / (1 - beta1^t) m / u                                  (Kingma & Ba 2015) */
typedef struct ore_adamax_options {
    double lr;           /* 2e-3 */
    double beta1, beta2; /* 0.9, 0.999 */
    double eps;          /* 1e-8 */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} ore_adamax_options;
ORE_API ore_adamax_options ore_adamax_defaults(void);
ORE_API ore_optimizer *ore_adamax_new(const ore_module *root, const ore_adamax_options *options);

/* NAdam    m, v as Adam's;  mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  M = M mu_t;
 *          d = sqrt(v / (1 - beta2^t)) + eps;
 *          p -= lr (1 - mu_t) / (1 - M) g / d + lr mu_(t+1) / (1 - M mu_t mu_(t+1)) m / d
 *          so in PyTorch 1.13; the paper, and PyTorch 2 after it, have M mu_(t+1) in the last
 *          quotient (its M has mu_t already): torch_2               (Dozat 2016, algorithm 2) */
typedef struct ore_nadam_options {
    double lr;             /* 2e-3 */
    double beta1, beta2;   /* 0.9, 0.999 */
    double eps;            /* 1e-8 */
    double weight_decay;   /* 0 */
    double momentum_decay; /* 4e-3 */
    bool decoupled;        /* false; true: p *= 1 - lr weight_decay, as AdamW */
    bool torch_2;          /* false */
    bool maximize;         /* false */
} ore_nadam_options;
ORE_API ore_nadam_options ore_nadam_defaults(void);
ORE_API ore_optimizer *ore_nadam_new(const ore_module *root, const ore_nadam_options *options);

/* RAdam    m, v as Adam's;  R = 2 / (1 - beta2) - 1;  r_t = R - 2 t beta2^t / (1 - beta2^t);
 *          p -= lr m / (1 - beta1^t) times, where r_t > 5,
 *          sqrt((r_t - 4)(r_t - 2) R / ((R - 4)(R - 2) r_t)) sqrt(1 - beta2^t) / (sqrt(v) + eps)
 *                                                                           (Liu et al. 2020) */
typedef struct ore_radam_options {
    double lr;           /* 1e-3 */
    double beta1, beta2; /* 0.9, 0.999 */
    double eps;          /* 1e-8 */
    double weight_decay; /* 0 */
    bool decoupled;      /* false; true: p *= 1 - lr weight_decay, as AdamW */
    bool maximize;       /* false */
} ore_radam_options;
ORE_API ore_radam_options ore_radam_defaults(void);
ORE_API ore_optimizer *ore_radam_new(const ore_module *root, const ore_radam_options *options);

/* Lion     p *= 1 - lr weight_decay (g has none);  p -= lr sign(beta1 m + (1 - beta1) g);
 *          m = beta2 m + (1 - beta2) g                        (Chen et al. 2023, algorithm 2) */
typedef struct ore_lion_options {
    double lr;           /* 1e-4 */
    double beta1, beta2; /* 0.9, 0.99 */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} ore_lion_options;
ORE_API ore_lion_options ore_lion_defaults(void);
ORE_API ore_optimizer *ore_lion_new(const ore_module *root, const ore_lion_options *options);

/* Adafactor beta = 1 - t^beta2_decay; for matrices (the last two dims)
 *          R = beta R + (1 - beta) mean of g^2 over columns, C likewise over rows,
 *          V = R C / max(mean of R, eps1); otherwise V = beta V + (1 - beta) g^2;
 *          u = g / sqrt(max(V, eps1^2));  p *= 1 - lr weight_decay (g has none);
 *          p -= min(lr, 1 / sqrt(t)) max(eps2, rms(p)) u / max(1, rms(u) / d)
 *          (Shazeer & Stern 2018, algorithm 5; eps1 as in PyTorch 2's torch.optim.Adafactor) */
typedef struct ore_adafactor_options {
    double lr;           /* 1e-2: the max relative step */
    double beta2_decay;  /* -0.8 */
    double eps1;         /* 0: the dtype's epsilon */
    double eps2;         /* 1e-3 */
    double d;            /* 1: clips the update's root mean square */
    double weight_decay; /* 0 */
    bool maximize;       /* false */
} ore_adafactor_options;
ORE_API ore_adafactor_options ore_adafactor_defaults(void);
ORE_API ore_optimizer *ore_adafactor_new(const ore_module *root,
                                         const ore_adafactor_options *options);

/* Muon     for matrices (A, B) alone, others are ORE_INVALID; g has no decay.
 *          m = momentum m + (1 - momentum) g;  u = nesterov ? (1 - momentum) g + momentum m : m;
 *          X = u / max(|u|, eps), ns_steps times X = a X + (b X X' + c X X' X X') X;
 *          p *= 1 - lr weight_decay;  p -= lr scale X
 *          (Jordan et al. 2024; names and defaults of PyTorch 2's torch.optim.Muon, which iterates
 *          in bfloat16 where this takes the parameter's dtype) */
typedef struct ore_muon_options {
    double lr;                 /* 1e-3 */
    double weight_decay;       /* 0.1 */
    double momentum;           /* 0.95 */
    bool nesterov;             /* true */
    double ns_coefficients[3]; /* a, b, c: 3.4445, -4.775, 2.0315 */
    double eps;                /* 1e-7 */
    int64_t ns_steps;          /* 5 */
    bool match_rms_adamw;      /* false: scale sqrt(max(1, A / B)); true: 0.2 sqrt(max(A, B)) */
    bool maximize;             /* false */
} ore_muon_options;
ORE_API ore_muon_options ore_muon_defaults(void);
ORE_API ore_optimizer *ore_muon_new(const ore_module *root, const ore_muon_options *options);

/* L-BFGS   steps with ore_optimizer_step_closure alone: up to max_iter iterations of
 *          p += t d, d the two-loop direction over the last history_size pairs (Nocedal & Wright
 *          2006, algorithm 7.4), t = lr (at first min(1, 1 / |g|_1) lr), or found by a search for
 *          the strong Wolfe conditions (algorithms 3.5 and 3.6, c1 = 1e-4, c2 = 0.9, at most 25
 *          evaluations). Ends early when max |g| <= tolerance_grad, max |t d| <= tolerance_change
 *          or the loss moves by less than that. One group, parameters of one dtype. */
typedef struct ore_lbfgs_options {
    double lr;               /* 1 */
    int64_t max_iter;        /* 20 per step */
    int64_t max_eval;        /* 0: max_iter * 5 / 4 */
    double tolerance_grad;   /* 1e-7 */
    double tolerance_change; /* 1e-9 */
    int64_t history_size;    /* 100 */
    bool strong_wolfe;       /* false */
} ore_lbfgs_options;
ORE_API ore_lbfgs_options ore_lbfgs_defaults(void);
ORE_API ore_optimizer *ore_lbfgs_new(const ore_module *root, const ore_lbfgs_options *options);

/* ---- all optimizers ---- */
ORE_API void ore_optimizer_free(ore_optimizer *optimizer);

/* One group's numbers; each kind of optimizer reads those that it has. */
typedef struct ore_group_options {
    double lr;
    double lr_scale; /* 1; what ore_optimizer_schedule multiplies the schedule's rate by */
    double weight_decay;
    double momentum, dampening;
    double beta1, beta2, eps;
    bool nesterov, amsgrad, maximize;
    bool centered, decoupled, torch_2;
    double alpha; /* RMSprop's; Adadelta's rho */
    double lr_decay, initial_accumulator_value, momentum_decay;
    double beta2_decay, eps2, clip_threshold; /* Adafactor's; its d; eps is eps1 */
    double ns_coefficients[3];                /* Muon's */
    int64_t ns_steps;
    bool match_rms_adamw;
} ore_group_options;
/* The options that the optimizer was made with. */
ORE_API ore_group_options ore_optimizer_defaults(const ore_optimizer *optimizer);
/* Adds an empty group (NULL: the optimizer's options) and returns its index; -1 on failure. */
ORE_API int ore_optimizer_add_group(ore_optimizer *optimizer, const ore_group_options *options);
/* Adds a parameter to a group: a floating leaf that is in no group yet. Its name is for
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
 * before. All but Adafactor and Muon do it without another pass over memory and leave the gradients
 * as they are. Clipping in one pass:
 * step_scaled(o, ore_clip_scale(ore_grad_norm_of(p, n), max_norm)). */
ORE_API ore_status ore_optimizer_step_scaled(ore_optimizer *optimizer, double grad_scale);
/* Calls the closure, which clears gradients, computes the loss and runs backward; then steps.
 * Returns the loss. */
typedef ore_tensor *(*ore_closure)(void *user);
ORE_API ore_tensor *ore_optimizer_step_closure(ore_optimizer *optimizer, ore_closure closure,
                                               void *user);

/* The state of every parameter that has been stepped, for exact resume: "NAME.step" (0-d int64, in
 * the current scope), and "NAME.momentum_buffer" or "NAME.exp_avg", "NAME.exp_avg_sq",
 * "NAME.max_exp_avg_sq" and so on, under PyTorch's names (the optimizer's own). */
ORE_API ore_tensor_list ore_optimizer_state(const ore_optimizer *optimizer);
/* Copies such a list back into an optimizer over parameters of the same names and shapes; its own
 * state is dropped first. ORE_DATA for a name that is unknown or missing or a shape that differs,
 * and then the optimizer has no state. */
ORE_API ore_status ore_optimizer_load_state(ore_optimizer *optimizer, const ore_tensor_list *state);

/* ---- clipping ---- */

/* Both act on the gradients that exist and refuse while an error is pending. */

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

/* ---- schedules: the learning rate as a pure function of the step ---- */

/* Nothing has to be saved to resume one. The first three kinds are made by hand; the functions
 * below make the others, those of torch.optim.lr_scheduler under their names, with k the step,
 * counted from 0. */

typedef enum ore_schedule_kind {
    ORE_SCHEDULE_CONSTANT, /* lr */
    ORE_SCHEDULE_LINEAR,   /* lr down to min_lr on a line */
    ORE_SCHEDULE_COSINE,   /* lr down to min_lr on half a cosine */
    ORE_SCHEDULE_WSD,
    ORE_SCHEDULE_STEP,
    ORE_SCHEDULE_MULTI_STEP,
    ORE_SCHEDULE_EXPONENTIAL,
    ORE_SCHEDULE_CONSTANT_FACTOR,
    ORE_SCHEDULE_LINEAR_FACTOR,
    ORE_SCHEDULE_POLYNOMIAL,
    ORE_SCHEDULE_COSINE_ANNEALING,
    ORE_SCHEDULE_WARM_RESTARTS,
    ORE_SCHEDULE_ONE_CYCLE,
    ORE_SCHEDULE_CYCLIC,
    ORE_SCHEDULE_LAMBDA,
    ORE_SCHEDULE_SEQUENTIAL,
    ORE_SCHEDULE_CHAINED,
    ORE_SCHEDULE_MULTIPLICATIVE,
    ORE_SCHEDULE_SWA,
} ore_schedule_kind;

typedef enum ore_cyclic_mode { ORE_TRIANGULAR, ORE_TRIANGULAR2, ORE_EXP_RANGE } ore_cyclic_mode;
typedef double (*ore_lr_function)(void *user, int64_t step);

typedef struct ore_schedule ore_schedule;
struct ore_schedule {
    ore_schedule_kind kind; /* ORE_SCHEDULE_CONSTANT */
    double lr;              /* 1e-3 */
    double min_lr;          /* 0; torch's eta_min */
    int64_t warmup_steps;   /* 0 */
    int64_t steps;          /* the length of the whole, warm-up included; 0; torch's total_iters,
                               total_steps, T_max, T_0 */
    /* of the kinds below alone */
    int64_t decay_steps, step_size, step_size_down, T_mult;
    double gamma, start_factor, end_factor, power;
    double max_lr, pct_start, div_factor, final_div_factor;
    double base_momentum, max_momentum;
    bool cycle_momentum, linear, three_phase;
    ore_cyclic_mode mode;
    const int64_t *milestones; /* (milestone_count); the caller's */
    int64_t milestone_count;
    const ore_schedule *parts; /* (part_count); the caller's */
    int64_t part_count;
    ore_lr_function function;
    void *user;
};

ORE_API ore_schedule ore_schedule_defaults(void);

/* Warm-up as below, lr, and over the last decay_steps of all steps down to min_lr on a line
 * (S. Hu et al. 2024, MiniCPM). */
ORE_API ore_schedule ore_wsd_lr(double lr, int64_t warmup_steps, int64_t steps,
                                int64_t decay_steps);
/* lr gamma^(k / step_size), rounded down */
ORE_API ore_schedule ore_step_lr(double lr, int64_t step_size, double gamma);
/* lr gamma^(how many of the milestones lie in 0 .. k), in whatever order they are */
ORE_API ore_schedule ore_multi_step_lr(double lr, const int64_t *milestones, int64_t count,
                                       double gamma);
ORE_API ore_schedule ore_exponential_lr(double lr, double gamma); /* lr gamma^k */
/* lr factor while k < total_iters, then lr */
ORE_API ore_schedule ore_constant_lr(double lr, double factor, int64_t total_iters);
/* lr times a factor from start_factor to end_factor on a line, reached at total_iters */
ORE_API ore_schedule ore_linear_lr(double lr, double start_factor, double end_factor,
                                   int64_t total_iters);
/* lr (1 - k / total_iters)^power, 0 from total_iters on */
ORE_API ore_schedule ore_polynomial_lr(double lr, int64_t total_iters, double power);
/* eta_min + (lr - eta_min) (1 + cos(pi k / T_max)) / 2, which rises again after T_max
 * (Loshchilov & Hutter 2017, without restarts) */
ORE_API ore_schedule ore_cosine_annealing_lr(double lr, int64_t T_max, double eta_min);
/* The same over cycles of T_0, T_0 T_mult, T_0 T_mult^2 .. steps, each from lr on. */
ORE_API ore_schedule ore_cosine_annealing_warm_restarts(double lr, int64_t T_0, int64_t T_mult,
                                                        double eta_min);
/* From max_lr / div_factor (25) up to max_lr at pct_start (0.3) of the steps, then down to the
 * start's / final_div_factor (1e4), both on half a cosine (linear: a line); three_phase: first back
 * to the start's rate. cycle_momentum (true): from max_momentum (0.95) to base_momentum (0.85) and
 * back. Stays at the end (Smith & Topin 2019). */
ORE_API ore_schedule ore_one_cycle_lr(double max_lr, int64_t total_steps);
/* Up from base_lr to max_lr in step_size_up steps and down in step_size_down (the same), again and
 * again; TRIANGULAR2 halves the height each cycle, EXP_RANGE has gamma^k. cycle_momentum (true):
 * from max_momentum (0.9) to base_momentum (0.8) and back (Smith 2017). */
ORE_API ore_schedule ore_cyclic_lr(double base_lr, double max_lr, int64_t step_size_up);
/* lr function(user, k) */
ORE_API ore_schedule ore_lambda_lr(double lr, ore_lr_function function, void *user);
/* lr function(user, 1) function(user, 2) .. function(user, k) */
ORE_API ore_schedule ore_multiplicative_lr(double lr, ore_lr_function function, void *user);
/* From lr to swa_lr in anneal_steps steps, on half a cosine (linear: a line), and there it stays:
 * the rate while weights are averaged, torch.optim.swa_utils.SWALR. */
ORE_API ore_schedule ore_swa_lr(double lr, double swa_lr, int64_t anneal_steps);
/* parts[i] from milestones[i - 1] on, each counting its own steps; one milestone fewer than
 * parts, none negative or less than the one before it. */
ORE_API ore_schedule ore_sequential_lr(const ore_schedule *parts, int64_t count,
                                       const int64_t *milestones);
/* parts[0].lr times each part's rate over its lr. */
ORE_API ore_schedule ore_chained_lr(const ore_schedule *parts, int64_t count);

/* The rate of a step, counted from 0. Of the first three kinds: while step < warmup_steps,
 * lr (step + 1) / (warmup_steps + 1); then with x = (step - warmup_steps) / (steps - warmup_steps)
 * the kind's curve, which reaches min_lr at step = steps and stays there. Cosine:
 * min_lr + (lr - min_lr) (1 + cos(pi x)) / 2. A warm-up as long as steps, or longer, simply never
 * gets to the decay. NaN with ORE_INVALID for a negative step and for lengths that cannot be. */
ORE_API double ore_schedule_lr(const ore_schedule *schedule, int64_t step);
/* The momentum of a step; NaN where the schedule has none (only one-cycle and cyclic may). */
ORE_API double ore_schedule_momentum(const ore_schedule *schedule, int64_t step);
/* Sets every group's rate to the schedule's times the group's lr_scale, and its momentum (beta1 of
 * Adam's family) where the schedule has one. */
ORE_API ore_status ore_optimizer_schedule(ore_optimizer *optimizer, const ore_schedule *schedule,
                                          int64_t step);

/* ---- what follows a metric ---- */

/* A metric is better by mode MIN when metric < best (1 - threshold) (REL) or best - threshold
 * (ABS), by MAX when it is > best (1 + threshold) or best + threshold. NaN is never better. */

typedef enum ore_metric_mode { ORE_METRIC_MIN, ORE_METRIC_MAX } ore_metric_mode;
typedef enum ore_threshold_mode { ORE_THRESHOLD_REL, ORE_THRESHOLD_ABS } ore_threshold_mode;

/* torch's ReduceLROnPlateau: after more than `patience` metrics in a row that were not better,
 * every group's rate is multiplied by factor, but not below min_lr, nor where it would change by
 * eps or less; then bad metrics do not count for `cooldown` calls. Options and state are plain
 * numbers: a copy of the struct is its state. */
typedef struct ore_reduce_lr_on_plateau {
    ore_metric_mode mode;              /* ORE_METRIC_MIN */
    double factor;                     /* 0.1, below 1 */
    int64_t patience;                  /* 10 */
    double threshold;                  /* 1e-4 */
    ore_threshold_mode threshold_mode; /* ORE_THRESHOLD_REL */
    int64_t cooldown;                  /* 0 */
    double min_lr;                     /* 0 */
    double eps;                        /* 1e-8 */
    /* NULL, or gets "Epoch 00007: reducing learning rate of group 0 to 1.0000e-02." */
    void (*report)(void *user, const char *message);
    void *user;
    /* the state, 0 at first */
    double best;
    int64_t last_epoch, num_bad_epochs, cooldown_counter;
} ore_reduce_lr_on_plateau;
ORE_API ore_reduce_lr_on_plateau ore_reduce_lr_on_plateau_defaults(void);
ORE_API ore_status ore_reduce_lr_on_plateau_step(ore_reduce_lr_on_plateau *plateau,
                                                 ore_optimizer *optimizer, double metric);

/* Says when to stop: at the patience-th metric in a row that was not better (by ABS). ore_fit has
 * the same as an option. A copy of the struct is its state. */
typedef struct ore_early_stopping {
    ore_metric_mode mode; /* ORE_METRIC_MIN */
    int64_t patience;     /* 10 */
    double min_delta;     /* 0 */
    /* the state, 0 at first */
    double best;
    int64_t count, bad, best_at; /* metrics seen, bad ones in a row, the best one's place from 0 */
} ore_early_stopping;
ORE_API ore_early_stopping ore_early_stopping_defaults(void);
/* Takes a metric; true: stop. */
ORE_API bool ore_early_stopping_step(ore_early_stopping *stopping, double metric);

/* ---- finding a learning rate ---- */

/* A sweep of `steps` updates whose rate grows from start_lr to end_lr by a constant factor (Smith
 * 2017, section 3.3). The sweep ends early when the smoothed loss passes divergence times its
 * minimum, or is not finite. Parameters and the optimizer come back as they were. */
typedef struct ore_lr_finder_options {
    double start_lr, end_lr; /* 1e-7, 10 */
    int64_t steps;           /* 100 */
    double smoothing;        /* 0.9: of the exponential mean of losses, bias corrected */
    double divergence;       /* 4 */
} ore_lr_finder_options;
ORE_API ore_lr_finder_options ore_lr_finder_defaults(void);

typedef struct ore_lr_finder_result {
    double *lrs, *losses, *smoothed; /* (count), to be given to ore_lr_finder_result_free */
    int64_t count;
    /* The range worth training in: low, where a tenth of the way from the first smoothed loss to
     * the least is done; high, a tenth of the rate of the least, but at least low; and steepest,
     * the place of the steepest fall over log lr before the minimum. NaN where the loss never
     * falls. */
    double low, high, steepest;
} ore_lr_finder_result;
/* The closure is that of ore_optimizer_step_closure. */
ORE_API ore_status ore_lr_finder(ore_optimizer *optimizer, ore_closure closure, void *user,
                                 const ore_lr_finder_options *options,
                                 ore_lr_finder_result *result);
ORE_API void ore_lr_finder_result_free(ore_lr_finder_result *result);

/* ---- averages of weights (torch.optim.swa_utils.AveragedModel) ---- */

/* Copies of a tree's parameters, updated after optimizer steps; the first update copies. SWA: the
 * mean of all, a += (p - a) / (n + 1) (Izmailov et al. 2018). EMA: a = decay a + (1 - decay) p.
 * Buffers are not averaged. Where the module has been moved to another device, the averages follow
 * with the next update or swap. The module must outlive its averages. */
typedef struct ore_averaged_model ore_averaged_model;
ORE_API ore_averaged_model *ore_swa_new(const ore_module *root);
/* decay in [0, 1], else ORE_INVALID */
ORE_API ore_averaged_model *ore_ema_new(const ore_module *root, double decay);
ORE_API void ore_averaged_model_free(ore_averaged_model *average); /* NULL is allowed */
ORE_API ore_status ore_averaged_model_update(ore_averaged_model *average);
/* Exchanges the averages with the parameters: to evaluate or save them, and again to go on.
 * Updating between the two is ORE_STATE. */
ORE_API ore_status ore_averaged_model_swap(ore_averaged_model *average);
/* "n_averaged" (0-d int64, in the current scope) and the averages (its own) under their parameters'
 * names; loading takes such a list, ORE_DATA for another. */
ORE_API ore_tensor_list ore_averaged_model_state(const ore_averaged_model *average);
ORE_API ore_status ore_averaged_model_load_state(ore_averaged_model *average,
                                                 const ore_tensor_list *state);
/* Gives the batch norms of a tree the statistics of the averaged weights (swapped in before):
 * clears their running values and calls `forward`, which is to run batches through the tree. In the
 * meantime nothing is recorded, the tree trains, and the running values are plain averages over the
 * batches. Does nothing for a tree without running values. */
typedef void (*ore_forward_batches)(void *user);
ORE_API ore_status ore_update_bn(ore_module *root, ore_forward_batches forward, void *user);

ORE_END_DECLS

#endif
