/* tokenizer_page.c: `ore tokenizer show --output`: the tokens of a text as a page or a picture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "tokenizer/tokenizer_command.h"

static const char *const colors[] = {"#bfe0ff", "#c8f0c4", "#fff1b0", "#ffd0cc", "#e2d2ff"};
enum { COLORS = sizeof colors / sizeof *colors };

/* ---- characters ---- */

/* The character at a text's start, its columns in a font of one width, and its bytes; one that is
 * not whole, or a control, is shown as a dot. */
static int next_character(const char *text, size_t bytes, char shown[8], size_t *taken) {
    unsigned char lead = (unsigned char)*text;
    size_t n = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    bool whole = n > 0 && n <= bytes;
    for (size_t i = 1; whole && i < n; i++)
        whole = ((unsigned char)text[i] & 0xC0) == 0x80;
    *taken = whole ? n : 1;
    if (!whole || (n == 1 && (lead < 0x20 || lead == 0x7F))) {
        strcpy(shown, lead == '\n' ? "\xE2\x8F\x8E" : lead == '\t' ? "\xE2\x87\xA5" : "\xC2\xB7");
        return 1;
    }
    memcpy(shown, text, n);
    shown[n] = '\0';
    return n >= 3 && lead >= 0xE3 ? 2 : 1; /* ideographs and emoji are wide */
}

static void put_escaped(FILE *out, const char *text) {
    for (; *text; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        default:
            fputc(*text, out);
        }
}

/* ---- a page ---- */

static void write_page(FILE *out, const encoded_text *e) {
    fprintf(out,
            "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>Tokens</title>\n<style>\n"
            "body { font: 16px/1.7 monospace; margin: 2em; max-width: 60em; }\n"
            "pre { white-space: pre-wrap; } span { border-radius: 3px; padding: 2px 0; }\n"
            "</style>\n<p>%lld tokens of %zu bytes. A token's id shows where the pointer is.</p>\n"
            "<pre>",
            (long long)e->count, e->bytes);
    for (int64_t i = 0; i < e->count; i++) {
        size_t bytes, taken;
        const char *text = encoded_token(e, i, &bytes);
        fprintf(out, "<span style=\"background:%s\" title=\"%lld\">", colors[i % COLORS],
                (long long)e->ids[i]);
        for (size_t at = 0; at < bytes; at += taken) {
            char shown[8];
            next_character(text + at, bytes - at, shown, &taken);
            put_escaped(out, shown);
            if (text[at] == '\n')
                fputc('\n', out);
        }
        fputs("</span>", out);
    }
    fputs("</pre>\n", out);
}

/* ---- a picture ---- */

enum { COLUMN = 10, LINE = 30, BOX = 24, MARGIN = 16, COLUMNS = 80, PICTURE_TOKENS_MAX = 2000 };

/* Goes over the boxes of all tokens, and draws them unless `out` is NULL; returns the lines. */
static int draw_boxes(FILE *out, const encoded_text *e) {
    int line = 0, column = 0;
    for (int64_t i = 0; i < e->count; i++) {
        size_t bytes, taken;
        const char *text = encoded_token(e, i, &bytes);
        char shown[8];
        int width = 0, lines = 0;
        for (size_t at = 0; at < bytes; at += taken) {
            width += next_character(text + at, bytes - at, shown, &taken);
            lines += text[at] == '\n';
        }
        if (column > 0 && column + width > COLUMNS) {
            line++;
            column = 0;
        }
        int x = MARGIN + column * COLUMN, y = MARGIN + line * LINE;
        if (out)
            fprintf(out,
                    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"%s\"/>\n",
                    x, y, width * COLUMN - 1, BOX, colors[i % COLORS]);
        for (size_t at = 0; out && at < bytes; at += taken) {
            int wide = next_character(text + at, bytes - at, shown, &taken);
            fprintf(out, "<text x=\"%d\" y=\"%d\">", x, y + BOX - 7);
            put_escaped(out, shown);
            fputs("</text>\n", out);
            x += wide * COLUMN;
        }
        column += width;
        line += lines;
        column = lines ? 0 : column;
    }
    return line + 1;
}

static void write_picture(FILE *out, const encoded_text *e) {
    int width = 2 * MARGIN + COLUMNS * COLUMN, height = 2 * MARGIN + draw_boxes(NULL, e) * LINE;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans Mono, monospace\" "
            "font-size=\"16\">\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
            width, height, width, height, width, height);
    draw_boxes(out, e);
    fputs("</svg>\n", out);
}

/* ---- files ---- */

ore_status show_page_check(const tokenizer_config *config) {
    const char *path = config->output;
    return !*path || path_ends_in(path, ".html") || path_ends_in(path, ".svg")
               ? ORE_OK
               : ore_fail(ORE_INVALID,
                          "--output %s: expected a name that ends in .html or .svg", path);
}

ore_status show_page(const encoded_text *e, const tokenizer_config *config) {
    bool page = path_ends_in(config->output, ".html");
    char *bytes = NULL;
    size_t size = 0;
    if (!page && e->count > PICTURE_TOKENS_MAX)
        return ore_fail(ORE_INVALID,
                        "--output %s: %lld tokens, a picture has room for %d; a page "
                        "(.html) has for all",
                        config->output, (long long)e->count, PICTURE_TOKENS_MAX);
    FILE *out = open_memstream(&bytes, &size);
    if (!out)
        return ore_fail(ORE_MEMORY, "show: out of memory");
    if (page)
        write_page(out, e);
    else
        write_picture(out, e);
    ore_status status = fclose(out) == 0 ? ore_file_write(config->output, bytes, size)
                                         : ore_fail(ORE_MEMORY, "show: out of memory");
    free(bytes);
    return status;
}
