/* rows_run.c: dense rows over all threads. */
#include "backend/cpu/rows_run.h"
#include "base/threads.h"

enum { PIECE_ELEMENTS = 1 << 13, MOST_PIECES = 1 << 10 };

typedef struct rows_job {
    int64_t rows, pieces;
    ore_rows_fn fn;
    void *arguments;
} rows_job;

static void run_piece(void *argument, int64_t piece) {
    const rows_job *job = argument;
    int64_t each = job->rows / job->pieces, more = job->rows % job->pieces;
    int64_t begin = piece * each + (piece < more ? piece : more);
    job->fn(job->arguments, begin, begin + each + (piece < more));
}

void ore_run_rows(int64_t rows, int64_t cols, ore_rows_fn fn, void *arguments) {
    int64_t grain = cols > 0 ? PIECE_ELEMENTS / cols : PIECE_ELEMENTS;
    rows_job job = {rows, ore_pieces(rows, grain > 1 ? grain : 1, MOST_PIECES), fn, arguments};
    if (job.pieces == 1)
        fn(arguments, 0, rows);
    else
        ore_parallel_for(job.pieces, run_piece, &job);
}
