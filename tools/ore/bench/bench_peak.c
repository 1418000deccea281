/* bench_peak.c: measures the machine's peak arithmetic and bandwidths, with loops written for
 * that. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "bench/bench_peak.h"

/* Threads; tries, of which the best counts, since other processes can only slow one down; rounds of
 * a try of arithmetic, some milliseconds; and bytes of a cache line, to which each thread's part of
 * an array is aligned. */
enum { THREADS_MAX = 256, TRIES = 7, ROUNDS = 1 << 20, LINE_BYTES = 64 };

/* ---- arithmetic: with CHAINS independent sums the latency of a multiply-add is hidden ---- */

#if defined(__aarch64__) /* 32 registers, and up to 4 pipes whose results take 4 cycles */
enum { CHAINS = 16 };
#define MORE_CHAINS(M) M(12) M(13) M(14) M(15)
#else
enum { CHAINS = 12 };
#define MORE_CHAINS(M)
#endif
#define EVERY_CHAIN(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8) M(9) M(10) M(11) MORE_CHAINS(M)
#define NEXT(i)        chain##i = FMA(chain##i, factor, term);
#define DECLARE(i)     VECTOR chain##i = SET(0.001f * (i));
#define COLLECT(i)     total = FMA(total, factor, chain##i);

/* Runs `rounds` rounds of all chains and returns the number of operations. *result depends on all
 * of them, so that the compiler cannot leave any out. */
#define CHAIN_LOOP                                                                                 \
    EVERY_CHAIN(DECLARE)                                                                           \
    const VECTOR factor = SET(0.999f), term = SET(0.001f);                                         \
    for (int64_t i = 0; i < rounds; i++) {                                                         \
        EVERY_CHAIN(NEXT)                                                                          \
    }                                                                                              \
    VECTOR total = SET(0);                                                                         \
    EVERY_CHAIN(COLLECT)                                                                           \
    memcpy(result, &total, sizeof *result);                                                        \
    return 2.0 * CHAINS * (double)(sizeof(VECTOR) / sizeof(float)) * (double)rounds;

#if defined(__x86_64__)
#define VECTOR       __m512
#define SET(x)       _mm512_set1_ps(x)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
__attribute__((target("avx512f"))) static double avx512_flops(int64_t rounds, float *result) {
    CHAIN_LOOP
}
#undef VECTOR
#undef SET
#undef FMA

#define VECTOR       __m256
#define SET(x)       _mm256_set1_ps(x)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
__attribute__((target("avx2,fma"))) static double avx2_flops(int64_t rounds, float *result) {
    CHAIN_LOOP
}
#undef VECTOR
#undef SET
#undef FMA
#elif defined(__aarch64__)
#define VECTOR       float32x4_t
#define SET(x)       vdupq_n_f32(x)
#define FMA(a, b, c) vfmaq_f32(c, a, b)
static double neon_flops(int64_t rounds, float *result) {
    CHAIN_LOOP
}
#undef VECTOR
#undef SET
#undef FMA
#endif

#define VECTOR       float
#define SET(x)       ((float)(x))
#define FMA(a, b, c) ((a) * (b) + (c))
static double scalar_flops(int64_t rounds, float *result) {
    CHAIN_LOOP
}

typedef double (*flops_loop)(int64_t rounds, float *result);

static flops_loop loop_of_level(void) {
#if defined(__x86_64__)
    const char *level = ore_cpu_level();
    if (level && strcmp(level, "avx2") == 0)
        return avx2_flops;
    if (level && strcmp(level, "scalar") != 0)
        return avx512_flops; /* and what stands over it */
#elif defined(__aarch64__)
    const char *level = ore_cpu_level();
    if (level && strcmp(level, "neon") == 0)
        return neon_flops;
#endif
    return scalar_flops;
}

/* ---- threads that start together ---- */

typedef struct worker {
    const atomic_bool *go;
    flops_loop loop;
    float *a, *b, *c;
    int64_t n, sweeps; /* floats of an array (0: arithmetic), and passes over them */
    double rate;       /* operations or bytes per second */
} worker;

static void triad(const worker *w) {
    float *restrict a = w->a;
    const float *restrict b = w->b, *restrict c = w->c;
    for (int64_t s = 0; s < w->sweeps; s++) {
        for (int64_t i = 0; i < w->n; i++)
            a[i] = b[i] + 0.5f * c[i];
        __asm__ volatile("" ::: "memory"); /* no pass may be left out */
    }
}

static void *work(void *argument) {
    worker *w = argument;
    float ignored;
    double done = 3.0 * sizeof(float) * (double)(w->n * w->sweeps);
    while (!atomic_load_explicit(w->go, memory_order_acquire))
        ;
    double began = ore_clock_s();
    if (w->n > 0)
        triad(w);
    else
        done = w->loop(ROUNDS, &ignored);
    w->rate = done / (ore_clock_s() - began);
    return NULL;
}

/* The sum of the rates of all threads in one try. */
static double rate_of(worker *workers, int threads) {
    pthread_t handles[THREADS_MAX];
    atomic_bool go = false;
    int started = 1;
    for (int i = 0; i < threads; i++)
        workers[i].go = &go;
    while (started < threads &&
           pthread_create(&handles[started], NULL, work, &workers[started]) == 0)
        started++;
    atomic_store_explicit(&go, true, memory_order_release);
    work(&workers[0]);
    double rate = workers[0].rate;
    for (int i = 1; i < started; i++) {
        pthread_join(handles[i], NULL);
        rate += workers[i].rate;
    }
    if (started < threads)
        ore_fail(ORE_MEMORY, "bench: %d threads could be started, expected %d", started, threads);
    return rate;
}

static double best_rate(worker *workers, int threads) {
    double best = 0;
    for (int i = 0; i < TRIES; i++) {
        double rate = rate_of(workers, threads);
        best = rate > best ? rate : best;
    }
    return best;
}

/* The bandwidth in GB/s of a[i] = b[i] + s c[i] over arrays of `bytes` in all, of which each thread
 * has its own part. */
static double bandwidth(worker *workers, int threads, size_t bytes) {
    int64_t n = (int64_t)(bytes / 3 / sizeof(float)), each = n / threads / 16 * 16;
    float *memory = aligned_alloc(LINE_BYTES, 3 * (size_t)n * sizeof(float));
    if (!memory) {
        ore_fail(ORE_MEMORY, "bench: out of memory: %zu bytes", bytes);
        return 0;
    }
    memset(memory, 0, 3 * (size_t)n * sizeof(float));
    for (int i = 0; i < threads; i++)
        workers[i] = (worker){.a = memory + i * each,
                              .b = memory + n + i * each,
                              .c = memory + 2 * n + i * each,
                              .n = each,
                              .sweeps = bytes > PEAK_CACHED_BYTES ? 2 : 64};
    double rate = best_rate(workers, threads);
    free(memory);
    return rate / 1e9;
}

ore_status bench_peak_measure(bench_peak *peak) {
    worker workers[THREADS_MAX] = {{0}};
    int threads = ore_num_threads();
    for (int i = 0; i < threads; i++)
        workers[i] = (worker){.loop = loop_of_level()};
    peak->gflops = best_rate(workers, threads) / 1e9;
    peak->cached_gbps = bandwidth(workers, threads, PEAK_CACHED_BYTES);
    peak->memory_gbps = bandwidth(workers, threads, PEAK_MEMORY_BYTES);
    return ore_error_status();
}
