/* pictures.c: labelled pictures as a task of the command: a model puts a picture into one of the
 * classes that the labels name. */
#include <stdio.h>

#include <ore/ops.h>

#include "cli/words.h"
#include "tasks/answers.h"
#include "tasks/pictures.h"

/* ---- sizes ---- */

static ore_status settle(const train_data *d, train_options *t) {
    const ore_image_form *form = &pictures_of(d)->form;
    char what[128], count[COUNT_BYTES];
    snprintf(what, sizeof what, "the pictures have %s",
             counted_text(form->channels, "channel", count));
    if (train_data_settle_size(t, "in_channels", form->channels, false, what) != ORE_OK)
        return ore_error_status();
    snprintf(what, sizeof what, "the data has %s", counted_text(form->class_count, "label", count));
    return train_data_settle_size(t, "n_classes", form->class_count, true, what);
}

/* ---- words ---- */

static void print_files(const train_data *d, FILE *out) {
    const ore_image_form *form = &pictures_of(d)->form;
    fprintf(out, "pictures    %lld x %lld, %s\nlabels      ", (long long)form->width,
            (long long)form->height, form->channels == 1 ? "grey" : "RGB");
    print_classes(out, form->classes, form->class_count);
}

/* ---- answers ---- */

typedef struct pictures_sample_config {
    char *picture;
    int64_t top;
} pictures_sample_config;

#define ROW(type, ...)                                                                             \
    { "Pictures", CONFIG_FIELD_##type(pictures_sample_config, __VA_ARGS__), OPTION_UNSAVED, 1 }
static const option sample_rows[] = {
    ROW(TEXT, picture, "", "FILE",
        "the PNG file to label; none: each line of standard input is the path of one"),
    ROW(INT, top, "1", "[1, 100]", "so many of the likeliest labels, each with its share"),
};
#undef ROW

/* A run that answers. */
typedef struct labeller {
    const trained_model *m;
    ore_image_form form; /* to be freed */
    int64_t top;         /* so many classes of each answer are printed */
} labeller;

/* "7\t0.9981\tpictures/a.png" */
static ore_status answer(const labeller *k, const char *path) {
    const ore_image_form *form = &k->form;
    ranked_classes r;
    ore_scope_begin();
    ore_tensor *picture = ore_png_read(path);
    if (picture && !ore_shape_equal(ore_shape_of(picture),
                                    ORE_SHAPE(form->channels, form->height, form->width)))
        ore_fail(ORE_DATA, "%s: %lld x %lld %s, expected %lld x %lld %s as the run's pictures",
                 path, (long long)ore_size(picture, 2), (long long)ore_size(picture, 1),
                 ore_size(picture, 0) == 1 ? "grey" : "RGB", (long long)form->width,
                 (long long)form->height, form->channels == 1 ? "grey" : "RGB");
    if (ore_ok() && classify(k->m, ore_unsqueeze(picture, 0), form->class_count, &r) == ORE_OK) {
        print_ranked(&r, form->classes, k->top);
        printf("%s\n", path);
    }
    ore_scope_end();
    return answer_flush();
}

/* Empty lines are none. */
static ore_status answer_line(void *user, const char *line, size_t bytes) {
    return bytes == 0 ? ORE_OK : answer(user, line);
}

static ore_status sample(const trained_model *m, const void *config) {
    const pictures_sample_config *c = config;
    labeller k = {.m = m, .top = c->top};
    if (pictures_load_form(m->dir, &k.form) == ORE_OK) {
        if (*c->picture)
            answer(&k, c->picture);
        else
            answer_lines(&k, answer_line);
    }
    pictures_free_form(&k.form);
    return ore_error_status();
}

/* The first pictures of a part, with the labels that they have and get. */
static ore_status show(const trained_model *m, ore_generator *g) {
    enum { SHOWN = 10 };
    const train_data *d = m->data(m->user);
    (void)g; /* nothing is drawn */
    if (!d)
        return ore_error_status();
    const pictures_data *p = pictures_of(d);
    ore_part which = pictures_items(d, ORE_PART_VAL) ? ORE_PART_VAL : ORE_PART_TRAIN;
    const pictures_part *part = &p->parts[which];
    printf("\npictures of the %s split, by label, with the label that each gets:\n",
           ore_part_name(which));
    for (int64_t i = 0; i < part->count && i < SHOWN && ore_ok(); i++) {
        ore_scope_begin();
        int64_t label = ore_item_int(ore_select(part->y, 0, i));
        ore_tensor *x = ore_unsqueeze(ore_select(part->x, 0, i), 0);
        ranked_classes r;
        if (classify(m, x, p->form.class_count, &r) == ORE_OK)
            printf("%s: %s %.4f\n", p->form.classes[label], p->form.classes[r.order[0]],
                   r.shares[0]);
        ore_scope_end();
    }
    return ore_error_status();
}

const run_task run_task_pictures = {
    .model = &task_pictures,
    .files = {"pictures.json"},
    .kept = {"run-data", "run-val-data"},
    .folder = true,
    .digest = pictures_digest,
    .own_bytes = sizeof(pictures_data),
    .open = pictures_open,
    .close = pictures_close,
    .save = pictures_save,
    .settle = settle,
    .items = pictures_items,
    .row = "picture",
    .random_loader = pictures_random_loader,
    .pass_loader = pictures_pass_loader,
    .print_files = print_files,
    .sample_about = "A model that labels pictures (ore train resnet) reads paths of PNG files from "
                    "standard input, one a line, and writes each with its label before it.",
    .more = "labels for pictures",
    .sample_rows = sample_rows,
    .sample_row_count = sizeof sample_rows / sizeof sample_rows[0],
    .sample_bytes = sizeof(pictures_sample_config),
    .sample = sample,
    .show = show};
