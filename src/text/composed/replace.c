/* replace.c: what a text's matches of a pattern are replaced by. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/replace.h"

/* ---- finding ---- */

/* The next match in text[from .. size); ORE_MATCH_NONE and the like. `matcher` is that of the
 * pattern, where there is one. */
static int find(const ore_replacement *self, ore_matcher *matcher, const char *text, size_t size,
                size_t from, bool first, size_t *start, size_t *end) {
    if (!self->literal)
        return first ? ore_matcher_find_first(matcher, text, size, start, end)
                     : ore_matcher_find(matcher, text, size, from, false, start, end);
    size_t length = strlen(self->literal);
    const char *found = length ? memmem(text + from, size - from, self->literal, length) : NULL;
    if (!found)
        return ORE_MATCH_NONE;
    *start = (size_t)(found - text);
    *end = *start + length;
    return ORE_MATCH_FOUND;
}

ore_status ore_replacement_apply(const ore_replacement *self, ore_aligned *text) {
    int64_t count = (int64_t)strlen(self->content);
    size_t size = (size_t)text->size, start = 0, end = 0;
    ore_matcher *matcher = self->pattern ? ore_matcher_begin(self->pattern) : NULL;
    ore_rewrite rewrite;
    ore_rewrite_begin(&rewrite, text);
    for (bool first = true;
         size > 0 && ore_no_error() &&
         find(self, matcher, text->bytes, size, end, first, &start, &end) == ORE_MATCH_FOUND;
         first = false) {
        ore_rewrite_copy(&rewrite, (int64_t)start);
        rewrite.read = (int64_t)end; /* the content stands for the match's last character */
        ore_rewrite_insert(&rewrite, self->content, count);
    }
    ore_matcher_end(matcher);
    return ore_rewrite_finish(&rewrite);
}

/* ---- cutting ---- */

/* Looks at what stands before the place only: no match, even one that is not over yet, reaches over
 * it. A pattern that takes too many steps here fails where it is applied. */
static bool pattern_may_cut(const ore_replacement *self, const char *text, size_t at) {
    enum { LOOKED_AT = 256 }; /* bytes before the place; a longer match is rare */
    ore_matcher *matcher = ore_matcher_begin(self->pattern);
    size_t from = at > LOOKED_AT ? at - LOOKED_AT : 0, start, end;
    while (from > 0 && ((unsigned char)text[from] & 0xC0) == 0x80)
        from--;
    int result = matcher ? ORE_MATCH_FOUND : ORE_MATCH_FAILED;
    for (end = from; result == ORE_MATCH_FOUND && end < at;)
        result = ore_matcher_find(matcher, text, at, end, true, &start, &end);
    ore_matcher_end(matcher);
    ore_error_clear();
    return result == ORE_MATCH_NONE;
}

bool ore_replacement_may_cut(const ore_replacement *self, const char *text, size_t size,
                             size_t at) {
    if (!self->literal)
        return !self->looks_around && at < size && pattern_may_cut(self, text, at);
    size_t length = strlen(self->literal); /* no match goes on behind a byte that it lacks */
    return length < 2 || !memchr(self->literal, text[at - 1], length - 1);
}

/* ---- making ---- */

void ore_replacement_release(ore_replacement *self) {
    ore_release(self->literal);
    ore_release(self->source);
    ore_release(self->content);
    ore_pattern_free(self->pattern);
    *self = (ore_replacement){0};
}

ore_status ore_replacement_init(ore_replacement *self, const char *literal, const char *source,
                                const char *content, const char *where) {
    static const char *const looks[] = {"^", "$", "\\b", "\\B", "\\A", "\\G", "(?<"};
    self->content = ore_copy_text(content);
    if (literal) {
        self->literal = ore_copy_text(literal);
        return ore_error_status();
    }
    self->source = ore_copy_text(source);
    self->pattern = ore_pattern_new(source, where);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        self->looks_around |= strstr(source, looks[i]) != NULL;
    /* An empty match at a part's start would count, which behind another does not. */
    self->looks_around |= ore_no_error() && ore_pattern_may_be_empty(self->pattern);
    return ore_error_status();
}

ore_status ore_replacement_load(ore_replacement *self, ore_json *json, const char *path) {
    ore_json *pattern = ore_json_get_object(json, "pattern");
    const char *content = pattern ? ore_json_get_string(json, "content") : NULL;
    if (!content)
        return ore_error_status();
    bool literal = ore_json_kind_of(pattern, "String") != ORE_JSON_MISSING;
    const char *text = ore_json_get_string(pattern, literal ? "String" : "Regex");
    if (!text)
        return ore_error_status();
    return ore_replacement_init(self, literal ? text : NULL, text, content, path);
}

void ore_replacement_save(const ore_replacement *self, ore_json *json) {
    ore_json *pattern = ore_json_set_object(json, "pattern");
    if (self->literal)
        ore_json_set_string(pattern, "String", self->literal);
    else
        ore_json_set_string(pattern, "Regex", self->source);
    ore_json_set_string(json, "content", self->content);
}

/* ---- stages ---- */

ore_stage *ore_replace_stage_load(const ore_stage_kind *kind, ore_json *json, const char *path) {
    ore_replace_stage *self = ore_stage_new(kind, sizeof *self);
    if (!self)
        return NULL;
    if (ore_replacement_load(&self->what, json, path) == ORE_OK)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

void ore_replace_stage_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_replacement_save(&((const ore_replace_stage *)stage)->what, json);
}

void ore_replace_stage_release(ore_stage *stage) {
    ore_replacement_release(&((ore_replace_stage *)stage)->what);
}
