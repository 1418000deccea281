/* train_debug.h: `--audit`, `--anomaly` and `--profile`: what looks on while a run trains. */
#ifndef ORE_TOOL_TRAIN_DEBUG_H
#define ORE_TOOL_TRAIN_DEBUG_H

#include <ore/debug.h>
#include <ore/train.h>

#include "cli/progress.h"
#include "config/train_options.h"

typedef struct train_debug {
    const ore_module *module;
    bool audits;          /* until the first step has been looked at */
    ore_profile *profile; /* NULL: none */
    int64_t profiled;     /* steps that it has seen; -1 before it begins */
} train_debug;

/* Before and after training; the end prints the profile's tables and writes its trace. */
void train_debug_begin(train_debug *d, const train_config *c, const ore_module *module);
void train_debug_end(train_debug *d, const train_config *c);
/* After a step's backward: tells of parameters without a gradient, once. */
void train_debug_backward(train_debug *d, progress *p);
/* After a step. */
void train_debug_step(train_debug *d);

#endif
