/* options_help.c: a table of options as help and as documentation. */
#include <string.h>

#include "cli/options.h"

enum { HELP_COLUMN = 30, HELP_WIDTH = 96 };

static bool starts_group(const option *rows, int i) {
    return i == 0 || strcmp(rows[i].group, rows[i - 1].group) != 0;
}

/* What follows the flag: "N", "X", "FILE", "pre|post". */
static const char *placeholder(const option *row) {
    switch (row->type) {
    case OPTION_INT:
        return "N";
    case OPTION_FLOAT:
        return "X";
    case OPTION_BOOL:
        return "";
    case OPTION_TEXT:
    case OPTION_CHOICE:
        return row->domain;
    }
    return "";
}

static const char *default_text(const option *row) {
    return *row->fallback ? row->fallback : "none";
}

/* Words of text from HELP_COLUMN on, folded at HELP_WIDTH. */
static void print_folded(FILE *out, const char *text) {
    int column = HELP_COLUMN;
    for (const char *separator = ""; *text; separator = " ") {
        int word = (int)strcspn(text, " ");
        if (column + 1 + word > HELP_WIDTH) {
            fprintf(out, "\n%*s", HELP_COLUMN, "");
            separator = "";
            column = HELP_COLUMN;
        }
        fprintf(out, "%s%.*s", separator, word, text);
        column += (int)strlen(separator) + word;
        text += word + (text[word] == ' ');
    }
    fputc('\n', out);
}

void help_print_pair(FILE *out, const char *left, const char *right) {
    if ((int)strlen(left) + 1 < HELP_COLUMN)
        fprintf(out, "%-*s", HELP_COLUMN, left);
    else
        fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
    print_folded(out, right);
}

void options_print_help(const option *rows, int count, FILE *out) {
    for (int i = 0; i < count; i++) {
        char flag[64], left[160], right[640];
        if (starts_group(rows, i))
            fprintf(out, "\n%s\n", rows[i].group);
        option_flag_text(rows[i].key, flag, sizeof flag);
        if (rows[i].type == OPTION_BOOL)
            snprintf(left, sizeof left, "  --[no-]%s", flag + 2);
        else
            snprintf(left, sizeof left, "  %s %s", flag, placeholder(&rows[i]));
        snprintf(right, sizeof right, "%s (default %s)", rows[i].help, default_text(&rows[i]));
        help_print_pair(out, left, right);
    }
}

/* Inside a table cell a bar would start the next cell. */
static void print_cell(FILE *out, const char *text) {
    for (; *text; text++)
        fprintf(out, "%s%c", *text == '|' ? "\\" : "", *text);
}

static void print_accepts(const option *row, FILE *out) {
    char text[128];
    switch (row->type) {
    case OPTION_INT:
    case OPTION_FLOAT:
        fprintf(out, "%s %s", row->type == OPTION_INT ? "integer," : "number,",
                option_range_text(row, text, sizeof text));
        break;
    case OPTION_BOOL:
        fputs("true or false", out);
        break;
    case OPTION_TEXT:
    case OPTION_CHOICE:
        print_cell(out, row->domain);
        break;
    }
}

void options_print_markdown(const option *rows, int count, FILE *out) {
    for (int i = 0; i < count; i++) {
        char flag[64];
        if (starts_group(rows, i))
            fprintf(out, "\n%s\n\n| flag | default | accepts | meaning |\n|---|---|---|---|\n",
                    rows[i].group);
        fprintf(out, "| `%s` | %s | ", option_flag_text(rows[i].key, flag, sizeof flag),
                default_text(&rows[i]));
        print_accepts(&rows[i], out);
        fputs(" | ", out);
        print_cell(out, rows[i].help);
        fputs(" |\n", out);
    }
}
