/* tensor.h: what a tensor is made of. Ops build on ops/op.h; this page is for core/ itself and
 * for those who need the fields. */
#ifndef ORE_CORE_TENSOR_H
#define ORE_CORE_TENSOR_H

#include <stdatomic.h>

#include <ore/op.h>

#include "base/dtype.h"

typedef struct ore_scope ore_scope;
typedef struct ore_history ore_history;

/* Counted memory of tensors and of the values that graph nodes have saved. */
typedef struct ore_storage {
    atomic_int refs;
    ore_device device;
    size_t bytes;
    void *data;
    uint64_t version;          /* in-place changes seen */
    uint64_t recorded_changes; /* those among them that autograd recorded */
} ore_storage;

/* A place in the list of a scope; both NULL for a handle outside all scopes. */
typedef struct ore_link {
    struct ore_link *previous, *next;
} ore_link;

struct ore_tensor {
    ore_link link;        /* first: a link is its tensor */
    ore_scope *scope;     /* that holds it; NULL outside all scopes */
    ore_storage *storage; /* NULL once backward has let the value go */
    ore_node *node;       /* what made it, or a leaf's gradient; NULL if no gradient flows */
    int64_t offset;       /* elements */
    ore_dtype dtype;
    bool view;     /* shows memory of a tensor whose history it shares */
    bool part;     /* a view, and one of the several that split, chunk or unbind made, or of such */
    uint64_t seen; /* a view: the recorded changes of that history (of the storage, where it was
                      made without recording) when its node was made */
    _Atomic(ore_history *) history; /* shared with views, or with what this is a view of; NULL
                                       before the first, and for a view made without recording */
    ore_shape shape;
    int64_t strides[ORE_MAX_DIMS]; /* elements */
};

/* ---- making handles; each belongs to the innermost scope ---- */

/* Uninitialised memory of a shape: a new storage, row-major. */
ore_tensor *ore_tensor_new(ore_shape shape, ore_dtype dtype, ore_device device);
/* Another handle on t's storage, of any shape, strides and offset within it; no history. */
ore_tensor *ore_tensor_alias(const ore_tensor *t);
ore_tensor *ore_tensor_alias_as(const ore_tensor *t, ore_shape shape, const int64_t *strides,
                                int64_t offset);
/* A handle outside all scopes, for graph nodes: to be given to ore_free. */
ore_tensor *ore_tensor_alias_unscoped(const ore_tensor *t);
/* y, no view: its user has no other handle on its memory that shares its history. */
ore_tensor *ore_tensor_sole(ore_tensor *y);
/* y, a new view or NULL, is one of several that one call has made. */
static inline ore_tensor *ore_tensor_part(ore_tensor *y) {
    if (y)
        y->part = true;
    return y;
}
/* Lets the value go and keeps the handle: what backward does to intermediates. */
void ore_tensor_drop_value(ore_tensor *t);
/* Makes t show another tensor's storage, shape and dtype, in place of its own; t keeps its identity
 * (gradient, names, owners). For casts and moves of parameters. */
void ore_tensor_replace_value(ore_tensor *t, const ore_tensor *value);

/* ---- reading ---- */

static inline void *ore_tensor_address(const ore_tensor *t) {
    return (char *)t->storage->data + (size_t)t->offset * ore_element_bytes(t->dtype);
}

/* The same of an optional tensor: NULL for NULL. */
static inline void *ore_address_or_null(const ore_tensor *t) {
    return t ? ore_tensor_address(t) : NULL;
}

/* Whether a view has seen all recorded changes of what it shows. */
bool ore_view_is_current(const ore_tensor *view);
/* Whether t has a value, and its history is that of its memory. */
static inline bool ore_tensor_is_current(const ore_tensor *t) {
    return t && t->storage && (!t->view || ore_view_is_current(t));
}
/* Whether all elements of a shape with these strides are certain to lie in different places. */
bool ore_elements_lie_apart(ore_shape shape, const int64_t *strides);

/* The most that the sizes above 0 of a tensor's shape multiply to, a view's and an empty tensor's
 * too: its strides, the steps of plans over it and its bytes in any dtype then fit int64. What
 * makes a tensor or a larger view asks for it; all else may multiply. */
#define ORE_MOST_ELEMENTS (INT64_MAX / 16)
/* Product of the sizes; -1 for a shape of too many dims or elements, or with a size below 0. */
int64_t ore_possible_numel(ore_shape shape);
/* The same, with an error where it is -1. */
int64_t ore_checked_numel(const char *op, ore_shape shape);
/* Row-major steps of a shape that a tensor can have. */
void ore_strides_of(ore_shape shape, int64_t *strides);
/* dim or dim + ndim; -1 with ORE_INVALID "NAME: dim .. out of range .." if neither fits. */
int ore_wrap_dim(const char *op, int dim, int ndim);

/* False with ORE_INVALID for a number that is no dtype. */
bool ore_checked_dtype(const char *op, ore_dtype dtype);

/* ---- in-place changes ---- */

/* To call after the elements of t have been changed. */
void ore_tensor_changed(ore_tensor *t);
/* Whether t may be changed in place now: not a leaf that requires a gradient while recording. */
bool ore_may_change(const char *op, const ore_tensor *t);
/* The same for a change that is never recorded: while recording, t has no gradient history. */
bool ore_may_overwrite(const char *op, const ore_tensor *t);

#endif
