/* autograd.c: the graph and backward. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/build.h"
#include "core/scope.h"

typedef struct edge {
    ore_node *node; /* counted; NULL where no gradient is wanted */
    ore_dtype dtype;
    ore_shape shape;
} edge;

typedef struct saved_value {
    ore_tensor *value; /* a handle outside all scopes */
    uint64_t version;
} saved_value;

struct ore_node {
    const ore_op *op;
    atomic_int refs;
    uint64_t sequence;
    ore_tensor *output;   /* not counted: the handle that shows the value, if it still lives */
    ore_tensor *incoming; /* what this backward has brought so far */
    ore_tensor *grad;     /* a leaf's, or a retained one */
    ore_grad_hook hook;
    void *hook_user;
    ore_node *next_dead; /* while being released */
    int edges_count, saved_count;
    bool passed;   /* backward went through it and let its saved values go */
    bool retained; /* keeps grad and value through backward */
    edge *edges;
    saved_value *saved;
    void *attributes;
};

static void leaf_has_no_backward(ore_node *node, ore_tensor *dy) {
    (void)node, (void)dy;
    assert(false); /* leaves only collect */
}

static const ore_op leaf_op = {"leaf", leaf_has_no_backward};

static atomic_ullong sequence_counter;
static _Thread_local int no_grad_depth;

void ore_no_grad_begin(void) {
    no_grad_depth++;
}

void ore_no_grad_end(void) {
    if (no_grad_depth > 0)
        no_grad_depth--;
    else
        ore_fail(ORE_STATE, "no_grad_end: no no_grad has begun");
}

bool ore_grad_enabled(void) {
    return no_grad_depth == 0;
}

/* ---- nodes
 * --------------------------------------------------------------------------------------- */

static size_t aligned(size_t bytes) {
    return (bytes + 15) & ~(size_t)15;
}

static ore_node *node_new(const ore_op *op, int edges, int saved, size_t attribute_bytes) {
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
    node->sequence = atomic_fetch_add_explicit(&sequence_counter, 1, memory_order_relaxed);
    node->edges_count = edges;
    node->saved_count = saved;
    return node;
}

void ore_node_retain(ore_node *node) {
    atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
}

static bool drop_ref(ore_node *node) {
    return atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) == 1;
}

static void drop_saved(ore_node *node) {
    for (int i = 0; i < node->saved_count; i++) {
        ore_free(node->saved[i].value);
        node->saved[i].value = NULL;
    }
}

/* Lets the inputs go; those that die join the list, so that a long chain needs no deep stack. */
static ore_node *drop_edges(ore_node *node, ore_node *dead) {
    for (int i = 0; i < node->edges_count; i++) {
        ore_node *input = node->edges[i].node;
        node->edges[i].node = NULL;
        if (input && drop_ref(input)) {
            input->next_dead = dead;
            dead = input;
        }
    }
    return dead;
}

static void free_dead(ore_node *dead) {
    while (dead) {
        ore_node *node = dead;
        dead = drop_edges(node, node->next_dead);
        drop_saved(node);
        ore_free(node->incoming);
        ore_free(node->grad);
        ore_release(node);
    }
}

void ore_node_release(ore_node *node) {
    if (node && drop_ref(node)) {
        node->next_dead = NULL;
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

/* ---- recording
 * ------------------------------------------------------------------------------------ */

bool ore_would_record(int n, ore_tensor *const *inputs) {
    if (no_grad_depth)
        return false;
    for (int i = 0; i < n; i++)
        if (inputs[i] && inputs[i]->node)
            return true;
    return false;
}

ore_node *ore_record(const ore_op *op, ore_tensor *y, int n, ore_tensor *const *inputs, int saved,
                     size_t attribute_bytes) {
    if (!y || !ore_dtype_is_floating(y->dtype) || !ore_would_record(n, inputs))
        return NULL;
    ore_node *node = node_new(op, n, saved, attribute_bytes);
    if (!node)
        return NULL;
    for (int i = 0; i < n; i++) {
        if (!inputs[i])
            continue;
        node->edges[i].dtype = inputs[i]->dtype;
        node->edges[i].shape = inputs[i]->shape;
        node->edges[i].node = inputs[i]->node;
        if (inputs[i]->node)
            ore_node_retain(inputs[i]->node);
    }
    node->output = y;
    y->node = node;
    return node;
}

void ore_node_save(ore_node *node, int slot, const ore_tensor *value) {
    assert(slot < node->saved_count && !node->saved[slot].value);
    if (!value)
        return;
    node->saved[slot].value = ore_tensor_alias_unscoped(value);
    node->saved[slot].version = value->storage->version;
}

ore_tensor *ore_node_saved(ore_node *node, int slot) {
    assert(slot < node->saved_count);
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
    return node->attributes;
}

ore_shape ore_input_shape(const ore_node *node, int i) {
    return node->edges[i].shape;
}

ore_dtype ore_input_dtype(const ore_node *node, int i) {
    return node->edges[i].dtype;
}

bool ore_input_wants_grad(const ore_node *node, int i) {
    return node->edges[i].node != NULL;
}

void ore_rebase(ore_tensor *t, ore_tensor *r) {
    ore_node *old = t->node;
    if (old)
        ore_node_forget_output(old, t);
    t->node = r->node;
    t->recorded_changes = ++t->storage->recorded_changes;
    if (t->node) {
        ore_node_retain(t->node);
        t->node->output = t;
        t->node->retained = old && old->retained;
    }
    ore_node_release(old);
}

/* ---- gradients
 * -------------------------------------------------------------------------------------- */

static bool alone_in_memory(const ore_tensor *t) {
    return atomic_load(&t->storage->refs) == 1 && ore_is_contiguous(t);
}

/* A gradient to add to in place: zeros, or sum, which gets memory of its own where others see it.
 * The handle stays: it may be a leaf's gradient, which its user has read. */
static ore_tensor *own_gradient(ore_tensor *sum, ore_shape shape, ore_dtype dtype) {
    if (!sum)
        return ore_own(ore_zeros(shape, dtype));
    ore_tensor *fresh = alone_in_memory(sum) ? NULL : ore_clone(sum);
    if (fresh)
        ore_tensor_replace_value(sum, fresh);
    ore_free(fresh);
    return sum;
}

/* sum + dx, in place. Returns the handle that holds it. */
static ore_tensor *add_gradient(ore_tensor *sum, ore_tensor *dx) {
    if (!sum) {
        bool alone = alone_in_memory(dx) &&
                     dx->storage->bytes == (size_t)ore_numel(dx) * ore_dtype_size(dx->dtype);
        ore_tensor *first = alone ? dx : ore_clone(dx);
        return first ? ore_tensor_alias_unscoped(first) : NULL;
    }
    ore_add_(own_gradient(sum, sum->shape, sum->dtype), dx);
    return sum;
}

/* What passes on to an inner node may share memory with others until a second part arrives. */
static ore_tensor *add_incoming(ore_tensor *sum, ore_tensor *dx) {
    if (!sum)
        return ore_tensor_alias_unscoped(dx);
    if (alone_in_memory(sum)) {
        ore_add_(sum, dx);
        return sum;
    }
    ore_tensor *total = ore_add(sum, dx);
    if (!total)
        return sum;
    ore_free(sum);
    return ore_own(total);
}

/* ---- backward
 * --------------------------------------------------------------------------------------- */

/* The nodes with a gradient waiting, as a heap by sequence number, largest first. */
typedef struct pending_heap {
    ore_node **node;
    int64_t count, capacity;
} pending_heap;

static _Thread_local pending_heap *pending;

static void heap_push(pending_heap *h, ore_node *node) {
    if (ore_grow((void **)&h->node, &h->capacity, h->count + 1, sizeof *h->node) != ORE_OK) {
        ore_free(node->incoming);
        node->incoming = NULL;
        return;
    }
    ore_node_retain(node);
    int64_t i = h->count++;
    for (; i > 0 && h->node[(i - 1) / 2]->sequence < node->sequence; i = (i - 1) / 2)
        h->node[i] = h->node[(i - 1) / 2];
    h->node[i] = node;
}

static ore_node *heap_pop(pending_heap *h) {
    ore_node *top = h->node[0], *last = h->node[--h->count];
    int64_t i = 0;
    for (int64_t child; (child = 2 * i + 1) < h->count; i = child) {
        if (child + 1 < h->count && h->node[child + 1]->sequence > h->node[child]->sequence)
            child++;
        if (h->node[child]->sequence <= last->sequence)
            break;
        h->node[i] = h->node[child];
    }
    h->node[i] = last;
    return top;
}

static void run_hook(ore_node *leaf) {
    if (leaf->hook && leaf->output && ore_fine())
        leaf->hook(leaf->output, leaf->hook_user);
}

static void collect_in_leaf(ore_node *leaf, ore_tensor *dx) {
    leaf->grad = add_gradient(leaf->grad, dx);
    run_hook(leaf);
}

/* The dtype of an input's gradient: a leaf may have been cast since it was used. */
static ore_dtype gradient_dtype(const edge *e) {
    const ore_tensor *leaf = ore_node_is_leaf(e->node) ? e->node->output : NULL;
    return leaf ? leaf->dtype : e->dtype;
}

void ore_pass(ore_node *node, int i, ore_tensor *dx) {
    ore_node *input = node->edges[i].node;
    if (!input || !dx || !ore_fine())
        return;
    if (!ore_shape_equal(dx->shape, node->edges[i].shape))
        dx = ore_sum_to(dx, node->edges[i].shape);
    dx = ore_to(dx, gradient_dtype(&node->edges[i]));
    if (!dx)
        return;
    if (ore_node_is_leaf(input)) {
        collect_in_leaf(input, dx);
        return;
    }
    bool first = !input->incoming;
    input->incoming = add_incoming(input->incoming, dx);
    if (first && input->incoming)
        heap_push(pending, input);
}

ore_tensor *ore_pass_sum(const ore_node *node, int i, ore_dtype dtype) {
    const edge *e = &node->edges[i];
    if (!e->node || !ore_fine())
        return NULL;
    ore_tensor *sum = ore_node_is_leaf(e->node) ? e->node->grad : e->node->incoming;
    bool fits =
        sum && sum->dtype == dtype && ore_shape_equal(sum->shape, e->shape) && alone_in_memory(sum);
    return fits ? sum : NULL;
}

void ore_pass_added(ore_node *node, int i) {
    ore_node *input = node->edges[i].node;
    bool leaf = ore_node_is_leaf(input);
    ore_tensor_changed(leaf ? input->grad : input->incoming);
    if (leaf)
        run_hook(input);
}

bool ore_gradient_is_spare(const ore_node *node, const ore_tensor *dy) {
    return dy == node->incoming && alone_in_memory(dy);
}

static void add_part(ore_tensor *sum, const int64_t *strides, int64_t offset, ore_tensor *dx) {
    ore_tensor *part = ore_tensor_alias_as(sum, dx->shape, strides, sum->offset + offset);
    ore_add_(part, dx);
    ore_free(part);
}

void ore_pass_part(ore_node *node, int i, const int64_t *strides, int64_t offset, ore_tensor *dx) {
    const edge *e = &node->edges[i];
    if (!e->node || !dx || !ore_fine())
        return;
    bool leaf = ore_node_is_leaf(e->node);
    ore_tensor **sum = leaf ? &e->node->grad : &e->node->incoming;
    bool first = !*sum;
    *sum = own_gradient(*sum, e->shape, gradient_dtype(e));
    if (!ore_fine())
        return;
    add_part(*sum, strides, offset, dx);
    if (leaf)
        run_hook(e->node);
    else if (first)
        heap_push(pending, e->node);
}

/* The value and its makers are no longer needed: lets both go. */
static void let_go(ore_node *node, const ore_node *root) {
    node->passed = true;
    drop_saved(node);
    free_dead(drop_edges(node, NULL));
    if (node->output && node != root && !node->retained)
        ore_tensor_drop_value(node->output);
}

static void keep_gradient(ore_node *node) {
    node->grad = add_gradient(node->grad, node->incoming);
}

static void run_node(ore_node *node, const ore_node *root, bool retain_graph) {
    if (node->passed) {
        ore_fail(ORE_STATE,
                 "backward: a second time through %s, whose saved values the first one released; "
                 "use retain_graph",
                 node->op->name);
        return;
    }
    ore_scope scope;
    ore_scope_open(&scope);
    if (node->retained)
        keep_gradient(node);
    node->op->backward(node, node->incoming);
    ore_scope_close(&scope);
    ore_free(node->incoming);
    node->incoming = NULL;
    if (!retain_graph && ore_fine())
        let_go(node, root);
}

static void run_all(ore_node *root, ore_tensor *gradient, bool retain_graph) {
    pending_heap heap = {NULL, 0, 0}, *outer = pending;
    pending = &heap;
    ore_no_grad_begin();
    if (ore_node_is_leaf(root)) {
        collect_in_leaf(root, gradient);
    } else {
        root->incoming = ore_tensor_alias_unscoped(gradient);
        heap_push(&heap, root);
    }
    while (heap.count > 0) {
        ore_node *node = heap_pop(&heap);
        if (ore_fine()) {
            run_node(node, root, retain_graph);
        }
        ore_free(node->incoming);
        node->incoming = NULL;
        ore_node_release(node);
    }
    ore_no_grad_end();
    ore_release(heap.node);
    pending = outer;
}

ore_status ore_backward_from(ore_tensor *root, ore_tensor *gradient, bool retain_graph) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!ore_usable1("backward", root))
        return ore_error_status();
    if (!root->node)
        return ore_fail(ORE_STATE, "backward: the root does not require a gradient");
    ore_scope scope;
    ore_scope_open(&scope);
    if (!gradient)
        gradient = ore_ones_like(root);
    else if (!ore_shape_equal(gradient->shape, root->shape))
        ore_fail(ORE_INVALID, "backward: gradient %s for a root of shape %s",
                 ore_shape_text(gradient->shape, got), ore_shape_text(root->shape, want));
    gradient = gradient ? ore_to(ore_detach(gradient), root->dtype) : NULL;
    if (gradient && ore_fine())
        run_all(root->node, gradient, retain_graph);
    ore_scope_close(&scope);
    return ore_error_status();
}

ore_status ore_backward(ore_tensor *root) {
    char text[ORE_SHAPE_TEXT];
    if (root && ore_numel(root) != 1)
        return ore_fail(ORE_INVALID, "backward: root of shape %s, expected one element",
                        ore_shape_text(root->shape, text));
    return ore_backward_from(root, NULL, false);
}

/* ---- leaves
 * ------------------------------------------------------------------------------------------ */

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
        t->node = node_new(&leaf_op, 0, 0, 0);
        if (!t->node)
            return NULL;
        t->node->output = t;
    } else if (!requires_grad && t->node) {
        ore_node_forget_output(t->node, t);
        ore_node_release(t->node);
        t->node = NULL;
    }
    return t;
}

bool ore_requires_grad(const ore_tensor *t) {
    return t && t->node;
}

bool ore_is_leaf(const ore_tensor *t) {
    return t && (!t->node || ore_node_is_leaf(t->node));
}

ore_tensor *ore_detach(ore_tensor *t) {
    ore_tensor *apart = ore_usable1("detach", t) ? ore_tensor_alias(t) : NULL;
    return ore_tensor_sole(apart);
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
    return t && t->node ? t->node->grad : NULL;
}

ore_status ore_set_grad(ore_tensor *t, ore_tensor *g) {
    if (!ore_fine())
        return ore_error_status();
    if (!t || !t->node || !ore_node_is_leaf(t->node))
        return ore_fail(ORE_STATE, "set_grad: expected a leaf that requires a gradient");
    ore_tensor *copy = NULL;
    if (g) {
        char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
        if (!ore_usable1("set_grad", g))
            return ore_error_status();
        if (!ore_shape_equal(g->shape, t->shape))
            return ore_fail(ORE_INVALID, "set_grad: gradient %s for a leaf of shape %s",
                            ore_shape_text(g->shape, got), ore_shape_text(t->shape, want));
        ore_no_grad_begin();
        ore_scope_begin();
        copy = ore_own(ore_to(ore_clone(g), t->dtype));
        ore_scope_end();
        ore_no_grad_end();
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
    leaf->node->hook = hook;
    leaf->node->hook_user = user;
    return ORE_OK;
}
