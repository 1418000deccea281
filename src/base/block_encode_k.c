/* block_encode_k.c: q4_k and q6_k, laid out as block_decode_k.c says. For each group of elements a
 * few scales are tried; of each, elements are rounded to quants, and the scale that is best for
 * these quants by least squares takes its place. What leaves the smallest squares is kept. */
#include <math.h>

#include "base/blocks.h"

enum { N = ORE_BLOCK_LARGE, SIXTEENS = N / 16, THIRTIES = N / 32 };

/* Scales are tried that put the largest element up to two quants below or above the last one, a
 * quarter of a quant apart. Trying as far in steps of an eighth lowers the root mean square of the
 * errors of normal numbers by 0.1% (tests/gguf_compare.py). */
enum { TRIES = 8 };
static const float TRY_STEP = 0.25f;

/* The nearest integer within low .. high, which include 0; 0 for NaN. */
static inline int nearest(float x, int low, int high) {
    float bounded = x > (float)low ? x < (float)high ? x : (float)high : x == x ? (float)low : 0;
    return (int)(bounded + (bounded < 0 ? -0.5f : 0.5f));
}

static float largest_size(const float *values, int n) {
    float most = 0;
    for (int i = 0; i < n && most == most; i++)
        if (!(fabsf(values[i]) <= most))
            most = fabsf(values[i]);
    return most;
}

/* ---- q6_k: x = d scale q, q from -32 to 31 ---- */

/* The scale of 16 elements: it makes (sum x q)^2 / sum q^2 largest, which is what the squares lose
 * by it. */
static float fit_scale(const float *x) {
    float best = 0, best_gain = 0, most = 0;
    for (int i = 0; i < 16; i++)
        most = fabsf(x[i]) > fabsf(most) ? x[i] : most;
    for (int attempt = -TRIES; attempt <= TRIES && most != 0; attempt++) {
        float steps = (-32 + TRY_STEP * (float)attempt) / most, xq = 0, qq = 0;
        for (int i = 0; i < 16; i++) {
            float q = (float)nearest(x[i] * steps, -32, 31);
            xq += x[i] * q;
            qq += q * q;
        }
        if (qq > 0 && xq * xq > best_gain * qq) {
            best_gain = xq * xq / qq;
            best = xq / qq;
        }
    }
    return best;
}

/* A float16 as it is read again. */
static float write_rounded(uint8_t *at, float x) {
    ore_write_f16(at, x);
    return ore_read_f16(at);
}

static void pack_sixes(const uint8_t *q, uint8_t *low, uint8_t *high) {
    memset(high, 0, N / 4);
    for (int i = 0; i < N; i++) {
        int half = i / 128, in_half = i % 128, byte = half * 64 + in_half % 64;
        low[byte] = (uint8_t)(in_half < 64 ? q[i] & 15 : low[byte] | (q[i] & 15) << 4);
        high[half * 32 + i % 32] |= (uint8_t)((q[i] >> 4) << 2 * (in_half / 32));
    }
}

void ore_encode_q6_k(const float *values, uint8_t *block) {
    float scales[SIXTEENS], most = 0;
    uint8_t q[N];
    for (int g = 0; g < SIXTEENS; g++) {
        scales[g] = fit_scale(values + g * 16);
        most = fabsf(scales[g]) > fabsf(most) ? scales[g] : most;
    }
    float finite = largest_size(values, N) * 0; /* NaN where an element is not finite */
    float d = write_rounded(block + 208, most / -128 + finite), id = ore_inverse(d);
    for (int g = 0; g < SIXTEENS; g++) {
        int scale = nearest(scales[g] * id, -128, 127);
        float steps = ore_inverse(d * (float)scale);
        block[192 + g] = (uint8_t)(int8_t)scale;
        for (int i = g * 16; i < g * 16 + 16; i++)
            q[i] = (uint8_t)(nearest(values[i] * steps, -32, 31) + 32);
    }
    pack_sixes(q, block, block + 128);
}

/* ---- q4_k: x = d scale q - m min, q from 0 to 15 ---- */

typedef struct line {
    float scale, min; /* x = scale q - min, neither below 0 */
} line;

/* The line of least squares through (q, x), and the squares that it leaves. */
static float fit_line(const float *x, const float *q, line *fitted) {
    float sum_q = 0, sum_qq = 0, sum_x = 0, sum_xq = 0, squares = 0;
    for (int i = 0; i < 32; i++) {
        sum_q += q[i];
        sum_qq += q[i] * q[i];
        sum_x += x[i];
        sum_xq += x[i] * q[i];
    }
    float spread = 32 * sum_qq - sum_q * sum_q;
    float scale = spread > 0 ? (32 * sum_xq - sum_x * sum_q) / spread : 0;
    float min = spread > 0 ? (sum_q * sum_xq - sum_qq * sum_x) / spread : 0;
    if (!(min > 0)) { /* through 0 */
        min = 0;
        scale = sum_qq > 0 ? sum_xq / sum_qq : 0;
    }
    *fitted = (line){scale > 0 ? scale : 0, min};
    for (int i = 0; i < 32; i++) {
        float error = x[i] - (fitted->scale * q[i] - fitted->min);
        squares += error * error;
    }
    return squares;
}

static line fit_group(const float *x) {
    float low = 0, high = 0, q[32], best_squares = INFINITY;
    for (int i = 0; i < 32; i++) {
        low = x[i] < low ? x[i] : low;
        high = i == 0 || x[i] > high ? x[i] : high;
    }
    line best = {0, -low};
    for (int attempt = -TRIES; attempt <= TRIES && high > low; attempt++) {
        float steps = (15 + TRY_STEP * (float)attempt) / (high - low);
        for (int i = 0; i < 32; i++)
            q[i] = (float)nearest((x[i] - low) * steps, 0, 15);
        line fitted;
        float squares = fit_line(x, q, &fitted);
        if (squares < best_squares) {
            best_squares = squares;
            best = fitted;
        }
    }
    return best;
}

static void pack_q4_scales(const uint8_t *scales, const uint8_t *mins, uint8_t *packed) {
    for (int j = 0; j < 4; j++) {
        packed[j] = (uint8_t)(scales[j] | (scales[4 + j] >> 4) << 6);
        packed[4 + j] = (uint8_t)(mins[j] | (mins[4 + j] >> 4) << 6);
        packed[8 + j] = (uint8_t)((scales[4 + j] & 15) | (mins[4 + j] & 15) << 4);
    }
}

static void pack_fours(const uint8_t *q, uint8_t *quants) {
    for (int part = 0; part < 4; part++)
        for (int i = 0; i < 32; i++)
            quants[part * 32 + i] = (uint8_t)(q[part * 64 + i] | q[part * 64 + 32 + i] << 4);
}

void ore_encode_q4_k(const float *values, uint8_t *block) {
    line lines[THIRTIES], most = {0, 0};
    uint8_t q[N], scales[THIRTIES], mins[THIRTIES];
    for (int g = 0; g < THIRTIES; g++) {
        lines[g] = fit_group(values + g * 32);
        most.scale = lines[g].scale > most.scale ? lines[g].scale : most.scale;
        most.min = lines[g].min > most.min ? lines[g].min : most.min;
    }
    float finite = largest_size(values, N) * 0; /* NaN where an element is not finite */
    float d = write_rounded(block, most.scale / 63 + finite), id = ore_inverse(d);
    float m = write_rounded(block + 2, most.min / 63), im = ore_inverse(m);
    for (int g = 0; g < THIRTIES; g++) {
        scales[g] = (uint8_t)nearest(lines[g].scale * id, 0, 63);
        mins[g] = (uint8_t)nearest(lines[g].min * im, 0, 63);
        float steps = ore_inverse(d * (float)scales[g]), min = m * (float)mins[g];
        for (int i = g * 32; i < g * 32 + 32; i++)
            q[i] = (uint8_t)nearest((values[i] + min) * steps, 0, 15);
    }
    pack_q4_scales(scales, mins, block + 4);
    pack_fours(q, block + 16);
}
