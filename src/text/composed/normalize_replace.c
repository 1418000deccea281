/* normalize_replace.c: the normalizers "Replace" and "Sequence", and normalizers of any kind. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/normalize.h"
#include "text/composed/replace.h"
#include "text/composed/tokenizer_json.h"

/* ---- Replace: what matches becomes another text ---- */

typedef struct replace_stage {
    ore_stage base;
    ore_replacement what;
} replace_stage;

static ore_status apply_replace(const ore_stage *stage, ore_aligned *text) {
    return ore_replacement_apply(&((const replace_stage *)stage)->what, text);
}

static bool replace_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    return ore_replacement_may_cut(&((const replace_stage *)stage)->what, text, size, at);
}

static void release_replace(ore_stage *stage) {
    ore_replacement_release(&((replace_stage *)stage)->what);
}

static ore_stage *load_replace(ore_composed *composed, ore_json *json, const char *path) {
    (void)composed;
    replace_stage *self = ore_stage_new(&ore_replace_normalizer.stage, sizeof *self);
    if (!self)
        return NULL;
    if (ore_replacement_load(&self->what, json, path) == ORE_OK)
        return &self->base;
    ore_stage_free(&self->base);
    return NULL;
}

static void save_replace(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    (void)composed;
    ore_replacement_save(&((const replace_stage *)stage)->what, json);
}

const ore_normalizer_kind ore_replace_normalizer = {
    {"Replace", load_replace, save_replace, release_replace}, apply_replace, replace_may_cut};

/* ---- normalizers of any kind ---- */

ore_status ore_normalizer_apply(const ore_stage *stage, ore_aligned *text) {
    return ((const ore_normalizer_kind *)stage->kind)->apply(stage, text);
}

static bool any_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const ore_normalizer_kind *kind = (const ore_normalizer_kind *)stage->kind;
    return !kind->may_cut || kind->may_cut(stage, text, size, at);
}

/* ---- Sequence: one after the other ---- */

typedef struct sequence_stage {
    ore_stage base;
    ore_stage **stages; /* (count) */
    int64_t count;
} sequence_stage;

static ore_status apply_sequence(const ore_stage *stage, ore_aligned *text) {
    const sequence_stage *self = (const sequence_stage *)stage;
    for (int64_t i = 0; i < self->count; i++)
        if (ore_normalizer_apply(self->stages[i], text) != ORE_OK)
            break;
    return ore_error_status();
}

/* Each is asked about the text as it came, not as the ones before leave it: those that there are
 * change no character into one that another joins with its neighbour. */
static bool sequence_may_cut(const ore_stage *stage, const char *text, size_t size, size_t at) {
    const sequence_stage *self = (const sequence_stage *)stage;
    bool may = true;
    for (int64_t i = 0; may && i < self->count; i++)
        may = any_may_cut(self->stages[i], text, size, at);
    return may;
}

static void release_sequence(ore_stage *stage) {
    sequence_stage *self = (sequence_stage *)stage;
    for (int64_t i = 0; i < self->count; i++)
        ore_stage_free(self->stages[i]);
    ore_release(self->stages);
}

static sequence_stage *sequence_new(int64_t count) {
    sequence_stage *self = ore_stage_new(&ore_sequence_normalizer.stage, sizeof *self);
    if (!self)
        return NULL;
    self->stages = ore_alloc_zero((size_t)count * sizeof *self->stages);
    if (self->stages)
        self->count = count;
    return self;
}

static ore_stage *load_sequence(ore_composed *composed, ore_json *json, const char *path) {
    ore_json *list = ore_json_get_array(json, "normalizers");
    sequence_stage *self = list ? sequence_new(ore_json_count(list)) : NULL;
    for (int64_t i = 0; self && ore_no_error() && i < self->count; i++)
        self->stages[i] =
            ore_stage_load(composed, ORE_NORMALIZER, ore_json_at_object(list, i), path);
    if (self && ore_no_error())
        return &self->base;
    ore_stage_free(self ? &self->base : NULL);
    return NULL;
}

static void save_sequence(const ore_stage *stage, const ore_composed *composed, ore_json *json) {
    const sequence_stage *self = (const sequence_stage *)stage;
    ore_json *list = ore_json_set_array(json, "normalizers");
    for (int64_t i = 0; i < self->count; i++)
        ore_stage_save(self->stages[i], composed, ore_json_add_object(list));
}

const ore_normalizer_kind ore_sequence_normalizer = {
    {"Sequence", load_sequence, save_sequence, release_sequence}, apply_sequence, sequence_may_cut};
