/* split.h: texts split by what a function finds in them; the pre-tokenizers "Split" and
 * "ByteLevel". */
#ifndef ORE_TEXT_SPLIT_H
#define ORE_TEXT_SPLIT_H

#include "text/composed/composed.h"
#include "text/composed/pattern.h"

/* What becomes of a pattern's matches; the names are those of tokenizer.json. */
typedef enum ore_split_behavior {
    ORE_SPLIT_REMOVED,
    ORE_SPLIT_ISOLATED,
    ORE_SPLIT_MERGED_WITH_PREVIOUS,
    ORE_SPLIT_MERGED_WITH_NEXT,
    ORE_SPLIT_CONTIGUOUS,
} ore_split_behavior;
/* That of an object's member "behavior"; ORE_DATA, naming what came, where it is none of them. */
ore_status ore_split_behavior_read(ore_json *json, const char *key, const char *path,
                                   ore_split_behavior *behavior);
const char *ore_split_behavior_name(ore_split_behavior behavior);

/* Finds the next match in text[from .. size), as ore_matcher_find does. */
typedef int (*ore_split_find)(void *user, const char *text, size_t size, size_t from, bool open,
                              size_t *start, size_t *end);
/* Splits the flow's splits by what `find` finds, each as if it were a text of its own. `invert`:
 * what lies between matches is taken for the matches. */
ore_status ore_flow_split_by(ore_flow *flow, ore_split_find find, void *user,
                             ore_split_behavior behavior, bool invert);

extern const ore_pre_tokenizer_kind ore_split_kind;      /* "Split" */
extern const ore_pre_tokenizer_kind ore_byte_level_kind; /* "ByteLevel" */
/* A "Split" that isolates the matches of a pattern; `where` begins messages about it. */
ore_stage *ore_split_new(const char *pattern, const char *where);
/* The same by a published pattern's name, or by a pattern. */
ore_stage *ore_split_named_new(const char *name_or_pattern, const char *where);
/* The pattern of a "Split" that is one; NULL for other stages, and where a plain text is looked
 * for. */
const char *ore_split_pattern(const ore_stage *stage);
ore_stage *ore_byte_level_new(bool add_prefix_space, bool use_regex);

#endif
