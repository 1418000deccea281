/* vocab.h: tokens as bytes, by id and by their bytes. */
#ifndef ORE_TEXT_VOCAB_H
#define ORE_TEXT_VOCAB_H

#include <ore/text.h>

/* Ids lie below this: a file with a larger one is damaged. */
enum { ORE_VOCAB_MAX = 1 << 24 };
/* Ids that no token has, beside three times as many as there are tokens, that a file may leave. */
enum { ORE_VOCAB_GAPS = 1 << 14 };

typedef struct ore_vocab_entry {
    uint32_t start;     /* in `bytes` */
    uint32_t size : 29; /* in bytes */
    uint32_t there : 1; /* 0: no token has this id */
    /* 1: in a byte-level vocabulary, a token that is written as it is, since its characters stand
     * for no bytes */
    uint32_t plain : 1;
    uint32_t added : 1; /* 1: an added token that the model does not have */
} ore_vocab_entry;

typedef struct ore_vocab_slot {
    int32_t id;   /* -1: free */
    uint32_t tag; /* other bits of the hash: most tokens that are not meant differ in these */
} ore_vocab_slot;

typedef struct ore_vocab {
    char *bytes;
    int64_t bytes_used, bytes_capacity;
    ore_vocab_entry *entries; /* (count) by id; ids that no token has are allowed */
    int64_t count, capacity;
    int64_t there;         /* number of tokens */
    ore_vocab_slot *slots; /* (slot_count) by hash */
    int64_t slot_count;
} ore_vocab;

/* Gives an id its bytes, which are copied. ORE_DATA for an id out of range or one that has bytes
 * already. Where two ids have the same bytes, `find` gives the one that is not plain, else the one
 * that was put first. */
ore_status ore_vocab_put(ore_vocab *vocab, int64_t id, const char *bytes, size_t size);
/* The id of exactly these bytes; -1 if there is none. */
int64_t ore_vocab_find(const ore_vocab *vocab, const char *bytes, size_t size);
/* The same for a model's tokens alone: -1 for added tokens that the model does not have, and for
 * those of a byte-level vocabulary whose characters stand for no bytes, which no text reaches. */
int64_t ore_vocab_find_own(const ore_vocab *vocab, const char *bytes, size_t size);
void ore_vocab_release(ore_vocab *vocab);

/* The bytes of an id below `count`; *size becomes 0 for an id that no token has. */
static inline const char *ore_vocab_at(const ore_vocab *vocab, int64_t id, size_t *size) {
    *size = vocab->entries[id].size;
    return vocab->bytes + vocab->entries[id].start;
}

/* ---- the letters of byte-level vocabularies ---- */

/* GPT-2's files write each byte as a printable character: 0x20 as U+0120. Here vocabularies hold
 * the bytes themselves; reading undoes the mapping and writing makes it again. */

/* The bytes that such a text stands for, into `bytes` (size); returns their number, or -1 where a
 * character stands for no byte. `text` and `bytes` may be the same. */
int64_t ore_byte_level_read(const char *text, size_t size, char *bytes);
/* The text that stands for bytes, into `text` (2 size); returns its length. */
size_t ore_byte_level_write(const char *bytes, size_t size, char *text);

/* A token as files write it: by those letters where the vocabulary is byte-level, unless some
 * character of it stands for no byte. */
ore_status ore_vocab_put_text(ore_vocab *vocab, int64_t id, const char *text, size_t size,
                              bool byte_level);
/* The id of the token that files write so; -1 if there is none. */
int64_t ore_vocab_find_text(const ore_vocab *vocab, const char *text, size_t size, bool byte_level);
/* The same text of an id below `count`, in memory of the pool, and its size. */
char *ore_vocab_text(const ore_vocab *vocab, int64_t id, bool byte_level, size_t *size);

#endif
