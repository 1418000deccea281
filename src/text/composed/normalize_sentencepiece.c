/* normalize_sentencepiece.c: the normalizer "SentencePiece": what its models do to a text. The
 * longest beginning that has a replacement is replaced, users' symbols are left as they are,
 * spaces become U+2581. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/charsmap.h"
#include "text/composed/normalize.h"
#include "text/composed/pieces.h"
#include "text/composed/sentencepiece.h"
#include "text/composed/trie.h"

static const char space_symbol[] = "\xE2\x96\x81"; /* U+2581 */

typedef struct stage {
    ore_stage base;
    ore_sentencepiece_options options;
    ore_charsmap map;
    ore_trie user;
} stage;

/* What a text begins with: `taken` bytes of it become `bytes` (size). */
typedef struct chunk {
    const char *bytes;
    size_t size, taken;
} chunk;

static chunk chunk_at(const stage *self, const char *text, size_t size) {
    chunk c = {text, 0, 0};
    if (ore_trie_longest(&self->user, text, size, &c.taken) >= 0) {
        c.size = c.taken;
        return c;
    }
    const char *with = ore_charsmap_find(&self->map, text, size, true, &c.taken, &c.size);
    if (with) {
        c.bytes = with;
        return c;
    }
    int bytes;
    ore_character_at(text, (int64_t)size, 0, &bytes);
    c.size = c.taken = (size_t)bytes;
    return c;
}

/* ---- applying ---- */

typedef struct writer {
    ore_rewrite rewrite;
    const char *space;
    int64_t space_bytes;
    int64_t at; /* byte of the old text that what is written comes from */
} writer;

/* Where byte `at` of the old text begins in the original; at its end, where that ends. */
static uint32_t origin_of(const ore_aligned *text, int64_t at) {
    if (!text->spans || text->size == 0)
        return text->origin;
    return at < text->size ? text->spans[at].start : text->spans[text->size - 1].end;
}

/* Writes bytes that come from byte `start` of the original. */
static void put(writer *w, const char *bytes, int64_t count, uint32_t start) {
    ore_rewrite_write(&w->rewrite, bytes, count, (ore_span){start, start});
}

static void put_space(writer *w, uint32_t start) {
    put(w, w->space, w->space_bytes, start);
}

/* Writes a chunk with its spaces turned; after a space, those at its start are left out. Returns
 * whether it ends in a space. */
static bool put_chunk(writer *w, chunk c, bool after_space) {
    while (after_space && c.size > 0 && *c.bytes == ' ') {
        c.bytes++;
        c.size--;
    }
    if (c.size == 0)
        return after_space;
    uint32_t start = origin_of(w->rewrite.text, w->at);
    for (size_t i = 0; i < c.size;) {
        const char *end = memchr(c.bytes + i, ' ', c.size - i);
        size_t count = (end ? (size_t)(end - c.bytes) : c.size) - i;
        if (count > 0)
            put(w, c.bytes + i, (int64_t)count, start);
        i += count;
        if (end) {
            put_space(w, start);
            i++;
        }
    }
    return c.bytes[c.size - 1] == ' ';
}

/* A byte's origin reaches to where the next one's begins. */
static void join_spans(ore_aligned *text, uint32_t end) {
    for (int64_t i = text->size - 1; text->spans && i >= 0; i--) {
        text->spans[i].end = end;
        end = text->spans[i].start;
    }
}

/* Takes off the spaces at the end, of the new text, and returns where in the original they
 * begin. */
static uint32_t strip_end(writer *w, uint32_t end) {
    const ore_aligned *text = w->rewrite.text;
    int64_t *written = &w->rewrite.written;
    while (*written >= w->space_bytes &&
           memcmp(text->spare + *written - w->space_bytes, w->space, (size_t)w->space_bytes) == 0) {
        *written -= w->space_bytes;
        end = text->spans ? text->spare_spans[*written].start : end;
    }
    return end;
}

static ore_status apply(const ore_stage *base, ore_aligned *text) {
    const stage *self = (const stage *)base;
    const ore_sentencepiece_options *options = &self->options;
    writer w = {.space = options->escape_whitespaces ? space_symbol : " "};
    w.space_bytes = (int64_t)strlen(w.space);
    ore_rewrite_begin(&w.rewrite, text);
    bool after_space = options->remove_extra_whitespaces && text->begins;
    while (after_space && w.at < text->size) {
        chunk c = chunk_at(self, text->bytes + w.at, (size_t)(text->size - w.at));
        if (c.size != 1 || *c.bytes != ' ')
            break;
        w.at += (int64_t)c.taken;
    }
    bool empty = w.at == text->size;
    if (!empty && text->begins && options->add_dummy_prefix && !options->suffix)
        put_space(&w, origin_of(text, w.at));
    while (w.at < text->size && ore_no_error()) {
        chunk c = chunk_at(self, text->bytes + w.at, (size_t)(text->size - w.at));
        after_space = put_chunk(&w, c, after_space) && options->remove_extra_whitespaces;
        w.at += (int64_t)c.taken;
    }
    uint32_t end = origin_of(text, text->size);
    if (text->ends && options->remove_extra_whitespaces && w.rewrite.written > 0)
        end = strip_end(&w, end);
    if (!empty && text->ends && options->add_dummy_prefix && options->suffix)
        put_space(&w, end);
    if (ore_no_error()) {
        ore_rewrite_end(&w.rewrite);
        join_spans(text, end);
    }
    return ore_error_status();
}

/* ---- cutting ---- */

/* Whether a replaced text, or a user's symbol, may reach over byte `at`. */
static bool spanned(const stage *self, const char *text, size_t size, size_t at) {
    enum { LOOKED_AT = 128 }; /* bytes before; longer keys are cut short by the file's makers */
    size_t from = at > LOOKED_AT ? at - LOOKED_AT : 0;
    for (size_t start = at; start > from;) {
        start = (size_t)ore_character_before(text, (int64_t)start);
        size_t known = at < size ? at + 1 : size, i = start;
        if (ore_charsmap_reaches(&self->map, text + start, known - start))
            return true;
        int32_t node = self->user.count > 1 ? 0 : -1;
        while (node >= 0 && i < known)
            node = ore_trie_step(&self->user, node, (uint8_t)text[i++]);
        if (node >= 0)
            return true;
    }
    return false;
}

static bool may_cut(const ore_stage *base, const char *text, size_t size, size_t at) {
    const stage *self = (const stage *)base;
    size_t before = (size_t)ore_character_before(text, (int64_t)at);
    chunk c = chunk_at(self, text + before, at - before);
    if (self->options.remove_extra_whitespaces && (c.size == 0 || c.bytes[c.size - 1] == ' '))
        return false;
    return !spanned(self, text, size, at);
}

/* ---- making ---- */

ore_sentencepiece_options ore_sentencepiece_defaults(void) {
    return (ore_sentencepiece_options){true, true, true, false};
}

static void release(ore_stage *base) {
    stage *self = (stage *)base;
    ore_charsmap_release(&self->map);
    ore_trie_release(&self->user);
}

ore_stage *ore_sentencepiece_normalizer_new(const ore_composed *composed,
                                            const ore_sentencepiece_options *options,
                                            const char *charsmap, size_t charsmap_bytes,
                                            const char *where) {
    stage *self = ore_stage_new(&ore_sentencepiece_normalizer.stage, sizeof *self);
    if (!self)
        return NULL;
    self->options = *options;
    if (charsmap_bytes > 0)
        ore_charsmap_init(&self->map, charsmap, charsmap_bytes, where);
    if (ore_no_error() &&
        ore_pieces_user_symbols(ore_pieces_of(composed->model), composed, &self->user) == ORE_OK)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static ore_stage *load(ore_composed *composed, ore_json *json, const char *path) {
    ore_sentencepiece_options o;
    ore_json_get_bool(json, "add_dummy_prefix", &o.add_dummy_prefix);
    ore_json_get_bool(json, "remove_extra_whitespaces", &o.remove_extra_whitespaces);
    ore_json_get_bool(json, "escape_whitespaces", &o.escape_whitespaces);
    ore_json_get_bool(json, "treat_whitespace_as_suffix", &o.suffix);
    const char *text = ore_json_get_string(json, "precompiled_charsmap");
    if (!text)
        return NULL;
    size_t count = 0;
    char *blob = ore_base64_read(text, strlen(text), &count, path);
    ore_stage *made =
        blob ? ore_sentencepiece_normalizer_new(composed, &o, blob, count, path) : NULL;
    ore_release(blob);
    return made;
}

static void save(const ore_stage *base, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const stage *self = (const stage *)base;
    ore_json_set_bool(json, "add_dummy_prefix", self->options.add_dummy_prefix);
    ore_json_set_bool(json, "remove_extra_whitespaces", self->options.remove_extra_whitespaces);
    ore_json_set_bool(json, "escape_whitespaces", self->options.escape_whitespaces);
    ore_json_set_bool(json, "treat_whitespace_as_suffix", self->options.suffix);
    char *text = ore_base64_write(self->map.blob, self->map.blob_bytes);
    if (text)
        ore_json_set_string(json, "precompiled_charsmap", text);
    ore_release(text);
}

const ore_normalizer_kind ore_sentencepiece_normalizer = {
    {"SentencePiece", load, save, release}, apply, may_cut};
