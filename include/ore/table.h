/* table.h: files of rows, read one after the other: lines of text, CSV, TSV, JSON lines, Parquet.
 *
 * A row has the same fields in every line of a file: the columns of a table, or members of a
 * JSON object. Memory does not grow with the file: the reader holds one row, and reads pipes as
 * well as files. What a file has wrong is ORE_DATA, and the message names the file, the line
 * (counted from 1) and the field: "reviews.csv: line 17, field 'label': missing". Every function
 * that returns a pointer returns NULL when it fails or while an error is pending. */
#ifndef ORE_TABLE_H
#define ORE_TABLE_H

#include <ore/base.h>

ORE_BEGIN_DECLS

typedef enum ore_table_format {
    ORE_TABLE_AUTO,    /* by how the name ends, before .gz or .zst if it has that: .csv, .tsv,
                          .jsonl, .ndjson or .parquet, else lines */
    ORE_TABLE_LINES,   /* each line is a row of one field, "text"; empty ones count */
    ORE_TABLE_CSV,     /* RFC 4180 */
    ORE_TABLE_TSV,     /* what stands between tabs, as it is: there are no quotes */
    ORE_TABLE_JSONL,   /* one JSON object a line */
    ORE_TABLE_PARQUET, /* Apache Parquet: its columns of strings */
} ore_table_format;

typedef struct ore_table_options {
    ore_table_format format;   /* ORE_TABLE_AUTO */
    char delimiter;            /* ',': what separates the fields of CSV */
    bool header;               /* true: the first row of CSV or TSV names the fields */
    const char *const *fields; /* NULL: all; else the names of the fields wanted, in that order */
    int64_t field_count;       /* 0; of `fields` */
    size_t row_bytes_max;      /* 16 MiB: a longer row is an error, not a full memory */
} ore_table_options;
ORE_API ore_table_options ore_table_defaults(void);
/* The versions of the libraries that unpack files: "zlib 1.2.13, Zstandard 1.5.4". */
ORE_API const char *ore_table_libraries(void);

/* What begins as gzip or Zstandard data is unpacked, whatever its name; such rows can only be read
 * one after the other, and so can those of Parquet and of a pipe.
 *
 * A UTF-8 byte order mark at the start is dropped. A line ends with LF or CR LF, the last one
 * perhaps with the file. Text must be UTF-8 without NULs.
 *
 * CSV and TSV: each row has as many fields as the first one. Lines without a character are left
 * out. Without a header the fields are named by `fields`, from the first column on, or else "1",
 * "2", .. In CSV a field that begins with " goes to the next ", may hold delimiters and line ends,
 * and has "" for a "; a " elsewhere is an error.
 * JSON lines: the fields are `fields`, else the members of the first object. Each object has them;
 * others that it has are left out. A number, true or false is its text; null is no text; an array
 * or object is its JSON text. Lines without a character are left out.
 * Parquet: the fields are `fields`, else all columns of strings; one inside a struct is named
 * "struct.member". A value that is not there is no text. Encodings plain and dictionary, packed by
 * snappy, gzip, Zstandard or not at all, in pages of version 1 and 2 of up to 256 MiB: memory is
 * three pages of each field, and the file's description of its columns. What else a file uses is
 * ORE_DATA that names it. A row's "line" is its number, from 1. */
typedef struct ore_table ore_table;
typedef struct ore_row ore_row;

/* options NULL: the defaults. ORE_IO: missing, unreadable, a folder. ORE_DATA: another encoding; a
 * header that is missing, lacks one of `fields`, or has a name twice. ORE_INVALID: options that
 * cannot be. */
ORE_API ore_table *ore_table_open(const char *path, const ore_table_options *options);
/* The same over memory, which is not copied and must outlive the reader; `name` is for messages and
 * for ORE_TABLE_AUTO. */
ORE_API ore_table *ore_table_open_memory(const char *name, const void *bytes, size_t size_bytes,
                                         const ore_table_options *options);
/* NULL is allowed. */
ORE_API void ore_table_close(ore_table *table);

/* The file, for messages. */
ORE_API const char *ore_table_name(const ore_table *table);
/* Fields of every row. */
ORE_API int64_t ore_table_field_count(const ore_table *table);
/* The name of field 0 .. count - 1. NULL, and nothing raised, for another number. */
ORE_API const char *ore_table_field_name(const ore_table *table, int64_t field);
/* The number of the field of that name, or -1; raises nothing. */
ORE_API int64_t ore_table_field(const ore_table *table, const char *name);

/* The next row, which holds until the next call; NULL at the end, while ore_ok() holds, and on
 * an error. Once such an error is cleared, the next call goes on behind the row that had it. */
ORE_API const ore_row *ore_table_next(ore_table *table);

/* The line in which the row begins, from 1. */
ORE_API int64_t ore_row_line(const ore_row *row);
/* A field as UTF-8 text with a NUL behind it, the row's own; its bytes without the NUL into
 * *bytes, unless that is NULL. ORE_INVALID: no such field. */
ORE_API const char *ore_row_text(const ore_row *row, int64_t field, size_t *bytes);
/* A field that is a number, in decimal and with a point in any locale; spaces around it are
 * allowed. ORE_DATA, naming file, line, field and text, for what is none, or is too large. */
ORE_API ore_status ore_row_int(const ore_row *row, int64_t field, int64_t *value);
ORE_API ore_status ore_row_double(const ore_row *row, int64_t field, double *value);
/* Raises ORE_DATA: "FILE: line LINE, field 'NAME': " and the text, for whoever reads something out
 * of a field that it does not hold. field -1 names none. */
ORE_API ore_status ore_row_fail(const ore_row *row, int64_t field, const char *format, ...)
    ORE_PRINTF(3, 4);

ORE_END_DECLS

#endif
