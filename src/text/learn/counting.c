/* counting.c: a model that counts. Each thread that encodes has a table of its own; they are joined
 * when somebody asks. */
#include "base/memory.h"
#include "text/learn/counting.h"

/* The table of one workspace. It belongs to the model, which outlives the workspace. */
typedef struct tally {
    struct tally *next;
    ore_piece_counts counts;
} tally;

typedef struct counting {
    ore_stage base;
    pthread_mutex_t lock; /* of `tallies` */
    tally *tallies;
} counting;

static void *workspace_new(const ore_stage *stage) {
    counting *self = (counting *)stage;
    tally *t = ore_alloc_zero(sizeof *t);
    if (!t)
        return NULL;
    pthread_mutex_lock(&self->lock);
    t->next = self->tallies;
    self->tallies = t;
    pthread_mutex_unlock(&self->lock);
    return t;
}

static ore_status count_splits(const ore_stage *stage, const ore_composed *composed,
                               ore_workspace *workspace, int64_t first, int64_t count,
                               ore_token_list *out) {
    (void)stage, (void)composed, (void)out;
    const ore_flow *flow = &workspace->flow;
    tally *t = workspace->model;
    ore_piece_text texts[ORE_PIECE_BATCH];
    int64_t n = 0;
    for (int64_t i = first; i < first + count; i++) {
        const ore_segment *s = flow->splits + i;
        texts[n++] = (ore_piece_text){flow->text + s->start, s->end - s->start};
        if (n < ORE_PIECE_BATCH && i + 1 < first + count)
            continue;
        if (ore_piece_counts_add_all(&t->counts, texts, n) != ORE_OK)
            return ore_error_status();
        n = 0;
    }
    return ORE_OK;
}

static void release(ore_stage *stage) {
    counting *self = (counting *)stage;
    for (tally *t = self->tallies, *next; t; t = next) {
        next = t->next;
        ore_piece_counts_release(&t->counts);
        ore_release(t);
    }
    pthread_mutex_destroy(&self->lock);
}

static const ore_model_kind counting_kind = {.stage = {.name = "Counting", .release = release},
                                             .workspace_new = workspace_new,
                                             .encode = count_splits};

ore_stage *ore_counting_new(void) {
    counting *self = ore_stage_new(&counting_kind.stage, sizeof *self);
    if (self)
        pthread_mutex_init(&self->lock, NULL);
    return (ore_stage *)self;
}

ore_piece_counts *ore_counting_counts(ore_stage *model) {
    counting *self = (counting *)model;
    tally *first = self->tallies ? self->tallies : workspace_new(model);
    for (tally *t = first ? first->next : NULL; t; t = t->next)
        if (ore_piece_counts_join(&first->counts, &t->counts) != ORE_OK)
            return NULL;
    return first ? &first->counts : NULL;
}
