/* embed.h: what `ore embed` consists of: lines that come in, vectors that go out. */
#ifndef ORE_TOOL_EMBED_H
#define ORE_TOOL_EMBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ore/base.h>

/* ---- lines of a file (embed_lines.c) ---- */

typedef struct line_reader {
    int fd;
    char *bytes; /* (capacity); those that are read and not given out yet: start .. end - 1 */
    size_t capacity, start, end;
    bool ended; /* the file is at its end */
} line_reader;

typedef enum line_result {
    LINE_READ,
    LINE_NOT_YET,
    LINE_NONE /* the end, or a failure */
} line_result;

/* The next line, without its line feed, into *line, which lives until the next call. The last one
 * needs no line feed. Without `wait`, LINE_NOT_YET where a pipe or a terminal has no whole line at
 * this moment. */
line_result line_reader_next(line_reader *r, bool wait, const char **line, size_t *bytes);
void line_reader_free(line_reader *r);

/* ---- vectors (embed_output.c) ---- */

typedef struct vector_output {
    const char *path; /* of the .npy to write; NULL: standard output, an array a line */
    int64_t C;        /* numbers of a vector */
    int64_t rows;     /* written so far */
    char *bytes;      /* (capacity) the matrix as far as it is known, or a line */
    size_t capacity;
} vector_output;

ore_status vector_output_begin(vector_output *o, const char *path, int64_t C);
/* Writes the vectors (rows, C). */
ore_status vector_output_rows(vector_output *o, const float *vectors, int64_t rows);
/* Brings everything to where it belongs. */
ore_status vector_output_end(vector_output *o);
void vector_output_free(vector_output *o);

#endif
