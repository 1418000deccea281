/* row.c: one row: its text split into fields, and what fields hold. */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "io/json.h"
#include "io/json_scan.h"
#include "io/table.h"

enum { NAME_SHOWN_BYTES = 100, VALUE_SHOWN_BYTES = 100 }; /* what a message has room for */

void ore_row_release(ore_row *row) {
    ore_release(row->bytes);
    ore_release(row->text);
    ore_release(row->cells);
    *row = (ore_row){0};
}

/* ---- messages ---- */

/* The line of an offset of a file whose lines nobody has counted. */
static int64_t line_of(const ore_table *table, int64_t offset) {
    enum { PIECE_BYTES = 4096 };
    char piece[PIECE_BYTES];
    int64_t line = 1;
    for (int64_t at = 0; at < offset;) {
        int64_t want = offset - at < PIECE_BYTES ? offset - at : PIECE_BYTES;
        int64_t got = ore_table_pread(table, piece, want, at);
        for (int64_t i = 0; i < got; i++)
            line += piece[i] == '\n';
        if (got <= 0)
            break;
        at += got;
    }
    return line;
}

int64_t ore_row_line(const ore_row *row) {
    return row->line ? row->line : line_of(row->table, row->offset);
}

ore_status ore_row_fail(const ore_row *row, int64_t field, const char *format, ...) {
    if (!ore_ok())
        return ore_error_status();
    char text[ORE_MESSAGE_BYTES / 4];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *name = ore_table_field_name(row->table, field);
    long long line = ore_row_line(row);
    const char *unit = row->table->options.format == ORE_TABLE_PARQUET ? "row" : "line";
    if (!name)
        return ore_fail(ORE_DATA, "%.*s: %s %lld: %s", ORE_PATH_SHOWN_BYTES / 2, row->table->name,
                        unit, line, text);
    return ore_fail(ORE_DATA, "%.*s: %s %lld, field '%.*s': %s", ORE_PATH_SHOWN_BYTES / 2,
                    row->table->name, unit, line, NAME_SHOWN_BYTES, name, text);
}

/* The same of a column, which may be no field or have no name yet. */
static ore_status fail_column(const ore_row *row, int64_t column, const char *what) {
    const ore_table *table = row->table;
    for (int64_t i = 0; i < table->field_count; i++)
        if (table->columns[i] == column)
            return ore_row_fail(row, i, "%s", what);
    return ore_row_fail(row, -1, "field %lld: %s", (long long)column + 1, what);
}

/* ---- cells ---- */

/* A column of up to `bytes` bytes: where its text goes, or NULL. */
static char *begin_cell(ore_row *row, size_t bytes) {
    void *text = row->text, *cells = row->cells;
    int64_t room = row->text_bytes + (int64_t)bytes + 1;
    bool grown =
        (room <= row->text_capacity || ore_grow(&text, &row->text_capacity, room, 1) == ORE_OK) &&
        (row->cell_count < row->cell_capacity ||
         ore_grow(&cells, &row->cell_capacity, row->cell_count + 1, sizeof(ore_cell)) == ORE_OK);
    row->text = text;
    row->cells = cells;
    return grown ? row->text + row->text_bytes : NULL;
}

static void end_cell(ore_row *row, size_t bytes) {
    row->text[row->text_bytes + (int64_t)bytes] = '\0';
    row->cells[row->cell_count++] = (ore_cell){(size_t)row->text_bytes, bytes};
    row->text_bytes += (int64_t)bytes + 1;
}

static ore_status put_cell(ore_row *row, const char *text, size_t bytes) {
    char *at = begin_cell(row, bytes);
    if (!at)
        return ore_error_status();
    if (bytes > 0)
        memcpy(at, text, bytes);
    end_cell(row, bytes);
    return ORE_OK;
}

/* Whether 8 bytes are ASCII and no NULs. */
static bool is_plain(const uint8_t *at) {
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return !((bytes | (bytes - ones)) & (ones << 7));
}

/* field -1: the bytes are the whole row's. */
static ore_status check_text(const ore_row *row, int64_t field, const char *bytes, int64_t size) {
    const uint8_t *start = (const uint8_t *)bytes, *at = start, *end = at + size;
    while (at < end) {
        while (end - at >= 8 && is_plain(at))
            at += 8;
        if (at == end)
            break;
        uint32_t code_point = *at;
        int n = code_point < 0x80 ? 1 : ore_utf8_decode(at, end, &code_point);
        if (n == 0)
            return ore_row_fail(row, field, "byte %lld (0x%02X) is not valid UTF-8",
                                (long long)(at - start) + 1, *at);
        if (code_point == 0)
            return ore_row_fail(row, field, "byte %lld is a NUL, which no text has",
                                (long long)(at - start) + 1);
        at += n;
    }
    return ORE_OK;
}

void ore_row_clear(ore_row *row) {
    row->text_bytes = row->cell_count = 0;
}

ore_status ore_row_put(ore_row *row, const char *text, size_t bytes) {
    if (check_text(row, row->cell_count, text, (int64_t)bytes) != ORE_OK)
        return ore_error_status();
    return put_cell(row, text, bytes);
}

/* ---- CSV and TSV ---- */

/* A quoted column from behind its first quote on; *at moves to what follows its last one. */
static ore_status read_quoted(ore_row *row, const char **at, const char *end) {
    char *text = begin_cell(row, (size_t)(end - *at));
    size_t used = 0;
    for (const char *c = *at; text && c < end; c++) {
        if (*c == '"' && (c + 1 == end || c[1] != '"')) {
            *at = c + 1;
            end_cell(row, used);
            return ORE_OK;
        }
        text[used++] = *c;
        c += *c == '"';
    }
    return text ? fail_column(row, row->cell_count, "its quote is never closed")
                : ore_error_status();
}

static ore_status split_table(ore_row *row, const char *at, const char *end) {
    const ore_table_options *o = &row->table->options;
    bool quotes = o->format == ORE_TABLE_CSV;
    for (;;) {
        const char *next = at;
        if (quotes && at < end && *at == '"') {
            next = at + 1;
            if (read_quoted(row, &next, end) != ORE_OK)
                return ore_error_status();
            if (next < end && *next != o->delimiter)
                return fail_column(
                    row, row->cell_count - 1,
                    "text follows its closing quote; a quote inside is written \"\"");
        } else {
            for (; next < end && *next != o->delimiter; next++)
                if (quotes && *next == '"')
                    return fail_column(
                        row, row->cell_count,
                        "a quote inside a field that does not begin with one; it is written "
                        "\"\" in a field between quotes");
            if (put_cell(row, at, (size_t)(next - at)) != ORE_OK)
                return ore_error_status();
        }
        if (next == end)
            return ORE_OK;
        at = next + 1;
    }
}

/* A field that is not there is named; one too many is counted. */
static ore_status check_columns(const ore_row *row) {
    const ore_table *table = row->table;
    int64_t came = row->cell_count, expected = table->column_count;
    if (expected == 0 || came == expected)
        return ORE_OK;
    char what[96];
    snprintf(what, sizeof what, "missing: the line has %lld field%s, expected %lld separated by %s",
             (long long)came, ore_plural(came), (long long)expected,
             table->options.format == ORE_TABLE_TSV ? "a tab" : "the delimiter");
    if (came < expected)
        return fail_column(row, came, what);
    return ore_row_fail(row, -1, "%lld fields, expected %lld", (long long)came,
                        (long long)expected);
}

/* ---- JSON lines ---- */

/* inexact: the object's integers have become doubles, since one of them is too large. */
static ore_status put_member(ore_row *row, ore_json *object, int64_t field, bool inexact) {
    const char *key = row->table->fields[field];
    char number[ORE_NUMBER_TEXT_BYTES];
    const char *text = "";
    int64_t whole = 0;
    double real = 0;
    bool truth = false;
    ore_json_kind kind = ore_json_kind_of(object, key);
    if (kind == ORE_JSON_MISSING)
        return ore_row_fail(row, field, "missing");
    if (inexact && (kind == ORE_JSON_DOUBLE || kind == ORE_JSON_OBJECT || kind == ORE_JSON_ARRAY))
        return ore_row_fail(row, field, "a number, in an object with one of more than 64 bits");
    if (kind == ORE_JSON_OBJECT || kind == ORE_JSON_ARRAY) {
        ore_json *inner = kind == ORE_JSON_OBJECT ? ore_json_get_object(object, key)
                                                  : ore_json_get_array(object, key);
        char *json = ore_json_text(inner, false);
        ore_status status = json ? put_cell(row, json, strlen(json)) : ore_error_status();
        ore_string_free(json);
        return status;
    }
    if (kind == ORE_JSON_STRING)
        text = ore_json_get_string(object, key);
    else if (kind == ORE_JSON_INT && ore_json_get_int(object, key, &whole) == ORE_OK) {
        snprintf(number, sizeof number, "%lld", (long long)whole);
        text = number;
    } else if (kind == ORE_JSON_DOUBLE && ore_json_get_double(object, key, &real) == ORE_OK)
        text = ore_number_text(real, number);
    else if (kind == ORE_JSON_BOOL && ore_json_get_bool(object, key, &truth) == ORE_OK)
        text = truth ? "true" : "false";
    return text ? put_cell(row, text, strlen(text)) : ore_error_status();
}

/* Jansson's message counts lines from the row's; the file's is put in its place. A number that is
 * too large does not keep the strings beside it from being read. */
static ore_json *parse_object(const ore_row *row, const char *bytes, int64_t size, bool *inexact) {
    ore_json *json = ore_json_parse_inexact(bytes, (size_t)size, "", inexact);
    if (!json && ore_error_status() == ORE_DATA) {
        ore_error error;
        ore_error_take(&error);
        const char *column = strstr(error.message, "column");
        ore_row_fail(row, -1, "%.200s", column ? column : error.message);
    }
    if (json && !ore_json_is_object(json)) {
        ore_json_free(json);
        json = NULL;
        ore_row_fail(row, -1, "an array, expected an object");
    }
    return json;
}

/* The fields of an object whose wanted members are strings; false: it takes a whole reader. */
static bool split_strings(ore_row *row, const char *bytes, int64_t size) {
    enum { FIELDS = 16 };
    const ore_table *table = row->table;
    ore_json_span spans[FIELDS];
    if (table->field_count > FIELDS ||
        !ore_json_find_strings(bytes, size, table->fields, table->field_count, spans))
        return false;
    for (int64_t i = 0; i < table->field_count; i++)
        if (!spans[i].found)
            return false;
    for (int64_t i = 0; i < table->field_count; i++) {
        char *to = begin_cell(row, (size_t)spans[i].bytes);
        if (to)
            end_cell(row, (size_t)ore_json_unescape(&spans[i], to));
    }
    return true;
}

static ore_status split_object(ore_row *row, const char *bytes, int64_t size) {
    if (split_strings(row, bytes, size))
        return ore_error_status();
    bool inexact;
    ore_json *json = parse_object(row, bytes, size, &inexact);
    for (int64_t i = 0; json && ore_ok() && i < row->table->field_count; i++)
        put_member(row, json, i, inexact);
    ore_json_free(json);
    return ore_error_status();
}

ore_status ore_row_name_members(ore_table *table, const char *bytes, int64_t size) {
    bool inexact; /* names are what they are */
    ore_json *json = parse_object(&table->row, bytes, size, &inexact);
    for (int64_t i = 0; json && ore_ok() && i < ore_json_count(json); i++)
        ore_table_add_field(table, ore_json_key(json, i), i);
    ore_json_free(json);
    return ore_error_status();
}

ore_status ore_row_parse(ore_row *row, const char *bytes, int64_t size) {
    ore_table_format format = row->table->options.format;
    ore_row_clear(row);
    if (check_text(row, format == ORE_TABLE_PARQUET ? 0 : -1, bytes, size) != ORE_OK)
        return ore_error_status();
    switch (format) {
    case ORE_TABLE_JSONL:
        return split_object(row, bytes, size);
    case ORE_TABLE_CSV:
    case ORE_TABLE_TSV:
        return split_table(row, bytes, bytes + size) == ORE_OK ? check_columns(row)
                                                               : ore_error_status();
    default:
        return put_cell(row, bytes, (size_t)size);
    }
}

/* ---- fields ---- */

const char *ore_row_text(const ore_row *row, int64_t field, size_t *bytes) {
    if (bytes)
        *bytes = 0;
    if (!ore_ok())
        return NULL;
    const ore_table *table = row->table;
    if (field < 0 || field >= table->field_count) {
        ore_fail(ORE_INVALID, "%.*s: field number %lld, expected 0 to %lld", ORE_PATH_SHOWN_BYTES,
                 table->name, (long long)field, (long long)table->field_count - 1);
        return NULL;
    }
    bool columns = table->options.format == ORE_TABLE_CSV || table->options.format == ORE_TABLE_TSV;
    const ore_cell *cell = &row->cells[columns ? table->columns[field] : field];
    if (bytes)
        *bytes = cell->bytes;
    return row->text + cell->at;
}

static ore_status fail_number(const ore_row *row, int64_t field, const char *text,
                              const char *expected) {
    return ore_row_fail(row, field, "\"%.*s\", expected %s", VALUE_SHOWN_BYTES, text, expected);
}

/* Whether all that is left are spaces. */
static bool is_end(const char *at) {
    return at[strspn(at, " \t\r\n")] == '\0';
}

ore_status ore_row_int(const ore_row *row, int64_t field, int64_t *value) {
    const char *text = ore_row_text(row, field, NULL);
    if (!text)
        return ore_error_status();
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || !is_end(end) || errno == ERANGE)
        return fail_number(row, field, text, "an integer");
    *value = number;
    return ORE_OK;
}

ore_status ore_row_double(const ore_row *row, int64_t field, double *value) {
    const char *text = ore_row_text(row, field, NULL);
    if (!text)
        return ore_error_status();
    char copy[64], *end; /* no number that anybody writes is longer */
    const char *start = text + strspn(text, " \t\r\n");
    size_t used = strspn(start, "0123456789+-.eE");
    bool fits = used > 0 && used < sizeof copy && is_end(start + used);
    if (!fits)
        return fail_number(row, field, text, "a number");
    memcpy(copy, start, used);
    copy[used] = '\0';
    char *point = strchr(copy, '.');
    if (point) /* strtod wants the locale's own */
        *point = *localeconv()->decimal_point;
    double number = strtod(copy, &end);
    if (end != copy + used || number - number != 0)
        return fail_number(row, field, text, "a number");
    *value = number;
    return ORE_OK;
}
