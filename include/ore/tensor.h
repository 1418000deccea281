/* tensor.h: tensors, views, creation, scopes and autograd. The operations are in ops.h.
 *
 * A tensor is a handle: dtype, shape, strides and offset over a counted storage. Handles belong to
 * scopes; see "lifetime". Shapes are written (B, T, C). A dim argument may be negative and then
 * counts from the end, as in PyTorch. Every function that returns a tensor returns NULL when it
 * fails, when an argument is NULL, or while an error is pending (see base.h). */
#ifndef ORE_TENSOR_H
#define ORE_TENSOR_H

#include <ore/device.h>
#include <ore/shape.h>

ORE_BEGIN_DECLS

typedef struct ore_tensor ore_tensor;
/* A function of one tensor: ore_tanh, ore_gelu .. */
typedef ore_tensor *(*ore_tensor_function)(ore_tensor *x);

/* ---- lifetime ---- */

/* Every handle that a function creates belongs to the innermost scope of the calling thread and is
 * released at that scope's end. Without a scope it belongs to the thread's outermost one, which
 * lives until the thread ends. The autograd graph is counted by its own edges: a scope may end
 * while backward still needs what was computed in it, provided its result was kept. */
ORE_API void ore_scope_begin(void);
ORE_API void ore_scope_end(void);
/* Moves a handle of the innermost scope to the one outside; returns it. A handle that lives longer
 * anyway (of an outer scope, or of none) stays where it is. */
ORE_API ore_tensor *ore_keep(ore_tensor *t);
/* Takes a handle out of all scopes: it lives until ore_free. Returns it. */
ORE_API ore_tensor *ore_own(ore_tensor *t);
/* Releases a handle now; NULL is allowed. */
ORE_API void ore_free(ore_tensor *t);

/* ---- reading a tensor ---- */
ORE_API ore_dtype ore_tensor_dtype(const ore_tensor *t);
ORE_API ore_device ore_tensor_device(const ore_tensor *t);
ORE_API int ore_ndim(const ore_tensor *t);
ORE_API ore_shape ore_shape_of(const ore_tensor *t);
/* Size of one dim; -1 with ORE_INVALID if out of range. */
ORE_API int64_t ore_size(const ore_tensor *t, int dim);
/* Step of one dim in elements; 0 with ORE_INVALID if out of range. */
ORE_API int64_t ore_stride(const ore_tensor *t, int dim);
/* First element's place in the storage, in elements. */
ORE_API int64_t ore_storage_offset(const ore_tensor *t);
ORE_API int64_t ore_numel(const ore_tensor *t);
ORE_API bool ore_is_contiguous(const ore_tensor *t);
/* True if both are views of one storage. */
ORE_API bool ore_shares_storage(const ore_tensor *a, const ore_tensor *b);
/* How many in-place changes the storage has seen. */
ORE_API uint64_t ore_tensor_version(const ore_tensor *t);

/* The value of a one-element tensor; NaN (or 0) with ORE_INVALID otherwise. */
ORE_API double ore_item(const ore_tensor *t);
ORE_API int64_t ore_item_int(const ore_tensor *t);
/* All elements in row-major order, in the tensor's dtype, to or from memory of exactly `bytes`.
 * ore_copy_in is an in-place change. */
ORE_API ore_status ore_copy_out(const ore_tensor *t, void *destination, size_t bytes);
ORE_API ore_status ore_copy_in(ore_tensor *t, const void *source, size_t bytes);
/* The elements of a contiguous CPU tensor in place, to read; NULL with ORE_INVALID otherwise. */
ORE_API const void *ore_data(const ore_tensor *t);
/* The same, to write: counts as one in-place change. */
ORE_API void *ore_data_mut(ore_tensor *t);

/* PyTorch's text of a tensor: aligned columns, 4 digits, "..." beyond 1000 elements. The returned
 * text is the caller's, to be given to ore_string_free. */
ORE_API char *ore_tensor_text(const ore_tensor *t);

/* A name beside a tensor: in lists of parameters and of state to save. */
typedef struct ore_named_tensor {
    const char *name;
    ore_tensor *tensor;
} ore_named_tensor;

/* ---- creation (CPU) ---- */
/* Sizes above 0 multiply to at most 2^59 - 1, beside sizes of 0 and in views too. */
ORE_API ore_tensor *ore_empty(ore_shape shape, ore_dtype dtype);
ORE_API ore_tensor *ore_zeros(ore_shape shape, ore_dtype dtype);
ORE_API ore_tensor *ore_ones(ore_shape shape, ore_dtype dtype);
ORE_API ore_tensor *ore_full(ore_shape shape, double value, ore_dtype dtype);
ORE_API ore_tensor *ore_zeros_like(const ore_tensor *t);
ORE_API ore_tensor *ore_ones_like(const ore_tensor *t);
ORE_API ore_tensor *ore_empty_like(const ore_tensor *t);
/* start, start + step, ... below end: ceil((end - start) / step) elements. */
ORE_API ore_tensor *ore_arange(double start, double end, double step, ore_dtype dtype);
/* `steps` evenly spaced values from start to end inclusive. */
ORE_API ore_tensor *ore_linspace(double start, double end, int64_t steps, ore_dtype dtype);
/* (n, m) with ones on the diagonal. */
ORE_API ore_tensor *ore_eye(int64_t n, int64_t m, ore_dtype dtype);
/* Copies row-major data of `dtype`. */
ORE_API ore_tensor *ore_from_data(const void *data, ore_shape shape, ore_dtype dtype);
/* A 0-d tensor. */
ORE_API ore_tensor *ore_scalar(double value, ore_dtype dtype);

/* ---- autograd ---- */

/* Marks a leaf (a floating tensor that no recorded op made) as wanting a gradient, or not; returns
 * t. A view that is marked leaves the history of what it shows a part of for good. ORE_STATE: a
 * recorded op made it. ORE_INVALID: its dtype is not floating. */
ORE_API ore_tensor *ore_set_requires_grad(ore_tensor *t, bool requires_grad);
ORE_API bool ore_requires_grad(const ore_tensor *t);
ORE_API bool ore_is_leaf(const ore_tensor *t);
/* While on, nothing is recorded. Calls nest, per thread. */
ORE_API void ore_no_grad_begin(void);
ORE_API void ore_no_grad_end(void);
ORE_API bool ore_grad_enabled(void);
/* The same values without history; shares storage. */
ORE_API ore_tensor *ore_detach(ore_tensor *t);
/* Keeps an intermediate's gradient and value through backward; returns t. */
ORE_API ore_tensor *ore_retain_grad(ore_tensor *t);
/* The accumulated gradient, owned by t; NULL if there is none. Not to be freed. */
ORE_API ore_tensor *ore_grad(const ore_tensor *t);
/* Sets the gradient of a leaf: to a copy of g, or to none when g is NULL. */
ORE_API ore_status ore_set_grad(ore_tensor *t, ore_tensor *g);
/* A hook that runs once in each backward that adds to this leaf's gradient: when the gradient is
 * complete, wherever and however often the leaf is used, and as a rule while backward goes on. The
 * hook may read and change the gradient; an error that it leaves pending ends backward. A hook that
 * is set while backward runs waits for the next one. NULL takes it off. */
typedef void (*ore_grad_hook)(void *user, ore_tensor *leaf);
ORE_API ore_status ore_set_grad_hook(ore_tensor *leaf, ore_grad_hook hook, void *user);

/* Adds d(root)/d(leaf) to every leaf's gradient; root has one element. Backward releases the graph
 * and the values of its intermediates as it passes (the root stays readable): reading such an
 * intermediate afterwards is ORE_STATE unless ore_retain_grad was called on it, and so is a second
 * backward through it. */
ORE_API ore_status ore_backward(ore_tensor *root);
/* With an upstream gradient of root's shape (NULL: ones), and keeping the graph if asked. */
ORE_API ore_status ore_backward_from(ore_tensor *root, ore_tensor *gradient, bool retain_graph);

ORE_END_DECLS

#endif
