/* words.h: numbers as people read them. */
#ifndef ORE_MODELS_WORDS_H
#define ORE_MODELS_WORDS_H

#include <stdint.h>

enum { COUNT_BYTES = 72 }; /* a number with separators, a noun of 30 bytes, and a margin */

/* Writes a number as "1,115,394" to text (COUNT_BYTES), which it returns. */
const char *grouped_text(int64_t value, char *text);
/* Writes a count as "1 token" or "1,115,394 tokens" to text (COUNT_BYTES), which it returns. `noun`
 * is a singular of at most 30 bytes whose plural ends with an s more. */
const char *counted_text(int64_t count, const char *noun, char *text);

#endif
