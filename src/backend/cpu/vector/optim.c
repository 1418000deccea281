/* optim.c: optimizer steps and the norm of gradients over all parameters at once. Each part is cut
 * into pieces of PIECE elements, whatever the number of threads. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "backend/cpu/vector/vector.h"
#include "base/memory.h"
#include "base/threads.h"

enum {
    PIECE = 8192,
    SMALL_WORK = 16384, /* elements that one thread does */
    SUM_LANES = 16,     /* running sums of a piece, the same on every level */
};

/* Parts of any kind: an array of structs of `bytes` with their n at n_at. */
typedef struct job {
    const void *parts;
    size_t bytes, n_at;
    int64_t count;
    double *sums; /* one per piece, for sum_squares */
} job;

typedef struct place {
    int64_t part, from, n;
} place;

static int64_t size_of(const job *j, int64_t part) {
    int64_t n;
    memcpy(&n, (const char *)j->parts + (size_t)part * j->bytes + j->n_at, sizeof n);
    return n;
}

static int64_t pieces_in(int64_t n) {
    return (n + PIECE - 1) / PIECE;
}

static int64_t pieces_of(const job *j) {
    int64_t pieces = 0;
    for (int64_t part = 0; part < j->count; part++)
        pieces += pieces_in(size_of(j, part));
    return pieces;
}

/* Where a piece lies: the pieces of the first part, then those of the second, ... */
static place place_of(const job *j, int64_t piece) {
    int64_t part = 0;
    for (int64_t own; piece >= (own = pieces_in(size_of(j, part))); part++)
        piece -= own;
    int64_t from = piece * PIECE, left = size_of(j, part) - from;
    return (place){.part = part, .from = from, .n = left < PIECE ? left : PIECE};
}

static void run(job *j, ore_piece_fn fn) {
    int64_t pieces = pieces_of(j), elements = 0;
    for (int64_t part = 0; part < j->count; part++)
        elements += size_of(j, part);
    if (elements > SMALL_WORK) {
        ore_parallel_for(pieces, fn, j);
        return;
    }
    for (int64_t piece = 0; piece < pieces; piece++)
        fn(j, piece);
}

#define T        float
#define SQRT     sqrtf
#define FN(name) name##_f32
#include "backend/cpu/vector/optim_any.inc"
#undef T
#undef SQRT
#undef FN

#define T        double
#define SQRT     sqrt
#define FN(name) name##_f64
#include "backend/cpu/vector/optim_any.inc"
#undef T
#undef SQRT
#undef FN
