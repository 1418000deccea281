/* pyrandom.h: the random numbers of Python's `random` and of NumPy's legacy `np.random`, as
 * notebooks draw them: the same seed and the same calls give the same numbers. Both are mt19937;
 * PyTorch's own stream is ore_generator (ore/tensor.h). Lists and arrays are the caller's memory.
 *
 * A stream is used by one thread at a time. A call that cannot be (a NULL stream, an empty range)
 * raises ORE_INVALID, draws nothing and returns 0. */
#ifndef ORE_PYRANDOM_H
#define ORE_PYRANDOM_H

#include <ore/base.h>

ORE_BEGIN_DECLS

/* ---- Python: random.Random(seed), and the module's own functions after random.seed(seed) ---- */

typedef struct ore_python_random ore_python_random;

/* NULL with ORE_MEMORY. */
ORE_API ore_python_random *ore_python_random_new(int64_t seed);
ORE_API void ore_python_random_free(ore_python_random *r);
/* random.seed(seed) of an integer; its sign does not count, as in Python. */
ORE_API void ore_python_random_seed(ore_python_random *r, int64_t seed);

/* In [0, 1), with 53 bits: two words. */
ORE_API double ore_python_random_random(ore_python_random *r);
/* a + (b - a) random() */
ORE_API double ore_python_random_uniform(ore_python_random *r, double a, double b);
/* Normal numbers in pairs, of which the second waits for the next call. */
ORE_API double ore_python_random_gauss(ore_python_random *r, double mu, double sigma);
/* k random bits, 0 <= k <= 64. */
ORE_API uint64_t ore_python_random_getrandbits(ore_python_random *r, int k);
/* In [0, n), n > 0: as many bits as n has, until they are below n. randint, randrange, choice,
 * shuffle and sample are made of it. */
ORE_API int64_t ore_python_random_below(ore_python_random *r, int64_t n);
/* In [a, b], both ends. */
ORE_API int64_t ore_python_random_randint(ore_python_random *r, int64_t a, int64_t b);
/* In [start, stop). */
ORE_API int64_t ore_python_random_randrange(ore_python_random *r, int64_t start, int64_t stop);
/* The index of choice(list) for a list of `count`. */
ORE_API int64_t ore_python_random_choice(ore_python_random *r, int64_t count);
/* shuffle(list) of `count` items of item_bytes each, in place. */
ORE_API ore_status ore_python_random_shuffle(ore_python_random *r, void *items, int64_t count,
                                             size_t item_bytes);
/* sample(range(n), k): k different ones of 0 .. n-1 into indices[k]. */
ORE_API ore_status ore_python_random_sample(ore_python_random *r, int64_t n, int64_t k,
                                            int64_t *indices);

/* ---- NumPy: np.random.RandomState(seed), and np.random after np.random.seed(seed) ---- */

typedef struct ore_numpy_random ore_numpy_random;

/* NULL with ORE_MEMORY. */
ORE_API ore_numpy_random *ore_numpy_random_new(uint32_t seed);
ORE_API void ore_numpy_random_free(ore_numpy_random *r);
ORE_API void ore_numpy_random_seed(ore_numpy_random *r, uint32_t seed);

/* In [0, 1), with 53 bits: two words. */
ORE_API double ore_numpy_random_random_sample(ore_numpy_random *r);
/* low + (high - low) random_sample() */
ORE_API double ore_numpy_random_uniform(ore_numpy_random *r, double low, double high);
/* loc + scale z, z by G. Marsaglia's polar method in pairs, of which the second waits. */
ORE_API double ore_numpy_random_normal(ore_numpy_random *r, double loc, double scale);
/* Arrays of n, in the order of the memory: random_sample and normal(0, 1) one after the other. */
ORE_API ore_status ore_numpy_random_rand(ore_numpy_random *r, double *x, int64_t n);
ORE_API ore_status ore_numpy_random_randn(ore_numpy_random *r, double *x, int64_t n);
/* In [low, high). */
ORE_API int64_t ore_numpy_random_randint(ore_numpy_random *r, int64_t low, int64_t high);
/* shuffle(array) of `count` items of item_bytes each, in place. */
ORE_API ore_status ore_numpy_random_shuffle(ore_numpy_random *r, void *items, int64_t count,
                                            size_t item_bytes);
/* permutation(n) into order[n]. */
ORE_API ore_status ore_numpy_random_permutation(ore_numpy_random *r, int64_t n, int64_t *order);

/* sklearn.datasets.make_moons(n, noise=noise): two half circles that reach into each other, n / 2
 * points of the outer one with label 0 and the others of the inner one with label 1, shuffled, plus
 * normal noise of deviation `noise` (0: none is drawn). points is (n, 2), row-major, labels (n). */
ORE_API ore_status ore_make_moons(ore_numpy_random *r, int64_t n, double noise, double *points,
                                  int64_t *labels);

ORE_END_DECLS

#endif
