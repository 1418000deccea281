/* replace.h: what a text's matches of a pattern are replaced by, for "Replace" among normalizers
 * and decoders. */
#ifndef ORE_TEXT_REPLACE_H
#define ORE_TEXT_REPLACE_H

#include <ore/io.h>

#include "text/aligned.h"
#include "text/composed/composed.h"
#include "text/composed/pattern.h"

typedef struct ore_replacement {
    char *literal; /* what is replaced; NULL: `pattern` says so */
    char *source;  /* of `pattern` */
    ore_pattern *pattern;
    char *content;     /* what takes its place */
    bool looks_around; /* the pattern asks for what stands before a match */
} ore_replacement;

/* Of a literal, or, where that is NULL, of a regular expression. The struct is zeros. */
ore_status ore_replacement_init(ore_replacement *replacement, const char *literal,
                                const char *source, const char *content, const char *where);
/* {"pattern": {"String" or "Regex": TEXT}, "content": TEXT} */
ore_status ore_replacement_load(ore_replacement *replacement, ore_json *json, const char *path);
void ore_replacement_save(const ore_replacement *replacement, ore_json *json);
void ore_replacement_release(ore_replacement *replacement);
ore_status ore_replacement_apply(const ore_replacement *replacement, ore_aligned *text);
/* Whether surely no match spans byte `at`. */
bool ore_replacement_may_cut(const ore_replacement *replacement, const char *text, size_t size,
                             size_t at);

/* The struct of a stage that replaces, of either role, and what their kinds share. */
typedef struct ore_replace_stage {
    ore_stage base;
    ore_replacement what;
} ore_replace_stage;
ore_stage *ore_replace_stage_load(const ore_stage_kind *kind, ore_json *json, const char *path);
void ore_replace_stage_save(const ore_stage *stage, const ore_composed *composed, ore_json *json);
void ore_replace_stage_release(ore_stage *stage);

#endif
