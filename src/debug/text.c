/* text.c: a text that grows. */
#include "debug/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Room for `bytes` more and the zero at the end. */
static bool room(debug_text *t, int64_t bytes) {
    return ore_grow((void **)&t->text, &t->capacity, t->length + bytes + 1, 1) == ORE_OK;
}

void debug_put(debug_text *t, const char *format, ...) {
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int bytes = vsnprintf(NULL, 0, format, values);
    if (bytes >= 0 && room(t, bytes)) {
        vsnprintf(t->text + t->length, (size_t)bytes + 1, format, again);
        t->length += bytes;
    }
    va_end(again);
    va_end(values);
}

void debug_blanks(debug_text *t, int64_t width) {
    if (width <= 0 || !room(t, width))
        return;
    memset(t->text + t->length, ' ', (size_t)width);
    t->length += width;
    t->text[t->length] = '\0';
}

char *debug_text_result(debug_text *t) {
    debug_put(t, "%s", "");
    if (ore_ok())
        return t->text;
    ore_release(t->text);
    *t = (debug_text){.text = NULL};
    return NULL;
}

const char *debug_bytes_text(double bytes, char text[DEBUG_BYTES_TEXT]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t u = 0;
    for (; u + 1 < sizeof units / sizeof *units && fabs(bytes) >= 1024; u++)
        bytes /= 1024;
    snprintf(text, DEBUG_BYTES_TEXT, u ? "%.1f %s" : "%.0f %s", bytes, units[u]);
    return text;
}
