/* split.h: the pre-tokenizers that BPE tokenizers use: "Split" by a pattern, and "ByteLevel". */
#ifndef ORE_TEXT_SPLIT_H
#define ORE_TEXT_SPLIT_H

#include "text/composed/composed.h"

/* What becomes of a pattern's matches; the names are those of tokenizer.json. */
typedef enum ore_split_behavior {
    ORE_SPLIT_REMOVED,
    ORE_SPLIT_ISOLATED,
    ORE_SPLIT_MERGED_WITH_PREVIOUS,
    ORE_SPLIT_MERGED_WITH_NEXT,
    ORE_SPLIT_CONTIGUOUS,
} ore_split_behavior;
/* ORE_DATA, naming what came, where it is none of them. */
ore_status ore_split_behavior_of(const char *name, const char *path, ore_split_behavior *behavior);
const char *ore_split_behavior_name(ore_split_behavior behavior);

/* A text's pattern compiled by PCRE2 (UTF, Unicode properties), or matched by a splitter written
 * for it where it is one of the published ones. Oniguruma's and Rust's meaning of \s, \w, \d, \h
 * holds. */
typedef struct ore_pattern ore_pattern;
/* ORE_DATA, with the place of the fault, for a pattern that is none; `where` begins the message. */
ore_pattern *ore_pattern_new(const char *pattern, size_t bytes, const char *where);
void ore_pattern_free(ore_pattern *pattern);
/* Finds the next match in text[from .. size). 1: *start and *end are set; 0: there is none; -1:
 * ORE_DATA, the pattern needs too many steps on this text; 2: only where `open`: what follows the
 * text may change the answer. *start is then where the match that may go on begins. */
int ore_pattern_find(const ore_pattern *pattern, const char *text, size_t size, size_t from,
                     bool open, size_t *start, size_t *end);
/* "10.42" */
const char *ore_pattern_library_version(void);

/* Splits the flow's splits by any function that finds matches, with a behavior: what "Split",
 * "Digits", "Punctuation" and the like consist of. `find` is as ore_pattern_find. `invert`: what
 * lies between matches counts as matches, and the matches as what lies between. */
typedef int (*ore_split_find)(const void *user, const char *text, size_t size, size_t from,
                              bool open, size_t *start, size_t *end);
ore_status ore_flow_split_by(ore_flow *flow, ore_split_find find, const void *user,
                             ore_split_behavior behavior, bool invert);

/* Names of published patterns: "gpt2", "cl100k", "o200k"; NULL for no such name. */
const char *ore_pattern_named(const char *name);

extern const ore_pre_tokenizer_kind ore_split_kind;      /* "Split" */
extern const ore_pre_tokenizer_kind ore_byte_level_kind; /* "ByteLevel" */
/* A "Split" that isolates the matches of a pattern; and a "ByteLevel". */
ore_stage *ore_split_new(const char *pattern, ore_split_behavior behavior, const char *where);
ore_stage *ore_byte_level_new(bool add_prefix_space, bool use_regex);

#endif
