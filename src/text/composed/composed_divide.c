/* composed_divide.c: where threads divide a text among them.
 *
 * A place parts a text where the normalizer allows a cut there, no added token touches it, and the
 * pre-tokenizer, or without one the model, tells that nothing crosses it. The latter two see the
 * normalized text, of which a little around the place is made: between places where the normalizer
 * allows cuts, so that it is the same in the whole. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/composed_encode.h"
#include "text/composed/normalize.h"

enum {
    AROUND_BYTES = 32,       /* on each side: more than any stage looks at */
    AROUND_MAX = 256,        /* where there is no such place, another cut is looked for */
    LOOKED_AT_MAX = 1 << 17, /* bytes of a text in which nothing parts are left whole */
    STRETCH_BYTES = 1 << 10  /* of a text that is normalized as a whole to look for places in */
};

static bool begins_character(const char *text, size_t at) {
    return ((uint8_t)text[at] & 0xC0) != 0x80;
}

/* Whether an added token may stand across byte `at`, or end or begin there, or beside the spaces
 * that are there, which it may take in. */
static bool touches_added(const ore_composed *t, const char *text, size_t size, size_t at) {
    if (t->added_count == 0)
        return false;
    size_t begin = at > AROUND_MAX ? at - AROUND_MAX : 0;
    size_t end = size - at > AROUND_MAX ? at + AROUND_MAX : size;
    size_t left = ore_spaces_before(text, begin, at), right = ore_spaces_behind(text, end, at);
    if (left < begin + ORE_UTF8_BYTES_MAX || end - right < ORE_UTF8_BYTES_MAX)
        return true; /* who knows what is behind so many spaces */
    for (int64_t i = 0; i < t->added_count; i++) {
        const ore_added_token *token = &t->added[i];
        size_t from = left > token->size ? left - token->size : 0;
        for (; from <= right && from + token->size <= size; from++)
            if (memcmp(text + from, token->content, token->size) == 0)
                return true;
    }
    return false;
}

/* ---- the normalizer ---- */

/* The text around a place as the normalizer leaves it. */
typedef struct around {
    ore_aligned left, right; /* what stands before the place, and behind it */
    char *text;              /* (size) both */
    int64_t size, capacity;
} around;

static bool may_cut(const ore_composed *t, const char *text, size_t size, size_t at) {
    return begins_character(text, at) && ore_normalizer_may_cut(t->normalizer, text, size, at);
}

static ore_status normalize(const ore_composed *t, ore_aligned *part, const char *text, size_t size,
                            bool ranged) {
    if (ore_aligned_set(part, text, size, 0, ranged) != ORE_OK)
        return ore_error_status();
    part->begins = part->ends = false;
    return ore_normalizer_apply(t->normalizer, part);
}

/* False where it cannot be told, or with an error. */
static bool normalize_around(const ore_composed *t, around *a, const char *text, size_t size,
                             size_t at) {
    if (at < AROUND_MAX || size - at <= AROUND_MAX || !may_cut(t, text, size, at))
        return false;
    size_t from = at - AROUND_BYTES, to = at + AROUND_BYTES;
    while (from > at - AROUND_MAX && !may_cut(t, text, size, from))
        from--;
    while (to < at + AROUND_MAX && !may_cut(t, text, size, to))
        to++;
    if (from == at - AROUND_MAX || to == at + AROUND_MAX ||
        normalize(t, &a->left, text + from, at - from, false) != ORE_OK ||
        normalize(t, &a->right, text + at, to - at, false) != ORE_OK || a->left.size == 0 ||
        a->right.size == 0)
        return false;
    void *both = a->text;
    a->size = a->left.size + a->right.size;
    if (ore_grow(&both, &a->capacity, a->size, 1) != ORE_OK)
        return false;
    a->text = both;
    memcpy(a->text, a->left.bytes, (size_t)a->left.size);
    memcpy(a->text + a->left.size, a->right.bytes, (size_t)a->right.size);
    return true;
}

/* ---- the stages behind it ---- */

/* Whether some place of some text parts it. */
static bool ever_parts(const ore_composed *t) {
    return t->pre_tokenizer ? ore_pre_tokenizer_cuts(t->pre_tokenizer)
                            : ((const ore_model_kind *)t->model->kind)->cut != NULL;
}

static bool parts(const ore_composed *t, const char *text, size_t size, size_t at) {
    if (t->pre_tokenizer) {
        const ore_pre_tokenizer_kind *kind = (const ore_pre_tokenizer_kind *)t->pre_tokenizer->kind;
        return kind->may_cut(t->pre_tokenizer, text, size, at);
    }
    /* Of the text up to the character at the place, no later place is a cut. */
    const ore_model_kind *model = (const ore_model_kind *)t->model->kind;
    size_t from = at > AROUND_MAX ? at - AROUND_MAX : 0, end = at + 1;
    while (end < size && !begins_character(text, end))
        end++;
    while (!begins_character(text, from))
        from++;
    return from < at && model->cut(t->model, t, text + from, end - from) == at - from;
}

static bool parts_normalized(const ore_composed *t, around *a, const char *text, size_t size,
                             size_t at) {
    return normalize_around(t, a, text, size, at) &&
           parts(t, a->text, (size_t)a->size, (size_t)a->left.size);
}

/* ---- looking for a place ---- */

/* A text in which the first place from `at` on is looked for, before byte `end`. */
typedef struct search {
    const ore_composed *t;
    const char *text; /* (size) */
    size_t size, at, end;
    around around;
    ore_aligned stretch;
} search;

static bool find_as_it_is(search *s) {
    for (; s->at < s->end && ore_no_error(); s->at++)
        if (begins_character(s->text, s->at) && parts(s->t, s->text, s->size, s->at) &&
            !touches_added(s->t, s->text, s->size, s->at))
            return true;
    return false;
}

/* Goes to the first byte, from s->at on and before `limit`, at which the normalized stretch, which
 * begins at byte `start`, parts: a place that is then looked at in the text alone around it. */
static bool find_in_stretch(search *s, size_t start, size_t limit) {
    const ore_aligned *n = &s->stretch;
    for (int64_t i = 1; i < n->size && ore_no_error(); i++) {
        size_t place = start + n->spans[i].start;
        if (place < s->at || place >= limit || n->spans[i].start < n->spans[i - 1].end ||
            !begins_character(n->bytes, (size_t)i) ||
            !parts(s->t, n->bytes, (size_t)n->size, (size_t)i))
            continue;
        s->at = place;
        if (!touches_added(s->t, s->text, s->size, place) &&
            parts_normalized(s->t, &s->around, s->text, s->size, place))
            return true;
    }
    return false;
}

/* The stages see the normalized text, and normalizing what is around every place would take twenty
 * times as long as the text itself. */
static bool find_normalized(search *s) {
    s->at = s->at < AROUND_MAX ? AROUND_MAX : s->at;
    while (s->at < s->end && ore_no_error()) {
        size_t limit = s->end - s->at > STRETCH_BYTES ? s->at + STRETCH_BYTES : s->end;
        size_t start = s->at - AROUND_BYTES, stop = limit + AROUND_BYTES;
        while (start > s->at - AROUND_MAX && !may_cut(s->t, s->text, s->size, start))
            start--;
        while (stop < limit + AROUND_MAX && stop < s->size &&
               !may_cut(s->t, s->text, s->size, stop))
            stop++;
        if (stop > s->size)
            return false;
        if (normalize(s->t, &s->stretch, s->text + start, stop - start, true) == ORE_OK &&
            find_in_stretch(s, start, limit))
            return true;
        s->at = limit;
    }
    return false;
}

size_t ore_composed_divide(const ore_tokenizer *tokenizer, const char *text, size_t size,
                           size_t from) {
    const ore_composed *t = (const ore_composed *)tokenizer;
    if (t->normalizer && t->finders[1])
        return size; /* there are tokens that only the normalized text shows */
    if (!ever_parts(t))
        return size;
    search s = {.t = t, .text = text, .size = size, .at = from ? from : 1};
    s.end = from < size && size - from > LOOKED_AT_MAX ? from + LOOKED_AT_MAX : size;
    bool found = t->normalizer ? find_normalized(&s) : find_as_it_is(&s);
    ore_aligned_release(&s.stretch);
    ore_aligned_release(&s.around.left);
    ore_aligned_release(&s.around.right);
    ore_release(s.around.text);
    return found && ore_no_error() ? s.at : size;
}
