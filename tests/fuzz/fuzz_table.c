/* Any bytes as lines, CSV, TSV and JSON lines: each row has all fields, and what is refused is
 * ORE_DATA in one line. Errors end no reading; rows that are read again where they stand are the
 * same. */
#include <string.h>

#include "io/table.h"
#include "check.h"

static void check_row(const ore_table *table, const ore_row *row, ore_row *again) {
    check(ore_row_line(row) >= 1);
    bool places = ore_table_check_places(table) == ORE_OK; /* else the bytes are a gzip header's */
    ore_error_clear();
    if (places)
        check(ore_table_read_at(table, row->offset, 1 << 20, again) == ORE_OK);
    for (int64_t i = 0; i < ore_table_field_count(table); i++) {
        size_t bytes;
        const char *text = ore_row_text(row, i, &bytes);
        check(text && strlen(text) == bytes);
        double number;
        if (ore_row_double(row, i, &number) != ORE_OK)
            check_error();
        if (places)
            check(strcmp(text, ore_row_text(again, i, NULL)) == 0);
    }
}

static void try_format(ore_table_format format, bool header, const uint8_t *data, size_t size) {
    ore_table_options o = ore_table_defaults();
    o.format = format;
    o.header = header;
    o.row_bytes_max = 1 << 12;
    ore_table *table = ore_table_open_memory("fuzz", data, size, &o);
    if (!table) {
        check_error();
        return;
    }
    ore_row again = {0};
    for (size_t calls = 0;; calls++) {
        check(calls <= size + 1);
        const ore_row *row = ore_table_next(table);
        if (row)
            check_row(table, row, &again);
        else if (ore_ok())
            break;
        else
            check_error();
    }
    ore_row_release(&again);
    ore_table_close(table);
}

/* Rows that are taken as they stand and parsed later are those that reading gives. */
static void try_raw(ore_table_format format, const uint8_t *data, size_t size) {
    ore_table_options o = ore_table_defaults();
    o.format = format;
    o.row_bytes_max = 1 << 12;
    ore_table *table = ore_table_open_memory("fuzz", data, size, &o);
    ore_error_clear();
    ore_table *other = ore_table_open_memory("fuzz", data, size, &o);
    ore_error_clear();
    ore_row parsed = {.table = other};
    for (int64_t bytes; table && other;) {
        const ore_row *row = ore_table_next(table);
        ore_status status = ore_error_status();
        ore_error_clear();
        const char *raw = ore_table_raw(other, &bytes, &parsed.line);
        ore_status of_raw = ore_error_status();
        check(of_raw == ORE_OK || (status == of_raw && !raw));
        if (raw)
            of_raw = ore_row_parse(&parsed, raw, bytes);
        ore_error_clear();
        check(status == of_raw && (!row || raw));
        for (int64_t i = 0; row && i < ore_table_field_count(table); i++)
            check(strcmp(ore_row_text(row, i, NULL), ore_row_text(&parsed, i, NULL)) == 0);
        if (!row && status == ORE_OK)
            break;
    }
    ore_row_release(&parsed);
    ore_table_close(table);
    ore_table_close(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    for (int format = ORE_TABLE_AUTO; format <= ORE_TABLE_JSONL; format++) {
        for (int header = 0; header < 2; header++)
            try_format((ore_table_format)format, header, data, size);
        try_raw((ore_table_format)format, data, size);
    }
    return 0;
}
