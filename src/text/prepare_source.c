/* prepare_source.c: the documents of files, one after the other. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "io/table.h"
#include "text/prepare.h"

enum { READ_BYTES = 1 << 16, MARK_BYTES = 3 }; /* at a time; of a UTF-8 byte order mark */

/* ---- files of text as documents ---- */

/* Reads until there is more than a document may have, or the file ends. */
static ore_status fill(ore_document_source *s) {
    const char *path = s->list->paths[s->place.file];
    if (s->given > 0)
        memmove(s->text, s->text + s->given, (size_t)(s->held - s->given));
    s->held -= s->given;
    s->given = 0;
    while (!s->whole && s->held <= s->options->document_bytes) {
        void *text = s->text;
        if (ore_grow(&text, &s->capacity, s->held + READ_BYTES, 1) != ORE_OK)
            return ore_error_status();
        s->text = text;
        int64_t got = ore_stream_read(s->stream, s->text + s->held, s->capacity - s->held);
        if (got < 0)
            return ore_error_status();
        bool first = s->place.row == 0 && s->held < MARK_BYTES;
        s->held += got;
        s->whole = got == 0;
        if (first && s->held >= 2 &&
            (memcmp(s->text, "\xFF\xFE", 2) == 0 || memcmp(s->text, "\xFE\xFF", 2) == 0))
            return ore_fail(ORE_DATA, "%.*s: is UTF-16 or UTF-32, expected UTF-8",
                            ORE_PATH_SHOWN_BYTES, path);
    }
    return ORE_OK;
}

/* How much of what is held is the next document: all of it, or up to the last line end, or at least
 * no half of a character. */
static int64_t cut(const ore_document_source *s) {
    int64_t most = s->options->document_bytes, end = most;
    if (s->held <= most)
        return s->held;
    while (end > 0 && s->text[end - 1] != '\n')
        end--;
    if (end > 0)
        return end;
    for (end = most; end > most - 3 && end > 1 && (s->text[end] & 0xC0) == 0x80;)
        end--;
    return end;
}

static bool next_text(ore_document_source *s, ore_document *d) {
    if (fill(s) != ORE_OK || (s->held == 0 && (s->place.row > 0 || !s->whole)))
        return false;
    bool mark = s->place.row == 0 && s->held >= MARK_BYTES &&
                memcmp(s->text, "\xEF\xBB\xBF", MARK_BYTES) == 0;
    s->given = cut(s);
    *d = (ore_document){.bytes = s->text + (mark ? MARK_BYTES : 0),
                        .size = s->given - (mark ? MARK_BYTES : 0)};
    return true;
}

/* ---- any file ---- */

/* Rows of a table that has ended may be parsed later. */
static void end_file(ore_document_source *s) {
    if (s->table) {
        ore_table_end(s->table);
        s->table->link = s->ended;
        s->ended = s->table;
        s->ended_count++;
    }
    ore_stream_close(s->stream);
    if (s->descriptor >= 0)
        close(s->descriptor);
    s->table = NULL;
    s->stream = NULL;
    s->descriptor = -1;
    s->held = s->given = 0;
    s->whole = false;
}

/* By the table's own rule for names, but that a document longer than a row may be is cut. */
static ore_status begin_file(ore_document_source *s) {
    const ore_prepare_options *o = s->options;
    const char *path = s->list->paths[s->place.file];
    ore_table_options t = ore_table_defaults();
    t.format = o->format == ORE_TABLE_AUTO ? ore_table_format_of(path) : o->format;
    t.row_bytes_max = (size_t)o->document_bytes;
    if (t.format == ORE_TABLE_LINES && o->unit == ORE_UNIT_FILE) {
        struct stat information;
        s->descriptor = ore_open_to_read(path, &information);
        if (s->descriptor >= 0)
            s->stream = ore_stream_open(path, s->descriptor, NULL, 0);
        return ore_error_status();
    }
    if (t.format != ORE_TABLE_LINES) {
        t.fields = &o->field;
        t.field_count = 1;
    }
    s->table = ore_table_open(path, &t);
    return ore_error_status();
}

/* The next document of the present file; false at its end or on an error. */
static bool next_in_file(ore_document_source *s, ore_document *d) {
    if (!s->table)
        return next_text(s, d);
    *d = (ore_document){.table = s->table};
    d->bytes = ore_table_raw(s->table, &d->size, &d->line);
    s->row_failed = !d->bytes && s->table->row_failed;
    return d->bytes != NULL;
}

bool ore_document_source_next(ore_document_source *s, ore_document *d) {
    s->row_failed = false;
    while (ore_ok() && !s->broken && s->place.file < s->list->count) {
        bool open = s->table || s->stream;
        if (!open && begin_file(s) != ORE_OK)
            break;
        bool there = next_in_file(s, d);
        s->place.row += there || s->row_failed;
        if (there || s->row_failed)
            return there;
        end_file(s);
        if (ore_ok())
            s->place = (ore_input_place){.file = s->place.file + 1};
    }
    s->broken = !ore_ok();
    return false;
}

/* Goes behind `rows` documents of the present file; rows are not parsed. */
static ore_status skip(ore_document_source *s, int64_t rows) {
    ore_document d;
    if (rows == 0 || begin_file(s) != ORE_OK)
        return ore_error_status();
    while (s->place.row < rows && (next_in_file(s, &d) || s->row_failed)) {
        if (s->row_failed)
            ore_error_clear(); /* it was left out, or has been reported */
        s->place.row++;
    }
    if (ore_ok() && s->place.row < rows)
        ore_fail(ORE_DATA, "%.*s: has fewer documents than when it was first read",
                 ORE_PATH_SHOWN_BYTES, s->list->paths[s->place.file]);
    return ore_error_status();
}

ore_status ore_document_source_open(ore_document_source *s, const ore_input_list *list,
                                    const ore_prepare_options *options, ore_input_place place) {
    *s = (ore_document_source){
        .list = list, .options = options, .place = {.file = place.file}, .descriptor = -1};
    return place.file < list->count ? skip(s, place.row) : ore_error_status();
}

void ore_document_tables_close(ore_table *tables) {
    for (ore_table *next; tables; tables = next) {
        next = tables->link;
        ore_table_close(tables);
    }
}

void ore_document_source_close(ore_document_source *s) {
    end_file(s);
    ore_document_tables_close(s->ended);
    ore_release(s->text);
    *s = (ore_document_source){.descriptor = -1};
}
