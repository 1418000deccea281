/* shards.h: token shards, which ore_prepare (prepare.h) writes, as tokens (data.h), and a loader
 * that goes through more of them than memory holds.
 *
 * Every function that returns a pointer returns NULL when it fails or while an error is pending. */
#ifndef ORE_SHARDS_H
#define ORE_SHARDS_H

#include <ore/data.h>
#include <ore/files.h>

ORE_BEGIN_DECLS

/* ---- tokens in shards (src/data/shards.c) ---- */

/* What a folder that ore_prepare has completed says of itself. */
typedef struct ore_shards_facts {
    int64_t vocabulary;
    int64_t separator;    /* the id that ends each document, or -1 */
    ore_digest tokenizer; /* of FOLDER/tokenizer.json */
    int64_t shards[ORE_PART_COUNT], documents[ORE_PART_COUNT], tokens[ORE_PART_COUNT];
    int64_t bytes[ORE_PART_COUNT]; /* of text */
    ore_digest digest;             /* of all this, and of the ids: by the headers of the shards */
} ore_shards_facts;

/* Reads FOLDER/data.json and the headers of the shards. ORE_DATA: not such a folder, or one that is
 * not complete; shards that are missing or of another tokenizer. */
ORE_API ore_status ore_shards_read(const char *folder, ore_shards_facts *facts);

/* The path of a shard of a folder, to be given to ore_string_free. */
ORE_API char *ore_shard_path(const char *folder, ore_part part, int64_t number);
/* A digest that tells whether the ids are the same as they were: of a folder that of its facts; of
 * a token file or shard, of its header, which has that of the ids; of another's file, of its size
 * and its first and last MiB. */
ORE_API ore_status ore_shards_digest(const char *path, ore_digest *digest);
/* Whether a path leads to tokens rather than to a text: a folder, or a file that begins as a token
 * file or one of llm.c's, or whose name ends with .bin. Raises nothing. */
ORE_API bool ore_is_shards(const char *path);

typedef struct ore_shards_options {
    int64_t vocabulary; /* 0: what the files say; those that say nothing need it */
    int64_t separator;  /* -1; of files that do not say it */
    /* NULL; or (vocabulary) how many bytes of text each token stands for, which are copied: what
     * bits per byte are computed of. */
    const uint16_t *token_bytes;
} ore_shards_options;
ORE_API ore_shards_options ore_shards_defaults(void);

/* One part of such a folder; ORE_DATA where it has no document. */
ORE_API ore_tokens *ore_tokens_of_folder(const char *folder, ore_part part,
                                         const ore_shards_options *options);
/* Files one behind the other: token files and shards, whose headers agree; llm.c's .bin (256 int32,
 * of which the first is 20240520 for ids of 2 bytes, 20240801 for 4, and the third counts them);
 * and what is neither, as nanoGPT's .bin: ids of 2 bytes alone. The files are mapped; memory is
 * some 200 bytes for each. They are opened by their headers alone; that ids are below the
 * vocabulary is checked as they are read (ORE_DATA). ORE_INVALID: no vocabulary where one is
 * needed. */
ORE_API ore_tokens *ore_tokens_of_shards(const char *const *paths, int64_t count,
                                         const ore_shards_options *options);
/* Compares all of a token file or shard with its digests. ORE_DATA: it is damaged. */
ORE_API ore_status ore_shard_verify(const char *path);

/* ---- going through them (src/data/mixture.c) ---- */

typedef enum ore_mixture_unit {
    ORE_MIX_WINDOWS,   /* rows are stretches of block_size + 1 tokens, wherever documents end */
    ORE_MIX_DOCUMENTS, /* whole documents, packed one behind the other */
} ore_mixture_unit;

typedef struct ore_mixture_source {
    const ore_tokens *tokens; /* borrowed */
    double weight;            /* its share of the rows, in proportion to the others' */
} ore_mixture_source;

typedef struct ore_mixture_options {
    int64_t batch_size;    /* 32 */
    int64_t block_size;    /* 64 */
    ore_mixture_unit unit; /* ORE_MIX_WINDOWS */
    bool shuffle;          /* true; false: in the order of the files */
    bool separate;         /* false; true: attention is to stay inside documents */
    uint64_t seed;         /* 1 */
} ore_mixture_options;
ORE_API ore_mixture_options ore_mixture_defaults(void);

/* Batches without end: x and y (B, T) int64, T = block_size, without padding. An epoch of a source
 * has each of its windows, or documents, once, in a random order: number i of n comes at the place
 * that a cipher over 0 .. n - 1 gives it, whose key is seed, source and epoch. So memory depends
 * neither on the data nor on the epoch.
 *
 * Windows: floor((n - 1) / T) of n tokens; the tokens that are left over lie before the first or
 * behind the last, as the epoch decides. Documents: they make one stream, over all epochs, that
 * rows cut: no token is left out, and a document may go on in the next row. Needs tokens with an
 * index of documents (shards have one).
 *
 * Row r (from 0) comes from the source whose rows so far are the most behind r + 1 times its share;
 * of equal ones from the first.
 *
 * With `separate`, more[0] (B, T) int64 numbers the documents of a row from 0 on, for
 * ore_attention's `documents`: a separator belongs to the document behind it, whose first token it
 * predicts; where there is none, a document's last token predicts nothing (ORE_IGNORE_INDEX).
 *
 * ORE_LOADER_STATE_BYTES hold the places of up to 128 sources; resuming is exact. ORE_INVALID:
 * sizes below 1, weights that are not positive and finite, no index where one is needed. ORE_DATA:
 * a source with no window, or no token. */
enum { ORE_MIXTURE_SOURCES_MAX = 128 };
ORE_API ore_loader *ore_mixture_loader_new(const ore_mixture_source *sources, int64_t count,
                                           const ore_mixture_options *options);
/* How many times the loader has gone through source number i, as a fraction. */
ORE_API double ore_mixture_epochs(const ore_loader *loader, int64_t i);

ORE_END_DECLS

#endif
