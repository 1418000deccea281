/* init_matrix.c: initialisers that are more than one draw per element. */
#include <math.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "base/elementary/elementary.h"
#include "base/elementary/glibc.h"
#include "base/memory.h"
#include "core/check.h"
#include "core/scope.h"

/* All elements of t, which is float32 or float64, as doubles in a block to release; NULL on
 * failure. */
static double *read_doubles(const ore_tensor *t) {
    size_t bytes = (size_t)ore_numel(t) * sizeof(double);
    double *x = ore_ok() ? ore_alloc(bytes + 1) : NULL;
    if (x && ore_copy_out(ore_to((ore_tensor *)t, ORE_FLOAT64), x, bytes) == ORE_OK)
        return x;
    ore_release(x);
    return NULL;
}

/* Rounds them back; unrecorded. */
static ore_tensor *write_doubles(ore_tensor *t, const double *x) {
    ore_no_grad_begin();
    ore_tensor *written = ore_copy_(t, ore_from_data(x, ore_shape_of(t), ORE_FLOAT64));
    ore_no_grad_end();
    return written;
}

/* False with an error unless t is of float32 or float64 and has `dims` dims (or_more: or more). */
static bool usable(const char *name, ore_tensor *t, int dims, bool or_more) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1(name, t))
        return false;
    ore_dtype dtype = ore_tensor_dtype(t);
    ore_shape shape = ore_shape_of(t);
    if (dtype != ORE_FLOAT32 && dtype != ORE_FLOAT64)
        ore_fail(ORE_INVALID, "%s: %s, expected float32 or float64", name, ore_dtype_name(dtype));
    else if (or_more ? shape.ndim < dims : shape.ndim != dims)
        ore_fail(ORE_INVALID, "%s: shape %s, expected %d dims%s", name, ore_shape_text(shape, text),
                 dims, or_more ? " or more" : "");
    return ore_ok();
}

/* ---- truncated normal ---- */

/* The inverse of erf to double precision: S. Winitzki's closed form (2008), which is off by less
 * than 2e-3, and Halley's steps, each of which triples the digits. */
static double erf_inverse(double y) {
    if (fabs(y) >= 1)
        return y * INFINITY;
    const double pi = 3.14159265358979323846, a = 0.147; /* a of the closed form */
    double l = ore_math_log1p(-y * y), h = 2 / (pi * a) + l / 2;
    double x = sqrt(sqrt(h * h - l / a) - h), wanted = fabs(y);
    for (int step = 0; step < 3; step++) {
        double off = wanted < 0.5 ? ore_math_erf(x) - wanted : 1 - wanted - ore_math_erfc(x);
        off /= 2 / sqrt(pi) * ore_math_exp(-x * x);
        x -= off / (1 + x * off);
    }
    return copysign(x, y);
}

/* The same in float32, to the bit as torch.erfinv's scalar kernel: a quotient of polynomials in y^2
 * (|y| <= 0.7) or in sqrt(-log((1 - |y|) / 2)), and two steps of Newton's. */
static float erf_inverse_f32(float y) {
    static const float inner[2][5] = {
        {0, -0.140543331f, 0.914624893f, -1.645349621f, 0.886226899f},
        {0.012229801f, -0.329097515f, 1.442710462f, -2.118377725f, 1}};
    static const float outer[2][4] = {{1.641345311f, 3.429567803f, -1.624906493f, -1.970840454f},
                                      {0, 1.637067800f, 3.543889200f, 1}};
    const float slope = 2.0f / (float)sqrt(3.14159265358979323846);
    float size = fabsf(y), above, below, x;
    if (size >= 1)
        return copysignf(INFINITY, y);
    if (size <= 0.7f) {
        float z = y * y;
        above = below = 0;
        for (int k = 0; k < 5; k++) {
            above = above * z + inner[0][k];
            below = below * z + inner[1][k];
        }
        x = y * above / below;
    } else {
        float z = sqrtf(-ore_glibc_logf((1 - size) / 2));
        above = below = 0;
        for (int k = 0; k < 4; k++) {
            above = above * z + outer[0][k];
            below = below * z + outer[1][k];
        }
        x = copysignf(above, y) / below;
    }
    for (int step = 0; step < 2; step++)
        x = x - (ore_glibc_erff(x) - y) / (slope * ore_glibc_expf(-x * x));
    return x;
}

static double normal_cdf(double x) {
    return (1 + ore_math_erf(x / sqrt(2))) / 2;
}

/* Each step is rounded to the tensor's type, as torch's chain of operations is. */
static double bent(double u, ore_dtype dtype, double mean, double scale) {
    if (dtype == ORE_FLOAT64)
        return erf_inverse(u) * scale + mean;
    float scaled = erf_inverse_f32((float)u) * (float)scale;
    return (double)(scaled + (float)mean);
}

ore_tensor *ore_init_trunc_normal(ore_tensor *t, double mean, double std, double low, double high,
                                  ore_generator *g) {
    if (!usable("trunc_normal", t, 0, true))
        return NULL;
    if (!(std > 0 && low < high)) {
        ore_fail(ORE_INVALID, "trunc_normal: std %g in [%g, %g], expected std > 0 and low < high",
                 std, low, high);
        return NULL;
    }
    ore_dtype dtype = ore_tensor_dtype(t);
    double from = normal_cdf((low - mean) / std), to = normal_cdf((high - mean) / std);
    ore_scope scope;
    ore_scope_enter(&scope);
    double *x = read_doubles(ore_init_uniform(t, 2 * from - 1, 2 * to - 1, g));
    for (int64_t i = 0; x && i < ore_numel(t); i++)
        x[i] = fmin(fmax(bent(x[i], dtype, mean, std * sqrt(2)), low), high);
    if (x)
        write_doubles(t, x);
    ore_release(x);
    ore_scope_leave(&scope);
    return ore_ok() ? t : NULL;
}

/* ---- matrices ---- */

ore_tensor *ore_init_eye(ore_tensor *t) {
    if (!usable("eye", t, 2, false))
        return NULL;
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_no_grad_begin();
    ore_copy_(t, ore_eye(ore_size(t, 0), ore_size(t, 1), ore_tensor_dtype(t)));
    ore_no_grad_end();
    ore_scope_leave(&scope);
    return ore_ok() ? t : NULL;
}

/* Makes `count` rows of `length` orthonormal, each within the span of those up to it and with a
 * positive part along it: Gram-Schmidt, every projection taken off twice. */
static void make_orthonormal(double *x, int64_t count, int64_t length) {
    for (int64_t i = 0; i < count; i++) {
        double *row = x + i * length, square = 0;
        for (int64_t k = 0; k < 2 * i; k++) {
            const double *other = x + (k % i) * length;
            double along = 0;
            for (int64_t j = 0; j < length; j++)
                along += row[j] * other[j];
            for (int64_t j = 0; j < length; j++)
                row[j] -= along * other[j];
        }
        for (int64_t j = 0; j < length; j++)
            square += row[j] * row[j];
        for (int64_t j = 0; j < length; j++)
            row[j] /= sqrt(square);
    }
}

/* y (cols, rows) = x (rows, cols) transposed */
static void transpose(const double *x, double *y, int64_t rows, int64_t cols) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++)
            y[j * rows + i] = x[i * cols + j];
}

/* QR factors the tall side: columns where there are more rows, and otherwise rows. */
static void orthogonalise(ore_tensor *t, double *x, double gain) {
    int64_t rows = ore_size(t, 0), n = ore_numel(t), cols = n / rows;
    double *turned = rows > cols ? ore_alloc((size_t)n * sizeof *turned) : NULL;
    if (!ore_ok())
        return;
    if (turned) {
        transpose(x, turned, rows, cols);
        make_orthonormal(turned, cols, rows);
        transpose(turned, x, cols, rows);
    } else {
        make_orthonormal(x, rows, cols);
    }
    ore_release(turned);
    for (int64_t i = 0; i < n; i++)
        x[i] *= gain;
    write_doubles(t, x);
}

ore_tensor *ore_init_orthogonal(ore_tensor *t, double gain, ore_generator *g) {
    if (!usable("orthogonal", t, 2, true))
        return NULL;
    if (ore_numel(t) == 0)
        return t;
    ore_shape flat = ORE_SHAPE(ore_size(t, 0), ore_numel(t) / ore_size(t, 0));
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_tensor *drawn = ore_randn(flat, ore_tensor_dtype(t), g);
    double *x = read_doubles(drawn);
    if (x)
        orthogonalise(t, x, gain);
    ore_release(x);
    ore_scope_leave(&scope);
    return ore_ok() ? t : NULL;
}

ore_tensor *ore_init_sparse(ore_tensor *t, double sparsity, double std, ore_generator *g) {
    if (!ore_no_error())
        return NULL;
    if (!usable("sparse", t, 2, false))
        return NULL;
    if (!(sparsity >= 0 && sparsity <= 1)) {
        ore_fail(ORE_INVALID, "sparse: sparsity %g, expected 0 to 1", sparsity);
        return NULL;
    }
    int64_t rows = ore_size(t, 0), cols = ore_size(t, 1);
    int64_t zeros = (int64_t)ceil(sparsity * (double)rows);
    ore_scope scope;
    ore_scope_enter(&scope);
    double *x = read_doubles(ore_init_normal(t, 0, std, g));
    for (int64_t j = 0; x && rows > 0 && j < cols && ore_ok(); j++) {
        ore_tensor *order = ore_randperm(rows, g);
        const int64_t *places = order ? ore_data(order) : NULL;
        for (int64_t i = 0; places && i < zeros; i++)
            x[places[i] * cols + j] = 0;
    }
    if (x && ore_ok())
        write_doubles(t, x);
    ore_release(x);
    ore_scope_leave(&scope);
    return ore_named("sparse", ore_ok() ? t : NULL);
}
