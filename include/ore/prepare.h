/* prepare.h: documents out of files of many kinds, as shards of tokens in a folder.
 *
 * The folder has train-00000.tokens, .. and, where there are such parts, val-00000.tokens and
 * test-00000.tokens, in the order of the documents; tokenizer.json; and data.json, which says what
 * is in them. ore/shards.h reads it. */
#ifndef ORE_PREPARE_H
#define ORE_PREPARE_H

#include <ore/text.h>

ORE_BEGIN_DECLS

typedef enum ore_document_unit {
    ORE_UNIT_FILE, /* a file of text is a document */
    ORE_UNIT_LINE, /* each of its lines is one */
} ore_document_unit;

enum { ORE_SEPARATOR_OWN = -2 };

typedef struct ore_prepare_counts {
    int64_t files; /* begun so far, of files_all */
    int64_t files_all;
    int64_t documents, bytes; /* read: all of them, those left out, too; bytes of text */
    int64_t empty, repeated, too_short, too_long; /* documents that were left out; */
    int64_t bad;                                  /* and those that could not be read or encoded */
    int64_t part_documents[ORE_PART_COUNT], part_tokens[ORE_PART_COUNT];
    int64_t part_bytes[ORE_PART_COUNT];
    int64_t resumed; /* of `documents`, those that an earlier process had prepared */
    bool complete;   /* data.json is there */
} ore_prepare_counts;

typedef struct ore_prepare_options {
    ore_table_format format; /* ORE_TABLE_AUTO: by the names; lines are what `unit` says */
    ore_document_unit unit;  /* ORE_UNIT_FILE */
    const char *field;       /* "text": of JSON lines, CSV, TSV and Parquet */
    int64_t separator;       /* ORE_SEPARATOR_OWN: the tokenizer's; else an id that ends each
                                 document, or -1 for none */
    int64_t min_bytes;       /* 0: shorter documents are left out */
    int64_t max_bytes;       /* 0: no limit; else longer ones are left out */
    bool distinct;           /* false; true: of equal documents the first alone is kept */
    double val_fraction;     /* 0 */
    double test_fraction;    /* 0 */
    int64_t shard_tokens;    /* 100,000,000: a shard is full with so many, or 2^20 documents */
    int64_t document_bytes;  /* 16 MiB: what a document may have at most */
    bool restart;            /* false; true: what the folder has of an earlier preparation goes */
    bool skip_bad;           /* false; true: a bad document is left out instead of stopping all */
    /* Called with the reason for each of them, in their order, by one thread or another. NULL:
     * nothing. */
    void (*bad)(void *user, const char *why);
    /* Called now and then; false: to stop, so that the same call goes on later. NULL: nothing. */
    bool (*progress)(void *user, const ore_prepare_counts *counts);
    void *user;
} ore_prepare_options;
ORE_API ore_prepare_options ore_prepare_defaults(void);

/* Reads the files that the paths name, and those of folders and the folders in them in the order
 * of their names, but for names that begin with a point and for `folder` itself; by ore_table_open
 * (table.h), and files of text, compressed or not, as documents by `unit`. A file of text longer
 * than document_bytes becomes several documents, cut behind a line end where it has one; a row or
 * line that is longer is ORE_DATA. Documents without a byte are left out.
 *
 * A document is bad where its row is none of its format's, lacks the field, is no UTF-8 or is too
 * long, or where the tokenizer has no token for its text. The first one stops the preparation with
 * ORE_DATA that names file and line, and all before it is noted, so that a call with skip_bad goes
 * on there. What ends a file early (damaged compressed data, a header without the field) always
 * stops.
 *
 * Which part a document belongs to depends on its own text alone: the upper 64 bits of the digest
 * of its bytes, as a fraction, are below test_fraction, or else below test_fraction + val_fraction.
 *
 * Rows are parsed and documents encoded by all threads; a text is divided among them where its
 * tokenizer allows that. The result does not depend on their number, nor on kills: what was read is
 * noted about every 64 MiB, in prepare.json, and a later call with the same paths and options goes
 * on there. Memory: 3 blocks of 4 MiB of the files and their ids (of 2 or 4 bytes), and where a
 * document or row is longer some copies of it; 8 MiB of index for each part; the names of the
 * files; with `distinct` up to 16 bytes for each different document.
 *
 * ORE_INVALID: options that cannot be. ORE_IO, ORE_DATA: a file that cannot be read, named with the
 * row; what the tokenizer has no token for. ORE_STATE: the folder is complete, or was begun with
 * other files or options, or another process writes it. */
ORE_API ore_status ore_prepare(const char *const *paths, int64_t count, const char *folder,
                               const ore_tokenizer *tokenizer, const ore_prepare_options *options,
                               ore_prepare_counts *counts);

ORE_END_DECLS

#endif
