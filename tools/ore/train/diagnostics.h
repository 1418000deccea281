/* diagnostics.h: `--diagnostics`: histograms of activations, their gradients and the weights'
 * gradients by layer at the last sampled step, and the ratio of update to data over time. */
#ifndef ORE_TOOL_DIAGNOSTICS_H
#define ORE_TOOL_DIAGNOSTICS_H

#include <ore/train.h>

#include "run/train_model.h"

typedef struct watched {
    const char *name;     /* the parameter's, owned by diagnostics.parameters */
    ore_tensor *weight;   /* the model's */
    ore_tensor *before;   /* its value before the sampled step, owned */
    ore_tensor *gradient; /* at the sampled step, owned */
    double *ratios;       /* (capacity) log10 of std(update) / std(weight) at each sampled step */
} watched;

typedef struct diagnostics {
    const model *model;                   /* NULL until it starts */
    int64_t layer_count;                  /* that call the model's non-linearity; 0: it has none */
    ore_tensor_function *place, original; /* where the model keeps it, and what stood there */
    int64_t last_step, interval;
    bool sampling;              /* the step under way is one to look at */
    ore_tensor_list parameters; /* of the model */
    watched *matrices;          /* its parameters of two dims or more */
    int64_t matrix_count;
    double *steps; /* (capacity) the sampled steps */
    int64_t samples, capacity;
    ore_tensor **activations; /* (layer_count) of the layers, with their gradients; owned */
    int64_t layer;            /* the next one to be recorded */
} diagnostics;

/* Watches the steps after `first` up to `last`. One model at a time. */
ore_status diagnostics_start(diagnostics *d, const model *m, int64_t last, int64_t first);
/* After every step. */
void diagnostics_report(diagnostics *d, const ore_fit_report *report);
/* Draws DIR/diagnostics.svg and .png; nothing where no step was sampled. */
ore_status diagnostics_draw(const diagnostics *d, const char *dir);
/* Works on one that never started, too. */
void diagnostics_free(diagnostics *d);

#endif
