/* optimizer.h: what the kinds of optimizers share. */
#ifndef ORE_OPTIM_OPTIMIZER_H
#define ORE_OPTIM_OPTIMIZER_H

#include <ore/optim.h>

#include "backend/backend.h"

/* A parameter's buffers, and tensors of a kind's own state, at most. */
enum { ORE_OPTIM_BUFFERS = 3, ORE_OPTIM_OWN = 12 };

typedef struct ore_optim_parameter {
    ore_tensor *tensor; /* the module's */
    char *name;
    int group;
    int64_t step;                           /* updates made */
    double grad_scale;                      /* for the update being filled */
    ore_tensor *buffers[ORE_OPTIM_BUFFERS]; /* owned, of tensor's shape and dtype; NULL: none yet */
} ore_optim_parameter;

/* What a parameter has in one of its places for state. */
typedef struct ore_optim_buffer {
    bool used;
    ore_shape shape;
    ore_dtype dtype;
    double initial;
} ore_optim_buffer;

/* A kind's update: the rule that turns a parameter into a kernel's part, and the kernel; or an
 * update that is composed of operations. */
typedef struct ore_optim_kind {
    const char *name;                            /* "adamw" */
    const char *buffer_names[ORE_OPTIM_BUFFERS]; /* in the state; NULL: unused */
    bool squares[ORE_OPTIM_BUFFERS]; /* means or sums of squares or sizes: never below 0 */
    bool counts_steps;                           /* the state holds "step" */
    bool scales_gradients;                       /* its kernel multiplies by grad_scale */
    size_t part_bytes;
    /* A parameter has a buffer for each name, like the parameter and zero at first; or only so many
     * of them, by the group.. */
    int (*buffers)(const ore_group_options *group);
    /* ..or, where that does not describe them, what each is like. */
    ore_optim_buffer (*buffer)(const ore_optim_parameter *parameter, const ore_group_options *group,
                               int place);
    /* NULL, or what is wrong with the options. */
    const char *(*fault)(const ore_group_options *group);
    /* Fills the part of one update; `first` says that the buffers hold nothing yet. */
    void (*fill)(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first);
    ore_status (*run)(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count);
    /* In place of fill and run (part_bytes 0): one parameter's update, in a scope and unrecorded.
     * parameter->step is already this update's number. */
    ore_status (*update)(ore_optim_parameter *parameter, const ore_group_options *group,
                         ore_tensor *gradient);
    /* NULL, or what is wrong with a parameter. */
    const char *(*refuses)(const ore_optimizer *o, const ore_tensor *parameter);
    /* Of a kind that updates all parameters together: its step and its own state. */
    ore_tensor *(*step_closure)(ore_optimizer *o, ore_closure closure, void *user);
    ore_status (*own_state)(const ore_optimizer *o, ore_tensor_list *list);
    ore_status (*load_own_state)(ore_optimizer *o, const ore_tensor_list *list);
    void (*free_own)(ore_optimizer *o);
} ore_optim_kind;

struct ore_optimizer {
    const ore_optim_kind *kind;
    ore_group_options defaults;
    ore_group_options *groups;
    int64_t group_count, group_capacity;
    ore_optim_parameter *parameters;
    int64_t parameter_count, parameter_capacity;
    void *own; /* of a kind that has step_closure */
};

/* An optimizer of a kind over root's parameters, as ore_adamw_new describes. */
ore_optimizer *ore_optimizer_new(const ore_optim_kind *kind, const ore_module *root,
                                 const ore_group_options *options);
/* A buffer like the parameter, zero at first. */
ore_optim_buffer ore_buffer_like(const ore_optim_parameter *parameter, bool used);
/* What the parameter has in a place. */
ore_optim_buffer ore_optimizer_buffer(const ore_optimizer *o, const ore_optim_parameter *parameter,
                                      int place);
/* Makes the parameter's missing buffers, as they start, and casts those of another dtype or
 * device. */
ore_status ore_optimizer_prepare(const ore_optimizer *o, ore_optim_parameter *parameter);
/* What the adaptive kinds' parts share: pointers to what exists, n, eps, betas, lr, decay. */
ore_adaptive_part ore_adaptive_part_of(const ore_optim_parameter *parameter,
                                       const ore_group_options *group, ore_tensor *gradient);
/* What is wrong with beta1, beta2 or eps, or NULL. */
const char *ore_betas_fault(const ore_group_options *group);
/* False with ORE_DATA for a tensor of a state that no run could have left: not floating, not
 * finite, or, of squares, below 0. Such a one would give wrong steps without a word. */
bool ore_optimizer_check_state(const char *name, ore_tensor *t, bool squares);
/* Releases the parameter's buffers and sets its step to 0. */
void ore_optimizer_drop_state(ore_optim_parameter *parameter);

#endif
