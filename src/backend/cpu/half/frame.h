/* frame.h: whole operands of a row in float32, for rows that need everything at once. */
#ifndef ORE_BACKEND_HALF_FRAME_H
#define ORE_BACKEND_HALF_FRAME_H

#include "backend/cpu/half/half_run.h"

/* Where elements of an operand lie: a loop nest with steps in bytes, 0 where the operand stands
 * still. One dim more than a tensor, for the indexed dim of a scatter. */
enum { HALF_DIMS = ORE_MAX_DIMS + 1 };

typedef struct half_view {
    int ndim;
    int64_t size[HALF_DIMS], step[HALF_DIMS];
} half_view;

typedef enum half_use {
    HALF_IN = 1,  /* read by the row */
    HALF_OUT = 2, /* written by it */
    HALF_INOUT = 3,
} half_use;

/* Room for the operands of a recurrent layer of two directions. */
enum { HALF_OPERANDS = 48 };

/* The operands of one call. A frame is begun, operands are taken from it, and if it is fine the row
 * is called; half_end rounds what was written and gives back the memory. */
typedef struct half_frame {
    half_rows h;
    bool fine;
    int count;
    struct {
        float *dense;
        char *half;
        half_view from, to;
        half_use use;
    } operand[HALF_OPERANDS];
} half_frame;

void half_begin(half_frame *f, const ore_context *ctx, ore_dtype dtype);
/* The elements of a view in dense memory, with *steps (bytes, NULL allowed) to go through it by;
 * NULL for NULL, and where memory runs out. */
float *half_take(half_frame *f, const void *x, const half_view *view, half_use use, int64_t *steps);
/* The same for n dense elements. */
float *half_take_dense(half_frame *f, const void *x, int64_t n, half_use use);
ore_status half_end(half_frame *f, ore_status status);

/* How many elements a view has in memory. */
static inline int64_t half_view_size(const half_view *v) {
    int64_t n = 1;
    for (int d = 0; d < v->ndim; d++)
        n *= v->step[d] ? v->size[d] : 1;
    return n;
}

/* Calls the float32 row of a frame's table with `own` arguments unless memory ran out. */
#define HALF_CALL(f, name, ...)                                                                    \
    half_end(f, (f)->fine ? (f)->h.rows->name[ORE_FLOAT32]((f)->h.ctx, __VA_ARGS__)                \
                          : ore_error_status())

#endif
