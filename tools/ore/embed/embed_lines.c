/* embed_lines.c: lines as they come, without waiting for more than is there. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embed/embed.h"

enum { READ_BYTES = 1 << 16 /* asked for at once: what a pipe of Linux holds */ };

/* Whether a read would give something, or the end, at once. */
static bool readable(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) != 0;
}

static ore_status make_room(line_reader *r) {
    if (r->start > 0) {
        memmove(r->bytes, r->bytes + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    if (r->capacity - r->end >= READ_BYTES)
        return ORE_OK;
    size_t capacity = 2 * r->capacity + READ_BYTES;
    char *bytes = realloc(r->bytes, capacity);
    if (!bytes)
        return ore_fail(ORE_MEMORY, "standard input: a line of %zu bytes: out of memory", r->end);
    r->bytes = bytes;
    r->capacity = capacity;
    return ORE_OK;
}

static ore_status read_more(line_reader *r) {
    if (make_room(r) != ORE_OK)
        return ore_error_status();
    ssize_t got;
    do
        got = read(r->fd, r->bytes + r->end, READ_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return ore_fail(ORE_IO, "standard input: cannot be read: %s", strerror(errno));
    r->end += (size_t)got;
    r->ended = got == 0;
    return ORE_OK;
}

line_result line_reader_next(line_reader *r, bool wait, const char **line, size_t *bytes) {
    size_t searched = 0; /* bytes of the line that hold no line feed */
    while (ore_ok()) {
        size_t held = r->end - r->start;
        char *start = r->bytes + r->start;
        char *feed = held > searched ? memchr(start + searched, '\n', held - searched) : NULL;
        if (feed || (r->ended && held > 0)) {
            *line = start;
            *bytes = feed ? (size_t)(feed - start) : held;
            r->start += *bytes + (feed != NULL);
            return LINE_READ;
        }
        searched = held;
        if (r->ended)
            break;
        if (!wait && !readable(r->fd))
            return LINE_NOT_YET;
        read_more(r);
    }
    return LINE_NONE;
}

void line_reader_free(line_reader *r) {
    free(r->bytes);
    *r = (line_reader){0};
}
