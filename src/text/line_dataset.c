/* line_dataset.c: the lines of a file as samples of tokens. */
#include <ore/text.h>

#include "base/memory.h"

static ore_status read_line(void *user, const ore_row *row, ore_sample *sample) {
    const ore_tokenizer *tokenizer = user;
    size_t bytes;
    const char *text = ore_row_text(row, 0, &bytes);
    int64_t *ids = text ? ore_alloc((bytes + 1) * sizeof *ids) : NULL; /* no token has no bytes */
    int64_t count =
        ids ? ore_tokenizer_encode(tokenizer, text, bytes, ids, (int64_t)bytes + 1) : -1;
    if (count >= 0)
        sample->fields[0] = ore_from_data(ids, ORE_SHAPE(count), ORE_INT64);
    ore_release(ids);
    if (ore_error_status() != ORE_DATA)
        return ore_error_status();
    ore_error error;
    ore_error_take(&error);
    return ore_row_fail(row, 0, "%s", error.message);
}

ore_dataset *ore_line_dataset_new(const char *path, const ore_tokenizer *tokenizer) {
    ore_table_options o = ore_table_defaults();
    o.format = ORE_TABLE_LINES;
    return tokenizer ? ore_table_dataset_new(path, &o, 1, read_line, (void *)tokenizer) : NULL;
}
