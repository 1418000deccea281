/* token_file.h: ids packed into 2 or 4 bytes each, in memory or in a mapped file. */
#ifndef ORE_DATA_TOKEN_FILE_H
#define ORE_DATA_TOKEN_FILE_H

#include <ore/data.h>

#include "base/digest.h"
#include "base/files.h"
#include "base/mapping.h"

/* A token file is little-endian: a header of 128 bytes, then the ids, and in version 2 an index of
 * documents.
 *
 *   0  "ORETOKEN"                       80  flags of how the text was read (4)
 *   8  version (4)                      84  zeros (4)
 *  12  bytes of an id, 2 or 4 (4)       88  digest of the ids (16)
 *  16  ids (8)                         104  digest of the 104 bytes before (16)
 *  24  vocabulary (8)                  120  zeros (8)
 *  32  separator, or -1 (8)              and in version 2:
 *  40  digest of the tokenizer (16)    120  documents (8)
 *  56  digest of the text (16)
 *  72  bytes of the text (8)
 *
 * Version 1 holds one text. Its documents need no index: they are what lies between separators.
 * Version 2 is a shard of many documents. Behind the ids, zeros up to a multiple of 8 bytes; then
 * for each document the number of ids up to its end (8 bytes each), its separator included, and the
 * digest of these numbers (16). Its digest of the text is zeros. */

enum {
    ORE_TOKEN_VERSION = 1,
    ORE_SHARD_VERSION = 2,
    ORE_TOKEN_HEADER_BYTES = 128,
    ORE_TOKEN_VOCABULARY_MAX = INT32_MAX, /* an id of 4 bytes is never negative */
};

/* The suffix of token files in a cache. */
#define ORE_TOKEN_FILE_SUFFIX ".tokens"

/* What a token file was made from. */
typedef struct ore_token_source {
    int64_t vocabulary; /* the number of tokens: all ids are below it */
    int64_t separator;  /* the id of the separator of documents, or -1 */
    ore_digest tokenizer, text;
    int64_t text_bytes;
    uint32_t reading; /* flags of the options by which the text was read; 0: without changes */
} ore_token_source;

/* The bytes of an id in a file: 2 for up to 65536 tokens, else 4. */
int ore_token_id_bytes(int64_t vocabulary);
/* Convert `count` ids to id_bytes each, and back. */
void ore_token_pack(const int64_t *ids, int64_t count, int id_bytes, void *packed);
void ore_token_unpack(const void *packed, int64_t count, int id_bytes, int64_t *ids);

/* Bytes of `count` ids with the zeros behind them, so that an index can follow. */
int64_t ore_token_padded_bytes(int64_t count, int id_bytes);
/* The header of a file of `count` ids with this digest; documents -1: of version 1. */
void ore_token_header(const ore_token_source *source, int64_t count, ore_digest ids,
                      int64_t documents, uint8_t header[ORE_TOKEN_HEADER_BYTES]);

/* ---- writing ---- */

typedef struct ore_token_writer {
    ore_file_writer file;
    ore_token_source source;
    ore_digest_stream digest; /* of the ids so far */
    int id_bytes;
    int64_t count;
} ore_token_writer;

/* These work as those of ore_file_writer: after an error only abort may be called, and commit as
 * well as abort end the writer. */
ore_status ore_token_writer_open(ore_token_writer *writer, const char *path,
                                 const ore_token_source *source);
ore_status ore_token_writer_put(ore_token_writer *writer, const int64_t *ids, int64_t count);
ore_status ore_token_writer_commit(ore_token_writer *writer);
void ore_token_writer_abort(ore_token_writer *writer);

/* ---- reading ---- */

typedef struct ore_token_file {
    ore_mapping mapping; /* zero if the caller gave the bytes */
    ore_token_source source;
    int id_bytes;
    int64_t count;
    const void *ids;     /* (count) of id_bytes each */
    int64_t documents;   /* -1: version 1, which has no index */
    const int64_t *ends; /* (documents) ids up to the end of each */
} ore_token_file;

/* Opens a token file and checks all of it: header, size, digests, and that every id is in the
 * vocabulary. ORE_DATA with a message that names the file, what came and what was expected. */
ore_status ore_token_file_open(ore_token_file *file, const char *path);
/* The same without reading the ids and the index, which takes long for many shards: whoever reads
 * them checks what they are. */
ore_status ore_token_file_map(ore_token_file *file, const char *path);
/* ore_token_file_open for bytes in memory, aligned to 8, which must outlive the token file;
 * `name`. */
ore_status ore_token_file_open_bytes(ore_token_file *file, const char *name, const void *bytes,
                                     size_t size);
void ore_token_file_close(ore_token_file *file);

#endif
