/* pattern.h: regular expressions as tokenizers write them, matched by PCRE2. */
#ifndef ORE_TEXT_PATTERN_H
#define ORE_TEXT_PATTERN_H

#include <ore/text.h>

typedef struct ore_pattern ore_pattern;
/* Compiles a pattern, UTF-8, with the meaning that it has in tokenizer.json: that of Oniguruma's
 * Ruby syntax, where ^ and $ are those of lines, and `{1,3}+` repeats. `where` begins messages:
 * ORE_DATA, with the place of the fault, for one that is none; ORE_UNSUPPORTED for nested sets
 * of characters and the like, which PCRE2 lacks. */
ore_pattern *ore_pattern_new(const char *pattern, const char *where);
/* NULL is allowed. */
void ore_pattern_free(ore_pattern *pattern);
/* Whether it may match between two characters, as (?=a) and a* do. */
bool ore_pattern_may_be_empty(const ore_pattern *pattern);

/* What one thread matches with. */
typedef struct ore_matcher ore_matcher;
/* NULL with ORE_MEMORY. */
ore_matcher *ore_matcher_begin(const ore_pattern *pattern);
void ore_matcher_end(ore_matcher *matcher);

enum { ORE_MATCH_FAILED = -1, ORE_MATCH_NONE, ORE_MATCH_FOUND, ORE_MATCH_OPEN };
/* Looks for the next match in text[from .. size), valid UTF-8. It may be empty, though not where
 * the search begins, which is where the match before has ended: then it goes on behind that one.
 * ORE_MATCH_FOUND: it is start .. end - 1. ORE_MATCH_OPEN, only where `open`: what follows the text
 * may change the answer, and no match begins before *start. ORE_MATCH_FAILED: ORE_DATA, since the
 * pattern takes too many steps or too much memory on this text. */
int ore_matcher_find(ore_matcher *matcher, const char *text, size_t size, size_t from, bool open,
                     size_t *start, size_t *end);
/* The first match in a whole text, which may be empty at its start too. */
int ore_matcher_find_first(ore_matcher *matcher, const char *text, size_t size, size_t *start,
                           size_t *end);

#endif
