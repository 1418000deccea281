/* utf8.h: strict UTF-8 (RFC 3629). */
#ifndef ORE_TEXT_UTF8_H
#define ORE_TEXT_UTF8_H

#include <ore/base.h>

enum { ORE_CODE_POINTS = 0x110000, ORE_UTF8_BYTES_MAX = 4, ORE_UTF8_SHOWN = 32 };

/* The code point that starts at `at` into *code_point, and its bytes (1 .. 4); 0 where the bytes
 * before `end` start none: a wrong lead, overlong, a surrogate, above U+10FFFF, cut. */
int ore_utf8_decode(const uint8_t *at, const uint8_t *end, uint32_t *code_point);
/* How many bytes at `at` begin a character whose other bytes do not follow before `end`: 1 .. 3; 0
 * where a whole one or none starts there. */
int ore_utf8_begun(const uint8_t *at, const uint8_t *end);
/* Writes a code point (below ORE_CODE_POINTS, no surrogate) and returns its bytes. */
int ore_utf8_encode(uint32_t code_point, char *bytes);
int ore_utf8_bytes(uint32_t code_point);
/* False for surrogates and numbers above U+10FFFF. */
bool ore_utf8_valid(uint32_t code_point);
/* For messages: "'x' (U+0078)", or "U+000A" alone where the character has no picture on a line.
 * Writes at most ORE_UTF8_SHOWN bytes; returns text. */
const char *ore_utf8_show(uint32_t code_point, char *text);

#endif
