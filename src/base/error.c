/* error.c: the pending error of each thread. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

typedef struct pending_error {
    char message[ORE_MESSAGE_BYTES];
    bool located;
} pending_error;

_Thread_local ore_status ore_pending_status;
static _Thread_local pending_error pending;

const char *ore_version(void) {
    return ORE_VERSION;
}

bool ore_ok(void) {
    return ore_no_error();
}

ore_status ore_error_status(void) {
    return ore_pending_status;
}

const char *ore_error_message(void) {
    return ore_ok() ? "" : pending.message;
}

void ore_error_clear(void) {
    ore_pending_status = ORE_OK;
    pending.located = false;
}

ore_status ore_fail(ore_status status, const char *format, ...) {
    if (!ore_ok())
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(pending.message, sizeof pending.message, format, arguments);
    va_end(arguments);
    /* Names from files may hold anything; a message stays one line. */
    for (char *c = pending.message; *c; c++)
        *c = (unsigned char)*c < 0x20 ? ' ' : *c;
    ore_pending_status = status;
    pending.located = false;
    return status;
}

void ore_error_locate(const char *where) {
    if (ore_ok() || pending.located || !where || !*where)
        return;
    char message[ORE_MESSAGE_BYTES];
    memcpy(message, pending.message, sizeof message);
    snprintf(pending.message, sizeof pending.message, "%.*s: %.*s", ORE_MESSAGE_BYTES / 4, where,
             ORE_MESSAGE_BYTES / 2, message);
    pending.located = true;
}

void ore_error_name(const char *name) {
    size_t word = strspn(pending.message, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (ore_ok() || pending.located || word == 0 || pending.message[word] != ':')
        return;
    char rest[ORE_MESSAGE_BYTES];
    memcpy(rest, pending.message + word, sizeof rest - word);
    snprintf(pending.message, sizeof pending.message, "%s%.*s", name, ORE_MESSAGE_BYTES - 64, rest);
}

void ore_error_take(ore_error *error) {
    error->status = ore_pending_status;
    memcpy(error->message, pending.message, sizeof error->message);
    ore_error_clear();
}

ore_status ore_error_raise(const ore_error *error) {
    return error->status == ORE_OK ? ORE_OK : ore_fail(error->status, "%s", error->message);
}
