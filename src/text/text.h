/* text.h: what the text room knows about a mapped text. */
#ifndef ORE_TEXT_TEXT_H
#define ORE_TEXT_TEXT_H

#include <ore/text.h>

/* Whether the text has this code point. */
bool ore_text_has(const ore_text *text, uint32_t code_point);

#endif
