/* tensor.h: what a tensor is made of. Ops build on ops/op.h; this page is for core/ itself and
 * for those who need the fields. */
#ifndef ORE_CORE_TENSOR_H
#define ORE_CORE_TENSOR_H

#include <stdatomic.h>

#include <ore/op.h>

#include "base/dtype.h"

typedef struct ore_scope ore_scope;
typedef struct ore_history ore_history;
struct ore_mapping; /* of base/mapping.h */

/* Counted memory of tensors and of the values that graph nodes have saved. */
typedef struct ore_storage {
    atomic_int refs;
    ore_device device;
    size_t bytes;
    void *data;
    uint64_t version;               /* in-place changes seen */
    uint64_t recorded_changes;      /* those among them that autograd recorded */
    struct ore_mapping_guard *file; /* that holds the data; NULL for memory of the device */
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
    bool view; /* made over another tensor's memory, which changes in place must tell of */
    bool part; /* a view that split, chunk or unbind made together with others, or one of such */
    uint64_t
        seen; /* of a view: how many recorded changes in place its graph node knows of, those of
                      the history, or of the storage where it was made without recording */
    _Atomic(ore_history *)
        history; /* one for a tensor and all its views; NULL before the first view,
                                       and for a view that was made without recording */
    ore_shape shape;
    int64_t strides[ORE_MAX_DIMS]; /* elements */
};

/* ---- making handles; each belongs to the innermost scope ---- */

/* A new tensor over a new storage, row-major; its elements are not initialised. NULL with the error
 * pending for a shape with too many elements, and when memory runs out. */
ore_tensor *ore_tensor_new(ore_shape shape, ore_dtype dtype, ore_device device);
/* A new tensor whose row-major elements are bytes of a mapped file at `data`, which lies in the
 * mapping and is aligned to them. It keeps the mapping; what is written to it stays in this
 * process. `path` is for messages. */
ore_tensor *ore_tensor_of_file(const struct ore_mapping *mapping, const char *path,
                               const void *data, ore_shape shape, ore_dtype dtype);
/* A new handle over t's storage, with t's shape, strides and offset, or with those given, which
 * must stay within the storage. It has no graph node: what it shows is a constant until the caller
 * records an op that makes it. */
ore_tensor *ore_tensor_alias(const ore_tensor *t);
ore_tensor *ore_tensor_alias_as(const ore_tensor *t, ore_shape shape, const int64_t *strides,
                                int64_t offset);
/* The same, outside all scopes: the caller (a graph node) gives it to ore_free. */
ore_tensor *ore_tensor_alias_unscoped(const ore_tensor *t);
/* Marks y (which may be NULL) as no view, and returns it: for a view of a new tensor of which the
 * user gets no handle, such as a reshaped copy. */
ore_tensor *ore_tensor_sole(ore_tensor *y);
/* Marks y, a new view or NULL, as one of several that one call has made (split, chunk, unbind), and
 * returns it. */
static inline ore_tensor *ore_tensor_part(ore_tensor *y) {
    if (y)
        y->part = true;
    return y;
}
/* Releases t's storage and keeps the handle, as backward does with intermediates. */
void ore_tensor_drop_value(ore_tensor *t);
/* Gives t the storage, shape and dtype of `value` in place of its own. Pointers to t, its gradient
 * and its name in a module stay: for casts and moves of parameters. */
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

/* The max product of the sizes of a tensor's shape, sizes of 0 left out: of views and of empty
 * tensors too. Below it strides, byte offsets in plans and the bytes of any dtype (at most 8 an
 * element, and a factor of 2 to spare) fit int64. Whatever makes a tensor or a larger view checks
 * it once (ore_checked_numel), so that all other code may multiply sizes without a check. */
#define ORE_MAX_ELEMENTS (INT64_MAX / 16)
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
