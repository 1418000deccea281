/* pictures_data.c: from a run's folders or files to labelled pictures in parts, and batches. */
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>
#include <ore/ops.h>
#include <ore/random.h>

#include "lab/frame/drawn.h"
#include "tasks/class_names.h"
#include "tasks/pictures.h"

enum { DRAWINGS = 4000, DRAWINGS_SEED = 42 };

static const char *const form_file = "pictures.json";

static pictures_data *own(const train_data *d) {
    return d->own;
}

const pictures_data *pictures_of(const train_data *d) {
    return d->own;
}

/* ---- the form, and its file ---- */

void pictures_free_form(ore_image_form *form) {
    class_names_free(form->classes, form->class_count);
    *form = (ore_image_form){.classes = NULL};
}

static ore_status copy_form(ore_image_form *to, const ore_image_form *from) {
    *to = *from;
    to->class_count = 0;
    to->classes = calloc((size_t)from->class_count + 1, sizeof *to->classes);
    if (!to->classes)
        return ore_fail(ORE_MEMORY, "out of memory: names of labels");
    for (int64_t c = 0; c < from->class_count && ore_ok(); c++)
        class_names_add(to->classes, &to->class_count, from->classes[c]);
    return ore_error_status();
}

ore_status pictures_load_form(const char *dir, ore_image_form *form) {
    char path[RUNDIR_PATH_BYTES];
    *form = (ore_image_form){.classes = NULL};
    if (rundir_path(dir, form_file, path) != ORE_OK)
        return ore_error_status();
    ore_json *json = ore_json_load(path);
    if (json && class_names_read(json, &form->classes, &form->class_count) == ORE_OK &&
        ore_json_get_int(json, "channels", &form->channels) == ORE_OK &&
        ore_json_get_int(json, "height", &form->height) == ORE_OK)
        ore_json_get_int(json, "width", &form->width);
    if (ore_ok() &&
        (form->channels < 1 || form->height < 1 || form->width < 1 || form->class_count == 0))
        ore_fail(ORE_DATA, "sizes below 1, or no labels");
    ore_error_locate(path);
    ore_json_free(json);
    return ore_error_status();
}

ore_status pictures_save(const train_data *d, const char *dir) {
    const ore_image_form *form = &own(d)->form;
    char path[RUNDIR_PATH_BYTES];
    ore_json *json = ore_json_object_new();
    ore_json_set_int(json, "channels", form->channels);
    ore_json_set_int(json, "height", form->height);
    ore_json_set_int(json, "width", form->width);
    if (json && class_names_write(json, form->classes, form->class_count) == ORE_OK &&
        rundir_path(dir, form_file, path) == ORE_OK)
        ore_json_write(json, path);
    ore_json_free(json);
    return ore_error_status();
}

/* ---- reading ---- */

static ore_images *read_path(const char *path, const pictures_config *c,
                             const ore_image_form *form) {
    ore_image_csv_options o = ore_image_csv_defaults();
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER)
        return ore_image_folder_read(path, form);
    if (c) {
        o.label = c->label_field;
        o.channels = c->picture_channels;
    }
    return ore_image_csv_read(path, &o, form);
}

ore_status pictures_digest(const char *path, ore_digest *digest) {
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER) {
        ore_images *images = ore_image_folder_read(path, NULL);
        if (images)
            *digest = images->digest;
        ore_images_free(images);
        return ore_error_status();
    }
    return train_data_digest_file(path, digest);
}

/* The pictures `rows` (NULL: all) of x and y into a part. */
static void take_part(pictures_part *part, ore_tensor *x, ore_tensor *y, ore_tensor *rows) {
    ore_scope_begin();
    ore_tensor *of_x = rows ? ore_index_select(x, 0, rows) : ore_clone(x);
    ore_tensor *of_y = rows ? ore_index_select(y, 0, rows) : ore_clone(y);
    if (ore_ok()) {
        part->count = ore_size(of_x, 0);
        part->x = ore_own(of_x);
        part->y = ore_own(of_y);
    }
    ore_scope_end();
}

static ore_status cut_pictures(pictures_data *p, const train_config *c, ore_tensor *x,
                               ore_tensor *y, bool has_val) {
    data_cut cut;
    ore_scope_begin();
    if (train_data_cut(c, ore_size(x, 0), has_val, &cut) == ORE_OK)
        for (int i = 0; i < ORE_PART_COUNT; i++)
            if (cut.count[i] > 0)
                take_part(&p->parts[i], x, y, ore_narrow(cut.order, 0, cut.begin[i], cut.count[i]));
    ore_scope_end();
    return ore_error_status();
}

/* The embedded pictures, which the lab draws, too. */
static ore_status open_drawings(train_data *d, const train_config *c, bool has_val) {
    pictures_data *p = own(d);
    ore_image_form form = {1, DRAWN_SIZE, DRAWN_SIZE, DRAWN_CLASSES, (char **)drawn_names};
    ore_tensor *x, *y;
    ore_generator *g = ore_generator_new(DRAWINGS_SEED);
    ore_scope_begin();
    if (drawn_pictures(DRAWINGS, g, &x, &y)) {
        x = ore_to(ore_round(ore_mul_scalar(x, 255)), ORE_UINT8);
        d->name[SOURCE_DATA] = "embedded drawings";
        d->digest[SOURCE_DATA] = ore_digest_of(ore_data(x), (size_t)ore_numel(x));
        if (copy_form(&p->form, &form) == ORE_OK)
            cut_pictures(p, c, x, y, has_val);
    }
    ore_scope_end();
    ore_generator_free(g);
    return ore_error_status();
}

static void note_source(train_data *d, int source, const char *path, ore_digest digest) {
    char *copy = strdup(path);
    if (!copy)
        ore_fail(ORE_MEMORY, "out of memory: a path");
    own(d)->names[source] = copy;
    d->name[source] = copy;
    d->digest[source] = digest;
}

static ore_status open_data(train_data *d, const train_config *c, const char *path, bool has_val,
                            const ore_image_form *form) {
    pictures_data *p = own(d);
    ore_images *images = read_path(path, c->task, form);
    if (images) {
        note_source(d, SOURCE_DATA, path, images->digest);
        if (copy_form(&p->form, &images->form) == ORE_OK)
            cut_pictures(p, c, images->x, images->y, has_val);
    }
    ore_images_free(images);
    return ore_error_status();
}

static ore_status open_val(train_data *d, const train_config *c, const char *path) {
    pictures_data *p = own(d);
    ore_images *images = read_path(path, c->task, &p->form);
    if (images) {
        note_source(d, SOURCE_VAL, path, images->digest);
        take_part(&p->parts[ORE_PART_VAL], images->x, images->y, NULL);
    }
    ore_images_free(images);
    return ore_error_status();
}

ore_status pictures_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                         const char *dir) {
    ore_image_form form = {.classes = NULL};
    bool has_val = *path[SOURCE_VAL];
    if (strcmp(path[SOURCE_DATA], DATA_STANDARD_INPUT) == 0)
        return ore_fail(ORE_INVALID, "--data -: expected a folder of pictures or a CSV of pixels");
    if (dir && pictures_load_form(dir, &form) != ORE_OK) {
        pictures_free_form(&form);
        return ore_error_status();
    }
    if (*path[SOURCE_DATA])
        open_data(d, c, path[SOURCE_DATA], has_val, dir ? &form : NULL);
    else
        open_drawings(d, c, has_val);
    if (ore_ok() && has_val)
        open_val(d, c, path[SOURCE_VAL]);
    pictures_free_form(&form);
    return ore_error_status();
}

void pictures_close(train_data *d) {
    pictures_data *p = own(d);
    for (int part = 0; part < ORE_PART_COUNT; part++) {
        ore_free(p->parts[part].x);
        ore_free(p->parts[part].y);
    }
    for (int i = 0; i < SOURCES; i++)
        free(p->names[i]);
    pictures_free_form(&p->form);
}

/* ---- batches ---- */

int64_t pictures_items(const train_data *d, ore_part part) {
    return own(d)->parts[part].count;
}

ore_loader *pictures_random_loader(const train_data *d, const train_config *c, ore_part part,
                                   ore_generator *g) {
    const pictures_part *p = &own(d)->parts[part];
    ore_loader_options o = ore_loader_defaults();
    o.batch_size = c->batch_size;
    o.shuffle = g != NULL;
    o.generator = g;
    return ore_tensor_loader_new(p->x, p->y, &o);
}

ore_loader *pictures_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    return pictures_random_loader(d, c, part, NULL);
}
