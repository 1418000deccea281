/* parallel.c: members of a list that run at the same time. Each member runs on one thread, in a
 * scope of its own, from which its result moves to the caller's. All that could show in which order
 * they ran follows the order of the members instead: graph nodes take their numbers from ranges
 * that are reserved beforehand, so that backward adds in that order; a member draws from a
 * generator only when all before it have ended; and of several errors that of the first member is
 * kept. */
#include <string.h>

#include "base/memory.h"
#include "base/threads.h"
#include "base/turns.h"
#include "core/autocast.h"
#include "core/autograd.h"
#include "core/scope.h"
#include "core/tracer.h"
#include "nn/module.h"

typedef struct member {
    const ore_module *module;
    ore_tensor *x, *y;
    bool made; /* y is a handle outside all scopes, until the caller has it */
    ore_error error;
} member;

typedef struct parallel_run {
    member *members;
    bool records;
    ore_dtype autocast;
    uint64_t sequence; /* of the first member's range */
    ore_turns turns;
} parallel_run;

static void forward_member(void *argument, int64_t i) {
    parallel_run *run = argument;
    member *m = &run->members[i];
    uint64_t sequence = run->sequence + (uint64_t)i * ORE_SEQUENCE_RANGE;
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_autocast_regions regions = ore_autocast_exchange((ore_autocast_regions){0});
    if (!run->records)
        ore_no_grad_begin();
    ore_autocast_begin(run->autocast);
    ore_sequence_use(&sequence);
    ore_turn_begin(&run->turns, i);
    m->y = ore_module_forward(m->module, m->x);
    ore_turn_end();
    ore_sequence_use(NULL);
    ore_autocast_end();
    if (!run->records)
        ore_no_grad_end();
    ore_autocast_exchange(regions);
    m->made = m->y && m->y->scope == &scope;
    if (m->made)
        ore_own(m->y);
    ore_error_take(&m->error);
    ore_scope_leave(&scope);
}

/* Puts the results into y[] and their handles into the caller's scope, or raises the first
 * error. */
static ore_status collect(member *members, int64_t count, ore_tensor **y) {
    for (int64_t i = 0; i < count; i++)
        if (members[i].error.status != ORE_OK && ore_ok())
            ore_error_raise(&members[i].error);
    for (int64_t i = 0; i < count; i++) {
        y[i] = ore_ok() ? members[i].y : NULL;
        if (members[i].made && y[i])
            ore_scope_add(y[i]);
        else if (members[i].made)
            ore_free(members[i].y);
    }
    return ore_error_status();
}

static ore_status run_members(member *members, bool *ended, int64_t count, ore_tensor **y) {
    parallel_run run = {members, ore_grad_enabled(), ore_autocast_dtype(),
                        ore_sequence_reserve(count), {.first = 0}};
    ore_turns_init(&run.turns, ended, count);
    ore_parallel_for_in_order(count, forward_member, &run);
    ore_turns_destroy(&run.turns);
    return collect(members, count, y);
}

/* Runs the members one after the other on the calling thread, which may be working on a member of
 * another list. */
static ore_status run_in_order(const ore_module *list, ore_tensor *const *x, ore_tensor **y) {
    int64_t i = 0;
    for (const ore_module *child = list->first_child; child; child = child->next_sibling, i++)
        y[i] = ore_module_forward(child, x[i]);
    for (i = 0; i < list->child_count && !ore_ok(); i++)
        y[i] = NULL;
    return ore_error_status();
}

ore_status ore_parallel(const ore_module *list, ore_tensor *const *x, ore_tensor **y) {
    int64_t count = list->child_count, i = 0;
    for (int64_t k = 0; k < count; k++)
        y[k] = NULL;
    if (!ore_ok())
        return ore_error_status();
    if (ore_in_turn() || ore_module_observed() || ore_tracer_in_force)
        return run_in_order(list, x, y);
    member *members = ore_alloc_zero((size_t)count * sizeof *members + 1);
    bool *ended = ore_alloc_zero((size_t)count * sizeof *ended + 1);
    if (members && ended) {
        for (const ore_module *child = list->first_child; child; child = child->next_sibling, i++)
            members[i] = (member){.module = child, .x = x[i]};
        run_members(members, ended, count, y);
    }
    ore_release(ended);
    ore_release(members);
    return ore_error_status();
}
