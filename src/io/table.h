/* table.h: the inside of a table, and reading a row anywhere in its file. */
#ifndef ORE_IO_TABLE_H
#define ORE_IO_TABLE_H

#include <ore/io.h>
#include <ore/table.h>
#include <sys/stat.h>

#include "io/parquet.h"
#include "io/stream.h"

/* A column of a row: its text in ore_row.text. */
typedef struct ore_cell {
    size_t at, bytes;
} ore_cell;

struct ore_row {
    const ore_table *table;
    int64_t line;   /* 0: not known, and counted where a message needs it */
    int64_t offset; /* of its first byte in the file */
    char *text;     /* (text_capacity) the columns, each with a NUL behind it */
    int64_t text_bytes, text_capacity;
    ore_cell *cells; /* (cell_count) by column */
    int64_t cell_count, cell_capacity;
    char *bytes; /* (byte_capacity) of the file, where ore_table_read_at has read them */
    int64_t byte_capacity;
};

struct ore_table {
    ore_table_options options; /* the format is not AUTO; `fields` is not used */
    char *name;
    char **fields;    /* (field_count) names */
    int64_t *columns; /* (field_count) where each is in a row of CSV or TSV */
    int64_t field_count, field_capacity;
    int64_t column_count; /* of CSV and TSV; 0: not known yet */
    /* the source */
    int descriptor;     /* -1: memory */
    struct stat opened; /* what the file was then */
    const char *memory;
    int64_t memory_bytes;
    ore_stream *stream;   /* what reads it from its beginning; NULL of Parquet */
    ore_parquet *parquet; /* NULL of other formats */
    /* what has been read of it and not given yet: window[begin .. end) */
    char *window;
    int64_t window_capacity, begin, end;
    int64_t offset;  /* of window[begin] in the source */
    int64_t line;    /* of window[begin] */
    bool ended;      /* the source has no more */
    int64_t scanned; /* bytes of the window's first row that hold no end of it, */
    bool quoted;     /* and whether they end between quotes */
    bool passing;    /* the window begins inside a row that is too long, whose rest is dropped */
    bool row_failed; /* the last error was of one row alone, behind which reading goes on */
    ore_row row;
    ore_table *link; /* the next in a list of whoever owns the table */
};

/* By the end of the name, behind which that of a compressed file may stand. */
ore_table_format ore_table_format_of(const char *name);
/* Empties a row, and adds a column to it, whose text is checked. */
void ore_row_clear(ore_row *row);
ore_status ore_row_put(ore_row *row, const char *text, size_t bytes);
/* Splits a row's bytes, its line end left off, into cells. Of JSON lines it reads the members
 * that the fields name. */
ore_status ore_row_parse(ore_row *row, const char *bytes, int64_t size);
/* The keys of a JSON line as fields. */
ore_status ore_row_name_members(ore_table *table, const char *bytes, int64_t size);
ore_status ore_table_add_field(ore_table *table, const char *name, int64_t column);

/* The next row as it stands: its bytes without the line end, or the value of the first column of
 * Parquet, unchecked; its line. They hold until the next call. NULL at the end or on an error;
 * table->row_failed says whether that is of this row alone. ore_row_parse takes such bytes, in any
 * thread, with a row whose `table` and `line` have been set. */
const char *ore_table_raw(ore_table *table, int64_t *bytes, int64_t *line);
/* Lets go of the file and of the memory to read it; what rows need to be parsed stays. */
void ore_table_end(ore_table *table);
/* Whether rows can be read where they stand: those of a regular file, or of memory, of lines that
 * are not compressed. ORE_INVALID, saying why, if not. */
ore_status ore_table_check_places(const ore_table *table);
/* Moves behind the next row and parses nothing: where it begins, and its bytes with its line
 * end; false at the end or on an error. Not of Parquet. */
bool ore_table_step(ore_table *table, int64_t *offset, int64_t *bytes);
/* The row that begins at `offset` and ends within `bytes` bytes, into one that was zeros or has
 * been read into before, and is released by ore_row_release. Not of pipes. May be called by several
 * threads. ORE_DATA also where the file has changed since it was opened. */
ore_status ore_table_read_at(const ore_table *table, int64_t offset, int64_t bytes, ore_row *row);
void ore_row_release(ore_row *row);
/* Bytes from any place: how many came, fewer only at the end; -1 on an error. */
int64_t ore_table_pread(const ore_table *table, char *bytes, int64_t count, int64_t offset);
/* ORE_DATA where a regular file is no longer the one that was opened. Asked behind reads, and at
 * the end: it asks the system. */
ore_status ore_table_check_unchanged(const ore_table *table);

#endif
