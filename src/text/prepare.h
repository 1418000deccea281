/* prepare.h: the parts of ore_prepare: the files, the documents in them, and what outlives a
 * kill. */
#ifndef ORE_TEXT_PREPARE_H
#define ORE_TEXT_PREPARE_H

#include <ore/prepare.h>
#include <sys/types.h>

#include "data/digest_set.h"
#include "data/shard_writer.h"
#include "data/shards.h"
#include "io/stream.h"

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
    /* or of a file of text that is a document */
    int descriptor;
    ore_stream *stream;
    char *text; /* (capacity), of which `held` bytes have been read and not given */
    int64_t held, given, capacity;
    bool ended;
} ore_document_source;

/* Begins behind a place. */
ore_status ore_document_source_open(ore_document_source *source, const ore_input_list *list,
                                    const ore_prepare_options *options, ore_input_place place);
/* The next document, which holds until the next call; `place` then is behind it. False at the end
 * or on an error. */
bool ore_document_source_next(ore_document_source *source, const char **text, int64_t *bytes);
void ore_document_source_close(ore_document_source *source);

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
