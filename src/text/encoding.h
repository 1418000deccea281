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

/* The text in UTF-8, from ore_alloc. *size_bytes: of `bytes`, then of the result. Units that encode
 * nothing (lone surrogates, values above U+10FFFF, a cut unit at the end) are dropped and their
 * bytes counted in *invalid_bytes, or without `ignore` are ORE_DATA, which names the place. */
uint8_t *ore_encoding_convert(const ore_encoding *encoding, const char *name, const uint8_t *bytes,
                              int64_t *size_bytes, bool ignore, int64_t *invalid_bytes);

#endif
