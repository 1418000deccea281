/* encoding.h: texts that are not UTF-8 but tell so by a byte order mark. */
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

/* The encoding that a byte order mark at the start tells (the Unicode Standard 15, section 23.8);
 * UTF-8 where there is none. *mark_bytes: its length, 0 for none. */
const ore_encoding *ore_encoding_of(const uint8_t *bytes, size_t size, int *mark_bytes);

/* The code point that starts at `at`, before `end`, into *code_point, and its bytes; 0 where the
 * bytes encode none: wrong UTF-8, a lone surrogate, a value above U+10FFFF, a cut unit. */
int ore_encoding_decode(const ore_encoding *encoding, const uint8_t *at, const uint8_t *end,
                        uint32_t *code_point);
/* Whether the ASCII character is in the text. */
bool ore_encoding_holds(const ore_encoding *encoding, const uint8_t *bytes, int64_t size,
                        char character);

#endif
