/* learn_unigram.c: expectation maximisation over all ways to cut texts into pieces, and pruning.
 *
 * Beginning with many pieces, each step counts how often each one is expected in the texts, given
 * the probabilities so far, and makes that its new probability. After some steps the pieces go
 * whose loss lowers the texts' probability least, until few enough are left. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/elementary/elementary.h"
#include "base/memory.h"
#include "base/threads.h"
#include "base/utf8.h"
#include "text/learn/lattice.h"
#include "text/learn/learn_unigram.h"

enum {
    TEXTS_PER_CHUNK = 64, /* of up to some KB each: a long word's parts are for several threads */
    /* expected counts are summed in units of 2^-24: exact to that for 2^38 occurrences */
    UNIT_LOG2 = 24,
};

static const double unit = 1.0 / (1 << UNIT_LOG2);
/* As in SentencePiece: pieces that are expected less often than this are dropped, */
static const double rare = 0.5;
/* an unknown character is this much less probable than the rarest piece (log), */
static const double unknown_penalty = 10;
/* and pruning ends at so many times the vocabulary's size, the rest by probability. */
static const double slack = 1.1;

/* What each thread has for itself. */
typedef struct worker {
    ore_lattice lattice;
    int64_t *sums; /* (piece count) */
    int64_t weight;
} worker;

typedef struct learner {
    const ore_unigram_training *options;
    const ore_piece *const *texts; /* (count) */
    int64_t count;
    ore_alphabet alphabet;
    ore_unigram_pieces pieces;
    worker *workers; /* (worker_count) by thread */
    int worker_count;
} learner;

/* ---- the pieces as they are ---- */

static ore_status make_trie(ore_unigram_pieces *p) {
    size_t bytes;
    ore_trie_release(&p->trie);
    if (ore_bytes_of(p->list.count, sizeof(ore_trie_key), &bytes) != ORE_OK)
        return ore_error_status();
    ore_trie_key *keys = ore_alloc(bytes);
    if (!keys)
        return ore_error_status();
    for (int64_t i = 0; i < p->list.count; i++) {
        const ore_part_score *part = p->list.parts + i;
        keys[i] = (ore_trie_key){p->list.text + part->start, part->bytes, (int32_t)i};
    }
    ore_status status = ore_trie_init(&p->trie, keys, p->list.count);
    ore_release(keys);
    return status;
}

/* Makes what depends on the pieces and their scores. */
static ore_status renew(learner *l) {
    ore_unigram_pieces *p = &l->pieces;
    double least = 0;
    size_t bytes;
    ore_release(p->probabilities);
    p->probabilities = NULL;
    if (ore_bytes_of(p->list.count, sizeof *p->probabilities, &bytes) != ORE_OK)
        return ore_error_status();
    p->probabilities = ore_alloc(bytes);
    for (int64_t i = 0; p->probabilities && i < p->list.count; i++) {
        double score = p->list.parts[i].score;
        p->probabilities[i] = ore_math_exp(score);
        least = score < least ? score : least;
    }
    p->unknown = least - unknown_penalty;
    return p->probabilities ? make_trie(p) : ore_error_status();
}

static ore_status start(learner *l) {
    const ore_unigram_training *o = l->options;
    ore_part_list *list = &l->pieces.list;
    if (ore_alphabet_of(l->texts, l->count, o->alphabet_max, &l->alphabet) != ORE_OK)
        return ore_error_status();
    if (l->alphabet.count > o->vocab_size)
        return ore_fail(ORE_DATA,
                        "tokenizer: %lld tokens for text, expected at least %lld, one for each "
                        "character there is; alphabet_size keeps the frequent ones alone",
                        (long long)o->vocab_size, (long long)l->alphabet.count);
    if (ore_seed_pieces(l->texts, l->count, &l->alphabet, o->max_chars, o->seed_count, list) !=
            ORE_OK ||
        ore_part_list_sort(list) != ORE_OK)
        return ore_error_status();
    double sum = 0;
    for (int64_t i = 0; i < list->count; i++)
        sum += list->parts[i].score;
    for (int64_t i = 0; i < list->count; i++)
        list->parts[i].score = ore_math_log(list->parts[i].score) - ore_math_log(sum);
    return renew(l);
}

/* ---- over all texts, by threads ---- */

static ore_status clear_sums(learner *l) {
    size_t bytes;
    if (ore_bytes_of(l->pieces.list.count, sizeof(int64_t), &bytes) != ORE_OK)
        return ore_error_status();
    for (int i = 0; i < l->worker_count; i++) {
        ore_release(l->workers[i].sums);
        l->workers[i].sums = ore_alloc_zero(bytes);
        if (!l->workers[i].sums)
            return ore_error_status();
    }
    return ORE_OK;
}

/* Runs fn over chunks of texts; the sums of all are those of workers[0] then. */
static ore_status sum_over_texts(learner *l, ore_chunk_fn fn) {
    if (clear_sums(l) != ORE_OK)
        return ore_error_status();
    ore_parallel_for((l->count + TEXTS_PER_CHUNK - 1) / TEXTS_PER_CHUNK, fn, l);
    for (int w = 1; w < l->worker_count; w++)
        for (int64_t i = 0; i < l->pieces.list.count; i++)
            l->workers[0].sums[i] += l->workers[w].sums[i];
    return ore_error_status();
}

static void add_share(void *user, int32_t piece, double share) {
    worker *w = user;
    w->sums[piece] += (int64_t)(share * (double)w->weight * (1 << UNIT_LOG2) + 0.5);
}

static void expect_chunk(void *argument, int64_t chunk) {
    learner *l = argument;
    worker *w = l->workers + ore_thread_index();
    int64_t end = (chunk + 1) * TEXTS_PER_CHUNK;
    for (int64_t i = chunk * TEXTS_PER_CHUNK; i < end && i < l->count; i++) {
        const ore_piece *text = l->texts[i];
        if (ore_lattice_fill(&w->lattice, &l->pieces, text->text, text->bytes) != ORE_OK)
            return;
        w->weight = text->count;
        ore_lattice_shares(&w->lattice, &l->pieces, text->bytes, add_share, w);
    }
}

static void count_best_chunk(void *argument, int64_t chunk) {
    learner *l = argument;
    worker *w = l->workers + ore_thread_index();
    int64_t end = (chunk + 1) * TEXTS_PER_CHUNK;
    for (int64_t i = chunk * TEXTS_PER_CHUNK; i < end && i < l->count; i++) {
        const ore_piece *text = l->texts[i];
        double score;
        if (ore_lattice_fill(&w->lattice, &l->pieces, text->text, text->bytes) != ORE_OK ||
            ore_lattice_best(&w->lattice, &l->pieces, text->bytes, -1, &score) != ORE_OK)
            return;
        for (int64_t e = 0; e < w->lattice.best_count; e++)
            if (w->lattice.best[e] >= 0)
                w->sums[w->lattice.best[e]] += text->count;
    }
}

/* ---- a step of expectation and maximisation ---- */

/* The derivative of log gamma, by its asymptotic series for large x and x psi(x + 1) = x psi(x) + 1
 * for small ones (Abramowitz and Stegun, 6.3.5 and 6.3.18 about x - 1/2). */
static double digamma(double x) {
    double result = 0;
    for (; x < 7; x++)
        result -= 1 / x;
    x -= 0.5;
    double r = 1 / (x * x);
    return result + ore_math_log(x) +
           r * (1.0 / 24 - r * (7.0 / 960 - r * (31.0 / 8064 - r * (127.0 / 30720))));
}

/* Scores are exp(psi(count)) over exp(psi(sum)), a little less than the shares: the mean under a
 * Dirichlet prior that favours few pieces (P. Liang, D. Klein, "Structured Bayesian nonparametric
 * models with variational inference", 2007). */
static ore_status step(learner *l) {
    if (sum_over_texts(l, expect_chunk) != ORE_OK)
        return ore_error_status();
    ore_part_list *list = &l->pieces.list;
    const int64_t *sums = l->workers[0].sums;
    const int64_t least = (int64_t)(rare / unit);
    int64_t kept = 0;
    double sum = 0;
    for (int64_t i = 0; i < list->count; i++)
        sum += sums[i] < least ? 0 : (double)sums[i] * unit;
    for (int64_t i = 0; i < list->count; i++) {
        if (sums[i] < least)
            continue;
        list->parts[kept] = list->parts[i];
        list->parts[kept++].score = digamma((double)sums[i] * unit) - digamma(sum);
    }
    list->count = kept;
    return renew(l);
}

/* ---- pruning ---- */

typedef struct candidate {
    double loss; /* HUGE_VAL: nothing stands for it; -HUGE_VAL: no text needs it */
    int64_t piece;
} candidate;

static int by_falling_loss(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->loss != y->loss)
        return x->loss > y->loss ? -1 : 1;
    return (x->piece > y->piece) - (x->piece < y->piece);
}

/* How much the texts' log probability falls, for each occurrence there is, if a piece is replaced
 * everywhere by the best way to write it with others. */
static ore_status find_loss(learner *l, worker *w, const int64_t *counts, double sum,
                            candidate *c) {
    const ore_part_score *part = l->pieces.list.parts + c->piece;
    const char *text = l->pieces.list.text + part->start;
    double score, count = (double)counts[c->piece];
    if (ore_lattice_fill(&w->lattice, &l->pieces, text, part->bytes) != ORE_OK ||
        ore_lattice_best(&w->lattice, &l->pieces, part->bytes, (int32_t)c->piece, &score) != ORE_OK)
        return ore_error_status();
    bool stays = w->lattice.best_count == 0;
    if (!stays && score > part->score)
        stays = counts[c->piece] > 0;
    else if (!stays && counts[c->piece] > 0) {
        double others = (double)(w->lattice.best_count - 1), loss = ore_math_log(count / sum);
        double log_sum = ore_math_log(sum + count * others);
        for (int64_t i = 0; i < w->lattice.best_count; i++) {
            int32_t other = w->lattice.best[i];
            double there = other < 0 ? 0 : (double)counts[other];
            loss -= ore_math_log(there + count) - log_sum;
        }
        c->loss = count / sum * loss;
        return ORE_OK;
    }
    c->loss = stays ? HUGE_VAL : -HUGE_VAL;
    return ORE_OK;
}

typedef struct loss_job {
    learner *l;
    candidate *candidates; /* (piece count) */
    double sum;
} loss_job;

static void find_losses(void *argument, int64_t chunk) {
    loss_job *job = argument;
    worker *w = job->l->workers + ore_thread_index();
    int64_t end = (chunk + 1) * TEXTS_PER_CHUNK;
    for (int64_t i = chunk * TEXTS_PER_CHUNK; i < end && i < job->l->pieces.list.count; i++) {
        job->candidates[i].piece = i;
        if (find_loss(job->l, w, job->l->workers[0].sums, job->sum, job->candidates + i) != ORE_OK)
            return;
    }
}

static int by_piece(const void *a, const void *b) {
    int64_t x = ((const candidate *)a)->piece, y = ((const candidate *)b)->piece;
    return (x > y) - (x < y);
}

static ore_status prune(learner *l, int64_t target) {
    ore_part_list *list = &l->pieces.list;
    int64_t chunks = (list->count + TEXTS_PER_CHUNK - 1) / TEXTS_PER_CHUNK;
    int64_t share = (int64_t)((double)list->count * l->options->keep_share), kept = 0;
    size_t bytes;
    if (sum_over_texts(l, count_best_chunk) != ORE_OK ||
        ore_bytes_of(list->count, sizeof(candidate), &bytes) != ORE_OK)
        return ore_error_status();
    loss_job job = {l, ore_alloc(bytes), 0};
    if (!job.candidates)
        return ore_error_status();
    for (int64_t i = 0; i < list->count; i++)
        job.sum += (double)l->workers[0].sums[i];
    ore_parallel_for(chunks, find_losses, &job);
    if (ore_ok()) {
        qsort(job.candidates, (size_t)list->count, sizeof(candidate), by_falling_loss);
        share = share > target ? share : target;
        while (kept < list->count && job.candidates[kept].loss > -HUGE_VAL &&
               (kept < share || job.candidates[kept].loss == HUGE_VAL))
            kept++;
        qsort(job.candidates, (size_t)kept, sizeof(candidate), by_piece);
        for (int64_t i = 0; i < kept; i++)
            list->parts[i] = list->parts[job.candidates[i].piece];
        list->count = kept;
    }
    ore_release(job.candidates);
    return ore_ok() ? renew(l) : ore_error_status();
}

/* ---- the result ---- */

typedef struct ranked {
    ore_part_score part;
    int64_t order; /* that of the bytes */
} ranked;

static int by_falling_score(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->part.score != y->part.score)
        return x->part.score > y->part.score ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* The index of a piece of these bytes, or -1. */
static int32_t find_piece(const learner *l, const char *text, int bytes) {
    size_t found = 0;
    int32_t piece = ore_trie_longest(&l->pieces.trie, text, (size_t)bytes, &found);
    return found == (size_t)bytes ? piece : -1;
}

/* The whole alphabet, characters that have been dropped below the rarest piece, and then the most
 * probable of the other pieces. */
static ore_status choose(learner *l, ranked *all, bool *is_letter) {
    ore_part_list *list = &l->pieces.list;
    int64_t before = list->count, kept = 0;
    double low = l->pieces.unknown + unknown_penalty;
    for (int64_t i = 0; i < l->alphabet.count; i++) {
        char text[4];
        int bytes = ore_utf8_encode(l->alphabet.code_points[i], text);
        int32_t piece = find_piece(l, text, bytes);
        if (piece >= 0)
            is_letter[piece] = true;
        else if (ore_part_list_add(list, text, (size_t)bytes, low -= 1e-4) != ORE_OK)
            return ore_error_status();
    }
    for (int64_t i = 0; i < before; i++)
        all[i] = (ranked){list->parts[i], i};
    int64_t room = l->options->vocab_size - l->alphabet.count;
    qsort(all, (size_t)before, sizeof *all, by_falling_score);
    for (int64_t i = 0; i < before; i++)
        if (is_letter[all[i].order] || room-- > 0)
            all[kept++] = all[i];
    for (int64_t i = before; i < list->count; i++)
        all[kept++] = (ranked){list->parts[i], i};
    for (int64_t i = 0; i < kept; i++)
        list->parts[i] = all[i].part;
    list->count = kept;
    return ORE_OK;
}

static ore_status finish(learner *l, ore_part_list *learned) {
    size_t count = (size_t)(l->pieces.list.count + l->alphabet.count);
    ranked *all = ore_alloc(count * sizeof *all);
    bool *is_letter = ore_alloc_zero(count * sizeof *is_letter);
    if (all && is_letter && choose(l, all, is_letter) == ORE_OK) {
        *learned = l->pieces.list;
        l->pieces.list = (ore_part_list){0};
    }
    ore_release(all);
    ore_release(is_letter);
    return ore_error_status();
}

static ore_status learn(learner *l, ore_part_list *learned) {
    const ore_unigram_training *o = l->options;
    int64_t target = (int64_t)((double)o->vocab_size * slack);
    for (;;) {
        for (int i = 0; i < o->steps; i++) {
            if (o->stop && o->stop(o->user, l->pieces.list.count))
                return ore_fail(ORE_STATE, "tokenizer: stopped at %lld pieces",
                                (long long)l->pieces.list.count);
            if (step(l) != ORE_OK)
                return ore_error_status();
        }
        int64_t before = l->pieces.list.count;
        if (before <= target)
            break;
        if (prune(l, target) != ORE_OK)
            return ore_error_status();
        if (l->pieces.list.count == before) /* nothing can go */
            break;
    }
    return finish(l, learned);
}

ore_status ore_learn_unigram(const ore_piece *const *texts, int64_t count,
                             const ore_unigram_training *options, ore_part_list *learned) {
    learner l = {.options = options, .texts = texts, .count = count};
    l.worker_count = ore_num_threads();
    *learned = (ore_part_list){0};
    if (!ore_ok())
        return ore_error_status();
    l.workers = ore_alloc_zero((size_t)l.worker_count * sizeof *l.workers);
    if (l.workers && start(&l) == ORE_OK)
        learn(&l, learned);
    for (int i = 0; l.workers && i < l.worker_count; i++) {
        ore_lattice_release(&l.workers[i].lattice);
        ore_release(l.workers[i].sums);
    }
    ore_release(l.workers);
    ore_alphabet_release(&l.alphabet);
    ore_part_list_release(&l.pieces.list);
    ore_trie_release(&l.pieces.trie);
    ore_release(l.pieces.probabilities);
    return ore_error_status();
}
