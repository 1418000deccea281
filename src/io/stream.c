/* stream.c: bytes one after the other, through zlib or Zstandard where they are compressed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <ore/table.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/stream.h"

enum {
    INPUT_BYTES = 1 << 16, /* compressed bytes read at a time: fits the L2 cache */
    MAGIC_BYTES = 4,       /* that tell how a source is packed */
    GZIP_WINDOW = 15 + 16, /* zlib's way to say: 32 KiB, with gzip's header and checksum */
};

struct ore_stream {
    const char *name;
    int descriptor; /* -1: memory */
    const uint8_t *memory, *memory_end;
    uint8_t head[MAGIC_BYTES]; /* the first bytes, by which it is known */
    uint8_t *input;            /* (capacity) head, or of what is compressed a block of its own; */
    int64_t capacity;          /* input[begin .. end) has been read and not used */
    int64_t begin, end;
    bool ended;          /* the source has no more */
    bool inside;         /* a member or frame has begun and not ended */
    ore_packing packing; /* NONE, GZIP or ZSTD */
    z_stream gzip;
    ZSTD_DStream *zstd;
};

const char *ore_stream_packing(const ore_stream *s) {
    return s->packing == ORE_PACKING_GZIP ? "gzip" : s->packing ? "Zstandard" : NULL;
}

const char *ore_table_libraries(void) {
    static _Thread_local char text[64];
    snprintf(text, sizeof text, "zlib %s, Zstandard %s", zlibVersion(), ZSTD_versionString());
    return text;
}

/* ---- the source ---- */

static int64_t read_source(ore_stream *s, void *bytes, int64_t capacity) {
    if (s->descriptor < 0) {
        int64_t left = s->memory_end - s->memory, n = left < capacity ? left : capacity;
        if (n > 0)
            memcpy(bytes, s->memory, (size_t)n);
        s->memory += n;
        return n;
    }
    for (;;) {
        ssize_t got = read(s->descriptor, bytes, (size_t)capacity);
        if (got >= 0 || errno != EINTR)
            return got >= 0 ? got : (ore_fail_errno(s->name, "cannot read"), -1);
    }
}

/* More input behind what is there; false on an error. */
static bool fill(ore_stream *s) {
    memmove(s->input, s->input + s->begin, (size_t)(s->end - s->begin));
    s->end -= s->begin;
    s->begin = 0;
    int64_t got = read_source(s, s->input + s->end, s->capacity - s->end);
    s->end += got > 0 ? got : 0;
    s->ended = got <= 0;
    return got >= 0;
}

static ore_packing packing_of(const uint8_t *b, int64_t bytes) {
    if (bytes >= 3 && b[0] == 0x1F && b[1] == 0x8B && b[2] == 8)
        return ORE_PACKING_GZIP;
    bool zstd = bytes >= 4 && b[0] == 0x28 && b[1] == 0xB5 && b[2] == 0x2F && b[3] == 0xFD;
    bool skippable = bytes >= 4 && b[0] >> 4 == 5 && b[1] == 0x2A && b[2] == 0x4D && b[3] == 0x18;
    return zstd || skippable ? ORE_PACKING_ZSTD : ORE_PACKING_NONE;
}

/* ---- opening ---- */

static ore_status begin_packing(ore_stream *s) {
    uint8_t *input = s->packing ? ore_alloc(INPUT_BYTES) : s->head;
    if (!input)
        return ore_error_status();
    if (s->packing)
        memcpy(input, s->head, sizeof s->head);
    s->input = input;
    s->capacity = s->packing ? INPUT_BYTES : MAGIC_BYTES;
    if (s->packing == ORE_PACKING_GZIP && inflateInit2(&s->gzip, GZIP_WINDOW) != Z_OK)
        return ore_fail(ORE_MEMORY, "%.*s: no memory to unpack gzip", ORE_PATH_SHOWN_BYTES,
                        s->name);
    if (s->packing == ORE_PACKING_ZSTD && !(s->zstd = ZSTD_createDStream()))
        return ore_fail(ORE_MEMORY, "%.*s: no memory to unpack Zstandard", ORE_PATH_SHOWN_BYTES,
                        s->name);
    return ORE_OK;
}

ore_stream *ore_stream_open(const char *name, int descriptor, const void *memory, int64_t bytes) {
    ore_stream *s = ore_ok() ? ore_alloc_zero(sizeof *s) : NULL;
    if (!s)
        return NULL;
    s->name = name;
    s->descriptor = descriptor;
    s->memory = memory;
    s->memory_end = memory ? s->memory + bytes : NULL;
    s->input = s->head;
    s->capacity = MAGIC_BYTES;
    while (!s->ended && s->end < MAGIC_BYTES && fill(s))
        ;
    if (ore_ok()) {
        s->packing = packing_of(s->head, s->end);
        begin_packing(s);
    }
    if (ore_ok())
        return s;
    ore_stream_close(s);
    return NULL;
}

void ore_stream_close(ore_stream *s) {
    if (!s)
        return;
    if (s->packing == ORE_PACKING_GZIP)
        inflateEnd(&s->gzip);
    ZSTD_freeDStream(s->zstd);
    if (s->input != s->head)
        ore_release(s->input);
    ore_release(s);
}

/* ---- unpacking ---- */

static int64_t fail_damaged(ore_stream *s, const char *reason) {
    ore_fail(ORE_DATA, "%.*s: its %s data is damaged: %s", ORE_PATH_SHOWN_BYTES, s->name,
             ore_stream_packing(s), reason);
    return -1;
}

/* One call of zlib's over the input that is there: how many bytes came of it; -1 on an error. */
static int64_t inflate_some(ore_stream *s, void *bytes, int64_t capacity) {
    z_stream *z = &s->gzip;
    z->next_in = s->input + s->begin;
    z->avail_in = (uInt)(s->end - s->begin);
    z->next_out = bytes;
    z->avail_out = (uInt)(capacity < INPUT_BYTES ? capacity : INPUT_BYTES);
    uInt room = z->avail_out;
    int code = inflate(z, Z_NO_FLUSH);
    s->begin = s->end - z->avail_in;
    s->inside = code != Z_STREAM_END;
    if (code == Z_STREAM_END)
        inflateReset(z); /* another member may follow */
    else if (code == Z_MEM_ERROR)
        return ore_fail(ORE_MEMORY, "%.*s: no memory to unpack gzip", ORE_PATH_SHOWN_BYTES,
                        s->name),
               -1;
    else if (code != Z_OK && code != Z_BUF_ERROR)
        return fail_damaged(s, z->msg ? z->msg : "not what zlib can read");
    return room - z->avail_out;
}

static int64_t zstd_some(ore_stream *s, void *bytes, int64_t capacity) {
    ZSTD_inBuffer in = {s->input, (size_t)s->end, (size_t)s->begin};
    ZSTD_outBuffer out = {bytes, (size_t)capacity, 0};
    size_t code = ZSTD_decompressStream(s->zstd, &out, &in);
    if (ZSTD_isError(code))
        return fail_damaged(s, ZSTD_getErrorName(code));
    s->begin = (int64_t)in.pos;
    s->inside = code != 0;
    return (int64_t)out.pos;
}

/* Behind a gzip member: zeros that a tape or disk has filled up with are no data. */
static void skip_padding(ore_stream *s) {
    while (s->packing == ORE_PACKING_GZIP && !s->inside && s->begin < s->end &&
           s->input[s->begin] == 0)
        s->begin++;
}

int64_t ore_stream_read(ore_stream *s, void *bytes, int64_t capacity) {
    while (s->packing) {
        skip_padding(s);
        if (s->begin == s->end && !s->ended && !fill(s))
            return -1;
        if (s->begin == s->end && !s->inside && s->ended)
            return 0;
        int64_t before = s->begin;
        int64_t got = s->packing == ORE_PACKING_GZIP ? inflate_some(s, bytes, capacity)
                                                     : zstd_some(s, bytes, capacity);
        if (got != 0)
            return got;
        if (s->begin == s->end && s->ended && s->inside && s->begin == before)
            return fail_damaged(s, "it ends early");
    }
    int64_t held = s->end - s->begin, n = held < capacity ? held : capacity;
    if (n == 0)
        return read_source(s, bytes, capacity);
    memcpy(bytes, s->input + s->begin, (size_t)n);
    s->begin += n;
    return n;
}
