/* words.h: text cut into words, and words numbered and counted. */
#ifndef ORE_TEXT_WORDS_H
#define ORE_TEXT_WORDS_H

#include <ore/text.h>

enum {
    ORE_WORD_BYTES = 255, /* max bytes of a word */
    ORE_WORD_AHEAD = 512, /* bytes behind a word's start that it can depend on */
};

/* What stands for a kind of words: "<url>" and so on, in the order of the bits of
 * ore_word_rules. */
extern const char *const ore_word_kinds[];
enum { ORE_WORD_KINDS = 3 };
/* The tokens that stand for no words: "<unk>" and "<pad>". */
extern const char ore_word_unknown[], ore_word_padding[];

typedef struct ore_word {
    char text[ORE_WORD_BYTES]; /* as the rules make it, without a NUL */
    size_t bytes;              /* 0: it is a space, which is no word */
    size_t taken;              /* bytes of the text, */
    int64_t characters;        /* and the characters in them */
} ore_word;

/* The word that begins at `at`, or one space. ORE_WORD_AHEAD bytes are there, or the text's end.
 * False where no character begins there. */
bool ore_word_next(const ore_word_options *options, const char *at, const char *end,
                   ore_word *word);

/* ---- words with numbers ---- */

typedef struct ore_word_table {
    char *text; /* each word with a space before it */
    int64_t text_bytes, text_capacity;
    int64_t *ends; /* (count) where each ends in text */
    int64_t count, capacity;
    int32_t *slots; /* (slot_count) number of the word whose hash leads there, or -1 */
    int64_t slot_count;
} ore_word_table;

enum { ORE_WORDS_MAX = 1 << 30 }; /* numbers fit 32 bits */

/* The word's text, a space before it. */
const char *ore_word_table_at(const ore_word_table *table, int64_t number, size_t *bytes);
/* Its number, or -1. */
int64_t ore_word_table_find(const ore_word_table *table, const char *text, size_t bytes);
/* Its number, the next one where it is new; -1 on failure. */
int64_t ore_word_table_add(ore_word_table *table, const char *text, size_t bytes);
void ore_word_table_release(ore_word_table *table);

#endif
