/* optimizer.h: what the kinds of optimizers share. */
#ifndef ORE_OPTIM_OPTIMIZER_H
#define ORE_OPTIM_OPTIMIZER_H

#include <ore/optim.h>

#include "backend/backend.h"

enum { ORE_OPTIM_BUFFERS = 3 };

typedef struct ore_optim_parameter {
    ore_tensor *tensor; /* the module's */
    char *name;
    int group;
    int64_t step;                           /* updates made */
    double grad_scale;                      /* for the update being filled */
    ore_tensor *buffers[ORE_OPTIM_BUFFERS]; /* owned, of tensor's shape and dtype; NULL: none yet */
} ore_optim_parameter;

/* A kind's update: the rule that turns a parameter into a kernel's part, and the kernel. */
typedef struct ore_optim_kind {
    const char *name;                            /* "adamw" */
    const char *buffer_names[ORE_OPTIM_BUFFERS]; /* in the state; NULL: unused */
    bool counts_steps;                           /* the state holds "step" */
    bool scales_gradients;                       /* its kernel multiplies by grad_scale */
    size_t part_bytes;
    /* How many buffers a parameter of that group has. */
    int (*buffers)(const ore_group_options *group);
    /* NULL, or what is wrong with the options. */
    const char *(*fault)(const ore_group_options *group);
    /* Fills the part of one update; `first` says that the buffers hold nothing yet. */
    void (*fill)(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first);
    ore_status (*run)(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count);
} ore_optim_kind;

struct ore_optimizer {
    const ore_optim_kind *kind;
    ore_group_options defaults;
    ore_group_options *groups;
    int64_t group_count, group_capacity;
    ore_optim_parameter *parameters;
    int64_t parameter_count, parameter_capacity;
};

/* An optimizer of a kind over root's parameters, as ore_adamw_new describes. */
ore_optimizer *ore_optimizer_new(const ore_optim_kind *kind, const ore_module *root,
                                 const ore_group_options *options);
/* Makes the parameter's missing buffers, zeroed, and casts those of another dtype or device. */
ore_status ore_optimizer_prepare(const ore_optimizer *o, ore_optim_parameter *parameter);
/* Releases the parameter's buffers and sets its step to 0. */
void ore_optimizer_drop_state(ore_optim_parameter *parameter);

#endif
