/* seed_pieces.c: frequent substrings, by the suffix array. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "text/learn/run_index.h"
#include "text/learn/seed_pieces.h"
#include "text/learn/suffix_array.h"

/* ---- lists of parts ---- */

ore_status ore_part_list_add(ore_part_list *list, const char *text, size_t bytes, double score) {
    void *all = list->text, *parts = list->parts;
    if (list->text_bytes + (int64_t)bytes > UINT32_MAX)
        return ore_fail(ORE_MEMORY, "tokenizer: candidates of more than 4 GiB");
    if (ore_grow(&all, &list->text_capacity, list->text_bytes + (int64_t)bytes, 1) != ORE_OK)
        return ore_error_status();
    list->text = all;
    if (ore_grow(&parts, &list->capacity, list->count + 1, sizeof *list->parts) != ORE_OK)
        return ore_error_status();
    list->parts = parts;
    memcpy(list->text + list->text_bytes, text, bytes);
    list->parts[list->count++] =
        (ore_part_score){(uint32_t)list->text_bytes, (uint32_t)bytes, score};
    list->text_bytes += (int64_t)bytes;
    return ORE_OK;
}

typedef struct sorted_part {
    const char *text;
    ore_part_score part;
} sorted_part;

static int by_bytes(const void *a, const void *b) {
    const sorted_part *x = a, *y = b;
    uint32_t n = x->part.bytes < y->part.bytes ? x->part.bytes : y->part.bytes;
    int order = memcmp(x->text, y->text, n);
    return order ? order : (x->part.bytes > y->part.bytes) - (x->part.bytes < y->part.bytes);
}

ore_status ore_part_list_sort(ore_part_list *list) {
    size_t bytes;
    if (ore_bytes_of(list->count, sizeof(sorted_part), &bytes) != ORE_OK)
        return ore_error_status();
    sorted_part *sorted = ore_alloc(bytes);
    if (!sorted)
        return ore_error_status();
    for (int64_t i = 0; i < list->count; i++)
        sorted[i] = (sorted_part){list->text + list->parts[i].start, list->parts[i]};
    qsort(sorted, (size_t)list->count, sizeof *sorted, by_bytes);
    for (int64_t i = 0; i < list->count; i++)
        list->parts[i] = sorted[i].part;
    ore_release(sorted);
    return ORE_OK;
}

void ore_part_list_release(ore_part_list *list) {
    ore_release(list->text);
    ore_release(list->parts);
    *list = (ore_part_list){0};
}

/* ---- alphabets ---- */

typedef struct character {
    int64_t count;
    uint32_t code_point;
} character;

static int by_frequency(const void *a, const void *b) {
    const character *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return (x->code_point > y->code_point) - (x->code_point < y->code_point);
}

/* How often each code point occurs: (ORE_CODE_POINTS). */
static int64_t *count_characters(const ore_piece *const *pieces, int64_t count) {
    int64_t *counts = ore_alloc_zero(ORE_CODE_POINTS * sizeof *counts);
    for (int64_t i = 0; counts && i < count; i++) {
        const uint8_t *at = (const uint8_t *)pieces[i]->text, *end = at + pieces[i]->bytes;
        while (at < end) {
            uint32_t code_point;
            int n = ore_utf8_decode(at, end, &code_point);
            if (n)
                counts[code_point] += pieces[i]->count;
            at += n ? n : 1;
        }
    }
    return counts;
}

ore_status ore_alphabet_of(const ore_piece *const *pieces, int64_t count, int64_t max,
                           ore_alphabet *alphabet) {
    int64_t *counts = count_characters(pieces, count), n = 0;
    *alphabet = (ore_alphabet){0};
    for (uint32_t c = 0; counts && c < ORE_CODE_POINTS; c++)
        n += counts[c] > 0;
    character *all = counts ? ore_alloc((size_t)n * sizeof *all) : NULL;
    alphabet->code_points = ore_alloc((size_t)n * sizeof *alphabet->code_points);
    alphabet->counts = ore_alloc((size_t)n * sizeof *alphabet->counts);
    if (all && alphabet->code_points && alphabet->counts) {
        int64_t used = 0;
        for (uint32_t c = 0; c < ORE_CODE_POINTS; c++)
            if (counts[c] > 0)
                all[used++] = (character){counts[c], c};
        qsort(all, (size_t)n, sizeof *all, by_frequency);
        alphabet->count = max && max < n ? max : n;
        for (int64_t i = 0; i < alphabet->count; i++) {
            alphabet->code_points[i] = all[i].code_point;
            alphabet->counts[i] = all[i].count;
        }
    }
    ore_release(all);
    ore_release(counts);
    return ore_error_status();
}

void ore_alphabet_release(ore_alphabet *alphabet) {
    ore_release(alphabet->code_points);
    ore_release(alphabet->counts);
    *alphabet = (ore_alphabet){0};
}

/* ---- the pieces as one text of symbols ---- */

/* END ends the text; BREAK stands between pieces and for a character that is not in the alphabet;
 * the alphabet's characters follow. */
enum { END = 0, BREAK = 1, FIRST_CHARACTER = 2 };

typedef struct seeker {
    const ore_alphabet *alphabet;
    int32_t *text; /* (size) */
    int32_t *suffixes;
    int64_t size;
    ore_run_index runs;
    int max_chars;
    struct seed *seeds; /* (count) */
    int64_t count, capacity, max_count, found;
} seeker;

/* The symbol of each code point. */
static int32_t *symbols_of(const ore_alphabet *alphabet) {
    int32_t *symbols = ore_alloc(ORE_CODE_POINTS * sizeof *symbols);
    for (uint32_t c = 0; symbols && c < ORE_CODE_POINTS; c++)
        symbols[c] = BREAK;
    for (int64_t i = 0; symbols && i < alphabet->count; i++)
        symbols[alphabet->code_points[i]] = (int32_t)i + FIRST_CHARACTER;
    return symbols;
}

static ore_status lay_out(seeker *s, const ore_piece *const *pieces, int64_t count) {
    int64_t bytes = 1;
    for (int64_t i = 0; i < count; i++)
        bytes += (int64_t)pieces[i]->bytes + 1;
    if (bytes > INT32_MAX)
        return ore_fail(ORE_MEMORY,
                        "tokenizer: different pieces of more than 2 GiB; a pattern that "
                        "splits texts into words makes them fewer");
    int32_t *symbols = symbols_of(s->alphabet);
    s->text = ore_alloc((size_t)bytes * sizeof *s->text);
    for (int64_t i = 0; s->text && symbols && i < count; i++) {
        const uint8_t *at = (const uint8_t *)pieces[i]->text, *end = at + pieces[i]->bytes;
        while (at < end) {
            uint32_t code_point;
            int n = ore_utf8_decode(at, end, &code_point);
            s->text[s->size++] = n ? symbols[code_point] : BREAK;
            at += n ? n : 1;
        }
        s->text[s->size++] = BREAK;
        if (ore_run_index_add(&s->runs, s->size, pieces[i]->count) != ORE_OK)
            break;
    }
    ore_release(symbols);
    if (!ore_ok())
        return ore_error_status();
    s->text[s->size++] = END;
    ore_run_index_add(&s->runs, s->size, 0);
    return ore_run_index_finish(&s->runs);
}

/* ---- substrings ---- */

typedef struct seed {
    double weight;
    int64_t order; /* of equal weights: that of the substrings */
    int32_t start, chars;
} seed;

static int by_weight(const void *a, const void *b) {
    const seed *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static void keep_best(seeker *s) {
    qsort(s->seeds, (size_t)s->count, sizeof *s->seeds, by_weight);
    s->count = s->count < s->max_count ? s->count : s->max_count;
}

static ore_status add_seed(seeker *s, int32_t start, int32_t chars, int64_t occurrences) {
    void *seeds = s->seeds;
    if (chars < 2 || chars > s->max_chars)
        return ORE_OK;
    if (s->count == 2 * s->max_count)
        keep_best(s);
    if (ore_grow(&seeds, &s->capacity, s->count + 1, sizeof *s->seeds) != ORE_OK)
        return ore_error_status();
    s->seeds = seeds;
    double weight = (double)occurrences * chars;
    s->seeds[s->count++] = (seed){weight, s->found++, start, chars};
    return ORE_OK;
}

/* How many characters two suffixes have in common, or max_chars + 1 where it is more. Nothing is
 * common behind a break. */
static int32_t common(const seeker *s, int32_t a, int32_t b) {
    int32_t n = 0;
    while (n <= s->max_chars && s->text[a + n] == s->text[b + n] && s->text[a + n] > BREAK)
        n++;
    return n;
}

/* A substring with which all suffixes so far begin that are not under one before it: a node of the
 * suffix tree, on the way to the present suffix. */
typedef struct node {
    int32_t chars;
    int64_t occurrences;
} node;

/* The end of one piece, which no other has: it occurs as often as that piece. `shared` characters
 * of it stand elsewhere too. */
static void add_leaf(seeker *s, int32_t start, int32_t shared, int64_t occurrences) {
    int32_t chars = occurrences > 1 ? common(s, start, start) : 0;
    if (chars > shared)
        add_seed(s, start, chars, occurrences);
}

/* Walks over the nodes of the suffix tree (T. Kasai and others, "Linear-time longest-common-prefix
 * computation in suffix arrays and its applications", 2001, section 5). */
static ore_status find_substrings(seeker *s) {
    node *stack = ore_alloc((size_t)(s->max_chars + 2) * sizeof *stack);
    int64_t depth = 1;
    if (!stack)
        return ore_error_status();
    stack[0] = (node){0, 0};
    for (int64_t i = 1; i <= s->size && ore_ok(); i++) {
        int32_t last = s->suffixes[i - 1], before = stack[depth - 1].chars;
        int32_t chars = i < s->size ? common(s, last, s->suffixes[i]) : 0;
        int64_t carried = ore_run_index_at(&s->runs, last);
        add_leaf(s, last, before > chars ? before : chars, carried);
        for (; stack[depth - 1].chars > chars; depth--) {
            carried += stack[depth - 1].occurrences;
            if (add_seed(s, last, stack[depth - 1].chars, carried) != ORE_OK)
                break;
        }
        if (stack[depth - 1].chars < chars)
            stack[depth++] = (node){chars, carried};
        else
            stack[depth - 1].occurrences += carried;
    }
    ore_release(stack);
    return ore_error_status();
}

/* ---- the seeds ---- */

static size_t write_symbols(const seeker *s, const int32_t *symbols, int32_t count, char *text) {
    size_t bytes = 0;
    for (int32_t i = 0; i < count; i++) {
        uint32_t code_point = s->alphabet->code_points[symbols[i] - FIRST_CHARACTER];
        bytes += (size_t)ore_utf8_encode(code_point, text + bytes);
    }
    return bytes;
}

static void write_seeds(seeker *s, ore_part_list *list) {
    char *text = ore_alloc((size_t)s->max_chars * ORE_UTF8_BYTES_MAX + ORE_UTF8_BYTES_MAX);
    for (int64_t i = 0; text && ore_ok() && i < s->alphabet->count; i++) {
        size_t bytes = (size_t)ore_utf8_encode(s->alphabet->code_points[i], text);
        ore_part_list_add(list, text, bytes, (double)s->alphabet->counts[i]);
    }
    for (int64_t i = 0; text && ore_ok() && i < s->count; i++) {
        size_t bytes = write_symbols(s, s->text + s->seeds[i].start, s->seeds[i].chars, text);
        ore_part_list_add(list, text, bytes, s->seeds[i].weight);
    }
    ore_release(text);
}

ore_status ore_seed_pieces(const ore_piece *const *pieces, int64_t count,
                           const ore_alphabet *alphabet, int max_chars, int64_t max_count,
                           ore_part_list *seeds) {
    seeker s = {.alphabet = alphabet, .max_chars = max_chars, .max_count = max_count};
    if (!ore_ok() || lay_out(&s, pieces, count) != ORE_OK)
        goto end;
    s.suffixes = ore_alloc((size_t)s.size * sizeof *s.suffixes);
    if (!s.suffixes ||
        ore_suffix_array(s.text, (int32_t)s.size, (int32_t)alphabet->count + FIRST_CHARACTER,
                         s.suffixes) != ORE_OK)
        goto end;
    if (find_substrings(&s) == ORE_OK) {
        if (s.count > 0)
            keep_best(&s);
        write_seeds(&s, seeds);
    }
end:
    ore_release(s.text);
    ore_release(s.suffixes);
    ore_release(s.seeds);
    ore_run_index_release(&s.runs);
    return ore_error_status();
}
