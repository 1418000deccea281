/* reviews.c: reviews that the lab writes by rule. */
#include "lab/frame/reviews.h"

#include <stdlib.h>

enum {
    DECIDERS = 4,
    OPENERS = 4,
    THINGS = 8,
    OPINIONS = 8, /* of each kind */
    FILLERS = 3,
    LEAST_SENTENCES = 4,
    DRAWS_OF_SENTENCE = 8,
    DRAWS = 2 + REVIEW_SENTENCES * DRAWS_OF_SENTENCE
};

/* Where groups of words begin in review_words. */
enum {
    DECIDER = 1,
    OPENER = DECIDER + DECIDERS,
    THING = OPENER + OPENERS,
    GOOD = THING + THINGS,
    BAD = GOOD + OPINIONS,
    THE = BAD + OPINIONS,
    WAS,
    NOT,
    VERY,
    FILLER
};

const char *const review_words[REVIEW_VOCABULARY] = {
    "",        "overall", "altogether", "ultimately", "all-in-all", "once",   "there",   "first",
    "then",    "room",    "food",       "staff",      "view",       "pool",   "bed",     "town",
    "bar",     "great",   "lovely",     "fine",       "clean",      "kind",   "superb",  "quiet",
    "perfect", "awful",   "dirty",      "rude",       "cold",       "noisy",  "poor",    "stale",
    "broken",  "the",     "was",        "not",        "very",       "we",     "came",    "by",
    "train",   "it",      "rained",     "all",        "day",        "nobody", "answered"};

static const char filler_lengths[FILLERS] = {4, 4, 2}; /* they stand one after the other */

/* Draws in 0 .. 1, taken one by one. */
typedef struct draws {
    const float *next;
} draws;

static int64_t below(draws *d, int64_t n) {
    int64_t i = (int64_t)((double)*d->next++ * (double)n);
    return i < n ? i : n - 1;
}

static bool chance(draws *d, double p) {
    return (double)*d->next++ < p;
}

/* A sentence without an opinion into words; returns its length. */
static int64_t write_filler(int64_t *words, int64_t which) {
    int64_t start = FILLER;
    for (int64_t i = 0; i < which; i++)
        start += filler_lengths[i];
    for (int64_t i = 0; i < filler_lengths[which]; i++)
        words[i] = start + i;
    return filler_lengths[which];
}

/* A sentence with an opinion, which *good becomes; returns its length. */
static int64_t write_opinion(int64_t *words, bool decides, draws *d, bool *good) {
    int64_t n = 0;
    bool opens = chance(d, 0.5), turned = chance(d, 0.3), strong = chance(d, 0.3);
    if (decides)
        words[n++] = DECIDER + below(d, DECIDERS);
    else if (opens)
        words[n++] = OPENER + below(d, OPENERS);
    words[n++] = THE;
    words[n++] = THING + below(d, THINGS);
    words[n++] = WAS;
    if (turned || strong)
        words[n++] = turned ? NOT : VERY;
    bool nice = chance(d, 0.5);
    words[n++] = (nice ? GOOD : BAD) + below(d, OPINIONS);
    *good = nice != turned;
    return n;
}

/* One review into the rows of the set's arrays. */
static void write_review(draws d, int64_t *words, int64_t *lengths, int64_t *sentences,
                         int64_t *label, int64_t *deciding) {
    *sentences = LEAST_SENTENCES + below(&d, REVIEW_SENTENCES - LEAST_SENTENCES + 1);
    *deciding = below(&d, *sentences);
    for (int64_t s = 0; s < *sentences; s++, words += REVIEW_WORDS) {
        draws of_sentence = d;
        bool decides = s == *deciding, good;
        d.next += DRAWS_OF_SENTENCE;
        if (!decides && chance(&of_sentence, 0.2)) {
            lengths[s] = write_filler(words, below(&of_sentence, FILLERS));
            continue;
        }
        lengths[s] = write_opinion(words, decides, &of_sentence, &good);
        if (decides)
            *label = good;
    }
}

bool review_set_write(review_set *s, int64_t count, ore_generator *g) {
    enum { PER_REVIEW = REVIEW_SENTENCES * REVIEW_WORDS + REVIEW_SENTENCES + 3 };
    int64_t *all = calloc((size_t)count, PER_REVIEW * sizeof *all);
    ore_tensor *random = ore_rand(ORE_SHAPE(count, DRAWS), ORE_FLOAT32, g);
    const float *u = ore_data(random);
    if (!all)
        ore_fail(ORE_MEMORY, "reviews: out of memory");
    if (all && u) {
        int64_t *words = all, *lengths = words + count * REVIEW_SENTENCES * REVIEW_WORDS;
        int64_t *sentences = lengths + count * REVIEW_SENTENCES;
        int64_t *labels = sentences + count, *deciding = labels + count;
        for (int64_t i = 0; i < count; i++)
            write_review((draws){u + i * DRAWS}, words + i * REVIEW_SENTENCES * REVIEW_WORDS,
                         lengths + i * REVIEW_SENTENCES, sentences + i, labels + i, deciding + i);
        s->count = count;
        s->words =
            ore_from_data(words, ORE_SHAPE(count, REVIEW_SENTENCES, REVIEW_WORDS), ORE_INT64);
        s->lengths = ore_from_data(lengths, ORE_SHAPE(count, REVIEW_SENTENCES), ORE_INT64);
        s->sentences = ore_from_data(sentences, ORE_SHAPE(count), ORE_INT64);
        s->labels = ore_from_data(labels, ORE_SHAPE(count), ORE_INT64);
        s->deciding = ore_from_data(deciding, ORE_SHAPE(count), ORE_INT64);
    }
    free(all);
    return ore_ok();
}
