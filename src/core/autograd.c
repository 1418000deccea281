/* autograd.c: gradients, and backward through the graph. */
#include "base/error.h"
#include "base/memory.h"
#include "core/autocast.h"
#include "core/check.h"
#include "core/leaves.h"
#include "core/node.h"
#include "core/primitive.h"
#include "core/scope.h"
#include "core/tracer.h"

static _Thread_local bool releasing; /* backward runs and releases the graph as it passes */

/* ---- gradients ---- */

static bool alone_in_memory(const ore_tensor *t) {
    return atomic_load(&t->storage->refs) == 1 && ore_is_contiguous(t);
}

/* A gradient that may be added to in place: zeros on the device of `like` where sum is NULL; sum
 * itself, moved to memory of its own where other handles show the same. The handle stays, since it
 * may be the gradient of a leaf, which the user may hold. */
static ore_tensor *own_gradient(ore_tensor *sum, const ore_tensor *like, ore_shape shape,
                                ore_dtype dtype) {
    if (!sum)
        return ore_own(ore_new_zeros(like, shape, dtype));
    ore_tensor *fresh = alone_in_memory(sum) ? NULL : ore_dense_copy(sum);
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
        ore_tensor *first = alone ? dx : ore_dense_copy(dx);
        return first ? ore_tensor_alias_unscoped(first) : NULL;
    }
    own_gradient(sum, sum, sum->shape, sum->dtype);
    if (ore_no_error())
        ore_add_elements(sum, dx);
    return sum;
}

/* Adds dx to what has arrived at an inner node. The first part is kept as it is, and may share
 * memory with others; it is copied when a second part arrives. */
static ore_tensor *add_incoming(ore_tensor *sum, ore_tensor *dx) {
    if (!sum)
        return ore_tensor_alias_unscoped(dx);
    if (alone_in_memory(sum)) {
        ore_add_elements(sum, dx);
        return sum;
    }
    ore_tensor *total = ore_sum_of(sum, dx);
    if (!total)
        return sum;
    ore_free(sum);
    return ore_own(total);
}

/* Counts the handles that show the memory of `value` under the history of `node` or of the tensor
 * that it is a view of; 0 where one of them must keep its value. With `drop` these handles lose
 * their value. */
static int handles_of(const ore_node *node, const ore_tensor *value, bool drop) {
    int count = 0;
    for (bool more = true; more && node;) {
        ore_tensor *handle = node->output;
        if (ore_node_is_leaf(node) || node->retained)
            return 0;
        if (!handle || handle->storage != value->storage)
            break;
        count++;
        more = handle->view && node->edges_count == 1;
        node = more ? node->edges[0].node : NULL;
        if (drop)
            ore_tensor_drop_value(handle);
    }
    return count;
}

ore_tensor *ore_node_saved_to_overwrite(ore_node *node, int slot, int i) {
    ore_tensor *value = ore_node_saved(node, slot);
    if (!value)
        return NULL;
    int handles = releasing ? handles_of(node->edges[i].node, value, false) : 0;
    if (handles == 0 || atomic_load(&value->storage->refs) != handles + 1)
        return ore_tensor_new(value->shape, value->dtype, ore_tensor_device(value));
    handles_of(node->edges[i].node, value, true);
    return value;
}

/* ---- backward ---- */

/* The nodes whose gradient waits to be passed on: a heap by sequence number, largest first. */
typedef struct pending_heap {
    ore_node **node;
    int64_t count, capacity;
} pending_heap;

/* A backward under way. */
typedef struct backward_run {
    pending_heap pending;
    ore_leaf_uses uses;
    const ore_tracer *tracer; /* NULL: none */
} backward_run;

static _Thread_local backward_run *running; /* the innermost: a hook may go backward too */

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

/* dx on the leaf's device: a leaf may have been moved since it was used. */
static ore_tensor *beside_leaf(const ore_node *leaf, ore_tensor *dx) {
    ore_device device = leaf->output ? ore_tensor_device(leaf->output) : dx->storage->device;
    return device == dx->storage->device ? dx : ore_tensor_moved(dx, device);
}

static void collect_in_leaf(ore_node *leaf, ore_tensor *dx) {
    dx = beside_leaf(leaf, dx);
    if (dx)
        leaf->grad = add_gradient(leaf->grad, dx);
    ore_leaf_uses_arrived(&running->uses, leaf);
}

/* The dtype of an input's gradient: a leaf may have been cast since it was used. */
static ore_dtype gradient_dtype(const edge *e) {
    const ore_tensor *leaf = ore_node_is_leaf(e->node) ? e->node->output : NULL;
    return leaf ? leaf->dtype : e->dtype;
}

/* Whether a value of `shape` broadcasts to `wide`. */
static bool broadcasts_to(ore_shape shape, ore_shape wide) {
    int extra = wide.ndim - shape.ndim;
    for (int d = 0; d < shape.ndim && extra >= 0; d++)
        if (shape.dim[d] != 1 && shape.dim[d] != wide.dim[d + extra])
            return false;
    return extra >= 0;
}

/* dx summed to the shape of input i, which was broadcast in the forward pass. */
static ore_tensor *summed_to_input(const ore_node *node, int i, ore_tensor *dx) {
    ore_shape shape = node->edges[i].shape;
    if (!broadcasts_to(shape, dx->shape)) {
        char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
        ore_fail(ORE_INVALID, "%s: its backward passes %s to input %d of shape %s", node->op->name,
                 ore_shape_text(dx->shape, got), i, ore_shape_text(shape, want));
        return NULL;
    }
    return ore_sum_to(dx, shape);
}

/* dx as the gradient of input i: of its shape and dtype. */
static ore_tensor *fitted(const ore_node *node, int i, ore_tensor *dx) {
    const edge *e = &node->edges[i];
    if (!ore_usable1(node->op->name, dx))
        return NULL;
    if (!ore_shape_equal(dx->shape, e->shape))
        dx = summed_to_input(node, i, dx);
    return dx ? ore_cast(dx, gradient_dtype(e)) : NULL;
}

void ore_pass(ore_node *node, int i, ore_tensor *dx) {
    ore_node *input = ore_node_edge(node, i)->node;
    if (!input || !dx || !ore_no_error() || !(dx = fitted(node, i, dx)))
        return;
    if (ore_node_is_leaf(input)) {
        collect_in_leaf(input, dx);
        return;
    }
    bool first = !input->incoming;
    input->incoming = add_incoming(input->incoming, dx);
    if (first && input->incoming)
        heap_push(&running->pending, input);
}

ore_tensor *ore_pass_sum(const ore_node *node, int i, const ore_tensor *like) {
    const edge *e = &node->edges[i];
    if (!e->node || !ore_no_error())
        return NULL;
    ore_tensor *sum = ore_node_is_leaf(e->node) ? e->node->grad : e->node->incoming;
    bool fits = sum && sum->dtype == like->dtype && ore_shape_equal(sum->shape, e->shape) &&
                sum->storage->device == like->storage->device && alone_in_memory(sum);
    return fits ? sum : NULL;
}

void ore_pass_added(ore_node *node, int i) {
    ore_node *input = node->edges[i].node;
    bool leaf = ore_node_is_leaf(input);
    ore_tensor_changed(leaf ? input->grad : input->incoming);
    if (leaf)
        ore_leaf_uses_arrived(&running->uses, input);
}

bool ore_gradient_is_spare(const ore_node *node, const ore_tensor *dy) {
    return dy == node->dy && alone_in_memory(dy);
}

static void add_part(ore_tensor *sum, const int64_t *strides, int64_t offset, ore_tensor *dx) {
    ore_tensor *part = ore_tensor_alias_as(sum, dx->shape, strides, sum->offset + offset);
    if (part)
        ore_add_elements(part, dx);
    ore_free(part);
}

void ore_pass_part(ore_node *node, int i, const int64_t *strides, int64_t offset, ore_tensor *dx) {
    const edge *e = &node->edges[i];
    if (!e->node || !dx || !ore_no_error())
        return;
    bool leaf = ore_node_is_leaf(e->node);
    if (leaf && !(dx = beside_leaf(e->node, dx)))
        return;
    ore_tensor **sum = leaf ? &e->node->grad : &e->node->incoming;
    bool first = !*sum;
    *sum = own_gradient(*sum, dx, e->shape, gradient_dtype(e));
    if (!ore_no_error())
        return;
    add_part(*sum, strides, offset, dx);
    if (leaf)
        ore_leaf_uses_arrived(&running->uses, e->node);
    else if (first)
        heap_push(&running->pending, e->node);
}

/* Releases what backward through the node needs no more: its saved values, its edges, and the value
 * of the handle that shows its output. */
static void let_go(ore_node *node, const ore_node *root) {
    node->passed = true;
    ore_node_drop_saved(node);
    ore_node_drop_inputs(node);
    /* a view that is out of date shows what another node has made since */
    if (ore_tensor_is_current(node->output) && node != root && !node->retained)
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
    ore_scope_enter(&scope);
    if (node->retained)
        keep_gradient(node);
    /* A hook may call backward again, and that may pass through this very node. */
    bool outer = releasing;
    ore_tensor *dy = node->dy = node->incoming;
    node->incoming = NULL;
    const ore_tracer *w = running->tracer;
    if (w)
        w->backward_begin(w->user, node, dy);
    releasing = !retain_graph;
    node->op->backward(node, dy);
    releasing = outer;
    if (w)
        w->backward_end(w->user, node);
    node->dy = NULL;
    if (ore_no_error())
        ore_leaf_uses_passed(&running->uses, node);
    ore_scope_leave(&scope);
    ore_free(dy);
    if (!retain_graph && ore_no_error())
        let_go(node, root);
    if (w)
        w->backward_done(w->user);
}

static void run_all(ore_node *root, ore_tensor *gradient, bool retain_graph) {
    backward_run run = {.tracer = ore_tracer_in_force}, *outer = running;
    running = &run;
    ore_no_grad_begin();
    ore_autocast_regions regions = ore_autocast_exchange((ore_autocast_regions){0});
    ore_leaf_uses_begin(&run.uses, root);
    if (ore_node_is_leaf(root)) {
        collect_in_leaf(root, gradient);
    } else {
        root->incoming = ore_tensor_alias_unscoped(gradient);
        heap_push(&run.pending, root);
    }
    while (run.pending.count > 0) {
        ore_node *node = heap_pop(&run.pending);
        if (ore_no_error()) {
            run_node(node, root, retain_graph);
        }
        ore_free(node->incoming);
        node->incoming = NULL;
        ore_node_release(node);
    }
    ore_leaf_uses_end(&run.uses);
    ore_autocast_exchange(regions);
    ore_no_grad_end();
    ore_release(run.pending.node);
    running = outer;
}

ore_status ore_backward_from(ore_tensor *root, ore_tensor *gradient, bool retain_graph) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!ore_usable1("backward", root))
        return ore_error_status();
    if (!root->node)
        return ore_fail(ORE_STATE, "backward: the root does not require a gradient");
    ore_scope scope;
    ore_scope_enter(&scope);
    if (!gradient)
        gradient = ore_ones_like(root);
    else if (ore_usable_beside("backward", root, gradient) &&
             !ore_shape_equal(gradient->shape, root->shape))
        ore_fail(ORE_INVALID, "backward: gradient %s for a root of shape %s",
                 ore_shape_text(gradient->shape, got), ore_shape_text(root->shape, want));
    gradient = gradient ? ore_detach(gradient) : NULL;
    gradient = gradient ? ore_cast(gradient, root->dtype) : NULL;
    if (gradient && ore_no_error())
        run_all(root->node, gradient, retain_graph);
    ore_scope_leave(&scope);
    return ore_error_status();
}

ore_status ore_backward(ore_tensor *root) {
    char text[ORE_SHAPE_TEXT];
    if (root && ore_numel(root) != 1)
        return ore_fail(ORE_INVALID, "backward: root of shape %s, expected one element",
                        ore_shape_text(root->shape, text));
    return ore_backward_from(root, NULL, false);
}
