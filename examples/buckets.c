/* buckets.c: what batches of like lengths save: how much of them is padding. */
#include <stdio.h>

#include <ore/ore.h>

enum { SENTENCES = 6400, BATCH = 32 };

/* ---- a data set of one's own ---- */

typedef struct sentences {
    ore_dataset base;   /* first: an ore_dataset * of this kind is a sentences * */
    ore_tensor *tokens; /* (SENTENCES, 67) ids, of which each sentence uses the first ones */
    int64_t lengths[SENTENCES];
} sentences;

static ore_status get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const sentences *s = (const sentences *)dataset;
    const int64_t *ids = ore_data(s->tokens);
    int64_t label = i % 2;
    if (!ids)
        return ore_error_status();
    sample->fields[0] = ore_from_data(ids + i * 67, ORE_SHAPE(s->lengths[i]), ORE_INT64);
    sample->fields[1] = ore_from_data(&label, ORE_SCALAR, ORE_INT64);
    return ore_error_status();
}

/* 4 to 67 tokens; short sentences are frequent, long ones rare. */
static void make_sentences(sentences *s) {
    ore_tensor *draws = ore_randint(0, 64, ORE_SHAPE(SENTENCES), ORE_INT64, NULL);
    s->base = (ore_dataset){.name = "sentences", .length = SENTENCES, .fields = 2, .get = get};
    s->tokens = ore_randint(2, 1000, ORE_SHAPE(SENTENCES, 67), ORE_INT64, NULL);
    const int64_t *r = ore_data(draws);
    for (int i = 0; i < SENTENCES; i++)
        s->lengths[i] = r ? 4 + r[i] * r[i] / 63 : 4;
}

/* ---- counting ---- */

/* One pass: places of x that hold a token, and all that x has. */
static void count(const char *name, ore_loader *loader) {
    long long tokens = 0, places = 0;
    for (;;) {
        ore_scope_begin();
        ore_batch b = ore_loader_next(loader);
        if (b.x) {
            tokens += ore_item_int(ore_sum(b.x_lengths, ORE_ALL, false));
            places += ore_numel(b.x);
        }
        ore_scope_end();
        if (!b.x)
            break;
    }
    printf("%-16s %lld tokens in %lld places, %.1f%% of them padding\n", name, tokens, places,
           places ? 100.0 * (double)(places - tokens) / (double)places : 0);
}

int main(void) {
    static sentences s;
    ore_manual_seed(1);
    ore_scope_begin();
    make_sentences(&s);

    ore_loader_options o = ore_loader_defaults();
    o.batch_size = BATCH;
    o.shuffle = true;
    o.pad = true;
    o.padding[0] = 1; /* the id of <pad> */
    ore_loader *random = ore_loader_new(&s.base, &o);
    count("random batches", random);

    ore_bucket_options b = ore_bucket_defaults();
    b.batch_size = BATCH;
    ore_sampler *buckets = ore_bucket_sampler_new(s.lengths, SENTENCES, &b);
    o.batch_size = 1; /* the sampler makes the batches */
    o.shuffle = false;
    o.sampler = buckets;
    o.num_workers = 2;
    ore_loader *bucketed = ore_loader_new(&s.base, &o);
    count("buckets", bucketed);

    ore_loader_free(bucketed);
    ore_sampler_close(buckets);
    ore_loader_free(random);
    ore_scope_end();
    return ore_ok() ? 0 : 1;
}
