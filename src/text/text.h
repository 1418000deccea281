/* text.h: what the text room knows about a mapped text. */
#ifndef ORE_TEXT_TEXT_H
#define ORE_TEXT_TEXT_H

#include <ore/text.h>

/* The least code point of the text that is not below `from`, or -1. */
int64_t ore_text_next_seen(const ore_text *text, uint32_t from);
/* Whether the file still holds what it held when it was opened. ORE_DATA, naming it, if not. */
ore_status ore_text_check(const ore_text *text);
/* ore_text_read for whoever reads many pieces and asks ore_text_check once, after the last. */
ore_status ore_text_read_unchecked(const ore_text *text, int64_t start, int64_t count,
                                   uint32_t *code_points);

#endif
