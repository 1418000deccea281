/* text.c: memory and texts of the lab. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/text.h"

void *lab_allocate(size_t bytes) {
    void *memory = calloc(1, bytes);
    if (!memory)
        ore_fail(ORE_MEMORY, "lab: out of memory");
    return memory;
}

void *lab_add(void *list, int64_t *count, size_t size) {
    char **elements = list;
    char *grown = *elements;
    if ((*count & (*count - 1)) == 0) { /* the array is full whenever its count is a power of two */
        size_t room = *count ? 2 * (size_t)*count : 1;
        grown = realloc(*elements, room * size);
    }
    if (!grown) {
        ore_fail(ORE_MEMORY, "lab: out of memory");
        return NULL;
    }
    *elements = grown;
    return memset(grown + (size_t)(*count)++ * size, 0, size);
}

char *lab_copy(const char *text) {
    char *copy = lab_allocate(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

char *lab_format(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = lab_allocate((size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *lab_unquote(const char *text) {
    size_t length = strlen(text), used = 0;
    if (length < 2 || text[0] != '"' || text[length - 1] != '"')
        return lab_copy(text);
    char *plain = lab_allocate(length);
    for (size_t i = 1; plain && i < length - 1; i++) {
        bool newline = text[i] == '\\' && text[i + 1] == 'n';
        plain[used++] = newline ? '\n' : text[i];
        i += newline;
    }
    return plain;
}

char *lab_quote(const char *text) {
    char *copy = lab_allocate(2 * strlen(text) + 3), *to = copy;
    if (!copy)
        return NULL;
    *to++ = '"';
    for (const char *c = text; *c; c++) {
        if (*c == '\n')
            *to++ = '\\';
        *to++ = *c == '\n' ? 'n' : *c;
    }
    *to = '"';
    return copy;
}

/* How many digits the whole number at p has, if it is to be grouped; else 0. The text begins at
 * `text`. */
static size_t long_number(const char *text, const char *p) {
    enum { SHORT = 4 }; /* digits that need no separators */
    char before = p > text ? p[-1] : ' ';
    size_t digits = strspn(p, "0123456789");
    bool inside = isalnum((unsigned char)before) || strchr("._,", before);
    return inside || digits <= SHORT || isalpha((unsigned char)p[digits]) ? 0 : digits;
}

/* Appends digits with separators to the `used` bytes of `to`; returns the new length. */
static size_t put_grouped(char *to, size_t used, const char *digits, size_t count) {
    size_t separators = (count - 1) / 3;
    for (; separators > 0 && used > 1 && to[used - 1] == ' ' && to[used - 2] == ' '; separators--)
        used--;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            to[used++] = ',';
        to[used++] = digits[i];
    }
    return used;
}

char *lab_grouped(const char *text) {
    char *copy = lab_allocate(2 * strlen(text) + 1);
    char kept = 0; /* the quote that ends the part that is being kept as it is; 0: none */
    size_t used = 0;
    for (const char *p = text; copy && *p;) {
        size_t digits = kept || !isdigit((unsigned char)*p) ? 0 : long_number(text, p);
        if (digits > 0) {
            used = put_grouped(copy, used, p, digits);
            p += digits;
            continue;
        }
        if (kept ? *p == kept : *p == '"' || *p == '`')
            kept = kept ? 0 : *p;
        copy[used++] = *p++;
    }
    return copy;
}

int64_t lab_width(const char *text, size_t bytes) {
    int64_t width = 0;
    for (size_t i = 0; i < bytes; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

void lab_print_folded(FILE *out, const char *text, int columns) {
    int64_t column = 0;
    for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
        size_t bytes = strcspn(text, " \n");
        int64_t width = lab_width(text, bytes);
        if (column > 0)
            fputc(column + 1 + width > columns ? '\n' : ' ', out);
        column = column > 0 && column + 1 + width <= columns ? column + 1 + width : width;
        fwrite(text, 1, bytes, out);
        text += bytes;
    }
    fputc('\n', out);
}
