/* token_file.h: ids packed into 2 or 4 bytes each, in memory or in a mapped file. */
#ifndef ORE_DATA_TOKEN_FILE_H
#define ORE_DATA_TOKEN_FILE_H

#include <ore/data.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/mapping.h"

/* A token file is little-endian: a header of 128 bytes, then the ids.
 *
 *   0  "ORETOKEN"                       80  flags of how the text was read (4)
 *   8  version (4)                      84  zeros (4)
 *  12  bytes of an id, 2 or 4 (4)       88  digest of the ids (16)
 *  16  ids (8)                         104  digest of the 104 bytes before (16)
 *  24  vocabulary (8)                  120  zeros (8)
 *  32  separator, or -1 (8)
 *  40  digest of the tokenizer (16)
 *  56  digest of the text (16)
 *  72  bytes of the text (8)
 *
 * Documents need no table: they are what lies between separators. */

enum {
    ORE_TOKEN_VERSION = 1,
    ORE_TOKEN_HEADER_BYTES = 128,
    ORE_TOKEN_VOCABULARY_MAX = INT32_MAX, /* an id of 4 bytes is never negative */
};

/* The ends of names of token files in a cache. */
#define ORE_TOKEN_FILE_SUFFIX ".tokens"

/* What a token file was made from. */
typedef struct ore_token_source {
    int64_t vocabulary; /* ids are below */
    int64_t separator;  /* an id, or -1 */
    ore_digest tokenizer, text;
    int64_t text_bytes;
    uint32_t reading; /* how the text was read; 0: as it is */
} ore_token_source;

/* 2 or 4 */
int ore_token_id_bytes(int64_t vocabulary);
/* Ids to that many bytes each, and the other way. */
void ore_token_pack(const int64_t *ids, int64_t count, int id_bytes, void *packed);
void ore_token_unpack(const void *packed, int64_t count, int id_bytes, int64_t *ids);

/* ---- writing ---- */

typedef struct ore_token_writer {
    ore_file_writer file;
    ore_token_source source;
    ore_digest_stream digest; /* of the ids so far */
    int id_bytes;
    int64_t count;
} ore_token_writer;

/* As of ore_file_writer: after an error only abort is left; commit and abort both end the
 * writer. */
ore_status ore_token_writer_open(ore_token_writer *writer, const char *path,
                                 const ore_token_source *source);
ore_status ore_token_writer_put(ore_token_writer *writer, const int64_t *ids, int64_t count);
ore_status ore_token_writer_commit(ore_token_writer *writer);
void ore_token_writer_abort(ore_token_writer *writer);

/* ---- reading ---- */

typedef struct ore_token_file {
    ore_mapping mapping; /* zero over memory */
    ore_token_source source;
    int id_bytes;
    int64_t count;
    const void *ids; /* (count) of id_bytes each */
} ore_token_file;

/* Checks all of it: header, size, digests, and that every id is in the vocabulary. ORE_DATA names
 * the file, what came and what was expected. */
ore_status ore_token_file_open(ore_token_file *file, const char *path);
/* The same of bytes aligned to 4, which must outlive it. */
ore_status ore_token_file_open_bytes(ore_token_file *file, const char *name, const void *bytes,
                                     size_t size);
void ore_token_file_close(ore_token_file *file);

#endif
