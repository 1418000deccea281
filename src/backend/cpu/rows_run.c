/* rows_run.c: dense rows over all threads. */
#include "backend/cpu/rows_run.h"
#include "base/threads.h"

enum {
    CHUNK_ELEMENTS = 1 << 13, /* min of a chunk, so that handing it over pays */
    MAX_CHUNKS = 1 << 10,
};

typedef struct rows_job {
    int64_t rows, chunks;
    ore_rows_fn fn;
    void *arguments;
} rows_job;

static void run_chunk(void *argument, int64_t chunk) {
    const rows_job *job = argument;
    int64_t each = job->rows / job->chunks, more = job->rows % job->chunks;
    int64_t begin = chunk * each + (chunk < more ? chunk : more);
    job->fn(job->arguments, begin, begin + each + (chunk < more));
}

void ore_run_rows(int64_t rows, int64_t cols, ore_rows_fn fn, void *arguments) {
    int64_t min_rows = cols > 0 ? CHUNK_ELEMENTS / cols : CHUNK_ELEMENTS;
    int64_t chunks = ore_chunk_count(rows, min_rows > 1 ? min_rows : 1, MAX_CHUNKS);
    rows_job job = {rows, chunks, fn, arguments};
    if (job.chunks == 1)
        fn(arguments, 0, rows);
    else
        ore_parallel_for(job.chunks, run_chunk, &job);
}
