/* nn.h: modules as trees of named parameters and buffers, and the layers.
 *
 * A layer is a plain C struct whose first member is its `ore_module` node. NAME_init puts the node
 * under a parent, makes the parameters and gives them their default values with PyTorch 1.13's
 * draws; NAME_forward computes. The tree owns parameters and buffers (they are out of all scopes);
 * ore_module_free of the root releases them all. The caller owns the structs, which must neither
 * move nor go before that.
 *
 *     ore_module root;
 *     ore_module_init(&root, NULL, NULL);
 *     ore_linear_init(&m->up, &root, "up", in, hidden, NULL);     "up.weight", "up.bias"
 *     ...
 *     ore_module_free(&root);
 *
 * The init functions return a status that a caller may leave unread: the error stays pending, and
 * what was made so far is freed with the tree. A layer's error message starts with its path:
 * "blocks.3.mlp.c_fc: linear: x (64, 3) does not end in in_features of weight (32, 2)". */
#ifndef ORE_NN_H
#define ORE_NN_H

#include <ore/conv.h>
#include <ore/ops.h>

ORE_BEGIN_DECLS

/* ---- names and tensors ---- */

/* Parameters, or state to save and load. The lists that functions return are the caller's, to be
 * given to ore_tensor_list_free; the names are the list's, the tensors stay with the module or
 * optimizer they came from. */
typedef struct ore_tensor_list {
    int64_t count;
    ore_named_tensor *items;
} ore_tensor_list;

/* Releases names and array, not the tensors; leaves an empty list. */
ORE_API void ore_tensor_list_free(ore_tensor_list *list);
/* The tensor of that name; NULL (no error raised) if there is none. */
ORE_API ore_tensor *ore_tensor_list_find(const ore_tensor_list *list, const char *name);

/* ---- modules ---- */

typedef struct ore_module ore_module;
/* The forward of a layer of one tensor, which ore_module_forward and ore_sequential call. `module`
 * is the layer's first member, and so the layer. It returns a new tensor of the innermost scope, or
 * NULL with an error pending. */
typedef ore_tensor *(*ore_module_function)(const ore_module *module, ore_tensor *x);
typedef struct ore_module_slot ore_module_slot;

/* To be read; changed only by the functions below. */
struct ore_module {
    char *name;         /* within the parent; "" for a root */
    const char *kind;   /* "linear", "embedding" ...; "module" unless the layer says otherwise */
    ore_module *parent; /* NULL for a root */
    ore_module *first_child, *last_child, *next_sibling; /* in order of registration */
    int64_t child_count;
    ore_module_slot *slots; /* parameters and buffers, in order of registration */
    int64_t slot_count, slot_capacity;
    ore_module_function forward; /* NULL where the layer takes more than one tensor */
    bool training;               /* true at first, or the parent's */
};

/* Starts a node under `parent`; a NULL parent makes a root, whose name does not count. A NULL name
 * gives the number of children that the parent has: "0", "1", ... Fails for a name that is empty,
 * holds a dot or is taken; the module is then in no tree, and ore_module_free may be called on it
 * or not. */
ORE_API ore_status ore_module_init(ore_module *module, ore_module *parent, const char *name);
/* Takes the module out of its parent and releases the parameters and buffers of its whole tree,
 * except tensors that are also registered elsewhere in the parent's tree. */
ORE_API void ore_module_free(ore_module *module);

/* Registers *slot, a leaf that requires a gradient from now on, and takes it out of all scopes.
 * `slot` is the layer's field: it must live as long as the module, and the module changes it when
 * the parameter is replaced. *slot NULL registers an absent parameter (no bias), which no list
 * holds. On failure the tensor stays with its scope and *slot is NULL. */
ORE_API ore_status ore_module_register_parameter(ore_module *module, const char *name,
                                                 ore_tensor **slot);
/* The same for a tensor without a gradient; one that is not persistent stays out of the state. */
ORE_API ore_status ore_module_register_buffer(ore_module *module, const char *name,
                                              ore_tensor **slot, bool persistent);
/* Puts `tensor` (NULL: none) in place of the module's own parameter or buffer of that name (no
 * dots): a tied weight, or a new one of any shape, which then requires a gradient as the old one
 * did. The old tensor is released unless it is registered elsewhere in the tree. A tensor
 * registered twice is one parameter: lists hold it once, under its first name. */
ORE_API ore_status ore_module_set_tensor(ore_module *module, const char *name, ore_tensor *tensor);

/* "blocks.3.mlp" into text of `bytes`, cut if need be; "" for a root. Returns text. */
ORE_API const char *ore_module_path(const ore_module *module, char *text, size_t bytes);
/* False while an error is pending. A layer's forward starts with: if (!ore_module_begin(module))
 * return NULL. From here to ore_module_result, or to ore_module_end where there is no result to
 * show, what is computed is the module's: debug.h tells what its operations did and took. */
ORE_API bool ore_module_begin(const ore_module *module);
ORE_API void ore_module_end(const ore_module *module);
/* Passes y on; where it is NULL, puts the module's path in front of the pending error. For the
 * last line of a layer's forward. */
ORE_API ore_tensor *ore_module_result(const ore_module *module, ore_tensor *y);
/* Sees an output y of a module, for diagnostics. It may read y but not change it, and records
 * nothing. */
typedef void (*ore_module_observer)(void *user, const ore_module *module, ore_tensor *y);
/* While set, the observer is called with `user` for every output that ore_module_result passes on
 * in this thread. NULL takes it off. */
ORE_API void ore_module_observe(ore_module_observer observer, void *user);
/* Calls the module's forward; ORE_INVALID for a module that has none. */
ORE_API ore_tensor *ore_module_forward(const ore_module *module, ore_tensor *x);

/* Child number i; NULL with ORE_INVALID if out of range. */
ORE_API ore_module *ore_module_child(const ore_module *module, int64_t i);
/* The module at "blocks.3.mlp" below this one ("" is itself); NULL with ORE_INVALID if none. */
ORE_API ore_module *ore_module_find(const ore_module *module, const char *path);
/* The parameter or buffer at "blocks.3.mlp.c_fc.weight"; NULL with ORE_INVALID if none. */
ORE_API ore_tensor *ore_module_tensor(const ore_module *module, const char *path);

/* Calls `function` with `user` on every module of the tree, children before their parent. */
typedef void (*ore_module_visitor)(void *user, ore_module *module);
ORE_API void ore_module_apply(ore_module *module, ore_module_visitor function, void *user);
/* Sets the training flag of the whole tree: dropout acts only while it is true. */
ORE_API void ore_module_train(ore_module *module, bool training);
ORE_API void ore_module_eval(ore_module *module);

/* Parameters with their paths below `module`: a module's own first, then its children's, each
 * tensor once. Empty, with the error pending, on failure. */
ORE_API ore_tensor_list ore_module_parameters(const ore_module *module);
/* Buffers, persistent or not. */
ORE_API ore_tensor_list ore_module_buffers(const ore_module *module);
/* What is saved: parameters and persistent buffers. */
ORE_API ore_tensor_list ore_module_state(const ore_module *module);
/* Copies each tensor of `state` into the one of that path, casting to its dtype. With `strict` a
 * name of the module that is missing (under any of a tied tensor's names) is ORE_DATA; so are, in
 * any case, an unknown name and another shape. Nothing is changed unless all fits. */
ORE_API ore_status ore_module_load_state(ore_module *module, const ore_tensor_list *state,
                                         bool strict);
/* How many numbers the parameters hold; those that require a gradient if asked. */
ORE_API int64_t ore_module_parameter_count(const ore_module *module, bool trainable_only);

/* Sets requires_grad of the parameters whose path matches the glob pattern ("*" crosses dots; NULL
 * matches all), and returns how many matched. A tied parameter matches by any of its names. */
ORE_API int64_t ore_module_set_requires_grad(ore_module *module, const char *pattern,
                                             bool requires_grad);
/* Sets every gradient to none. */
ORE_API void ore_module_zero_grad(ore_module *module);
/* Casts floating parameters, their gradients and floating buffers, or moves all to a device.
 * Handles stay the same, so that optimizers and layers go on with them. On failure the tensors
 * reached so far are cast. */
ORE_API ore_status ore_module_to(ore_module *module, ore_dtype dtype);
ORE_API ore_status ore_module_to_device(ore_module *module, ore_device device);

/* ---- containers ---- */

/* Children in a row: forward gives x to the first, its result to the second, and so on; without
 * children it returns x. ore_module_init or a layer's init adds one. */
typedef struct ore_sequential {
    ore_module module;
} ore_sequential;
ORE_API ore_status ore_sequential_init(ore_sequential *s, ore_module *parent, const char *name);
ORE_API ore_tensor *ore_sequential_forward(const ore_sequential *s, ore_tensor *x);

/* Children in order, for ore_module_child; no forward of its own. */
typedef struct ore_module_list {
    ore_module module;
} ore_module_list;
ORE_API ore_status ore_module_list_init(ore_module_list *list, ore_module *parent,
                                        const char *name);

/* y[i] = forward of child i of x[i], for every child of a module (a module_list's, say), at the
 * same time on the library's threads. What comes out equals, bit for bit, a loop over the children:
 * results, errors (the first child's that fails; y is then all NULL) and, after backward,
 * gradients. Children may share inputs and parameters, and draw random numbers: a draw waits for
 * the children before. They must not depend on each other in another way, such as a buffer that
 * several change, nor change x in place. Inside a child, and while the thread has an observer, it
 * is that loop. */
ORE_API ore_status ore_parallel(const ore_module *module, ore_tensor *const *x, ore_tensor **y);

/* Children by name, which ore_module_init gives them ("relu": no dots), in order of registration:
 *     for (ore_module *m = dict.module.first_child; m; m = m->next_sibling) .. m->name .. */
typedef struct ore_module_dict {
    ore_module module;
} ore_module_dict;
ORE_API ore_status ore_module_dict_init(ore_module_dict *dict, ore_module *parent,
                                        const char *name);
ORE_API bool ore_module_dict_has(const ore_module_dict *dict, const char *key);
/* NULL with ORE_INVALID if there is none. */
ORE_API ore_module *ore_module_dict_get(const ore_module_dict *dict, const char *key);

/* Parameters "0", "1", ..: each becomes the module's as with ore_module_register_parameter. */
typedef struct ore_parameter_list {
    ore_module module;
} ore_parameter_list;
ORE_API ore_status ore_parameter_list_init(ore_parameter_list *list, ore_module *parent,
                                           const char *name);
/* A failure leaves the tensor with its scope; a NULL is ORE_INVALID. */
ORE_API ore_status ore_parameter_list_append(ore_parameter_list *list, ore_tensor *parameter);
ORE_API int64_t ore_parameter_list_count(const ore_parameter_list *list);
/* NULL with ORE_INVALID if out of range. */
ORE_API ore_tensor *ore_parameter_list_get(const ore_parameter_list *list, int64_t i);

/* ---- layers ---- */

/* What all layers have in common. NAME_defaults fills the options with PyTorch's defaults, and a
 * NULL for them means the same. NAME_init puts the layer under `parent` by `name`, as
 * ore_module_init does, and makes its parameters: ORE_INVALID for sizes below 1 and options out of
 * range, ORE_MEMORY. NAME_forward applies it to a tensor whose dtype is that of the parameters and
 * returns a new tensor; NULL while an error is pending, and NULL with ORE_INVALID and the layer's
 * path for a shape or dtype that does not fit. In options: dtype ORE_FLOAT32 (or ORE_FLOAT64) is
 * that of the parameters, device ORE_CPU where they lie (values are drawn on the CPU and moved),
 * and generator NULL the default one. The torch.nn class is NAME in its own spelling:
 * ore_layer_norm is LayerNorm. */

/* y = x W^T + b: (.., in) -> (.., out). W and b are uniform in +-1/sqrt(in); W is drawn first. */
typedef struct ore_linear {
    ore_module module;
    ore_tensor *weight; /* (out, in) */
    ore_tensor *bias;   /* (out), or NULL */
} ore_linear;
typedef struct ore_linear_options {
    bool bias; /* true */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_linear_options;
ORE_API ore_linear_options ore_linear_defaults(void);
ORE_API ore_status ore_linear_init(ore_linear *l, ore_module *parent, const char *name,
                                   int64_t in_features, int64_t out_features,
                                   const ore_linear_options *options);
ORE_API ore_tensor *ore_linear_forward(const ore_linear *l, ore_tensor *x);
/* residual + y, residual (.., out), in one pass. */
ORE_API ore_tensor *ore_linear_forward_add(const ore_linear *l, ore_tensor *x,
                                           ore_tensor *residual);
/* function(y), computed with y where function is one of ore_f_linear_activated's. */
ORE_API ore_tensor *ore_linear_forward_activated(const ore_linear *l, ore_tensor *x,
                                                 ore_tensor_function function);

/* Rows of a table, drawn from N(0, 1): indices of any shape S -> (S, dim). */
typedef struct ore_embedding {
    ore_module module;
    ore_tensor *weight; /* (count, dim) */
    int64_t padding_idx;
} ore_embedding;
typedef struct ore_embedding_options {
    int64_t padding_idx; /* a row that starts at zero and gets no gradient; -1: none */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_embedding_options;
ORE_API ore_embedding_options ore_embedding_defaults(void);
ORE_API ore_status ore_embedding_init(ore_embedding *e, ore_module *parent, const char *name,
                                      int64_t count, int64_t dim,
                                      const ore_embedding_options *options);
ORE_API ore_tensor *ore_embedding_forward(const ore_embedding *e, ore_tensor *indices);

/* y = (x - mean) / sqrt(var + eps) * weight + bias over the last dims; var is the biased one. */
typedef struct ore_layer_norm {
    ore_module module;
    ore_tensor *weight; /* `shape`, ones; or NULL */
    ore_tensor *bias;   /* `shape`, zeros; or NULL */
    ore_shape shape;
    double eps;
} ore_layer_norm;
typedef struct ore_layer_norm_options {
    double eps;  /* 1e-5 */
    bool weight; /* true */
    bool bias;   /* true */
    ore_dtype dtype;
    ore_device device;
} ore_layer_norm_options;
ORE_API ore_layer_norm_options ore_layer_norm_defaults(void);
ORE_API ore_status ore_layer_norm_init(ore_layer_norm *n, ore_module *parent, const char *name,
                                       ore_shape shape, const ore_layer_norm_options *options);
ORE_API ore_tensor *ore_layer_norm_forward(const ore_layer_norm *n, ore_tensor *x);

/* y = x / sqrt(mean(x^2) + eps) * weight over the last dims: ore_f_rms_norm. */
typedef struct ore_rms_norm {
    ore_module module;
    ore_tensor *weight; /* `shape`, ones; or NULL */
    ore_shape shape;
    double eps;
} ore_rms_norm;
typedef struct ore_rms_norm_options {
    double eps;  /* NaN (PyTorch's None): of x's dtype, 2^-23 for float32 */
    bool weight; /* true */
    ore_dtype dtype;
    ore_device device;
} ore_rms_norm_options;
ORE_API ore_rms_norm_options ore_rms_norm_defaults(void);
ORE_API ore_status ore_rms_norm_init(ore_rms_norm *n, ore_module *parent, const char *name,
                                     ore_shape shape, const ore_rms_norm_options *options);
ORE_API ore_tensor *ore_rms_norm_forward(const ore_rms_norm *n, ore_tensor *x);

/* Normalises the groups of channels of x (N, C) or (N, C, ..): ore_f_group_norm. */
typedef struct ore_group_norm {
    ore_module module;
    ore_tensor *weight; /* (num_channels), ones; or NULL */
    ore_tensor *bias;   /* (num_channels), zeros; or NULL */
    int64_t num_groups, num_channels;
    double eps;
} ore_group_norm;
typedef struct ore_group_norm_options {
    double eps;  /* 1e-5 */
    bool affine; /* true: weight and bias */
    ore_dtype dtype;
    ore_device device;
} ore_group_norm_options;
ORE_API ore_group_norm_options ore_group_norm_defaults(void);
/* num_groups must divide num_channels. */
ORE_API ore_status ore_group_norm_init(ore_group_norm *n, ore_module *parent, const char *name,
                                       int64_t num_groups, int64_t num_channels,
                                       const ore_group_norm_options *options);
ORE_API ore_tensor *ore_group_norm_forward(const ore_group_norm *n, ore_tensor *x);

/* Normalises each channel of (N, C) or (N, C, L): ore_batch_norm, by the batch's statistics while
 * the module trains, else by the running ones. Without running ones the batch's serve always. */
typedef struct ore_batch_norm1d {
    ore_module module;
    ore_tensor *weight;              /* (C), ones; or NULL */
    ore_tensor *bias;                /* (C), zeros; or NULL */
    ore_tensor *running_mean;        /* (C), zeros; or NULL: a buffer, as the next two */
    ore_tensor *running_var;         /* (C), ones; or NULL */
    ore_tensor *num_batches_tracked; /* () int64, 0: training forwards so far; or NULL */
    int64_t num_features;
    double eps, momentum;
} ore_batch_norm1d;
typedef struct ore_batch_norm1d_options {
    double eps;               /* 1e-5 */
    double momentum;          /* 0.1; NaN (PyTorch's None): running values are plain averages */
    bool affine;              /* true: weight and bias */
    bool track_running_stats; /* true: running values */
    ore_dtype dtype;
    ore_device device;
} ore_batch_norm1d_options;
ORE_API ore_batch_norm1d_options ore_batch_norm1d_defaults(void);
ORE_API ore_status ore_batch_norm1d_init(ore_batch_norm1d *n, ore_module *parent, const char *name,
                                         int64_t num_features,
                                         const ore_batch_norm1d_options *options);
ORE_API ore_tensor *ore_batch_norm1d_forward(const ore_batch_norm1d *n, ore_tensor *x);

/* The same over (N, C, H, W). */
typedef ore_batch_norm1d ore_batch_norm2d;
typedef ore_batch_norm1d_options ore_batch_norm2d_options;
ORE_API ore_batch_norm2d_options ore_batch_norm2d_defaults(void);
ORE_API ore_status ore_batch_norm2d_init(ore_batch_norm2d *n, ore_module *parent, const char *name,
                                         int64_t num_features,
                                         const ore_batch_norm2d_options *options);
ORE_API ore_tensor *ore_batch_norm2d_forward(const ore_batch_norm2d *n, ore_tensor *x);

/* Normalises each channel of each example of (N, C, L) or (C, L), 2d: (N, C, H, W) or (C, H, W):
 * ore_f_instance_norm, by the example's statistics while the module trains or has no running ones,
 * else by the running ones. As in PyTorch num_batches_tracked is only stored, never counted, NaN as
 * momentum leaves the running values, and affine and track_running_stats are false unless asked. */
typedef ore_batch_norm1d ore_instance_norm;
typedef ore_batch_norm1d_options ore_instance_norm_options;
ORE_API ore_instance_norm_options ore_instance_norm_defaults(void);
ORE_API ore_status ore_instance_norm1d_init(ore_instance_norm *n, ore_module *parent,
                                            const char *name, int64_t num_features,
                                            const ore_instance_norm_options *options);
ORE_API ore_tensor *ore_instance_norm1d_forward(const ore_instance_norm *n, ore_tensor *x);
ORE_API ore_status ore_instance_norm2d_init(ore_instance_norm *n, ore_module *parent,
                                            const char *name, int64_t num_features,
                                            const ore_instance_norm_options *options);
ORE_API ore_tensor *ore_instance_norm2d_forward(const ore_instance_norm *n, ore_tensor *x);

/* While training, zeroes elements with probability p and scales the rest by 1 / (1 - p). */
typedef struct ore_dropout {
    ore_module module;
    double p;
    ore_generator *generator; /* NULL: the default one; may be set at any time */
} ore_dropout;
ORE_API ore_status ore_dropout_init(ore_dropout *d, ore_module *parent, const char *name, double p);
ORE_API ore_tensor *ore_dropout_forward(const ore_dropout *d, ore_tensor *x);

/* Joins dims start .. end, both included; PyTorch's defaults are 1 and -1. */
typedef struct ore_flatten_layer {
    ore_module module;
    int start_dim, end_dim;
} ore_flatten_layer;
ORE_API ore_status ore_flatten_layer_init(ore_flatten_layer *f, ore_module *parent,
                                          const char *name, int start_dim, int end_dim);
ORE_API ore_tensor *ore_flatten_layer_forward(const ore_flatten_layer *f, ore_tensor *x);

/* A function of one tensor as a layer: ore_relu, ore_gelu, ore_tanh ... */
typedef struct ore_activation {
    ore_module module;
    ore_tensor_function function; /* NULL for those with numbers */
    double p, q;                  /* their numbers, in order */
    int dim;
} ore_activation;
ORE_API ore_status ore_activation_init(ore_activation *a, ore_module *parent, const char *name,
                                       ore_tensor_function function);
/* The functions of ops.h that take numbers, which the forward checks [torch's defaults]. */
ORE_API ore_status ore_leaky_relu_layer_init(ore_activation *a, ore_module *parent,
                                             const char *name, double slope); /* [0.01] */
ORE_API ore_status ore_elu_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                      double alpha); /* [1] */
ORE_API ore_status ore_hardtanh_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                           double low, double high); /* [-1, 1] */
ORE_API ore_status ore_softplus_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                           double beta, double threshold); /* [1, 20] */
ORE_API ore_status ore_softmax_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                          int dim);
ORE_API ore_status ore_log_softmax_layer_init(ore_activation *a, ore_module *parent,
                                              const char *name, int dim);
ORE_API ore_status ore_glu_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                      int dim); /* [-1] */
/* Of any of them. */
ORE_API ore_tensor *ore_activation_forward(const ore_activation *a, ore_tensor *x);

/* ore_prelu with its slopes as a parameter, one for all or one for each channel. */
typedef struct ore_prelu_layer {
    ore_module module;
    ore_tensor *weight; /* (num_parameters), all `init` */
} ore_prelu_layer;
typedef struct ore_prelu_layer_options {
    int64_t num_parameters; /* 1 */
    double init;            /* 0.25 */
    ore_dtype dtype;
    ore_device device;
} ore_prelu_layer_options;
ORE_API ore_prelu_layer_options ore_prelu_layer_defaults(void);
ORE_API ore_status ore_prelu_layer_init(ore_prelu_layer *p, ore_module *parent, const char *name,
                                        const ore_prelu_layer_options *options);
ORE_API ore_tensor *ore_prelu_layer_forward(const ore_prelu_layer *p, ore_tensor *x);

/* ---- convolution and pooling: the functions of conv.h as layers ---- */

/* Shapes, and the options that shapes follow from, are those of the functions: x (N, C, L) or (N,
 * C, H, W), or without N. Weight and bias are uniform in +-1/sqrt(fan), fan = in / groups * kernel,
 * and out / groups * kernel if transposed; the weight is drawn first. */

typedef struct ore_conv1d {
    ore_module module;
    ore_tensor *weight; /* (out, in / groups, K) */
    ore_tensor *bias;   /* (out), or NULL */
    ore_f_conv1d_options options;
    ore_pad_mode padding_mode;
} ore_conv1d;
typedef struct ore_conv1d_options {
    int64_t stride, padding, dilation, groups; /* 1, 0, 1, 1 */
    ore_padding_kind padding_kind;             /* ORE_PADDING_GIVEN */
    ore_pad_mode padding_mode;                 /* ORE_PAD_CONSTANT: zeros; or by ore_pad */
    bool bias;                                 /* true */
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_conv1d_options;
ORE_API ore_conv1d_options ore_conv1d_defaults(void);
ORE_API ore_status ore_conv1d_init(ore_conv1d *c, ore_module *parent, const char *name,
                                   int64_t in_channels, int64_t out_channels, int64_t kernel,
                                   const ore_conv1d_options *options);
ORE_API ore_tensor *ore_conv1d_forward(const ore_conv1d *c, ore_tensor *x);

typedef struct ore_conv2d {
    ore_module module;
    ore_tensor *weight; /* (out, in / groups, KH, KW) */
    ore_tensor *bias;   /* (out), or NULL */
    ore_f_conv2d_options options;
    ore_pad_mode padding_mode;
} ore_conv2d;
typedef struct ore_conv2d_options {
    ore_pair stride, padding, dilation; /* as above, and all that follows */
    int64_t groups;
    ore_padding_kind padding_kind;
    ore_pad_mode padding_mode;
    bool bias;
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_conv2d_options;
ORE_API ore_conv2d_options ore_conv2d_defaults(void);
ORE_API ore_status ore_conv2d_init(ore_conv2d *c, ore_module *parent, const char *name,
                                   int64_t in_channels, int64_t out_channels, ore_pair kernel,
                                   const ore_conv2d_options *options);
ORE_API ore_tensor *ore_conv2d_forward(const ore_conv2d *c, ore_tensor *x);

typedef struct ore_conv_transpose1d {
    ore_module module;
    ore_tensor *weight; /* (in, out / groups, K) */
    ore_tensor *bias;   /* (out), or NULL */
    ore_f_conv_transpose1d_options options;
} ore_conv_transpose1d;
typedef struct ore_conv_transpose1d_options {
    int64_t stride, padding, output_padding, dilation, groups; /* 1, 0, 0, 1, 1 */
    bool bias;
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_conv_transpose1d_options;
ORE_API ore_conv_transpose1d_options ore_conv_transpose1d_defaults(void);
ORE_API ore_status ore_conv_transpose1d_init(ore_conv_transpose1d *c, ore_module *parent,
                                             const char *name, int64_t in_channels,
                                             int64_t out_channels, int64_t kernel,
                                             const ore_conv_transpose1d_options *options);
ORE_API ore_tensor *ore_conv_transpose1d_forward(const ore_conv_transpose1d *c, ore_tensor *x);

typedef struct ore_conv_transpose2d {
    ore_module module;
    ore_tensor *weight; /* (in, out / groups, KH, KW) */
    ore_tensor *bias;   /* (out), or NULL */
    ore_f_conv_transpose2d_options options;
} ore_conv_transpose2d;
typedef struct ore_conv_transpose2d_options {
    ore_pair stride, padding, output_padding, dilation;
    int64_t groups;
    bool bias;
    ore_dtype dtype;
    ore_device device;
    ore_generator *generator;
} ore_conv_transpose2d_options;
ORE_API ore_conv_transpose2d_options ore_conv_transpose2d_defaults(void);
ORE_API ore_status ore_conv_transpose2d_init(ore_conv_transpose2d *c, ore_module *parent,
                                             const char *name, int64_t in_channels,
                                             int64_t out_channels, ore_pair kernel,
                                             const ore_conv_transpose2d_options *options);
ORE_API ore_tensor *ore_conv_transpose2d_forward(const ore_conv_transpose2d *c, ore_tensor *x);

/* Options are checked by the forward, as the functions check them. */
typedef struct ore_max_pool1d {
    ore_module module;
    int64_t kernel;
    ore_max_pool1d_options options;
} ore_max_pool1d;
ORE_API ore_status ore_max_pool1d_init(ore_max_pool1d *p, ore_module *parent, const char *name,
                                       int64_t kernel, const ore_max_pool1d_options *options);
ORE_API ore_tensor *ore_max_pool1d_forward(const ore_max_pool1d *p, ore_tensor *x);

typedef struct ore_max_pool2d {
    ore_module module;
    ore_pair kernel;
    ore_max_pool2d_options options;
} ore_max_pool2d;
ORE_API ore_status ore_max_pool2d_init(ore_max_pool2d *p, ore_module *parent, const char *name,
                                       ore_pair kernel, const ore_max_pool2d_options *options);
ORE_API ore_tensor *ore_max_pool2d_forward(const ore_max_pool2d *p, ore_tensor *x);

typedef struct ore_avg_pool1d {
    ore_module module;
    int64_t kernel;
    ore_avg_pool1d_options options;
} ore_avg_pool1d;
ORE_API ore_status ore_avg_pool1d_init(ore_avg_pool1d *p, ore_module *parent, const char *name,
                                       int64_t kernel, const ore_avg_pool1d_options *options);
ORE_API ore_tensor *ore_avg_pool1d_forward(const ore_avg_pool1d *p, ore_tensor *x);

typedef struct ore_avg_pool2d {
    ore_module module;
    ore_pair kernel;
    ore_avg_pool2d_options options;
} ore_avg_pool2d;
ORE_API ore_status ore_avg_pool2d_init(ore_avg_pool2d *p, ore_module *parent, const char *name,
                                       ore_pair kernel, const ore_avg_pool2d_options *options);
ORE_API ore_tensor *ore_avg_pool2d_forward(const ore_avg_pool2d *p, ore_tensor *x);

/* Adaptive pooling; 1-d layers take output.w alone. */
typedef struct ore_adaptive_pool {
    ore_module module;
    ore_pair output;
} ore_adaptive_pool;
ORE_API ore_status ore_adaptive_avg_pool1d_init(ore_adaptive_pool *p, ore_module *parent,
                                                const char *name, int64_t output);
ORE_API ore_status ore_adaptive_avg_pool2d_init(ore_adaptive_pool *p, ore_module *parent,
                                                const char *name, ore_pair output);
ORE_API ore_status ore_adaptive_max_pool1d_init(ore_adaptive_pool *p, ore_module *parent,
                                                const char *name, int64_t output);
ORE_API ore_status ore_adaptive_max_pool2d_init(ore_adaptive_pool *p, ore_module *parent,
                                                const char *name, ore_pair output);
/* Of any of the four. */
ORE_API ore_tensor *ore_adaptive_pool_forward(const ore_adaptive_pool *p, ore_tensor *x);

/* ore_upsample_nearest to `size`, or, where that has 0 dims, by scale_factor. */
typedef struct ore_upsample {
    ore_module module;
    ore_shape size;
    double scale_factor;
} ore_upsample;
ORE_API ore_status ore_upsample_init(ore_upsample *u, ore_module *parent, const char *name,
                                     ore_shape size, double scale_factor);
ORE_API ore_tensor *ore_upsample_forward(const ore_upsample *u, ore_tensor *x);

ORE_END_DECLS

#endif
