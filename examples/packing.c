/* packing.c: what a recurrent net computes for batches of unequal lengths, padded and packed, at
 * random and of like lengths, sorted inside a batch and not. `packing time` measures it, too. */
#include <stdio.h>
#include <string.h>

#include <ore/ore.h>

enum { SENTENCES = 3200, BATCH = 32, LONGEST = 67, WORDS = 1000, WIDTH = 64, UNITS = 128 };

typedef struct mode {
    const char *name;
    bool buckets, packed, sorted;
} mode;

static const mode modes[] = {
    {"random, padded", false, false, false},
    {"random, packed", false, true, false},
    {"like lengths, padded", true, false, false},
    {"like lengths, packed", true, true, false},
    {"like lengths, packed, sorted", true, true, true},
};
enum { MODES = sizeof modes / sizeof *modes };

/* ---- sentences of 4 to 67 words: short ones are frequent, long ones rare ---- */

typedef struct sentences {
    ore_dataset base;   /* first: an ore_dataset * of this kind is a sentences * */
    ore_tensor *tokens; /* (SENTENCES, LONGEST), of which each sentence uses the first ones */
    int64_t lengths[SENTENCES];
} sentences;

static ore_status get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const sentences *s = (const sentences *)dataset;
    sample->fields[0] = ore_narrow(ore_select(s->tokens, 0, i), 0, 0, s->lengths[i]);
    return ore_error_status();
}

static void make_sentences(sentences *s) {
    ore_tensor *draws = ore_randint(0, 64, ORE_SHAPE(SENTENCES), ORE_INT64, NULL);
    s->base = (ore_dataset){.name = "sentences", .length = SENTENCES, .fields = 1, .get = get};
    s->tokens = ore_randint(0, WORDS, ORE_SHAPE(SENTENCES, LONGEST), ORE_INT64, NULL);
    const int64_t *r = ore_data(draws);
    for (int i = 0; i < SENTENCES; i++)
        s->lengths[i] = r ? 4 + r[i] * r[i] / 63 : 4;
}

/* ---- the net ---- */

typedef struct net {
    ore_module root;
    ore_embedding table;
    ore_gru gru;
} net;

static void net_init(net *m) {
    ore_rnn_options o = ore_rnn_defaults();
    o.batch_first = true;
    ore_module_init(&m->root, NULL, NULL);
    ore_embedding_init(&m->table, &m->root, "table", WORDS, WIDTH, NULL);
    ore_gru_init(&m->gru, &m->root, "gru", WIDTH, UNITS, &o);
}

/* Forward and backward of one batch. */
static void learn(net *m, const ore_batch *b, const mode *how) {
    ore_recurrent_state end;
    if (how->packed) {
        ore_pack_options o = {.batch_first = true, .enforce_sorted = how->sorted};
        ore_packed_sequence in, out;
        ore_pack_padded_sequence(b->x, b->x_lengths, &o, &in); /* in.data: ids without padding */
        in.data = ore_embedding_forward(&m->table, in.data);
        ore_recurrent_forward_packed(&m->gru, &in, NULL, &out, &end);
    } else {
        ore_recurrent_forward(&m->gru, ore_embedding_forward(&m->table, b->x), NULL, &end);
    }
    ore_backward(ore_ok() ? ore_mean(ore_square(end.h), ORE_ALL, false) : NULL);
}

/* ---- counting and measuring ---- */

typedef struct cost {
    long long rows, steps; /* rows of the GRU's products, and how many products there are */
    double seconds;
} cost;

/* A pass over the sentences in each way, batch by batch in turn. */
static void pass(const sentences *s, net *m, bool measure, cost *costs) {
    ore_loader *loaders[MODES];
    ore_sampler *samplers[MODES] = {NULL};
    for (int i = 0; i < MODES; i++) {
        ore_loader_options o = ore_loader_defaults();
        o.pad = true;
        o.batch_size = BATCH;
        o.shuffle = true;
        if (modes[i].buckets) {
            ore_bucket_options b = ore_bucket_defaults();
            b.batch_size = BATCH;
            b.sort_within_batch = modes[i].sorted;
            o.sampler = samplers[i] = ore_bucket_sampler_new(s->lengths, SENTENCES, &b);
            o.batch_size = 1; /* the sampler makes the batches */
            o.shuffle = false;
        }
        loaders[i] = ore_loader_new(&s->base, &o);
    }
    for (int k = 0; k < SENTENCES / BATCH && ore_ok(); k++)
        for (int i = 0; i < MODES && ore_ok(); i++) {
            ore_scope_begin();
            ore_batch b = ore_loader_next(loaders[i]);
            ore_tensor *words = ore_sum(b.x_lengths, ORE_ALL, false);
            costs[i].rows += modes[i].packed ? ore_item_int(words) : ore_numel(b.x);
            costs[i].steps += ore_size(b.x, 1);
            double start = ore_clock_s();
            if (measure)
                learn(m, &b, &modes[i]);
            costs[i].seconds += ore_clock_s() - start;
            ore_scope_end();
        }
    for (int i = 0; i < MODES; i++) {
        ore_loader_free(loaders[i]);
        ore_sampler_close(samplers[i]);
    }
}

int main(int argc, char **argv) {
    static sentences s;
    bool measure = argc > 1 && strcmp(argv[1], "time") == 0;
    cost costs[MODES] = {{0}};
    net m;
    ore_manual_seed(1);
    ore_scope_begin();
    make_sentences(&s);
    net_init(&m);
    pass(&s, &m, measure, costs);
    printf("%-30s%10s%10s%s\n", "", "rows", "steps", measure ? "   seconds" : "");
    for (int i = 0; i < MODES; i++) {
        printf("%-30s%10lld%10lld", modes[i].name, costs[i].rows, costs[i].steps);
        if (measure)
            printf("%10.2f", costs[i].seconds);
        printf("\n");
    }
    ore_module_free(&m.root);
    ore_scope_end();
    if (!ore_ok())
        fprintf(stderr, "%s\n", ore_error_message());
    return ore_ok() ? 0 : 1;
}
