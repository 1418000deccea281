/* test_gradcheck_shape.c: gradients of scans, order, indexing, rearranging and contractions against
 * central differences, signed, in float64, at awkward shapes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/gradcheck.h>
#include <ore/ops.h>

enum { INPUTS = 3 };

typedef struct grad_case {
    const char *name;
    ore_function function;
    int n;
    ore_shape shapes[INPUTS];
} grad_case;

/* Numbers from -2 to 2, no two of which lie within 1e-4. */
static ore_tensor *leaf(ore_shape shape) {
    static uint32_t state = 2463534242u;
    ore_tensor *t = ore_empty(shape, ORE_FLOAT64);
    double *data = ore_data_mut(t);
    for (int64_t i = 0; i < ore_numel(t); i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        data[i] = (double)(state % 40) / 10 - 2 + 0.001 * (double)(i + 1);
    }
    return ore_set_requires_grad(t, true);
}

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

#define FUNCTION(name, result)                                                                     \
    static ore_tensor *name(void *user, ore_tensor **in, int n) {                                  \
        (void)in, (void)n, (void)user;                                                             \
        return result;                                                                             \
    }
#define INTEGERS(shape, ...) integers(shape, (int64_t[]){__VA_ARGS__})

/* in[0] with zeros in its second row */
static ore_tensor *with_zeros(ore_tensor *x) {
    return ore_masked_fill(
        x, ore_to(ore_from_data((int64_t[]){0, 1, 0}, ORE_SHAPE(3, 1), ORE_INT64), ORE_BOOL), 0);
}

FUNCTION(cumsum, ore_cumsum(in[0], 1))
FUNCTION(cumsum_last, ore_cumsum(ore_transpose(in[0], 0, 1), -1))
FUNCTION(cumprod, ore_cumprod(in[0], 1))
FUNCTION(cumprod_zeros, ore_cumprod(with_zeros(in[0]), 0))
FUNCTION(prod_all, ore_prod(in[0], ORE_ALL, false))
FUNCTION(prod_zeros, ore_prod(with_zeros(in[0]), ORE_DIMS(1), false))
FUNCTION(prod_dims, ore_prod(in[0], ORE_DIMS(0, -1), true))
FUNCTION(logsumexp, ore_logsumexp(in[0], ORE_DIMS(0, 2), false))
FUNCTION(logsumexp_all, ore_logsumexp(in[0], ORE_ALL, true))
FUNCTION(norm_two, ore_norm(in[0], 2, ORE_DIMS(1), false))
FUNCTION(norm_one, ore_norm(in[0], 1, ORE_ALL, false))
FUNCTION(norm_three, ore_norm(in[0], 3, ORE_DIMS(0, 2), true))
FUNCTION(norm_half, ore_norm(in[0], 0.5, ORE_DIMS(-1), false))
FUNCTION(norm_infinite, ore_norm(in[0], INFINITY, ORE_DIMS(-1), false))
FUNCTION(norm_least, ore_norm(in[0], -INFINITY, ORE_DIMS(-1), true))
FUNCTION(normalize, ore_f_normalize(in[0], 2, 1, 1e-12))

FUNCTION(sort, ore_sort(in[0], 1, false, NULL))
FUNCTION(sort_last, ore_sort(in[0], -1, true, NULL))
FUNCTION(topk, ore_topk(in[0], 2, 1, true, NULL))
FUNCTION(topk_least, ore_topk(in[0], 3, -1, false, NULL))
FUNCTION(median, ore_median(in[0], -1, true, NULL))
FUNCTION(median_all, ore_median_all(in[0]))
FUNCTION(quantile,
         ore_quantile(in[0], ore_from_data((double[]){0.1, 0.5, 0.9}, ORE_SHAPE(3), ORE_FLOAT64), 1,
                      true))
FUNCTION(quantile_one, ore_quantile(in[0], ore_scalar(0.3, ORE_FLOAT64), 0, false))

static ore_tensor *pair(ore_tensor *x) {
    return ore_index(
        x, (ore_tensor *[]){INTEGERS(ORE_SHAPE(2, 2), 0, -1, 1, 1), INTEGERS(ORE_SHAPE(2), 2, -3)},
        2);
}

static ore_tensor *apart(ore_tensor *x) {
    return ore_index(
        x, (ore_tensor *[]){INTEGERS(ORE_SHAPE(3), 0, -1, 0), NULL, INTEGERS(ORE_SHAPE(1), 3)}, 3);
}

static ore_tensor *inner(ore_tensor *x) {
    return ore_index(x, (ore_tensor *[]){NULL, INTEGERS(ORE_SHAPE(2, 2), 0, 2, 2, 1)}, 2);
}

static ore_tensor *by_mask(ore_tensor *x) {
    ore_tensor *mask = ore_tril(ore_ones(ORE_SHAPE(2, 3), ORE_BOOL), 0);
    return ore_index(x, &mask, 1);
}

static ore_tensor *put(ore_tensor *x, ore_tensor *values, bool accumulate) {
    ore_tensor *index[] = {INTEGERS(ORE_SHAPE(2), 0, -1), NULL, INTEGERS(ORE_SHAPE(2), 3, 1)};
    if (accumulate)
        index[0] = INTEGERS(ORE_SHAPE(2), 0, 0);
    return ore_index_put(x, index, 3, values, accumulate);
}

static ore_tensor *put_in_place(ore_tensor *x, ore_tensor *values) {
    ore_tensor *y = ore_mul_scalar(x, 2), *index = INTEGERS(ORE_SHAPE(1), 1);
    return ore_mul(ore_index_put_(y, &index, 1, values, false), x);
}

static ore_tensor *some_places(void) {
    return INTEGERS(ORE_SHAPE(2, 3), 0, 3, 1, 2, 0, 1);
}

FUNCTION(index_pair, pair(in[0]))
FUNCTION(index_apart, apart(in[0]))
FUNCTION(index_inner, inner(in[0]))
FUNCTION(index_mask, by_mask(in[0]))
FUNCTION(index_put, put(in[0], in[1], false))
FUNCTION(index_put_add, put(in[0], in[1], true))
FUNCTION(index_put_here, put_in_place(in[0], in[1]))
FUNCTION(index_add, ore_index_add(in[0], 1, INTEGERS(ORE_SHAPE(3), 0, 2, 0), in[1]))
FUNCTION(scatter, ore_scatter(in[0], -1, some_places(), in[1]))
FUNCTION(scatter_value, ore_scatter_value(in[0], -1, some_places(), 2))
FUNCTION(scatter_add, ore_scatter_add(in[0], -1, some_places(), in[1]))
FUNCTION(masked_select, ore_masked_select(in[0], ore_triu(ore_ones(ORE_SHAPE(3, 4), ORE_BOOL), 1)))

FUNCTION(repeat, ore_repeat(in[0], ORE_SHAPE(2, 3, 1, 2)))
FUNCTION(repeat_interleave, ore_repeat_interleave(in[0], 3, 1))
FUNCTION(repeat_each, ore_repeat_interleave_each(in[0], INTEGERS(ORE_SHAPE(3), 2, 0, 3), -2))
FUNCTION(roll, ore_roll(in[0], (int64_t[]){2, -1}, ORE_DIMS(0, 2)))
FUNCTION(roll_all, ore_roll(in[0], (int64_t[]){5}, ORE_ALL))
FUNCTION(flip, ore_flip(in[0], ORE_DIMS(0, -1)))
FUNCTION(unfold, ore_unfold(in[0], -1, 3, 1))
FUNCTION(unfold_steps, ore_unfold(in[0], 1, 2, 2))
FUNCTION(pad, ore_pad(in[0], (int64_t[]){1, -1, 2, 0}, 4, ORE_PAD_CONSTANT, 0.5))
FUNCTION(pad_reflect, ore_pad(in[0], (int64_t[]){2, 1, 1, 2}, 4, ORE_PAD_REFLECT, 0))
FUNCTION(pad_replicate, ore_pad(in[0], (int64_t[]){4, 1}, 2, ORE_PAD_REPLICATE, 0))
FUNCTION(pad_circular, ore_pad(in[0], (int64_t[]){4, 1}, 2, ORE_PAD_CIRCULAR, 0))
FUNCTION(diagonal, ore_diagonal(in[0], 1, -2, -1))
FUNCTION(diagonal_below, ore_diagonal(in[0], -1, 0, 1))
FUNCTION(diag_matrix, ore_diag(in[0], -1))
FUNCTION(diag_of, ore_diag(in[0], 1))

static ore_tensor *unbind(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_tensor *parts[3];
    if (ore_unbind(in[0], 1, parts, 3) != 3)
        return NULL;
    return ore_sub(ore_mul(parts[0], parts[2]), parts[1]);
}

static ore_tensor *meshgrid(void *user, ore_tensor **in, int n) {
    (void)user;
    ore_tensor *grids[3];
    if (ore_meshgrid(in, n, "xy", grids) != ORE_OK)
        return NULL;
    return ore_mul(ore_mul(grids[0], grids[1]), grids[2]);
}

FUNCTION(product, ore_einsum("ij,jk->ik", in, n))
FUNCTION(batched, ore_einsum("bhid,bhjd->bhij", in, n))
FUNCTION(diagonals, ore_einsum("iij,jk->ki", in, n))
FUNCTION(summed, ore_einsum("ij,jk->", in, n))
FUNCTION(implied, ore_einsum("ba, bc", in, n))
FUNCTION(chain, ore_einsum("ij,jk,kl->il", in, n))
FUNCTION(trace, ore_einsum("ii", in, n))
FUNCTION(elementwise, ore_einsum("ij,ij->ij", in, n))
FUNCTION(tensordot, ore_tensordot(in[0], in[1], ORE_DIMS(2, 0), ORE_DIMS(0, -1)))
FUNCTION(tensordot_none, ore_tensordot(in[0], in[1], ORE_ALL, ORE_ALL))
FUNCTION(outer, ore_outer(in[0], in[1]))
FUNCTION(dot, ore_dot(in[0], in[1]))
FUNCTION(mv, ore_mv(in[0], in[1]))
FUNCTION(bmm, ore_bmm(in[0], in[1]))
FUNCTION(addmm, ore_addmm(in[0], in[1], in[2], 0.5, -2))

#define ONE(...)                                                                                   \
    1, {                                                                                           \
        __VA_ARGS__                                                                                \
    }
#define TWO(...)                                                                                   \
    2, {                                                                                           \
        __VA_ARGS__                                                                                \
    }
#define THREE(...)                                                                                 \
    3, {                                                                                           \
        __VA_ARGS__                                                                                \
    }
#define S(...) ORE_SHAPE(__VA_ARGS__)

static const grad_case cases[] = {
    {"cumsum", cumsum, ONE(S(2, 3, 4))},
    {"cumsum, strided", cumsum_last, ONE(S(3, 4))},
    {"cumsum, empty", cumsum, ONE(S(2, 0))},
    {"cumprod", cumprod, ONE(S(2, 3, 4))},
    {"cumprod, zeros", cumprod_zeros, ONE(S(3, 4))},
    {"prod", prod_all, ONE(S(2, 3))},
    {"prod, 0-d", prod_all, ONE(ORE_SCALAR)},
    {"prod, empty", prod_all, ONE(S(0, 2))},
    {"prod, zeros", prod_zeros, ONE(S(3, 4))},
    {"prod, dims", prod_dims, ONE(S(2, 3, 4))},
    {"logsumexp", logsumexp, ONE(S(2, 3, 4))},
    {"logsumexp, all", logsumexp_all, ONE(S(2, 3))},
    {"norm 2", norm_two, ONE(S(2, 3, 4))},
    {"norm 1", norm_one, ONE(S(2, 3))},
    {"norm 3", norm_three, ONE(S(2, 3, 4))},
    {"norm 0.5", norm_half, ONE(S(2, 3))},
    {"norm inf", norm_infinite, ONE(S(2, 3))},
    {"norm -inf", norm_least, ONE(S(2, 3))},
    {"normalize", normalize, ONE(S(2, 3))},
    {"sort", sort, ONE(S(2, 5, 3))},
    {"sort, descending", sort_last, ONE(S(2, 7))},
    {"topk", topk, ONE(S(2, 3, 4))},
    {"topk, least", topk_least, ONE(S(2, 5))},
    {"median", median, ONE(S(2, 4))},
    {"median, all", median_all, ONE(S(3, 3))},
    {"quantile", quantile, ONE(S(2, 5, 3))},
    {"quantile, one", quantile_one, ONE(S(4, 3))},
    {"index, pair", index_pair, ONE(S(2, 3, 4))},
    {"index, apart", index_apart, ONE(S(2, 3, 4))},
    {"index, inner", index_inner, ONE(S(2, 3, 4))},
    {"index, mask", index_mask, ONE(S(2, 3, 2))},
    {"index_put", index_put, TWO(S(2, 3, 4), S(2, 1))},
    {"index_put, accumulate", index_put_add, TWO(S(2, 3, 4), S(2, 3))},
    {"index_put_", index_put_here, TWO(S(3, 2), S(2))},
    {"index_add", index_add, TWO(S(2, 3, 2), S(2, 3, 2))},
    {"scatter", scatter, TWO(S(2, 4), S(2, 3))},
    {"scatter, larger source", scatter, TWO(S(3, 4), S(2, 5))},
    {"scatter, value", scatter_value, ONE(S(2, 4))},
    {"scatter_add", scatter_add, TWO(S(3, 4), S(3, 3))},
    {"masked_select", masked_select, ONE(S(2, 1, 4))},
    {"repeat", repeat, ONE(S(2, 3, 2))},
    {"repeat_interleave", repeat_interleave, ONE(S(2, 3, 2))},
    {"repeat_interleave, each", repeat_each, ONE(S(3, 2))},
    {"roll", roll, ONE(S(3, 1, 4))},
    {"roll, all", roll_all, ONE(S(3, 4))},
    {"flip", flip, ONE(S(3, 2, 4))},
    {"unfold", unfold, ONE(S(2, 6))},
    {"unfold, steps", unfold_steps, ONE(S(2, 5, 3))},
    {"unbind", unbind, ONE(S(2, 3))},
    {"meshgrid", meshgrid, THREE(S(2), S(3), S(4))},
    {"pad", pad, ONE(S(2, 3))},
    {"pad, reflect", pad_reflect, ONE(S(3, 4))},
    {"pad, replicate", pad_replicate, ONE(S(2, 3))},
    {"pad, circular", pad_circular, ONE(S(2, 4))},
    {"diagonal", diagonal, ONE(S(2, 3, 4))},
    {"diagonal, below", diagonal_below, ONE(S(3, 4, 2))},
    {"diag, matrix", diag_matrix, ONE(S(3))},
    {"diag", diag_of, ONE(S(3, 4))},
    {"einsum, product", product, TWO(S(2, 3), S(3, 4))},
    {"einsum, size 1", product, TWO(S(2, 1), S(3, 4))},
    {"einsum, batched", batched, TWO(S(2, 1, 3, 2), S(2, 1, 4, 2))},
    {"einsum, diagonal", diagonals, TWO(S(3, 3, 2), S(2, 2))},
    {"einsum, sum", summed, TWO(S(2, 3), S(3, 2))},
    {"einsum, implied", implied, TWO(S(2, 3), S(2, 2))},
    {"einsum, chain", chain, THREE(S(2, 3), S(3, 2), S(2, 4))},
    {"einsum, trace", trace, ONE(S(3, 3))},
    {"einsum, elementwise", elementwise, TWO(S(2, 3), S(2, 3))},
    {"tensordot", tensordot, TWO(S(2, 3, 4), S(4, 2, 2))},
    {"tensordot, none", tensordot_none, TWO(S(2), S(3, 2))},
    {"outer", outer, TWO(S(2), S(3))},
    {"dot", dot, TWO(S(3), S(3))},
    {"mv", mv, TWO(S(2, 3), S(3))},
    {"bmm", bmm, TWO(S(2, 3, 2), S(2, 2, 4))},
    {"addmm", addmm, THREE(S(4), S(2, 3), S(3, 4))},
};

static void every_gradient_agrees(void **state) {
    (void)state;
    int failures = 0, n = (int)(sizeof cases / sizeof *cases);
    for (int i = 0; i < n; i++) {
        ore_tensor *in[INPUTS];
        ore_scope_begin();
        for (int j = 0; j < cases[i].n; j++)
            in[j] = leaf(cases[i].shapes[j]);
        if (ore_gradcheck(cases[i].function, NULL, in, cases[i].n, NULL) != ORE_OK) {
            print_error("%s: %s\n", cases[i].name, ore_error_message());
            ore_error_clear();
            failures++;
        }
        ore_scope_end();
    }
    print_message("gradients: %d of %d functions agree\n", n - failures, n);
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
