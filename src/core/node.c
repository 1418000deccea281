/* node.c: graph nodes: recording ops, what they save, and leaves. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/check.h"
#include "core/history.h"
#include "core/node.h"
#include "core/primitive.h"
#include "core/scope.h"
#include "core/tracer.h"

static void leaf_has_no_backward(ore_node *node, ore_tensor *dy) {
    (void)node, (void)dy;
    assert(false); /* leaves only collect */
}

static const ore_op leaf_op = {"leaf", leaf_has_no_backward};

static atomic_ullong sequence_counter;
static _Thread_local uint64_t *own_sequence; /* NULL: the counter that all threads share */

uint64_t ore_sequence_reserve(int64_t ranges) {
    uint64_t count = (uint64_t)ranges * ORE_SEQUENCE_RANGE;
    return atomic_fetch_add_explicit(&sequence_counter, count, memory_order_relaxed);
}

void ore_sequence_use(uint64_t *next) {
    own_sequence = next;
}

static uint64_t next_sequence(void) {
    return own_sequence ? (*own_sequence)++
                        : atomic_fetch_add_explicit(&sequence_counter, 1, memory_order_relaxed);
}

/* 0 while an operation is recorded and nobody watches: one word, so that an operation asks for both
 * at once. */
static _Thread_local int unusual;
enum { TRACED = 1 << 30, NO_GRAD_DEPTH = TRACED - 1 };

_Thread_local const ore_tracer *ore_tracer_in_force;

void ore_trace_by(const ore_tracer *tracer) {
    ore_tracer_in_force = tracer;
    unusual = tracer ? unusual | TRACED : unusual & NO_GRAD_DEPTH;
}

void ore_no_grad_begin(void) {
    unusual++;
}

void ore_no_grad_end(void) {
    if (unusual & NO_GRAD_DEPTH)
        unusual--;
    else
        ore_fail(ORE_STATE, "no_grad_end: no no_grad has begun");
}

bool ore_grad_enabled(void) {
    return !(unusual & NO_GRAD_DEPTH);
}

/* ---- nodes ---- */

static atomic_llong hook_count; /* leaves of the process that have a hook */

bool ore_leaf_hooks_exist(void) {
    return atomic_load_explicit(&hook_count, memory_order_relaxed) > 0;
}

static size_t aligned(size_t bytes) {
    return (bytes + 15) & ~(size_t)15;
}

ore_node *ore_node_new(const ore_op *op, int edges, int saved, size_t attribute_bytes) {
    size_t edge_bytes = aligned((size_t)edges * sizeof(edge));
    size_t saved_bytes = aligned((size_t)saved * sizeof(saved_value));
    ore_node *node =
        ore_alloc_zero(aligned(sizeof *node) + edge_bytes + saved_bytes + attribute_bytes);
    if (!node)
        return NULL;
    char *rest = (char *)node + aligned(sizeof *node);
    node->edges = (edge *)rest;
    node->saved = (saved_value *)(rest + edge_bytes);
    node->attributes = rest + edge_bytes + saved_bytes;
    node->op = op;
    atomic_init(&node->refs, 1);
    node->sequence = next_sequence();
    node->edges_count = edges;
    node->saved_count = saved;
    return node;
}

void ore_node_retain(ore_node *node) {
    atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
}

void ore_node_link(ore_node *node, int i, ore_node *input, ore_dtype dtype, ore_shape shape) {
    node->edges[i] = (edge){input, dtype, shape};
    if (input)
        ore_node_retain(input);
}

static bool drop_ref(ore_node *node) {
    return atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) == 1;
}

void ore_node_drop_saved(ore_node *node) {
    for (int i = 0; i < node->saved_count; i++) {
        ore_free(node->saved[i].value);
        node->saved[i].value = NULL;
    }
}

/* Releases the inputs. Nodes that die join a list instead of being freed by recursion, so that a
 * long chain needs no deep stack. */
static ore_node *drop_edges(ore_node *node, ore_node *dead) {
    for (int i = 0; i < node->edges_count; i++) {
        ore_node *input = node->edges[i].node;
        node->edges[i].node = NULL;
        if (input && drop_ref(input)) {
            input->next = dead;
            dead = input;
        }
    }
    return dead;
}

static void set_hook(ore_node *leaf, ore_grad_hook hook, void *user) {
    leaf_state *state = leaf->attributes;
    int change = (hook != NULL) - (state->hook != NULL);
    atomic_fetch_add_explicit(&hook_count, change, memory_order_relaxed);
    state->hook = hook;
    state->user = user;
}

static void free_dead(ore_node *dead) {
    while (dead) {
        ore_node *node = dead;
        if (ore_node_is_leaf(node))
            set_hook(node, NULL, NULL);
        dead = drop_edges(node, node->next);
        ore_node_drop_saved(node);
        ore_free(node->incoming);
        ore_free(node->grad);
        ore_release(node);
    }
}

void ore_node_drop_inputs(ore_node *node) {
    free_dead(drop_edges(node, NULL));
}

void ore_node_release(ore_node *node) {
    if (node && drop_ref(node)) {
        node->next = NULL;
        free_dead(node);
    }
}

void ore_node_forget_output(ore_node *node, const ore_tensor *output) {
    if (node->output == output)
        node->output = NULL;
}

bool ore_node_is_leaf(const ore_node *node) {
    return node->op == &leaf_op;
}

/* ---- recording ---- */

bool ore_would_record(int n, ore_tensor *const *inputs) {
    if (unusual & NO_GRAD_DEPTH)
        return false;
    for (int i = 0; i < n; i++)
        if (inputs[i] && inputs[i]->node)
            return true;
    return false;
}

static inline ore_node *record(const ore_op *op, ore_tensor *y, int n, ore_tensor *const *inputs,
                               int saved, size_t attribute_bytes) {
    if (!y || !ore_dtype_is_floating(y->dtype) || !ore_would_record(n, inputs))
        return NULL;
    if (y->node) {
        ore_fail(ORE_STATE, "%s: the result has a history already; %s made it", op->name,
                 y->node->op->name);
        return NULL;
    }
    ore_node *node = ore_node_new(op, n, saved, attribute_bytes);
    if (!node)
        return NULL;
    for (int i = 0; i < n; i++)
        if (inputs[i])
            ore_node_link(node, i, inputs[i]->node, inputs[i]->dtype, inputs[i]->shape);
    node->output = y;
    y->node = node;
    return node;
}

static __attribute__((noinline)) ore_node *record_unusual(const ore_op *op, ore_tensor *y, int n,
                                                          ore_tensor *const *inputs, int saved,
                                                          size_t attribute_bytes) {
    const ore_tracer *w = ore_tracer_in_force;
    if (w)
        w->op(w->user, op->name, y, n, inputs);
    ore_node *node = ore_no_error() ? record(op, y, n, inputs, saved, attribute_bytes) : NULL;
    if (node && w)
        w->recorded(w->user, node->sequence);
    return node;
}

ore_node *ore_record(const ore_op *op, ore_tensor *y, int n, ore_tensor *const *inputs, int saved,
                     size_t attribute_bytes) {
    return unusual ? record_unusual(op, y, n, inputs, saved, attribute_bytes)
                   : record(op, y, n, inputs, saved, attribute_bytes);
}

/* Whether the node has such a slot; an error if not. */
static bool has_slot(const ore_node *node, int slot) {
    if (slot >= 0 && slot < node->saved_count)
        return true;
    ore_fail(ORE_INVALID, "%s: saved value %d, expected 0 .. %d", node->op->name, slot,
             node->saved_count - 1);
    return false;
}

void ore_node_save(ore_node *node, int slot, const ore_tensor *value) {
    if (!node || !value || !has_slot(node, slot))
        return;
    ore_free(node->saved[slot].value);
    node->saved[slot].value = ore_tensor_alias_unscoped(value);
    node->saved[slot].version = value->storage->version;
}

ore_tensor *ore_node_saved(ore_node *node, int slot) {
    if (!has_slot(node, slot))
        return NULL;
    saved_value *s = &node->saved[slot];
    if (!s->value || s->version == s->value->storage->version)
        return s->value;
    ore_fail(ORE_STATE,
             "%s: backward needs a value that was changed in place since: it is at version %llu, "
             "expected %llu",
             node->op->name, (unsigned long long)s->value->storage->version,
             (unsigned long long)s->version);
    return NULL;
}

void *ore_node_attributes(ore_node *node) {
    return node ? node->attributes : NULL;
}

const edge *ore_node_edge(const ore_node *node, int i) {
    static const edge none;
    if (i >= 0 && i < node->edges_count)
        return &node->edges[i];
    ore_fail(ORE_INVALID, "%s: input %d, expected 0 .. %d", node->op->name, i,
             node->edges_count - 1);
    return &none;
}

ore_shape ore_input_shape(const ore_node *node, int i) {
    return ore_node_edge(node, i)->shape;
}

ore_dtype ore_input_dtype(const ore_node *node, int i) {
    return ore_node_edge(node, i)->dtype;
}

bool ore_input_wants_grad(const ore_node *node, int i) {
    return ore_node_edge(node, i)->node != NULL;
}

ore_tensor *ore_gradient_if_wanted(const ore_node *node, int i, const ore_tensor *dy) {
    if (!ore_input_wants_grad(node, i))
        return NULL;
    return ore_tensor_new(ore_input_shape(node, i), dy->dtype, dy->storage->device);
}

/* ---- leaves ---- */

ore_tensor *ore_set_requires_grad(ore_tensor *t, bool requires_grad) {
    if (!ore_usable1("set_requires_grad", t))
        return NULL;
    if (t->node && !ore_node_is_leaf(t->node)) {
        ore_fail(ORE_STATE, "set_requires_grad: not a leaf: %s made it; use ore_detach",
                 t->node->op->name);
        return NULL;
    }
    if (requires_grad && !ore_dtype_is_floating(t->dtype)) {
        ore_fail(ORE_INVALID, "set_requires_grad: dtype %s, expected a floating one",
                 ore_dtype_name(t->dtype));
        return NULL;
    }
    if (requires_grad && !t->node) {
        t->node = ore_node_new(&leaf_op, 0, 0, sizeof(leaf_state));
        if (!t->node)
            return NULL;
        t->node->output = t;
        if (t->view) /* a leaf of its own */
            ore_history_leave(t);
        ore_history_follow(t);
    } else if (!requires_grad && t->node) {
        ore_node_forget_output(t->node, t);
        ore_node_release(t->node);
        t->node = NULL;
        ore_history_follow(t);
    }
    return t;
}

/* The node that made t as it is now; brings a view up to date first. */
static ore_node *node_of(const ore_tensor *t) {
    if (t && t->storage && !ore_tensor_is_current(t))
        ore_history_refresh((ore_tensor *)t);
    return t ? t->node : NULL;
}

bool ore_requires_grad(const ore_tensor *t) {
    return node_of(t) != NULL;
}

bool ore_is_leaf(const ore_tensor *t) {
    const ore_node *node = node_of(t);
    return t && (!node || ore_node_is_leaf(node));
}

ore_tensor *ore_detach(ore_tensor *t) {
    return ore_readable("detach", t) ? ore_tensor_alias(t) : NULL;
}

ore_tensor *ore_retain_grad(ore_tensor *t) {
    if (!ore_usable1("retain_grad", t))
        return NULL;
    if (!t->node) {
        ore_fail(ORE_STATE, "retain_grad: the tensor does not require a gradient");
        return NULL;
    }
    t->node->retained = true;
    return t;
}

ore_tensor *ore_grad(const ore_tensor *t) {
    const ore_node *node = node_of(t);
    return node ? node->grad : NULL;
}

ore_status ore_set_grad(ore_tensor *t, ore_tensor *g) {
    if (!ore_no_error())
        return ore_error_status();
    if (!t || !t->node || !ore_node_is_leaf(t->node))
        return ore_fail(ORE_STATE, "set_grad: expected a leaf that requires a gradient");
    ore_tensor *copy = NULL;
    if (g) {
        char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
        if (!ore_usable2("set_grad", t, g))
            return ore_error_status();
        if (!ore_shape_equal(g->shape, t->shape))
            return ore_fail(ORE_INVALID, "set_grad: gradient %s for a leaf of shape %s",
                            ore_shape_text(g->shape, got), ore_shape_text(t->shape, want));
        ore_scope scope;
        ore_scope_enter(&scope);
        copy = ore_own(g->dtype == t->dtype ? ore_dense_copy(g) : ore_cast(g, t->dtype));
        ore_scope_leave(&scope);
        if (!copy)
            return ore_error_status();
    }
    ore_free(t->node->grad);
    t->node->grad = copy;
    return ORE_OK;
}

ore_status ore_set_grad_hook(ore_tensor *leaf, ore_grad_hook hook, void *user) {
    if (!leaf || !leaf->node || !ore_node_is_leaf(leaf->node))
        return ore_fail(ORE_STATE, "set_grad_hook: expected a leaf that requires a gradient");
    set_hook(leaf->node, hook, user);
    return ORE_OK;
}
