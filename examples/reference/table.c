/* table.c: a CSV of texts and labels, row by row, and what is said of a row that is wrong. */
#include <stdio.h>

#include <ore/ore.h>

int main(void) {
    static const char csv[] = "text,label\n"
                              "\"good, \"\"really\"\" good\",1\n"
                              "not good,0\n"
                              "fine,yes\n";
    const char *const fields[] = {"label", "text"};
    ore_table_options o = ore_table_defaults();
    o.fields = fields;
    o.field_count = 2;
    ore_table *table = ore_table_open_memory("reviews.csv", csv, sizeof csv - 1, &o);
    const ore_row *row;
    while ((row = ore_table_next(table)) != NULL) {
        int64_t label;
        if (ore_row_int(row, 0, &label) == ORE_OK)
            printf("line %lld: %lld %s\n", (long long)ore_row_line(row), (long long)label,
                   ore_row_text(row, 1, NULL));
        else
            printf("%s\n", ore_error_message());
        ore_error_clear();
    }

    ore_table_close(table);
    return ore_ok() ? 0 : 1;
}
