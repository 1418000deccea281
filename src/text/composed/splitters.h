/* splitters.h: the patterns of GPT-2, cl100k and o200k, matched by code written for each. */
#ifndef ORE_TEXT_SPLITTERS_H
#define ORE_TEXT_SPLITTERS_H

#include "text/composed/flow.h"

/* Appends the splits of text[start .. end), valid UTF-8, to those that replace the flow's. Where
 * `open`, those that what follows could change are left out. */
typedef ore_status (*ore_splitter)(ore_flow *flow, size_t start, size_t end, bool open);

/* A published pattern, by the ways in which it is written. */
typedef struct ore_published_pattern {
    const char *name; /* "gpt2" */
    /* (.., NULL) as it stands in tokenizer.json; what they match is equal */
    const char *const *texts;
    const char *tiktoken; /* as tiktoken writes it, whose syntax is another; NULL: no file does */
    ore_splitter split;
} ore_published_pattern;

/* Splits the flow's splits by a published pattern. */
ore_status ore_flow_split_published(ore_flow *flow, const ore_published_pattern *pattern);
/* Whether every published pattern ends a match before byte `at` of any text, 0 < at < size, where a
 * character begins, and goes on there as at a text's start: before a space that stands behind what
 * is none. */
bool ore_published_may_cut(const char *text, size_t size, size_t at);
/* By its name or as tiktoken writes it; by its text in tokenizer.json. NULL for one that is not
 * published. */
const ore_published_pattern *ore_published_by_name(const char *name);
const ore_published_pattern *ore_published_by_text(const char *text);

#endif
