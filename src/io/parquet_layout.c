/* parquet_layout.c: what the end of a Parquet file says of its columns, and of their pages. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/parquet.h"
#include "io/table.h"
#include "io/thrift.h"

enum {
    MAGIC_BYTES = 4,
    TAIL_BYTES = 8,              /* the size of the description, and the magic again */
    DESCRIPTION_BYTES = 1 << 26, /* 64 MiB: files of 10,000 groups of rows have a tenth of that */
    COLUMNS_MAX = 1 << 16,
    DEPTH_MAX = 32, /* of structs inside one another */
    PATH_BYTES = 512,
    BYTE_ARRAY = 6,      /* the physical type of strings */
    FIXED_BYTE_ARRAY = 7 /* the last physical type */
};

/* An element of the schema: a column, or a struct, list or map around some. */
typedef struct element {
    int64_t type, repetition, children;
    bool text; /* it says that its bytes are text */
    const uint8_t *name;
    size_t name_bytes;
} element;

/* An element that others are inside of. */
typedef struct level {
    int64_t children_left;
    size_t path_bytes;
    int missing; /* how many of it and those around it may be missing */
    bool repeated;
} level;

typedef struct reader {
    ore_parquet_layout *layout;
    ore_table *table;
    ore_thrift thrift;
    int64_t file_bytes;
    int64_t *field_of; /* (leaf_count) the field of each column of the file, or -1 */
    int64_t leaf_count, leaf_capacity, group_capacity;
    int64_t levels_capacity;
    level levels[DEPTH_MAX];
    int depth;
    char path[PATH_BYTES];
} reader;

static ore_status fail(const reader *r, const char *what) {
    return ore_fail(ORE_DATA, "%.*s: Parquet: %s", ORE_PATH_SHOWN_BYTES, r->table->name, what);
}

/* ---- the schema ---- */

enum { REPETITION_OPTIONAL = 1, REPETITION_REPEATED = 2 };

/* Field 10, a union: 1 is a string, 4 a word of a set, 12 JSON. */
static bool logical_is_text(ore_thrift *t) {
    int64_t id = 0;
    bool text = false;
    for (ore_thrift_type type; (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        text = text || id == 1 || id == 4 || id == 12;
        ore_thrift_skip(t, type);
    }
    return text;
}

static element read_element(ore_thrift *t) {
    element e = {.type = -1};
    int64_t id = 0, converted;
    for (ore_thrift_type type; (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        if (id == 1 && type == ORE_THRIFT_I32)
            e.type = ore_thrift_int(t);
        else if (id == 3 && type == ORE_THRIFT_I32)
            e.repetition = ore_thrift_int(t);
        else if (id == 4 && type == ORE_THRIFT_BINARY)
            e.name = ore_thrift_binary(t, &e.name_bytes);
        else if (id == 5 && type == ORE_THRIFT_I32)
            e.children = ore_thrift_int(t);
        else if (id == 6 && type == ORE_THRIFT_I32) {
            converted = ore_thrift_int(t); /* the older name: 0 text, 4 a word of a set, 19 JSON */
            e.text = e.text || converted == 0 || converted == 4 || converted == 19;
        } else if (id == 10 && type == ORE_THRIFT_STRUCT)
            e.text = logical_is_text(t) || e.text;
        else
            ore_thrift_skip(t, type);
    }
    return e;
}

/* The path of an element inside the innermost level, "struct.member", into r->path: its bytes, or
 * -1 where it is too long to be one that is wanted. */
static int64_t make_path(reader *r, const element *e, size_t before) {
    size_t dot = before > 0, bytes = before + dot + e->name_bytes;
    if (bytes >= PATH_BYTES)
        return -1;
    if (dot)
        r->path[before] = '.';
    if (e->name_bytes > 0)
        memcpy(r->path + before + dot, e->name, e->name_bytes);
    r->path[bytes] = '\0';
    return (int64_t)bytes;
}

static const char *type_name(const element *e, bool repeated) {
    static const char *const names[] = {"bool",  "int32",  "int64", "int96",
                                        "float", "double", "bytes", "bytes of a fixed length"};
    if (repeated)
        return "a list or map";
    return e->type >= 0 && e->type <= FIXED_BYTE_ARRAY ? names[e->type] : "of an unknown type";
}

/* The field that the options give a column of this path, or -1. */
static int64_t wanted(const reader *r) {
    const ore_table_options *o = &r->table->options;
    for (int64_t i = 0; i < o->field_count; i++)
        if (strcmp(o->fields[i], r->path) == 0)
            return i;
    return -1;
}

static ore_status set_levels(reader *r, int64_t field, int missing) {
    void *levels = r->layout->levels;
    if (field >= r->levels_capacity)
        ore_grow(&levels, &r->levels_capacity, field + 1, sizeof(int));
    r->layout->levels = levels;
    if (ore_ok())
        r->layout->levels[field] = missing;
    return ore_error_status();
}

/* A column of the file: which field it is, if any. */
static ore_status add_leaf(reader *r, const element *e, const level *around, int64_t path_bytes) {
    const ore_table_options *o = &r->table->options;
    bool repeated = around->repeated || e->repetition == REPETITION_REPEATED;
    bool strings = e->type == BYTE_ARRAY && !repeated && path_bytes > 0;
    int64_t field = o->fields ? (path_bytes > 0 ? wanted(r) : -1)
                              : (strings && e->text ? r->table->field_count : -1);
    if (o->fields && field >= 0 && !strings)
        return ore_fail(ORE_DATA, "%.*s: Parquet: field '%.100s': is %s, expected strings",
                        ORE_PATH_SHOWN_BYTES, r->table->name, r->path, type_name(e, repeated));
    void *field_of = r->field_of;
    if (r->leaf_count == COLUMNS_MAX)
        return fail(r, "more than 65,536 columns");
    ore_grow(&field_of, &r->leaf_capacity, r->leaf_count + 1, sizeof(int64_t));
    r->field_of = field_of;
    if (!ore_ok())
        return ore_error_status();
    r->field_of[r->leaf_count++] = field;
    if (field < 0)
        return ORE_OK;
    if (!o->fields)
        ore_table_add_field(r->table, r->path, field);
    return set_levels(r, field, around->missing + (e->repetition == REPETITION_OPTIONAL));
}

static ore_status add_element(reader *r, const element *e) {
    while (r->depth > 0 && r->levels[r->depth - 1].children_left == 0)
        r->depth--;
    level root = {0}, *around = r->depth > 0 ? &r->levels[r->depth - 1] : &root;
    bool first = r->depth == 0; /* the root, whose name counts nothing */
    if (first && r->leaf_count > 0)
        return fail(r, "its schema has elements outside of its root");
    int64_t path_bytes = first ? 0 : make_path(r, e, around->path_bytes);
    if (!first)
        around->children_left--;
    if (e->children == 0 && !first)
        return add_leaf(r, e, around, path_bytes);
    if (r->depth == DEPTH_MAX)
        return fail(r, "structs more than 32 deep");
    level inner = {.children_left = e->children,
                   .path_bytes = path_bytes < 0 ? PATH_BYTES : (size_t)path_bytes,
                   .missing = around->missing + (!first && e->repetition == REPETITION_OPTIONAL),
                   .repeated =
                       around->repeated || (!first && e->repetition == REPETITION_REPEATED)};
    r->levels[r->depth++] = inner;
    return ORE_OK;
}

static ore_status read_schema(reader *r) {
    int64_t count = ore_thrift_list(&r->thrift, ORE_THRIFT_STRUCT);
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        element e = read_element(&r->thrift);
        if (r->thrift.failed || e.children < 0 || e.children > count)
            return fail(r, "its schema is damaged");
        add_element(r, &e);
    }
    const ore_table_options *o = &r->table->options;
    for (int64_t i = 0; i < o->field_count && o->fields && ore_ok(); i++) {
        bool there = false;
        for (int64_t leaf = 0; leaf < r->leaf_count; leaf++)
            there = there || r->field_of[leaf] == i;
        if (!there)
            ore_fail(ORE_DATA, "%.*s: Parquet: has no column '%.100s'", ORE_PATH_SHOWN_BYTES,
                     r->table->name, o->fields[i]);
        ore_table_add_field(r->table, o->fields[i], i);
    }
    r->layout->column_count = r->table->field_count;
    if (ore_ok() && r->table->field_count == 0)
        fail(r, "has no column of strings");
    return ore_error_status();
}

/* ---- groups of rows ---- */

static bool packing_of(int64_t codec, ore_packing *packing) {
    static const struct {
        int64_t codec;
        ore_packing packing;
    } known[] = {{0, ORE_PACKING_NONE},
                 {1, ORE_PACKING_SNAPPY},
                 {2, ORE_PACKING_GZIP},
                 {6, ORE_PACKING_ZSTD}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].codec == codec) {
            *packing = known[i].packing;
            return true;
        }
    return false;
}

static ore_status fail_codec(const reader *r, int64_t codec) {
    static const char *const names[] = {"none",   "snappy", "gzip",      "LZO",
                                        "Brotli", "LZ4",    "Zstandard", "LZ4_RAW"};
    bool named = codec >= 0 && codec < (int64_t)(sizeof names / sizeof *names);
    return ore_fail(ORE_DATA,
                    "%.*s: Parquet: packed by %s, expected snappy, gzip, Zstandard or nothing",
                    ORE_PATH_SHOWN_BYTES, r->table->name, named ? names[codec] : "something new");
}

/* The description of a column in a group; *codec is checked by the caller, since only those that
 * are wanted need be readable. */
static ore_parquet_chunk read_chunk_body(ore_thrift *t, int64_t *codec) {
    ore_parquet_chunk c = {0};
    int64_t id = 0, dictionary = 0;
    for (ore_thrift_type type; (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        if (id == 4 && type == ORE_THRIFT_I32)
            *codec = ore_thrift_int(t);
        else if (id == 5 && type == ORE_THRIFT_I64)
            c.values = ore_thrift_int(t);
        else if (id == 7 && type == ORE_THRIFT_I64)
            c.bytes = ore_thrift_int(t);
        else if (id == 9 && type == ORE_THRIFT_I64)
            c.at = ore_thrift_int(t);
        else if (id == 11 && type == ORE_THRIFT_I64)
            dictionary = ore_thrift_int(t);
        else
            ore_thrift_skip(t, type);
    }
    if (dictionary > 0 && dictionary < c.at) /* stands before the data pages */
        c.at = dictionary;
    return c;
}

static ore_status read_chunk(reader *r, ore_parquet_chunk *chunk) {
    ore_thrift *t = &r->thrift;
    int64_t id = 0, codec = -1;
    bool elsewhere = false, there = false;
    for (ore_thrift_type type; (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        if (id == 3 && type == ORE_THRIFT_STRUCT) {
            ore_parquet_chunk body = read_chunk_body(t, &codec);
            if (chunk)
                *chunk = body;
            there = true;
        } else {
            elsewhere = elsewhere || id == 1;
            ore_thrift_skip(t, type);
        }
    }
    if (!chunk || t->failed)
        return ore_error_status();
    if (elsewhere || !there)
        return fail(r, elsewhere ? "its pages are in another file"
                                 : "a column has no description, or an encrypted one");
    if (!packing_of(codec, &chunk->packing))
        return fail_codec(r, codec);
    bool inside = chunk->at >= MAGIC_BYTES && chunk->bytes >= 0 &&
                  chunk->bytes <= r->file_bytes - TAIL_BYTES - chunk->at;
    return inside || chunk->values == 0 ? ORE_OK
                                        : fail(r, "a column's pages lie outside of the file");
}

/* Room for another group, whose chunks are zeros. */
static ore_parquet_chunk *add_group(reader *r) {
    ore_parquet_layout *l = r->layout;
    int64_t count = l->group_count + 1, chunks_capacity = r->group_capacity * l->column_count;
    void *rows = l->rows, *chunks = l->chunks;
    if (count > r->group_capacity) {
        ore_grow(&rows, &r->group_capacity, count, sizeof(int64_t));
        ore_grow(&chunks, &chunks_capacity, r->group_capacity * l->column_count,
                 sizeof(ore_parquet_chunk));
        l->rows = rows;
        l->chunks = chunks;
    }
    if (!ore_ok())
        return NULL;
    ore_parquet_chunk *first = l->chunks + l->group_count * l->column_count;
    memset(first, 0, (size_t)l->column_count * sizeof *first);
    l->group_count = count;
    return first;
}

static ore_status read_group(reader *r) {
    ore_thrift *t = &r->thrift;
    ore_parquet_layout *l = r->layout;
    ore_parquet_chunk *chunks = add_group(r);
    int64_t id = 0, rows = 0, columns = 0;
    for (ore_thrift_type type; ore_ok() && (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        if (id == 1 && type == ORE_THRIFT_LIST) {
            columns = ore_thrift_list(t, ORE_THRIFT_STRUCT);
            for (int64_t i = 0; i < columns && i < r->leaf_count && ore_ok(); i++)
                read_chunk(r, r->field_of[i] >= 0 ? &chunks[r->field_of[i]] : NULL);
            if (ore_ok() && columns != r->leaf_count)
                fail(r, "a group of rows has another number of columns than the schema");
        } else if (id == 3 && type == ORE_THRIFT_I64)
            rows = ore_thrift_int(t);
        else
            ore_thrift_skip(t, type);
    }
    if (ore_ok() && columns == 0)
        fail(r, "a group of rows without columns");
    for (int64_t i = 0; i < l->column_count && ore_ok(); i++)
        if (rows < 0 || chunks[i].values != rows)
            fail(r, "a column has another number of values than its group has rows");
    if (ore_ok())
        l->rows[l->group_count - 1] = rows;
    return ore_error_status();
}

static ore_status read_description(reader *r) {
    ore_thrift *t = &r->thrift;
    int64_t id = 0;
    bool schema = false;
    for (ore_thrift_type type; ore_ok() && (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        if (id == 2 && type == ORE_THRIFT_LIST && !schema) {
            schema = true;
            read_schema(r);
        } else if (id == 4 && type == ORE_THRIFT_LIST && schema && r->layout->group_count == 0) {
            int64_t count = ore_thrift_list(t, ORE_THRIFT_STRUCT);
            for (int64_t i = 0; i < count && ore_ok() && !t->failed; i++)
                read_group(r);
        } else
            ore_thrift_skip(t, type);
    }
    if (ore_ok() && (t->failed || !schema))
        fail(r, "its description is damaged");
    return ore_error_status();
}

/* ---- the file ---- */

static ore_status read_at(const reader *r, void *bytes, int64_t count, int64_t offset) {
    int64_t got = ore_table_pread(r->table, bytes, count, offset);
    return got == count ? ORE_OK : got < 0 ? ore_error_status() : fail(r, "cut short");
}

ore_status ore_parquet_layout_read(ore_parquet_layout *layout, ore_table *table, int64_t bytes) {
    reader r = {.layout = layout, .table = table, .file_bytes = bytes};
    uint8_t head[MAGIC_BYTES] = {0}, tail[TAIL_BYTES] = {0};
    uint8_t *description = NULL;
    uint32_t size;
    *layout = (ore_parquet_layout){0};
    if (bytes < MAGIC_BYTES + TAIL_BYTES)
        return fail(&r, "shorter than its two marks");
    read_at(&r, head, MAGIC_BYTES, 0);
    if (ore_ok())
        read_at(&r, tail, TAIL_BYTES, bytes - TAIL_BYTES);
    if (ore_ok() && memcmp(tail + 4, "PARE", MAGIC_BYTES) == 0)
        fail(&r, "is encrypted");
    else if (ore_ok() &&
             (memcmp(head, "PAR1", MAGIC_BYTES) != 0 || memcmp(tail + 4, "PAR1", MAGIC_BYTES) != 0))
        fail(&r, "does not begin and end with PAR1");
    memcpy(&size, tail, sizeof size); /* the machine is little-endian */
    if (ore_ok() && (size > bytes - MAGIC_BYTES - TAIL_BYTES || size > DESCRIPTION_BYTES))
        fail(&r, "its description is longer than the file, or than 64 MiB");
    if (ore_ok() && (description = ore_alloc(size)) &&
        read_at(&r, description, size, bytes - TAIL_BYTES - size) == ORE_OK) {
        r.thrift = (ore_thrift){.at = description, .end = description + size};
        read_description(&r);
    }
    ore_release(description);
    ore_release(r.field_of);
    if (!ore_ok())
        ore_parquet_layout_release(layout);
    return ore_error_status();
}

void ore_parquet_layout_release(ore_parquet_layout *layout) {
    ore_release(layout->levels);
    ore_release(layout->chunks);
    ore_release(layout->rows);
    *layout = (ore_parquet_layout){0};
}
