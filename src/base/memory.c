/* memory.c: the caching pool.
 *
 * Blocks come in size classes: steps of 64 bytes up to 1 KiB, then four to a power of two. Small
 * ones are cached per thread without a
 * lock; large ones, and what a thread has too many of, in lists that all threads share. A block
 * released by another thread simply joins that thread's cache. Under AddressSanitizer nothing is
 * cached, so that every misuse shows. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <ore/base.h>

#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define CACHING 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CACHING 0
#endif
#endif
#ifndef CACHING
#define CACHING 1
#endif

enum {
    ALIGNMENT = 64,
    STEP_MOST_LOG2 = 10,
    STEP_MAX = 1 << STEP_MOST_LOG2,
    STEP_CLASSES = STEP_MAX / ALIGNMENT,  /* one for each multiple of 64 bytes up to STEP_MAX */
    CLASSES = STEP_CLASSES + 4 * 38,      /* up to 2^48 bytes */
    SMALL_CLASSES = STEP_CLASSES + 4 * 8, /* up to 256 KiB: cached per thread */
    LOCAL_LIMIT_BYTES = 1 << 22,          /* max blocks of one class that a thread keeps */
    /* a thread adds its use to the total in steps of this many bytes */
    STATS_GRAIN_BYTES = 1 << 16,
};

/* Lies in the 64 bytes before the memory handed out. */
typedef struct block {
    struct block *next;
    size_t bytes; /* of a block of the class, without the header */
    int class_index;
} block;

_Static_assert(sizeof(block) <= ALIGNMENT, "the header fits in front of an aligned block");

typedef struct local_cache {
    block *free[SMALL_CLASSES];
    size_t bytes[SMALL_CLASSES];
    int64_t unreported; /* bytes taken less bytes given back since the last report */
} local_cache;

static _Thread_local local_cache local;
static _Thread_local local_cache *mine; /* &local once the thread is known, else NULL */

static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static block *shared_free[CLASSES];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static atomic_llong in_use, peak, reserved;
static atomic_ullong system_calls;

/* ---- size classes ---- */

static inline int step_class(size_t bytes) {
    return (int)((bytes - (bytes > 0)) / ALIGNMENT);
}

static int class_of(size_t bytes, size_t *class_bytes) {
    if (bytes <= STEP_MAX) {
        int c = step_class(bytes);
        *class_bytes = (size_t)(c + 1) * ALIGNMENT;
        return c;
    }
    int top =
        63 - __builtin_clzll((unsigned long long)(bytes - 1)); /* 2^top < bytes <= 2^(top+1) */
    size_t base = (size_t)1 << top, step = base / 4;
    size_t steps = (bytes - base + step - 1) >> (top - 2); /* 1 .. 4 */
    *class_bytes = base + steps * step;
    return STEP_CLASSES + 4 * (top - STEP_MOST_LOG2) + (int)steps - 1;
}

/* ---- the shared lists and the system ---- */

static void give_to_system(block *b) {
    while (b) {
        block *next = b->next;
        atomic_fetch_sub(&reserved, (long long)(b->bytes + ALIGNMENT));
        atomic_fetch_add(&system_calls, 1);
        free(b);
        b = next;
    }
}

static void give_to_shared(block *first) {
    pthread_mutex_lock(&shared_lock);
    while (first) {
        block *next = first->next;
        first->next = shared_free[first->class_index];
        shared_free[first->class_index] = first;
        first = next;
    }
    pthread_mutex_unlock(&shared_lock);
}

static block *take_from_shared(int class_index) {
    pthread_mutex_lock(&shared_lock);
    block *b = shared_free[class_index];
    if (b)
        shared_free[class_index] = b->next;
    pthread_mutex_unlock(&shared_lock);
    return b;
}

static block *take_from_system(size_t bytes, int class_index) {
    atomic_fetch_add(&system_calls, 1);
    block *b = aligned_alloc(ALIGNMENT, bytes + ALIGNMENT);
    if (!b) { /* perhaps another size is cached: give it back and try once more */
        ore_memory_trim();
        b = aligned_alloc(ALIGNMENT, bytes + ALIGNMENT);
    }
    if (!b)
        return NULL;
    atomic_fetch_add(&reserved, (long long)(bytes + ALIGNMENT));
    b->bytes = bytes;
    b->class_index = class_index;
    return b;
}

/* ---- one thread's cache ---- */

static void report_use(void) {
    long long now = atomic_fetch_add(&in_use, local.unreported) + local.unreported;
    local.unreported = 0;
    long long before = atomic_load(&peak);
    while (now > before && !atomic_compare_exchange_weak(&peak, &before, now))
        ;
}

static void empty_local_cache(void *unused);

static void make_key(void) {
    pthread_key_create(&key, empty_local_cache);
}

/* At the thread's end its cache goes to the others, and its use is reported. */
static void register_thread(void) {
    pthread_once(&key_once, make_key);
    pthread_setspecific(key, &local);
    mine = &local;
}

static void count_use(int64_t bytes) {
    mine->unreported += bytes;
    if (mine->unreported > STATS_GRAIN_BYTES || mine->unreported < -STATS_GRAIN_BYTES)
        report_use();
}

/* Moves a thread's cached blocks of a class to the shared list. */
static void share_class(int c) {
    give_to_shared(local.free[c]);
    local.free[c] = NULL;
    local.bytes[c] = 0;
}

static void empty_local_cache(void *unused) {
    (void)unused;
    for (int c = 0; c < SMALL_CLASSES; c++)
        share_class(c);
    report_use();
    mine = NULL;
}

static block *take_from_cache(int c) {
    block *b = mine->free[c];
    if (b) {
        mine->free[c] = b->next;
        mine->bytes[c] -= b->bytes;
    }
    return b;
}

static void cache_locally(block *b) {
    int c = b->class_index;
    if (mine->bytes[c] > LOCAL_LIMIT_BYTES - b->bytes)
        share_class(c);
    b->next = mine->free[c];
    mine->free[c] = b;
    mine->bytes[c] += b->bytes;
}

/* A block from the shared list or the system; NULL with the error pending where there is none. */
static block *fetch_block(size_t wanted, size_t bytes, int class_index) {
    if (wanted > (size_t)1 << 47) {
        ore_fail(ORE_MEMORY, "out of memory: %zu bytes wanted", wanted);
        return NULL;
    }
    block *b = CACHING ? take_from_shared(class_index) : NULL;
    if (!b)
        b = take_from_system(bytes, class_index);
    if (!b)
        ore_fail(ORE_MEMORY, "out of memory: %zu bytes wanted, %lld in use", wanted,
                 (long long)atomic_load(&in_use));
    return b;
}

/* ---- the interface ---- */

/* The rare cases of the two functions below, in functions of their own so that those stay short. */
static __attribute__((noinline)) void *alloc_uncommon(size_t bytes) {
    size_t class_bytes;
    int c = class_of(bytes, &class_bytes);
    if (!mine)
        register_thread();
    block *b = CACHING && c < SMALL_CLASSES ? take_from_cache(c) : NULL;
    if (!b)
        b = fetch_block(bytes, class_bytes, c);
    if (!b)
        return NULL;
    count_use((int64_t)b->bytes);
    return (char *)b + ALIGNMENT;
}

void *ore_alloc(size_t bytes) {
    if (bytes > STEP_MAX || !mine)
        return alloc_uncommon(bytes);
    int c = step_class(bytes);
    block *b = mine->free[c];
    if (!b || mine->unreported > STATS_GRAIN_BYTES)
        return alloc_uncommon(bytes);
    mine->free[c] = b->next;
    mine->bytes[c] -= b->bytes;
    mine->unreported += (int64_t)b->bytes;
    return (char *)b + ALIGNMENT;
}

void *ore_alloc_zero(size_t bytes) {
    void *p = ore_alloc(bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

static __attribute__((noinline)) void release_uncommon(block *b) {
    if (!mine)
        register_thread();
    count_use(-(int64_t)b->bytes);
    if (CACHING && b->class_index < SMALL_CLASSES) {
        cache_locally(b);
        return;
    }
    b->next = NULL;
    if (CACHING)
        give_to_shared(b);
    else
        give_to_system(b);
}

void ore_release(void *p) {
    if (!p)
        return;
    block *b = (block *)((char *)p - ALIGNMENT);
    int c = b->class_index;
    if (!CACHING || !mine || c >= SMALL_CLASSES || mine->bytes[c] > LOCAL_LIMIT_BYTES - b->bytes ||
        mine->unreported < -STATS_GRAIN_BYTES) {
        release_uncommon(b);
        return;
    }
    b->next = mine->free[c];
    mine->free[c] = b;
    mine->bytes[c] += b->bytes;
    mine->unreported -= (int64_t)b->bytes;
}

ore_status ore_grow(void **items, int64_t *capacity, int64_t count, size_t element_bytes) {
    if (count <= *capacity)
        return ORE_OK;
    int64_t wanted = *capacity < 8 ? 8 : 2 * *capacity;
    if (wanted < count)
        wanted = count;
    size_t bytes;
    if (ore_bytes_of(wanted, element_bytes, &bytes) != ORE_OK)
        return ORE_MEMORY;
    void *larger = ore_alloc(bytes);
    if (!larger)
        return ORE_MEMORY;
    if (*items)
        memcpy(larger, *items, (size_t)*capacity * element_bytes);
    ore_release(*items);
    *items = larger;
    *capacity = wanted;
    return ORE_OK;
}

char *ore_copy_text(const char *text) {
    return ore_copy_bytes(text, strlen(text));
}

char *ore_copy_bytes(const char *text, size_t bytes) {
    char *copy = ore_alloc(bytes + 1);
    if (copy && bytes > 0)
        memcpy(copy, text, bytes);
    if (copy)
        copy[bytes] = '\0';
    return copy;
}

void ore_string_free(char *text) {
    ore_release(text);
}

ore_status ore_bytes_of(int64_t count, size_t element_bytes, size_t *bytes) {
    if (count < 0 || __builtin_mul_overflow((size_t)count, element_bytes, bytes))
        return ore_fail(ORE_MEMORY, "out of memory: %lld elements of %zu bytes wanted",
                        (long long)count, element_bytes);
    return ORE_OK;
}

void ore_memory_read(ore_memory_stats *stats) {
    report_use();
    stats->in_use_bytes = (size_t)atomic_load(&in_use);
    stats->peak_bytes = (size_t)atomic_load(&peak);
    stats->reserved_bytes = (size_t)atomic_load(&reserved);
    stats->system_calls = atomic_load(&system_calls);
}

void ore_memory_reset_peak(void) {
    report_use();
    atomic_store(&peak, atomic_load(&in_use));
}

void ore_memory_trim(void) {
    for (int c = 0; c < SMALL_CLASSES; c++)
        share_class(c);
    for (int c = 0; c < CLASSES; c++) {
        pthread_mutex_lock(&shared_lock);
        block *first = shared_free[c];
        shared_free[c] = NULL;
        pthread_mutex_unlock(&shared_lock);
        give_to_system(first);
    }
}
