/* stages.c: stages by their names, and what all stages share. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "text/composed/composed.h"
#include "text/composed/stage_list.h"

void *ore_stage_new(const ore_stage_kind *kind, size_t struct_bytes) {
    ore_stage *stage = ore_alloc_zero(struct_bytes);
    if (stage)
        stage->kind = kind;
    return stage;
}

void ore_stage_free(ore_stage *stage) {
    if (!stage)
        return;
    if (stage->kind->release)
        stage->kind->release(stage);
    ore_release(stage);
}

/* ---- lists ---- */

#define NORMALIZER(name)     extern const ore_normalizer_kind ore_##name;
#define PRE_TOKENIZER(name)  extern const ore_pre_tokenizer_kind ore_##name;
#define MODEL(name)          extern const ore_model_kind ore_##name;
#define POST_PROCESSOR(name) extern const ore_post_processor_kind ore_##name;
#define DECODER(name)        extern const ore_decoder_kind ore_##name;
#include "text/composed/stages.def"
#undef NORMALIZER
#undef PRE_TOKENIZER
#undef MODEL
#undef POST_PROCESSOR
#undef DECODER

typedef struct named_stage {
    ore_stage_role role;
    const ore_stage_kind *kind;
} named_stage;

static const named_stage stages[] = {
#define NORMALIZER(name)     {ORE_NORMALIZER, &ore_##name.stage},
#define PRE_TOKENIZER(name)  {ORE_PRE_TOKENIZER, &ore_##name.stage},
#define MODEL(name)          {ORE_MODEL, &ore_##name.stage},
#define POST_PROCESSOR(name) {ORE_POST_PROCESSOR, &ore_##name.stage},
#define DECODER(name)        {ORE_DECODER, &ore_##name.stage},
#include "text/composed/stages.def"
#undef NORMALIZER
#undef PRE_TOKENIZER
#undef MODEL
#undef POST_PROCESSOR
#undef DECODER
};

const ore_stage_kind *ore_stage_kind_of(ore_stage_role role, const char *name) {
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (stages[i].role == role && strcmp(stages[i].kind->name, name) == 0)
            return stages[i].kind;
    return NULL;
}

/* ---- for people ---- */

typedef struct names {
    char *text;
    size_t used, bytes;
} names;

static void add_text(names *n, const char *before, const char *text) {
    if (n->used + 1 < n->bytes)
        n->used += (size_t)snprintf(n->text + n->used, n->bytes - n->used, "%s%s", before, text);
}

/* The stages of a sequence have " + " between them. */
static void add_stage(names *n, const char *role, const ore_stage *stage) {
    const ore_stage_list *list = (const ore_stage_list *)stage;
    if (!stage)
        return;
    add_text(n, n->used > 0 ? ", " : "", role);
    if (stage->kind->release != ore_stage_list_release || list->count == 0)
        add_text(n, " ", stage->kind->name);
    else
        for (int64_t i = 0; i < list->count; i++)
            add_text(n, i > 0 ? " + " : " ", list->stages[i]->kind->name);
}

void ore_composed_stages(const ore_tokenizer *tokenizer, char *text, size_t bytes) {
    const ore_composed *self = (const ore_composed *)tokenizer;
    names n = {text, 0, bytes};
    add_stage(&n, "normalizer", self->normalizer);
    add_stage(&n, "pre-tokenizer", self->pre_tokenizer);
    add_stage(&n, "model", self->model);
    add_stage(&n, "post-processor", self->post_processor);
    add_stage(&n, "decoder", self->decoder);
}
