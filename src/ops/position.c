/* position.c: sinusoids, slopes and rotations: composed of other operations. */
#include <math.h>

#include <ore/ops.h>
#include <ore/position.h>

#include "base/error.h"
#include "core/check.h"

/* pi, as no C standard has it */
#define PI 3.14159265358979323846

static bool is_floating(const char *op, ore_dtype dtype) {
    if (!ore_dtype_is_floating(dtype))
        ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", op, ore_dtype_name(dtype));
    return ore_ok();
}

/* ---- sinusoids ---- */

/* The power is taken in float64: 10000^(2i/C) has to be good for every place. */
ore_tensor *ore_sinusoidal_positions(int64_t T, int64_t C, ore_dtype dtype) {
    if (!ore_ok() || !is_floating("sinusoidal_positions", dtype))
        return NULL;
    if (T < 0 || C < 1) {
        ore_fail(ORE_INVALID, "sinusoidal_positions: (%lld, %lld), expected at least (0, 1)",
                 (long long)T, (long long)C);
        return NULL;
    }
    ore_scope_begin();
    ore_tensor *t = ore_arange(0, (double)T, 1, ORE_FLOAT64);                /* (T) */
    ore_tensor *pair = ore_arange(0, (double)((C + 1) / 2), 1, ORE_FLOAT64); /* (C/2) */
    ore_tensor *power = ore_div_scalar(ore_mul_scalar(pair, 2), (double)C);  /* 2i/C */
    ore_tensor *scale = ore_pow(ore_scalar(10000, ORE_FLOAT64), power);      /* (C/2) */
    ore_tensor *angle = ore_div(ore_unsqueeze(t, 1), scale);                 /* (T, C/2) */
    ore_tensor *both = ore_stack((ore_tensor *[]){ore_sin(angle), ore_cos(angle)}, 2, 2);
    ore_tensor *table = ore_reshape(both, ORE_SHAPE(T, (C + 1) / 2 * 2));
    table = ore_contiguous(ore_to(ore_narrow(table, 1, 0, C), dtype)); /* (T, C) */
    ore_keep(table);
    ore_scope_end();
    return table;
}

/* ---- ALiBi ---- */

ore_tensor *ore_alibi_slopes(int64_t heads, ore_dtype dtype) {
    if (!ore_ok() || !is_floating("alibi_slopes", dtype))
        return NULL;
    if (heads < 1) {
        ore_fail(ORE_INVALID, "alibi_slopes: %lld heads, expected at least 1", (long long)heads);
        return NULL;
    }
    int64_t power = 1; /* the largest power of two that is not above heads */
    while (power <= heads / 2)
        power *= 2;
    ore_scope_begin();
    ore_tensor *first = ore_arange(1, (double)power + 1, 1, ORE_FLOAT64);
    ore_tensor *exponent = ore_mul_scalar(first, -8.0 / (double)power);
    if (heads > power) {
        ore_tensor *second = ore_arange(0, (double)(heads - power), 1, ORE_FLOAT64);
        second = ore_add_scalar(ore_mul_scalar(second, 2), 1); /* 1, 3, 5, .. of 2 `power` heads */
        second = ore_mul_scalar(second, -4.0 / (double)power);
        exponent = ore_cat((ore_tensor *[]){exponent, second}, 2, 0);
    }
    ore_tensor *slopes = ore_keep(ore_to(ore_pow(ore_scalar(2, ORE_FLOAT64), exponent), dtype));
    ore_scope_end();
    return slopes;
}

/* ---- frequencies of rotations ---- */

ore_rotary_options ore_rotary_defaults(void) {
    return (ore_rotary_options){.theta = 10000,
                                .factor = 1,
                                .beta_fast = 32,
                                .beta_slow = 1,
                                .truncate = true,
                                .low_freq_factor = 1,
                                .high_freq_factor = 4};
}

static bool needs_original(const ore_rotary_options *o) {
    return o->scaling == ORE_ROTARY_YARN || o->scaling == ORE_ROTARY_LLAMA3 ||
           o->scaling == ORE_ROTARY_LONGROPE;
}

static bool scaling_fits(int64_t R, const ore_rotary_options *o) {
    if (o->scaling < ORE_ROTARY_PLAIN || o->scaling > ORE_ROTARY_LONGROPE)
        ore_fail(ORE_INVALID, "rotary: scaling %d is none", (int)o->scaling);
    else if (needs_original(o) && o->original_max_positions < 2)
        ore_fail(ORE_INVALID, "rotary: original_max_positions %lld, expected at least 2",
                 (long long)o->original_max_positions);
    else if (o->scaling == ORE_ROTARY_DYNAMIC && (o->max_positions < 1 || R < 4))
        ore_fail(ORE_INVALID,
                 "rotary: max_positions %lld, %lld channels, expected at least 1 and 4",
                 (long long)o->max_positions, (long long)R);
    else if (o->scaling == ORE_ROTARY_LONGROPE && (!o->short_factors || !o->long_factors))
        ore_fail(ORE_INVALID, "rotary: short_factors or long_factors is NULL");
    else if (o->scaling == ORE_ROTARY_LLAMA3 && !(o->high_freq_factor > o->low_freq_factor))
        ore_fail(ORE_INVALID,
                 "rotary: low_freq_factor %g, high_freq_factor %g, expected the high one above",
                 o->low_freq_factor, o->high_freq_factor);
    return ore_ok();
}

/* Factor, where 0 leaves it to the two lengths. */
static double factor_of(const ore_rotary_options *o) {
    bool by_lengths = o->scaling == ORE_ROTARY_YARN || o->scaling == ORE_ROTARY_LONGROPE;
    return o->factor == 0 && by_lengths
               ? (double)o->max_positions / (double)o->original_max_positions
               : o->factor;
}

static bool options_fit(int64_t R, const ore_rotary_options *o) {
    if (R < 2 || R % 2 != 0)
        ore_fail(ORE_INVALID, "rotary: %lld channels, expected an even number above 0",
                 (long long)R);
    else if (!(o->theta > 1 && isfinite(o->theta)))
        ore_fail(ORE_INVALID, "rotary: theta %g, expected above 1", o->theta);
    else if (scaling_fits(R, o) && !(factor_of(o) > 0 && isfinite(factor_of(o))))
        ore_fail(ORE_INVALID, "rotary: factor %g, expected above 0", factor_of(o));
    return ore_ok();
}

/* theta^(-2i/R), (R/2) */
static ore_tensor *plain_frequencies(int64_t R, double theta) {
    ore_tensor *pair = ore_arange(0, (double)R, 2, ORE_FLOAT64); /* 2i */
    return ore_pow(ore_scalar(theta, ORE_FLOAT64), ore_div_scalar(pair, -(double)R));
}

/* a + (b - a) share */
static ore_tensor *between(ore_tensor *a, ore_tensor *b, ore_tensor *share) {
    return ore_add(a, ore_mul(ore_sub(b, a), share));
}

/* b^e and ln b by the library's own functions, whose bits no C library decides. */
static double power_of(double base, double exponent) {
    return ore_item(ore_pow_scalar(ore_scalar(base, ORE_FLOAT64), exponent));
}

static double log_of(double x) {
    return ore_item(ore_log(ore_scalar(x, ORE_FLOAT64)));
}

static ore_tensor *dynamic_frequencies(int64_t R, const ore_rotary_options *o) {
    double trained = (double)o->max_positions;
    double length = o->length > o->max_positions ? (double)o->length : trained;
    double stretch = o->factor * length / trained - (o->factor - 1);
    return plain_frequencies(R, o->theta * power_of(stretch, (double)R / (double)(R - 2)));
}

/* The channel pair that turns `turns` times within the original length. */
static double pair_of_turns(int64_t R, const ore_rotary_options *o, double turns) {
    double length = (double)o->original_max_positions;
    return (double)R * log_of(length / (turns * 2 * PI)) / (2 * log_of(o->theta));
}

static ore_tensor *yarn_frequencies(int64_t R, const ore_rotary_options *o) {
    double low = pair_of_turns(R, o, o->beta_fast), high = pair_of_turns(R, o, o->beta_slow);
    if (o->truncate) {
        low = floor(low);
        high = ceil(high);
    }
    low = fmax(low, 0);
    high = fmin(high, (double)(R - 1));
    if (low == high)
        high += 0.001; /* a ramp of no width, as the published code has it */
    ore_tensor *kept = plain_frequencies(R, o->theta);
    ore_tensor *divided = ore_div_scalar(kept, factor_of(o));
    ore_tensor *pair = ore_arange(0, (double)(R / 2), 1, ORE_FLOAT64);
    ore_tensor *ramp = ore_div_scalar(ore_sub_scalar(pair, low), high - low);
    return between(kept, divided, ore_clamp(ramp, 0, 1));
}

/* Between the wavelengths original / high and original / low, by how often one fits. */
static ore_tensor *llama3_frequencies(int64_t R, const ore_rotary_options *o) {
    ore_tensor *kept = plain_frequencies(R, o->theta);
    ore_tensor *divided = ore_div_scalar(kept, o->factor);
    ore_tensor *turns = ore_mul_scalar(kept, (double)o->original_max_positions / (2 * PI));
    ore_tensor *share = ore_div_scalar(ore_sub_scalar(turns, o->low_freq_factor),
                                       o->high_freq_factor - o->low_freq_factor);
    return between(divided, kept, ore_clamp(share, 0, 1));
}

static ore_tensor *longrope_frequencies(int64_t R, const ore_rotary_options *o) {
    bool is_long = o->length > o->original_max_positions;
    ore_tensor *factors =
        ore_from_data(is_long ? o->long_factors : o->short_factors, ORE_SHAPE(R / 2), ORE_FLOAT64);
    return ore_div(plain_frequencies(R, o->theta), factors);
}

static double yarn_scale(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * log_of(factor) + 1;
}

static double attention_factor_of(const ore_rotary_options *o) {
    double factor = factor_of(o);
    if (o->scaling != ORE_ROTARY_YARN && o->scaling != ORE_ROTARY_LONGROPE)
        return 1;
    if (o->attention_factor != 0)
        return o->attention_factor;
    if (o->scaling == ORE_ROTARY_LONGROPE)
        return factor <= 1 ? 1
                           : sqrt(1 + log_of(factor) / log_of((double)o->original_max_positions));
    if (o->mscale != 0 && o->mscale_all_dim != 0)
        return yarn_scale(factor, o->mscale) / yarn_scale(factor, o->mscale_all_dim);
    return yarn_scale(factor, 1);
}

static ore_tensor *frequencies(int64_t R, const ore_rotary_options *o) {
    switch (o->scaling) {
    case ORE_ROTARY_LINEAR:
        return ore_div_scalar(plain_frequencies(R, o->theta), o->factor);
    case ORE_ROTARY_DYNAMIC:
        return dynamic_frequencies(R, o);
    case ORE_ROTARY_YARN:
        return yarn_frequencies(R, o);
    case ORE_ROTARY_LLAMA3:
        return llama3_frequencies(R, o);
    case ORE_ROTARY_LONGROPE:
        return longrope_frequencies(R, o);
    case ORE_ROTARY_PLAIN:
        break;
    }
    return plain_frequencies(R, o->theta);
}

ore_tensor *ore_rotary_frequencies(int64_t R, const ore_rotary_options *options,
                                   double *attention_factor) {
    ore_rotary_options o = options ? *options : ore_rotary_defaults();
    if (attention_factor)
        *attention_factor = NAN;
    if (!ore_ok() || !options_fit(R, &o))
        return NULL;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *f = frequencies(R, &o);
    double scale = attention_factor_of(&o);
    ore_no_grad_end();
    ore_keep(f);
    ore_scope_end();
    if (attention_factor && f)
        *attention_factor = scale;
    return f;
}

/* ---- rotation ---- */

ore_status ore_rotary_tables(ore_tensor *positions, int64_t R, const ore_rotary_options *options,
                             ore_dtype dtype, ore_tensor **cos, ore_tensor **sin) {
    double scale;
    *cos = *sin = NULL;
    if (!ore_usable1("rotary", positions) || !is_floating("rotary", dtype))
        return ore_error_status();
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *f = ore_rotary_frequencies(R, options, &scale);
    f = ore_to_device(f, ore_tensor_device(positions));
    ore_tensor *angles = ore_unsqueeze(ore_to(positions, ORE_FLOAT64), ore_ndim(positions));
    angles = ore_mul(angles, f); /* (S, R/2) */
    *cos = ore_keep(ore_to(ore_mul_scalar(ore_cos(angles), scale), dtype));
    *sin = ore_keep(ore_to(ore_mul_scalar(ore_sin(angles), scale), dtype));
    ore_no_grad_end();
    ore_scope_end();
    if (!ore_ok())
        *cos = *sin = NULL;
    return ore_error_status();
}

static bool rotary_fits(ore_tensor *x, ore_tensor *cos, ore_tensor *sin) {
    char text[3][ORE_SHAPE_TEXT];
    if (!ore_usable("rotary", 3, (ore_tensor *[]){x, cos, sin}))
        return false;
    bool fits = ore_ndim(x) >= 2 && ore_ndim(cos) >= 1 && ore_ndim(cos) <= ore_ndim(x) &&
                ore_shape_equal(ore_shape_of(cos), ore_shape_of(sin)) &&
                ore_size(cos, -1) <= ore_size(x, -1) / 2;
    for (int d = 2; fits && d <= ore_ndim(cos); d++)
        fits = ore_size(cos, -d) == 1 || ore_size(cos, -d) == ore_size(x, -d);
    if (!fits)
        ore_fail(ORE_INVALID,
                 "rotary: x %s, cos %s, sin %s, expected (.., T, D) and twice (.., T, R/2) with "
                 "R <= D",
                 ore_shape_text(ore_shape_of(x), text[0]),
                 ore_shape_text(ore_shape_of(cos), text[1]),
                 ore_shape_text(ore_shape_of(sin), text[2]));
    else if (ore_tensor_dtype(x) != ore_tensor_dtype(cos) ||
             ore_tensor_dtype(x) != ore_tensor_dtype(sin))
        ore_fail(ORE_INVALID, "rotary: x of %s, cos of %s, sin of %s, expected one dtype",
                 ore_dtype_name(ore_tensor_dtype(x)), ore_dtype_name(ore_tensor_dtype(cos)),
                 ore_dtype_name(ore_tensor_dtype(sin)));
    return ore_ok() && is_floating("rotary", ore_tensor_dtype(x));
}

ore_tensor *ore_rotary(ore_tensor *x, ore_tensor *cos, ore_tensor *sin, ore_rotary_layout layout) {
    if (!ore_ok() || !rotary_fits(x, cos, sin))
        return NULL;
    int last = ore_ndim(x) - 1;
    int64_t D = ore_size(x, -1), half = ore_size(cos, -1);
    bool pairs = layout == ORE_ROTARY_PAIRS;
    ore_tensor *a = ore_slice(x, last, 0, pairs ? 2 * half : half, pairs ? 2 : 1);
    ore_tensor *b = ore_slice(x, last, pairs ? 1 : half, 2 * half, pairs ? 2 : 1);
    ore_tensor *turned[2] = {ore_sub(ore_mul(a, cos), ore_mul(b, sin)),
                             ore_add(ore_mul(b, cos), ore_mul(a, sin))}; /* (.., T, R/2) each */
    ore_tensor *y = pairs ? ore_flatten(ore_stack(turned, 2, last + 1), last, last + 1)
                          : ore_cat(turned, 2, last);
    if (D > 2 * half)
        y = ore_cat((ore_tensor *[]){y, ore_narrow(x, last, 2 * half, D - 2 * half)}, 2, last);
    return ore_named("rotary", y);
}
