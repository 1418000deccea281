/* prefetch.c: batches made ahead. Threads take numbers in order, and a ring of slots holds what
 * they made until its turn comes. Who waits for a batch that nobody has begun makes it, so that
 * nothing waits for a thread that the system did not start. */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "core/scope.h"
#include "data/loader.h"
#include "data/prefetch.h"

typedef struct slot {
    bool ready;
    ore_batch batch; /* owned handles */
    ore_error error;
} slot;

/* All but the first four fields is under the lock. */
struct ore_prefetch {
    ore_batch_maker make;
    void *user;
    int64_t depth;
    pthread_t *threads; /* (workers) */
    int workers, started;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    bool running, closing;
    int busy;      /* threads that make a batch */
    int64_t taken; /* the number that is taken next, */
    int64_t next;  /* the one that nobody has begun, */
    int64_t limit; /* and the end of those that may be begun */
    int64_t end;   /* of the pass */
    slot *slots;   /* (depth) batch i in slot i % depth */
};

/* Calls fn for each handle of a batch that there is. */
static void each_handle(ore_batch *batch, void (*fn)(ore_tensor *)) {
    ore_tensor *handles[ORE_BATCH_HANDLES];
    int count = ore_batch_handles(batch, handles);
    for (int i = 0; i < count; i++)
        fn(handles[i]);
}

static void own(ore_tensor *t) {
    ore_own(t);
}

/* ---- the threads ---- */

/* Makes a batch under a scope that ends; the lock is not held. */
static void fill(ore_prefetch *p, int64_t number, slot *s) {
    ore_scope_begin();
    s->batch = p->make(p->user, number);
    each_handle(&s->batch, own);
    ore_scope_end();
    ore_error_take(&s->error);
}

static void *run(void *argument) {
    ore_prefetch *p = argument;
    pthread_mutex_lock(&p->lock);
    while (!p->closing) {
        if (!p->running || p->next >= p->limit) {
            pthread_cond_wait(&p->work, &p->lock);
            continue;
        }
        int64_t number = p->next++;
        slot *s = &p->slots[number % p->depth];
        p->busy++;
        pthread_mutex_unlock(&p->lock);
        fill(p, number, s);
        pthread_mutex_lock(&p->lock);
        p->busy--;
        s->ready = true;
        pthread_cond_broadcast(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals are for the program's own threads. */
static void start(ore_prefetch *p) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->started < p->workers && pthread_create(&p->threads[p->started], NULL, run, p) == 0)
        p->started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->workers = p->started;
}

/* ---- making ---- */

ore_prefetch *ore_prefetch_new(int workers, int64_t depth, ore_batch_maker make, void *user) {
    size_t bytes;
    if (ore_bytes_of(depth, sizeof(slot), &bytes) != ORE_OK)
        return NULL;
    ore_prefetch *p = ore_alloc_zero(sizeof *p);
    if (!p)
        return NULL;
    *p = (ore_prefetch){.make = make, .user = user, .depth = depth, .workers = workers};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    p->threads = ore_alloc((size_t)workers * sizeof *p->threads);
    p->slots = ore_alloc_zero(bytes);
    if (p->threads && p->slots)
        return p;
    ore_prefetch_free(p);
    return NULL;
}

void ore_prefetch_free(ore_prefetch *p) {
    if (!p)
        return;
    if (p->slots)
        ore_prefetch_stop(p);
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->started; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    ore_release(p->slots);
    ore_release(p->threads);
    ore_release(p);
}

/* ---- taking ---- */

/* Lets the threads go on as far as there is room. */
static void allow(ore_prefetch *p) {
    p->limit = p->end - p->taken < p->depth ? p->end : p->taken + p->depth;
    pthread_cond_broadcast(&p->work);
}

void ore_prefetch_begin(ore_prefetch *p, int64_t first, int64_t end) {
    pthread_mutex_lock(&p->lock);
    p->taken = p->next = first;
    p->end = end;
    p->running = true;
    allow(p);
    pthread_mutex_unlock(&p->lock);
    if (p->started < p->workers)
        start(p);
}

ore_batch ore_prefetch_take(ore_prefetch *p) {
    pthread_mutex_lock(&p->lock);
    int64_t number = p->taken++;
    if (p->next == number) {
        p->next++;
        allow(p);
        pthread_mutex_unlock(&p->lock);
        return p->make(p->user, number);
    }
    slot *s = &p->slots[number % p->depth];
    while (!s->ready)
        pthread_cond_wait(&p->done, &p->lock);
    ore_batch batch = s->batch;
    ore_error error = s->error;
    s->ready = false;
    allow(p);
    pthread_mutex_unlock(&p->lock);
    each_handle(&batch, ore_scope_add);
    ore_error_raise(&error);
    return batch;
}

void ore_prefetch_stop(ore_prefetch *p) {
    pthread_mutex_lock(&p->lock);
    p->running = false;
    while (p->busy > 0)
        pthread_cond_wait(&p->done, &p->lock);
    for (int64_t i = 0; i < p->depth; i++) {
        if (p->slots[i].ready)
            each_handle(&p->slots[i].batch, ore_free);
        p->slots[i].ready = false;
    }
    pthread_mutex_unlock(&p->lock);
}

bool ore_prefetch_is_running(const ore_prefetch *p) {
    return p->running; /* only the loader's own thread changes it */
}
