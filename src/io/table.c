/* table.c: files cut into rows, in memory that holds one of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/files.h"
#include "base/given.h"
#include "base/memory.h"
#include "base/system.h"
#include "io/table.h"

enum {
    WINDOW_BYTES = 1 << 16,   /* read at a time: fits the L2 cache */
    ROW_BYTES_MAX = 16 << 20, /* the default */
    MARK_BYTES = 3,           /* of a UTF-8 byte order mark */
    HEADER_SHOWN_BYTES = 120, /* of a header's names in a message */
};

ore_table_options ore_table_defaults(void) {
    return (ore_table_options){
        .format = ORE_TABLE_AUTO, .delimiter = ',', .header = true, .row_bytes_max = ROW_BYTES_MAX};
}

/* ---- the source ---- */

int64_t ore_table_pread(const ore_table *table, char *bytes, int64_t count, int64_t offset) {
    if (table->descriptor < 0) {
        int64_t left = table->memory_bytes - offset, n = left < count ? left : count;
        if (n > 0)
            memcpy(bytes, table->memory + offset, (size_t)n);
        return n > 0 ? n : 0;
    }
    int64_t done = 0;
    while (done < count) {
        ssize_t got =
            pread(table->descriptor, bytes + done, (size_t)(count - done), (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            ore_fail_errno(table->name, "cannot read");
        if (got <= 0)
            return got < 0 ? -1 : done;
        done += got;
    }
    return done;
}

ore_status ore_table_check_unchanged(const ore_table *table) {
    struct stat now;
    if (table->descriptor < 0 || !S_ISREG(table->opened.st_mode))
        return ORE_OK;
    if (fstat(table->descriptor, &now) != 0)
        return ore_fail_errno(table->name, "cannot read");
    struct timespec then = ore_system_modified(&table->opened), last = ore_system_modified(&now);
    if (now.st_size == table->opened.st_size && then.tv_sec == last.tv_sec &&
        then.tv_nsec == last.tv_nsec)
        return ORE_OK;
    return ore_fail(ORE_DATA, "%.*s: was changed while in use", ORE_PATH_SHOWN_BYTES, table->name);
}

/* More bytes behind those in the window, which grows where a row fills it. */
static ore_status read_on(ore_table *table) {
    memmove(table->window, table->window + table->begin, (size_t)(table->end - table->begin));
    table->end -= table->begin;
    table->begin = 0;
    if (table->end == table->window_capacity) {
        void *window = table->window;
        ore_grow(&window, &table->window_capacity, 2 * table->window_capacity, 1);
        table->window = window;
    }
    int64_t got = ore_ok() ? ore_stream_read(table->stream, table->window + table->end,
                                             table->window_capacity - table->end)
                           : -1;
    if (got < 0)
        return ore_error_status();
    table->end += got;
    table->ended = got == 0;
    return table->ended ? ore_table_check_unchanged(table) : ORE_OK;
}

/* ---- rows ---- */

/* From start[at] on: where a row of the format ends, its line end left out, or `size`. *quoted: in
 * CSV, whether start[at] stands between quotes; then whether start[size] would. */
static int64_t find_line_end(ore_table_format format, const char *start, int64_t at, int64_t size,
                             bool *quoted) {
    if (format != ORE_TABLE_CSV) {
        const char *end = memchr(start + at, '\n', (size_t)(size - at));
        return end ? end - start : size;
    }
    bool inside = *quoted;
    while (at < size && (inside || start[at] != '\n'))
        inside ^= start[at++] == '"';
    *quoted = inside;
    return at;
}

/* Whether the window's first row ends in it: its bytes, its line end included; 0 if not. */
static int64_t find_end(ore_table *table) {
    int64_t size = table->end - table->begin;
    table->scanned = find_line_end(table->options.format, table->window + table->begin,
                                   table->scanned, size, &table->quoted);
    return table->scanned < size ? table->scanned + 1 : 0;
}

/* Moves the window behind its first row. */
static void take(ore_table *table, int64_t bytes) {
    const char *at = table->window + table->begin, *end = at + bytes;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        table->line++;
        at++;
    }
    table->begin += bytes;
    table->offset += bytes;
    table->scanned = 0;
    table->quoted = false;
}

/* Drops the window's first `bytes` bytes, of a row whose rest is yet to come if not `whole`. */
static void pass(ore_table *table, int64_t bytes, bool whole) {
    bool quoted = table->quoted;
    take(table, bytes);
    table->quoted = !whole && quoted;
    table->passing = !whole;
}

/* What is too long is passed over. */
static int64_t fail_length(ore_table *table, int64_t bytes) {
    ore_fail(ORE_DATA, "%.*s: line %lld: longer than %zu bytes%s", ORE_PATH_SHOWN_BYTES,
             table->name, (long long)table->line, table->options.row_bytes_max,
             table->quoted ? ", or a quote is never closed" : "");
    table->row_failed = true;
    pass(table, bytes ? bytes : table->end - table->begin, bytes > 0);
    return -1;
}

/* Goes to the end of a row that is too long to be held. */
static ore_status end_passing(ore_table *table) {
    while (table->passing && ore_ok()) {
        int64_t bytes = find_end(table);
        bool whole = bytes > 0 || table->ended;
        pass(table, bytes ? bytes : table->end - table->begin, whole);
        if (!whole)
            read_on(table);
    }
    return ore_error_status();
}

/* Reads until the next row is in the window: its bytes, 0 at the end, -1 on an error. */
static int64_t await_row(ore_table *table) {
    if (end_passing(table) != ORE_OK)
        return -1;
    for (;;) {
        int64_t bytes = find_end(table), size = table->end - table->begin;
        if (bytes == 0 && table->ended)
            bytes = size;
        if ((size_t)(bytes ? bytes : size) > table->options.row_bytes_max)
            return fail_length(table, bytes);
        if (bytes > 0 || table->ended)
            return bytes;
        if (read_on(table) != ORE_OK)
            return -1;
    }
}

/* Without its line end. */
static int64_t trimmed(const char *bytes, int64_t size) {
    size -= size > 0 && bytes[size - 1] == '\n';
    return size - (size > 0 && bytes[size - 1] == '\r');
}

/* The next row that counts: its bytes without the line end, and with it in *taken; NULL at the
 * end or on an error. The window stays before it. */
static const char *next_bytes(ore_table *table, int64_t *size, int64_t *taken) {
    for (;;) {
        *taken = ore_ok() ? await_row(table) : -1;
        if (*taken <= 0)
            return NULL;
        const char *bytes = table->window + table->begin;
        *size = trimmed(bytes, *taken);
        table->row.line = table->line;
        table->row.offset = table->offset;
        if (*size > 0 || table->options.format == ORE_TABLE_LINES)
            return bytes;
        take(table, *taken);
    }
}

static const ore_row *next_of_parquet(ore_table *table) {
    if (ore_parquet_next(table->parquet, &table->row))
        return &table->row;
    if (ore_ok())
        ore_table_check_unchanged(table);
    return NULL;
}

const char *ore_table_raw(ore_table *table, int64_t *bytes, int64_t *line) {
    const char *raw;
    int64_t taken;
    table->row_failed = false;
    if (table->parquet) {
        raw = ore_parquet_raw(table->parquet, &table->row, bytes);
        if (!raw && ore_ok())
            ore_table_check_unchanged(table);
    } else {
        raw = next_bytes(table, bytes, &taken);
        if (raw)
            take(table, taken);
    }
    *line = table->row.line;
    return raw;
}

const ore_row *ore_table_next(ore_table *table) {
    int64_t size, taken;
    if (!ore_ok() || !table)
        return NULL;
    if (table->parquet)
        return next_of_parquet(table);
    const char *bytes = next_bytes(table, &size, &taken);
    if (!bytes)
        return NULL;
    ore_status status = ore_row_parse(&table->row, bytes, size);
    take(table, taken);
    return status == ORE_OK ? &table->row : NULL;
}

ore_status ore_table_check_places(const ore_table *table) {
    const char *why = NULL;
    if (table->parquet)
        why = "is Parquet";
    else if (ore_stream_packing(table->stream))
        why = "is compressed";
    else if (table->descriptor >= 0 && !S_ISREG(table->opened.st_mode))
        why = "is no regular file";
    return why ? ore_fail(ORE_INVALID,
                          "%.*s: %s: its rows can only be read one after the other, not where they "
                          "stand",
                          ORE_PATH_SHOWN_BYTES, table->name, why)
               : ore_error_status();
}

bool ore_table_step(ore_table *table, int64_t *offset, int64_t *bytes) {
    int64_t size;
    if (!next_bytes(table, &size, bytes))
        return false;
    *offset = table->offset;
    take(table, *bytes);
    return true;
}

ore_status ore_table_read_at(const ore_table *table, int64_t offset, int64_t bytes, ore_row *row) {
    void *memory = row->bytes;
    row->table = table;
    row->offset = offset;
    row->line = 0;
    if (bytes > row->byte_capacity)
        ore_grow(&memory, &row->byte_capacity, bytes, 1);
    row->bytes = memory;
    int64_t got = ore_ok() ? ore_table_pread(table, row->bytes, bytes, offset) : -1;
    if (got < 0 || ore_table_check_unchanged(table) != ORE_OK)
        return ore_error_status();
    bool quoted = false;
    int64_t end = find_line_end(table->options.format, row->bytes, 0, got, &quoted);
    return ore_row_parse(row, row->bytes, trimmed(row->bytes, end));
}

/* ---- fields ---- */

ore_status ore_table_add_field(ore_table *table, const char *name, int64_t column) {
    int64_t count = table->field_count, columns_capacity = table->field_capacity;
    void *fields = table->fields, *columns = table->columns;
    char *copy = ore_copy_text(name);
    if (copy && count == table->field_capacity &&
        ore_grow(&columns, &columns_capacity, count + 1, sizeof(int64_t)) == ORE_OK)
        ore_grow(&fields, &table->field_capacity, count + 1, sizeof(char *));
    table->fields = fields;
    table->columns = columns;
    if (!ore_ok()) {
        ore_release(copy);
        return ore_error_status();
    }
    table->fields[count] = copy;
    table->columns[count] = column;
    table->field_count++;
    return ORE_OK;
}

/* The column of that name in a header, or -1; one that is there twice is an error. */
static int64_t find_column(const ore_row *header, const char *name) {
    int64_t found = -1;
    for (int64_t c = 0; c < header->cell_count; c++) {
        if (strcmp(header->text + header->cells[c].at, name) != 0)
            continue;
        if (found >= 0)
            ore_row_fail(header, -1, "two fields are named '%.100s'", name);
        found = c;
    }
    return found;
}

/* "'text', 'kind'" of a header, as far as they fit, into text; returns text. */
static const char *header_names(const ore_row *header, char *text, size_t bytes) {
    size_t at = 0;
    text[0] = '\0';
    for (int64_t c = 0; c < header->cell_count && at < bytes; c++)
        at += (size_t)snprintf(text + at, bytes - at, "%s'%.20s'", c == 0 ? "" : ", ",
                               header->text + header->cells[c].at);
    return text;
}

static ore_status name_after_header(ore_table *table, const ore_row *header,
                                    const ore_table_options *o) {
    char names[HEADER_SHOWN_BYTES];
    for (int64_t i = 0; o->fields && ore_ok() && i < o->field_count; i++) {
        int64_t column = find_column(header, o->fields[i]);
        if (column < 0)
            ore_row_fail(header, -1, "the header has no field '%.60s', only %s", o->fields[i],
                         header_names(header, names, sizeof names));
        else
            ore_table_add_field(table, o->fields[i], column);
    }
    for (int64_t c = 0; !o->fields && ore_ok() && c < header->cell_count; c++) {
        const char *name = header->text + header->cells[c].at;
        find_column(header, name);
        ore_table_add_field(table, name, c);
    }
    return ore_error_status();
}

static ore_status name_by_number(ore_table *table, const ore_row *first,
                                 const ore_table_options *o) {
    char number[24];
    int64_t count = o->fields ? o->field_count : first->cell_count;
    for (int64_t c = 0; ore_ok() && c < count; c++) {
        snprintf(number, sizeof number, "%lld", (long long)c + 1);
        ore_table_add_field(table, o->fields ? o->fields[c] : number, c);
    }
    if (ore_ok() && first->cell_count < count)
        ore_row_fail(first, first->cell_count,
                     "missing: the line has %lld field%s, expected at least %lld",
                     (long long)first->cell_count, ore_plural(first->cell_count), (long long)count);
    return ore_error_status();
}

/* Fields by the first row; a header is taken, another row stays to be read. */
static ore_status name_fields(ore_table *table, const ore_table_options *o) {
    int64_t size, taken;
    if (o->format == ORE_TABLE_LINES)
        return ore_table_add_field(table, "text", 0);
    bool json = o->format == ORE_TABLE_JSONL;
    for (int64_t i = 0; json && o->fields && ore_ok() && i < o->field_count; i++)
        ore_table_add_field(table, o->fields[i], i);
    if (json && o->fields)
        return ore_error_status();
    const char *bytes = next_bytes(table, &size, &taken);
    if (!bytes)
        return ore_ok() && !json && o->header
                   ? ore_fail(ORE_DATA, "%.*s: is empty, expected a header", ORE_PATH_SHOWN_BYTES,
                              table->name)
                   : ore_error_status();
    if (json)
        return ore_row_name_members(table, bytes, size);
    ore_row *first = &table->row;
    if (ore_row_parse(first, bytes, size) != ORE_OK)
        return ore_error_status();
    if (!o->header)
        name_by_number(table, first, o);
    else if (name_after_header(table, first, o) == ORE_OK)
        take(table, taken);
    table->column_count = first->cell_count;
    return ore_error_status();
}

/* ---- opening ---- */

static bool ends_with(const char *name, size_t length, const char *ending) {
    size_t n = strlen(ending);
    return length > n && strncasecmp(name + length - n, ending, n) == 0;
}

ore_table_format ore_table_format_of(const char *name) {
    static const struct {
        const char *ending;
        ore_table_format format;
    } endings[] = {{".csv", ORE_TABLE_CSV},
                   {".tsv", ORE_TABLE_TSV},
                   {".jsonl", ORE_TABLE_JSONL},
                   {".ndjson", ORE_TABLE_JSONL},
                   {".parquet", ORE_TABLE_PARQUET}};
    static const char *const packed[] = {".gz", ".zst"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ends_with(name, length, packed[i])) {
            length -= strlen(packed[i]);
            break;
        }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, length, endings[i].ending))
            return endings[i].format;
    return ORE_TABLE_LINES;
}

static ore_status check_options(const ore_table_options *o) {
    if (o->format < ORE_TABLE_AUTO || o->format > ORE_TABLE_PARQUET)
        return ore_fail(ORE_INVALID, "table: format %d, expected one of ore_table_format",
                        (int)o->format);
    bool bad =
        o->delimiter == '"' || o->delimiter == '\n' || o->delimiter == '\r' || o->delimiter <= 0;
    if (bad)
        return ore_fail(ORE_INVALID,
                        "table: delimiter %d, expected a character of ASCII that is "
                        "no quote and no line end",
                        o->delimiter);
    if (o->row_bytes_max < 1)
        return ore_fail(ORE_INVALID, "table: row_bytes_max 0, expected at least 1");
    if (o->field_count < 0 || (o->fields && o->field_count == 0))
        return ore_fail(ORE_INVALID, "table: %lld fields, expected at least 1",
                        (long long)o->field_count);
    return ORE_OK;
}

/* Drops a UTF-8 mark; other marks tell that the text is in another encoding. */
static ore_status read_mark(ore_table *table) {
    while (!table->ended && table->end < MARK_BYTES)
        if (read_on(table) != ORE_OK)
            return ore_error_status();
    const uint8_t *b = (const uint8_t *)table->window;
    if (table->end >= 2 && ((b[0] == 0xFF && b[1] == 0xFE) || (b[0] == 0xFE && b[1] == 0xFF)))
        return ore_fail(ORE_DATA, "%.*s: is UTF-16 or UTF-32, expected UTF-8", ORE_PATH_SHOWN_BYTES,
                        table->name);
    if (table->end >= MARK_BYTES && memcmp(b, "\xEF\xBB\xBF", MARK_BYTES) == 0)
        table->begin = table->offset = MARK_BYTES;
    return ORE_OK;
}

/* A reader that has no source yet. */
static ore_table *new_table(const char *name, const ore_table_options *options) {
    ore_table_options o = options ? *options : ore_table_defaults();
    if (!ore_is_given("table", "its name", name) || check_options(&o) != ORE_OK)
        return NULL;
    ore_table *table = ore_alloc_zero(sizeof *table);
    if (!table)
        return NULL;
    table->descriptor = -1;
    table->line = 1;
    table->row.table = table;
    table->name = ore_copy_text(name);
    if (o.format == ORE_TABLE_AUTO)
        o.format = ore_table_format_of(name);
    if (o.format == ORE_TABLE_TSV)
        o.delimiter = '\t';
    table->options = o;
    return table;
}

/* What reads rows of text: a stream, and a window over it, of `first` bytes to begin with. */
static ore_status begin_text(ore_table *table, int64_t first) {
    void *window = NULL;
    table->stream =
        ore_stream_open(table->name, table->descriptor, table->memory, table->memory_bytes);
    if (table->stream)
        ore_grow(&window, &table->window_capacity, first, 1);
    table->window = window;
    return ore_ok() && read_mark(table) == ORE_OK ? name_fields(table, &table->options)
                                                  : ore_error_status();
}

static ore_status begin_parquet(ore_table *table) {
    bool file = table->descriptor >= 0;
    if (file && !S_ISREG(table->opened.st_mode))
        return ore_fail(ORE_INVALID, "%.*s: Parquet is read from a regular file, not from a pipe",
                        ORE_PATH_SHOWN_BYTES, table->name);
    int64_t bytes = file ? (int64_t)table->opened.st_size : table->memory_bytes;
    table->parquet = ore_parquet_open(table, bytes);
    return ore_error_status();
}

static ore_table *begin_reading(ore_table *table, int64_t first) {
    if (!table)
        return NULL;
    if (ore_ok()) {
        if (table->options.format == ORE_TABLE_PARQUET)
            begin_parquet(table);
        else
            begin_text(table, first);
        table->options.fields = NULL; /* the caller's, and copied */
    }
    if (ore_ok())
        return table;
    ore_table_close(table);
    return NULL;
}

ore_table *ore_table_open(const char *path, const ore_table_options *options) {
    ore_table *table = new_table(path, options);
    if (table && ore_ok())
        table->descriptor = ore_open_to_read(path, &table->opened);
    return begin_reading(table, WINDOW_BYTES);
}

ore_table *ore_table_open_memory(const char *name, const void *bytes, size_t size_bytes,
                                 const ore_table_options *options) {
    ore_table *table = new_table(name, options);
    int64_t size = (int64_t)size_bytes;
    if (table) {
        table->memory = bytes;
        table->memory_bytes = size;
    }
    return begin_reading(table, size < WINDOW_BYTES ? size + 1 : WINDOW_BYTES); /* 1: the end */
}

void ore_table_end(ore_table *table) {
    ore_parquet_close(table->parquet);
    ore_stream_close(table->stream);
    if (table->descriptor >= 0)
        close(table->descriptor);
    ore_row_release(&table->row);
    ore_release(table->window);
    table->parquet = NULL;
    table->stream = NULL;
    table->descriptor = -1;
    table->window = NULL;
}

void ore_table_close(ore_table *table) {
    if (!table)
        return;
    ore_table_end(table);
    for (int64_t i = 0; i < table->field_count; i++)
        ore_release(table->fields[i]);
    ore_release(table->fields);
    ore_release(table->columns);
    ore_release(table->name);
    ore_release(table);
}

/* ---- what is known of it ---- */

const char *ore_table_name(const ore_table *table) {
    return table->name;
}

int64_t ore_table_field_count(const ore_table *table) {
    return table->field_count;
}

const char *ore_table_field_name(const ore_table *table, int64_t field) {
    return field >= 0 && field < table->field_count ? table->fields[field] : NULL;
}

int64_t ore_table_field(const ore_table *table, const char *name) {
    for (int64_t i = 0; name && i < table->field_count; i++)
        if (strcmp(table->fields[i], name) == 0)
            return i;
    return -1;
}
