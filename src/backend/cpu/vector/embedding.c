/* embedding.c: rows picked by index, and their gradients, cut by columns: every row of dw adds its
 * gradients in the order of the indices. */
#include <string.h>

#include "backend/cpu/range.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/vector/vector.h"

typedef struct pick_job {
    const char *weight;
    const int64_t *indices;
    char *y;
    size_t row_bytes;
} pick_job;

static void pick_rows(void *p, int64_t begin, int64_t end) {
    const pick_job *job = p;
    size_t bytes = job->row_bytes;
    for (int64_t i = begin; i < end; i++)
        memcpy(job->y + (size_t)i * bytes, job->weight + (size_t)job->indices[i] * bytes, bytes);
}

#define EMBEDDING(suffix, T)                                                                       \
    ore_status LEVEL(embedding_##suffix)(const ore_context *ctx, const void *weight,               \
                                         const int64_t *indices, void *y, int64_t n, int64_t V,    \
                                         int64_t C) {                                              \
        (void)ctx;                                                                                 \
        if (ore_check_range("embedding", "index", indices, n, V, NULL) != ORE_OK)                  \
            return ORE_INVALID;                                                                    \
        pick_job job = {weight, indices, y, (size_t)C * sizeof(T)};                                \
        ore_run_rows(n, C, pick_rows, &job);                                                       \
        return ORE_OK;                                                                             \
    }
EMBEDDING(f32, float)
EMBEDDING(f64, double)
EMBEDDING(bf16, uint16_t)
EMBEDDING(f16, uint16_t)

typedef struct add_job {
    const void *dy;
    const int64_t *indices;
    void *dw;
    int64_t n, C, padding;
} add_job;

enum { COLUMNS = 128 }; /* min of a chunk: 512 bytes of each row that it adds */

#define EMBEDDING_BACKWARD(suffix, T)                                                              \
    static void add_blocks_##suffix(void *p, int64_t begin, int64_t end) {                         \
        const add_job *job = p;                                                                    \
        int64_t from = begin * COLUMNS, to = end * COLUMNS < job->C ? end * COLUMNS : job->C;      \
        for (int64_t i = 0; i < job->n; i++) {                                                     \
            if (job->indices[i] == job->padding)                                                   \
                continue;                                                                          \
            const T *restrict dy = (const T *)job->dy + i * job->C;                                \
            T *restrict dw = (T *)job->dw + job->indices[i] * job->C;                              \
            for (int64_t c = from; c < to; c++)                                                    \
                dw[c] += dy[c];                                                                    \
        }                                                                                          \
    }                                                                                              \
    ore_status LEVEL(embedding_backward_##suffix)(const ore_context *ctx, const void *dy,          \
                                                  const int64_t *indices, void *dw, int64_t n,     \
                                                  int64_t V, int64_t C, int64_t padding) {         \
        (void)ctx, (void)V;                                                                        \
        add_job job = {dy, indices, dw, n, C, padding};                                            \
        ore_run_rows((C + COLUMNS - 1) / COLUMNS, n * COLUMNS, add_blocks_##suffix, &job);         \
        return ORE_OK;                                                                             \
    }
EMBEDDING_BACKWARD(f32, float)
EMBEDDING_BACKWARD(f64, double)
