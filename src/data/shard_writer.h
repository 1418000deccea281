/* shard_writer.h: writes the shards of one part of a folder, so that a writer which is killed can
 * go on where it last settled. */
#ifndef ORE_DATA_SHARD_WRITER_H
#define ORE_DATA_SHARD_WRITER_H

#include "data/token_file.h"

/* How far a part has come: all that a new writer needs to go on, beside the files. */
typedef struct ore_shard_progress {
    int64_t shards;                               /* complete ones */
    int64_t tokens, documents, bytes;             /* of all, of text the bytes */
    int64_t now_tokens, now_documents, now_bytes; /* of these, in the shard that is growing */
} ore_shard_progress;

enum {
    ORE_SHARD_DOCUMENTS_MAX = 1 << 20, /* of a shard: their index is kept in memory, 8 MiB */
    ORE_SHARD_NAME_BYTES = 64,
};
/* "train-00012.tokens" */
void ore_shard_name(const char *part, int64_t number, char name[ORE_SHARD_NAME_BYTES]);

/* A shard grows as FOLDER/train-00012.part, and its index as train-00012.ends. A shard that is full
 * keeps that name until the writer settles, so that it can be cut back to where the last settling
 * was. In this order: sync; the caller stores `progress` where it outlives a kill; settle. */
typedef struct ore_shard_writer {
    const char *folder, *part; /* borrowed */
    ore_token_source source;
    int id_bytes;
    int64_t shard_tokens; /* a shard is full once it has so many */
    ore_shard_progress progress;
    int64_t settled; /* shards that have their own name */
    int descriptor;  /* of the growing shard; -1: it has nothing yet */
    ore_digest_stream digest;
    uint8_t *buffer; /* (ORE_SHARD_BUFFER_BYTES) of ids that are to be written */
    size_t buffered;
    int64_t *ends;                    /* (now_documents) */
    int64_t ends_capacity, ends_kept; /* ends_kept: in the file of the index */
} ore_shard_writer;

enum { ORE_SHARD_BUFFER_BYTES = 1 << 20 };

/* Goes on from `progress`, of zeros for a new part. The source's text_bytes do not count. ORE_DATA:
 * files that do not hold what `progress` says. */
ore_status ore_shard_writer_open(ore_shard_writer *writer, const char *folder, const char *part,
                                 const ore_token_source *source, int64_t shard_tokens,
                                 const ore_shard_progress *progress);
/* The next ids, of id_bytes each, of a document. */
ore_status ore_shard_writer_put(ore_shard_writer *writer, const void *ids, int64_t count);
/* Ends the document, which stands for so many bytes of text. */
ore_status ore_shard_writer_end(ore_shard_writer *writer, int64_t bytes);
/* Completes the shard that is growing, if it has anything. */
ore_status ore_shard_writer_finish(ore_shard_writer *writer);
/* Brings all that was put onto the disk. */
ore_status ore_shard_writer_sync(ore_shard_writer *writer);
/* Gives complete shards their names. */
ore_status ore_shard_writer_settle(ore_shard_writer *writer);
/* Releases memory and descriptors; files stay. */
void ore_shard_writer_close(ore_shard_writer *writer);

#endif
