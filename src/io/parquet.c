/* parquet.c: the values of a Parquet file's columns of strings, a page of each at a time. */
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/parquet.h"
#include "io/table.h"
#include "io/thrift.h"

enum {
    PAGE_BYTES_MAX = 1 << 28, /* 256 MiB: DuckDB writes 100 MB, others 1 MiB */
    HEADER_BYTES = 1 << 12,   /* read for a page's header; four times as much where it is longer, */
    HEADER_BYTES_MAX = 1 << 22, /* which its statistics can make it */
};

/* ---- runs of small numbers: levels, and places in a dictionary ---- */

typedef struct runs {
    const uint8_t *at, *end;
    int width;       /* bits of a number */
    int64_t left;    /* numbers of the present run */
    bool repeated;   /* the run is one number */
    uint32_t number; /* that one */
    uint64_t bits;   /* else: of bytes that have been taken */
    int bit_count;
} runs;

static bool begin_run(runs *r) {
    uint64_t head = 0;
    for (int shift = 0;; shift += 7) {
        if (r->at == r->end || shift > 35)
            return false;
        head |= (uint64_t)(*r->at & 0x7F) << shift;
        if (*r->at++ < 0x80)
            break;
    }
    r->repeated = !(head & 1);
    r->left = (int64_t)(head >> 1) * (r->repeated ? 1 : 8);
    r->bits = 0;
    r->bit_count = 0;
    r->number = 0;
    for (int i = 0; r->repeated && i < (r->width + 7) / 8; i++) {
        if (r->at == r->end)
            return false;
        r->number |= (uint32_t)*r->at++ << 8 * i;
    }
    return true;
}

/* The next number; false where there is none. */
static bool next_number(runs *r, uint32_t *number) {
    while (r->left == 0)
        if (!begin_run(r))
            return false;
    r->left--;
    *number = r->number;
    if (r->repeated)
        return true;
    for (; r->bit_count < r->width; r->bit_count += 8) {
        if (r->at == r->end)
            return false;
        r->bits |= (uint64_t)*r->at++ << r->bit_count;
    }
    *number = (uint32_t)(r->bits & ((UINT64_C(1) << r->width) - 1));
    r->bits >>= r->width;
    r->bit_count -= r->width;
    return true;
}

/* ---- columns ---- */

typedef struct buffer {
    uint8_t *bytes;
    int64_t size, capacity;
} buffer;

typedef struct column {
    const ore_parquet_chunk *chunk;
    int64_t at, values_left; /* of the chunk */
    int levels;              /* of the layout */
    buffer packed, page, dictionary;
    ore_cell *entries; /* (entry_count) in the dictionary */
    int64_t entry_count, entry_capacity;
    /* the present page */
    int64_t page_left;
    runs missing, places;
    bool by_place; /* values are places in the dictionary */
    const uint8_t *value, *value_end;
    /* the row's value, in the page or the dictionary */
    const uint8_t *bytes;
    size_t size;
} column;

struct ore_parquet {
    ore_table *table; /* whose this is */
    ore_parquet_layout layout;
    column *columns;               /* (layout.column_count) */
    int64_t group, rows_left, row; /* the next group; rows of the present one; given so far */
    bool broken;                   /* nothing can be read behind an error */
};

/* A page's header, of which `kind` says what it is. */
typedef struct page_header {
    int64_t kind, unpacked_bytes, packed_bytes;
    int64_t values, encoding, level_encoding;
    int64_t missing_bytes, repetition_bytes; /* of pages of version 2 */
    bool packed;
} page_header;

enum { DATA_PAGE = 0, INDEX_PAGE = 1, DICTIONARY_PAGE = 2, DATA_PAGE_V2 = 3 };
enum { PLAIN = 0, PLAIN_DICTIONARY = 2, RLE = 3, RLE_DICTIONARY = 8 };

/* Names the column; what follows in the file is not read. */
static ore_status fail(ore_parquet *p, const column *c, const char *what) {
    p->broken = true;
    return ore_fail(ORE_DATA, "%.*s: Parquet: field '%.100s', before row %lld: %s",
                    ORE_PATH_SHOWN_BYTES, p->table->name, p->table->fields[c - p->columns],
                    (long long)p->row + 1, what);
}

static ore_status fail_encoding(ore_parquet *p, const column *c, int64_t encoding) {
    static const char *const names[] = {"plain",
                                        "?",
                                        "dictionary",
                                        "RLE",
                                        "bit-packed",
                                        "DELTA_BINARY_PACKED",
                                        "DELTA_LENGTH_BYTE_ARRAY",
                                        "DELTA_BYTE_ARRAY",
                                        "dictionary",
                                        "BYTE_STREAM_SPLIT"};
    bool named = encoding >= 0 && encoding < (int64_t)(sizeof names / sizeof *names);
    char text[96] = "the encoding ";
    strcat(text, named ? names[encoding] : "of an unknown number");
    return fail(p, c, strcat(text, ", expected plain or dictionary"));
}

/* ---- headers of pages ---- */

/* What a header says of its values, in the numbers of its own version. */
static void read_values(ore_thrift *t, page_header *h, bool second) {
    int64_t id = 0;
    for (ore_thrift_type type; (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        bool number = type == ORE_THRIFT_I32;
        if (id == 1 && number)
            h->values = ore_thrift_int(t);
        else if (id == (second ? 4 : 2) && number)
            h->encoding = ore_thrift_int(t);
        else if (id == 3 && number && !second)
            h->level_encoding = ore_thrift_int(t);
        else if (id == 5 && number && second)
            h->missing_bytes = ore_thrift_int(t);
        else if (id == 6 && number && second)
            h->repetition_bytes = ore_thrift_int(t);
        else {
            if (id == 7 && second)
                h->packed = type == ORE_THRIFT_TRUE;
            ore_thrift_skip(t, type);
        }
    }
}

static page_header read_header(ore_thrift *t) {
    page_header h = {.kind = -1, .level_encoding = RLE, .packed = true};
    int64_t id = 0;
    for (ore_thrift_type type; (type = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP;) {
        if (id == 1 && type == ORE_THRIFT_I32)
            h.kind = ore_thrift_int(t);
        else if (id == 2 && type == ORE_THRIFT_I32)
            h.unpacked_bytes = ore_thrift_int(t);
        else if (id == 3 && type == ORE_THRIFT_I32)
            h.packed_bytes = ore_thrift_int(t);
        else if ((id == 5 || id == 7 || id == 8) && type == ORE_THRIFT_STRUCT)
            read_values(t, &h, id == 8);
        else
            ore_thrift_skip(t, type);
    }
    return h;
}

static ore_status make_room(buffer *b, int64_t bytes) {
    void *memory = b->bytes;
    if (bytes >= b->capacity) { /* what was there is not needed */
        ore_release(memory);
        *b = (buffer){0};
        memory = ore_alloc((size_t)bytes + 1);
        b->capacity = memory ? bytes + 1 : 0;
    }
    b->bytes = memory;
    b->size = bytes;
    return ore_error_status();
}

static ore_status read_at(ore_parquet *p, const column *c, void *bytes, int64_t count,
                          int64_t offset) {
    int64_t got = ore_table_pread(p->table, bytes, count, offset);
    if (got < 0 || ore_table_check_unchanged(p->table) != ORE_OK)
        return ore_error_status();
    return got == count ? ORE_OK : fail(p, c, "cut short");
}

/* The header of the chunk's next page, behind which its `at` then stands. */
static ore_status next_header(ore_parquet *p, column *c, page_header *h) {
    int64_t left = c->chunk->at + c->chunk->bytes - c->at;
    for (int64_t want = HEADER_BYTES;; want *= 4) {
        int64_t bytes = want < left ? want : left;
        if (make_room(&c->packed, bytes) != ORE_OK ||
            read_at(p, c, c->packed.bytes, bytes, c->at) != ORE_OK)
            return ore_error_status();
        ore_thrift t = {.at = c->packed.bytes, .end = c->packed.bytes + bytes};
        *h = read_header(&t);
        int64_t used = t.at - c->packed.bytes;
        if (!t.failed) {
            c->at += used;
            left -= used;
            break;
        }
        if (bytes == left || want >= HEADER_BYTES_MAX)
            return fail(p, c, "the header of a page is damaged");
    }
    bool sizes = h->packed_bytes >= 0 && h->packed_bytes <= left &&
                 h->packed_bytes <= PAGE_BYTES_MAX && h->unpacked_bytes >= 0 &&
                 h->unpacked_bytes <= PAGE_BYTES_MAX && h->values >= 0 && h->missing_bytes >= 0 &&
                 h->repetition_bytes >= 0;
    return sizes ? ORE_OK : fail(p, c, "a page with sizes that cannot be, or of more than 256 MiB");
}

/* ---- pages ---- */

/* Reads a page's bytes into `to`, unpacked; of version 2 the levels, which stand first, are not
 * packed. */
static ore_status read_page(ore_parquet *p, column *c, const page_header *h, buffer *to) {
    bool second = h->kind == DATA_PAGE_V2;
    int64_t plain = second ? h->missing_bytes + h->repetition_bytes : 0;
    int64_t packed = h->packed_bytes - plain, unpacked = h->unpacked_bytes - plain;
    ore_packing packing = h->packed ? c->chunk->packing : ORE_PACKING_NONE;
    if (packed < 0 || unpacked < 0)
        return fail(p, c, "a page whose levels are longer than itself");
    if (make_room(&c->packed, h->packed_bytes) != ORE_OK ||
        read_at(p, c, c->packed.bytes, h->packed_bytes, c->at) != ORE_OK ||
        make_room(to, h->unpacked_bytes) != ORE_OK)
        return ore_error_status();
    c->at += h->packed_bytes;
    if (plain > 0)
        memcpy(to->bytes, c->packed.bytes, (size_t)plain);
    if (unpacked == 0 && packed == 0) /* a page of values that are all missing may hold nothing */
        return ORE_OK;
    bool done = ore_unpack(packing, c->packed.bytes + plain, (size_t)packed, to->bytes + plain,
                           (size_t)unpacked);
    return done ? ORE_OK : fail(p, c, "a page that cannot be unpacked to the size that it states");
}

/* A length of 4 bytes and so many bytes, from *at on; false where they are not there. */
static bool take_bytes(const uint8_t **at, const uint8_t *end, const uint8_t **bytes,
                       size_t *size) {
    uint32_t length;
    if (end - *at < (int64_t)sizeof length)
        return false;
    memcpy(&length, *at, sizeof length); /* the machine is little-endian */
    *at += sizeof length;
    if (length > (size_t)(end - *at))
        return false;
    *bytes = *at;
    *size = length;
    *at += length;
    return true;
}

static ore_status read_dictionary(ore_parquet *p, column *c, const page_header *h) {
    if (h->encoding != PLAIN && h->encoding != PLAIN_DICTIONARY)
        return fail_encoding(p, c, h->encoding);
    if (read_page(p, c, h, &c->dictionary) != ORE_OK)
        return ore_error_status();
    const uint8_t *start = c->dictionary.bytes, *at = start, *end = start + c->dictionary.size;
    void *entries = c->entries;
    bool whole = h->values <= c->dictionary.size / 4; /* each has a length */
    if (whole && h->values > c->entry_capacity)
        ore_grow(&entries, &c->entry_capacity, h->values, sizeof(ore_cell));
    c->entries = entries;
    c->entry_count = 0;
    while (whole && ore_ok() && c->entry_count < h->values) {
        const uint8_t *bytes = NULL;
        ore_cell *entry = &c->entries[c->entry_count];
        whole = take_bytes(&at, end, &bytes, &entry->bytes);
        entry->at = whole ? (size_t)(bytes - start) : 0;
        c->entry_count += whole;
    }
    return whole ? ore_error_status() : fail(p, c, "a dictionary that is cut short");
}

/* Where the levels of a data page lie, and its values behind them. */
static ore_status split_page(ore_parquet *p, column *c, const page_header *h) {
    const uint8_t *at = c->page.bytes, *end = at + c->page.size;
    const uint8_t *levels = at;
    size_t level_bytes = (size_t)h->missing_bytes;
    if (h->kind == DATA_PAGE_V2)
        at += h->missing_bytes + h->repetition_bytes;
    else if (c->levels > 0) {
        if (h->level_encoding != RLE)
            return fail(p, c, "levels that are not run-length encoded");
        if (!take_bytes(&at, end, &levels, &level_bytes))
            return fail(p, c, "a page that is cut short");
    }
    int width = 0;
    while (c->levels >> width)
        width++;
    c->missing = (runs){.at = levels, .end = levels + level_bytes, .width = width};
    c->by_place = h->encoding != PLAIN;
    if (c->by_place && at < end) { /* a byte with the width stands first */
        c->places = (runs){.at = at + 1, .end = end, .width = *at};
        if (*at > 32)
            return fail(p, c, "places in a dictionary of more than 32 bits");
    } else
        c->places = (runs){.at = at, .end = end};
    c->value = at;
    c->value_end = end;
    return ORE_OK;
}

/* Reads pages up to one with values. */
static ore_status next_page(ore_parquet *p, column *c) {
    while (ore_ok() && c->page_left == 0) {
        page_header h;
        if (c->at >= c->chunk->at + c->chunk->bytes)
            return fail(p, c, "its pages end before its rows do");
        if (next_header(p, c, &h) != ORE_OK)
            break;
        if (h.kind == DICTIONARY_PAGE)
            read_dictionary(p, c, &h);
        else if (h.kind != DATA_PAGE && h.kind != DATA_PAGE_V2)
            c->at += h.packed_bytes; /* an index, or what is yet to be thought of */
        else if (h.values > c->values_left || h.repetition_bytes > 0)
            return fail(p, c, "a page with more values than there are rows");
        else if (h.encoding != PLAIN && h.encoding != PLAIN_DICTIONARY &&
                 h.encoding != RLE_DICTIONARY)
            return fail_encoding(p, c, h.encoding);
        else if (read_page(p, c, &h, &c->page) == ORE_OK && split_page(p, c, &h) == ORE_OK)
            c->page_left = h.values;
    }
    return ore_error_status();
}

/* ---- rows ---- */

/* The column's next value; one that is missing has no bytes. */
static ore_status next_value(ore_parquet *p, column *c) {
    uint32_t level = (uint32_t)c->levels, place = 0;
    c->bytes = (const uint8_t *)"";
    c->size = 0;
    if (c->page_left == 0 && next_page(p, c) != ORE_OK)
        return ore_error_status();
    c->page_left--;
    c->values_left--;
    if (c->levels > 0 && !next_number(&c->missing, &level))
        return fail(p, c, "a page with fewer levels than values");
    if (level != (uint32_t)c->levels)
        return ORE_OK;
    if (!c->by_place)
        return take_bytes(&c->value, c->value_end, &c->bytes, &c->size)
                   ? ORE_OK
                   : fail(p, c, "a page with fewer values than it states");
    if (!next_number(&c->places, &place) || place >= c->entry_count)
        return fail(p, c, "a value that is not in the dictionary");
    c->bytes = c->dictionary.bytes + c->entries[place].at;
    c->size = c->entries[place].bytes;
    return ORE_OK;
}

static void begin_group(ore_parquet *p) {
    const ore_parquet_layout *l = &p->layout;
    for (int64_t i = 0; i < l->column_count; i++) {
        column *c = &p->columns[i];
        c->chunk = &l->chunks[p->group * l->column_count + i];
        c->at = c->chunk->at;
        c->values_left = c->chunk->values;
        c->page_left = c->entry_count = 0;
    }
    p->rows_left = l->rows[p->group++];
}

/* Brings the next row's values into the columns; false at the end or on an error. */
static bool step(ore_parquet *p, ore_row *row) {
    int64_t count = p->layout.column_count;
    size_t bytes = 0;
    while (p->rows_left == 0 && p->group < p->layout.group_count && !p->broken)
        begin_group(p);
    if (p->rows_left == 0 || p->broken)
        return false;
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        if (next_value(p, &p->columns[i]) != ORE_OK)
            p->broken = true;
        bytes += p->columns[i].size;
    }
    p->rows_left--;
    row->line = ++p->row;
    ore_row_clear(row);
    if (ore_ok() && bytes > p->table->options.row_bytes_max) {
        ore_row_fail(row, -1, "longer than %zu bytes", p->table->options.row_bytes_max);
        p->table->row_failed = true;
    }
    return ore_ok();
}

bool ore_parquet_next(ore_parquet *p, ore_row *row) {
    bool there = step(p, row);
    for (int64_t i = 0; there && i < p->layout.column_count && ore_ok(); i++)
        ore_row_put(row, (const char *)p->columns[i].bytes, p->columns[i].size);
    return there && ore_ok();
}

const char *ore_parquet_raw(ore_parquet *p, ore_row *row, int64_t *bytes) {
    if (!step(p, row))
        return NULL;
    *bytes = (int64_t)p->columns[0].size;
    return (const char *)p->columns[0].bytes;
}

ore_parquet *ore_parquet_open(ore_table *table, int64_t bytes) {
    ore_parquet *p = ore_alloc_zero(sizeof *p);
    if (!p)
        return NULL;
    p->table = table;
    if (ore_parquet_layout_read(&p->layout, table, bytes) == ORE_OK)
        p->columns = ore_alloc_zero((size_t)p->layout.column_count * sizeof *p->columns);
    for (int64_t i = 0; p->columns && i < p->layout.column_count; i++)
        p->columns[i].levels = p->layout.levels[i];
    if (ore_ok())
        return p;
    ore_parquet_close(p);
    return NULL;
}

void ore_parquet_close(ore_parquet *p) {
    if (!p)
        return;
    for (int64_t i = 0; p->columns && i < p->layout.column_count; i++) {
        column *c = &p->columns[i];
        ore_release(c->packed.bytes);
        ore_release(c->page.bytes);
        ore_release(c->dictionary.bytes);
        ore_release(c->entries);
    }
    ore_release(p->columns);
    ore_parquet_layout_release(&p->layout);
    ore_release(p);
}
