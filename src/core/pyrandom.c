/* pyrandom.c: the streams of Python's `random` and NumPy's legacy `np.random`. */
#include <ore/pyrandom.h>

#include <math.h>
#include <string.h>

#include "base/elementary/elementary.h"
#include "base/generator.h"
#include "base/memory.h"

static const double TWO_PI = 6.283185307179586476925286766559;
static const double PI = 3.141592653589793238462643383280;

/* 53 bits of two words: the upper 27 of the first, the upper 26 of the second. */
static double next_unit(ore_engine *e) {
    uint32_t a = ore_engine_u32(e) >> 5;
    uint32_t b = ore_engine_u32(e) >> 6;
    return ((double)a * 0x1p26 + (double)b) * 0x1p-53;
}

static void swap_items(uint8_t *items, int64_t i, int64_t j, size_t item_bytes) {
    uint8_t kept[256];
    uint8_t *a = items + (size_t)i * item_bytes, *b = items + (size_t)j * item_bytes;
    if (a == b)
        return;
    for (size_t at = 0; at < item_bytes; at += sizeof kept) {
        size_t bytes = item_bytes - at < sizeof kept ? item_bytes - at : sizeof kept;
        memcpy(kept, a + at, bytes);
        memcpy(a + at, b + at, bytes);
        memcpy(b + at, kept, bytes);
    }
}

static bool is_stream(const char *what, const void *r) {
    if (!r)
        ore_fail(ORE_INVALID, "%s: the stream is NULL", what);
    return r != NULL;
}

/* A caller's memory for `count` of something. */
static bool is_room(const char *what, const void *room, int64_t count) {
    if (count < 0)
        ore_fail(ORE_INVALID, "%s: %lld of them, expected 0 or more", what, (long long)count);
    else if (count > 0 && !room)
        ore_fail(ORE_INVALID, "%s: NULL, expected room for %lld", what, (long long)count);
    return count == 0 || (count > 0 && room);
}

/* ---- Python ---- */

struct ore_python_random {
    ore_engine engine;
    bool has_gauss;
    double next_gauss; /* for mu 0 and sigma 1 */
};

ore_python_random *ore_python_random_new(int64_t seed) {
    ore_python_random *r = ore_alloc(sizeof *r);
    if (r)
        ore_python_random_seed(r, seed);
    return r;
}

void ore_python_random_free(ore_python_random *r) {
    ore_release(r);
}

void ore_python_random_seed(ore_python_random *r, int64_t seed) {
    if (!is_stream("seed", r))
        return;
    uint64_t size = seed < 0 ? 0 - (uint64_t)seed : (uint64_t)seed;
    uint32_t words[2] = {(uint32_t)size, (uint32_t)(size >> 32)};
    ore_engine_seed_words(&r->engine, words, words[1] ? 2 : 1);
    r->has_gauss = false;
}

double ore_python_random_random(ore_python_random *r) {
    return is_stream("random", r) ? next_unit(&r->engine) : 0;
}

double ore_python_random_uniform(ore_python_random *r, double a, double b) {
    return is_stream("uniform", r) ? a + (b - a) * next_unit(&r->engine) : 0;
}

double ore_python_random_gauss(ore_python_random *r, double mu, double sigma) {
    if (!is_stream("gauss", r))
        return 0;
    double z = r->next_gauss;
    if (!r->has_gauss) {
        double angle = next_unit(&r->engine) * TWO_PI;
        double radius = sqrt(-2 * ore_math_log(1 - next_unit(&r->engine)));
        z = ore_math_cos(angle) * radius;
        r->next_gauss = ore_math_sin(angle) * radius;
    }
    r->has_gauss = !r->has_gauss;
    return mu + z * sigma;
}

/* 1 <= k <= 64; the words come from the lowest bits up. */
static uint64_t next_bits(ore_engine *e, int k) {
    uint64_t low = ore_engine_u32(e);
    if (k <= 32)
        return low >> (32 - k);
    uint64_t high = ore_engine_u32(e);
    return high >> (64 - k) << 32 | low;
}

uint64_t ore_python_random_getrandbits(ore_python_random *r, int k) {
    if (!is_stream("getrandbits", r))
        return 0;
    if (k < 0 || k > 64) {
        ore_fail(ORE_INVALID, "getrandbits: %d bits, expected 0 to 64", k);
        return 0;
    }
    return k ? next_bits(&r->engine, k) : 0;
}

/* n > 0 */
static uint64_t next_below(ore_engine *e, uint64_t n) {
    int bits = 0;
    for (uint64_t rest = n; rest; rest >>= 1)
        bits++;
    uint64_t k;
    do
        k = next_bits(e, bits);
    while (k >= n);
    return k;
}

/* In [low, high), which must hold something. */
static int64_t python_between(const char *what, ore_python_random *r, int64_t low, int64_t high) {
    if (!is_stream(what, r))
        return 0;
    if (low >= high) {
        ore_fail(ORE_INVALID, "%s: the range [%lld, %lld) is empty", what, (long long)low,
                 (long long)high);
        return 0;
    }
    uint64_t width = (uint64_t)high - (uint64_t)low;
    return (int64_t)((uint64_t)low + next_below(&r->engine, width));
}

int64_t ore_python_random_below(ore_python_random *r, int64_t n) {
    return python_between("below", r, 0, n);
}

int64_t ore_python_random_randint(ore_python_random *r, int64_t a, int64_t b) {
    if (b == INT64_MAX) {
        ore_fail(ORE_INVALID, "randint: up to %lld, expected less than 2^63 - 1", (long long)b);
        return 0;
    }
    return python_between("randint", r, a, b + 1);
}

int64_t ore_python_random_randrange(ore_python_random *r, int64_t start, int64_t stop) {
    return python_between("randrange", r, start, stop);
}

int64_t ore_python_random_choice(ore_python_random *r, int64_t count) {
    return python_between("choice", r, 0, count);
}

ore_status ore_python_random_shuffle(ore_python_random *r, void *items, int64_t count,
                                     size_t item_bytes) {
    if (!is_stream("shuffle", r) || !is_room("shuffle", items, count))
        return ORE_INVALID;
    for (int64_t i = count - 1; i > 0; i--)
        swap_items(items, i, (int64_t)next_below(&r->engine, (uint64_t)i + 1), item_bytes);
    return ORE_OK;
}

/* Takes each from a list of those that are left. */
static ore_status sample_from_pool(ore_engine *e, int64_t n, int64_t k, int64_t *indices) {
    size_t bytes;
    int64_t *pool = ore_bytes_of(n, sizeof *pool, &bytes) == ORE_OK ? ore_alloc(bytes) : NULL;
    if (!pool)
        return ORE_MEMORY;
    for (int64_t i = 0; i < n; i++)
        pool[i] = i;
    for (int64_t i = 0; i < k; i++) {
        int64_t j = (int64_t)next_below(e, (uint64_t)(n - i));
        indices[i] = pool[j];
        pool[j] = pool[n - i - 1];
    }
    ore_release(pool);
    return ORE_OK;
}

/* Draws again where one came before; seen is an open table of `slots`, a power of two. */
static ore_status sample_by_set(ore_engine *e, int64_t n, int64_t k, int64_t *indices) {
    size_t slots = 8, bytes;
    while (slots < 2 * (size_t)k)
        slots *= 2;
    int64_t *seen =
        ore_bytes_of((int64_t)slots, sizeof *seen, &bytes) == ORE_OK ? ore_alloc(bytes) : NULL;
    if (!seen)
        return ORE_MEMORY;
    memset(seen, 0xff, bytes); /* -1: free */
    for (int64_t i = 0; i < k;) {
        int64_t j = (int64_t)next_below(e, (uint64_t)n);
        size_t slot = (size_t)((uint64_t)j * 0x9e3779b97f4a7c15u >> 32) & (slots - 1);
        while (seen[slot] >= 0 && seen[slot] != j)
            slot = (slot + 1) & (slots - 1);
        if (seen[slot] < 0)
            indices[i++] = seen[slot] = j;
    }
    ore_release(seen);
    return ORE_OK;
}

ore_status ore_python_random_sample(ore_python_random *r, int64_t n, int64_t k, int64_t *indices) {
    if (!is_stream("sample", r) || !is_room("sample", indices, k))
        return ORE_INVALID;
    if (k > n)
        return ore_fail(ORE_INVALID, "sample: %lld of %lld, expected no more than there are",
                        (long long)k, (long long)n);
    /* Python takes a list where it is smaller than a set; the choice decides what is drawn */
    double set_size = 21;
    if (k > 5)
        set_size += ore_math_pow(4, ceil(ore_math_log((double)k * 3) / ore_math_log(4)));
    return (double)n <= set_size ? sample_from_pool(&r->engine, n, k, indices)
                                 : sample_by_set(&r->engine, n, k, indices);
}

/* ---- NumPy ---- */

struct ore_numpy_random {
    ore_engine engine;
    bool has_gauss;
    double next_gauss;
};

ore_numpy_random *ore_numpy_random_new(uint32_t seed) {
    ore_numpy_random *r = ore_alloc(sizeof *r);
    if (r)
        ore_numpy_random_seed(r, seed);
    return r;
}

void ore_numpy_random_free(ore_numpy_random *r) {
    ore_release(r);
}

void ore_numpy_random_seed(ore_numpy_random *r, uint32_t seed) {
    if (!is_stream("seed", r))
        return;
    ore_engine_seed(&r->engine, seed);
    r->has_gauss = false;
}

double ore_numpy_random_random_sample(ore_numpy_random *r) {
    return is_stream("random_sample", r) ? next_unit(&r->engine) : 0;
}

double ore_numpy_random_uniform(ore_numpy_random *r, double low, double high) {
    return is_stream("uniform", r) ? low + (high - low) * next_unit(&r->engine) : 0;
}

/* Two numbers in the unit circle become two normal ones; the second comes out first. */
static double next_polar(ore_numpy_random *r) {
    if (r->has_gauss) {
        r->has_gauss = false;
        return r->next_gauss;
    }
    double x1, x2, r2;
    do {
        x1 = 2 * next_unit(&r->engine) - 1;
        x2 = 2 * next_unit(&r->engine) - 1;
        r2 = x1 * x1 + x2 * x2;
    } while (r2 >= 1 || r2 == 0);
    double f = sqrt(-2 * ore_math_log(r2) / r2);
    r->next_gauss = f * x1;
    r->has_gauss = true;
    return f * x2;
}

double ore_numpy_random_normal(ore_numpy_random *r, double loc, double scale) {
    return is_stream("normal", r) ? loc + scale * next_polar(r) : 0;
}

ore_status ore_numpy_random_rand(ore_numpy_random *r, double *x, int64_t n) {
    if (!is_stream("rand", r) || !is_room("rand", x, n))
        return ORE_INVALID;
    for (int64_t i = 0; i < n; i++)
        x[i] = next_unit(&r->engine);
    return ORE_OK;
}

ore_status ore_numpy_random_randn(ore_numpy_random *r, double *x, int64_t n) {
    if (!is_stream("randn", r) || !is_room("randn", x, n))
        return ORE_INVALID;
    for (int64_t i = 0; i < n; i++)
        x[i] = next_polar(r);
    return ORE_OK;
}

/* In [0, max]: words cut to max's bits until one is not above it; 64 bits are two words, the
 * first one the high half. */
static uint64_t next_up_to(ore_engine *e, uint64_t max) {
    uint64_t mask = max;
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    if (max == 0)
        return 0;
    uint64_t k;
    do
        k = (max <= UINT32_MAX ? ore_engine_u32(e) : ore_engine_u64(e)) & mask;
    while (k > max);
    return k;
}

int64_t ore_numpy_random_randint(ore_numpy_random *r, int64_t low, int64_t high) {
    if (!is_stream("randint", r))
        return 0;
    if (low >= high) {
        ore_fail(ORE_INVALID, "randint: the range [%lld, %lld) is empty", (long long)low,
                 (long long)high);
        return 0;
    }
    uint64_t max = (uint64_t)high - (uint64_t)low - 1;
    return (int64_t)((uint64_t)low + next_up_to(&r->engine, max));
}

ore_status ore_numpy_random_shuffle(ore_numpy_random *r, void *items, int64_t count,
                                    size_t item_bytes) {
    if (!is_stream("shuffle", r) || !is_room("shuffle", items, count))
        return ORE_INVALID;
    for (int64_t i = count - 1; i > 0; i--)
        swap_items(items, i, (int64_t)next_up_to(&r->engine, (uint64_t)i), item_bytes);
    return ORE_OK;
}

ore_status ore_numpy_random_permutation(ore_numpy_random *r, int64_t n, int64_t *order) {
    if (!is_stream("permutation", r) || !is_room("permutation", order, n))
        return ORE_INVALID;
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    return ore_numpy_random_shuffle(r, order, n, sizeof *order);
}

/* np.linspace(0, pi, count)[i] */
static double angle_of(int64_t i, int64_t count) {
    return i > 0 && i == count - 1 ? PI : (double)i * (PI / (double)(count > 1 ? count - 1 : 1));
}

ore_status ore_make_moons(ore_numpy_random *r, int64_t n, double noise, double *points,
                          int64_t *labels) {
    if (!is_stream("make_moons", r) || !is_room("make_moons", points, n) ||
        !is_room("make_moons", labels, n))
        return ORE_INVALID;
    if (!(noise >= 0) || isinf(noise))
        return ore_fail(ORE_INVALID, "make_moons: noise %g, expected a finite number from 0 on",
                        noise);
    if (ore_numpy_random_permutation(r, n, labels) != ORE_OK)
        return ORE_INVALID;
    int64_t outer = n / 2;
    for (int64_t i = 0; i < n; i++) {
        int64_t k = labels[i]; /* which point comes here */
        double *point = points + 2 * i;
        if (k < outer) {
            double t = angle_of(k, outer);
            point[0] = ore_math_cos(t);
            point[1] = ore_math_sin(t);
        } else {
            double t = angle_of(k - outer, n - outer);
            point[0] = 1 - ore_math_cos(t);
            point[1] = 1 - ore_math_sin(t) - 0.5;
        }
        labels[i] = k >= outer;
    }
    if (noise > 0)
        for (int64_t i = 0; i < 2 * n; i++)
            points[i] += noise * next_polar(r);
    return ORE_OK;
}
