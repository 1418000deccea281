/* history.c: changes in place that are recorded.
 *
 * A tensor and its views share memory, so a change of one is a change of all. The tensor as a whole
 * takes over the history: its new node is "the old whole, but for a part that something else has
 * made". A view that was there before is out of date then; at its next use it becomes a part of the
 * whole as it is now. */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "core/check.h"
#include "core/history.h"
#include "core/node.h"
#include "core/primitive.h"

/* ---- sharing ---- */

static ore_history *shared(const ore_tensor *t) {
    return atomic_load_explicit(&t->history, memory_order_acquire);
}

static void release(ore_history *h) {
    if (atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
        return;
    ore_node_release(h->node);
    ore_release(h);
}

/* The history that t, which is no view, shares with its views; made at the first call, which
 * several threads may make at once. */
static ore_history *history_of_whole(ore_tensor *t) {
    ore_history *h = shared(t), *none = NULL;
    if (h || !(h = ore_alloc(sizeof *h)))
        return h;
    atomic_init(&h->refs, 1);
    h->dtype = t->dtype;
    h->node = t->node;
    h->whole = t;
    h->changes = 0;
    h->offset = t->offset;
    h->shape = t->shape;
    memcpy(h->strides, t->strides, (size_t)t->shape.ndim * sizeof *t->strides);
    if (h->node)
        ore_node_retain(h->node);
    if (atomic_compare_exchange_strong_explicit(&t->history, &none, h, memory_order_acq_rel,
                                                memory_order_acquire))
        return h;
    release(h);
    return none;
}

bool ore_history_join(ore_tensor *view, const ore_tensor *t) {
    ore_history *h = shared(t);
    view->view = true;
    view->part = t->part;
    view->seen = view->storage->recorded_changes;
    if ((t->view && !h) || !ore_grad_enabled())
        return true;
    if (!h && !(h = history_of_whole((ore_tensor *)t)))
        return false;
    atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    atomic_store_explicit(&view->history, h, memory_order_relaxed);
    view->seen = h->changes;
    return true;
}

void ore_history_leave(ore_tensor *t) {
    ore_history *h = shared(t);
    t->view = t->part = false;
    if (!h)
        return;
    if (h->whole == t)
        h->whole = NULL;
    atomic_store_explicit(&t->history, NULL, memory_order_relaxed);
    release(h);
}

static void set_node(ore_history *h, ore_node *node) {
    ore_node *old = h->node;
    if (node)
        ore_node_retain(node);
    h->node = node;
    ore_node_release(old);
}

void ore_history_follow(ore_tensor *t) {
    ore_history *h = shared(t);
    if (h && h->whole == t)
        set_node(h, t->node);
}

/* ---- a part of a whole, in memory of its own for the gradients ---- */

typedef struct part_place {
    ore_shape whole_shape, shape;
    int64_t whole_strides[ORE_MAX_DIMS], strides[ORE_MAX_DIMS];
    int64_t offset; /* of the part within the whole, in elements */
} part_place;

static part_place place_of(const ore_tensor *part) {
    const ore_history *h = shared(part);
    part_place p = {.shape = part->shape};
    memcpy(p.strides, part->strides, (size_t)part->shape.ndim * sizeof *p.strides);
    if (part->view) {
        p.whole_shape = h->shape;
        memcpy(p.whole_strides, h->strides, (size_t)h->shape.ndim * sizeof *p.strides);
        p.offset = ore_numel(part) > 0 ? part->offset - h->offset : 0;
    } else {
        p.whole_shape = p.shape;
        memcpy(p.whole_strides, p.strides, sizeof p.strides);
    }
    return p;
}

static bool is_dense(const part_place *p) {
    const ore_tensor whole = {.shape = p->whole_shape};
    ore_tensor strided = whole;
    memcpy(strided.strides, p->whole_strides, sizeof p->whole_strides);
    return ore_is_contiguous(&strided);
}

/* Zeros of the memory that the whole spans, as dy is. */
static ore_tensor *zero_span(const part_place *p, const ore_tensor *dy) {
    int64_t last = 0;
    for (int d = 0; d < p->whole_shape.ndim; d++)
        last += (p->whole_shape.dim[d] - 1) * p->whole_strides[d];
    bool empty = ore_shape_numel(p->whole_shape) == 0;
    return ore_new_zeros(dy, ORE_SHAPE(empty ? 0 : last + 1), dy->dtype);
}

static ore_tensor *whole_in(ore_tensor *span, const part_place *p) {
    return span ? ore_tensor_alias_as(span, p->whole_shape, p->whole_strides, 0) : NULL;
}

/* A view of t at index i of dim d, without that dim. */
static ore_tensor *slice_of(const ore_tensor *t, int d, int64_t i) {
    ore_shape shape = {.ndim = 0};
    int64_t strides[ORE_MAX_DIMS];
    for (int from = 0; from < t->shape.ndim; from++)
        if (from != d) {
            strides[shape.ndim] = t->strides[from];
            shape.dim[shape.ndim++] = t->shape.dim[from];
        }
    return ore_tensor_alias_as(t, shape, strides, t->offset + i * t->strides[d]);
}

/* Adds dy to a part of `span`. Elements that share memory (strides of 0) are added one after the
 * other. */
static void add_to_part(ore_tensor *span, ore_shape shape, const int64_t *strides, int64_t offset,
                        ore_tensor *dy) {
    if (!span || !dy)
        return;
    if (ore_elements_lie_apart(shape, strides)) {
        ore_tensor *part = ore_tensor_alias_as(span, shape, strides, offset);
        if (part)
            ore_add_elements(part, dy);
        return;
    }
    int d = 0; /* the shortest of several such dims, and one with stride 0 before all others */
    for (int i = 1; i < shape.ndim; i++)
        if (shape.dim[d] == 1 || (strides[d] != 0 && shape.dim[i] > 1 &&
                                  (strides[i] == 0 || shape.dim[i] < shape.dim[d])))
            d = i;
    int64_t rest[ORE_MAX_DIMS], count = shape.dim[d];
    for (int i = 0, n = 0; i < shape.ndim; i++)
        if (i != d)
            rest[n++] = strides[i];
    if (strides[d] == 0) { /* all indices of the dim are one element */
        ore_shape one = dy->shape;
        one.dim[d] = count = 1;
        dy = ore_sum_to(dy, one);
    }
    for (int64_t i = 0; i < count && ore_no_error(); i++) {
        ore_tensor *slice = slice_of(dy, d, i);
        if (slice)
            add_to_part(span, slice->shape, rest, offset + i * strides[d], slice);
    }
}

/* ---- y = whole[part]: dwhole is zero but for dy at the part ---- */

static void part_backward(ore_node *node, ore_tensor *dy) {
    const part_place *p = ore_node_attributes(node);
    if (ore_numel(dy) == 0) {
        ore_pass(node, 0, ore_new_zeros(dy, p->whole_shape, dy->dtype));
        return;
    }
    if (is_dense(p) && ore_elements_lie_apart(p->shape, p->strides)) {
        ore_pass_part(node, 0, p->strides, p->offset, dy);
        return;
    }
    ore_tensor *span = zero_span(p, dy);
    add_to_part(span, p->shape, p->strides, p->offset, dy);
    ore_pass(node, 0, whole_in(span, p));
}

static const ore_op part_op = {"view", part_backward};

/* ---- whole[part] = r: dr is dy at the part, dwhole is dy but for zeros there ---- */

static void overwrite_backward(ore_node *node, ore_tensor *dy) {
    const part_place *p = ore_node_attributes(node);
    ore_tensor *whole = dy, *span = dy;
    if (!is_dense(p) || !ore_is_contiguous(dy) || !ore_gradient_is_spare(node, dy)) {
        span = zero_span(p, dy);
        whole = whole_in(span, p);
        if (!whole || ore_copy_elements(whole, dy) != ORE_OK)
            return;
    }
    bool empty = ore_shape_numel(p->shape) == 0;
    ore_tensor *part =
        ore_tensor_alias_as(span, p->shape, p->strides, empty ? 0 : span->offset + p->offset);
    if (ore_input_wants_grad(node, 1))
        ore_pass(node, 1, part ? ore_dense_copy(part) : NULL);
    if (part && ore_input_wants_grad(node, 0) && ore_fill_elements(part, 0) == ORE_OK)
        ore_pass(node, 0, whole);
}

static const ore_op overwrite_op = {"copy_", overwrite_backward};

/* ---- taking over ---- */

/* Makes `node` the node of t. If t retains its gradient, that is from now on the gradient of its
 * new value. */
static void take_node(ore_tensor *t, ore_node *node) {
    ore_node *old = t->node;
    t->node = node;
    if (node) {
        ore_node_retain(node);
        node->output = t;
    }
    if (node && old && old->output == t && old->retained) {
        node->retained = true;
        node->grad = old->grad;
        old->retained = false;
        old->grad = NULL;
    }
    if (old)
        ore_node_forget_output(old, t);
    ore_node_release(old);
}

/* Makes `node` the node of the tensor that t is, or is a view of, as a whole. */
static void whole_changed(ore_tensor *t, ore_node *node) {
    ore_history *h = shared(t);
    t->storage->recorded_changes++;
    ore_tensor *whole = h ? h->whole : t;
    if (whole)
        take_node(whole, node);
    if (h) {
        set_node(h, node);
        h->changes++;
    }
}

/* Gives the view a node that takes its part of what `made` has made; none where `made` is NULL,
 * since then no gradient flows. */
static bool take_part(ore_tensor *view, ore_node *made) {
    const ore_history *h = shared(view);
    ore_node *node = made ? ore_node_new(&part_op, 1, 0, sizeof(part_place)) : NULL;
    if (made && !node)
        return false;
    if (node) {
        part_place *p = ore_node_attributes(node);
        *p = place_of(view);
        ore_node_link(node, 0, made, h->dtype, h->shape);
    }
    take_node(view, node);
    ore_node_release(node);
    return true;
}

bool ore_rebase_by_copy(ore_tensor *t, const ore_tensor *source) {
    ore_history *h = shared(t);
    ore_node *node = ore_node_new(&overwrite_op, 2, 0, sizeof(part_place));
    if (!node)
        return false;
    part_place *p = ore_node_attributes(node);
    *p = place_of(t);
    ore_node_link(node, 0, t->view ? h->node : t->node, t->dtype, p->whole_shape);
    if (source)
        ore_node_link(node, 1, source->node, source->dtype, source->shape);
    /* other views are brought up to date at their next use; but one that retains its gradient must
     * have that of its new value */
    bool now = t->view && t->node && t->node->retained, done = !now || take_part(t, node);
    if (done)
        whole_changed(t, node);
    if (done && now)
        t->seen = h->changes;
    ore_node_release(node);
    return done;
}

bool ore_rebase(ore_tensor *t, const ore_tensor *r) {
    if (t->view)
        return ore_rebase_by_copy(t, r);
    whole_changed(t, r->node);
    return true;
}

bool ore_history_refresh(ore_tensor *view) {
    ore_history *h = shared(view);
    if (!h || view->part) /* it may be read while nothing is recorded */
        return ore_tensor_is_current(view) || !ore_grad_enabled();
    if (view->view && view->seen != h->changes) {
        if (!take_part(view, h->node))
            return false;
        view->seen = h->changes;
    }
    return true;
}

/* ---- what may be changed ---- */

/* Whether t is a view of a leaf that requires a gradient, be it since t was made. */
static bool is_of_leaf(const ore_tensor *t) {
    const ore_history *h = t->view ? shared(t) : NULL;
    return h && h->node && ore_node_is_leaf(h->node);
}

static bool may_record_view(const char *op, const ore_tensor *t) {
    const ore_history *h = shared(t);
    if (!h)
        ore_fail(ORE_STATE,
                 "%s: a view made under ore_no_grad_begin is changed while recording; make and "
                 "change it both there, or both outside",
                 op);
    else if (t->part)
        ore_fail(ORE_STATE,
                 "%s: one of the views that split, chunk or unbind made is changed in place while "
                 "recording; make it by narrow or select, or use ore_no_grad_begin",
                 op);
    else if (is_of_leaf(t))
        ore_fail(ORE_STATE,
                 "%s: a view of a leaf that requires a gradient is changed in place while "
                 "recording; use ore_no_grad_begin",
                 op);
    else if (!ore_elements_lie_apart(t->shape, t->strides) ||
             !ore_elements_lie_apart(h->shape, h->strides))
        ore_fail(
            ORE_INVALID,
            "%s: a view whose elements share memory cannot be changed in place while recording",
            op);
    return ore_no_error();
}

bool ore_records_change(const char *op, ore_tensor *t, ore_tensor *other, bool *ok) {
    ore_tensor *inputs[] = {t, other};
    *ok = ore_may_change(op, t);
    if (!*ok || !ore_grad_enabled() || !ore_dtype_is_floating(t->dtype))
        return false;
    if (!ore_would_record(other ? 2 : 1, inputs) && !is_of_leaf(t))
        return false;
    *ok = !t->view || may_record_view(op, t);
    return *ok;
}
