/* golden_ops.c: the table from op names of golden/ops.json to functions of Ore. */
#include <math.h>
#include <string.h>

#include "support/golden_table.h"

/* ---- arguments ---- */

static bool keepdim_of(const json_t *args) {
    return integer(args, "keepdim", 0) != 0;
}

static ore_shape shape_of(const json_t *args) {
    ore_dims dims = dims_of(args, "shape");
    ore_shape shape = {.ndim = dims.n};
    for (int d = 0; d < dims.n; d++)
        shape.dim[d] = dims.dim[d];
    return shape;
}

/* ---- elementwise ---- */

/* The case with one input is x x + x: gradients add up. */
static ore_tensor *mul(const json_t *args, ore_tensor **in, int n) {
    (void)args;
    return n > 1 ? ore_mul(in[0], in[1]) : ore_add(ore_mul(in[0], in[0]), in[0]);
}

static ore_tensor *pow_scalar(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_pow_scalar(in[0], real(args, "exponent", NAN));
}

static ore_tensor *clamp(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_clamp(in[0], -0.75, 1.25);
}

static ore_tensor *masked_fill(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_masked_fill(in[0], ore_to(in[1], ORE_BOOL), real(args, "value", 0));
}

static ore_tensor *where(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_where(ore_to(in[0], ORE_BOOL), in[1], in[2]);
}

static ore_tensor *dropout(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_f_dropout(in[0], real(args, "p", 0), integer(args, "training", 1) != 0, NULL);
}

/* ---- reductions ---- */

static ore_tensor *sum(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_sum(in[0], dims_of(args, "dim"), keepdim_of(args));
}

static ore_tensor *mean(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_mean(in[0], dims_of(args, "dim"), keepdim_of(args));
}

static ore_tensor *var(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_var(in[0], dims_of(args, "dim"), integer(args, "unbiased", 1), keepdim_of(args));
}

static ore_tensor *std(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_std(in[0], dims_of(args, "dim"), integer(args, "unbiased", 1), keepdim_of(args));
}

static ore_tensor *amax(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_amax(in[0], dims_of(args, "dim"), keepdim_of(args));
}

static int max_dim(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    out[0] = ore_max_dim(in[0], dim_of(args), keepdim_of(args), &out[1]);
    return 2;
}

static int min_dim(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    out[0] = ore_min_dim(in[0], dim_of(args), keepdim_of(args), &out[1]);
    return 2;
}

static ore_tensor *argmax(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return json_object_get(args, "dim") ? ore_argmax(in[0], dim_of(args), false)
                                        : ore_argmax_all(in[0]);
}

static ore_tensor *argmin(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return json_object_get(args, "dim") ? ore_argmin(in[0], dim_of(args), false)
                                        : ore_argmin_all(in[0]);
}

/* ---- products, softmax, norms, losses ---- */

static ore_tensor *matmul_at_b(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_matmul(ore_t(in[0]), in[1]);
}

static ore_tensor *linear(const json_t *args, ore_tensor **in, int n) {
    (void)args;
    return ore_f_linear(in[0], in[1], n > 2 ? in[2] : NULL);
}

static ore_tensor *softmax(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_softmax(in[0], dim_of(args));
}

static ore_tensor *log_softmax(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_log_softmax(in[0], dim_of(args));
}

static ore_tensor *layer_norm(const json_t *args, ore_tensor **in, int n) {
    ore_shape x = ore_shape_of(in[0]), normalized = {.ndim = (int)integer(args, "dims", 1)};
    for (int d = 0; d < normalized.ndim; d++)
        normalized.dim[d] = x.dim[x.ndim - normalized.ndim + d];
    return ore_f_layer_norm(in[0], normalized, n > 1 ? in[1] : NULL, n > 2 ? in[2] : NULL,
                            real(args, "eps", 1e-5));
}

static ore_tensor *rms_norm(const json_t *args, ore_tensor **in, int n) {
    return ore_f_rms_norm(in[0], ORE_SHAPE(ore_size(in[0], -1)), n > 1 ? in[1] : NULL,
                          real(args, "eps", 1e-5));
}

static ore_tensor *group_norm(const json_t *args, ore_tensor **in, int n) {
    return ore_f_group_norm(in[0], integer(args, "groups", 1), n > 1 ? in[1] : NULL,
                            n > 2 ? in[2] : NULL, real(args, "eps", 1e-5));
}

/* The running values are outputs too. */
static int batch_norm(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    out[0] = ore_batch_norm(in[0], in[3], in[4], in[1], in[2], integer(args, "training", 0),
                            real(args, "momentum", 0.1), real(args, "eps", 1e-5));
    out[1] = in[3];
    out[2] = in[4];
    return out[0] ? 3 : 0;
}

static ore_tensor *cross_entropy_with(const json_t *args, ore_tensor *x, ore_tensor *target,
                                      ore_tensor *weight) {
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    const char *reduction = json_string_value(json_object_get(args, "reduction"));
    o.reduction = strcmp(reduction, "mean") == 0  ? ORE_MEAN
                  : strcmp(reduction, "sum") == 0 ? ORE_SUM
                                                  : ORE_NONE;
    o.ignore_index = integer(args, "ignore_index", -100);
    o.label_smoothing = real(args, "label_smoothing", 0);
    o.weight = weight;
    return ore_cross_entropy(x, target, &o);
}

/* A case with 3-d logits has the classes last, and views both flat. */
static ore_tensor *cross_entropy(const json_t *args, ore_tensor **in, int n) {
    ore_tensor *x = in[0], *target = in[1];
    if (ore_ndim(x) == 3) {
        x = ore_view(x, ORE_SHAPE(-1, ore_size(x, -1)));
        target = ore_view(target, ORE_SHAPE(-1));
    }
    return cross_entropy_with(args, x, target, n > 2 ? in[2] : NULL);
}

static ore_tensor *cross_entropy_nd(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return cross_entropy_with(args, in[0], in[1], NULL);
}

/* ---- indexing ---- */

static ore_tensor *embedding(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_f_embedding(in[0], in[1], integer(args, "padding_idx", -1));
}

static ore_tensor *gather(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_gather(in[0], dim_of(args), in[1]);
}

static ore_tensor *index_select(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_index_select(in[0], dim_of(args), in[1]);
}

/* ---- shapes ---- */

static ore_tensor *cat(const json_t *args, ore_tensor **in, int n) {
    return ore_cat(in, n, dim_of(args));
}

static ore_tensor *stack(const json_t *args, ore_tensor **in, int n) {
    return ore_stack(in, n, dim_of(args));
}

static int split(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    ore_dims list = dims_of(args, "sizes");
    int64_t sizes[ORE_MAX_DIMS];
    for (int i = 0; i < list.n; i++)
        sizes[i] = list.dim[i];
    return ore_split_sizes(in[0], sizes, list.n, dim_of(args), out) == ORE_OK ? list.n : -1;
}

static int chunk(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    return ore_chunk(in[0], (int)integer(args, "chunks", 0), dim_of(args), out, GOLDEN_TENSORS);
}

static ore_tensor *transpose_view(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_reshape(ore_transpose(in[0], 1, 2), ORE_SHAPE(2, -1));
}

static ore_tensor *permute(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_permute(in[0], dims_of(args, "dims"));
}

static ore_tensor *view(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_view(in[0], shape_of(args));
}

static ore_tensor *expand(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_expand(in[0], shape_of(args));
}

static ore_tensor *slice(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_slice(in[0], dim_of(args), integer(args, "start", 0), integer(args, "stop", 0),
                     integer(args, "step", 1));
}

/* x[..., None, 1] */
static ore_tensor *index_mixed(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_select(ore_unsqueeze(in[0], 2), -1, 1);
}

static ore_tensor *tril(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_tril(in[0], integer(args, "diagonal", 0));
}

static ore_tensor *triu(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_triu(in[0], integer(args, "diagonal", 0));
}

static int linspace(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)args, (void)in, (void)n;
    out[0] = ore_arange(2, 12, 3, ORE_INT64);
    out[1] = ore_linspace(-3, 0, 7, ORE_FLOAT64);
    return 2;
}

/* ---- compositions ---- */

static ore_tensor *attention(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    ore_attention_options o = ore_attention_defaults();
    o.causal = integer(args, "causal", 0) != 0;
    return ore_attention(in[0], in[1], in[2], &o);
}

/* Causal self-attention of x (B, T, C) with its joint query, key and value weight (3 C, C). */
static ore_tensor *self_attention(ore_tensor *x, int64_t heads, ore_tensor **w) {
    int64_t B = ore_size(x, 0), T = ore_size(x, 1), C = ore_size(x, 2);
    ore_tensor *qkv[3];
    if (ore_split(ore_f_linear(x, w[0], w[1]), C, -1, qkv, 3) != 3)
        return NULL;
    for (int i = 0; i < 3; i++)
        qkv[i] = ore_transpose(ore_reshape(qkv[i], ORE_SHAPE(B, T, heads, C / heads)), 1, 2);
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    ore_tensor *y = ore_attention(qkv[0], qkv[1], qkv[2], &o);
    return ore_f_linear(ore_reshape(ore_transpose(y, 1, 2), ORE_SHAPE(B, T, C)), w[2], w[3]);
}

static ore_tensor *mha(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return self_attention(in[0], integer(args, "heads", 1), in + 1);
}

static ore_tensor *gpt_block(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    ore_tensor *x = in[0];
    ore_shape C = ORE_SHAPE(ore_size(x, -1));
    ore_tensor *y = ore_f_layer_norm(x, C, in[1], in[2], 1e-5);
    x = ore_add(x, self_attention(y, integer(args, "heads", 1), in + 3));
    y = ore_f_linear(ore_f_layer_norm(x, C, in[7], in[8], 1e-5), in[9], in[10]);
    return ore_add(x, ore_f_linear(ore_gelu(y), in[11], in[12]));
}

static ore_tensor *lecture_mlp_bn(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    ore_tensor *h = ore_matmul(in[0], in[1]);
    ore_tensor *centred = ore_sub(h, ore_mean(h, ORE_DIMS(0), true));
    h = ore_div(ore_mul(in[2], centred), ore_std(h, ORE_DIMS(0), 1, true));
    h = ore_tanh(ore_add(h, in[3]));
    return ore_cross_entropy(ore_add(ore_matmul(h, in[4]), in[5]), in[6], NULL);
}

static ore_tensor *lecture_bigram(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    ore_tensor *loss = ore_cross_entropy(ore_index_select(in[0], 0, in[1]), in[2], NULL);
    return ore_add(loss, ore_mul_scalar(ore_mean(ore_square(in[0]), ORE_ALL, false), 0.01));
}

/* ---- the table ---- */

static const golden_op ops[] = {
    {.name = "add", .two = ore_add},
    {.name = "sub", .two = ore_sub},
    {.name = "mul", .single = mul},
    {.name = "div", .two = ore_div},
    {.name = "maximum", .two = ore_maximum},
    {.name = "minimum", .two = ore_minimum},
    {.name = "pow", .two = ore_pow},
    {.name = "pow_scalar", .single = pow_scalar},
    {.name = "neg", .one = ore_neg},
    {.name = "abs", .one = ore_abs},
    {.name = "exp", .one = ore_exp},
    {.name = "log", .one = ore_log},
    {.name = "sqrt", .one = ore_sqrt},
    {.name = "square", .one = ore_square},
    {.name = "tanh", .one = ore_tanh},
    {.name = "sigmoid", .one = ore_sigmoid},
    {.name = "relu", .one = ore_relu},
    {.name = "gelu", .one = ore_gelu},
    {.name = "gelu_tanh", .one = ore_gelu_tanh},
    {.name = "clamp", .single = clamp},
    {.name = "gt", .two = ore_gt},
    {.name = "le", .two = ore_le},
    {.name = "eq", .two = ore_eq},
    {.name = "ne", .two = ore_ne},
    {.name = "where", .single = where},
    {.name = "masked_fill", .single = masked_fill},
    {.name = "dropout", .single = dropout},
    {.name = "sum", .single = sum},
    {.name = "mean", .single = mean},
    {.name = "var", .single = var},
    {.name = "std", .single = std},
    {.name = "max", .single = amax},
    {.name = "amax", .single = amax},
    {.name = "max_dim", .many = max_dim},
    {.name = "min_dim", .many = min_dim},
    {.name = "argmax", .single = argmax},
    {.name = "argmin", .single = argmin},
    {.name = "matmul", .two = ore_matmul},
    {.name = "matmul_at_b", .single = matmul_at_b},
    {.name = "linear", .single = linear},
    {.name = "softmax", .single = softmax},
    {.name = "log_softmax", .single = log_softmax},
    {.name = "layer_norm", .single = layer_norm},
    {.name = "rms_norm", .single = rms_norm},
    {.name = "group_norm", .single = group_norm},
    {.name = "batch_norm", .many = batch_norm},
    {.name = "cross_entropy", .single = cross_entropy},
    {.name = "cross_entropy_nd", .single = cross_entropy_nd},
    {.name = "embedding", .single = embedding},
    {.name = "gather", .single = gather},
    {.name = "index_select", .single = index_select},
    {.name = "cat", .single = cat},
    {.name = "stack", .single = stack},
    {.name = "split", .many = split},
    {.name = "chunk", .many = chunk},
    {.name = "transpose_view", .single = transpose_view},
    {.name = "permute", .single = permute},
    {.name = "view", .single = view},
    {.name = "expand", .single = expand},
    {.name = "slice", .single = slice},
    {.name = "index_mixed", .single = index_mixed},
    {.name = "tril", .single = tril},
    {.name = "triu", .single = triu},
    {.name = "linspace", .many = linspace},
    {.name = "attention", .single = attention},
    {.name = "mha", .single = mha},
    {.name = "gpt_block", .single = gpt_block},
    {.name = "lecture_mlp_bn", .single = lecture_mlp_bn},
    {.name = "lecture_bigram", .single = lecture_bigram},
};

/* Named one by one, so that an op which is in neither list is found. Optimizers and schedules have
 * a test of their own. */
static const char *const elsewhere[] = {
    "optim",
    "sched",
    "clip_grad_norm",
};

const golden_op *golden_find(const char *name) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    const golden_op *op = golden_find_shape(name);
    if (!op)
        op = golden_find_math(name);
    if (!op)
        op = golden_find_conv(name);
    return op ? op : golden_find_recurrent(name);
}

bool golden_is_elsewhere(const char *name) {
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (strcmp(elsewhere[i], name) == 0)
            return true;
    return false;
}

int golden_apply(const golden_op *op, const json_t *args, ore_tensor **in, int n,
                 ore_tensor **out) {
    if (op->many)
        return op->many(args, in, n, out);
    out[0] = op->single ? op->single(args, in, n)
             : op->two  ? op->two(in[0], in[1])
                        : op->one(in[0]);
    return out[0] ? 1 : 0;
}
