/* classes.c: classes of characters, from utf8proc's tables. */
#include <ore/text.h>
#include <pthread.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"
#include "text/composed/classes.h"

enum { BLOCKS = ORE_CODE_POINTS / ORE_CLASS_BLOCK, ROWS = 512 };

static uint16_t row_of[BLOCKS];
static uint8_t rows[ROWS][ORE_CLASS_BLOCK];
static const ore_classes classes = {row_of, rows};

/* White_Space of the Unicode Standard, PropList.txt; it has not changed since version 6.3. */
static bool is_space(uint32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static uint8_t class_of(uint32_t c) {
    enum { BOTH = ORE_CLASS_UPPER | ORE_CLASS_LOWER };
    unsigned space = is_space(c) ? ORE_CLASS_SPACE : 0;
    unsigned line = c == '\n' || c == '\r' ? ORE_CLASS_NEWLINE : 0;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
        return ORE_CLASS_LETTER | ORE_CLASS_UPPER;
    case UTF8PROC_CATEGORY_LL:
        return ORE_CLASS_LETTER | ORE_CLASS_LOWER;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return ORE_CLASS_LETTER | BOTH;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return ORE_CLASS_MARK | BOTH;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return ORE_CLASS_NUMBER;
    default:
        return (uint8_t)(space | line);
    }
}

/* Blocks with equal rows share one. Unicode 15 has 156 different ones even by category; were there
 * ever more than ROWS, the blocks that find no room would be taken for the last one. */
static void make_classes(void) {
    int count = 0;
    for (int block = 0; block < BLOCKS; block++) {
        uint8_t row[ORE_CLASS_BLOCK];
        for (int i = 0; i < ORE_CLASS_BLOCK; i++)
            row[i] = class_of((uint32_t)(block * ORE_CLASS_BLOCK + i));
        int same = 0;
        while (same < count && memcmp(rows[same], row, sizeof row) != 0)
            same++;
        if (same == count && count < ROWS)
            memcpy(rows[count++], row, sizeof row);
        row_of[block] = (uint16_t)(same < ROWS ? same : ROWS - 1);
    }
}

const char *ore_tokenizer_utf8proc_version(void) {
    return utf8proc_version();
}

const ore_classes *ore_classes_get(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_classes);
    return &classes;
}
