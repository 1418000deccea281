/* script.c: text in gnuplot's language, and in SVG. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "plot/script.h"

void plot_add_bytes(plot_script *script, const char *bytes, int64_t count) {
    if (script->failed)
        return;
    void *data = script->data;
    if (ore_grow(&data, &script->capacity, script->length + count, 1) != ORE_OK) {
        script->failed = true;
        return;
    }
    script->data = data;
    memcpy(script->data + script->length, bytes, (size_t)count);
    script->length += count;
}

void plot_add(plot_script *script, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0)
        plot_add_bytes(script, line, length < (int)sizeof line ? length : (int)sizeof line - 1);
}

void plot_add_number(plot_script *script, double value) {
    if (!isfinite(value)) {
        plot_add(script, "NaN");
        return;
    }
    char text[40];
    snprintf(text, sizeof text, "%.12g", value);
    for (char *c = text; *c; c++)
        if (!strchr("0123456789+-e", *c))
            *c = '.';
    plot_add_bytes(script, text, (int64_t)strlen(text));
}

/* The bytes of the UTF-8 character at s; 0 where there is none, or one that XML does not allow. */
static int sequence_length(const unsigned char *s) {
    int length = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (length < 2)
        return length;
    unsigned code = s[0] & (0xFFU >> (length + 1));
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3FU);
    }
    bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    bool forbidden = (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF ||
                     (code & 0xFFFE) == 0xFFFE || (code >= 0x80 && code < 0xA0);
    return overlong || forbidden || s[0] > 0xF4 ? 0 : length;
}

void plot_add_quoted(plot_script *script, const char *text) {
    const unsigned char *s = (const unsigned char *)(text ? text : "");
    plot_add(script, "\"");
    while (*s) {
        int length = sequence_length(s);
        if (length == 0)
            plot_add(script, "\xEF\xBF\xBD");
        else if (*s == '\n')
            plot_add(script, "\\n");
        else if (*s < 0x20 || *s == 0x7F)
            plot_add(script, " ");
        else if (strchr("\\\"'`@$%{}", *s))
            plot_add(script, "\\%03o", *s);
        else
            plot_add_bytes(script, (const char *)s, length);
        s += length ? length : 1;
    }
    plot_add(script, "\"");
}

void plot_add_xml(plot_script *script, const char *text) {
    const unsigned char *s = (const unsigned char *)(text ? text : "");
    while (*s) {
        int length = sequence_length(s);
        if (length == 0)
            plot_add(script, "\xEF\xBF\xBD");
        else if (*s < 0x20 || *s == 0x7F)
            plot_add(script, " ");
        else if (strchr("<>&\"", *s))
            plot_add(script, "&#%d;", *s);
        else
            plot_add_bytes(script, (const char *)s, length);
        s += length ? length : 1;
    }
}

void plot_script_release(plot_script *script) {
    ore_release(script->data);
    *script = (plot_script){0};
}
