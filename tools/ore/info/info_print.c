/* info_print.c: what `ore info` prints for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "info/info.h"

/* Columns of the terminal: of a value that is longer, the beginning is shown. */
enum { VALUE_COLUMNS = 64, KEY_COLUMNS = 36, SIZE_BYTES = 32, TEMPLATE_LINES = 6 };
enum { SHOWN_BYTES = 8 }; /* "\u001B" and its NUL, and one to spare */

static const char *size_text(int64_t bytes, char text[SIZE_BYTES]) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    int unit = 0;
    while (size >= 999.95 && unit < 4) {
        size /= 1000;
        unit++;
    }
    snprintf(text, SIZE_BYTES, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return text;
}

/* ---- text of a file ---- */

/* Writes the byte at *at as it can be seen, a control character as \n or \u001B, so that no file
 * commands the terminal; moves *at past it. Returns its columns. */
static int next_shown(const char **at, const char *end, char shown[SHOWN_BYTES]) {
    unsigned char byte = (unsigned char)*(*at)++;
    unsigned char next = *at < end ? (unsigned char)**at : 0;
    bool later = byte == 0xC2 && next >= 0x80 && next < 0xA0; /* U+0080 to U+009F, of two bytes */
    *at += later;
    if (byte == '\n' || byte == '\t')
        return snprintf(shown, SHOWN_BYTES, byte == '\n' ? "\\n" : "\\t");
    if (later || byte < ' ' || byte == 0x7F)
        return snprintf(shown, SHOWN_BYTES, "\\u%04X", (unsigned)(later ? next : byte));
    snprintf(shown, SHOWN_BYTES, "%c", byte);
    return (byte & 0xC0) != 0x80; /* not a later byte of a character */
}

/* Prints a text so, unless `out` is NULL, and spaces up to `width`; returns the text's columns. */
static int put_text(FILE *out, const char *text, int width) {
    const char *end = text + strlen(text);
    char shown[SHOWN_BYTES];
    int columns = 0;
    while (text < end) {
        columns += next_shown(&text, end, shown);
        if (out)
            fputs(shown, out);
    }
    if (out && columns < width)
        fprintf(out, "%*s", width - columns, "");
    return columns;
}

/* ---- tensors ---- */

static void print_totals(const info_subject *s) {
    char count[COUNT_BYTES], elements[COUNT_BYTES], size[SIZE_BYTES];
    printf("tensors       %s, %s, %s\n", counted_text(s->total.tensors, "tensor", count),
           counted_text(s->total.elements, "element", elements), size_text(s->total.bytes, size));
    for (int c = 0; c < ORE_CODING_COUNT; c++) {
        const info_total *total = &s->totals[c];
        if (total->tensors > 0)
            printf("  %-10s  %s, %s, %s\n", ore_coding_name((ore_coding)c),
                   counted_text(total->tensors, "tensor", count),
                   counted_text(total->elements, "element", elements),
                   size_text(total->bytes, size));
    }
    if (s->not_finite >= 0)
        printf("not finite    %s\n", counted_text(s->not_finite, "value", count));
}

/* A row's name: the numbers of a pattern as a range. */
static void row_name(const info_row *row, char *text, size_t bytes) {
    const char *star = strchr(row->pattern, '*');
    if (row->first < 0 || !star)
        snprintf(text, bytes, "%s", row->pattern);
    else if (row->first == row->last)
        snprintf(text, bytes, "%.*s%lld%s", (int)(star - row->pattern), row->pattern,
                 (long long)row->first, star + 1);
    else
        snprintf(text, bytes, "%.*s{%lld-%lld}%s", (int)(star - row->pattern), row->pattern,
                 (long long)row->first, (long long)row->last, star + 1);
}

static void print_rows(const info_subject *s) {
    enum { NAME_BYTES = 4224, WIDEST = 60 };
    static char name[NAME_BYTES];
    char shape[ORE_SHAPE_TEXT], size[SIZE_BYTES];
    int widest = 0, widest_shape = 0;
    for (int64_t i = 0; i < s->row_count; i++) {
        row_name(&s->rows[i], name, sizeof name);
        int columns = put_text(NULL, name, 0),
            of_shape = (int)strlen(ore_shape_text(s->rows[i].shape, shape));
        widest = columns > widest && columns <= WIDEST ? columns : widest;
        widest_shape = of_shape > widest_shape ? of_shape : widest_shape;
    }
    printf("\n");
    for (int64_t i = 0; i < s->row_count; i++) {
        const info_row *row = &s->rows[i];
        row_name(row, name, sizeof name);
        put_text(stdout, name, widest);
        printf("  %-*s  %-8s  %s", widest_shape, ore_shape_text(row->shape, shape),
               ore_coding_name(row->coding), size_text(row->bytes / row->count, size));
        if (row->count > 1)
            printf("  x %lld", (long long)row->count);
        printf("\n");
    }
}

/* ---- metadata ---- */

/* Text on one line, cut where it is long. */
static void print_cut(const char *text, size_t bytes) {
    const char *end = text + bytes;
    char shown[SHOWN_BYTES];
    int columns = 0;
    while (text < end && columns < VALUE_COLUMNS) {
        columns += next_shown(&text, end, shown);
        printf("%s", shown);
    }
    while (text < end && (*text & 0xC0) == 0x80) /* the rest of the last character */
        putchar(*text++);
    printf(text < end ? "..\n" : "\n");
}

static void print_inner(ore_json *json, bool array) {
    char count[COUNT_BYTES];
    enum { SHORT = 8 };
    if (ore_json_count(json) > SHORT) {
        printf("%s\n", counted_text(ore_json_count(json), array ? "element" : "member", count));
        return;
    }
    char *text = ore_json_text(json, false);
    print_cut(text ? text : "", text ? strlen(text) : 0);
    ore_string_free(text);
}

/* A number that is a float32 in as few digits as tell it from other ones. */
static const char *number_text(double value, char text[ORE_NUMBER_TEXT_BYTES]) {
    enum { DIGITS = 9 };
    if ((double)(float)value != value ||
        (value > -1e9 && value < 1e9 && value == (double)(int)value))
        return ore_number_text(value, text);
    for (int digits = 1; digits <= DIGITS; digits++) {
        snprintf(text, ORE_NUMBER_TEXT_BYTES, "%.*g", digits, value);
        if (strtof(text, NULL) == (float)value)
            break;
    }
    return text;
}

static void print_member(ore_json *object, const char *key) {
    char number[ORE_NUMBER_TEXT_BYTES];
    const char *text;
    int64_t integer = 0;
    double value = 0;
    bool is = false;
    printf("  ");
    put_text(stdout, key, KEY_COLUMNS);
    printf("  ");
    switch (ore_json_kind_of(object, key)) {
    case ORE_JSON_STRING:
        text = ore_json_get_string(object, key);
        print_cut(text, strlen(text));
        break;
    case ORE_JSON_INT:
        ore_json_get_int(object, key, &integer);
        printf("%lld\n", (long long)integer);
        break;
    case ORE_JSON_DOUBLE:
        ore_json_get_double(object, key, &value);
        printf("%s\n", number_text(value, number));
        break;
    case ORE_JSON_BOOL:
        ore_json_get_bool(object, key, &is);
        printf("%s\n", is ? "true" : "false");
        break;
    case ORE_JSON_ARRAY:
        print_inner(ore_json_get_array(object, key), true);
        break;
    case ORE_JSON_OBJECT:
        print_inner(ore_json_get_object(object, key), false);
        break;
    case ORE_JSON_NULL:
    case ORE_JSON_MISSING:
        printf("null\n");
        break;
    }
}

static void print_object(const char *title, ore_json *object) {
    if (!object || ore_json_count(object) == 0)
        return;
    printf("\n%s\n", title);
    for (int64_t i = 0; i < ore_json_count(object) && ore_ok(); i++)
        print_member(object, ore_json_key(object, i));
}

/* ---- all of it ---- */

static void print_template(const char *template) {
    char count[COUNT_BYTES];
    const char *at = template;
    printf("template      %s; ore info --template prints it\n",
           counted_text((int64_t)strlen(template), "byte", count));
    for (int line = 0; line < TEMPLATE_LINES && *at; line++) {
        size_t bytes = strcspn(at, "\n");
        printf("  | ");
        print_cut(at, bytes);
        at += bytes + (at[bytes] == '\n');
    }
    if (*at)
        printf("  | ..\n");
}

/* How many different files the tensors lie in. */
static int64_t count_files(const ore_tensor_file *file) {
    int64_t count = 0;
    const char *before = NULL;
    for (int64_t i = 0; i < ore_tensor_file_count(file); i++) {
        const char *path = ore_tensor_file_at(file, i)->path;
        count += path != before; /* those of a file follow each other */
        before = path;
    }
    return count;
}

ore_status info_print(const info_subject *s) {
    char count[COUNT_BYTES];
    int64_t files = count_files(s->file);
    printf("path          %s\nformat        %s", s->path, ore_tensor_file_format(s->file));
    if (files > 1)
        printf(", in %s", counted_text(files, "file", count));
    printf("\n");
    print_totals(s);
    if (s->tokenizer)
        printf("tokenizer     %s, %s\n", ore_tokenizer_type(s->tokenizer),
               counted_text(ore_tokenizer_size(s->tokenizer), "token", count));
    if (s->template)
        print_template(s->template);
    print_rows(s);
    print_object("config.json", s->config);
    print_object("metadata", ore_tensor_file_metadata(s->file));
    return ore_error_status();
}
