/* pattern_text.h: patterns of Oniguruma, written anew for PCRE2. */
#ifndef ORE_TEXT_PATTERN_TEXT_H
#define ORE_TEXT_PATTERN_TEXT_H

#include "text/composed/pattern.h"

/* A pattern that matches in PCRE2 (UTF, UCP, MULTILINE) what the given one does in Oniguruma, in
 * memory of the pool. *anchored becomes true where it asks for the text's
 * start. ORE_UNSUPPORTED, ORE_MEMORY. */
char *ore_pattern_translate(const char *pattern, const char *where, bool *anchored);

#endif
