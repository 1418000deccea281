/* fetch.h: one file from a server into a file. */
#ifndef ORE_TOOL_FETCH_H
#define ORE_TOOL_FETCH_H

#include <ore/files.h>

typedef struct fetch_request {
    const char *url, *path;
    const char *token;  /* NULL; or what the server is to know the user by ("Bearer") */
    const char *sha256; /* NULL; or what the file must have, 64 hexadecimal digits */
    void (*progress)(void *user, const char *path, int64_t bytes,
                     int64_t all); /* all -1: unknown */
    bool (*stop)(void);            /* NULL: never */
    void *user;
} fetch_request;

/* Brings what the URL names to `path`, which gets its name once it is whole; until then it grows as
 * PATH.part, which a later call goes on with, if the server still has the same file (by its ETag,
 * kept in PATH.part.etag) and can send the rest. A connection that breaks is tried again, five
 * times without progress. What the server says of the file's SHA-256 is compared, too (Hugging
 * Face's X-Linked-ETag).
 * ORE_IO: no connection, or an answer that is not the file (the message says which); no room on
 * the disk. ORE_DATA: another SHA-256; the part is removed. ORE_STATE: stopped. */
ore_status fetch_file(const fetch_request *request);
/* The same into memory, at most `most` bytes, with a NUL behind them; freed by the caller. */
char *fetch_text(const fetch_request *request, size_t most);
/* The library and its version, for ore doctor. */
const char *fetch_library(void);

#endif
