/* test_ranges.c: large numbers beside small ones, on the level in force: constants added to logits,
 * and values whose squares float32 does not hold. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/optim.h>

#include "support/numbers.h"

/* ---- a constant added to logits changes nothing ---- */

/* Logits are quarters below 4 and constants whole numbers up to 2^21, so that float32 holds every
 * sum. */

static const double constants[] = {1, -4096, 1048576, -2097120};
enum { CONSTANTS = sizeof constants / sizeof *constants };

static int64_t whole_below(int64_t limit) {
    return (int64_t)(next_number() * (double)limit);
}

static ore_tensor *quarters(ore_shape shape) {
    float *x = malloc((size_t)ore_shape_numel(shape) * sizeof *x);
    for (int64_t i = 0; i < ore_shape_numel(shape); i++)
        x[i] = (float)(whole_below(32) - 16) / 4;
    ore_tensor *t = ore_from_data(x, shape, ORE_FLOAT32);
    free(x);
    return t;
}

static ore_tensor *leaf(ore_tensor *t) {
    return ore_set_requires_grad(ore_clone(t), true);
}

static void assert_same(const char *what, ore_tensor *got, ore_tensor *want) {
    got = ore_contiguous(got);
    want = ore_contiguous(want);
    assert_non_null(got);
    assert_non_null(want);
    const float *a = ore_data(got), *b = ore_data(want);
    for (int64_t i = 0; i < ore_numel(want); i++)
        if (memcmp(a + i, b + i, sizeof *a) != 0)
            fail_msg("%s: element %lld of %lld is %.9g, without the constant %.9g", what,
                     (long long)i, (long long)ore_numel(want), (double)a[i], (double)b[i]);
}

/* A copy that stays when backward lets the value of y go. */
static ore_tensor *kept(ore_tensor *y) {
    return ore_clone(ore_detach(y));
}

typedef ore_tensor *(*of_logits)(ore_tensor *x, const void *more);

/* f of x + constant, unless that shows in it, and what comes back from its elements weighed by
 * quarters. */
static void assert_unmoved(const char *what, of_logits f, ore_tensor *x, const void *more,
                           bool shows) {
    ore_tensor *plain = leaf(x), *y = f(plain, more);
    assert_non_null(y);
    ore_tensor *dy = quarters(ore_shape_of(y)), *want = kept(y);
    ore_backward(ore_sum(ore_mul(y, dy), ORE_ALL, false));
    for (int c = 0; c < CONSTANTS; c++) {
        ore_tensor *moved = leaf(ore_add_scalar(x, constants[c])), *z = f(moved, more);
        ore_tensor *got = kept(z);
        ore_backward(ore_sum(ore_mul(z, dy), ORE_ALL, false));
        if (!shows)
            assert_same(what, got, want);
        assert_same(what, ore_grad(moved), ore_grad(plain));
    }
    assert_true(ore_ok());
}

static const int64_t shapes[][2] = {{1, 1},  {1, 2},   {3, 3},    {4, 7},   {5, 16},
                                    {2, 17}, {33, 65}, {7, 1000}, {2, 9001}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static ore_tensor *softmax_of(ore_tensor *x, const void *more) {
    return ore_softmax(x, *(const int *)more);
}

static ore_tensor *log_softmax_of(ore_tensor *x, const void *more) {
    return ore_log_softmax(x, *(const int *)more);
}

static ore_tensor *logsumexp_of(ore_tensor *x, const void *more) {
    return ore_logsumexp(x, ORE_DIMS(*(const int *)more), false);
}

static void softmaxes_see_differences_alone(void **state) {
    (void)state;
    for (int s = 0; s < SHAPES; s++)
        for (int dim = 0; dim < 2; dim++) {
            ore_scope_begin();
            ore_tensor *x = quarters(ORE_SHAPE(shapes[s][0], shapes[s][1]));
            assert_unmoved("softmax", softmax_of, x, &dim, false);
            assert_unmoved("log_softmax", log_softmax_of, x, &dim, false);
            assert_unmoved("logsumexp", logsumexp_of, x, &dim, true);
            ore_scope_end();
        }
}

typedef struct loss_case {
    ore_tensor *target;
    ore_cross_entropy_options options;
} loss_case;

static ore_tensor *loss_of(ore_tensor *x, const void *more) {
    const loss_case *c = more;
    return ore_cross_entropy(x, c->target, &c->options);
}

static ore_tensor *labels_for(int64_t rows, int64_t classes, int64_t ignored) {
    int64_t *labels = malloc((size_t)rows * sizeof *labels);
    for (int64_t r = 0; r < rows; r++)
        labels[r] = r % 3 == 1 ? ignored : whole_below(classes);
    ore_tensor *t = ore_from_data(labels, ORE_SHAPE(rows), ORE_INT64);
    free(labels);
    return t;
}

/* Every mixture of reduction, smoothing, class weights and ignored labels; then targets of
 * probabilities. */
static void cross_entropy_sees_differences_alone(void **state) {
    (void)state;
    const ore_reduction reductions[] = {ORE_MEAN, ORE_SUM, ORE_NONE};
    for (int s = 0; s < SHAPES; s++)
        for (int mixture = 0; mixture < 24; mixture++) {
            ore_scope_begin();
            int64_t rows = shapes[s][0], classes = shapes[s][1];
            ore_tensor *x = quarters(ORE_SHAPE(rows, classes));
            loss_case c = {.options = ore_cross_entropy_defaults()};
            c.options.reduction = reductions[mixture % 3];
            c.options.label_smoothing = mixture / 3 % 2 ? 0.125 : 0;
            if (mixture / 6 % 2)
                c.options.weight = ore_abs(quarters(ORE_SHAPE(classes)));
            c.target = labels_for(rows, classes, mixture / 12 ? -100 : 0);
            assert_unmoved("cross_entropy", loss_of, x, &c, false);
            c.target = ore_softmax(quarters(ORE_SHAPE(rows, classes)), 1);
            assert_unmoved("cross_entropy of probabilities", loss_of, x, &c, false);
            ore_scope_end();
        }
}

/* Attention's scores get a constant from one more channel, 1 in queries and the constant in keys.
 * What keys get back is the same; queries, but in that channel. */
typedef struct heads {
    ore_tensor *q, *k, *v, *y;
} heads;

static heads attend(const heads *plain, double constant, ore_attention_options o) {
    ore_shape one = ore_shape_of(plain->q), other = ore_shape_of(plain->k);
    one.dim[3] = other.dim[3] = 1;
    heads h = {leaf(plain->q), leaf(plain->k), leaf(plain->v), NULL};
    ore_tensor *q[] = {h.q, ore_ones(one, ORE_FLOAT32)};
    ore_tensor *k[] = {h.k, ore_full(other, constant, ORE_FLOAT32)};
    ore_generator *g = ore_generator_new(7);
    o.generator = g;
    h.y = ore_attention(ore_cat(q, 2, 3), ore_cat(k, 2, 3), h.v, &o);
    ore_generator_free(g);
    return h;
}

static void attention_sees_differences_alone(void **state) {
    (void)state;
    const int64_t sizes[][4] = {/* Tq, Tk, D, Dv */
                                {1, 3, 1, 2},   {1, 200, 15, 16}, {3, 3, 3, 8},
                                {7, 97, 7, 17}, {100, 100, 4, 5}, {5, 300, 15, 33}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int how = 0; how < 4; how++) {
            ore_scope_begin();
            const int64_t *n = sizes[s];
            ore_attention_options o = ore_attention_defaults();
            o.scale = 0.5;
            o.causal = how % 2;
            o.dropout = how / 2 ? 0.25 : 0;
            heads plain = {quarters(ORE_SHAPE(2, 1, n[0], n[2])),
                           quarters(ORE_SHAPE(2, 1, n[1], n[2])),
                           quarters(ORE_SHAPE(2, 1, n[1], n[3])), NULL};
            heads want = attend(&plain, 0, o);
            ore_tensor *y = kept(want.y);
            ore_tensor *dy = quarters(ORE_SHAPE(2, 1, n[0], n[3]));
            ore_backward(ore_sum(ore_mul(want.y, dy), ORE_ALL, false));
            for (int c = 0; c < 2; c++) {
                heads got = attend(&plain, constants[c] * 16, o);
                assert_same("attention", kept(got.y), y);
                ore_backward(ore_sum(ore_mul(got.y, dy), ORE_ALL, false));
                assert_same("attention, dq", ore_grad(got.q), ore_grad(want.q));
                assert_same("attention, dk", ore_grad(got.k), ore_grad(want.k));
                assert_same("attention, dv", ore_grad(got.v), ore_grad(want.v));
            }
            assert_true(ore_ok());
            ore_scope_end();
        }
}

/* ---- numbers themselves ---- */

static void assert_values(const char *what, ore_tensor *t, int64_t n, const double *want) {
    assert_non_null(t);
    assert_int_equal(ore_numel(t), n);
    const float *got = ore_data(t);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= 1e-6 * fabs(want[i])))
            fail_msg("%s: element %lld is %.9g, expected %.9g", what, (long long)i, (double)got[i],
                     want[i]);
}

static void equal_logits_share_however_large(void **state) {
    (void)state;
    const double sizes[] = {0, 1e7, -1e8, 1e20, -3e38}, third = 1.0 / 3, log_3 = log(3);
    const int64_t label = 0;
    for (int s = 0; s < 5; s++)
        for (int smooth = 0; smooth < 2; smooth++) {
            ore_scope_begin();
            ore_tensor *x = leaf(ore_full(ORE_SHAPE(1, 3), sizes[s], ORE_FLOAT32));
            ore_cross_entropy_options o = ore_cross_entropy_defaults();
            double at_label = smooth ? 0.9 : 1, even = (1 - at_label) / 3;
            o.label_smoothing = 1 - at_label;
            ore_tensor *loss =
                ore_cross_entropy(x, ore_from_data(&label, ORE_SHAPE(1), ORE_INT64), &o);
            assert_values("loss", loss, 1, &log_3);
            ore_backward(loss);
            assert_values("its gradient", ore_grad(x), 3,
                          (double[]){third - at_label - even, third - even, third - even});
            ore_set_grad(x, NULL);
            ore_backward(ore_logsumexp(x, ORE_DIMS(1), false));
            assert_values("logsumexp's gradient", ore_grad(x), 3, (double[]){third, third, third});
            assert_values("log_softmax", ore_detach(ore_log_softmax(x, 1)), 3,
                          (double[]){-log_3, -log_3, -log_3});
            assert_true(ore_ok());
            ore_scope_end();
        }
}

/* A mean divides by the sum of the labels' weights, which float32 need not hold. */
static void classes_weigh_the_same_however_much(void **state) {
    (void)state;
    enum { ROWS = 64, CLASSES = 3 };
    ore_scope_begin();
    ore_tensor *x = quarters(ORE_SHAPE(ROWS, CLASSES)), *plain = leaf(x);
    loss_case c = {labels_for(ROWS, CLASSES, -100), ore_cross_entropy_defaults()};
    ore_backward(loss_of(plain, &c));
    const int weights[] = {-140, -20, 20, 123}; /* as powers of two */
    for (int w = 0; w < 4; w++) {
        ore_tensor *heavy = leaf(x);
        c.options.weight = ore_full(ORE_SHAPE(CLASSES), ldexp(1, weights[w]), ORE_FLOAT32);
        ore_backward(loss_of(heavy, &c));
        assert_same("cross_entropy of weighted classes", ore_grad(heavy), ore_grad(plain));
    }
    assert_true(ore_ok());
    ore_scope_end();
}

static void equal_scores_share_however_large(void **state) {
    (void)state;
    const double sizes[] = {0, 3e3, 1e10, 1e18};
    for (int s = 0; s < 4; s++) {
        ore_scope_begin();
        ore_tensor *q = leaf(ore_full(ORE_SHAPE(1, 1, 2, 4), sizes[s], ORE_FLOAT32));
        ore_tensor *k = leaf(ore_full(ORE_SHAPE(1, 1, 3, 4), sizes[s], ORE_FLOAT32));
        ore_tensor *v = leaf(ore_reshape(ore_arange(0, 3, 1, ORE_FLOAT32), ORE_SHAPE(1, 1, 3, 1)));
        ore_tensor *y = ore_attention(q, k, v, NULL);
        double third = 2.0 / 3, key = sizes[s] / 3;
        assert_values("attention", kept(y), 2, (double[]){1, 1});
        ore_backward(ore_sum(y, ORE_ALL, false));
        assert_values("dv", ore_grad(v), 3, (double[]){third, third, third});
        assert_values("dk", ore_grad(k), 12,
                      (double[]){-key, -key, -key, -key, 0, 0, 0, 0, key, key, key, key});
        assert_true(ore_ok());
        ore_scope_end();
    }
}

static void deviations_keep_their_range(void **state) {
    (void)state;
    ore_scope_begin();
    static const struct {
        float x[4], std;
    } cases[] = {{{1e20F, 2e20F, -3e20F, 4e20F}, 2.9439203e20F},
                 {{1e-23F, 2e-23F, -1e-23F, 3e-23F}, 1.7078251e-23F}};
    for (int i = 0; i < 2; i++) {
        ore_tensor *x =
            ore_set_requires_grad(ore_from_data(cases[i].x, ORE_SHAPE(4), ORE_FLOAT32), true);
        ore_tensor *y = ore_std(x, ORE_ALL, 1, false);
        assert_float_equal(ore_item(y) / (double)cases[i].std, 1, 1e-6);
        ore_backward(y);
        ore_tensor *wide = ore_set_requires_grad(ore_to(ore_detach(x), ORE_FLOAT64), true);
        ore_backward(ore_std(wide, ORE_ALL, 1, false));
        const float *got = ore_data(ore_grad(x));
        const double *expected = ore_data(ore_grad(wide));
        assert_non_null(expected);
        for (int c = 0; c < 4; c++)
            assert_float_equal(got[c], expected[c], 1e-6);
    }
    assert_true(ore_ok());
    ore_scope_end();
}

/* ---- values whose squares float32 does not hold: as float64 has them ---- */

/* Numbers of -4 .. 4, each row or column of them times one of the scales. */
static ore_tensor *scaled_numbers(ore_shape shape, int scaled_dim, const double *scales,
                                  int64_t count) {
    int64_t n = ore_shape_numel(shape), inner = 1;
    float *x = new_numbers(n, ORE_FLOAT32, false);
    for (int d = scaled_dim + 1; d < shape.ndim; d++)
        inner *= shape.dim[d];
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)((double)x[i] * scales[i / inner % shape.dim[scaled_dim] % count]);
    ore_tensor *t = ore_from_data(x, shape, ORE_FLOAT32);
    free(x);
    return t;
}

typedef ore_tensor *(*of_operands)(ore_tensor *const *in, const void *more);

/* Values that float32 holds, within 2e-6 of their own size, 1e-6 of the largest that share their
 * row and 1e-40, below which float32 has few digits; infinities where float64 has more than it
 * holds. */
static void assert_as_wide(const char *what, ore_tensor *got, ore_tensor *want) {
    got = ore_contiguous(got);
    want = ore_contiguous(want);
    assert_non_null(got);
    assert_non_null(want);
    int last = ore_ndim(want) - 1;
    int64_t n = ore_numel(want), row = last < 0 ? 1 : ore_size(want, last);
    const float *a = ore_data(got);
    const double *b = ore_data(want);
    for (int64_t i = 0; i < n; i++) {
        double most = 0;
        for (int64_t k = i / row * row; k < (i / row + 1) * row; k++)
            most = fabs(b[k]) > most ? fabs(b[k]) : most;
        double error = fabs((double)a[i] - b[i]);
        bool fits = error <= 2e-6 * fabs(b[i]) + 1e-6 * most + 1e-40;
        if (fabs(b[i]) > 3.4e38)
            fits = isinf(a[i]);
        if (!fits)
            fail_msg("%s: element %lld of %lld is %.9g, expected %.9g", what, (long long)i,
                     (long long)n, (double)a[i], b[i]);
    }
}

/* f of float32 operands and what comes back from it, beside the same in float64. */
static void assert_as_in_double(const char *what, of_operands f, ore_tensor *const *in, int n,
                                const void *more) {
    ore_tensor *narrow[4], *wide[4];
    for (int i = 0; i < n; i++) {
        narrow[i] = leaf(in[i]);
        wide[i] = leaf(ore_to(in[i], ORE_FLOAT64));
    }
    ore_tensor *y = f(narrow, more), *z = f(wide, more);
    assert_as_wide(what, kept(y), kept(z));
    ore_tensor *dy = quarters(ore_shape_of(y));
    ore_backward(ore_sum(ore_mul(y, dy), ORE_ALL, false));
    ore_backward(ore_sum(ore_mul(z, ore_to(dy, ORE_FLOAT64)), ORE_ALL, false));
    for (int i = 0; i < n; i++)
        assert_as_wide(what, ore_grad(narrow[i]), ore_grad(wide[i]));
    assert_true(ore_ok());
}

static const double scales[] = {1, 1e20, 1e-23, 2e37, 1e-36, 1e6, 3e11, 1e-12};
enum { SCALES = sizeof scales / sizeof *scales };

static ore_tensor *layer_norm_of(ore_tensor *const *in, const void *eps) {
    ore_shape last = ORE_SHAPE(ore_size(in[0], 1));
    return ore_f_layer_norm(in[0], last, in[1], in[2], *(const double *)eps);
}

static ore_tensor *bare_layer_norm_of(ore_tensor *const *in, const void *eps) {
    ore_shape last = ORE_SHAPE(ore_size(in[0], 1));
    return ore_f_layer_norm(in[0], last, NULL, NULL, *(const double *)eps);
}

static ore_tensor *rms_norm_of(ore_tensor *const *in, const void *eps) {
    return ore_f_rms_norm(in[0], ORE_SHAPE(ore_size(in[0], 1)), in[1], *(const double *)eps);
}

static ore_tensor *group_norm_of(ore_tensor *const *in, const void *eps) {
    return ore_f_group_norm(in[0], 2, NULL, NULL, *(const double *)eps);
}

static ore_tensor *batch_norm_of(ore_tensor *const *in, const void *eps) {
    return ore_batch_norm(in[0], NULL, NULL, in[1], in[2], true, 0.1, *(const double *)eps);
}

static ore_tensor *instance_norm_of(ore_tensor *const *in, const void *eps) {
    return ore_f_instance_norm(in[0], NULL, NULL, NULL, NULL, true, 0.1, *(const double *)eps);
}

static void norms_of_rows_are_as_in_double(void **state) {
    (void)state;
    const int64_t sizes[][2] = {{8, 5}, {9, 7}, {8, 16}, {16, 33}, {40, 100}, {9, 5000}};
    for (int s = 0; s < 6; s++)
        for (int e = 0; e < 2; e++) {
            ore_scope_begin();
            int64_t rows = sizes[s][0], cols = sizes[s][1];
            double eps = e ? 1e-5 : 0;
            ore_tensor *in[] = {scaled_numbers(ORE_SHAPE(rows, cols), 0, scales, SCALES),
                                quarters(ORE_SHAPE(cols)), quarters(ORE_SHAPE(cols))};
            assert_as_in_double("layer_norm", layer_norm_of, in, 3, &eps);
            assert_as_in_double("layer_norm alone", bare_layer_norm_of, in, 1, &eps);
            assert_as_in_double("rms_norm", rms_norm_of, in, 2, &eps);
            /* large and small numbers in one row */
            in[0] = scaled_numbers(ORE_SHAPE(rows, cols), 1, scales, SCALES);
            assert_as_in_double("layer_norm of a mixture", layer_norm_of, in, 3, &eps);
            assert_as_in_double("rms_norm of a mixture", rms_norm_of, in, 2, &eps);
            ore_scope_end();
        }
}

static void norms_of_channels_are_as_in_double(void **state) {
    (void)state;
    const int64_t sizes[][3] = {{3, 8, 1}, {40, 70, 1}, {600, 9, 1}, {4, 8, 5}, {3, 10, 300}};
    for (int s = 0; s < 5; s++)
        for (int e = 0; e < 2; e++) {
            ore_scope_begin();
            int64_t N = sizes[s][0], C = sizes[s][1], L = sizes[s][2];
            double eps = e ? 1e-5 : 0;
            ore_shape shape = L == 1 ? ORE_SHAPE(N, C) : ORE_SHAPE(N, C, L);
            ore_tensor *in[] = {scaled_numbers(shape, 1, scales, SCALES), quarters(ORE_SHAPE(C)),
                                quarters(ORE_SHAPE(C))};
            assert_as_in_double("batch_norm", batch_norm_of, in, 3, &eps);
            if (L > 1)
                assert_as_in_double("instance_norm", instance_norm_of, in, 1, &eps);
            in[0] = scaled_numbers(shape, 0, scales, SCALES);
            if (C % 2 == 0)
                assert_as_in_double("group_norm", group_norm_of, in, 1, &eps);
            ore_scope_end();
        }
}

static ore_tensor *std_of(ore_tensor *const *in, const void *more) {
    (void)more;
    return ore_std(in[0], ORE_DIMS(1), 1, false);
}

static ore_tensor *var_of(ore_tensor *const *in, const void *more) {
    (void)more;
    return ore_var(in[0], ORE_DIMS(1), 1, false);
}

/* Quarters, to which float32 adds each of these exactly: the distance of a mean from the next
 * float32 shows in the differences. */
static const double far_from_zero[] = {40, -1000, 65536, -1048576, 2097120};

static void norms_see_differences_alone(void **state) {
    (void)state;
    const int64_t sizes[][3] = {{6, 16, 1}, {50, 70, 1}, {4, 10, 33}, {2, 6, 1000}};
    const double eps = 1e-5;
    for (int s = 0; s < 4; s++)
        for (int c = 0; c < 5; c++) {
            ore_scope_begin();
            int64_t N = sizes[s][0], C = sizes[s][1], L = sizes[s][2];
            ore_shape shape = L == 1 ? ORE_SHAPE(N, C) : ORE_SHAPE(N, C, L);
            ore_tensor *x = ore_add_scalar(quarters(shape), far_from_zero[c]);
            ore_tensor *in[] = {x, quarters(ORE_SHAPE(C)), quarters(ORE_SHAPE(C))};
            assert_as_in_double("batch_norm", batch_norm_of, in, 3, &eps);
            assert_as_in_double("group_norm", group_norm_of, in, 1, &eps);
            if (L > 1)
                assert_as_in_double("instance_norm", instance_norm_of, in, 1, &eps);
            in[0] = ore_reshape(x, ORE_SHAPE(N * L, C));
            assert_as_in_double("layer_norm", layer_norm_of, in, 3, &eps);
            assert_as_in_double("layer_norm alone", bare_layer_norm_of, in, 1, &eps);
            assert_as_in_double("std", std_of, in, 1, NULL);
            assert_as_in_double("var", var_of, in, 1, NULL);
            ore_scope_end();
        }
}

static ore_tensor *norm_of(ore_tensor *const *in, const void *p) {
    return ore_norm(in[0], *(const double *)p, ORE_DIMS(1), false);
}

static ore_tensor *whole_norm_of(ore_tensor *const *in, const void *p) {
    return ore_norm(in[0], *(const double *)p, ORE_ALL, false);
}

static ore_tensor *normalize_of(ore_tensor *const *in, const void *p) {
    return ore_f_normalize(in[0], *(const double *)p, 1, 1e-30);
}

static ore_tensor *distance_of(ore_tensor *const *in, const void *p) {
    return ore_pairwise_distance(in[0], in[1], *(const double *)p, 0, false);
}

static ore_tensor *cosine_of(ore_tensor *const *in, const void *more) {
    (void)more;
    return ore_cosine_similarity(in[0], in[1], 1, 1e-30);
}

static ore_tensor *embedding_loss_of(ore_tensor *const *in, const void *more) {
    (void)more;
    ore_tensor *alike = ore_ones(ORE_SHAPE(ore_size(in[0], 0)), ORE_INT64);
    return ore_cosine_embedding_loss(in[0], in[1], alike, 0, ORE_NONE);
}

static void lengths_are_as_in_double(void **state) {
    (void)state;
    enum { SIZES = 6 }; /* float32 holds the lengths of 700 such numbers, those of p 0.5 too */
    const double far[SIZES] = {1, 1e20, 1e-23, 2e31, 1e-30, 1e6};
    const double powers[] = {2, 0.5, 1.5, 3, 1, INFINITY};
    const int64_t sizes[][2] = {{8, 3}, {9, 16}, {16, 33}, {9, 700}};
    for (int s = 0; s < 4; s++)
        for (int p = 0; p < 6; p++) {
            ore_scope_begin();
            ore_shape shape = ORE_SHAPE(sizes[s][0], sizes[s][1]);
            ore_tensor *in[] = {scaled_numbers(shape, 0, far, SIZES),
                                scaled_numbers(shape, 0, far, SIZES)};
            assert_as_in_double("norm", norm_of, in, 1, &powers[p]);
            assert_as_in_double("normalize", normalize_of, in, 1, &powers[p]);
            assert_as_in_double("pairwise_distance", distance_of, in, 2, &powers[p]);
            if (p == 0) {
                assert_as_in_double("std", std_of, in, 1, NULL);
                assert_as_in_double("cosine_similarity", cosine_of, in, 2, NULL);
                assert_as_in_double("cosine_embedding_loss", embedding_loss_of, in, 2, NULL);
            }
            in[0] = scaled_numbers(shape, 1, far, SIZES);
            assert_as_in_double("norm of a mixture", whole_norm_of, in, 1, &powers[p]);
            ore_scope_end();
        }
}

/* One step of an optimizer that divides by a norm, with gradients of this size. */
static ore_tensor *stepped(ore_optimizer *(*make)(void), ore_tensor *gradient, double size) {
    ore_optimizer *o = make();
    ore_tensor *p = leaf(ore_ones(ore_shape_of(gradient), ORE_FLOAT32));
    ore_optimizer_add(o, ore_optimizer_add_group(o, NULL), p, "p");
    ore_set_grad(p, ore_mul_scalar(gradient, size));
    ore_optimizer_step(o);
    ore_optimizer_free(o);
    return ore_sub_scalar(ore_detach(p), 1);
}

static ore_optimizer *muon(void) {
    ore_muon_options o = ore_muon_defaults();
    o.eps = 0;
    return ore_muon_new(NULL, &o);
}

static void norms_of_optimizers_hold(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *gradient = quarters(ORE_SHAPE(5, 7)), *want = stepped(muon, gradient, 1);
    for (int e = -70; e <= 70; e += 140) /* powers of two, that change no digit */
        assert_true(ore_allclose(stepped(muon, gradient, ldexp(1, e)), want, 1e-5, 1e-9, false));
    assert_true(ore_ok());
    ore_scope_end();
}

static ore_tensor *product(ore_tensor *x) {
    return ore_prod(x, ORE_ALL, false);
}
static ore_tensor *last_of_running_products(ore_tensor *x) {
    return ore_select(ore_cumprod(x, 0), 0, -1);
}

static void derivatives_of_products_keep_their_range(void **state) {
    (void)state;
    ore_tensor *(*const functions[])(ore_tensor *) = {product, last_of_running_products};
    static const float cases[][4] = {
        {1e30F, 2e30F, 3e-30F, 4e-30F}, {1e-30F, -2e-30F, 3e30F, 4e30F}, {1e20F, 1e20F, 0, 1e20F}};
    ore_scope_begin();
    for (int i = 0; i < 6; i++) {
        ore_tensor *x = leaf(ore_from_data(cases[i / 2], ORE_SHAPE(4), ORE_FLOAT32));
        ore_tensor *wide = leaf(ore_to(ore_detach(x), ORE_FLOAT64));
        ore_backward(functions[i % 2](x));
        ore_backward(functions[i % 2](wide));
        assert_as_wide(i % 2 ? "cumprod" : "prod", ore_grad(x), ore_grad(wide));
    }
    assert_true(ore_ok());
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmaxes_see_differences_alone),
        cmocka_unit_test(cross_entropy_sees_differences_alone),
        cmocka_unit_test(attention_sees_differences_alone),
        cmocka_unit_test(equal_logits_share_however_large),
        cmocka_unit_test(equal_scores_share_however_large),
        cmocka_unit_test(deviations_keep_their_range),
        cmocka_unit_test(norms_of_rows_are_as_in_double),
        cmocka_unit_test(norms_of_channels_are_as_in_double),
        cmocka_unit_test(lengths_are_as_in_double),
        cmocka_unit_test(derivatives_of_products_keep_their_range),
        cmocka_unit_test(norms_of_optimizers_hold),
        cmocka_unit_test(norms_see_differences_alone),
        cmocka_unit_test(classes_weigh_the_same_however_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
