/* learn_merges.c: byte-pair merges over all pieces at once.
 *
 * The pieces lie in one array of slots, one for each first token. A token that was merged covers
 * several slots, and its id stands in the first and in the last of them: so its neighbours are
 * found without links, the one before it by the slot before, the one behind it by its length.
 * Each pair of tokens has lists of the places where it came into being. A merge goes through its
 * pair's list, skips places where a token has been merged with another since, and gives the pairs
 * that it makes lists of their own. So all of training touches each place a few times, whatever the
 * vocabulary's size. */
#include "base/error.h"
#include "base/memory.h"
#include "text/learn/learn_merges.h"
#include "text/learn/merge_loop.h"
#include "text/learn/pair_counts.h"
#include "text/learn/pair_places.h"
#include "text/learn/scan_merges.h"

/* In the first slot of a token that is now the right part of another. */
#define MERGED (UINT32_MAX - 1)

/* What one merge adds up for each id that is a neighbour of its pair. */
typedef struct neighbour {
    int64_t lost, gained; /* occurrences of the old pair, and of the new one */
    uint32_t *places;     /* of the new pair */
    int64_t place_count;
} neighbour;

typedef struct event {
    uint32_t id, place;
} event;

/* One side of the pair that is being merged. */
typedef struct side {
    neighbour *of;           /* (vocab_size) by id; zero between merges */
    uint32_t *ids;           /* those that are not zero */
    event *events;           /* each place where a pair came into being */
    int64_t count, capacity; /* of ids, which are different */
    int64_t event_count, event_capacity;
} side;

typedef struct learner {
    ore_merge_input *in;
    const ore_merge_options *options;
    const ore_joiner *joiner;
    const uint32_t *parts; /* the joiner's */
    ore_pair_counts pairs;
    ore_pair_queue queue;
    bool merged;   /* some token consists of several */
    int64_t floor; /* pairs that occur less often are left out until no other is left */
    side left, right;
    uint32_t a, b, made;       /* the present merge, */
    const ore_pair_list *list; /* and where its pair may be */
} learner;

/* ---- slots ---- */

ore_status ore_merge_slots_init(ore_merge_slots *slots, int64_t room, int64_t ids) {
    const bool narrow = ids <= ORE_MERGE_NARROW_MAX;
    size_t bytes;
    *slots = (ore_merge_slots){0};
    if (ore_bytes_of(room, narrow ? sizeof *slots->narrow : sizeof *slots->wide, &bytes) != ORE_OK)
        return ore_error_status();
    void *memory = ore_alloc(bytes);
    if (narrow)
        slots->narrow = memory;
    else
        slots->wide = memory;
    return ore_error_status();
}

void ore_merge_slots_release(ore_merge_slots *slots) {
    ore_release(slots->narrow);
    ore_release(slots->wide);
    *slots = (ore_merge_slots){0};
}

/* ---- all pairs there are ---- */

/* The token behind the one at `place`, which may be a break. */
static int64_t next_place(const learner *l, int64_t place, uint32_t id) {
    return place + (!l->merged || id == ORE_MERGE_BREAK ? 1 : l->parts[id]);
}

/* Whether two tokens can become one. */
static bool may_join(const learner *l, uint32_t left, uint32_t right) {
    return left != ORE_MERGE_BREAK && right != ORE_MERGE_BREAK &&
           (l->merged ? l->parts[left] + l->parts[right] : 2) <= l->options->max_parts;
}

/* What each pair has: its count, and the list of its places. */
typedef struct found_pair {
    uint64_t key;
    int64_t count, places;
    uint32_t *list; /* (places) or NULL, where it occurs too rarely */
} found_pair;

/* All pairs, by numbers in the order in which they are met. */
typedef struct found_pairs {
    found_pair *of; /* (count) */
    int64_t count, capacity;
    uint32_t *square; /* (side, side) 1 + a pair's number by its tokens, 0: none yet; or NULL */
    int64_t side;
    ore_pair_counts numbers; /* the same by keys, where there are too many tokens for a square */
} found_pairs;

static ore_status found_pairs_init(found_pairs *found, int64_t tokens) {
    enum { SIDE_MAX = 512 }; /* 1 MiB: what is used of it stays in the L2 cache */
    *found = (found_pairs){.side = tokens};
    if (tokens <= SIDE_MAX)
        found->square = ore_alloc_zero((size_t)(tokens * tokens) * sizeof *found->square);
    return ore_error_status();
}

static found_pair *add_pair(found_pairs *found, uint64_t key) {
    void *all = found->of;
    if (ore_grow(&all, &found->capacity, found->count + 1, sizeof *found->of) != ORE_OK)
        return NULL;
    found->of = all;
    found->of[found->count] = (found_pair){.key = key};
    return found->of + found->count++;
}

static found_pair *find_other(found_pairs *found, uint32_t left, uint32_t right) {
    if (found->square) {
        found->square[left * found->side + right] = (uint32_t)found->count + 1;
        return add_pair(found, ore_pair_key(left, right));
    }
    uint64_t key = ore_pair_key(left, right);
    ore_pair_count *slot = ore_pair_counts_put(&found->numbers, key);
    if (!slot || found->numbers.count == found->count)
        return slot ? found->of + slot->count : NULL;
    slot->count = found->count;
    return add_pair(found, key);
}

/* The pair of two tokens, a new one where it is met for the first time; NULL on failure. */
static inline found_pair *find_pair(found_pairs *found, uint32_t left, uint32_t right) {
    uint32_t number = found->square ? found->square[left * found->side + right] : 0;
    return number ? found->of + number - 1 : find_other(found, left, right);
}

static void found_pairs_release(found_pairs *found) {
    ore_pair_counts_release(&found->numbers);
    ore_release(found->square);
    ore_release(found->of);
}

static ore_status count_pairs(learner *l, found_pairs *found) {
    const ore_merge_slots *slots = &l->in->slots;
    const ore_run *run = l->in->runs.runs;
    uint32_t id = ORE_MERGE_BREAK, right;
    for (int64_t i = 0, next; (next = next_place(l, i, id)) < slots->size; i = next, id = right) {
        right = ore_merge_slot(slots, next);
        if (!may_join(l, id, right))
            continue;
        found_pair *pair = find_pair(found, id, right);
        if (!pair)
            break;
        while (run->end <= i)
            run++;
        pair->count += run->count;
        pair->places++;
    }
    return ore_error_status();
}

/* Fills the lists of the pairs that occur often enough. */
static ore_status list_pairs(learner *l, found_pairs *found) {
    const ore_merge_slots *slots = &l->in->slots;
    uint32_t id = ORE_MERGE_BREAK, right;
    for (int64_t i = 0; i < found->count; i++) {
        found_pair *pair = found->of + i;
        if (pair->count < l->floor)
            continue;
        pair->list = ore_pair_queue_places(&l->queue, pair->places);
        if (!pair->list)
            return ore_error_status();
        pair->places = 0;
    }
    for (int64_t i = 0, next; (next = next_place(l, i, id)) < slots->size; i = next, id = right) {
        right = ore_merge_slot(slots, next);
        found_pair *pair = may_join(l, id, right) ? find_pair(found, id, right) : NULL;
        if (pair && pair->list)
            pair->list[pair->places++] = (uint32_t)i;
    }
    return ORE_OK;
}

/* Finds all pairs that occur at least `floor` times: they alone are counted and in the queue from
 * then on. */
static ore_status find_pairs(learner *l) {
    found_pairs found;
    ore_pair_queue_release(&l->queue);
    ore_pair_counts_release(&l->pairs);
    if (found_pairs_init(&found, l->joiner->vocab->count) == ORE_OK &&
        count_pairs(l, &found) == ORE_OK && list_pairs(l, &found) == ORE_OK) {
        for (int64_t i = 0; i < found.count && ore_ok(); i++) {
            const found_pair *f = found.of + i;
            ore_pair_count *pair = f->list ? ore_pair_counts_put(&l->pairs, f->key) : NULL;
            if (!pair)
                continue;
            pair->count = f->count;
            ore_pair_queue_put(&l->queue, f->key, f->count, f->list, f->places);
        }
    }
    found_pairs_release(&found);
    ore_memory_trim(); /* tables that have grown, and those before */
    return ore_error_status();
}

/* ---- one merge ---- */

/* The pair with the neighbour `id` is lost at a place that counts `n` times, and one with the new
 * token comes, at `place`. */
static void note(learner *l, side *s, uint32_t id, uint32_t place, int64_t n) {
    neighbour *of = s->of + id;
    if (of->lost == 0)
        s->ids[s->count++] = id;
    of->lost += n;
    if (!may_join(l, id, l->made))
        return;
    of->gained += n;
    of->place_count++;
    s->events[s->event_count++] = (event){id, place};
}

static bool is_there(const learner *l, uint32_t place) {
    const ore_merge_slots *slots = &l->in->slots;
    const int left = ore_merge_slot(slots, place) == l->a;
    const int right = ore_merge_slot(slots, place + l->parts[l->a]) == l->b;
    return (left & right) != 0; /* && would ask for a branch */
}

static int64_t merge_at(learner *l, uint32_t i) {
    ore_merge_slots *slots = &l->in->slots;
    uint32_t j = i + l->parts[l->a], k = j + l->parts[l->b];
    int64_t n = ore_run_index_at(&l->in->runs, i);
    uint32_t before = ore_merge_slot(slots, i - 1), behind = ore_merge_slot(slots, k);
    if (before != ORE_MERGE_BREAK)
        note(l, &l->left, before, i - l->parts[before], n);
    if (behind != ORE_MERGE_BREAK)
        note(l, &l->right, behind, i, n);
    ore_merge_slot_set(slots, j, MERGED); /* unless it is the last slot too */
    ore_merge_slot_set(slots, i, l->made);
    ore_merge_slot_set(slots, k - 1, l->made);
    return n;
}

/* Merges the pair wherever it still is; *merged becomes how often. Each place is asked twice: the
 * first time a block of them at once, so that the processor waits for their memory together, and
 * again since in "aaa" the second place is gone once the first one was merged. The next block is
 * asked for meanwhile. */
static void merge_places(learner *l, const ore_pair_list *list, int64_t *merged) {
    enum { BLOCK = 64 };
    const ore_merge_slots *slots = &l->in->slots;
    for (int64_t start = 0; start < list->count; start += BLOCK) {
        uint32_t there[BLOCK];
        int count = 0;
        for (int64_t p = start; p < start + BLOCK && p < list->count; p++) {
            if (p + BLOCK < list->count)
                ore_merge_slot_prefetch(slots, list->places[p + BLOCK]);
            there[count] = list->places[p];
            count += is_there(l, list->places[p]);
        }
        for (int p = 0; p < count; p++)
            if (is_there(l, there[p]))
                *merged += merge_at(l, there[p]);
    }
}

/* Room for what `places` places can have beside them. */
static ore_status reserve(side *s, int64_t places, int64_t tokens) {
    void *events = s->events, *ids = s->ids;
    if (ore_grow(&events, &s->event_capacity, places, sizeof *s->events) != ORE_OK)
        return ore_error_status();
    s->events = events;
    if (ore_grow(&ids, &s->capacity, places < tokens ? places : tokens, sizeof *s->ids) != ORE_OK)
        return ore_error_status();
    s->ids = ids;
    return ORE_OK;
}

/* The key of the pair that a neighbour makes with a token. */
static uint64_t key_with(const learner *l, const side *s, uint32_t id, uint32_t token) {
    return s == &l->left ? ore_pair_key(id, token) : ore_pair_key(token, id);
}

/* A pair's count is largest when it comes into being, so one that is too rare then stays so. */
static ore_status count_gained(learner *l, const side *s) {
    for (int64_t i = 0; i < s->count; i++) {
        int64_t gained = s->of[s->ids[i]].gained;
        if (gained < l->floor)
            continue;
        ore_pair_count *pair = ore_pair_counts_put(&l->pairs, key_with(l, s, s->ids[i], l->made));
        if (!pair)
            return ore_error_status();
        pair->count += gained;
    }
    return ORE_OK;
}

static void count_lost(learner *l, const side *s) {
    uint32_t old = s == &l->left ? l->a : l->b;
    for (int64_t i = 0; i < s->count; i++) {
        ore_pair_count *pair = ore_pair_counts_find(&l->pairs, key_with(l, s, s->ids[i], old));
        if (pair)
            pair->count -= s->of[s->ids[i]].lost;
    }
}

static ore_status queue_side(learner *l, side *s) {
    for (int64_t i = 0; i < s->count; i++) {
        neighbour *of = s->of + s->ids[i];
        uint64_t key = key_with(l, s, s->ids[i], l->made);
        const ore_pair_count *pair =
            of->gained >= l->floor ? ore_pair_counts_find(&l->pairs, key) : NULL;
        of->places = NULL;
        if (!pair || pair->count < l->floor)
            continue;
        of->places = ore_pair_queue_places(&l->queue, of->place_count);
        if (!of->places ||
            ore_pair_queue_put(&l->queue, key, pair->count, of->places, of->place_count) != ORE_OK)
            return ore_error_status();
    }
    for (int64_t i = 0; i < s->event_count; i++) {
        neighbour *of = s->of + s->events[i].id;
        if (of->places)
            *of->places++ = s->events[i].place;
    }
    return ORE_OK;
}

static void clear_side(side *s) {
    for (int64_t i = 0; i < s->count; i++)
        s->of[s->ids[i]] = (neighbour){0};
    s->count = s->event_count = 0;
}

static ore_status merge_pair(learner *l, const ore_pair_list *list, int64_t *merged) {
    if (reserve(&l->left, list->count, l->options->vocab_size) != ORE_OK ||
        reserve(&l->right, list->count, l->options->vocab_size) != ORE_OK)
        return ore_error_status();
    merge_places(l, list, merged);
    ore_pair_queue_spare(&l->queue, list); /* its memory has been touched already */
    ore_status status = count_gained(l, &l->left);
    if (status == ORE_OK)
        status = count_gained(l, &l->right);
    /* What comes into being beside one place can be lost beside the next: in "abab" the new token
     * and "a". */
    count_lost(l, &l->left);
    count_lost(l, &l->right);
    if (status == ORE_OK)
        status = queue_side(l, &l->left);
    if (status == ORE_OK)
        status = queue_side(l, &l->right);
    clear_side(&l->left);
    clear_side(&l->right);
    return status;
}

/* ---- all merges ---- */

static int64_t least(const learner *l) {
    return l->options->min_frequency > 1 ? l->options->min_frequency : 1;
}

/* A floor that the vocabulary will hardly go below, for memory's sake: merge number n of a text of
 * N bytes joins a pair that occurs N / 5n to N / 50n times (of Shakespeare's plays, 256 merges; of
 * 256 MiB that follow Zipf's law, 32,512 merges). */
static int64_t first_floor(const learner *l) {
    int64_t total = 0, merges = l->options->vocab_size - l->joiner->vocab->count;
    for (int64_t i = 0, end = 0; i < l->in->runs.run_count; i++) {
        const ore_run *run = l->in->runs.runs + i;
        total += (run->end - end) * run->count;
        end = run->end;
    }
    int64_t floor = merges > 0 ? total / merges / 64 : 1;
    return floor > least(l) ? floor : least(l);
}

static ore_status start(learner *l) {
    size_t of_bytes;
    if (ore_bytes_of(l->options->vocab_size, sizeof *l->left.of, &of_bytes) != ORE_OK)
        return ore_error_status();
    l->left.of = ore_alloc_zero(of_bytes);
    l->right.of = ore_alloc_zero(of_bytes);
    if (!l->left.of || !l->right.of)
        return ore_error_status();
    for (int64_t i = 0; i < l->in->slots.size; i++) {
        uint32_t id = ore_merge_slot(&l->in->slots, i);
        if (id != ORE_MERGE_BREAK)
            l->joiner->parts[id] = 1;
    }
    l->floor = first_floor(l);
    return find_pairs(l);
}

/* The most frequent pair is then l->a and l->b, and l->list has its places. */
static bool next(void *self, uint32_t *left, uint32_t *right) {
    learner *l = self;
    for (;;) {
        while (l->queue.count > 0) {
            const ore_pair_item *top = ore_pair_queue_top(&l->queue);
            int64_t count = ore_pair_counts_find(&l->pairs, top->key)->count;
            if (count < l->floor) {
                ore_pair_queue_pop(&l->queue);
            } else if (count < top->count) {
                ore_pair_queue_lower(&l->queue, count);
            } else {
                *left = l->a = (uint32_t)(top->key >> 32);
                *right = l->b = (uint32_t)top->key;
                l->list = l->queue.lists + ore_pair_queue_pop(&l->queue);
                return true;
            }
        }
        if (l->floor == least(l))
            return false;
        l->floor = l->floor / 8 > least(l) ? l->floor / 8 : least(l);
        if (find_pairs(l) != ORE_OK)
            return false;
    }
}

/* It has left the queue already. */
static void refuse(void *self, uint32_t left, uint32_t right) {
    (void)self, (void)left, (void)right;
}

static ore_status merge(void *self, const ore_pair_merge *m, bool is_new, int64_t *merged) {
    learner *l = self;
    (void)is_new;
    l->made = m->made;
    l->merged = true;
    return merge_pair(l, l->list, merged);
}

static const ore_merge_way by_lists = {next, refuse, merge};

static void release_side(side *s) {
    ore_release(s->of);
    ore_release(s->ids);
    ore_release(s->events);
}

/* The square of counts must be worth its memory, too; in plain C scans take 1.6 times as long. */
static bool scan_is_faster(const ore_merge_input *input, int64_t vocab_size) {
    return ore_pair_places_by_vectors() && input->slots.narrow &&
           vocab_size <= ORE_SCAN_MERGES_VOCAB_MAX && input->slots.size >= vocab_size * vocab_size;
}

ore_status ore_learn_merges(ore_merge_input *input, const ore_merge_options *options,
                            ore_vocab *vocab, ore_learned_merge **merges, int64_t *count) {
    size_t bytes;
    *merges = NULL;
    *count = 0;
    if (!ore_ok() || ore_bytes_of(options->vocab_size, sizeof(uint32_t), &bytes) != ORE_OK)
        return ore_error_status();
    if (scan_is_faster(input, options->vocab_size))
        return ore_scan_merges(input, options, vocab, merges, count);
    const ore_joiner joiner = {vocab, options->inner_mark, ore_alloc_zero(bytes)};
    learner l = {.in = input, .options = options, .joiner = &joiner, .parts = joiner.parts};
    if (joiner.parts && start(&l) == ORE_OK)
        ore_merge_all(&by_lists, &l, options, &joiner, merges, count);
    release_side(&l.left);
    release_side(&l.right);
    ore_pair_counts_release(&l.pairs);
    ore_pair_queue_release(&l.queue);
    ore_release(joiner.parts);
    return ore_error_status();
}
