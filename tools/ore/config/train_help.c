/* train_help.c: the keys of `ore train` by model, as help and as documentation. */
#include <string.h>

#include "config/train_options.h"
#include "config/train_presets.h"

static void print_settings(const preset *p, FILE *out) {
    for (const setting *s = p->settings; s->key; s++)
        fprintf(out, "%s%s %s", s == p->settings ? "" : ", ", s->key, s->text);
}

static bool has_presets(const char *family) {
    for (int i = 0; i < preset_count(); i++)
        if (strcmp(preset_at(i)->family, family) == 0)
            return true;
    return false;
}

static void print_presets(const char *family, FILE *out, bool markdown) {
    if (!has_presets(family))
        return;
    fprintf(out, "\nPresets of %s\n", family);
    if (markdown)
        fputs("\n| name | what for | sets |\n|---|---|---|\n", out);
    for (int i = 0; i < preset_count(); i++) {
        const preset *p = preset_at(i);
        if (strcmp(p->family, family) != 0)
            continue;
        if (markdown) {
            fprintf(out, "| `%s` | %s | ", p->name, p->about);
            print_settings(p, out);
            fputs(" |\n", out);
        } else {
            char left[64];
            snprintf(left, sizeof left, "  %s", p->name);
            help_print_pair(out, left, p->about);
        }
    }
}

static void print_rows(const option *rows, int count, FILE *out, bool markdown) {
    if (markdown)
        options_print_markdown(rows, count, out);
    else
        options_print_help(rows, count, out);
}

static bool same_text(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

/* A family's rows that the first family lacks or has otherwise, under one heading. */
static void print_differences(const model_family *f, FILE *out, bool markdown) {
    static option shown[OPTION_ROWS_MAX];
    char group[64];
    int count, first_count, n = 0;
    const option *rows = train_option_rows(f, &count);
    const option *first = train_option_rows(family_at(0), &first_count);
    snprintf(group, sizeof group, "Where %s differs from %s", f->name, family_at(0)->name);
    for (int i = 0; i < count; i++) {
        const option *other = NULL;
        for (int j = 0; j < first_count && !other; j++)
            if (same_text(first[j].key, rows[i].key))
                other = &first[j];
        bool alike = other && same_text(other->fallback, rows[i].fallback) &&
                     same_text(other->domain, rows[i].domain) &&
                     same_text(other->help, rows[i].help);
        if (alike || same_text(rows[i].key, "model"))
            continue;
        shown[n] = rows[i];
        shown[n++].group = group;
    }
    print_rows(shown, n, out, markdown);
}

/* "Of the group Model it takes n_embd, ..": what a table of differences does not tell. */
static void print_model_keys(const model_family *f, FILE *out, bool markdown) {
    int count;
    const option *rows = train_option_rows(f, &count);
    fprintf(out, "\n%s takes, of the keys of a model,", f->name);
    for (int i = 0, n = 0; i < count; i++)
        if (same_text(rows[i].group, "Model"))
            fprintf(out, "%s%s%s%s", n++ ? ", " : " ", markdown ? "`" : "", rows[i].key,
                    markdown ? "`" : "");
    fputs(".\n", out);
}

static void print_list(FILE *out, bool markdown) {
    fputs("\nModels\n", out);
    if (markdown)
        fputs("\n| name | what it is |\n|---|---|\n", out);
    for (int i = 0; i < family_count(); i++) {
        char left[64];
        snprintf(left, sizeof left, "  %s", family_at(i)->name);
        if (markdown)
            fprintf(out, "| `%s` | %s |\n", family_at(i)->name, family_at(i)->about);
        else
            help_print_pair(out, left, family_at(i)->about);
    }
}

void train_print_models(FILE *out, bool markdown) {
    int count;
    const option *rows = train_option_rows(family_at(0), &count);
    print_list(out, markdown);
    fprintf(out, "\nThe keys of %s, most of which are those of all models:\n", family_at(0)->name);
    print_rows(rows, count, out, markdown);
    print_presets(family_at(0)->name, out, markdown);
    for (int i = 1; i < family_count(); i++) {
        print_model_keys(family_at(i), out, markdown);
        print_differences(family_at(i), out, markdown);
        print_presets(family_at(i)->name, out, markdown);
    }
}

bool train_print_model_help(int argc, char **argv, FILE *out) {
    const model_family *f = NULL;
    for (int i = 0; i < argc && !f; i++)
        f = family_find(argv[i]);
    if (!f)
        return false;
    int count;
    const option *rows = train_option_rows(f, &count);
    fprintf(out, "Usage: ore train %s [--data FILE]%s [--out DIR] [--KEY VALUE ...]\n\n%s: %s.\n",
            f->name, has_presets(f->name) ? " [--preset NAME]" : "", f->name, f->about);
    print_rows(rows, count, out, false);
    print_presets(f->name, out, false);
    return true;
}
