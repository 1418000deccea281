/* tracing.c: hands a thread's work to those that look at it. */
#include "debug/tracing.h"

#include <string.h>

#include "backend/backend.h"
#include "base/error.h"
#include "base/memory.h"
#include "core/node.h"
#include "debug/names.h"

enum {
    MODULES_MAX = 64,     /* modules inside one another; deeper ones count as their parent's */
    LABELS_MAX = 1 << 20, /* nodes whose module is known: 16 MiB; older ones are forgotten */
};

/* The module that recorded the node of a sequence number. */
typedef struct node_label {
    uint64_t sequence;
    int32_t path;
} node_label;

static _Thread_local struct {
    bool anomalies, away;
    ore_profile *profile;
    const char *row;   /* of the kernel that runs */
    debug_names paths; /* of modules */
    int32_t module[MODULES_MAX];
    int depth;
    node_label *label; /* of rising sequence numbers */
    int64_t labels, label_capacity;
    const char *backward_path;
    const char *backward_op;
    int backward_depth;
} now;

/* ---- modules ---- */

static const char *path_text(int32_t path) {
    return path < 0 || path >= now.paths.count ? "" : now.paths.text[path];
}

static const char *current_path(void) {
    if (now.backward_depth > 0)
        return now.backward_path;
    return now.depth ? path_text(now.module[now.depth - 1]) : "";
}

static void module_begin(void *user, const char *path) {
    (void)user;
    int32_t number = debug_name(&now.paths, path);
    if (number >= 0 && now.depth < MODULES_MAX)
        now.module[now.depth++] = number;
    if (now.profile && !now.away)
        debug_profile_module_begin(now.profile, path);
}

/* Modules that failed have no end: they go with the one around them. */
static void module_end(void *user, const char *path) {
    (void)user;
    int at = now.depth;
    while (at > 0 && strcmp(path_text(now.module[at - 1]), path) != 0)
        at--;
    if (now.profile && !now.away)
        debug_profile_module_end(now.profile, path);
    if (at > 0)
        now.depth = at - 1;
}

/* ---- operations ---- */

static void op(void *user, const char *name, ore_tensor *y, int n, ore_tensor *const *inputs) {
    (void)user;
    if (now.away || now.backward_depth > 0 || !y || !ore_no_error())
        return;
    if (now.profile)
        debug_profile_op(now.profile, name, y, n, inputs, current_path());
    if (now.anomalies)
        debug_check_result(name, y, n, inputs);
    if (!ore_no_error() && *current_path())
        ore_error_locate(current_path());
}

static void recorded(void *user, uint64_t sequence) {
    (void)user;
    if (now.labels >= LABELS_MAX) {
        now.labels /= 2;
        memmove(now.label, now.label + now.labels, (size_t)now.labels * sizeof *now.label);
    }
    int32_t path = now.depth ? now.module[now.depth - 1] : -1;
    if (ore_grow((void **)&now.label, &now.label_capacity, now.labels + 1, sizeof *now.label) ==
        ORE_OK)
        now.label[now.labels++] = (node_label){sequence, path};
}

static const char *path_of_node(const ore_node *node) {
    int64_t low = 0, high = now.labels;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (now.label[middle].sequence < node->sequence)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < now.labels && now.label[low].sequence == node->sequence;
    return path_text(found ? now.label[low].path : -1);
}

/* A hook may go backward within a backward: that counts as part of the outer node's. */
static void backward_begin(void *user, ore_node *node, ore_tensor *dy) {
    (void)user;
    if (now.backward_depth++ > 0)
        return;
    now.backward_path = path_of_node(node);
    now.backward_op = node->op->name;
    if (now.profile)
        debug_profile_backward_begin(now.profile);
    if (now.anomalies)
        debug_note_backward(node, dy);
}

static void backward_end(void *user, ore_node *node) {
    (void)user;
    if (now.backward_depth == 1 && now.anomalies && ore_no_error())
        debug_check_backward(node, now.backward_path);
}

static void backward_done(void *user) {
    (void)user;
    if (now.backward_depth == 1 && now.profile)
        debug_profile_backward_end(now.profile, now.backward_op, now.backward_path);
    now.backward_depth -= now.backward_depth > 0;
}

static void kernel_begin(void *user, const char *row, ore_dtype dtype) {
    (void)user, (void)dtype;
    now.row = row;
    if (!now.away)
        debug_profile_kernel_begin(now.profile);
}

static void kernel_end(void *user) {
    (void)user;
    if (!now.away)
        debug_profile_kernel_end(now.profile, now.row, current_path());
}

/* ---- on and off ---- */

static const ore_tracer tracer = {.op = op,
                                  .recorded = recorded,
                                  .backward_begin = backward_begin,
                                  .backward_end = backward_end,
                                  .backward_done = backward_done,
                                  .module_begin = module_begin,
                                  .module_end = module_end};
static const ore_kernel_tracer kernel_tracer = {.begin = kernel_begin, .end = kernel_end};

static void settle(void) {
    bool on = now.anomalies || now.profile;
    ore_trace_by(on ? &tracer : NULL);
    ore_trace_kernels(now.profile ? &kernel_tracer : NULL);
    if (on)
        return;
    debug_names_free(&now.paths);
    ore_release(now.label);
    now.label = NULL;
    now.labels = now.label_capacity = 0;
    now.depth = now.backward_depth = 0;
}

void debug_trace_anomalies(bool on) {
    now.anomalies = on;
    settle();
}

void debug_trace_profile(ore_profile *profile) {
    now.profile = profile;
    settle();
}

bool debug_traces_anomalies(void) {
    return now.anomalies;
}

ore_profile *debug_traced_profile(void) {
    return now.profile;
}

void debug_look_away(bool away) {
    now.away = away;
}
