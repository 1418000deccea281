/* optim.c: optimizer steps and the norm of gradients over all parameters at once. */
#include <math.h>
#include <string.h>

#include "backend/cpu/vector/parts.h"
#include "backend/cpu/vector/vector.h"
#include "base/memory.h"

enum { SUM_LANES = 16 }; /* running sums of a chunk, the same number on every level */

typedef struct job {
    part_list list;
    double *sums; /* one per chunk, for sum_squares */
} job;

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
