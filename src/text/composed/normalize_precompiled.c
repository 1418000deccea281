/* normalize_precompiled.c: the normalizer "Precompiled": Hugging Face's reading of the
 * replacements of a SentencePiece model. It goes over grapheme clusters: a short one is replaced
 * as a whole where its beginning has a replacement; else each of its characters that has one is. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/charsmap.h"
#include "text/composed/normalize.h"
#include "text/characters.h"

typedef struct precompiled_stage {
    ore_stage base;
    ore_charsmap map;
} precompiled_stage;

/* Where the grapheme cluster at `at` ends, and how many characters it has. */
static int64_t cluster_end(const ore_aligned *text, int64_t at, int64_t *characters) {
    int bytes, state = 0;
    uint32_t before = ore_character_at(text->bytes, text->size, at, &bytes);
    *characters = 1;
    for (at += bytes; at < text->size; at += bytes) {
        uint32_t behind = ore_character_at(text->bytes, text->size, at, &bytes);
        if (ore_grapheme_break(before, behind, &state))
            break;
        before = behind;
        ++*characters;
    }
    return at;
}

/* The new text, whose last character waits, since what is left out behind it is its change. */
typedef struct writer {
    ore_rewrite rewrite;
    uint32_t last;
    int64_t change;
    bool waits;
} writer;

static void flush(writer *w) {
    if (w->waits)
        ore_rewrite_put(&w->rewrite, w->last, w->change);
    w->waits = false;
}

static void put(writer *w, uint32_t code_point, int64_t change) {
    flush(w);
    *w = (writer){w->rewrite, code_point, change, true};
}

/* Writes `count` bytes of text in place of `old` characters. */
static void replace(writer *w, const char *with, size_t count, int64_t old) {
    const uint8_t *at = (const uint8_t *)with, *end = at + count;
    int64_t written = 0;
    while (at < end) {
        uint32_t code_point;
        int n = ore_utf8_decode(at, end, &code_point);
        if (n == 0) { /* of a damaged table */
            n = 1;
            code_point = 0xFFFD;
        }
        at += n;
        put(w, code_point, written >= old);
        written++;
    }
    if (written < old)
        w->change -= old - written;
}

static ore_status apply(const ore_stage *stage, ore_aligned *text) {
    enum { SHORT_CLUSTER = 6 }; /* bytes, as Hugging Face's code has it */
    const precompiled_stage *self = (const precompiled_stage *)stage;
    writer w = {0};
    bool changed = false;
    ore_rewrite_begin(&w.rewrite, text);
    for (int64_t at = 0, end; at < text->size && ore_no_error(); at = end) {
        int64_t characters;
        size_t taken, count;
        end = cluster_end(text, at, &characters);
        size_t size = (size_t)(end - at);
        const char *with = NULL;
        if (size < SHORT_CLUSTER)
            with = ore_charsmap_find(&self->map, text->bytes + at, size, false, &taken, &count);
        if (with) {
            replace(&w, with, count, characters);
            changed = true;
            continue;
        }
        for (int bytes; at < end; at += bytes) {
            uint32_t c = ore_character_at(text->bytes, text->size, at, &bytes);
            with = ore_charsmap_find(&self->map, text->bytes + at, (size_t)bytes, false, &taken,
                                     &count);
            if (with)
                replace(&w, with, count, 1);
            else
                put(&w, c, 0);
            changed |= with != NULL;
        }
    }
    flush(&w);
    if (changed && ore_no_error())
        ore_rewrite_end(&w.rewrite);
    return ore_error_status();
}

/* Between two characters of which the second begins a cluster, whatever stands before the first. */
static bool may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    (void)stage;
    enum { ASCII_LETTER_OR_SPACE = 0x20 };
    unsigned char before = (unsigned char)text[at - 1];
    return at < size && (unsigned char)text[at] >= ASCII_LETTER_OR_SPACE &&
           (unsigned char)text[at] < 0x7F && before < 0x7F && before >= ASCII_LETTER_OR_SPACE;
}

static void release(ore_stage *stage) {
    ore_charsmap_release(&((precompiled_stage *)stage)->map);
}

static ore_stage *load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    const char *text = ore_json_get_string(json, "precompiled_charsmap");
    if (!text)
        return NULL;
    size_t count;
    char *blob = ore_base64_read(text, strlen(text), &count, path);
    precompiled_stage *self =
        blob ? ore_stage_new(&ore_precompiled_normalizer.stage, sizeof *self) : NULL;
    if (self)
        ore_charsmap_init(&self->map, blob, count, path);
    ore_release(blob);
    if (ore_no_error())
        return &self->base;
    ore_stage_free(self ? &self->base : NULL);
    return NULL;
}

static void save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const precompiled_stage *self = (const precompiled_stage *)stage;
    char *text = ore_base64_write(self->map.blob, self->map.blob_bytes);
    if (text)
        ore_json_set_string(json, "precompiled_charsmap", text);
    ore_release(text);
}

const ore_normalizer_kind ore_precompiled_normalizer = {
    {"Precompiled", load, save, release}, apply, may_cut};
