/* threads.c: the pool of threads.
 *
 * There is one job at a time. The caller runs chunks of it like the workers; a worker that notices
 * the job joins it. When no chunk is left, the caller closes the job, so that no more workers join,
 * and waits for those that have joined: a worker that was still asleep delays nobody. After a job,
 * workers spin for a moment, since the next job often follows at once, and then sleep. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"

enum {
    LINE_BYTES = 64, /* of a cache line: what threads write lies on lines of its own */
    SHARE = 4,       /* a claim takes 1 / SHARE of the chunks that are left, see claim */
};
/* How long a worker spins before it sleeps, in seconds: most pauses between two ops of a training
 * step are shorter. 40 us cost up to 7% of a step (docs/performance.md). */
static const double spin_s = 200e-6;
static const uint32_t OPEN = UINT32_C(1) << 31;

typedef struct job {
    ore_chunk_fn fn;
    void *argument;
    int64_t chunks;
    int threads;   /* max threads that take part, the caller included */
    int64_t group; /* chunks that are claimed as one, so that their numbers fit a span */
    bool in_order; /* all threads claim from the front of spans[0], one chunk at a time */
} job;

/* A thread's own part of the job: the groups of chunks that nobody has claimed yet, as
 * first + (end << 32). Its thread claims from the front; a thread whose own part is used up claims
 * from the back of another's. So the same thread handles the same part of a tensor in one op after
 * another, and finds it in its own cache. */
typedef struct span {
    _Alignas(LINE_BYTES) _Atomic uint64_t left;
} span;

/* `state` is OPEN while a job may be joined, plus the number of workers inside. The fields of
 * `now` change only while state is 0. `round` counts jobs: workers wait for it to change. */
static struct {
    span spans[ORE_MAX_THREADS];
    _Alignas(LINE_BYTES) _Atomic uint32_t state;
    _Alignas(LINE_BYTES) _Atomic uint32_t round;
    _Alignas(LINE_BYTES) job now;
    atomic_flag busy;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    _Atomic int sleepers;      /* workers that wait for `work` or are about to */
    _Atomic bool caller_waits; /* the caller waits for `done` or is about to */
    int workers;               /* started so far; only the owner of `busy` changes it */
    ore_error error;           /* first error of the workers, under lock */
} pool = {.busy = ATOMIC_FLAG_INIT,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

static _Atomic int thread_count;
static int core_count;
static bool pinned; /* workers stay on cores of their own */
static pthread_once_t count_once = PTHREAD_ONCE_INIT;
static _Thread_local int thread_index;
static _Thread_local bool inside_chunk;

/* ---- the number of threads ---- */

/* A child of fork has no workers: it starts afresh. */
static void forget_workers(void) {
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.work, NULL);
    pthread_cond_init(&pool.done, NULL);
    atomic_store(&pool.state, 0);
    atomic_store(&pool.sleepers, 0);
    atomic_store(&pool.caller_waits, false);
    atomic_flag_clear(&pool.busy);
    pool.workers = 0;
    pool.error.status = ORE_OK;
}

static void count_cores(void) {
    core_count = ore_usable_cores();
    const char *pin = getenv("ORE_PIN");
    pinned = pin && strcmp(pin, "1") == 0;
    int unset = 0;
    atomic_compare_exchange_strong(&thread_count, &unset, core_count);
    pthread_atfork(NULL, NULL, forget_workers);
}

int ore_num_threads(void) {
    pthread_once(&count_once, count_cores);
    return atomic_load_explicit(&thread_count, memory_order_relaxed);
}

ore_status ore_set_num_threads(int n) {
    if (n < 1 || n > ORE_MAX_THREADS)
        return ore_fail(ORE_INVALID, "set_num_threads: got %d, expected 1 to %d", n,
                        ORE_MAX_THREADS);
    pthread_once(&count_once, count_cores);
    atomic_store(&thread_count, n);
    return ORE_OK;
}

int ore_thread_index(void) {
    return thread_index;
}

int64_t ore_chunk_count(int64_t units, int64_t min_units, int64_t max) {
    int64_t chunks = min_units > 0 ? units / min_units : units;
    chunks = chunks < max ? chunks : max;
    return chunks < 1 ? 1 : chunks;
}

/* ---- spinning ---- */

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Spins until *word differs from `value`, for spin_s at most; returns whether it does. Does not
 * spin where there are more threads than cores. */
static bool spin_while(_Atomic uint32_t *word, uint32_t value) {
    enum { CHECKS = 64 }; /* reads of the word between two of the clock, which costs more */
    if (ore_num_threads() > core_count)
        return atomic_load(word) != value;
    double end = ore_clock_s() + spin_s;
    do {
        for (int i = 0; i < CHECKS; i++) {
            if (atomic_load_explicit(word, memory_order_acquire) != value)
                return true;
            relax();
        }
    } while (ore_clock_s() < end);
    return false;
}

/* ---- workers ---- */

/* Claims groups *first .. *end-1 of a span, from its front or its back: 1 / `shares` of what is
 * left, so that claims are few at first and the last groups go one by one; a single group where
 * shares is 0. False where the span is empty. */
static bool claim(span *from, bool back, uint32_t shares, uint32_t *first, uint32_t *end) {
    uint64_t left = atomic_load_explicit(&from->left, memory_order_relaxed), rest;
    do {
        uint32_t low = (uint32_t)left, high = (uint32_t)(left >> 32);
        if (low >= high)
            return false;
        uint32_t share = shares ? (high - low + shares - 1) / shares : 1;
        *first = back ? high - share : low;
        *end = *first + share;
        rest = back ? low | (uint64_t)*first << 32 : *end | (uint64_t)high << 32;
    } while (!atomic_compare_exchange_weak_explicit(&from->left, &left, rest, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

static void run_groups(const job *j, uint32_t first, uint32_t end) {
    int64_t chunk = first * j->group, last = end * j->group;
    for (last = last < j->chunks ? last : j->chunks; chunk < last; chunk++)
        j->fn(j->argument, chunk);
}

static void take_chunks(const job *j) {
    uint32_t first, end;
    inside_chunk = true;
    while (j->in_order && claim(&pool.spans[0], false, 0, &first, &end))
        run_groups(j, first, end);
    for (int i = 0; i < j->threads && !j->in_order; i++) {
        int owner = (thread_index + i) % j->threads;
        while (claim(&pool.spans[owner], i > 0, SHARE, &first, &end))
            run_groups(j, first, end);
    }
    inside_chunk = false;
}

static void hand_error_over(void) {
    ore_error error;
    ore_error_take(&error);
    pthread_mutex_lock(&pool.lock);
    if (pool.error.status == ORE_OK)
        pool.error = error;
    pthread_mutex_unlock(&pool.lock);
}

static void leave_job(void) {
    if (atomic_fetch_sub(&pool.state, 1) != 1 || !atomic_load(&pool.caller_waits))
        return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_signal(&pool.done);
    pthread_mutex_unlock(&pool.lock);
}

/* Joins the open job, if there is one. */
static void join_job(void) {
    uint32_t state = atomic_load(&pool.state);
    do {
        if (!(state & OPEN))
            return;
    } while (!atomic_compare_exchange_weak(&pool.state, &state, state + 1));
    if (thread_index < pool.now.threads)
        take_chunks(&pool.now);
    if (!ore_ok())
        hand_error_over();
    leave_job();
}

static void sleep_while(uint32_t round) {
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.sleepers, 1);
    while (atomic_load(&pool.round) == round)
        pthread_cond_wait(&pool.work, &pool.lock);
    atomic_fetch_sub(&pool.sleepers, 1);
    pthread_mutex_unlock(&pool.lock);
}

static void *run_worker(void *index) {
    thread_index = (int)(intptr_t)index;
    if (pinned)
        ore_pin_thread(thread_index);
    for (;;) {
        uint32_t round = atomic_load(&pool.round);
        join_job();
        if (!spin_while(&pool.round, round))
            sleep_while(round);
    }
    return NULL;
}

/* Starts workers until there are `wanted`, fewer where the system refuses. They block signals, so
 * that these reach the program's own threads; except those that an instruction of their own raises
 * (SIGSEGV, SIGBUS, ..), which would end the process if they were blocked. */
static void start_workers(int wanted) {
    if (pool.workers >= wanted)
        return;
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (pool.workers < wanted) {
        pthread_t thread;
        void *index = (void *)(intptr_t)(pool.workers + 1);
        if (pthread_create(&thread, &attributes, run_worker, index) != 0)
            break;
        pool.workers++;
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- jobs ---- */

static void open_job(const job *j) {
    pool.now = *j;
    int64_t groups = (j->chunks + j->group - 1) / j->group;
    int spans = j->in_order ? 1 : j->threads;
    for (int i = 0; i < spans; i++) {
        int64_t first = groups * i / spans, end = groups * (i + 1) / spans;
        atomic_store_explicit(&pool.spans[i].left, (uint64_t)end << 32 | (uint64_t)first,
                              memory_order_relaxed);
    }
    atomic_store(&pool.state, OPEN);
    atomic_fetch_add(&pool.round, 1);
    if (atomic_load(&pool.sleepers) == 0)
        return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
}

static void close_job(void) {
    uint32_t state = atomic_fetch_and(&pool.state, ~OPEN) & ~OPEN;
    while (state != 0 && spin_while(&pool.state, state))
        state = atomic_load(&pool.state);
    if (state != 0) {
        pthread_mutex_lock(&pool.lock);
        atomic_store(&pool.caller_waits, true);
        while (atomic_load(&pool.state) != 0)
            pthread_cond_wait(&pool.done, &pool.lock);
        atomic_store(&pool.caller_waits, false);
        pthread_mutex_unlock(&pool.lock);
    }
    if (pool.error.status != ORE_OK) {
        ore_error_raise(&pool.error);
        pool.error.status = ORE_OK;
    }
}

static void run_serially(int64_t chunks, ore_chunk_fn fn, void *argument) {
    bool nested = inside_chunk;
    inside_chunk = true;
    for (int64_t chunk = 0; chunk < chunks; chunk++)
        fn(argument, chunk);
    inside_chunk = nested;
}

static void run_job(int64_t chunks, ore_chunk_fn fn, void *argument, bool in_order) {
    int threads = ore_num_threads();
    if (chunks < threads)
        threads = chunks < 1 ? 1 : (int)chunks;
    if (threads == 1 || inside_chunk || atomic_flag_test_and_set(&pool.busy)) {
        run_serially(chunks, fn, argument);
        return;
    }
    start_workers(threads - 1);
    job j = {fn, argument, chunks, threads, 1 + chunks / INT32_MAX, in_order};
    open_job(&j);
    take_chunks(&j);
    close_job();
    atomic_flag_clear(&pool.busy);
}

void ore_parallel_for(int64_t chunks, ore_chunk_fn fn, void *argument) {
    run_job(chunks, fn, argument, false);
}

void ore_parallel_for_in_order(int64_t chunks, ore_chunk_fn fn, void *argument) {
    run_job(chunks, fn, argument, true);
}
