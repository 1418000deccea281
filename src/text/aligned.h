/* aligned.h: a text as normalizers change it, with what each of its bytes stands for. */
#ifndef ORE_TEXT_ALIGNED_H
#define ORE_TEXT_ALIGNED_H

#include <ore/base.h>

/* Bytes start .. end - 1 of the original text. */
typedef struct ore_span {
    uint32_t start, end;
} ore_span;

typedef struct ore_aligned {
    char *bytes;     /* (size) valid UTF-8 */
    ore_span *spans; /* (size) what each byte stands for; NULL: nobody asks for that */
    int64_t size;
    uint32_t origin; /* where the text begins in the original */
    bool begins;     /* nothing of the same section of the original stands before it, */
    bool ends; /* and nothing behind it: both true where the text is not part of a longer one */
    /* Room for `bytes`, and a second buffer, into which a change is written before both swap. */
    int64_t capacity, spare_capacity;
    char *spare;
    ore_span *spare_spans;
    int64_t limit; /* bytes that a change may leave, by the size of the original */
} ore_aligned;

/* Makes the text that of `size` bytes, of which each character stands for itself; one U+FFFD stands
 * for what is not UTF-8, as Python's errors="replace" has it. The struct starts as all zeros. At
 * most 2^31 - 1 bytes, else ORE_DATA; so is a change that leaves more than 64 times the text's
 * bytes and 16 MiB, which no normalizer for people's texts does. */
ore_status ore_aligned_set(ore_aligned *text, const char *bytes, size_t size, uint32_t origin,
                           bool with_spans);
void ore_aligned_release(ore_aligned *text);

/* A change of the whole text, written character by character. What new characters stand for follows
 * the rules of Hugging Face's `NormalizedString::transform`, so that offsets are the same. */
typedef struct ore_rewrite {
    ore_aligned *text;
    int64_t read;    /* bytes of the old text that are done */
    int64_t written; /* bytes of the new text */
} ore_rewrite;

void ore_rewrite_begin(ore_rewrite *rewrite, ore_aligned *text);
/* Leaves out characters of the old text. */
void ore_rewrite_skip(ore_rewrite *rewrite, int64_t characters);
/* Writes a character. change 0: in place of the next one; below 0: in place of the next one, and
 * leaves out -change more behind it; above 0: beside the one before, taking none. */
ore_status ore_rewrite_put(ore_rewrite *rewrite, uint32_t code_point, int64_t change);
/* Writes the characters of valid UTF-8 beside the one before, taking none. */
ore_status ore_rewrite_insert(ore_rewrite *rewrite, const char *bytes, int64_t count);
/* Writes bytes that stand for these of the original. */
ore_status ore_rewrite_write(ore_rewrite *rewrite, const char *bytes, int64_t count, ore_span span);
/* Copies old bytes up to `end` as they are. */
ore_status ore_rewrite_copy(ore_rewrite *rewrite, int64_t end);
/* Puts the new text in the place of the old one, of which the rest is left out. */
void ore_rewrite_end(ore_rewrite *rewrite);
/* The same after a copy of that rest; does nothing where nothing has been changed, or with an error
 * pending. */
ore_status ore_rewrite_finish(ore_rewrite *rewrite);

/* The character at byte `at`, whose bytes are *bytes; U+FFFD, of one byte, where there is none. */
uint32_t ore_character_at(const char *text, int64_t size, int64_t at, int *bytes);
/* Where the character before byte `at` > 0 of valid UTF-8 begins. */
int64_t ore_character_before(const char *text, int64_t at);
/* Whether all of a text is ASCII. */
bool ore_text_is_ascii(const char *bytes, int64_t size);

#endif
