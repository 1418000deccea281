/* suffix_array.c: suffix arrays by induced sorting (SA-IS).
 *
 * A suffix is of type S if it is smaller than the one that begins behind its first symbol, else of
 * type L. The leftmost S of each run of them is LMS. Once the LMS suffixes are in order, one pass
 * from the left puts the L ones in theirs, and one from the right the S ones. The order of the LMS
 * suffixes is that of a shorter text, each of whose symbols stands for the part of the text from
 * one LMS to the next. */
#include <string.h>

#include "base/memory.h"
#include "text/learn/suffix_array.h"

typedef struct sorter {
    const int32_t *text; /* (size) */
    int32_t *suffixes;   /* (size) -1: none there yet */
    int32_t *buckets;    /* (symbols) where the suffixes that begin with a symbol start or end */
    uint8_t *types;      /* (size / 8 + 1) bits: 1 is S */
    int32_t size, symbols;
} sorter;

static bool is_s(const sorter *s, int32_t i) {
    return s->types[i >> 3] >> (i & 7) & 1;
}

static bool is_lms(const sorter *s, int32_t i) {
    return i > 0 && is_s(s, i) && !is_s(s, i - 1);
}

static void find_types(sorter *s) {
    bool type = true; /* of the last suffix */
    s->types[(s->size - 1) >> 3] |= (uint8_t)(1 << ((s->size - 1) & 7));
    for (int32_t i = s->size - 2; i >= 0; i--) {
        int32_t here = s->text[i], next = s->text[i + 1];
        type = here < next || (here == next && type);
        if (type)
            s->types[i >> 3] |= (uint8_t)(1 << (i & 7));
    }
}

static void find_buckets(sorter *s, bool ends) {
    int32_t sum = 0;
    memset(s->buckets, 0, (size_t)s->symbols * sizeof *s->buckets);
    for (int32_t i = 0; i < s->size; i++)
        s->buckets[s->text[i]]++;
    for (int32_t c = 0; c < s->symbols; c++) {
        int32_t count = s->buckets[c];
        sum += count;
        s->buckets[c] = ends ? sum : sum - count;
    }
}

/* From the sorted LMS suffixes, which lie at the ends of their buckets, all others. */
static void induce(sorter *s) {
    find_buckets(s, false);
    for (int32_t i = 0; i < s->size; i++) {
        int32_t j = s->suffixes[i] - 1;
        if (j >= 0 && !is_s(s, j))
            s->suffixes[s->buckets[s->text[j]]++] = j;
    }
    find_buckets(s, true);
    for (int32_t i = s->size - 1; i >= 0; i--) {
        int32_t j = s->suffixes[i] - 1;
        if (j >= 0 && is_s(s, j))
            s->suffixes[--s->buckets[s->text[j]]] = j;
    }
}

static void clear(sorter *s, int32_t from) {
    for (int32_t i = from; i < s->size; i++)
        s->suffixes[i] = -1;
}

/* Whether the parts from two LMS to the next ones are equal. The last symbol, which is like no
 * other, ends the loop. */
static bool same_part(const sorter *s, int32_t a, int32_t b) {
    for (int32_t i = 0;; i++) {
        if (s->text[a + i] != s->text[b + i] || is_s(s, a + i) != is_s(s, b + i))
            return false;
        if (i > 0 && (is_lms(s, a + i) || is_lms(s, b + i)))
            return is_lms(s, a + i) && is_lms(s, b + i);
    }
}

/* Numbers the sorted parts suffixes[0 .. count), writes the shorter text to the end of `suffixes`,
 * and returns how many different parts there are. */
static int32_t name_parts(sorter *s, int32_t count) {
    int32_t names = 0, last = -1, end = s->size - 1;
    clear(s, count);
    for (int32_t i = 0; i < count; i++) {
        int32_t at = s->suffixes[i];
        if (last < 0 || !same_part(s, at, last))
            names++;
        last = at;
        s->suffixes[count + at / 2] = names - 1; /* no two LMS are neighbours */
    }
    for (int32_t i = s->size - 1; i >= count; i--)
        if (s->suffixes[i] >= 0)
            s->suffixes[end--] = s->suffixes[i];
    return names;
}

/* The order of the LMS suffixes, to suffixes[0 .. count). */
static ore_status sort_lms(sorter *s, int32_t count, int32_t names) {
    int32_t *shorter = s->suffixes + s->size - count;
    if (names < count) {
        if (ore_suffix_array(shorter, count, names, s->suffixes) != ORE_OK)
            return ore_error_status();
    } else {
        for (int32_t i = 0; i < count; i++)
            s->suffixes[shorter[i]] = i;
    }
    int32_t n = 0;
    for (int32_t i = 1; i < s->size; i++)
        if (is_lms(s, i))
            shorter[n++] = i;
    for (int32_t i = 0; i < count; i++)
        s->suffixes[i] = shorter[s->suffixes[i]];
    return ORE_OK;
}

static ore_status sort(sorter *s) {
    int32_t count = 0;
    find_types(s);
    find_buckets(s, true);
    clear(s, 0);
    for (int32_t i = 1; i < s->size; i++)
        if (is_lms(s, i))
            s->suffixes[--s->buckets[s->text[i]]] = i;
    induce(s);
    for (int32_t i = 0; i < s->size; i++)
        if (is_lms(s, s->suffixes[i]))
            s->suffixes[count++] = s->suffixes[i];
    if (sort_lms(s, count, name_parts(s, count)) != ORE_OK)
        return ore_error_status();
    clear(s, count);
    find_buckets(s, true);
    for (int32_t i = count - 1; i >= 0; i--) {
        int32_t at = s->suffixes[i];
        s->suffixes[i] = -1;
        s->suffixes[--s->buckets[s->text[at]]] = at;
    }
    induce(s);
    return ORE_OK;
}

ore_status ore_suffix_array(const int32_t *text, int32_t size, int32_t symbols, int32_t *suffixes) {
    if (!ore_ok())
        return ore_error_status();
    if (size == 1)
        suffixes[0] = 0;
    if (size <= 1)
        return ORE_OK;
    sorter s = {.text = text, .suffixes = suffixes, .size = size, .symbols = symbols};
    s.buckets = ore_alloc((size_t)symbols * sizeof *s.buckets);
    s.types = ore_alloc_zero((size_t)size / 8 + 1);
    ore_status status = s.buckets && s.types ? sort(&s) : ore_error_status();
    ore_release(s.buckets);
    ore_release(s.types);
    return status;
}
