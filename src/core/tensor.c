/* tensor.c: storages, handles, and reading them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mapping.h"
#include "base/memory.h"
#include "core/autograd.h"
#include "core/check.h"
#include "core/history.h"
#include "core/plan.h"
#include "core/scope.h"

/* ---- storages ---- */

enum { STORAGE_HEADER_BYTES = 64 }; /* keeps the data aligned as the pool's blocks are */
_Static_assert(sizeof(ore_storage) <= STORAGE_HEADER_BYTES, "the header stands before the data");

/* The memory of another device, with the header in that of the host. */
static __attribute__((noinline)) ore_storage *storage_elsewhere(size_t bytes, ore_device device) {
    const ore_context *ctx = ore_context_of(device);
    ore_storage *s = ctx ? ore_alloc(sizeof *s) : NULL;
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->device = device;
    s->bytes = bytes;
    s->version = s->recorded_changes = 0;
    s->file = NULL;
    s->data = ore_device_allocate(ctx, bytes);
    if (s->data)
        return s;
    ore_release(s);
    return NULL;
}

static ore_storage *storage_new(size_t bytes, ore_device device) {
    if (device != ORE_CPU)
        return storage_elsewhere(bytes, device);
    ore_storage *s = ore_alloc(STORAGE_HEADER_BYTES + bytes);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->device = device;
    s->bytes = bytes;
    s->data = (char *)s + STORAGE_HEADER_BYTES;
    s->version = s->recorded_changes = 0;
    s->file = NULL;
    return s;
}

/* Bytes of a file, with the header in memory. */
static ore_storage *storage_of_file(const ore_mapping *mapping, const void *data, size_t bytes) {
    ore_storage *s = ore_alloc(sizeof *s);
    if (!s)
        return NULL;
    atomic_init(&s->refs, 1);
    s->device = ORE_CPU;
    s->bytes = bytes;
    s->version = s->recorded_changes = 0;
    s->data = (void *)(uintptr_t)data; /* the mapping allows writes */
    s->file = ore_mapping_hold(mapping);
    return s;
}

static ore_storage *storage_retain(ore_storage *s) {
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

static __attribute__((noinline)) void release_elsewhere(const ore_storage *s) {
    const ore_context *ctx = ore_context_of(s->device);
    if (ctx) /* as it was when the storage was made */
        ore_device_release(ctx, s->data, s->bytes);
}

static void storage_release(ore_storage *s) {
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (s->device != ORE_CPU)
        release_elsewhere(s);
    if (s->file)
        ore_mapping_release(s->file);
    ore_release(s);
}

/* ---- shapes ---- */

void ore_strides_of(ore_shape shape, int64_t *strides) {
    int64_t step = 1;
    for (int d = shape.ndim - 1; d >= 0; d--) {
        strides[d] = step;
        step *= shape.dim[d] > 1 ? shape.dim[d] : 1;
    }
}

int ore_wrap_dim(const char *op, int dim, int ndim) {
    int range = ndim > 0 ? ndim : 1; /* a 0-d tensor takes dims -1 and 0, as in PyTorch */
    if (dim >= -range && dim < range)
        return dim < 0 ? dim + range : dim;
    ore_fail(ORE_INVALID, "%s: dim %d out of range, expected %d .. %d", op, dim, -range, range - 1);
    return -1;
}

/* Raises the error that says why no tensor can have this shape. */
static void refuse_shape(const char *op, ore_shape shape) {
    char text[ORE_SHAPE_TEXT];
    if (shape.ndim < 0 || shape.ndim > ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID, "%s: %d dims, expected 0 .. %d", op, shape.ndim, ORE_MAX_DIMS);
        return;
    }
    bool empty = false, negative = false;
    for (int d = 0; d < shape.ndim; d++) {
        empty = empty || shape.dim[d] == 0;
        negative = negative || shape.dim[d] < 0;
    }
    ore_shape_text(shape, text);
    if (negative)
        ore_fail(ORE_INVALID, "%s: negative size in shape %s", op, text);
    else if (empty)
        ore_fail(ORE_INVALID, "%s: shape %s, expected sizes above 0 whose product is at most %lld",
                 op, text, (long long)ORE_MAX_ELEMENTS);
    else
        ore_fail(ORE_MEMORY, "%s: out of memory: shape %s", op, text);
}

static inline int64_t possible_numel(const ore_shape *shape) {
    int64_t n = 1; /* of the sizes above 0 */
    bool empty = false, possible = (unsigned)shape->ndim <= ORE_MAX_DIMS;
    for (int d = 0; possible && d < shape->ndim; d++)
        if (shape->dim[d] == 0)
            empty = true;
        else
            possible = shape->dim[d] > 0 && !__builtin_mul_overflow(n, shape->dim[d], &n);
    return !possible || n > ORE_MAX_ELEMENTS ? -1 : empty ? 0 : n;
}

int64_t ore_possible_numel(ore_shape shape) {
    return possible_numel(&shape);
}

int64_t ore_checked_numel(const char *op, ore_shape shape) {
    int64_t n = possible_numel(&shape);
    if (n < 0)
        refuse_shape(op, shape);
    return n;
}

bool ore_checked_dtype(const char *op, ore_dtype dtype) {
    if ((unsigned)dtype < ORE_DTYPE_COUNT)
        return true;
    ore_fail(ORE_INVALID, "%s: dtype %d, expected one of ore_dtype", op, (int)dtype);
    return false;
}

/* ---- handles ---- */

/* A handle that takes over the storage; NULL, with the storage released, without memory. */
static inline ore_tensor *tensor_over(ore_storage *storage, const ore_shape *shape,
                                      ore_dtype dtype) {
    ore_tensor *t = storage ? ore_alloc(sizeof *t) : NULL;
    if (!t) {
        storage_release(storage);
        return NULL;
    }
    /* Field by field, which is faster than a copy of the struct: handles are made several times in
     * an op. */
    t->storage = storage;
    t->node = NULL;
    t->offset = 0;
    t->dtype = dtype;
    t->view = t->part = false;
    atomic_init(&t->history, NULL);
    t->shape = *shape;
    ore_strides_of(*shape, t->strides);
    ore_scope_add(t);
    return t;
}

ore_tensor *ore_tensor_new(ore_shape shape, ore_dtype dtype, ore_device device) {
    if (!ore_no_error() || !ore_checked_dtype("empty", dtype))
        return NULL;
    int64_t n = possible_numel(&shape);
    if (n < 0) {
        refuse_shape("empty", shape);
        return NULL;
    }
    return tensor_over(storage_new((size_t)n * ore_element_bytes(dtype), device), &shape, dtype);
}

ore_tensor *ore_tensor_of_file(const ore_mapping *mapping, const char *path, const void *data,
                               ore_shape shape, ore_dtype dtype) {
    int64_t n = ore_no_error() ? ore_checked_numel("tensor_of_file", shape) : -1;
    if (n < 0 || ore_mapping_allow_writes(mapping, path) != ORE_OK)
        return NULL;
    return tensor_over(storage_of_file(mapping, data, (size_t)n * ore_element_bytes(dtype)), &shape,
                       dtype);
}

ore_tensor *ore_tensor_alias_unscoped(const ore_tensor *t) {
    ore_tensor *alias = ore_alloc(sizeof *alias);
    if (!alias)
        return NULL;
    alias->link = (ore_link){NULL, NULL};
    alias->scope = NULL;
    alias->storage = storage_retain(t->storage);
    alias->node = NULL;
    alias->offset = t->offset;
    alias->dtype = t->dtype;
    alias->view = alias->part = false;
    atomic_init(&alias->history, NULL);
    alias->shape = t->shape;
    for (int d = 0; d < t->shape.ndim; d++)
        alias->strides[d] = t->strides[d];
    return alias;
}

ore_tensor *ore_tensor_alias(const ore_tensor *t) {
    ore_tensor *alias = ore_tensor_alias_unscoped(t);
    if (alias)
        ore_scope_add(alias);
    return alias;
}

ore_tensor *ore_tensor_alias_as(const ore_tensor *t, ore_shape shape, const int64_t *strides,
                                int64_t offset) {
    ore_tensor *alias = ore_tensor_alias(t);
    if (!alias)
        return NULL;
    alias->shape = shape;
    memcpy(alias->strides, strides, (size_t)shape.ndim * sizeof *strides);
    alias->offset = offset;
    return ore_history_join(alias, t) ? alias : NULL;
}

ore_tensor *ore_tensor_sole(ore_tensor *y) {
    if (y && y->view)
        ore_history_leave(y);
    return y;
}

bool ore_view_is_current(const ore_tensor *view) {
    const ore_history *h = atomic_load_explicit(&view->history, memory_order_relaxed);
    return view->seen == (h ? h->changes : view->storage->recorded_changes);
}

void ore_free(ore_tensor *t) {
    if (!t)
        return;
    ore_scope_remove(t);
    if (atomic_load_explicit(&t->history, memory_order_relaxed))
        ore_history_leave(t);
    if (t->node) {
        ore_node_forget_output(t->node, t);
        ore_node_release(t->node);
    }
    storage_release(t->storage);
    ore_release(t);
}

void ore_tensor_drop_value(ore_tensor *t) {
    storage_release(t->storage);
    t->storage = NULL;
}

void ore_tensor_replace_value(ore_tensor *t, const ore_tensor *value) {
    ore_storage *old = t->storage;
    ore_history_leave(t);
    t->storage = storage_retain(value->storage);
    t->offset = value->offset;
    t->dtype = value->dtype;
    t->shape = value->shape;
    memcpy(t->strides, value->strides, sizeof t->strides);
    storage_release(old);
}

/* Elements lie apart if, with the dims sorted by stride, each dim steps over all that the dims
 * before it reach. */
bool ore_elements_lie_apart(ore_shape shape, const int64_t *strides) {
    int order[ORE_MAX_DIMS], n = 0;
    for (int d = 0; d < shape.ndim; d++) {
        if (shape.dim[d] == 0)
            return true;
        if (shape.dim[d] == 1)
            continue;
        int place = n++;
        for (; place > 0 && strides[order[place - 1]] > strides[d]; place--)
            order[place] = order[place - 1];
        order[place] = d;
    }
    int64_t reach = 0;
    for (int i = 0; i < n; i++) {
        if (strides[order[i]] <= reach)
            return false;
        reach += (shape.dim[order[i]] - 1) * strides[order[i]];
    }
    return true;
}

void ore_tensor_changed(ore_tensor *t) {
    t->storage->version++;
}

bool ore_may_change(const char *op, const ore_tensor *t) {
    if (!t || !t->storage)
        return false;
    if (ore_grad_enabled() && t->node && ore_node_is_leaf(t->node)) {
        ore_fail(ORE_STATE,
                 "%s: a leaf that requires a gradient is changed in place while recording; use "
                 "ore_no_grad_begin",
                 op);
        return false;
    }
    for (int d = 0; d < t->shape.ndim; d++)
        if (t->strides[d] == 0 && t->shape.dim[d] > 1) {
            ore_fail(ORE_INVALID,
                     "%s: an expanded view, whose elements share memory, cannot be "
                     "changed in place",
                     op);
            return false;
        }
    return true;
}

bool ore_may_overwrite(const char *op, const ore_tensor *t) {
    if (!ore_may_change(op, t))
        return false;
    if (!ore_grad_enabled() || !t->node)
        return true;
    ore_fail(ORE_STATE,
             "%s: a tensor with a gradient history cannot be overwritten while recording; use "
             "ore_no_grad_begin or ore_detach",
             op);
    return false;
}

/* ---- reading ---- */

ore_dtype ore_tensor_dtype(const ore_tensor *t) {
    return t ? t->dtype : ORE_FLOAT32;
}

ore_device ore_tensor_device(const ore_tensor *t) {
    return t && t->storage ? t->storage->device : ORE_CPU;
}

int ore_ndim(const ore_tensor *t) {
    return t ? t->shape.ndim : 0;
}

ore_shape ore_shape_of(const ore_tensor *t) {
    return t ? t->shape : (ore_shape){.ndim = 0};
}

int64_t ore_size(const ore_tensor *t, int dim) {
    if (!t)
        return -1;
    int d = ore_wrap_dim("size", dim, t->shape.ndim);
    return d < 0 ? -1 : t->shape.ndim ? t->shape.dim[d] : 1;
}

int64_t ore_stride(const ore_tensor *t, int dim) {
    if (!t)
        return 0;
    int d = ore_wrap_dim("stride", dim, t->shape.ndim);
    return d < 0 || !t->shape.ndim ? 0 : t->strides[d];
}

int64_t ore_storage_offset(const ore_tensor *t) {
    return t ? t->offset : 0;
}

int64_t ore_numel(const ore_tensor *t) {
    return t ? ore_shape_numel(t->shape) : 0;
}

bool ore_is_contiguous(const ore_tensor *t) {
    if (!t)
        return false;
    int64_t step = 1;
    for (int d = t->shape.ndim - 1; d >= 0; d--) {
        if (t->shape.dim[d] == 0)
            return true;
        if (t->shape.dim[d] != 1 && t->strides[d] != step)
            return false;
        step *= t->shape.dim[d];
    }
    return true;
}

bool ore_shares_storage(const ore_tensor *a, const ore_tensor *b) {
    return a && b && a->storage && a->storage == b->storage;
}

uint64_t ore_tensor_version(const ore_tensor *t) {
    return t && t->storage ? t->storage->version : 0;
}
