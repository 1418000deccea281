/* dropout_run.c: the use of dropout's mask over all threads. */
#include "backend/cpu/dropout_run.h"
#include "base/threads.h"

enum { PIECE_ELEMENTS = 1 << 15 };

typedef struct dropout_job {
    const ore_dropout_args *args;
    ore_dropout_fn fn;
} dropout_job;

static void run_piece(void *argument, int64_t piece) {
    const dropout_job *job = argument;
    int64_t from = piece * PIECE_ELEMENTS, n = job->args->n;
    job->fn(job->args, from, n - from < PIECE_ELEMENTS ? n : from + PIECE_ELEMENTS);
}

void ore_run_dropout(const ore_dropout_args *args, ore_dropout_fn fn) {
    dropout_job job = {args, fn};
    ore_parallel_for((args->n + PIECE_ELEMENTS - 1) / PIECE_ELEMENTS, run_piece, &job);
}
