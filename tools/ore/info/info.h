/* info.h: the parts of `ore info`. */
#ifndef ORE_TOOL_INFO_H
#define ORE_TOOL_INFO_H

#include <ore/tensor_file.h>
#include <ore/text.h>

#include "cli/command.h"

typedef struct info_config {
    int all;      /* list every tensor */
    int check;    /* read every tensor */
    int template; /* print the chat template alone */
    int json;
} info_config;

/* Tensors whose names differ in a number alone and that have the same shape and coding. */
typedef struct info_row {
    char *pattern; /* "blk.*.attn_k.weight" */
    ore_shape shape;
    ore_coding coding;
    int64_t count, bytes;
    int64_t first, last; /* the numbers that * stands for; -1: none */
} info_row;

/* What is stored in one coding. */
typedef struct info_total {
    int64_t tensors, elements, bytes;
} info_total;

/* What was asked about, opened. */
typedef struct info_subject {
    const char *path;
    ore_tensor_file *file;
    ore_json *config;         /* of a folder's config.json; NULL */
    ore_tokenizer *tokenizer; /* NULL */
    char *template;           /* of chats; NULL */
    info_row *rows;
    int64_t row_count;
    info_total totals[ORE_CODING_COUNT], total;
    int64_t not_finite; /* values, of all tensors; -1: not counted */
} info_subject;

/* Adds rows and totals (info_tensors.c). `all`: a row for each tensor. */
ore_status info_count(info_subject *s, bool all);
/* Reads all tensors and counts values that are not finite. */
ore_status info_check(info_subject *s);
/* Finds the tokenizer, the template and config.json (info_folder.c). What is damaged there is told
 * on standard error, and is no error. */
ore_status info_look_around(info_subject *s);

/* On standard output (info_print.c, info_json.c). */
ore_status info_print(const info_subject *s);
ore_status info_print_json(const info_subject *s);

#endif
