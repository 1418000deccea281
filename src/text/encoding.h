/* encoding.h: encodings of texts, told by the byte order mark at their start. */
#ifndef ORE_TEXT_ENCODING_H
#define ORE_TEXT_ENCODING_H

#include <ore/base.h>

typedef struct ore_encoding {
    const char *name;    /* "UTF-16LE" */
    int unit_bytes;      /* 1, 2 or 4 */
    bool big_endian;     /* the high byte of a unit comes first */
    int mark_bytes;      /* of the byte order mark U+FEFF */
    const uint8_t *mark; /* (mark_bytes) */
} ore_encoding;

/* The encoding that the byte order mark at the start of a text names (the Unicode Standard 15,
 * section 23.8); UTF-8 where there is no mark. *mark_bytes becomes the mark's length, 0 without
 * one. */
const ore_encoding *ore_encoding_of(const uint8_t *bytes, size_t size, int *mark_bytes);

/* Decodes the character at `at`, whose bytes end before `end`, into *code_point, and returns how
 * many bytes it takes. 0 where there is no valid character: malformed UTF-8, a surrogate without
 * its other half, a value above U+10FFFF, a unit that is cut off. */
int ore_encoding_decode(const ore_encoding *encoding, const uint8_t *at, const uint8_t *end,
                        uint32_t *code_point);
/* Whether an ASCII character occurs in a text of this encoding. */
bool ore_encoding_holds(const ore_encoding *encoding, const uint8_t *bytes, int64_t size,
                        char character);

#endif
