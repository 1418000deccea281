/* bench.h: the workloads of `ore bench`. A workload builds its model, optimizer and batches; the
 * command repeats whole training steps of it and measures them. */
#ifndef ORE_TOOL_BENCH_H
#define ORE_TOOL_BENCH_H

#include <ore/optim.h>

#include "cli/options.h"

typedef struct bench_config {
    char *preset, *text, *names, *only, *plot;
    int64_t batch, seq, threads, losses;
    double seconds;
    int batchnorm, json;
} bench_config;

/* One workload, opened. */
typedef struct bench_run {
    char name[64];    /* "gpt-char-a" */
    const char *unit; /* of what a step handles: "tokens", or "steps" */
    double units_per_step;
    int64_t batch, seq; /* shown in JSON; seq 0: none */
    ore_module *root;
    ore_optimizer *optimizer;
    void *state; /* the workload's own */
} bench_run;

typedef struct bench_workload {
    const char *name, *about;
    /* Measures and prints everything itself; NULL: the command measures steps, by what follows. */
    ore_status (*measure)(const bench_config *config);
    ore_status (*open)(bench_run *run, const bench_config *config);
    /* Draws a batch and computes its loss, a handle of the caller's scope. */
    ore_tensor *(*loss)(bench_run *run);
    /* Works after a failed open, too. */
    void (*close)(bench_run *run);
} bench_workload;

extern const bench_workload bench_micrograd, bench_mlp, bench_wavenet, bench_gpt, bench_resnet,
    bench_decode, bench_kernels;

#endif
