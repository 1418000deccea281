/* diagnostics.h: `--diagnostics`: the distributions of activations, of their gradients and of the
 * gradients of weights, by layer, at the last sampled step; and the sizes of updates relative to
 * weights over time. */
#ifndef ORE_TOOL_DIAGNOSTICS_H
#define ORE_TOOL_DIAGNOSTICS_H

#include <ore/train.h>

#include "run/train_model.h"

typedef struct watched {
    const char *name;     /* of the parameter; owned by diagnostics.parameters */
    ore_tensor *weight;   /* owned by the model */
    ore_tensor *before;   /* its value before the sampled step, owned */
    ore_tensor *gradient; /* at the sampled step, owned */
    double *ratios;       /* (capacity) log10 of std(update) / std(weight) at each sampled step */
} watched;

typedef struct diagnostics {
    const model *model;                   /* NULL until it starts */
    int64_t layer_count;                  /* layers that call the model's non-linearity */
    ore_tensor_function *place, original; /* where the model keeps it, and the original one */
    int64_t last_step, interval;
    bool sampling;              /* the current step is sampled */
    ore_tensor_list parameters; /* of the model */
    watched *matrices;          /* those with two dims or more */
    int64_t matrix_count;
    double *steps; /* (capacity) the sampled steps */
    int64_t samples, capacity;
    ore_tensor **activations; /* (layer_count) with their gradients; owned */
    int64_t layer;            /* index of the next layer to be recorded */
} diagnostics;

/* Begins to sample the steps after `first` up to `last`. For one model at a time. */
ore_status diagnostics_start(diagnostics *d, const model *m, int64_t last, int64_t first);
/* To be called after every step. */
void diagnostics_report(diagnostics *d, const ore_fit_report *report);
/* Draws DIR/diagnostics.svg and .png; does nothing if no step was sampled. */
ore_status diagnostics_draw(const diagnostics *d, const char *dir);
/* Also allowed for diagnostics that were never started. */
void diagnostics_free(diagnostics *d);

#endif
