/* profile_text.c: a profile as tables and as a Chrome trace. */
#include <stdio.h>
#include <string.h>

#include <ore/files.h>

#include "base/memory.h"
#include "debug/profile.h"
#include "debug/text.h"
#include "debug/tracing.h"

/* ---- tables ---- */

enum { COLUMN = 12 };

static void put_row(debug_text *t, int width, const ore_profile_row *r, double whole) {
    char name[ORE_MESSAGE_BYTES / 2], bytes[DEBUG_BYTES_TEXT];
    snprintf(name, sizeof name, "%s%s", *r->name ? r->name : "(all)",
             r->backward ? " backward" : "");
    debug_put(t, "%-*s %9lld %*.3f %6.1f%% %*s\n", width, name, (long long)r->calls, COLUMN,
              1000 * r->seconds, whole > 0 ? 100 * r->seconds / whole : 0, COLUMN,
              debug_bytes_text((double)r->bytes, bytes));
}

static void put_table(debug_text *t, ore_profile *p, bool by_module, double whole) {
    static const char backward[] = " backward";
    const ore_profile_row *rows;
    int64_t count = profile_rows(p, by_module, &rows);
    int width = (int)strlen("operation");
    for (int64_t i = 0; i < count; i++) {
        int bytes = (int)strlen(rows[i].name) + (rows[i].backward ? (int)sizeof backward - 1 : 0);
        width = bytes > width ? bytes : width;
    }
    if (by_module && width < (int)strlen("(all) backward"))
        width = (int)strlen("(all) backward");
    debug_put(t, "%-*s %9s %*s %7s %*s\n", width, by_module ? "module" : "operation", "calls",
              COLUMN, "time ms", "part", COLUMN, "memory");
    for (int64_t i = 0; i < count; i++)
        put_row(t, width, &rows[i], whole);
}

char *ore_profile_text(ore_profile *p) {
    debug_text t = {.text = NULL};
    if (!p && ore_ok())
        ore_fail(ORE_INVALID, "profile: expected one, got NULL");
    if (!ore_ok())
        return NULL;
    double whole = p->seconds;
    if (debug_traced_profile() == p) /* it goes on */
        whole += ore_clock_s() - p->began;
    put_table(&t, p, false, whole);
    debug_put(&t, "\n");
    put_table(&t, p, true, whole);
    debug_put(&t, "\n%.3f ms in all\n", 1000 * whole);
    return debug_text_result(&t);
}

/* ---- the trace (Trace Event Format: complete events, times in microseconds) ---- */

static void put_json(debug_text *t, const char *text) {
    debug_put(t, "\"");
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            debug_put(t, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            debug_put(t, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            debug_put(t, "%c", *text);
    debug_put(t, "\"");
}

static void put_event(debug_text *t, const ore_profile *p, const profile_event *e, double origin) {
    static const char *const categories[] = {[EVENT_MODULE] = "module",
                                             [EVENT_OPERATION] = "operation",
                                             [EVENT_KERNEL] = "kernel",
                                             [EVENT_LOOSE] = "kernel"};
    const char *name = p->names.text[e->name], *path = p->names.text[e->path];
    char shown[ORE_MESSAGE_BYTES / 2];
    bool of_backward = e->backward && e->kind == EVENT_OPERATION;
    snprintf(shown, sizeof shown, "%s%s", *name ? name : "(model)", of_backward ? " backward" : "");
    debug_put(t, "{\"name\":");
    put_json(t, shown);
    debug_put(t, ",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f",
              categories[e->kind], 1e6 * (e->start - origin), 1e6 * e->seconds);
    debug_put(t, ",\"args\":{\"module\":");
    put_json(t, path);
    debug_put(t, ",\"bytes\":%lld}}", (long long)e->bytes);
}

ore_status ore_profile_save_trace(ore_profile *p, const char *path) {
    if (!ore_ok())
        return ore_error_status();
    if (!p || !path)
        return ore_fail(ORE_INVALID, "profile: %s",
                        p ? "a path that is NULL" : "expected one, got NULL");
    debug_text t = {.text = NULL};
    double origin = 0;
    for (int64_t i = 0; i < p->events; i++)
        origin = i == 0 || p->event[i].start < origin ? p->event[i].start : origin;
    debug_put(&t, "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    bool first = true;
    for (int64_t i = 0; i < p->events && ore_ok(); i++) {
        if (p->event[i].name < 0 || p->event[i].path < 0)
            continue;
        debug_put(&t, first ? "\n" : ",\n");
        put_event(&t, p, &p->event[i], origin);
        first = false;
    }
    debug_put(&t, "\n]}\n");
    char *text = debug_text_result(&t);
    if (text)
        ore_file_write(path, text, (size_t)t.length);
    ore_string_free(text);
    return ore_error_status();
}
