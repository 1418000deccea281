/* charsmap.h: the table of replacements that SentencePiece's models carry as
 * "precompiled_charsmap": a double-array trie (Aoe 1989, as Yata's darts-clone lays it out) from
 * texts to places in a pool of texts that end with a NUL. */
#ifndef ORE_TEXT_CHARSMAP_H
#define ORE_TEXT_CHARSMAP_H

#include <ore/base.h>

typedef struct ore_charsmap {
    char *blob; /* (blob_bytes) as it lies in files */
    size_t blob_bytes;
    uint32_t *units; /* (unit_count) the trie */
    size_t unit_count;
    const char *texts; /* (texts_bytes) of the blob */
    size_t texts_bytes;
} ore_charsmap;

/* Copies a blob. ORE_DATA, beginning with `where`, for one whose sizes cannot be. Every walk checks
 * where it goes, so a damaged trie gives wrong texts at worst. */
ore_status ore_charsmap_init(ore_charsmap *map, const char *blob, size_t bytes, const char *where);
void ore_charsmap_release(ore_charsmap *map);

/* The replacement of the longest, or the shortest, beginning of text that has one, *count bytes of
 * it, and *taken, the bytes that it stands for. NULL where none has. */
const char *ore_charsmap_find(const ore_charsmap *map, const char *text, size_t size, bool longest,
                              size_t *taken, size_t *count);

/* Whether a text that has a replacement may begin with all of this one. */
bool ore_charsmap_reaches(const ore_charsmap *map, const char *text, size_t size);

/* Base64 (RFC 4648) to bytes of the memory pool; NULL with ORE_DATA, beginning with `where`. */
char *ore_base64_read(const char *text, size_t size, size_t *count, const char *where);
/* Back, with a NUL at the end. */
char *ore_base64_write(const char *bytes, size_t count);

#endif
