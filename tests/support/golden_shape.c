/* golden_shape.c: the ops of golden/ops.json that fold, sort, index, rearrange and contract. */
#include <string.h>

#include "support/golden_table.h"

/* ---- reductions and order ---- */

static ore_tensor *prod(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_prod(in[0], dims_of(args, "dim"), false);
}

static ore_tensor *logsumexp(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_logsumexp(in[0], dims_of(args, "dim"), false);
}

static ore_tensor *norm(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_norm(in[0], real(args, "p", 2), dims_of(args, "dim"), false);
}

static ore_tensor *normalize(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_f_normalize(in[0], real(args, "p", 2), dim_of(args), real(args, "eps", 0));
}

static ore_tensor *cumsum(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_cumsum(in[0], dim_of(args));
}

static ore_tensor *cumprod(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_cumprod(in[0], dim_of(args));
}

static int sort(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    out[0] = ore_sort(in[0], dim_of(args), integer(args, "descending", 0), &out[1]);
    return 2;
}

static ore_tensor *argsort(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_argsort(in[0], dim_of(args), false);
}

static int topk(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    out[0] =
        ore_topk(in[0], integer(args, "k", 0), dim_of(args), integer(args, "largest", 1), &out[1]);
    return 2;
}

static int median(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    out[0] = ore_median(in[0], dim_of(args), false, &out[1]);
    return 2;
}

/* ---- indexing ---- */

static ore_tensor *scatter(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_scatter(in[0], dim_of(args), in[1], in[2]);
}

static ore_tensor *scatter_add(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_scatter_add(in[0], dim_of(args), in[1], in[2]);
}

static ore_tensor *index_add(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_index_add(in[0], dim_of(args), in[1], in[2]);
}

static ore_tensor *index_any(const json_t *args, ore_tensor **in, int n) {
    (void)args;
    return ore_index(in[0], in + 1, n - 1);
}

static ore_tensor *index_put(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_index_put(in[0], in + 1, 2, in[3], true);
}

static ore_tensor *masked_select(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_masked_select(in[0], ore_to(in[1], ORE_BOOL));
}

static ore_tensor *one_hot(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_one_hot(in[0], integer(args, "classes", -1));
}

/* ---- rearranging ---- */

static ore_tensor *repeat(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    ore_dims list = dims_of(args, "repeats");
    ore_shape repeats = {.ndim = list.n};
    for (int d = 0; d < list.n; d++)
        repeats.dim[d] = list.dim[d];
    return ore_repeat(in[0], repeats);
}

static ore_tensor *repeat_interleave(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_repeat_interleave(in[0], integer(args, "repeats", 1), dim_of(args));
}

static ore_tensor *flip(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_flip(in[0], dims_of(args, "dims"));
}

static ore_tensor *roll(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    int64_t shift = integer(args, "shifts", 0);
    return ore_roll(in[0], &shift, ORE_DIMS(dim_of(args)));
}

static int unbind(const json_t *args, ore_tensor **in, int n, ore_tensor **out) {
    (void)n;
    return ore_unbind(in[0], dim_of(args), out, GOLDEN_TENSORS);
}

static ore_tensor *pad(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    ore_dims list = dims_of(args, "pad");
    int64_t sizes[ORE_MAX_DIMS];
    for (int i = 0; i < list.n; i++)
        sizes[i] = list.dim[i];
    return ore_pad(in[0], sizes, list.n, ORE_PAD_CONSTANT, real(args, "value", 0));
}

static ore_tensor *diagonal(const json_t *args, ore_tensor **in, int n) {
    (void)args, (void)n;
    return ore_diagonal(in[0], 0, 0, 1);
}

/* ---- products ---- */

static ore_tensor *addmm(const json_t *args, ore_tensor **in, int n) {
    (void)n;
    return ore_addmm(in[0], in[1], in[2], real(args, "beta", 1), real(args, "alpha", 1));
}

static ore_tensor *einsum(const json_t *args, ore_tensor **in, int n) {
    return ore_einsum(json_string_value(json_object_get(args, "equation")), in, n);
}

static const golden_op ops[] = {
    {.name = "prod", .single = prod},
    {.name = "logsumexp", .single = logsumexp},
    {.name = "norm", .single = norm},
    {.name = "normalize", .single = normalize},
    {.name = "cumsum", .single = cumsum},
    {.name = "cumprod", .single = cumprod},
    {.name = "sort", .many = sort},
    {.name = "argsort", .single = argsort},
    {.name = "topk", .many = topk},
    {.name = "median", .many = median},
    {.name = "scatter", .single = scatter},
    {.name = "scatter_add", .single = scatter_add},
    {.name = "index_add", .single = index_add},
    {.name = "index", .single = index_any},
    {.name = "index2", .single = index_any},
    {.name = "index_put_accumulate", .single = index_put},
    {.name = "masked_select", .single = masked_select},
    {.name = "one_hot", .single = one_hot},
    {.name = "repeat", .single = repeat},
    {.name = "repeat_interleave", .single = repeat_interleave},
    {.name = "flip", .single = flip},
    {.name = "roll", .single = roll},
    {.name = "unbind", .many = unbind},
    {.name = "pad", .single = pad},
    {.name = "diagonal", .single = diagonal},
    {.name = "outer", .two = ore_outer},
    {.name = "addmm", .single = addmm},
    {.name = "einsum", .single = einsum},
};

const golden_op *golden_find_shape(const char *name) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}
