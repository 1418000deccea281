/* tensor.h: tensors, views, creation, scopes and autograd. The operations are in ops.h.
 *
 * A tensor is a handle: dtype, shape, strides and offset over a counted storage. Handles belong to
 * scopes; see "lifetime". Shapes are written (B, T, C). A dim argument may be negative and then
 * counts from the end, as in PyTorch. Every function that returns a tensor returns NULL when it
 * fails, when an argument is NULL, or while an error is pending (see base.h). */
#ifndef ORE_TENSOR_H
#define ORE_TENSOR_H

#include <ore/base.h>

ORE_BEGIN_DECLS

enum { ORE_MAX_DIMS = 8 };

typedef struct ore_tensor ore_tensor;
typedef struct ore_generator ore_generator;
/* A function of one tensor: ore_tanh, ore_gelu .. */
typedef ore_tensor *(*ore_tensor_function)(ore_tensor *x);

typedef struct ore_shape {
    int ndim;
    int64_t dim[ORE_MAX_DIMS];
} ore_shape;

/* A list of dims for reductions; n = 0 means all of them. */
typedef struct ore_dims {
    int n;
    int dim[ORE_MAX_DIMS];
} ore_dims;

/* ORE_SHAPE(B, T, C); ORE_SCALAR is the shape of a 0-d tensor. ORE_DIMS(0, -1); ORE_ALL. */
#ifndef __cplusplus
#define ORE_COUNT_OF(type, ...) ((int)(sizeof((const type[]){__VA_ARGS__}) / sizeof(type)))
#define ORE_SHAPE(...)                                                                             \
    ((ore_shape){.ndim = ORE_COUNT_OF(int64_t, __VA_ARGS__), .dim = {__VA_ARGS__}})
#define ORE_DIMS(...) ((ore_dims){.n = ORE_COUNT_OF(int, __VA_ARGS__), .dim = {__VA_ARGS__}})
#define ORE_SCALAR    ((ore_shape){.ndim = 0, .dim = {0}})
#define ORE_ALL       ((ore_dims){.n = 0, .dim = {0}})
#endif

typedef enum ore_device { ORE_CPU, ORE_CUDA } ore_device;

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
/* False also for shapes of more than ORE_MAX_DIMS dims. */
ORE_API bool ore_shape_equal(ore_shape a, ore_shape b);
/* The product of the sizes; -1 where int64 cannot hold it, and for more than ORE_MAX_DIMS dims. */
ORE_API int64_t ore_shape_numel(ore_shape s);
/* "(2, 3)" into text of at least ORE_SHAPE_TEXT bytes; returns text. */
enum { ORE_SHAPE_TEXT = 192 };
ORE_API const char *ore_shape_text(ore_shape s, char *text);

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
ORE_API void ore_string_free(char *text);

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

/* ---- random numbers: PyTorch's CPU generator ---- */

/* mt19937 with the draws of torch 1.13.1's scalar kernels: one seed, one stream. A NULL generator
 * means the default one, which ore_manual_seed seeds. */
ORE_API void ore_manual_seed(uint64_t seed);
ORE_API ore_generator *ore_generator_new(uint64_t seed);
ORE_API void ore_generator_free(ore_generator *g);
ORE_API ore_generator *ore_default_generator(void);
/* Starts the stream of `seed`; the variant stays. */
ORE_API void ore_generator_seed(ore_generator *g, uint64_t seed);
/* Which of torch's builds a generator follows where they draw differently; flags, joined by |.
 * docs/random.md names the builds. */
typedef enum ore_random_variant {
    ORE_RANDOM_DEFAULT = 0, /* torch 1.13.1 without MKL, scalar kernels */
    ORE_RANDOM_AVX2 = 1,    /* normal_ and uniform_ round as the AVX2 kernels do */
    ORE_RANDOM_TORCH2 = 2,  /* multinomial draws one sample by exponentials, replaced or not */
    ORE_RANDOM_MKL_BERNOULLI = 4,   /* bernoulli_ and dropout draw from MKL's stream */
    ORE_RANDOM_MKL_EXPONENTIAL = 8, /* exponential_, and multinomial's exponentials, do */
    ORE_RANDOM_WIDE_INTEGERS = 16,  /* randint and random_ draw two words from a range of 2^28 on */
} ore_random_variant;
/* The variant belongs to the generator and its saved state. ORE_INVALID for other bits. */
ORE_API ore_status ore_generator_set_variant(ore_generator *g, unsigned variant);
ORE_API unsigned ore_generator_variant(const ore_generator *g);
/* The whole state (engine, position, cached normal, variant) as bytes, for exact resume. */
enum { ORE_GENERATOR_STATE_BYTES = 2520 };
ORE_API void ore_generator_get_state(const ore_generator *g, uint8_t *state);
ORE_API ore_status ore_generator_set_state(ore_generator *g, const uint8_t *state, size_t bytes);

/* Uniform in [0, 1), of a floating dtype. */
ORE_API ore_tensor *ore_rand(ore_shape shape, ore_dtype dtype, ore_generator *g);
/* Standard normal, float32 or float64. */
ORE_API ore_tensor *ore_randn(ore_shape shape, ore_dtype dtype, ore_generator *g);
/* Integers in [low, high), of any dtype but bool. */
ORE_API ore_tensor *ore_randint(int64_t low, int64_t high, ore_shape shape, ore_dtype dtype,
                                ore_generator *g);
/* A permutation of 0..n-1, int64. */
ORE_API ore_tensor *ore_randperm(int64_t n, ore_generator *g);
/* `samples` draws from each row of weights: (n) -> (samples), (rows, n) -> (rows, samples), int64.
 * Weights must be finite, not negative and not all zero. */
ORE_API ore_tensor *ore_multinomial(ore_tensor *weights, int64_t samples, bool replacement,
                                    ore_generator *g);
/* 1 with the probability in each element of p (float32 or float64), else 0; p's shape and dtype. */
ORE_API ore_tensor *ore_bernoulli(ore_tensor *p, ore_generator *g);
/* In place, over float32 or float64 (uniform_: any floating dtype); each returns t. */
ORE_API ore_tensor *ore_uniform_(ore_tensor *t, double low, double high, ore_generator *g);
ORE_API ore_tensor *ore_normal_(ore_tensor *t, double mean, double std, ore_generator *g);
ORE_API ore_tensor *ore_bernoulli_(ore_tensor *t, double p, ore_generator *g);
ORE_API ore_tensor *ore_exponential_(ore_tensor *t, double lambda, ore_generator *g);
/* Integers in [low, high); with low = high = 0 over the dtype's whole range, as random_(). */
ORE_API ore_tensor *ore_random_(ore_tensor *t, int64_t low, int64_t high, ore_generator *g);

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
/* A hook that runs each time backward has added to this leaf's gradient. NULL takes it off. */
typedef void (*ore_grad_hook)(void *user, ore_tensor *leaf);
ORE_API ore_status ore_set_grad_hook(ore_tensor *leaf, ore_grad_hook hook, void *user);

/* Adds d(root)/d(leaf) to every leaf's gradient; root has one element. Backward releases the graph
 * and the values of its intermediates as it passes (the root stays readable): reading such an
 * intermediate afterwards is ORE_STATE unless ore_retain_grad was called on it, and so is a second
 * backward through it. */
ORE_API ore_status ore_backward(ore_tensor *root);
/* With an upstream gradient of root's shape (NULL: ones), and keeping the graph if asked. */
ORE_API ore_status ore_backward_from(ore_tensor *root, ore_tensor *gradient, bool retain_graph);

/* Compares gradients with central differences in float64. `function` maps n inputs to a tensor;
 * inputs are float64 leaves that require gradients, and the output is reduced to a number by fixed
 * weights of mixed sign. Fails with ORE_STATE, naming the worst element, when
 * |numeric - analytic| > atol + rtol |numeric| somewhere. step 0 means 1e-6. */
typedef ore_tensor *(*ore_function)(void *user, ore_tensor **inputs, int n);
typedef struct ore_gradcheck_options {
    double step, rtol, atol;
} ore_gradcheck_options;
ORE_API ore_gradcheck_options ore_gradcheck_defaults(void);
ORE_API ore_status ore_gradcheck(ore_function function, void *user, ore_tensor **inputs, int n,
                                 const ore_gradcheck_options *options);

ORE_END_DECLS

#ifdef __cplusplus
template <typename... Sizes> static inline ore_shape ORE_SHAPE(Sizes... sizes) {
    return ore_shape{static_cast<int>(sizeof...(sizes)), {static_cast<int64_t>(sizes)...}};
}
template <typename... Dims> static inline ore_dims ORE_DIMS(Dims... dims) {
    return ore_dims{static_cast<int>(sizeof...(dims)), {static_cast<int>(dims)...}};
}
static const ore_shape ORE_SCALAR = {0, {0}};
static const ore_dims ORE_ALL = {0, {0}};
#endif

#endif
