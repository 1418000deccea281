/* split.c: texts split by what a function finds in them, and the pre-tokenizer "Split". */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/split.h"
#include "text/composed/splitters.h"

/* ---- behaviors ---- */

static const char *const behavior_names[] = {
    [ORE_SPLIT_REMOVED] = "Removed",
    [ORE_SPLIT_ISOLATED] = "Isolated",
    [ORE_SPLIT_MERGED_WITH_PREVIOUS] = "MergedWithPrevious",
    [ORE_SPLIT_MERGED_WITH_NEXT] = "MergedWithNext",
    [ORE_SPLIT_CONTIGUOUS] = "Contiguous",
};
enum { BEHAVIORS = sizeof behavior_names / sizeof *behavior_names };

ore_status ore_split_behavior_read(ore_json *json, const char *key, const char *path,
                                   ore_split_behavior *behavior) {
    const char *name = ore_json_get_string(json, key);
    for (int i = 0; name && i < BEHAVIORS; i++)
        if (strcmp(name, behavior_names[i]) == 0) {
            *behavior = (ore_split_behavior)i;
            return ORE_OK;
        }
    return name ? ore_fail(ORE_UNSUPPORTED,
                           "%.300s: %s \"%.64s\", expected Removed, Isolated, "
                           "MergedWithPrevious, MergedWithNext or Contiguous",
                           path, key, name)
                : ore_error_status();
}

const char *ore_split_behavior_name(ore_split_behavior behavior) {
    return behavior_names[behavior];
}

/* ---- what matches become ---- */

/* A split that is being made, which the next match or gap may still join. */
typedef struct folding {
    ore_flow *flow;
    ore_split_behavior behavior;
    size_t start, end;
    bool any, matched; /* there is one, and its last part is a match */
} folding;

static ore_status end_split(folding *f) {
    bool empty = !f->any || f->start == f->end;
    f->any = false;
    if (empty)
        return ORE_OK;
    return ore_flow_split(f->flow, f->start, f->end, -1);
}

/* Whether the next part joins the split before it. */
static bool joins(const folding *f, bool matched) {
    switch (f->behavior) {
    case ORE_SPLIT_MERGED_WITH_PREVIOUS:
        return matched && !f->matched;
    case ORE_SPLIT_MERGED_WITH_NEXT:
        return !matched && f->matched;
    case ORE_SPLIT_CONTIGUOUS:
        return matched == f->matched;
    default:
        return false;
    }
}

/* A match may be empty: it parts what stands before it from what stands behind it. */
static ore_status add_part(folding *f, size_t start, size_t end, bool matched) {
    if (f->behavior == ORE_SPLIT_REMOVED && matched)
        return end_split(f);
    if (f->any && joins(f, matched)) {
        f->end = end;
    } else {
        if (end_split(f) != ORE_OK)
            return ore_error_status();
        f->start = start;
        f->end = end;
        f->any = true;
    }
    f->matched = matched;
    return ORE_OK;
}

/* What a split is looked for in, and how. */
typedef struct search {
    ore_split_find find;
    void *user;
    bool invert;
} search;

/* Splits text[start .. end). Where `open`, what may still change is left out. */
static ore_status split_one(folding *f, const search *by, size_t start, size_t end, bool open) {
    const char *text = f->flow->text + start;
    size_t size = end - start, at = 0;
    f->any = f->matched = false;
    while (at < size) {
        size_t from = at, to = at;
        int found = by->find(by->user, text, size, at, open, &from, &to);
        if (found == ORE_MATCH_FAILED)
            return ore_error_status();
        if (found == ORE_MATCH_NONE)
            from = to = size;
        if (found == ORE_MATCH_OPEN || (open && from == size))
            break; /* a gap before this is not over yet */
        if (from > at && add_part(f, start + at, start + from, by->invert) != ORE_OK)
            return ore_error_status();
        if (found == ORE_MATCH_FOUND &&
            add_part(f, start + from, start + to, !by->invert) != ORE_OK)
            return ore_error_status();
        at = to;
    }
    /* A split is not whole yet where the next part may join it. */
    bool goes_on = f->any && open && (joins(f, false) || joins(f, true));
    return goes_on ? ORE_OK : end_split(f);
}

ore_status ore_flow_split_by(ore_flow *flow, ore_split_find find, void *user,
                             ore_split_behavior behavior, bool invert) {
    folding f = {.flow = flow, .behavior = behavior};
    const search by = {find, user, invert};
    ore_status status = ORE_OK;
    for (int64_t i = 0; i < flow->split_count && status == ORE_OK; i++) {
        const ore_segment s = flow->splits[i];
        bool open = flow->open && i == flow->split_count - 1;
        status = s.id >= 0 ? ore_flow_split(flow, s.start, s.end, s.id)
                           : split_one(&f, &by, s.start, s.end, open);
    }
    ore_flow_splits_turn(flow);
    flow->open = false;
    return status;
}

/* ---- the pre-tokenizer "Split" ---- */

typedef struct split_stage {
    ore_stage base;
    char *text;   /* the pattern, */
    bool is_text; /* which is looked for as it is */
    ore_split_behavior behavior;
    bool invert;
    ore_pattern *pattern;                   /* or NULL, */
    const ore_published_pattern *published; /* where this is matched by code of its own */
} split_stage;

static int find_text(void *user, const char *text, size_t size, size_t from, bool open,
                     size_t *start, size_t *end) {
    const char *wanted = user;
    size_t count = strlen(wanted);
    for (size_t at = from; at < size; at++) {
        size_t left = size - at < count ? size - at : count;
        if (memcmp(text + at, wanted, left) != 0 || (left < count && !open))
            continue;
        *start = at;
        *end = at + count;
        return left < count ? ORE_MATCH_OPEN : ORE_MATCH_FOUND;
    }
    return ORE_MATCH_NONE;
}

static int find_pattern(void *user, const char *text, size_t size, size_t from, bool open,
                        size_t *start, size_t *end) {
    return ore_matcher_find(user, text, size, from, open, start, end);
}

static ore_status split_apply(const ore_stage *stage, ore_flow *flow) {
    const split_stage *self = (const split_stage *)stage;
    if (self->published)
        return ore_flow_split_published(flow, self->published);
    if (self->is_text)
        return *self->text
                   ? ore_flow_split_by(flow, find_text, self->text, self->behavior, self->invert)
                   : ORE_OK;
    ore_matcher *matcher = ore_matcher_begin(self->pattern);
    if (matcher)
        ore_flow_split_by(flow, find_pattern, matcher, self->behavior, self->invert);
    ore_matcher_end(matcher);
    return ore_error_status();
}

/* A published pattern matches no text in which a space stands behind another character that is
 * none: it ends there, and looks at nothing before it. */
static bool split_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const split_stage *self = (const split_stage *)stage;
    return self->published && ore_published_may_cut(text, size, at);
}

static bool split_never_cuts(const ore_stage *stage) {
    return !((const split_stage *)stage)->published;
}

static void split_release(ore_stage *stage) {
    split_stage *self = (split_stage *)stage;
    ore_pattern_free(self->pattern);
    ore_release(self->text);
}

static ore_stage *new_stage(const char *text, bool is_text, ore_split_behavior behavior,
                            bool invert, const char *where) {
    split_stage *self = ore_stage_new(&ore_split_kind.stage, sizeof *self);
    if (!self)
        return NULL;
    self->text = ore_copy_text(text);
    self->is_text = is_text;
    self->behavior = behavior;
    self->invert = invert;
    /* It matches everywhere: whether matches are isolated, or what lies between is left as it is
     * and the matches are kept, comes to the same. */
    if (!is_text && (behavior == ORE_SPLIT_ISOLATED || (behavior == ORE_SPLIT_REMOVED && invert)))
        self->published = ore_published_by_text(text);
    if (!is_text && !self->published)
        self->pattern = ore_pattern_new(text, where);
    if (ore_ok())
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

ore_stage *ore_split_new(const char *pattern, const char *where) {
    return new_stage(pattern, false, ORE_SPLIT_ISOLATED, false, where);
}

ore_stage *ore_split_named_new(const char *name_or_pattern, const char *where) {
    const ore_published_pattern *published = ore_published_by_name(name_or_pattern);
    return ore_split_new(published ? published->texts[0] : name_or_pattern, where);
}

const char *ore_split_pattern(const ore_stage *stage) {
    const split_stage *self = (const split_stage *)stage;
    return stage->kind == &ore_split_kind.stage && !self->is_text ? self->text : NULL;
}

/* {"type": "Split", "pattern": {"Regex" or "String": TEXT}, "behavior": NAME, "invert": BOOL} */
static ore_stage *split_load(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    ore_split_behavior behavior = ORE_SPLIT_ISOLATED;
    bool invert = false;
    ore_json *pattern = ore_json_get_object(json, "pattern");
    if (!pattern || ore_split_behavior_read(json, "behavior", path, &behavior) != ORE_OK ||
        ore_json_get_bool(json, "invert", &invert) != ORE_OK)
        return NULL;
    bool is_text = ore_json_kind_of(pattern, "String") == ORE_JSON_STRING;
    const char *text = ore_json_get_string(pattern, is_text ? "String" : "Regex");
    return text ? new_stage(text, is_text, behavior, invert, path) : NULL;
}

static void split_save(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    const split_stage *self = (const split_stage *)stage;
    ore_json *pattern = ore_json_set_object(json, "pattern");
    ore_json_set_string(pattern, self->is_text ? "String" : "Regex", self->text);
    ore_json_set_string(json, "behavior", behavior_names[self->behavior]);
    ore_json_set_bool(json, "invert", self->invert);
}

const ore_pre_tokenizer_kind ore_split_kind = {
    .stage = {"Split", split_load, split_save, split_release},
    .apply = split_apply,
    .may_cut = split_may_cut,
    .never_cuts = split_never_cuts};
