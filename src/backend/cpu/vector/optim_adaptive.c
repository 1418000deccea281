/* optim_adaptive.c: the scalar loops of the optimizers beside SGD and Adam, compiled for the level
 * and run over chunks of the parameters. */
#include <math.h>

#include "backend/cpu/vector/parts.h"
#include "backend/cpu/vector/vector.h"

typedef ore_status (*loop)(const ore_context *ctx, const ore_adaptive_part *parts, int64_t count);

typedef struct job {
    part_list list;
    loop run;
    size_t element_bytes;
    bool is_nadam; /* state[2] is one number */
} job;

static void *shifted(const void *array, size_t bytes) {
    return array ? (char *)array + bytes : NULL;
}

static void run_chunk(void *argument, int64_t chunk) {
    const job *j = argument;
    part_range at = part_range_of(&j->list, chunk);
    const ore_adaptive_part *part = (const ore_adaptive_part *)j->list.parts + at.part;
    size_t bytes = (size_t)at.from * j->element_bytes;
    ore_adaptive_part cut = *part;
    cut.n = at.n;
    cut.p = shifted(part->p, bytes);
    cut.g = shifted(part->g, bytes);
    for (int k = 0; k < 3; k++)
        cut.state[k] = shifted(part->state[k], bytes);
    if (j->is_nadam)
        cut.state[2] = NULL;
    j->run(NULL, &cut, 1);
}

static ore_status run_all(job j) {
    const ore_adaptive_part *parts = j.list.parts;
    for (int64_t i = 0; i < j.list.count && j.is_nadam; i++)
        *(float *)parts[i].state[2] = (float)parts[i].product;
    parts_run(&j.list, run_chunk, &j);
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
        job j = {PART_LIST(parts, ore_adaptive_part, count),                                       \
                 LEVEL(scalar_##kind##_step_loop_##suffix), sizeof(type), nadam};                  \
        return run_all(j);                                                                         \
    }
#define ROWS(kind, nadam) ROW(kind, f32, float, nadam) ROW(kind, f64, double, nadam)

ROWS(adagrad, false)
ROWS(rmsprop, false)
ROWS(adadelta, false)
ROWS(adamax, false)
ROWS(nadam, true)
ROWS(radam, false)
ROWS(lion, false)
