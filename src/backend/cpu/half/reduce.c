/* reduce.c: reductions of halves. What is folded is cut into boxes that follow memory and fit a
 * core's cache. A box becomes float32 and goes through the float32 row; what boxes give is float32
 * until all of it has been folded, and is rounded once. */
#include <stdlib.h>

#include "backend/cpu/half/half_run.h"
#include "backend/plan_dims.h"
#include "base/memory.h"
#include "base/threads.h"

enum {
    BOX = 1 << 14,    /* elements: 64 KiB of float32 */
    INNER_MAX = 1024, /* of a box along the innermost dim, so that it also has several lines, */
    INNER_MIN = 64,   /* and where lines must be whole: two cache lines of halves */
    DIMS = 2 * ORE_MAX_DIMS,
};

typedef ore_status (*number_row)(const ore_context *ctx, const ore_reduce_plan *plan, double p);

/* One dim of the input: how far an element is from the next, and from the next result. */
typedef struct reduce_dim {
    int64_t size, step;
    bool folded;
    int64_t result_step;  /* bytes among float32 results; 0 where folded */
    int64_t second_step;  /* bytes among second results */
    int64_t piece, count; /* elements of a box along it, and boxes */
} reduce_dim;

typedef struct reduce_job {
    half_rows h;
    ore_status (*plain)(const ore_context *ctx, const ore_reduce_plan *plan);
    number_row with_number;
    double p;
    const ore_reduce_plan *plan;
    int ndim;
    reduce_dim dim[DIMS]; /* kept ones, then folded ones, as in the plan */
    int order[DIMS];      /* their numbers, from the largest step in memory to the smallest */
    int64_t results, box; /* elements */
    int64_t folds, boxes; /* boxes that make one result, and in all */
    float *scratch, *partial;
} reduce_job;

static ore_status call_row(const reduce_job *job, const ore_reduce_plan *plan) {
    return job->plain ? job->plain(job->h.ctx, plan) : job->with_number(job->h.ctx, plan, job->p);
}

static void list_dims(reduce_job *job) {
    const ore_plan *kept = &job->plan->kept, *folded = &job->plan->folded;
    int64_t step = FLOAT_BYTES;
    job->ndim = kept->ndim + folded->ndim;
    job->results = kept->size;
    for (int d = kept->ndim - 1; d >= 0; d--) {
        int64_t second = kept->operands > 2 ? kept->strides[2][d] : 0;
        job->dim[d] = (reduce_dim){kept->shape[d], kept->strides[1][d], false, step, second, 1, 1};
        step *= kept->shape[d];
    }
    for (int d = 0; d < folded->ndim; d++)
        job->dim[kept->ndim + d] =
            (reduce_dim){folded->shape[d], folded->strides[0][d], true, 0, 0, 1, 1};
    for (int d = 0; d < job->ndim; d++) { /* a few dims: by insertion */
        int at = d;
        int64_t size = llabs(job->dim[d].step);
        for (; at > 0 && llabs(job->dim[job->order[at - 1]].step) < size; at--)
            job->order[at] = job->order[at - 1];
        job->order[at] = d;
    }
}

/* Cuts dims into pieces. What is folded stays whole unless the parts' results can be folded again.
 */
static void cut(reduce_job *job, bool in_parts) {
    int64_t box = 1;
    job->folds = job->boxes = 1;
    for (int d = 0; d < job->ndim && !in_parts; d++)
        if (job->dim[d].folded)
            box *= job->dim[d].piece = job->dim[d].size;
    for (int i = job->ndim - 1; i >= 0; i--) {
        reduce_dim *dim = &job->dim[job->order[i]];
        if (in_parts || !dim->folded) {
            int64_t room = BOX / box;
            if (i == job->ndim - 1 && i > 0)
                room = room > INNER_MAX ? INNER_MAX : room < INNER_MIN ? INNER_MIN : room;
            dim->piece = room < 1 ? 1 : dim->size < room ? dim->size : room;
            box *= dim->piece;
        }
        dim->count = (dim->size + dim->piece - 1) / dim->piece;
        job->boxes *= dim->count;
        job->folds *= dim->folded ? dim->count : 1;
    }
    job->box = box;
}

/* One box: its lines to float32 in the order of memory, and the row over them. */
static void run_box(void *argument, int64_t number) {
    const reduce_job *job = argument;
    int64_t size[DIMS], step = FLOAT_BYTES, dense[DIMS], fold = 0, rest = number;
    ore_plan source;
    ore_reduce_plan plan;
    ore_plan_begin(&source, 2);
    ore_plan_begin(&plan.kept, job->plan->kept.operands);
    ore_plan_begin(&plan.folded, 1);
    char *from = job->plan->kept.data[1], *to = (char *)job->partial;
    char *second = job->plan->kept.operands > 2 ? job->plan->kept.data[2] : NULL;
    for (int d = 0; d < job->ndim; d++) {
        const reduce_dim *dim = &job->dim[d];
        int64_t begin = rest % dim->count * dim->piece, left = dim->size - begin;
        fold = dim->folded ? fold * dim->count + rest % dim->count : fold;
        rest /= dim->count;
        size[d] = left < dim->piece ? left : dim->piece;
        from += begin * dim->step;
        to += begin * dim->result_step;
        second = second ? second + begin * dim->second_step : NULL;
    }
    float *scratch = job->scratch + (job->boxes > 1 ? ore_thread_index() * job->box : 0);
    for (int i = job->ndim - 1; i >= 0; i--) {
        dense[job->order[i]] = step;
        step *= size[job->order[i]];
    }
    for (int i = 0; i < job->ndim; i++) {
        int d = job->order[i];
        ore_plan_add_dim(&source, size[d],
                         (int64_t[ORE_PLAN_OPERANDS]){dense[d], job->dim[d].step});
    }
    for (int d = 0; d < job->ndim; d++)
        ore_plan_add_dim(job->dim[d].folded ? &plan.folded : &plan.kept, size[d],
                         job->dim[d].folded
                             ? &dense[d]
                             : (int64_t[ORE_PLAN_OPERANDS]){job->dim[d].result_step, dense[d],
                                                            job->dim[d].second_step});
    ore_plan_end(&source);
    ore_plan_end(&plan.kept);
    ore_plan_end(&plan.folded);
    source.data[0] = plan.kept.data[1] = plan.folded.data[0] = (char *)scratch;
    source.data[1] = from;
    plan.kept.data[0] = to + fold * job->results * FLOAT_BYTES;
    plan.kept.data[2] = second;
    job->h.rows->cast[job->h.dtype](job->h.ctx, &source, ORE_FLOAT32);
    call_row(job, &plan);
}

/* Folds the results of boxes, `folds` for each of `results`, in their order. */
static ore_status fold_parts(const reduce_job *job, float *totals) {
    ore_reduce_plan plan = half_parts_plan(job->partial, job->folds, job->results, totals);
    return call_row(job, &plan);
}

/* Where the result is float32, nothing is rounded. */
static ore_status round_results(const reduce_job *job, const float *totals) {
    const ore_plan *kept = &job->plan->kept;
    ore_plan plan;
    ore_plan_begin(&plan, 2);
    for (int d = 0; d < kept->ndim; d++)
        ore_plan_add_dim(
            &plan, kept->shape[d],
            (int64_t[ORE_PLAN_OPERANDS]){kept->strides[0][d], job->dim[d].result_step});
    ore_plan_end(&plan);
    plan.data[0] = kept->data[0];
    plan.data[1] = (char *)totals;
    if (kept->wide & 1)
        return job->h.rows->copy[ORE_FLOAT32](job->h.ctx, &plan);
    return job->h.rows->cast[ORE_FLOAT32](job->h.ctx, &plan, job->h.dtype);
}

/* Results of nothing: the float32 row reads no element. */
static ore_status fold_nothing(const reduce_job *job, float *totals) {
    ore_reduce_plan plan = *job->plan;
    plan.kept.data[0] = (char *)totals;
    for (int d = 0; d < plan.kept.ndim; d++)
        plan.kept.strides[0][d] = job->dim[d].result_step;
    return call_row(job, &plan);
}

static ore_status run(reduce_job *job, const ore_reduce_plan *plan, bool in_parts) {
    job->plan = plan;
    if (plan->kept.size <= 0)
        return ORE_OK;
    list_dims(job);
    bool none = plan->folded.size <= 0;
    if (!none)
        cut(job, in_parts);
    int64_t scratch = none ? 0 : job->box * (job->boxes > 1 ? ore_num_threads() : 1);
    int64_t parts = none ? 0 : job->folds, totals = parts > 1 || none ? 1 : 0;
    job->scratch = ore_alloc((size_t)(scratch + (parts + totals) * job->results) * sizeof(float));
    if (!job->scratch)
        return ore_error_status();
    job->partial = job->scratch + scratch;
    float *total = job->partial + (totals ? parts * job->results : 0);
    ore_status status = ORE_OK;
    if (none)
        status = fold_nothing(job, total);
    else if (job->boxes > 1)
        ore_parallel_for(job->boxes, run_box, job);
    else
        run_box(job, 0);
    if (parts > 1)
        status = fold_parts(job, total);
    if (status == ORE_OK && ore_ok())
        status = round_results(job, total);
    ore_release(job->scratch);
    return status == ORE_OK ? ore_error_status() : status;
}

#define PLAIN_ROW(name, in_parts)                                                                  \
    HALF_ROW(name, (const ore_context *ctx, const ore_reduce_plan *plan),                          \
             run(&(reduce_job){.h = half_rows_of(ctx, dtype), .plain = FLOAT_ROW(ctx, name)},      \
                 plan, in_parts))
#define NUMBER_ROW(name)                                                                           \
    HALF_ROW(name, (const ore_context *ctx, const ore_reduce_plan *plan, double p),                \
             run(&(reduce_job){.h = half_rows_of(ctx, dtype),                                      \
                               .with_number = FLOAT_ROW(ctx, name),                                \
                               .p = p},                                                            \
                 plan, false))
PLAIN_ROW(sum, true)
PLAIN_ROW(prod, true)
PLAIN_ROW(amax, true)
PLAIN_ROW(amin, true)
PLAIN_ROW(max_place, false)
PLAIN_ROW(min_place, false)
NUMBER_ROW(var)
NUMBER_ROW(std)
NUMBER_ROW(norm)
