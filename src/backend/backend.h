/* backend.h: what a backend is: what it does with a device's memory, and a table of kernels, one
 * row per line of kernels.def.
 *
 * Kernels get resolved pointers, plans and sizes, never tensors; they assume what builders have
 * checked. A kernel returns a status because some faults only the data shows (a label out of
 * range); it raises the message itself, from the calling thread. */
#ifndef ORE_BACKEND_H
#define ORE_BACKEND_H

#include <ore/device.h>
#include <ore/generator.h>
#include <ore/shape.h>

typedef struct ore_kernels ore_kernels;

typedef struct ore_backend ore_backend;

/* What kernels and copies are called with; one for each thread and device. */
typedef struct ore_context {
    ore_device device;
    const ore_backend *backend;
    const ore_kernels *kernels; /* the table in force */
    void *stream;               /* the backend's own; NULL at first */
} ore_context;

/* A device. The host never looks behind an address of its memory: it adds offsets to it and hands
 * it to kernels and to the functions here. Kernels and copies of one device, from whatever thread,
 * take effect in the order in which they were called. */
struct ore_backend {
    const char *name; /* "CPU", for messages */
    /* The table in force, the same at every call; NULL with an error where there is none. */
    const ore_kernels *(*kernels)(void);
    /* `bytes` (which may be 0) of uninitialised memory aligned to 64 bytes; NULL with ORE_MEMORY.
     * It is called for each new tensor, so a device whose own allocator is slow caches here. */
    void *(*allocate)(const ore_context *ctx, size_t bytes);
    /* Takes back what allocate gave for `bytes`, once all calls that came before have used it. */
    void (*release)(const ore_context *ctx, void *memory, size_t bytes);
    /* From host memory, which may be changed after the return. */
    ore_status (*copy_in)(const ore_context *ctx, void *to, const void *from, size_t bytes);
    /* To host memory, where the bytes are at the return. */
    ore_status (*copy_out)(const ore_context *ctx, void *to, const void *from, size_t bytes);
    /* Within the device; the ranges do not overlap. */
    ore_status (*copy)(const ore_context *ctx, void *to, const void *from, size_t bytes);
    /* Waits for all that was called before, and raises what went wrong in it. */
    ore_status (*synchronize)(const ore_context *ctx);
};

/* ---- elementwise work: an iteration plan ---- */

/* What an elementwise kernel loops over: up to four operands, of which operand 0 is the result,
 * with a common shape. Strides are in bytes, 0 where an operand is broadcast. Neighbouring dims are
 * merged where the strides of all operands allow it; the last dim is the innermost loop. */
enum { ORE_PLAN_OPERANDS = 4 };

typedef struct ore_plan {
    int ndim, operands;
    int64_t size; /* product of shape */
    int64_t shape[ORE_MAX_DIMS];
    int64_t strides[ORE_PLAN_OPERANDS][ORE_MAX_DIMS];
    char *data[ORE_PLAN_OPERANDS];
    unsigned wide; /* in a row of halves, bit i: operand i is float32 all the same */
} ore_plan;

/* One strided operand; `data` is its first element, strides are in elements. */
typedef struct ore_view_args {
    void *data;
    int ndim;
    int64_t shape[ORE_MAX_DIMS];
    int64_t strides[ORE_MAX_DIMS];
} ore_view_args;

/* A reduction as two loop nests: `kept` over the results, and for each of them `folded` over the
 * elements that make it. In `kept`, operand 0 is the result, operand 1 the first of its elements,
 * and operand 2 a second result (int64 indices) where there is one. In `folded`, operand 0 is an
 * element, relative to that first one. `kept.wide` is
 * set where the result is float32: that of halves may be. */
typedef struct ore_reduce_plan {
    ore_plan kept, folded;
} ore_reduce_plan;

/* A row that walks one plan. */
typedef ore_status (*ore_plan_kernel)(const ore_context *ctx, const ore_plan *plan);

/* ---- matrix products ---- */

/* C[b] = (accumulate ? C[b] : 0) + A[b] B[b] + bias + addend[b] for every batch b; A is (m, k), B
 * (k, n), C (m, n). Each matrix has a row stride and a column stride, in elements, so that it may
 * have any layout, a transposed one too. */
typedef struct ore_gemm {
    int64_t m, n, k;
    const void *a;
    int64_t a_row, a_col; /* element (i, j) is at a + i a_row + j a_col; likewise b and c */
    const void *b;
    int64_t b_row, b_col;
    void *c;
    int64_t c_row, c_col;
    const void *bias;   /* (n), dense; or NULL */
    const void *addend; /* of C's shape and strides, in other memory; NULL with accumulate */
    bool accumulate;    /* C holds numbers that the product is added to */
    /* NULL, or an elementwise row that computes `result` (of C's shape and strides) from C. It is
     * called for one part of C after the other, each as soon as it is complete and still in cache.
     * Without batches only. */
    ore_plan_kernel then;
    void *result;
    bool a_wide, b_wide, c_wide; /* in rows of halves: this matrix is float32 all the same; addend
                                  * is of C's type, bias of the row's */
    int batch_ndim; /* batches: a loop nest over batch_shape, with each matrix's strides below */
    int64_t batch_shape[ORE_MAX_DIMS];
    int64_t a_batch[ORE_MAX_DIMS], b_batch[ORE_MAX_DIMS], c_batch[ORE_MAX_DIMS];
} ore_gemm;

/* ---- attention ---- */

/* q (B, H, Tq, D), k (B, H / group, Tk, D), v (B, H / group, Tk, Dv) with element strides of the
 * first three dims; the last dim is dense. The options' equations are in include/ore/ops.h and
 * src/ops/attention.c. */
typedef struct ore_attention_args {
    int64_t B, H, Tq, Tk, D, Dv;
    int64_t group; /* query heads in turn that share a head of keys and values; 1 or more */
    const void *q, *k, *v;
    int64_t q_stride[3], k_stride[3], v_stride[3];
    void *y; /* (B, H, Tq, Dv) with y_stride */
    int64_t y_stride[3];
    /* (B, H, Tq, 2) of T, float32 for halves: the max m of a query's scores and the sum of
     * e^(score - m); written by forward, read by backward. They are kept apart since m + log(sum)
     * in float32 may lose the sum. */
    void *top_and_sum;
    double scale;
    const uint8_t *keep; /* one bit per (B, H, Tq, Tk) weight, or NULL: dropout's mask */
    double keep_scale;   /* 1 / (1 - p) */
    /* which keys a query sees by its place p = starts[b] + t; Tk - Tq + t where starts is NULL */
    bool causal;
    int64_t window;           /* 0: none */
    const int64_t *lengths;   /* (B), dense like the two below; or NULL */
    const int64_t *starts;    /* (B), or NULL */
    const int64_t *documents; /* (B, Tk), or NULL */
    /* what else happens to scores */
    double soft_cap;    /* 0: none */
    const void *slopes; /* (B, H) with slope_stride, or NULL */
    int64_t slope_stride[2];
    const void *mask; /* (B, H, Tq, Tk) with mask_stride, the last one 0 or 1; or NULL */
    int64_t mask_stride[4];
    bool mask_is_bool; /* bool, true where a key is seen; else added to the scores */
    /* backward only */
    const void *dy;
    int64_t dy_stride[3];
    /* written, not added to: dq like q, and dk and dv as if group were 1, H heads each */
    void *dq, *dk, *dv;
    int64_t dq_stride[3], dk_stride[3], dv_stride[3];
    void *dmask;   /* (B, H, Tq, Tk) dense, zeros before the call where keys are hidden; or NULL */
    void *dslopes; /* (B, H) dense, or NULL */
} ore_attention_args;

/* ---- recurrent layers ---- */

typedef enum ore_cell {
    ORE_CELL_TANH,
    ORE_CELL_RELU,
    ORE_CELL_LSTM, /* gates i, f, g, o */
    ORE_CELL_GRU,  /* gates r, z, n */
} ore_cell;

static inline int64_t ore_cell_gates(ore_cell cell) {
    return cell == ORE_CELL_LSTM ? 4 : cell == ORE_CELL_GRU ? 3 : 1;
}

/* One direction of one layer over all steps; the equations are in src/ops/recurrent.c. Of B
 * sequences, step t has the first sizes[t], which never grow; what belongs to step t of sequence b
 * is row starts[t] + b row_step of gates, y and all else that has a row for each of N (step,
 * sequence). With H units, G gates and outputs of P numbers (H without a projection): */
typedef struct ore_recurrent_args {
    ore_cell cell;
    bool reverse; /* from the last step of each sequence to its first */
    int64_t steps, B, N, H, P;
    const int64_t *sizes, *starts; /* (steps) each, in the host's memory */
    int64_t row_step;
    const void *w_hh;        /* (G H, P) */
    const void *b_hh;        /* (G H), or NULL for zeros */
    const void *w_hr;        /* (P, H): the projection, or NULL */
    const void *h0, *c0;     /* (B, P), (B, H): before the first step; NULL for zeros */
    void *gates;             /* (N, G H): in, what x gives them; out, their values */
    void *candidate;         /* (N, H) GRU: what h gives n, before r; NULL: not kept */
    void *c;                 /* (N, H) LSTM: cells after each step; NULL: not kept */
    void *y;                 /* N rows of y_row elements, of which P are this direction's */
    int64_t y_row;           /* likewise of dy */
    void *h_n, *c_n;         /* (B, P), (B, H): after the last step; NULL: not wanted */
    const void *dy;          /* backward only, as all below */
    const void *dh_n, *dc_n; /* NULL for zeros */
    void *dgates;            /* (N, G H): of what x gives the gates; may be `gates` itself */
    void *dcandidate;        /* (N, H) GRU: of `candidate`; may be that itself */
    void *h_before;          /* (N, P): the h that a step began with */
    void *dh, *hidden;       /* (N, P), (N, H): with a projection, what its gradient is made of */
    void *dh0, *dc0;         /* (B, P), (B, H); NULL: not wanted */
} ore_recurrent_args;

/* ---- optimizers ---- */

/* The work of a step: one part per parameter, which is dense and has n elements; the equations are
 * in include/ore/optim.h. What an optimizer remembers is of the parameter's type, and float32 for
 * halves, in whose 8 or 11 bits an average of many steps would stand still. A call takes all
 * parts at once, so that one launch of a kernel serves many small parameters. */
typedef struct ore_sgd_part {
    void *p;
    const void *g;
    void *buffer; /* NULL where momentum is 0 */
    int64_t n;
    double lr, momentum, dampening, weight_decay;
    double grad_scale; /* g is multiplied by it first: clipping in the same pass */
    bool nesterov, maximize;
    bool first; /* buffer holds nothing yet and becomes g */
} ore_sgd_part;

typedef struct ore_adam_part {
    void *p;
    const void *g;
    void *m, *v, *v_max; /* v_max NULL without amsgrad */
    int64_t n;
    double step_size;  /* lr / (1 - beta1^t) */
    double bias2_sqrt; /* sqrt(1 - beta2^t) */
    double beta1, beta2, eps;
    double weight_decay; /* added to the gradient: Adam's; 0 for AdamW */
    double shrink;       /* p is multiplied by it first: 1 - lr weight_decay for AdamW, else 1 */
    double grad_scale;   /* g is multiplied by it first: clipping in the same pass */
    bool maximize;
} ore_adam_part;

/* A step of Adagrad, RMSprop, Adadelta, Adamax, NAdam, RAdam or Lion. */
typedef struct ore_adaptive_part {
    void *p;
    const void *g;
    void *state[3]; /* the kind's, in the order of its names; NULL: not in use */
    int64_t n;
    double lr;           /* multiplies the update; bias corrections that are factors are in it */
    double lr_gradient;  /* NAdam: multiplies the gradient's part of the update */
    double beta1, beta2; /* beta1 is RMSprop's alpha and Adadelta's rho */
    double eps;
    double momentum;     /* RMSprop */
    double bias2;        /* NAdam: 1 - beta2^t; RAdam: sqrt(1 - beta2^t) r_t, 0 where it has none */
    double product;      /* NAdam: goes into state[2], one float32 */
    double grad_scale;   /* multiplies the gradient */
    double weight_decay; /* added to the gradient */
    double shrink;       /* p is multiplied by it first */
    bool maximize;
} ore_adaptive_part;

typedef struct ore_dense_part {
    const void *x;
    int64_t n;
} ore_dense_part;

/* ---- kernels over dense (rows, cols) operands ---- */

/* Layer norm: y = (x - mean) rstd weight + bias over each row. */
typedef struct ore_layer_norm_args {
    int64_t rows, cols;
    double eps;
    bool uncentred;        /* set by the rows of RMS norm: 0 stands in place of the mean */
    bool wide;             /* beside halves: weight, bias and their gradients are float32 */
    const void *x;         /* (rows, cols) */
    const void *weight;    /* (cols), or NULL for ones */
    const void *bias;      /* (cols), or NULL for zeros; forward only */
    void *y;               /* (rows, cols); forward only */
    double *mean, *rstd;   /* (rows): written by forward unless NULL, read by backward; RMS norm
                            * has no means. float64, since 1 / 3e38 has few digits in float32 */
    const void *dy;        /* (rows, cols); backward only, as all below */
    void *dx;              /* (rows, cols), or NULL where it is not wanted */
    bool accumulate;       /* add to what dx holds */
    void *dweight, *dbias; /* (cols), or NULL; summed in an order that shapes alone decide */
} ore_layer_norm_args;

/* Batch norm of dense (N, C, L): y = (x - mean) rstd weight + bias for each channel of C, by the
 * mean and variance of the batch while training, else by the running ones. */
typedef struct ore_batch_norm_args {
    int64_t N, C, L;
    double eps;
    double momentum; /* running = (1 - momentum) running + momentum batch's, while training */
    bool training;
    bool wide; /* beside halves: all of (C) are float32 */
    const void *x;                    /* (N, C, L) */
    const void *weight;               /* (C), or NULL for ones */
    const void *bias;                 /* (C), or NULL for zeros; forward only */
    void *y;                          /* (N, C, L); forward only */
    void *running_mean, *running_var; /* (C); NULL where training and none; forward only */
    double *mean, *rstd;              /* (C): written by forward, read by backward */
    const void *dy;                   /* (N, C, L); backward only, as all below */
    void *dx;                         /* (N, C, L), or NULL where it is not wanted */
    void *dweight, *dbias;            /* (C), or NULL */
} ore_batch_norm_args;

/* ---- convolution ---- */

/* Between x (N, groups C, h.in, w.in) and y (N, groups O, h.out, w.out), all dense, by a weight
 * (groups O, C, h.kernel, w.kernel): tap k of place o in y meets place
 * o stride - before + k dilation of x, or a zero where that is outside. One dim is a height
 * of 1. */
typedef struct ore_conv_dim {
    int64_t in, out, kernel, stride, dilation;
    int64_t before; /* zeros in front of x; those behind follow from the sizes */
} ore_conv_dim;

/* A row makes one of x, y and weight from the two others. */
typedef struct ore_conv_args {
    int64_t N, groups, C, O; /* C and O are the channels of one group */
    ore_conv_dim h, w;
    const void *x, *y, *weight;
    const void *bias; /* one for each channel of the result, or NULL */
    void *result;
} ore_conv_args;

/* ---- pooling over dense planes: a window is a range of rows times a range of columns ---- */
typedef struct ore_window {
    int64_t begin, end, step; /* the places begin, begin + step, .. below end, all in the plane */
    int64_t divisor;          /* a mean divides by the product of the two ranges' divisors */
} ore_window;

typedef struct ore_pool_args {
    int64_t planes;
    int64_t in[2], out[2];
    const ore_window *windows[2]; /* out[0] of rows and out[1] of columns */
    int64_t divisor;              /* of a mean, where it is not 0, instead of the windows' */
    const void *x;                /* (planes, in): forward */
    const void *dy;               /* (planes, out): backward */
    int64_t *places; /* (planes, out): each maximum's index in its plane, row-major, -1: none; NULL
                        for means, and where forward need not tell them */
    void *result;    /* y (planes, out), or dx (planes, in) */
} ore_pool_args;

/* Cross entropy of labels. With target t = (1 - smoothing) w[label] at the label plus
 * smoothing w[c] / cols at every class c, a row's loss is -sum_c t_c log softmax(x)_c, and 0 where
 * the label is ignored. */
typedef struct ore_cross_entropy_args {
    int64_t rows, cols;
    const void *x;         /* (rows, cols) logits */
    const int64_t *labels; /* (rows) */
    int64_t ignore_index;
    double smoothing;
    const void *class_weight; /* (cols) w, or NULL for ones */
    bool mean;                /* the result is a mean of the rows that count, else their sum */
    bool each_row;            /* the result is each row's loss, and so dy has a value for each */
    bool wide;                /* of halves: all but x and dx is float32 */
    void *loss;               /* (rows): each row's; forward only */
    void *reduced;            /* (1): their sum or mean, NULL with each_row; forward only */
    double *top_and_sum; /* (rows, 2): the max m of x and the sum of e^(x - m); written by forward,
                            read by backward */
    double *total;       /* (1): sum of w[label] over rows that count, for a mean; likewise */
    const void *dy;      /* (rows) with each_row, else (1); backward only */
    void *dx;            /* (rows, cols), which may be x itself; backward only */
} ore_cross_entropy_args;

/* ---- indexing ---- */

/* The indices of an elementwise plan along one dim of `size` elements, `step` bytes apart. The
 * plan's index operand may be broadcast; index[0 .. count-1] holds each index once, for the range
 * check before anything is written. */
typedef struct ore_index_args {
    const char *op; /* for the message */
    const int64_t *index;
    int64_t count, size, step;
} ore_index_args;

/* The sets of dtypes that kernels.def names: each calls M(name, dtype, suffix, arguments) for every
 * dtype in it. */
#define ORE_INTS(M, name, args)                                                                    \
    M(name, ORE_INT64, i64, args) M(name, ORE_INT32, i32, args) M(name, ORE_UINT8, u8, args)
#define ORE_HALVES(M, name, args) M(name, ORE_BFLOAT16, bf16, args) M(name, ORE_FLOAT16, f16, args)
#define ORE_FLOATS(M, name, args)                                                                  \
    M(name, ORE_FLOAT32, f32, args) M(name, ORE_FLOAT64, f64, args) ORE_HALVES(M, name, args)
#define ORE_NUMBERS(M, name, args)    ORE_FLOATS(M, name, args) ORE_INTS(M, name, args)
#define ORE_EVERY(M, name, args)      ORE_NUMBERS(M, name, args) M(name, ORE_BOOL, b8, args)
#define ORE_ONLY_INT64(M, name, args) M(name, ORE_INT64, i64, args)
#define ORE_ONLY_UINT8(M, name, args) M(name, ORE_UINT8, u8, args)
#define ORE_ONLY_BOOL(M, name, args)  M(name, ORE_BOOL, b8, args)

#define K(name, dtypes, args) ore_status(*name[ORE_DTYPE_COUNT]) args;
struct ore_kernels {
#include "backend/kernels.def"
};
#undef K

/* Raises "gelu: no CPU kernel for bfloat16". */
ore_status ore_no_kernel(const ore_context *ctx, const char *name, ore_dtype dtype);

/* Calls a row for a dtype, or raises ORE_UNSUPPORTED. Watched calls stand where the table in force
 * has no row, so that they cost nothing while no one watches. */
#define ORE_CALL(ctx, row, dtype, ...)                                                             \
    ((ctx)->kernels->row[dtype] ? (ctx)->kernels->row[dtype]((ctx), __VA_ARGS__)                   \
     : ore_traced_call_begin((ctx), #row, offsetof(ore_kernels, row), dtype)                       \
         ? ore_traced_call_end((ctx), (ctx)->kernels->row[dtype]((ctx), __VA_ARGS__))              \
         : ore_no_kernel((ctx), #row, dtype))

/* ---- watching the calls of rows (backend.c) ---- */

/* Both are called on the thread that calls the row, around it. */
typedef struct ore_kernel_tracer {
    void *user;
    void (*begin)(void *user, const char *row, ore_dtype dtype);
    void (*end)(void *user);
} ore_kernel_tracer;

/* From now on the calling thread's calls of rows are watched; NULL: no more. While they are, the
 * contexts of the thread point to a table without rows, and in a call to that of the backend. */
void ore_trace_kernels(const ore_kernel_tracer *tracer);
/* The address of a row, for ORE_CALL and its like: `offset` of its name in ore_kernels. If begin
 * gives true, the context has the row until end, which passes the status on. */
bool ore_traced_call_begin(const ore_context *ctx, const char *row, size_t offset, ore_dtype dtype);
ore_status ore_traced_call_end(const ore_context *ctx, ore_status status);
/* The same for a kernel that is no row, of an operation from outside. */
bool ore_traced_kernel_begin(const ore_context *ctx, const char *name, ore_dtype dtype);
/* The table of the backend, whether calls are watched or not. */
const ore_kernels *ore_rows_of(const ore_context *ctx);

/* Room for the devices of ore_device and a few that programs register. */
enum { ORE_DEVICE_LIMIT = 8 };

/* Makes a backend answer for a device that has none so far, from now on and for good; `backend`
 * stays the caller's and must live as long as the program. */
ore_status ore_backend_register(ore_device device, const ore_backend *backend);

/* The context of a device; NULL with ORE_UNSUPPORTED where it is absent. */
const ore_context *ore_context_of(ore_device device);

/* Memory of a device other than the CPU, counted for ore_device_memory_read; errors as the
 * backend's. */
void *ore_device_allocate(const ore_context *ctx, size_t bytes);
void ore_device_release(const ore_context *ctx, void *memory, size_t bytes);

#endif
