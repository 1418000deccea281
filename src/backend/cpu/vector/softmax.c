/* softmax.c: softmax, log softmax and cross entropy of float32 rows; the equations are in src/ops/.
 * The largest element is subtracted first; a NaN in a row makes the row NaN. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/vector/lanes.h"
#include "backend/cpu/vector/vector.h"
#include "backend/cpu/vector/vmath.h"
#include "base/elementary/elementary.h"

#define T         float
#define V         vf
#define LANES     VF_LANES
#define VEC(name) vf_##name
#define FN(name)  name##_f32
#include "backend/cpu/vector/row_any.inc"

typedef struct row_operands {
    int64_t cols;
    const float *x, *second; /* (rows, cols) */
    float *y;
} row_operands;

/* ---- what a row's softmax is made of ---- */

static float largest(const float *x, int64_t cols) {
    vf top[2] = {vf_set(-INFINITY), vf_set(-INFINITY)};
    int64_t c = 0;
    for (; c + 2 * LANES <= cols; c += 2 * LANES) {
        top[0] = vf_max(vf_load(x + c), top[0]);
        top[1] = vf_max(vf_load(x + c + LANES), top[1]);
    }
    for (; c < cols; c += LANES)
        top[0] = vf_max(load_some_f32(x + c, cols - c, -INFINITY), top[0]);
    return vf_largest(vf_max(top[0], top[1]));
}

VEC_INLINE vf exp_at(const row_f32 *row, int64_t c, int64_t n) {
    return vf_exp(load_some_f32(row->x + c, n, -INFINITY) - row->top);
}

VEC_INLINE vf of_exp(vf sum, const row_f32 *row, int64_t c, int64_t n) {
    return sum + exp_at(row, c, n);
}

/* Puts its terms into row->y. */
VEC_INLINE vf of_exp_kept(vf sum, const row_f32 *row, int64_t c, int64_t n) {
    vf e = exp_at(row, c, n);
    store_some_f32(row->y + c, e, n);
    return sum + e;
}

/* The largest element of a row, and the sum of e^(x - it): their logarithm may not hold both. */
static double sum_exp(const float *x, int64_t cols, float *top) {
    row_f32 row = {.x = x, .top = largest(x, cols)};
    *top = row.top;
    return fold_f32(of_exp, &row, cols);
}

static void softmax_rows(void *p, int64_t begin, int64_t end) {
    const row_operands *o = p;
    for (int64_t r = begin; r < end; r++) {
        row_f32 row = {.x = o->x + r * o->cols, .y = o->y + r * o->cols};
        row.top = largest(row.x, o->cols);
        float scale = (float)(1 / fold_f32(of_exp_kept, &row, o->cols));
        for (int64_t c = 0; c < o->cols; c++)
            row.y[c] *= scale;
    }
}

ore_status LEVEL(softmax_f32)(const ore_context *ctx, int64_t rows, int64_t cols, const void *x,
                              void *y) {
    (void)ctx;
    row_operands o = {cols, x, NULL, y};
    ore_run_rows(rows, cols, softmax_rows, &o);
    return ORE_OK;
}

static void log_softmax_rows(void *p, int64_t begin, int64_t end) {
    const row_operands *o = p;
    for (int64_t r = begin; r < end; r++) {
        const float *x = o->x + r * o->cols;
        float *y = o->y + r * o->cols, top;
        float log_sum = (float)ore_math_log(sum_exp(x, o->cols, &top));
        for (int64_t c = 0; c < o->cols; c++)
            y[c] = x[c] - top - log_sum;
    }
}

ore_status LEVEL(log_softmax_f32)(const ore_context *ctx, int64_t rows, int64_t cols, const void *x,
                                  void *y) {
    (void)ctx;
    row_operands o = {cols, x, NULL, y};
    ore_run_rows(rows, cols, log_softmax_rows, &o);
    return ORE_OK;
}

/* ---- backward: x holds dy, second y ---- */

VEC_INLINE vf of_dy(vf sum, const row_f32 *row, int64_t c, int64_t n) {
    return sum + load_some_f32(row->x + c, n, 0);
}

VEC_INLINE vf of_dy_y(vf sum, const row_f32 *row, int64_t c, int64_t n) {
    return vf_fma(load_some_f32(row->x + c, n, 0), load_some_f32(row->second + c, n, 0), sum);
}

static void softmax_backward_rows(void *p, int64_t begin, int64_t end) {
    const row_operands *o = p;
    for (int64_t r = begin; r < end; r++) {
        row_f32 row = {.x = o->x + r * o->cols, .second = o->second + r * o->cols};
        float dot = (float)fold_f32(of_dy_y, &row, o->cols), *dx = o->y + r * o->cols;
        for (int64_t c = 0; c < o->cols; c++)
            dx[c] = row.second[c] * (row.x[c] - dot);
    }
}

ore_status LEVEL(softmax_backward_f32)(const ore_context *ctx, int64_t rows, int64_t cols,
                                       const void *dy, const void *y, void *dx) {
    (void)ctx;
    row_operands o = {cols, dy, y, dx};
    ore_run_rows(rows, cols, softmax_backward_rows, &o);
    return ORE_OK;
}

static void log_softmax_backward_rows(void *p, int64_t begin, int64_t end) {
    const row_operands *o = p;
    for (int64_t r = begin; r < end; r++) {
        row_f32 row = {.x = o->x + r * o->cols, .second = o->second + r * o->cols};
        float sum = (float)fold_f32(of_dy, &row, o->cols), *dx = o->y + r * o->cols;
        for (int64_t c = 0; c < o->cols; c += LANES) {
            vf share = vf_exp(load_some_f32(row.second + c, o->cols - c, 0));
            vf dy = load_some_f32(row.x + c, o->cols - c, 0);
            store_some_f32(dx + c, vf_fma(share, vf_set(-sum), dy), o->cols - c);
        }
    }
}

ore_status LEVEL(log_softmax_backward_f32)(const ore_context *ctx, int64_t rows, int64_t cols,
                                           const void *dy, const void *y, void *dx) {
    (void)ctx;
    row_operands o = {cols, dy, y, dx};
    ore_run_rows(rows, cols, log_softmax_backward_rows, &o);
    return ORE_OK;
}

/* ---- cross entropy ---- */

static bool labels_fit(const ore_cross_entropy_args *a) {
    bool fit = true;
    for (int64_t r = 0; r < a->rows; r++) {
        int64_t label = a->labels[r];
        fit = fit && (label == a->ignore_index || (label >= 0 && label < a->cols));
    }
    return fit;
}

static double weight_of(const ore_cross_entropy_args *a, int64_t c) {
    return a->class_weight ? (double)((const float *)a->class_weight)[c] : 1;
}

VEC_INLINE vf weights_at(const row_f32 *row, int64_t c, int64_t n) {
    return row->weight ? load_some_f32(row->weight + c, n, 0) : vf_set(1);
}

/* w (top - x) */
VEC_INLINE vf below_top(vf sum, const row_f32 *row, int64_t c, int64_t n) {
    vf below = row->top - load_some_f32(row->x + c, n, row->top);
    return vf_fma(weights_at(row, c, n), below, sum);
}

typedef struct cross_entropy_job {
    ore_cross_entropy_args args;
    double share, spread; /* smoothing of each class; of all, weighted */
} cross_entropy_job;

static cross_entropy_job job_of(const ore_cross_entropy_args *a) {
    cross_entropy_job job = {*a, a->smoothing / (double)a->cols, 0};
    for (int64_t c = 0; job.share > 0 && c < a->cols; c++)
        job.spread += job.share * weight_of(a, c);
    return job;
}

static void cross_entropy_rows(void *p, int64_t begin, int64_t end) {
    const cross_entropy_job *job = p;
    const ore_cross_entropy_args *a = &job->args;
    for (int64_t r = begin; r < end; r++) {
        row_f32 row = {.x = (const float *)a->x + r * a->cols, .weight = a->class_weight};
        double sum = sum_exp(row.x, a->cols, &row.top), log_sum = ore_math_log(sum), loss = 0;
        int64_t label = a->labels[r];
        a->top_and_sum[2 * r] = (double)row.top;
        a->top_and_sum[2 * r + 1] = sum;
        if (label != a->ignore_index)
            loss = (1 - a->smoothing) * weight_of(a, label) *
                   (log_sum + ((double)row.top - (double)row.x[label]));
        if (label != a->ignore_index && job->share > 0)
            loss += job->spread * log_sum + job->share * fold_f32(below_top, &row, a->cols);
        ((float *)a->loss)[r] = (float)loss;
    }
}

ore_status LEVEL(cross_entropy_f32)(const ore_context *ctx, const ore_cross_entropy_args *args) {
    if (!labels_fit(args))
        return scalar_cross_entropy_f32(ctx, args); /* names the label */
    cross_entropy_job job = job_of(args);
    ore_run_rows(args->rows, args->cols, cross_entropy_rows, &job);
    double sum = 0, total = 0;
    for (int64_t r = 0; r < args->rows; r++) {
        sum += (double)((const float *)args->loss)[r];
        if (args->labels[r] != args->ignore_index)
            total += weight_of(args, args->labels[r]);
    }
    *args->total = total;
    if (args->reduced)
        *(float *)args->reduced = (float)(args->mean ? sum / total : sum);
    return ORE_OK;
}

/* A row's dx = scale e^(x - top) - even w: what classes other than the label get. */
static void cross_entropy_dx(const row_f32 *row, float *dx, int64_t cols, float scale, float even) {
    for (int64_t c = 0; c < cols; c += LANES) {
        vf v = exp_at(row, c, cols - c) * scale;
        if (even != 0)
            v = vf_fma(weights_at(row, c, cols - c), vf_set(-even), v);
        store_some_f32(dx + c, v, cols - c);
    }
}

/* dx_c = g (softmax(x)_c sum_k t_k - t_c), where g is dy, over the total for a mean. */
static void cross_entropy_backward_rows(void *p, int64_t begin, int64_t end) {
    const cross_entropy_job *job = p;
    const ore_cross_entropy_args *a = &job->args;
    for (int64_t r = begin; r < end; r++) {
        float *dx = (float *)a->dx + r * a->cols;
        int64_t label = a->labels[r];
        if (label == a->ignore_index) {
            memset(dx, 0, (size_t)a->cols * sizeof *dx);
            continue;
        }
        double g = (double)((const float *)a->dy)[a->each_row ? r : 0];
        if (a->mean)
            g /= *a->total;
        double at_label = (1 - a->smoothing) * weight_of(a, label);
        row_f32 row = {.x = (const float *)a->x + r * a->cols,
                       .weight = a->class_weight,
                       .top = (float)a->top_and_sum[2 * r]};
        /* in double: both sides are close where the model is sure and right */
        double target = at_label + job->share * weight_of(a, label);
        double scale = (at_label + job->spread) / a->top_and_sum[2 * r + 1];
        double here = ore_math_exp((double)row.x[label] - (double)row.top);
        cross_entropy_dx(&row, dx, a->cols, (float)(g * scale), (float)(g * job->share));
        dx[label] = (float)(g * (here * scale - target));
    }
}

ore_status LEVEL(cross_entropy_backward_f32)(const ore_context *ctx,
                                             const ore_cross_entropy_args *args) {
    (void)ctx;
    cross_entropy_job job = job_of(args);
    ore_run_rows(args->rows, args->cols, cross_entropy_backward_rows, &job);
    return ORE_OK;
}
