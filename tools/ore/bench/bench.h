/* bench.h: the workloads of `ore bench`. A workload makes a model, an optimizer and batches; the
 * command repeats complete training steps with them and measures these. */
#ifndef ORE_TOOL_BENCH_H
#define ORE_TOOL_BENCH_H

#include <ore/optim.h>

#include "cli/options.h"

typedef struct bench_config {
    char *preset, *text, *names, *only, *plot;
    int64_t batch, seq, threads, losses;
    double seconds;
    int batchnorm, dtype, json;
} bench_config;

/* A workload that has been opened. */
typedef struct bench_run {
    char name[64];    /* "gpt-char-a" */
    const char *unit; /* what rates count: "tokens", or "steps" */
    double units_per_step;
    int64_t batch, seq; /* shown in JSON; seq 0: none */
    ore_dtype autocast; /* what forward and loss cast products to */
    ore_module *root;
    ore_optimizer *optimizer;
    void *state; /* owned by the workload */
} bench_run;

typedef struct bench_workload {
    const char *name, *about;
    /* Measures and prints all results itself; NULL: the command measures training steps, by the
     * functions below. */
    ore_status (*measure)(const bench_config *config);
    ore_status (*open)(bench_run *run, const bench_config *config);
    /* Draws a batch and computes its loss, a handle of the caller's scope. */
    ore_tensor *(*loss)(bench_run *run);
    /* Releases the state; also called after `open` has failed. */
    void (*close)(bench_run *run);
} bench_workload;

extern const bench_workload bench_micrograd, bench_mlp, bench_wavenet, bench_gpt, bench_resnet,
    bench_rnn, bench_transformer, bench_decode, bench_kernels;

#endif
