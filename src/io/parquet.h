/* parquet.h: columns of strings of Apache Parquet files, row by row:
 * https://github.com/apache/parquet-format */
#ifndef ORE_IO_PARQUET_H
#define ORE_IO_PARQUET_H

#include <ore/table.h>

#include "io/stream.h"

/* The pages of one column in one group of rows. */
typedef struct ore_parquet_chunk {
    int64_t at, bytes; /* in the file */
    int64_t values;
    ore_packing packing;
} ore_parquet_chunk;

/* What the end of a file says of the columns that are wanted. */
typedef struct ore_parquet_layout {
    int64_t column_count;
    int *levels;               /* (column_count) how many of the column and the structs around it
                                  may be missing */
    ore_parquet_chunk *chunks; /* (group_count, column_count) */
    int64_t group_count;
    int64_t *rows; /* (group_count) */
} ore_parquet_layout;

/* Reads the layout of a table whose options and source are set, and adds its fields. */
ore_status ore_parquet_layout_read(ore_parquet_layout *layout, ore_table *table, int64_t bytes);
void ore_parquet_layout_release(ore_parquet_layout *layout);

typedef struct ore_parquet ore_parquet;
/* Over a table of that many bytes, whose options and source are set; adds its fields. */
ore_parquet *ore_parquet_open(ore_table *table, int64_t bytes);
/* NULL is allowed. */
void ore_parquet_close(ore_parquet *parquet);
/* The next row, with its number in row->line; false at the end or on an error. */
bool ore_parquet_next(ore_parquet *parquet, ore_row *row);
/* Goes to the next row, whose number goes into row->line, and gives the value of its first column,
 * unchecked, which holds until the next call; NULL at the end or on an error. */
const char *ore_parquet_raw(ore_parquet *parquet, ore_row *row, int64_t *bytes);

#endif
