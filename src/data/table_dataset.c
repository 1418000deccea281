/* table_dataset.c: the rows of a file as samples, read where they stand. */
#include <ore/dataset.h>

#include "base/files.h"
#include "base/memory.h"
#include "io/table.h"

typedef struct table_dataset {
    ore_dataset base; /* first: an ore_dataset of this kind is one of these */
    ore_table *table;
    int64_t *offsets; /* (length + 1) where each row begins; the last is where the file ends */
    int64_t capacity;
    ore_row_reader read;
    void *user;
} table_dataset;

static ore_status table_get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const table_dataset *self = (const table_dataset *)dataset;
    const int64_t *at = self->offsets + i;
    ore_row row = {0};
    ore_status status = ore_table_read_at(self->table, at[0], at[1] - at[0], &row);
    if (status == ORE_OK)
        status = self->read(self->user, &row, sample);
    ore_row_release(&row);
    return status;
}

static void table_close(ore_dataset *dataset) {
    table_dataset *self = (table_dataset *)dataset;
    ore_table_close(self->table);
    ore_release(self->offsets);
    ore_release(self);
}

static ore_status index_rows(table_dataset *self) {
    int64_t offset = 0, bytes = 0, count = 0;
    while (ore_ok()) {
        bool more = ore_table_step(self->table, &offset, &bytes);
        void *offsets = self->offsets;
        ore_grow(&offsets, &self->capacity, count + 1, sizeof *self->offsets);
        self->offsets = offsets;
        if (!ore_ok())
            break;
        self->offsets[count] = more ? offset : self->table->offset;
        if (!more)
            break;
        count++;
    }
    self->base.length = count;
    if (ore_ok() && count == 0)
        ore_fail(ORE_DATA, "%.*s: has no rows", ORE_PATH_SHOWN_BYTES, self->table->name);
    return ore_error_status();
}

ore_dataset *ore_table_dataset_new(const char *path, const ore_table_options *options, int fields,
                                   ore_row_reader read, void *user) {
    if (!ore_ok())
        return NULL;
    if (fields < 1 || fields > ORE_FIELDS_MAX) {
        ore_fail(ORE_INVALID, "table data set: %d fields, expected 1 to %d", fields,
                 ORE_FIELDS_MAX);
        return NULL;
    }
    table_dataset *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->read = read;
    self->user = user;
    self->table = ore_table_open(path, options);
    if (self->table && ore_table_check_places(self->table) == ORE_OK &&
        index_rows(self) == ORE_OK) {
        self->base = (ore_dataset){.name = self->table->name,
                                   .length = self->base.length,
                                   .fields = fields,
                                   .get = table_get,
                                   .close = table_close};
        return &self->base;
    }
    table_close(&self->base);
    return NULL;
}
