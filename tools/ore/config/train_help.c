/* train_help.c: the keys of `ore train` by model, as help and as documentation. */
#include <string.h>

#include "config/train_options.h"
#include "config/train_presets.h"

static void print_settings(const preset *p, FILE *out) {
    for (const config_setting *s = p->settings; s->key; s++)
        fprintf(out, "%s%s %s", s == p->settings ? "" : ", ", s->key, s->text);
}

static bool has_presets(const char *model) {
    for (int i = 0; i < preset_count(); i++)
        if (strcmp(preset_at(i)->model, model) == 0)
            return true;
    return false;
}

static void print_presets(const char *model, FILE *out, bool markdown) {
    if (!has_presets(model))
        return;
    fprintf(out, "\nPresets of %s\n", model);
    if (markdown)
        fputs("\n| name | what for | sets |\n|---|---|---|\n", out);
    for (int i = 0; i < preset_count(); i++) {
        const preset *p = preset_at(i);
        if (strcmp(p->model, model) != 0)
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

static bool is_alike(const config_field *a, const config_field *b) {
    char takes[CONFIG_DOMAIN_BYTES], other[CONFIG_DOMAIN_BYTES];
    return same_text(a->fallback, b->fallback) && same_text(a->help, b->help) &&
           same_text(config_domain_text(a, takes), config_domain_text(b, other));
}

/* Prints, under one heading, the rows of a model that the first model lacks or has differently. */
static void print_differences(const named_model *m, FILE *out, bool markdown) {
    static option shown[OPTION_ROWS_MAX];
    char group[64];
    int count, first_count, n = 0;
    const option *rows = train_option_rows(m, &count);
    const option *first = train_option_rows(model_at(0), &first_count);
    snprintf(group, sizeof group, "Where %s differs from %s", m->name, model_at(0)->name);
    for (int i = 0; i < count; i++) {
        const option *other = NULL;
        for (int j = 0; j < first_count && !other; j++)
            if (same_text(first[j].field.key, rows[i].field.key))
                other = &first[j];
        if ((other && is_alike(&other->field, &rows[i].field)) ||
            same_text(rows[i].field.key, "model"))
            continue;
        shown[n] = rows[i];
        shown[n++].group = group;
    }
    print_rows(shown, n, out, markdown);
}

/* Prints "Of the group Model it takes n_embd, ..", which a table of differences does not show. */
static void print_model_keys(const named_model *m, FILE *out, bool markdown) {
    int count;
    const option *rows = train_option_rows(m, &count);
    fprintf(out, "\n%s takes, of the keys of a model,", m->name);
    for (int i = 0, n = 0; i < count; i++)
        if (same_text(rows[i].group, "Model"))
            fprintf(out, "%s%s%s%s", n++ ? ", " : " ", markdown ? "`" : "", rows[i].field.key,
                    markdown ? "`" : "");
    fputs(".\n", out);
}

static void print_list(FILE *out, bool markdown) {
    fputs("\nModels\n", out);
    if (markdown)
        fputs("\n| name | what it is |\n|---|---|\n", out);
    for (int i = 0; i < model_count(); i++) {
        char left[64];
        snprintf(left, sizeof left, "  %s", model_at(i)->name);
        if (markdown)
            fprintf(out, "| `%s` | %s |\n", model_at(i)->name, model_at(i)->about);
        else
            help_print_pair(out, left, model_at(i)->about);
    }
}

void train_print_models(FILE *out, bool markdown) {
    int count;
    const option *rows = train_option_rows(model_at(0), &count);
    print_list(out, markdown);
    fprintf(out, "\nThe keys of %s, most of which are those of all models:\n", model_at(0)->name);
    print_rows(rows, count, out, markdown);
    print_presets(model_at(0)->name, out, markdown);
    for (int i = 1; i < model_count(); i++) {
        print_model_keys(model_at(i), out, markdown);
        print_differences(model_at(i), out, markdown);
        print_presets(model_at(i)->name, out, markdown);
    }
}

bool train_print_model_help(const arguments *a, FILE *out) {
    const argument *word = arguments_word(a, 0), *flag = arguments_find(a, "model");
    const char *name = word ? word->word : flag ? flag->value : NULL;
    const named_model *m = name ? model_find(name) : NULL;
    if (!m)
        return false;
    int count;
    const option *rows = train_option_rows(m, &count);
    fprintf(out, "Usage: ore train %s [--data FILE]%s [--out DIR] [--KEY VALUE ...]\n\n%s: %s.\n",
            m->name, has_presets(m->name) ? " [--preset NAME]" : "", m->name, m->about);
    print_rows(rows, count, out, false);
    print_presets(m->name, out, false);
    return true;
}
