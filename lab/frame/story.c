/* story.c: the story of a rung: printed as it is told, and kept for the report. */
#include <stdlib.h>
#include <string.h>

#include "lab/frame/record.h"
#include "lab/frame/terminal.h"

enum { PAGE_COLUMNS = 80, SHOWN_COLUMNS = PAGE_COLUMNS - 4 };

/* Adds a part to the story. Takes over `text` and `file`. */
static void add_part(lab *l, lab_part_kind kind, char *text, char *file) {
    lab_part *part =
        ore_ok() ? lab_add(&l->record->parts, &l->record->part_count, sizeof *part) : NULL;
    if (part) {
        *part = (lab_part){kind, text, file};
        return;
    }
    free(text);
    free(file);
}

void lab_heading(lab *l, const char *text) {
    if (!ore_ok())
        return;
    lab_clear_line(l);
    if (l->out)
        fprintf(l->out, "\n-- %s\n", text);
    add_part(l, LAB_HEADING, lab_copy(text), NULL);
}

void lab_say(lab *l, const char *format, ...) {
    va_list arguments;
    if (!ore_ok())
        return;
    va_start(arguments, format);
    char *plain = lab_format(format, arguments), *text = plain ? lab_grouped(plain) : NULL;
    va_end(arguments);
    free(plain);
    lab_clear_line(l);
    if (text && l->out) {
        fputc('\n', l->out);
        lab_print_folded(l->out, text, PAGE_COLUMNS);
        fflush(l->out);
    }
    add_part(l, LAB_PARAGRAPH, text, NULL);
}

void lab_show(lab *l, const char *preformatted) {
    char *text = ore_ok() ? lab_grouped(preformatted) : NULL;
    size_t length = text ? strlen(text) : 0;
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    lab_clear_line(l);
    if (text && l->out) {
        fputc('\n', l->out);
        for (const char *line = text; line; line = strchr(line, '\n')) {
            line += *line == '\n';
            fprintf(l->out, "    %.*s\n", (int)strcspn(line, "\n"), line);
        }
        fflush(l->out);
    }
    add_part(l, LAB_PREFORMATTED, text, NULL);
}

void lab_show_words(lab *l, const char *words) {
    char *lines = NULL;
    size_t bytes = 0;
    FILE *out = ore_ok() ? open_memstream(&lines, &bytes) : NULL;
    if (!out)
        return;
    lab_print_folded(out, words, SHOWN_COLUMNS);
    fclose(out);
    if (lines)
        lab_show(l, lines);
    free(lines);
}

void lab_show_tensor(lab *l, const char *name, const ore_tensor *t) {
    char *values = ore_tensor_text(t);
    int margin = (int)strlen(name) + 3;
    char *text =
        values ? lab_allocate(strlen(values) * (size_t)(margin + 1) + strlen(name) + 4) : NULL;
    if (text) {
        size_t used = (size_t)sprintf(text, "%s = ", name);
        for (const char *c = values; *c; c++) {
            text[used++] = *c;
            if (*c == '\n')
                used += (size_t)sprintf(text + used, "%*s", margin, "");
        }
        lab_show(l, text);
    }
    free(text);
    ore_string_free(values);
}

/* ---- pictures ---- */

static ore_status save_picture(const lab *l, const ore_figure *figure, const char *file) {
    static const char *const endings[] = {".svg", ".png"};
    char name[160];
    if (ore_folder_make(l->folder) != ORE_OK)
        return ore_error_status();
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s%s", file, endings[i]);
        char *path = ore_path_join(l->folder, name);
        if (path)
            ore_figure_save(figure, path);
        ore_string_free(path);
    }
    return ore_error_status();
}

/* A picture that is saved as FILE.svg. */
static void add_picture(lab *l, const char *file, const char *caption) {
    lab_clear_line(l);
    if (l->out) {
        fprintf(l->out, "\n    picture %s/%s.svg\n", l->folder, file);
        fflush(l->out);
    }
    add_part(l, LAB_PICTURE, lab_copy(caption), lab_copy(file));
}

void lab_picture(lab *l, ore_figure *figure, const char *name, const char *caption) {
    char file[128];
    snprintf(file, sizeof file, "%s-%s", l->record->rung->name, name);
    bool drawable = ore_ok(); /* else computing what it shows has failed */
    ore_status status = save_picture(l, figure, file);
    ore_figure_free(figure);
    if (status == ORE_OK) {
        add_picture(l, file, caption);
    } else if (drawable) { /* the rung goes on: its numbers matter more */
        ore_error error;
        ore_error_take(&error);
        lab_say(l, "(The picture %s is left out: %s.)", file, error.message);
    }
}

void lab_drawing(lab *l, const ore_value *root, const char *title, const char *name,
                 const char *caption) {
    char file[128], ending[160];
    snprintf(file, sizeof file, "%s-%s", l->record->rung->name, name);
    snprintf(ending, sizeof ending, "%s.svg", file);
    char *path = ore_folder_make(l->folder) == ORE_OK ? ore_path_join(l->folder, ending) : NULL;
    ore_value_draw_options o = ore_value_draw_defaults();
    o.title = title;
    if (path && ore_value_draw(root, path, &o) == ORE_OK)
        add_picture(l, file, caption);
    ore_string_free(path);
}

/* ---- progress ---- */

void lab_clear_line(lab *l) {
    if (l->line_drawn && l->out)
        fputs(terminal_columns(l->out) > 0 ? TERMINAL_CLEAR_LINE : "\n", l->out);
    l->line_drawn = false;
}

void lab_progress(lab *l, const char *what, int64_t done, int64_t total, double loss) {
    if (!l->out || !ore_ok() || total < 1)
        return;
    double now_s = ore_clock_s();
    char line[160];
    int columns = terminal_columns(l->out);
    bool live = columns > 0;
    if (live ? done < total && now_s - l->drawn_s < 0.1
             : 10 * done / total == 10 * (done - 1) / total)
        return;
    lab_clear_line(l);
    snprintf(line, sizeof line, "    %.80s: %lld/%lld  loss %.4f", what, (long long)done,
             (long long)total, loss);
    fprintf(l->out, "%.*s%s", live ? columns - 1 : (int)sizeof line, line, live ? "" : "\n");
    l->line_drawn = live;
    l->drawn_s = now_s;
    fflush(l->out);
}
