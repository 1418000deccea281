/* prepare.h: the parts of ore_prepare: the files, the documents in them, blocks of documents, and
 * what outlives a kill. */
#ifndef ORE_TEXT_PREPARE_H
#define ORE_TEXT_PREPARE_H

#include <ore/prepare.h>
#include <sys/types.h>

#include "data/digest_set.h"
#include "data/shard_writer.h"
#include "data/shards.h"
#include "io/stream.h"
#include "io/table.h"

/* ---- files (prepare_files.c) ---- */

typedef struct ore_input_list {
    char **paths;
    int64_t count, capacity;
    ore_digest digest;   /* of names, sizes and times */
    dev_t output_device; /* of the folder that is written */
    ino_t output_number;
} ore_input_list;

ore_status ore_input_list_read(ore_input_list *list, const char *const *paths, int64_t count,
                               const char *output);
void ore_input_list_release(ore_input_list *list);

/* ---- documents (prepare_source.c) ---- */

/* A place between two documents: `row` documents of file number `file` lie before it. */
typedef struct ore_input_place {
    int64_t file, row;
} ore_input_place;

typedef struct ore_document_source {
    const ore_input_list *list;
    const ore_prepare_options *options;
    ore_input_place place;
    ore_table *table; /* of the present file, or NULL */
    ore_table *ended; /* tables of earlier files, whose rows are not parsed yet, by their links */
    int64_t ended_count;
    bool row_failed; /* the last error was of one row, behind which the next call goes on; */
    bool broken;     /* it was not, and there is no more */
    /* or of a file of text that is a document */
    int descriptor;
    ore_stream *stream;
    char *text; /* (capacity), of which `held` bytes have been read and not given */
    int64_t held, given, capacity;
    bool whole; /* the stream has no more */
} ore_document_source;

/* Bytes that hold until the next call. */
typedef struct ore_document {
    const ore_table *table; /* whose row they are (ore_row_parse); NULL: they are the text */
    int64_t line;           /* of that row */
    const char *bytes;      /* (size) */
    int64_t size;
} ore_document;

/* Begins behind a place. */
ore_status ore_document_source_open(ore_document_source *source, const ore_input_list *list,
                                    const ore_prepare_options *options, ore_input_place place);
/* The next document, behind which `place` then is; false at the end or on an error. */
bool ore_document_source_next(ore_document_source *source, ore_document *document);
void ore_document_source_close(ore_document_source *source);
/* Closes a list of tables, by their links. */
void ore_document_tables_close(ore_table *tables);

/* ---- blocks of documents (prepare_block.c) ---- */

enum { ORE_BLOCK_CHUNKS = 32 }; /* a block is encoded in so many pieces of work */

/* A document, or a part of one that is long enough to be divided among threads. */
typedef struct ore_block_piece {
    ore_input_place place;  /* behind the document */
    const ore_table *table; /* whose row the bytes are, or NULL: they are text */
    int64_t line;           /* of that row */
    int64_t at, bytes;      /* in the block */
    int64_t before;         /* bytes of the document in the pieces before */
    bool more;              /* the next piece goes on with the document */
    int chunk;              /* that encodes it */
    int64_t text_bytes;     /* of the whole document */
    ore_digest digest;      /* of the whole document; of its first piece alone */
    int64_t ids_at, ids;    /* in the chunk */
    ore_status status;      /* not ORE_OK: this is no document, */
    char *why;              /* for the reason of this message; */
    bool last;              /* and nothing can be read behind it */
} ore_block_piece;

/* Ids of some pieces of a block. */
typedef struct ore_block_chunk {
    uint8_t *packed; /* (capacity) */
    int64_t used, capacity;
    int64_t first, end; /* pieces */
    ore_row row;        /* the one that is being parsed */
} ore_block_chunk;

typedef struct ore_block {
    char *bytes; /* (capacity) */
    int64_t used, capacity;
    ore_block_piece *pieces; /* (count) */
    int64_t count, piece_capacity;
    ore_block_chunk chunks[ORE_BLOCK_CHUNKS];
    ore_table *tables; /* that its rows may be of, beside the source's present one */
} ore_block;

/* What documents become. */
typedef struct ore_block_encoding {
    const ore_tokenizer *tokenizer;
    const ore_prepare_options *options;
    const ore_input_list *list;
    int64_t separator; /* id or -1 */
    int id_bytes;
} ore_block_encoding;

/* Fills a block with the next documents; an error of theirs is a piece of its own. A block without
 * a piece is the end. */
void ore_block_read(ore_block *block, ore_document_source *source,
                    const ore_block_encoding *encoding);
/* Parses and encodes the pieces of one chunk; chunks do not depend on each other. */
void ore_block_encode(ore_block *block, int chunk, const ore_block_encoding *encoding);
/* Lets go of the block's documents, and of memory that only uncommon ones need. */
void ore_block_clear(ore_block *block);
void ore_block_release(ore_block *block);

/* ---- what outlives a kill (prepare_state.c) ---- */

typedef struct ore_prepare_state {
    ore_input_place place;
    ore_prepare_counts counts;
    ore_shard_progress parts[ORE_PART_COUNT];
    int64_t seen; /* digests in the file of digests */
} ore_prepare_state;

/* A digest of all that the result depends on beside the files. */
ore_digest ore_prepare_options_digest(const ore_prepare_options *options,
                                      const ore_token_source *source);
/* Reads FOLDER/prepare.json; *found: whether there is one. ORE_STATE: it is of other files or
 * options. */
ore_status ore_prepare_state_read(ore_prepare_state *state, const char *folder, ore_digest inputs,
                                  ore_digest options, bool *found);
ore_status ore_prepare_state_write(const ore_prepare_state *state, const char *folder,
                                   ore_digest inputs, ore_digest options);
/* Writes data.json, and removes what was there for restarting alone. */
ore_status ore_prepare_finish(const ore_prepare_state *state, const char *folder,
                              const ore_prepare_options *options, const ore_token_source *source);
/* Removes all that a preparation leaves in a folder. */
ore_status ore_prepare_clear(const char *folder);

#define ORE_PREPARE_STATE_FILE "prepare.json"
#define ORE_PREPARE_SEEN_FILE  "prepare.digests"
#define ORE_SHARDS_TOKENIZER   "tokenizer.json"

#endif
