/* optim_adaptive.c: the scalar loops of the optimizers beside SGD and Adam, compiled for the level
 * and run over pieces of PIECE elements, whatever the number of threads. */
#include <math.h>

#include "backend/cpu/vector/vector.h"
#include "base/threads.h"

enum {
    PIECE = 8192,
    SMALL_WORK = 16384, /* elements that one thread does */
};

typedef ore_status (*loop)(const ore_context *ctx, const ore_adaptive_part *parts, int64_t count);

typedef struct job {
    loop run;
    const ore_adaptive_part *parts;
    size_t element_bytes;
    bool is_nadam; /* state[2] is one number */
} job;

static int64_t pieces_in(const ore_adaptive_part *part) {
    return (part->n + PIECE - 1) / PIECE;
}

static void *shifted(const void *array, size_t bytes) {
    return array ? (char *)array + bytes : NULL;
}

static void run_piece(void *argument, int64_t piece) {
    const job *j = argument;
    const ore_adaptive_part *part = j->parts;
    for (; piece >= pieces_in(part); part++)
        piece -= pieces_in(part);
    int64_t from = piece * PIECE, left = part->n - from;
    size_t bytes = (size_t)from * j->element_bytes;
    ore_adaptive_part cut = *part;
    cut.n = left < PIECE ? left : PIECE;
    cut.p = shifted(part->p, bytes);
    cut.g = shifted(part->g, bytes);
    for (int k = 0; k < 3; k++)
        cut.state[k] = shifted(part->state[k], bytes);
    if (j->is_nadam)
        cut.state[2] = NULL;
    j->run(NULL, &cut, 1);
}

static ore_status run_all(job j, int64_t count) {
    int64_t pieces = 0, elements = 0;
    for (int64_t i = 0; i < count; i++) {
        pieces += pieces_in(&j.parts[i]);
        elements += j.parts[i].n;
        if (j.is_nadam)
            *(float *)j.parts[i].state[2] = (float)j.parts[i].product;
    }
    if (elements > SMALL_WORK)
        ore_parallel_for(pieces, run_piece, &j);
    else
        for (int64_t piece = 0; piece < pieces; piece++)
            run_piece(&j, piece);
    return ORE_OK;
}

#define T       float
#define SQRT    sqrtf
#define NAME(x) LEVEL(x##_loop_f32)
#include "backend/cpu/scalar/optim_adaptive_any.inc"
#undef T
#undef SQRT
#undef NAME

#define T       double
#define SQRT    sqrt
#define NAME(x) LEVEL(x##_loop_f64)
#include "backend/cpu/scalar/optim_adaptive_any.inc"
#undef T
#undef SQRT
#undef NAME

#define ROW(kind, suffix, type, nadam)                                                             \
    ore_status LEVEL(kind##_step_##suffix)(const ore_context *ctx, const ore_adaptive_part *parts, \
                                           int64_t count) {                                        \
        (void)ctx;                                                                                 \
        job j = {LEVEL(scalar_##kind##_step_loop_##suffix), parts, sizeof(type), nadam};           \
        return run_all(j, count);                                                                  \
    }
#define ROWS(kind, nadam) ROW(kind, f32, float, nadam) ROW(kind, f64, double, nadam)

ROWS(adagrad, false)
ROWS(rmsprop, false)
ROWS(adadelta, false)
ROWS(adamax, false)
ROWS(nadam, true)
ROWS(radam, false)
ROWS(lion, false)
