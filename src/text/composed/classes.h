/* classes.h: what the splitters ask of characters. */
#ifndef ORE_TEXT_CLASSES_H
#define ORE_TEXT_CLASSES_H

#include <stddef.h>
#include <stdint.h>

/* Bits of a character's class, from its general category and the property White_Space. */
enum {
    ORE_CLASS_LETTER = 1,  /* L */
    ORE_CLASS_NUMBER = 2,  /* N */
    ORE_CLASS_SPACE = 4,   /* White_Space */
    ORE_CLASS_NEWLINE = 8, /* U+000A and U+000D */
    ORE_CLASS_UPPER = 16,  /* Lu, Lt, Lm, Lo, M: what can stand where a word has capitals */
    ORE_CLASS_LOWER = 32,  /* Ll, Lm, Lo, M: what can stand where it has small letters */
    ORE_CLASS_MARK = 64,   /* M */
};

enum { ORE_CLASS_BLOCK = 256 }; /* characters that have a row of classes together */

/* Classes in rows, of which many characters share one: that of a character c is
 * rows[row_of[c / ORE_CLASS_BLOCK]][c % ORE_CLASS_BLOCK]. The first row is that of ASCII. */
typedef struct ore_classes {
    const uint16_t *row_of; /* (0x110000 / ORE_CLASS_BLOCK) */
    const uint8_t (*rows)[ORE_CLASS_BLOCK];
} ore_classes;

/* Made at the first call, from utf8proc's tables, for all threads; never freed. */
const ore_classes *ore_classes_get(void);

/* The class of the character at `at`, of valid UTF-8, and its bytes. */
static inline uint8_t ore_class_at(const ore_classes *classes, const uint8_t *at, int *bytes) {
    uint32_t c = at[0];
    if (c < 0x80) {
        *bytes = 1;
        return classes->rows[0][c];
    }
    if (c < 0xE0) {
        *bytes = 2;
        c = (c & 0x1F) << 6 | (at[1] & 0x3Fu);
    } else if (c < 0xF0) {
        *bytes = 3;
        c = (c & 0x0F) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
    } else {
        *bytes = 4;
        c = (c & 0x07) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
    }
    return classes->rows[classes->row_of[c / ORE_CLASS_BLOCK]][c % ORE_CLASS_BLOCK];
}

#endif
