/* options_help.c: a table of options as help and as documentation. */
#include <string.h>

#include "cli/options.h"

enum { HELP_COLUMN = 30, HELP_WIDTH = 96 }; /* characters: where the right side begins and ends */

static bool starts_group(const option *rows, int i) {
    return i == 0 || strcmp(rows[i].group, rows[i - 1].group) != 0;
}

/* What stands for the value after a flag in the help: "N", "X", "FILE", "pre|post"; `text` has
 * CONFIG_DOMAIN_BYTES. */
static const char *placeholder(const config_field *f, char *text) {
    if (f->type == CONFIG_INT || f->type == CONFIG_FLOAT)
        return f->type == CONFIG_INT ? "N" : "X";
    return config_domain_text(f, text);
}

static const char *default_text(const config_field *f) {
    return *f->fallback ? f->fallback : "none";
}

/* Prints the words of a text in lines from HELP_COLUMN to HELP_WIDTH. */
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
        const config_field *f = &rows[i].field;
        char flag[64], domain[CONFIG_DOMAIN_BYTES], left[64 + sizeof domain], right[640];
        if (starts_group(rows, i))
            fprintf(out, "\n%s\n", rows[i].group);
        option_flag_text(f->key, flag, sizeof flag);
        if (f->type == CONFIG_SWITCH)
            snprintf(left, sizeof left, "  --[no-]%s", flag + 2);
        else
            snprintf(left, sizeof left, "  %s %s", flag, placeholder(f, domain));
        snprintf(right, sizeof right, "%s (default %s)", f->help, default_text(f));
        help_print_pair(out, left, right);
    }
}

/* Prints the text of a Markdown table's cell, with its bars escaped: a bar would end the cell. */
static void print_cell(FILE *out, const char *text) {
    for (; *text; text++)
        fprintf(out, "%s%c", *text == '|' ? "\\" : "", *text);
}

static void print_accepts(const config_field *f, FILE *out) {
    char text[CONFIG_DOMAIN_BYTES];
    config_domain_text(f, text);
    if (f->type == CONFIG_INT || f->type == CONFIG_FLOAT)
        fprintf(out, "%s %s", f->type == CONFIG_INT ? "integer," : "number,", text);
    else if (f->type == CONFIG_SWITCH)
        fputs("true or false", out);
    else
        print_cell(out, text);
}

void options_print_markdown(const option *rows, int count, FILE *out) {
    for (int i = 0; i < count; i++) {
        const config_field *f = &rows[i].field;
        char flag[64];
        if (starts_group(rows, i))
            fprintf(out, "\n%s\n\n| flag | default | accepts | meaning |\n|---|---|---|---|\n",
                    rows[i].group);
        fprintf(out, "| `%s` | %s | ", option_flag_text(f->key, flag, sizeof flag),
                default_text(f));
        print_accepts(f, out);
        fputs(" | ", out);
        print_cell(out, f->help);
        fputs(" |\n", out);
    }
}

void option_print_idle(FILE *out, const char *key, const char *reason) {
    char flag[64];
    fprintf(out, "note        %s changes nothing %s\n", option_flag_text(key, flag, sizeof flag),
            reason);
}
