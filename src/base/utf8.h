/* utf8.h: strict UTF-8 (RFC 3629). */
#ifndef ORE_BASE_UTF8_H
#define ORE_BASE_UTF8_H

#include <ore/base.h>

/* How many code points Unicode has; bytes of the longest character; bytes of ore_utf8_show's
 * text. */
enum { ORE_CODE_POINTS = 0x110000, ORE_UTF8_BYTES_MAX = 4, ORE_UTF8_SHOWN = 32 };

/* Decodes the character at `at` into *code_point and returns its number of bytes, 1 .. 4. 0 where
 * the bytes before `end` begin with no valid character: a byte that starts none, an overlong form,
 * a surrogate, a value above U+10FFFF, or a character that is cut off. */
int ore_utf8_decode(const uint8_t *at, const uint8_t *end, uint32_t *code_point);
/* How many bytes at `at` are a proper beginning of a character, 1 .. 3, whose next byte is wrong or
 * lies beyond `end`. Decoding replaces them by one U+FFFD. 0 where a whole character stands at
 * `at`, or a byte that begins none. */
int ore_utf8_begun(const uint8_t *at, const uint8_t *end);
/* Writes a code point, which must be valid, as UTF-8, and returns its number of bytes. */
int ore_utf8_encode(uint32_t code_point, char *bytes);
/* The number of bytes that ore_utf8_encode would write. */
int ore_utf8_bytes(uint32_t code_point);
/* Whether a number is a character's: false for surrogates and for what is above U+10FFFF. */
bool ore_utf8_valid(uint32_t code_point);
/* A character for messages: "'x' (U+0078)", or "U+000A" alone for a control character or the like,
 * which would not show. Writes at most ORE_UTF8_SHOWN bytes to text, which it returns. */
const char *ore_utf8_show(uint32_t code_point, char *text);

#endif
