/* guarded.c: the guarded device: memory, copies, and rows that borrow the CPU's. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/guarded.h"

/* ---- memory: one file, mapped without access and, elsewhere, with it ---- */

enum {
    ARENA_BYTES = 1 << 28, /* only pages that are used take memory */
    BLOCK_STEP = 64,
    BLOCKS_MAX = 1 << 14,
};

typedef struct block {
    size_t offset, bytes; /* room for it */
    bool live;
} block;

static char *guarded, *plain; /* the two mappings */
static block blocks[BLOCKS_MAX];
static int block_count;
static size_t used;
static long calls;
static pthread_mutex_t lock; /* recursive: a row copies while it runs */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void give_up(const char *what) {
    fprintf(stderr, "guarded device: %s\n", what);
    abort();
}

static void map_arena(void) {
    FILE *file = tmpfile(); /* has no name, and goes with the last mapping */
    if (!file || ftruncate(fileno(file), ARENA_BYTES) != 0)
        give_up("no temporary file");
    guarded = mmap(NULL, ARENA_BYTES, PROT_NONE, MAP_SHARED, fileno(file), 0);
    plain = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    if (guarded == MAP_FAILED || plain == MAP_FAILED)
        give_up("no mapping");
    fclose(file);
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
}

static block *new_block(size_t bytes) {
    if (block_count == BLOCKS_MAX || used + bytes > ARENA_BYTES)
        return NULL;
    block *b = &blocks[block_count++];
    *b = (block){.offset = used, .bytes = bytes};
    used += bytes;
    return b;
}

static void *allocate(const ore_context *ctx, size_t bytes) {
    (void)ctx;
    size_t room = (bytes / BLOCK_STEP + 1) * BLOCK_STEP;
    pthread_mutex_lock(&lock);
    block *b = NULL;
    for (int i = 0; i < block_count && !b; i++)
        if (!blocks[i].live && blocks[i].bytes == room)
            b = &blocks[i];
    b = b ? b : new_block(room);
    if (b) {
        b->live = true;
        memset(plain + b->offset, 0x5a, room); /* nobody may count on zeros */
    } else {
        ore_fail(ORE_MEMORY, "out of memory: %zu bytes wanted on TEST", bytes);
    }
    pthread_mutex_unlock(&lock);
    return b ? guarded + b->offset : NULL;
}

/* The block that an address of the device lies in. */
static block *block_at(const void *address) {
    ptrdiff_t offset = (const char *)address - guarded;
    for (int i = 0; i < block_count; i++)
        if (offset >= (ptrdiff_t)blocks[i].offset &&
            offset < (ptrdiff_t)(blocks[i].offset + blocks[i].bytes)) {
            if (!blocks[i].live)
                give_up("memory that was released is used");
            return &blocks[i];
        }
    give_up("an address that is not the device's");
    return NULL;
}

static void release(const ore_context *ctx, void *memory, size_t bytes) {
    (void)ctx;
    pthread_mutex_lock(&lock);
    block *b = block_at(memory);
    if (b->bytes != (bytes / BLOCK_STEP + 1) * BLOCK_STEP)
        give_up("memory is released with another size");
    b->live = false;
    pthread_mutex_unlock(&lock);
}

/* Where the device's own code finds `bytes` at an address. */
static char *behind(const void *address, size_t bytes) {
    block *b = block_at(address);
    size_t offset = (size_t)((const char *)address - guarded);
    if (offset + bytes > b->offset + b->bytes)
        give_up("a copy that ends outside of its memory");
    return plain + offset;
}

static ore_status copy_in(const ore_context *ctx, void *to, const void *from, size_t bytes) {
    (void)ctx;
    pthread_mutex_lock(&lock);
    memcpy(behind(to, bytes), from, bytes);
    pthread_mutex_unlock(&lock);
    return ORE_OK;
}

static ore_status copy_out(const ore_context *ctx, void *to, const void *from, size_t bytes) {
    (void)ctx;
    pthread_mutex_lock(&lock);
    memcpy(to, behind(from, bytes), bytes);
    pthread_mutex_unlock(&lock);
    return ORE_OK;
}

static ore_status copy(const ore_context *ctx, void *to, const void *from, size_t bytes) {
    (void)ctx;
    pthread_mutex_lock(&lock);
    memcpy(behind(to, bytes), behind(from, bytes), bytes);
    pthread_mutex_unlock(&lock);
    return ORE_OK;
}

static ore_status synchronize(const ore_context *ctx) {
    (void)ctx;
    return ORE_OK;
}

/* ---- a row's visit: the blocks of its operands, on the host ---- */

enum { VISITED_MAX = 256, DIRECTIONS_MAX = 2 };

typedef struct visit {
    int count;
    block *blocks[VISITED_MAX];
    char *copies[VISITED_MAX];
    /* the row's arguments, with addresses of the host */
    ore_plan plan;
    union {
        ore_reduce_plan reduce;
        ore_gemm gemm;
        ore_attention_args attention;
        ore_layer_norm_args layer_norm;
        ore_cross_entropy_args cross_entropy;
        ore_index_args index;
        ore_recurrent_args recurrent[DIRECTIONS_MAX];
    } args;
    void *parts; /* of optimizers */
} visit;

static const ore_context *cpu(void) {
    return ore_context_of(ORE_CPU);
}

static void visit_begin(visit *v) {
    pthread_mutex_lock(&lock);
    calls++;
    v->count = 0;
    v->parts = NULL;
}

static ore_status visit_end(visit *v, ore_status status) {
    for (int i = 0; i < v->count; i++) {
        copy_in(NULL, guarded + v->blocks[i]->offset, v->copies[i], v->blocks[i]->bytes);
        free(v->copies[i]);
    }
    free(v->parts);
    pthread_mutex_unlock(&lock);
    return status;
}

/* The host's address of what lies at an address of the device; NULL stays NULL. */
static void *here(visit *v, const void *address) {
    if (!address)
        return NULL;
    block *b = block_at(address);
    int i = 0;
    while (i < v->count && v->blocks[i] != b)
        i++;
    if (i == v->count) {
        if (i == VISITED_MAX)
            give_up("a row of too many operands");
        v->blocks[v->count] = b;
        v->copies[v->count++] = aligned_alloc(BLOCK_STEP, b->bytes);
        copy_out(NULL, v->copies[i], guarded + b->offset, b->bytes);
    }
    return v->copies[i] + ((const char *)address - guarded) - b->offset;
}

static const ore_plan *plan_here(visit *v, const ore_plan *plan) {
    v->plan = *plan;
    for (int i = 0; i < plan->operands; i++)
        v->plan.data[i] = here(v, plan->data[i]);
    return &v->plan;
}

static const ore_reduce_plan *reduce_plan_here(visit *v, const ore_reduce_plan *plan) {
    ore_reduce_plan *p = &v->args.reduce;
    *p = *plan;
    for (int i = 0; i < p->kept.operands; i++)
        p->kept.data[i] = here(v, p->kept.data[i]);
    for (int i = 0; i < p->folded.operands; i++)
        p->folded.data[i] = here(v, p->folded.data[i]);
    return p;
}

static const ore_index_args *index_here(visit *v, const ore_index_args *args) {
    v->args.index = *args;
    v->args.index.index = here(v, args->index);
    return &v->args.index;
}

static const ore_layer_norm_args *layer_norm_here(visit *v, const ore_layer_norm_args *args) {
    ore_layer_norm_args *a = &v->args.layer_norm;
    *a = *args;
    a->x = here(v, a->x);
    a->weight = here(v, a->weight);
    a->bias = here(v, a->bias);
    a->y = here(v, a->y);
    a->mean = here(v, a->mean);
    a->rstd = here(v, a->rstd);
    a->dy = here(v, a->dy);
    a->dx = here(v, a->dx);
    a->dweight = here(v, a->dweight);
    a->dbias = here(v, a->dbias);
    return a;
}

static const ore_cross_entropy_args *cross_entropy_here(visit *v,
                                                        const ore_cross_entropy_args *args) {
    ore_cross_entropy_args *a = &v->args.cross_entropy;
    *a = *args;
    a->x = here(v, a->x);
    a->labels = here(v, a->labels);
    a->class_weight = here(v, a->class_weight);
    a->loss = here(v, a->loss);
    a->reduced = here(v, a->reduced);
    a->top_and_sum = here(v, a->top_and_sum);
    a->total = here(v, a->total);
    a->dy = here(v, a->dy);
    a->dx = here(v, a->dx);
    return a;
}

static const ore_attention_args *attention_here(visit *v, const ore_attention_args *args) {
    ore_attention_args *a = &v->args.attention;
    *a = *args;
    a->q = here(v, a->q);
    a->k = here(v, a->k);
    a->v = here(v, a->v);
    a->y = here(v, a->y);
    a->top_and_sum = here(v, a->top_and_sum);
    a->keep = here(v, a->keep);
    a->lengths = here(v, a->lengths);
    a->starts = here(v, a->starts);
    a->documents = here(v, a->documents);
    a->slopes = here(v, a->slopes);
    a->mask = here(v, a->mask);
    a->dy = here(v, a->dy);
    a->dq = here(v, a->dq);
    a->dk = here(v, a->dk);
    a->dv = here(v, a->dv);
    a->dmask = here(v, a->dmask);
    a->dslopes = here(v, a->dslopes);
    return a;
}

static const ore_recurrent_args *recurrent_here(visit *v, const ore_recurrent_args *args,
                                                int64_t directions) {
    for (int64_t d = 0; d < directions; d++) {
        ore_recurrent_args *a = &v->args.recurrent[d];
        *a = args[d]; /* sizes and starts are the host's */
        a->w_hh = here(v, a->w_hh);
        a->b_hh = here(v, a->b_hh);
        a->w_hr = here(v, a->w_hr);
        a->h0 = here(v, a->h0);
        a->c0 = here(v, a->c0);
        a->gates = here(v, a->gates);
        a->candidate = here(v, a->candidate);
        a->c = here(v, a->c);
        a->y = here(v, a->y);
        a->h_n = here(v, a->h_n);
        a->c_n = here(v, a->c_n);
        a->dy = here(v, a->dy);
        a->dh_n = here(v, a->dh_n);
        a->dc_n = here(v, a->dc_n);
        a->dgates = here(v, a->dgates);
        a->dcandidate = here(v, a->dcandidate);
        a->h_before = here(v, a->h_before);
        a->dh = here(v, a->dh);
        a->hidden = here(v, a->hidden);
        a->dh0 = here(v, a->dh0);
        a->dc0 = here(v, a->dc0);
    }
    return v->args.recurrent;
}

static void *parts_here(visit *v, const void *parts, int64_t count, size_t bytes) {
    v->parts = malloc((size_t)count * bytes + 1);
    return memcpy(v->parts, parts, (size_t)count * bytes);
}

static const ore_sgd_part *sgd_here(visit *v, const ore_sgd_part *parts, int64_t count) {
    ore_sgd_part *own = parts_here(v, parts, count, sizeof *parts);
    for (int64_t i = 0; i < count; i++) {
        own[i].p = here(v, own[i].p);
        own[i].g = here(v, own[i].g);
        own[i].buffer = here(v, own[i].buffer);
    }
    return own;
}

static const ore_adam_part *adam_here(visit *v, const ore_adam_part *parts, int64_t count) {
    ore_adam_part *own = parts_here(v, parts, count, sizeof *parts);
    for (int64_t i = 0; i < count; i++) {
        own[i].p = here(v, own[i].p);
        own[i].g = here(v, own[i].g);
        own[i].m = here(v, own[i].m);
        own[i].v = here(v, own[i].v);
        own[i].v_max = here(v, own[i].v_max);
    }
    return own;
}

static const ore_dense_part *dense_here(visit *v, const ore_dense_part *parts, int64_t count) {
    ore_dense_part *own = parts_here(v, parts, count, sizeof *parts);
    for (int64_t i = 0; i < count; i++)
        own[i].x = here(v, own[i].x);
    return own;
}

/* ---- the table ---- */

static const ore_gemm *gemm_here(visit *v, const ore_gemm *g);

#define PARAMETERS(parameters, arguments) parameters
#define ARGUMENTS(parameters, arguments)  arguments
#define DEFINE(name, dtype, suffix, both)                                                          \
    static ore_status name##_##suffix PARAMETERS both {                                            \
        (void)ctx;                                                                                 \
        visit own, *v = &own;                                                                      \
        visit_begin(v);                                                                            \
        return visit_end(v, cpu()->kernels->name[dtype] ARGUMENTS both);                           \
    }
#define ROW(name, dtypes, parameters, arguments) dtypes(DEFINE, name, (parameters, arguments))
#include "support/guarded_rows.def"
#undef ROW

#define ENTRY(name, dtype, suffix, unused)       [dtype] = name##_##suffix,
#define ROW(name, dtypes, parameters, arguments) .name = {dtypes(ENTRY, name, unused)},
static const ore_kernels rows = {
#include "support/guarded_rows.def"
};
#undef ROW

/* The CPU's row in the place of one of the device's. */
static ore_plan_kernel row_here(ore_plan_kernel row) {
    for (size_t at = 0; row && at < sizeof rows; at += sizeof row)
        if (memcmp((const char *)&rows + at, &row, sizeof row) == 0) {
            memcpy(&row, (const char *)cpu()->kernels + at, sizeof row);
            return row;
        }
    if (row)
        give_up("a product with a row of another device");
    return NULL;
}

static const ore_gemm *gemm_here(visit *v, const ore_gemm *args) {
    ore_gemm *g = &v->args.gemm;
    *g = *args;
    g->a = here(v, g->a);
    g->b = here(v, g->b);
    g->c = here(v, g->c);
    g->bias = here(v, g->bias);
    g->addend = here(v, g->addend);
    g->result = here(v, g->result);
    g->then = row_here(g->then);
    return g;
}

static const ore_kernels *kernels(void) {
    pthread_once(&once, map_arena);
    return cpu() ? &rows : NULL;
}

const ore_backend guarded_backend = {.name = "TEST",
                                     .kernels = kernels,
                                     .allocate = allocate,
                                     .release = release,
                                     .copy_in = copy_in,
                                     .copy_out = copy_out,
                                     .copy = copy,
                                     .synchronize = synchronize};

void guarded_register(void) {
    assert_int_equal(ore_backend_register(GUARDED, &guarded_backend), ORE_OK);
}

long guarded_calls(void) {
    return calls;
}
