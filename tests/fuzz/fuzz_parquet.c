/* Any bytes as Parquet: rows that have all fields, or an error in one line. Of the time that a file
 * can take, its groups of rows decide: each row takes a byte at least, or a level of no width. */
#include <string.h>

#include <ore/table.h>

#include "check.h"

static void try_fields(const char *const *fields, const uint8_t *data, size_t size) {
    enum { ROWS_MAX = 10000 }; /* a run of levels can state 2^40 missing values */
    ore_table_options o = ore_table_defaults();
    o.format = ORE_TABLE_PARQUET;
    o.fields = fields;
    o.field_count = fields ? 1 : 0;
    ore_table *table = ore_table_open_memory("fuzz", data, size, &o);
    if (!table) {
        check_error();
        return;
    }
    for (int64_t calls = 0; calls < ROWS_MAX; calls++) {
        const ore_row *row = ore_table_next(table);
        if (!row && ore_ok())
            break;
        if (!row)
            check_error();
        for (int64_t i = 0; row && i < ore_table_field_count(table); i++) {
            size_t bytes;
            const char *text = ore_row_text(row, i, &bytes);
            check(text && strlen(text) == bytes);
        }
    }
    ore_table_close(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    try_fields(NULL, data, size);
    try_fields((const char *const[]){"text"}, data, size);
    return 0;
}
