/* data.h: what `ore data` does with its words: one function for each. */
#ifndef ORE_TOOL_DATA_H
#define ORE_TOOL_DATA_H

#include "cli/command.h"

typedef struct data_config {
    char *out, *tokenizer;
    int format;    /* an ore_table_format, or CONFIG_AUTO */
    int documents; /* an ore_document_unit */
    char *field, *separator;
    int64_t min_bytes, max_bytes, document_bytes;
    int distinct, skip_bad;
    double val_fraction, test_fraction;
    int64_t shard_tokens;
    int force;
    int64_t threads;
    int verify;
    char *sha256;
} data_config;

/* Each gets the words behind their own, and returns an exit status. */
int data_prepare(const data_config *c, const char *const *words, int count);
int data_get(const data_config *c, const char *const *words, int count);
int data_info(const data_config *c, const char *const *words, int count);

#endif
