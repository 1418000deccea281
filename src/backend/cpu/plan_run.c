/* plan_run.c: walking iteration plans. */
#include "backend/cpu/plan_run.h"
#include "base/threads.h"

void ore_run_plan_range(const ore_plan *plan, int64_t begin, int64_t end, const int64_t *shift,
                        ore_plan_loop loop, void *arguments) {
    if (begin >= end)
        return; /* a size may be 0 */
    int last = plan->ndim - 1;
    int64_t place[ORE_MAX_DIMS], steps[ORE_PLAN_OPERANDS];
    char *data[ORE_PLAN_OPERANDS];
    for (int i = 0; i < plan->operands; i++) {
        steps[i] = plan->strides[i][last];
        data[i] = plan->data[i] + (shift ? shift[i] : 0);
    }
    int64_t rest = begin;
    for (int d = last; d >= 0; d--) {
        place[d] = rest % plan->shape[d];
        rest /= plan->shape[d];
        for (int i = 0; i < plan->operands; i++)
            data[i] += place[d] * plan->strides[i][d];
    }
    while (begin < end) {
        int64_t n = plan->shape[last] - place[last];
        if (n > end - begin)
            n = end - begin;
        loop(data, steps, n, arguments);
        begin += n;
        place[last] += n;
        for (int i = 0; i < plan->operands; i++)
            data[i] += n * steps[i];
        for (int d = last; d > 0 && place[d] == plan->shape[d]; d--) {
            place[d] = 0;
            place[d - 1]++;
            for (int i = 0; i < plan->operands; i++)
                data[i] += plan->strides[i][d - 1] - plan->shape[d] * plan->strides[i][d];
        }
    }
}

typedef struct plan_job {
    const ore_plan *plan;
    ore_plan_loop loop;
    void *arguments;
    int64_t chunk_elements;
} plan_job;

static void run_chunk(void *argument, int64_t chunk) {
    const plan_job *job = argument;
    int64_t begin = chunk * job->chunk_elements, end = begin + job->chunk_elements;
    if (end > job->plan->size)
        end = job->plan->size;
    ore_run_plan_range(job->plan, begin, end, NULL, job->loop, job->arguments);
}

ore_status ore_run_plan(const ore_plan *plan, ore_plan_loop loop, void *arguments) {
    if (plan->size <= 0)
        return ORE_OK;
    if (plan->ndim == 1 && plan->size <= ORE_CHUNK_ELEMENTS) {
        int64_t steps[ORE_PLAN_OPERANDS];
        for (int i = 0; i < plan->operands; i++)
            steps[i] = plan->strides[i][0];
        loop(plan->data, steps, plan->size, arguments);
        return ORE_OK;
    }
    plan_job job = {plan, loop, arguments, ORE_CHUNK_ELEMENTS};
    ore_parallel_for((plan->size + ORE_CHUNK_ELEMENTS - 1) / ORE_CHUNK_ELEMENTS, run_chunk, &job);
    return ORE_OK;
}

/* ---- lines ---- */

typedef struct lines_job {
    const ore_plan *plan;
    ore_lines_loop loop;
    void *arguments;
    int64_t lines, length; /* of the plan */
    int64_t cuts;          /* chunks of a long line */
    int64_t per_chunk;     /* lines of a chunk; 1 where lines are cut */
} lines_job;

/* Elements from .. from + n - 1 of lines begin .. end - 1. */
static void run_lines_range(const lines_job *job, int64_t begin, int64_t end, int64_t from,
                            int64_t n) {
    const ore_plan *plan = job->plan;
    int last = plan->ndim - 1, line_dim = last - 1;
    int64_t place[ORE_MAX_DIMS], steps[ORE_PLAN_OPERANDS] = {0}, strides[ORE_PLAN_OPERANDS];
    char *data[ORE_PLAN_OPERANDS];
    for (int i = 0; i < plan->operands; i++) {
        strides[i] = plan->strides[i][last];
        data[i] = plan->data[i] + from * strides[i];
        if (line_dim >= 0)
            steps[i] = plan->strides[i][line_dim];
    }
    int64_t rest = begin;
    for (int d = line_dim; d >= 0; d--) {
        place[d] = rest % plan->shape[d];
        rest /= plan->shape[d];
        for (int i = 0; i < plan->operands; i++)
            data[i] += place[d] * plan->strides[i][d];
    }
    while (begin < end) {
        int64_t lines = line_dim < 0 ? 1 : plan->shape[line_dim] - place[line_dim];
        lines = lines < end - begin ? lines : end - begin;
        job->loop(data, steps, strides, lines, n, job->arguments);
        begin += lines;
        if (begin == end)
            break;
        place[line_dim] += lines;
        for (int i = 0; i < plan->operands; i++)
            data[i] += lines * steps[i];
        for (int d = line_dim; d > 0 && place[d] == plan->shape[d]; d--) {
            place[d] = 0;
            place[d - 1]++;
            for (int i = 0; i < plan->operands; i++)
                data[i] += plan->strides[i][d - 1] - plan->shape[d] * plan->strides[i][d];
        }
    }
}

static void run_lines_chunk(void *argument, int64_t chunk) {
    const lines_job *job = argument;
    int64_t begin = chunk / job->cuts * job->per_chunk, end = begin + job->per_chunk;
    int64_t from = chunk % job->cuts * ORE_CHUNK_ELEMENTS, n = job->length - from;
    if (job->cuts > 1 && n > ORE_CHUNK_ELEMENTS)
        n = ORE_CHUNK_ELEMENTS;
    run_lines_range(job, begin, end < job->lines ? end : job->lines, from, n);
}

ore_status ore_run_lines(const ore_plan *plan, ore_lines_loop loop, void *arguments) {
    if (plan->size <= 0)
        return ORE_OK;
    lines_job job = {.plan = plan, .loop = loop, .arguments = arguments, .per_chunk = 1};
    job.length = plan->shape[plan->ndim - 1];
    job.lines = plan->size / job.length;
    job.cuts = (job.length + ORE_CHUNK_ELEMENTS - 1) / ORE_CHUNK_ELEMENTS;
    if (job.cuts == 1)
        job.per_chunk = ORE_CHUNK_ELEMENTS / job.length;
    int64_t chunks = (job.lines + job.per_chunk - 1) / job.per_chunk * job.cuts;
    if (chunks == 1)
        run_lines_chunk(&job, 0);
    else
        ore_parallel_for(chunks, run_lines_chunk, &job);
    return ORE_OK;
}
