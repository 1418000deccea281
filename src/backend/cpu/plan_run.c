/* plan_run.c: walking iteration plans. */
#include "backend/cpu/plan_run.h"
#include "base/threads.h"

enum { PIECE_ELEMENTS = 1 << 14 };

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
    int64_t piece_elements;
} plan_job;

static void run_piece(void *argument, int64_t piece) {
    const plan_job *job = argument;
    int64_t begin = piece * job->piece_elements, end = begin + job->piece_elements;
    if (end > job->plan->size)
        end = job->plan->size;
    ore_run_plan_range(job->plan, begin, end, NULL, job->loop, job->arguments);
}

ore_status ore_run_plan(const ore_plan *plan, ore_plan_loop loop, void *arguments) {
    if (plan->size <= 0)
        return ORE_OK;
    if (plan->ndim == 1 && plan->size <= PIECE_ELEMENTS) {
        int64_t steps[ORE_PLAN_OPERANDS];
        for (int i = 0; i < plan->operands; i++)
            steps[i] = plan->strides[i][0];
        loop(plan->data, steps, plan->size, arguments);
        return ORE_OK;
    }
    plan_job job = {plan, loop, arguments, PIECE_ELEMENTS};
    ore_parallel_for((plan->size + PIECE_ELEMENTS - 1) / PIECE_ELEMENTS, run_piece, &job);
    return ORE_OK;
}
