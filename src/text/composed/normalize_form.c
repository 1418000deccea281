/* normalize_form.c: the normalizers "NFC", "NFD", "NFKC" and "NFKD": Unicode's normalization forms
 * (Unicode Standard Annex 15). */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/normalize.h"
#include "text/characters.h"

/* A character of the new text, and how it stands to the old one (ore_rewrite_put). */
typedef struct part {
    uint32_t code_point;
    int32_t change;
    int32_t combining_class;
} part;

typedef struct former {
    ore_rewrite rewrite;
    bool compatible, compose;
    /* Characters with a combining class that have come since the last starter. */
    part *marks, *sorted; /* (mark_count) */
    int64_t mark_count, mark_capacity, sorted_capacity;
    /* While composing: the starter that marks compose with, and the marks behind it that did
     * not. */
    bool has_starter;
    part starter;
    part *left; /* (left_count) */
    int64_t left_count, left_capacity;
    int32_t last_class; /* of the last of `left`; 0: there is none */
} former;

static ore_status add(part **parts, int64_t *capacity, int64_t *count, part p) {
    void *grown = *parts;
    if (*count == *capacity && ore_grow(&grown, capacity, *count + 1, sizeof p) != ORE_OK)
        return ore_error_status();
    *parts = grown;
    (*parts)[(*count)++] = p;
    return ORE_OK;
}

static void put(former *f, part p) {
    ore_rewrite_put(&f->rewrite, p.code_point, p.change);
}

/* Writes the starter and what was left behind it. */
static void flush_starter(former *f) {
    if (f->has_starter)
        put(f, f->starter);
    for (int64_t i = 0; i < f->left_count; i++)
        put(f, f->left[i]);
    f->left_count = 0;
    f->last_class = 0;
    f->has_starter = false;
}

/* Takes the next character of the decomposed text. */
static void take(former *f, part p) {
    if (!f->compose) {
        put(f, p);
        return;
    }
    if (!f->has_starter) {
        if (p.combining_class != 0) {
            put(f, p);
            return;
        }
        f->starter = p;
        f->has_starter = true;
        return;
    }
    bool blocked = f->left_count > 0 && f->last_class >= p.combining_class;
    uint32_t composed = blocked ? 0 : ore_compose(f->starter.code_point, p.code_point);
    if (composed) {
        f->starter.code_point = composed;
        f->starter.change += p.change - 1;
    } else if (p.combining_class == 0) {
        flush_starter(f);
        f->starter = p;
        f->has_starter = true;
    } else if (add(&f->left, &f->left_capacity, &f->left_count, p) == ORE_OK) {
        f->last_class = p.combining_class;
    }
}

/* Hands on the marks in the order of their classes, those of one class in the order of the text. */
static void take_marks(former *f) {
    enum { FEW = 16, CLASSES = 256 };
    if (f->mark_count <= FEW) {
        for (int64_t i = 1; i < f->mark_count; i++) {
            part p = f->marks[i];
            int64_t k = i;
            for (; k > 0 && f->marks[k - 1].combining_class > p.combining_class; k--)
                f->marks[k] = f->marks[k - 1];
            f->marks[k] = p;
        }
    } else { /* by counting, since a hostile text may have millions of marks in a row */
        int64_t starts[CLASSES + 1] = {0};
        void *grown = f->sorted;
        if (ore_grow(&grown, &f->sorted_capacity, f->mark_count, sizeof(part)) != ORE_OK)
            return;
        f->sorted = grown;
        for (int64_t i = 0; i < f->mark_count; i++)
            starts[f->marks[i].combining_class + 1]++;
        for (int c = 0; c < CLASSES; c++)
            starts[c + 1] += starts[c];
        for (int64_t i = 0; i < f->mark_count; i++)
            f->sorted[starts[f->marks[i].combining_class]++] = f->marks[i];
        memcpy(f->marks, f->sorted, (size_t)f->mark_count * sizeof(part));
    }
    for (int64_t i = 0; i < f->mark_count; i++)
        take(f, f->marks[i]);
    f->mark_count = 0;
}

static void take_character(former *f, uint32_t code_point) {
    uint32_t parts[ORE_DECOMPOSED_MAX];
    int count = ore_decompose(code_point, f->compatible, parts);
    for (int i = 0; i < count; i++) {
        part p = {parts[i], i > 0, ore_combining_class(parts[i])};
        if (p.combining_class == 0) {
            take_marks(f);
            take(f, p);
        } else {
            add(&f->marks, &f->mark_capacity, &f->mark_count, p);
        }
    }
}

ore_status ore_normalize_form(ore_aligned *text, bool compatible, bool compose) {
    if (ore_text_is_ascii(text->bytes, text->size))
        return ORE_OK;
    former f = {.compatible = compatible, .compose = compose};
    ore_rewrite_begin(&f.rewrite, text);
    for (int64_t at = 0; at < text->size && ore_no_error();) {
        int bytes;
        uint32_t code_point = ore_character_at(text->bytes, text->size, at, &bytes);
        at += bytes;
        take_character(&f, code_point);
    }
    take_marks(&f);
    flush_starter(&f);
    if (ore_no_error())
        ore_rewrite_end(&f.rewrite);
    ore_release(f.marks);
    ore_release(f.sorted);
    ore_release(f.left);
    return ore_error_status();
}

bool ore_may_cut_before_starter(const ore_stage *stage, const char *text, size_t size, size_t at) {
    (void)stage;
    int bytes;
    return at < size && ore_is_normalization_boundary(
                            ore_character_at(text, (int64_t)size, (int64_t)at, &bytes));
}

/* ---- the four forms ---- */

typedef struct form_stage {
    ore_stage base;
    bool compatible, compose;
} form_stage;

static ore_status apply(const ore_stage *stage, ore_aligned *text) {
    const form_stage *self = (const form_stage *)stage;
    return ore_normalize_form(text, self->compatible, self->compose);
}

static ore_stage *form_new(const ore_normalizer_kind *kind, bool compatible, bool compose) {
    form_stage *self = ore_stage_new(&kind->stage, sizeof *self);
    if (!self)
        return NULL;
    self->compatible = compatible;
    self->compose = compose;
    return &self->base;
}

static ore_stage *load_nfc(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return form_new(&ore_nfc_normalizer, false, true);
}

static ore_stage *load_nfd(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return form_new(&ore_nfd_normalizer, false, false);
}

static ore_stage *load_nfkc(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return form_new(&ore_nfkc_normalizer, true, true);
}

static ore_stage *load_nfkd(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed, (void)json, (void)path;
    return form_new(&ore_nfkd_normalizer, true, false);
}

const ore_normalizer_kind ore_nfc_normalizer = {
    {"NFC", load_nfc, NULL, NULL}, apply, ore_may_cut_before_starter};
const ore_normalizer_kind ore_nfd_normalizer = {
    {"NFD", load_nfd, NULL, NULL}, apply, ore_may_cut_before_starter};
const ore_normalizer_kind ore_nfkc_normalizer = {
    {"NFKC", load_nfkc, NULL, NULL}, apply, ore_may_cut_before_starter};
const ore_normalizer_kind ore_nfkd_normalizer = {
    {"NFKD", load_nfkd, NULL, NULL}, apply, ore_may_cut_before_starter};
