/* kernel_rows.h: the rows of kernels.def as a list that a test can walk. */
#ifndef ORE_TESTS_KERNEL_ROWS_H
#define ORE_TESTS_KERNEL_ROWS_H

#include <ore/ops.h>

#include "backend/cpu/cpu.h"
#include "core/plan.h"
#include "support/levels.h"

enum { KERNEL_ROWS_MAX = 1024 };

typedef void (*row_function)(void);
typedef ore_status (*plan_row)(const ore_context *, const ore_plan *);
typedef ore_status (*plan_number_row)(const ore_context *, const ore_plan *, double);
typedef ore_status (*plan_range_row)(const ore_context *, const ore_plan *, double, double);
typedef ore_status (*plan_dtype_row)(const ore_context *, const ore_plan *, ore_dtype);
typedef ore_status (*reduce_row)(const ore_context *, const ore_reduce_plan *);
typedef ore_status (*reduce_number_row)(const ore_context *, const ore_reduce_plan *, double);
typedef ore_status (*softmax_row)(const ore_context *, int64_t, int64_t, const void *, void *);
typedef ore_status (*softmax_backward_row)(const ore_context *, int64_t, int64_t, const void *,
                                           const void *, void *);
typedef ore_status (*norm_row)(const ore_context *, const ore_layer_norm_args *);
typedef ore_status (*loss_row)(const ore_context *, const ore_cross_entropy_args *);
typedef ore_status (*index_row)(const ore_context *, const ore_plan *, const ore_index_args *);

typedef ore_status (*embedding_row)(const ore_context *, const void *, const int64_t *, void *,
                                    int64_t, int64_t, int64_t);
typedef ore_status (*embedding_backward_row)(const ore_context *, const void *, const int64_t *,
                                             void *, int64_t, int64_t, int64_t, int64_t);

typedef enum row_kind {
    ROW_PLAN,
    ROW_PLAN_NUMBER,
    ROW_PLAN_RANGE,
    ROW_PLAN_DTYPE,
    ROW_REDUCE,
    ROW_REDUCE_NUMBER,
    ROW_SOFTMAX,
    ROW_SOFTMAX_BACKWARD,
    ROW_NORM,
    ROW_LOSS,
    ROW_INDEX,
    ROW_EMBEDDING,
    ROW_EMBEDDING_BACKWARD,
    ROW_ELSEWHERE, /* another test compares it */
    ROW_KINDS
} row_kind;

/* What the type of a row's function does not tell. */
typedef struct row_facts {
    const char *name;
    int inputs;    /* of a plan */
    bool compares; /* the result is bool */
    bool chooses;  /* the first input is bool */
    bool positive; /* takes positive numbers */
    bool places;   /* a second result, of int64 */
    bool tame;     /* gets no infinities and their kin */
    bool cancels;  /* a result may be small beside what it is the difference of */
    bool sums;     /* likewise, of as many as there are inputs */
} row_facts;

typedef struct kernel_row {
    const char *name;
    ore_dtype dtype;
    row_kind kind;
    const row_facts *facts;
    row_function scalar, function;
    const ore_context *scalar_context, *context;
} kernel_row;

/* The rows of `table` that differ from the scalar ones (NULL: the scalar rows themselves), into
 * rows[]; how many. A row that no test knows fails the test. */
int kernel_rows_of(const ore_kernels *table, kernel_row *rows);

/* Numbers of a fixed sequence; zeros, infinities, a NaN and large and small ones are among them for
 * rows that have an entry of their own in the list of facts and are not tame or positive. */
ore_tensor *random_tensor(ore_shape shape, ore_dtype dtype, const row_facts *facts);
/* Whether two results agree as closely as their dtype allows; prints the first difference. */
bool tensors_agree(const kernel_row *row, const char *what, int64_t n, ore_tensor *got,
                   ore_tensor *want);
/* Whether two results are equal bit for bit. */
bool same_bits(const kernel_row *row, const char *what, ore_tensor *a, ore_tensor *b);

#endif
