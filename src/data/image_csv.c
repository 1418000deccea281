/* image_csv.c: labelled pictures out of a CSV, one a row. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ore/files.h>
#include <ore/table.h>

#include "base/files.h"
#include "base/given.h"
#include "base/memory.h"
#include "data/images.h"

enum { CLASSES_MAX = 10000, PIXEL_MAX = 255 };

typedef struct csv_reader {
    const char *path;
    ore_image_csv_options options;
    const ore_image_form *expected; /* or NULL */
    int64_t label, pixels;          /* the label's field; how many others there are */
    int64_t height, width;
    ore_image_form classes; /* in the order in which they came, its names owned */
    int64_t class_room;
    uint8_t *values;  /* (room, pixels) */
    int64_t *numbers; /* (room) of classes */
    int64_t count, room;
} csv_reader;

/* A block twice as large with the same content; NULL with an error. */
static void *grown(void *block, int64_t count, int64_t room, size_t each) {
    size_t bytes;
    void *larger = ore_bytes_of(room, each, &bytes) == ORE_OK ? ore_alloc(bytes) : NULL;
    if (larger && count > 0)
        memcpy(larger, block, (size_t)count * each);
    if (larger)
        ore_release(block);
    return larger;
}

/* ---- the size of a picture ---- */

static ore_status settle_size(csv_reader *r, const ore_row *row) {
    int64_t places = r->pixels / r->options.channels;
    r->height = r->width = (int64_t)(sqrt((double)places) + 0.5);
    if (r->expected) {
        r->height = r->expected->height;
        r->width = r->expected->width;
        if (r->expected->channels != r->options.channels ||
            r->pixels != r->height * r->width * r->options.channels)
            return ore_row_fail(
                row, -1, "%lld pixel%s, expected %lld: %lld x %lld of %lld channel%s",
                (long long)r->pixels, ore_plural(r->pixels),
                (long long)(r->expected->channels * r->height * r->width), (long long)r->width,
                (long long)r->height, (long long)r->expected->channels,
                ore_plural(r->expected->channels));
        return ORE_OK;
    }
    if (r->pixels == 0 || r->pixels % r->options.channels != 0 || r->height * r->width != places)
        return ore_row_fail(row, -1,
                            "%lld pixel%s beside the label, expected those of a square picture of "
                            "%lld channel%s",
                            (long long)r->pixels, ore_plural(r->pixels),
                            (long long)r->options.channels, ore_plural(r->options.channels));
    return ORE_OK;
}

/* Whether the first row names the columns; where the label is. */
static bool find_label(csv_reader *r, const ore_table *table, const ore_row *row) {
    int64_t fields = ore_table_field_count(table);
    r->pixels = fields - 1;
    for (int64_t i = 0; i < fields; i++)
        if (strcmp(ore_row_text(row, i, NULL), r->options.label) == 0) {
            r->label = i;
            return true;
        }
    return false;
}

/* ---- rows ---- */

static int64_t class_of(csv_reader *r, const ore_row *row) {
    const char *name = ore_row_text(row, r->label, NULL);
    ore_image_form *own = &r->classes;
    if (!*name) {
        ore_row_fail(row, r->label, "empty");
        return -1;
    }
    int64_t number = ore_images_class(r->expected ? r->expected : own, name);
    if (number >= 0)
        return number;
    if (r->expected) {
        ore_row_fail(row, r->label, "label '%.100s' is none of the pictures that were learnt from",
                     name);
    } else if (own->class_count == CLASSES_MAX) {
        ore_row_fail(row, r->label, "more than %d labels", CLASSES_MAX);
    } else {
        if (own->class_count == r->class_room) {
            r->class_room = 2 * r->class_room + 16;
            char **names = grown(own->classes, own->class_count, r->class_room, sizeof *names);
            if (!names)
                return -1;
            own->classes = names;
        }
        own->classes[own->class_count] = ore_images_copy_name(name);
        return own->classes[own->class_count] ? own->class_count++ : -1;
    }
    return -1;
}

static ore_status make_room(csv_reader *r) {
    if (r->count < r->room)
        return ORE_OK;
    int64_t room = 2 * r->room + 64;
    uint8_t *values = grown(r->values, r->count, room, (size_t)r->pixels);
    if (values)
        r->values = values;
    int64_t *numbers = values ? grown(r->numbers, r->count, room, sizeof *numbers) : NULL;
    if (!numbers)
        return ore_error_status();
    r->numbers = numbers;
    r->room = room;
    return ORE_OK;
}

static ore_status add_row(csv_reader *r, const ore_row *row) {
    if (make_room(r) != ORE_OK)
        return ore_error_status();
    int64_t channels = r->options.channels, places = r->height * r->width, value, at = 0;
    uint8_t *picture = r->values + r->count * r->pixels; /* (C, H, W) */
    for (int64_t i = 0; i <= r->pixels; i++) {
        if (i == r->label)
            continue;
        if (ore_row_int(row, i, &value) != ORE_OK)
            return ore_error_status();
        if (value < 0 || value > PIXEL_MAX)
            return ore_row_fail(row, i, "%lld, expected a pixel of 0 to %d", (long long)value,
                                PIXEL_MAX);
        picture[at % channels * places + at / channels] = (uint8_t)value;
        at++;
    }
    r->numbers[r->count] = class_of(r, row);
    r->count++;
    return ore_error_status();
}

static ore_status read_rows(csv_reader *r, ore_table *table) {
    const ore_row *row = ore_table_next(table);
    if (row && find_label(r, table, row))
        row = ore_table_next(table);
    if (row)
        settle_size(r, row);
    for (; row && ore_no_error(); row = ore_table_next(table))
        add_row(r, row);
    if (ore_no_error() && r->count == 0)
        ore_fail(ORE_DATA, "%.*s: no row with a picture", ORE_PATH_SHOWN_BYTES, r->path);
    return ore_error_status();
}

/* ---- classes in order ---- */

/* Whether a label is a whole number in its usual form. */
static bool is_number(const char *name, long long *value) {
    char *end;
    *value = strtoll(name, &end, 10);
    return end != name && *end == 0;
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_number(const void *a, const void *b) {
    long long x, y;
    is_number(*(char *const *)a, &x);
    is_number(*(char *const *)b, &y);
    return x != y ? (x > y) - (x < y) : by_bytes(a, b);
}

/* Sorts the classes, and gives the pictures their new numbers. */
static ore_status sort_classes(csv_reader *r) {
    int64_t n = r->classes.class_count;
    bool numbers = true;
    long long value;
    char **came = ore_alloc((size_t)n * sizeof *came);
    int64_t *place = ore_alloc((size_t)n * sizeof *place);
    if (came && place) {
        memcpy(came, r->classes.classes, (size_t)n * sizeof *came);
        for (int64_t c = 0; c < n; c++)
            numbers = numbers && is_number(came[c], &value);
        qsort(r->classes.classes, (size_t)n, sizeof *came, numbers ? by_number : by_bytes);
        for (int64_t c = 0; c < n; c++)
            place[c] = ore_images_class(&r->classes, came[c]);
        for (int64_t i = 0; i < r->count; i++)
            r->numbers[i] = place[r->numbers[i]];
    }
    ore_release(came);
    ore_release(place);
    return ore_error_status();
}

/* ---- the whole ---- */

static ore_images *make_images(csv_reader *r) {
    if (!r->expected && sort_classes(r) != ORE_OK)
        return NULL;
    ore_image_form form = r->expected ? *r->expected : r->classes;
    form.channels = r->options.channels;
    form.height = r->height;
    form.width = r->width;
    ore_images *images = ore_images_new(&form);
    if (!images)
        return NULL;
    ore_shape shape = ORE_SHAPE(r->count, form.channels, form.height, form.width);
    ore_scope_begin();
    ore_tensor *x = ore_from_data(r->values, shape, ORE_UINT8);
    ore_tensor *y = ore_from_data(r->numbers, ORE_SHAPE(r->count), ORE_INT64);
    images->x = x ? ore_own(x) : NULL;
    images->y = y ? ore_own(y) : NULL;
    ore_scope_end();
    if (ore_no_error())
        return images;
    ore_images_free(images);
    return NULL;
}

ore_image_csv_options ore_image_csv_defaults(void) {
    return (ore_image_csv_options){.label = "label", .channels = 1};
}

ore_images *ore_image_csv_read(const char *path, const ore_image_csv_options *options,
                               const ore_image_form *form) {
    csv_reader r = {.path = path, .expected = form};
    r.options = options ? *options : ore_image_csv_defaults();
    if (!ore_is_given("image_csv_read", "the label's name", r.options.label) ||
        !ore_images_form_fits("image_csv_read", form))
        return NULL;
    if (r.options.channels != 1 && r.options.channels != 3) {
        ore_fail(ORE_INVALID, "image_csv_read: %lld channels, expected 1 or 3",
                 (long long)r.options.channels);
        return NULL;
    }
    size_t bytes = 0;
    char *file = ore_file_read(path, &bytes);
    ore_table_options o = ore_table_defaults();
    o.format = ORE_TABLE_CSV;
    o.header = false;
    ore_table *table = file ? ore_table_open_memory(path, file, bytes, &o) : NULL;
    ore_images *images = table && read_rows(&r, table) == ORE_OK ? make_images(&r) : NULL;
    if (images)
        images->digest = ore_digest_of(file, bytes);
    ore_table_close(table);
    ore_string_free(file);
    for (int64_t c = 0; c < r.classes.class_count; c++)
        ore_release(r.classes.classes[c]);
    ore_release(r.classes.classes);
    ore_release(r.values);
    ore_release(r.numbers);
    return images;
}
