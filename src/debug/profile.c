/* profile.c: notes what a thread's operations and modules take. */
#include "debug/profile.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "debug/tracing.h"

ore_profile *ore_profile_new(void) {
    return ore_ok() ? ore_alloc_zero(sizeof(ore_profile)) : NULL;
}

void ore_profile_free(ore_profile *p) {
    if (!p)
        return;
    if (debug_traced_profile() == p)
        debug_trace_profile(NULL);
    debug_names_free(&p->names);
    ore_release(p->event);
    ore_release(p->rows[0]);
    ore_release(p->rows[1]);
    ore_release(p);
}

ore_status ore_profile_begin(ore_profile *p) {
    if (!ore_ok())
        return ore_error_status();
    if (!p || debug_traced_profile())
        return p ? ore_fail(ORE_STATE, "profile: one has begun on this thread already")
                 : ore_fail(ORE_INVALID, "profile: expected one, got NULL");
    p->loose = p->events;
    p->depth = 0;
    p->in_backward = false;
    debug_trace_profile(p);
    p->began = ore_clock_s();
    return ORE_OK;
}

/* ---- notes ---- */

static profile_event *add(ore_profile *p, profile_event e) {
    if (ore_grow((void **)&p->event, &p->capacity, p->events + 1, sizeof e) != ORE_OK)
        return NULL;
    p->event[p->events] = e;
    return &p->event[p->events++];
}

/* What the thread's tensors take: the profile's own notes left out. */
static int64_t in_use(const ore_profile *p) {
    ore_memory_stats stats;
    ore_memory_read(&stats);
    return (int64_t)stats.in_use_bytes - p->capacity * (int64_t)sizeof *p->event;
}

/* Kernels that no operation has claimed count for themselves. */
static void end_loose(ore_profile *p) {
    p->loose = p->events;
}

ore_status ore_profile_end(ore_profile *p) {
    if (!p || debug_traced_profile() != p)
        return ore_fail(ORE_STATE, "profile: it has not begun on this thread");
    p->seconds += ore_clock_s() - p->began;
    end_loose(p);
    debug_trace_profile(NULL);
    return ore_error_status();
}

void debug_profile_kernel_begin(ore_profile *p) {
    p->kernel_began = ore_clock_s();
}

void debug_profile_kernel_end(ore_profile *p, const char *row, const char *path) {
    add(p, (profile_event){.kind = p->in_backward ? EVENT_KERNEL : EVENT_LOOSE,
                           .backward = p->in_backward,
                           .name = debug_name(&p->names, row),
                           .path = debug_name(&p->names, path),
                           .start = p->kernel_began,
                           .seconds = ore_clock_s() - p->kernel_began});
}

/* Rows that an operation calls beside the one that computes its result; a recurrent layer has its
 * products with the input done by gemm. */
static bool helps(const ore_profile *p, const profile_event *e) {
    static const char *const helpers[] = {"copy", "fill", "dropout_mask", "gemm"};
    for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++)
        if (!strcmp(p->names.text[e->name], helpers[i]))
            return true;
    return false;
}

/* The first of the events that are an operation's kernels, which it claims: the last one, and what
 * helps before it. */
static int64_t claim(ore_profile *p) {
    int64_t first = p->events;
    for (; first > p->loose && p->event[first - 1].kind == EVENT_LOOSE; first--) {
        if (first < p->events && !helps(p, &p->event[first - 1]))
            break;
        p->event[first - 1].kind = EVENT_KERNEL;
    }
    return first;
}

static bool shares_storage(const ore_tensor *y, int n, ore_tensor *const *inputs) {
    for (int i = 0; i < n; i++)
        if (inputs[i] && ore_shares_storage(y, inputs[i]))
            return true;
    return false;
}

void debug_profile_op(ore_profile *p, const char *op, ore_tensor *y, int n,
                      ore_tensor *const *inputs, const char *path) {
    double now = ore_clock_s();
    bool view = shares_storage(y, n, inputs);
    int64_t first = view ? p->events : claim(p);
    double start = first < p->events ? p->event[first].start : now;
    int64_t bytes = view ? 0 : ore_numel(y) * (int64_t)ore_dtype_size(ore_tensor_dtype(y));
    add(p, (profile_event){.kind = EVENT_OPERATION,
                           .name = debug_name(&p->names, op),
                           .path = debug_name(&p->names, path),
                           .start = start,
                           .seconds = now - start,
                           .bytes = bytes});
    end_loose(p);
}

void debug_profile_backward_begin(ore_profile *p) {
    end_loose(p);
    p->in_backward = true;
    p->backward_in_use = in_use(p);
    p->backward_began = ore_clock_s();
}

void debug_profile_backward_end(ore_profile *p, const char *op, const char *path) {
    if (!p->in_backward)
        return;
    double now = ore_clock_s();
    p->in_backward = false;
    add(p, (profile_event){.kind = EVENT_OPERATION,
                           .backward = true,
                           .name = debug_name(&p->names, op),
                           .path = debug_name(&p->names, path),
                           .start = p->backward_began,
                           .seconds = now - p->backward_began,
                           .bytes = in_use(p) - p->backward_in_use});
    end_loose(p);
}

void debug_profile_module_begin(ore_profile *p, const char *path) {
    end_loose(p);
    int32_t name = debug_name(&p->names, path);
    if (p->depth < PROFILE_MODULES_MAX)
        p->module[p->depth++] = (profile_event){
            .kind = EVENT_MODULE, .name = name, .path = name, .start = ore_clock_s()};
}

/* Modules that failed have no end: they go with the one around them. */
void debug_profile_module_end(ore_profile *p, const char *path) {
    int32_t name = debug_name(&p->names, path);
    int at = p->depth;
    end_loose(p);
    while (at > 0 && p->module[at - 1].name != name)
        at--;
    if (at == 0)
        return;
    p->depth = at - 1;
    profile_event e = p->module[at - 1];
    e.seconds = ore_clock_s() - e.start;
    add(p, e);
    end_loose(p);
}
