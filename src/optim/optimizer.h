/* optimizer.h: what the kinds of optimizers share. */
#ifndef ORE_OPTIM_OPTIMIZER_H
#define ORE_OPTIM_OPTIMIZER_H

#include <ore/optim.h>

#include "backend/backend.h"

/* The max number of buffers of a parameter, and of tensors in a kind's own state. */
enum { ORE_OPTIM_BUFFERS = 3, ORE_OPTIM_OWN = 12 };

typedef struct ore_optim_parameter {
    ore_tensor *tensor; /* the module's */
    char *name;
    int group;
    int64_t step; /* updates made */
    /* multiplies the gradient in the update that is being filled in */
    double grad_scale;
    ore_tensor *buffers[ORE_OPTIM_BUFFERS]; /* owned, of tensor's shape and dtype; NULL: none yet */
} ore_optim_parameter;

/* What one of a parameter's buffers is like. */
typedef struct ore_optim_buffer {
    bool used;
    ore_shape shape;
    ore_dtype dtype;
    double initial;
} ore_optim_buffer;

/* How a kind of optimizer updates parameters: `fill` and `run` (a kernel over parts), or `update`
 * (composed of operations), or step_closure (all parameters together). */
typedef struct ore_optim_kind {
    const char *name; /* "adamw" */
    /* names in the saved state; NULL: no such buffer */
    const char *buffer_names[ORE_OPTIM_BUFFERS];
    /* holds squares or sizes, which are never below 0: loading checks it */
    bool squares[ORE_OPTIM_BUFFERS];
    bool counts_steps;     /* the state holds "step" */
    bool scales_gradients; /* its kernel multiplies by grad_scale */
    size_t part_bytes;
    /* How many of the named buffers a parameter of this group has, each like the parameter and zero
     * at first; NULL: all of them. */
    int (*buffers)(const ore_group_options *group);
    /* In place of that: what the buffer in a place is like, where it is not like the parameter. */
    ore_optim_buffer (*buffer)(const ore_optim_parameter *parameter, const ore_group_options *group,
                               int place);
    /* NULL, or what is wrong with the options. */
    const char *(*fault)(const ore_group_options *group);
    /* Fills in the kernel's part for one update; `first` says that the buffers hold nothing yet. */
    void (*fill)(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first);
    ore_status (*run)(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count);
    /* In place of fill and run (part_bytes is 0 then): updates one parameter, in a scope and
     * unrecorded. parameter->step is already the number of this update. */
    ore_status (*update)(ore_optim_parameter *parameter, const ore_group_options *group,
                         ore_tensor *gradient);
    /* NULL, or why the optimizer cannot take the parameter. */
    const char *(*refuses)(const ore_optimizer *o, const ore_tensor *parameter);
    /* For a kind that updates all parameters together: its step, and its own state. */
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

/* An optimizer of a kind over root's parameters, as ore_adamw_new describes. Its lr_scale is 1,
 * whatever the options say: only a further group has another. */
ore_optimizer *ore_optimizer_new(const ore_optim_kind *kind, const ore_module *root,
                                 const ore_group_options *options);
/* The description of a buffer of the parameter's shape and dtype, zero at first; `used` false says
 * that there is none. */
ore_optim_buffer ore_buffer_like(const ore_optim_parameter *parameter, bool used);
/* The description of the parameter's buffer in a place, 0 .. ORE_OPTIM_BUFFERS - 1. */
ore_optim_buffer ore_optimizer_buffer(const ore_optimizer *o, const ore_optim_parameter *parameter,
                                      int place);
/* Makes the buffers that the parameter lacks, with their initial values, and casts or moves those
 * whose dtype or device is no longer the parameter's. */
ore_status ore_optimizer_prepare(const ore_optimizer *o, ore_optim_parameter *parameter);
/* The part of a kernel of the adaptive kinds, with all that they share filled in: pointers, n, eps,
 * betas, lr, decay. */
ore_adaptive_part ore_adaptive_part_of(const ore_optim_parameter *parameter,
                                       const ore_group_options *group, ore_tensor *gradient);
/* What is wrong with beta1, beta2 or eps, or NULL. */
const char *ore_betas_fault(const ore_group_options *group);
/* False with ORE_DATA for a tensor of a saved state that cannot be right: not floating, not finite,
 * or negative where squares are held. It would silently give wrong steps. */
bool ore_optimizer_check_state(const char *name, ore_tensor *t, bool squares);
/* Releases the parameter's buffers and sets its step to 0. */
void ore_optimizer_drop_state(ore_optim_parameter *parameter);

#endif
