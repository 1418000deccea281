/* image_folder.c: a folder of pictures with one folder for each class. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ore/files.h>

#include "base/files.h"
#include "base/given.h"
#include "base/memory.h"
#include "data/images.h"
#include "data/png.h"

/* A growing list of names, on the C library's heap. */
typedef struct name_list {
    char **items;
    int64_t count, room;
    bool folders; /* takes folders; else PNG files */
} name_list;

static void free_names(name_list *list) {
    for (int64_t i = 0; i < list->count; i++)
        ore_release(list->items[i]);
    ore_release(list->items);
    *list = (name_list){.items = NULL};
}

static ore_status add_name(name_list *list, const char *name) {
    if (list->count == list->room) {
        int64_t room = 2 * list->room + 16;
        char **items = ore_alloc((size_t)room * sizeof *items);
        if (!items)
            return ORE_MEMORY;
        if (list->count)
            memcpy(items, list->items, (size_t)list->count * sizeof *items);
        ore_release(list->items);
        list->items = items;
        list->room = room;
    }
    char *copy = ore_images_copy_name(name);
    if (copy)
        list->items[list->count++] = copy;
    return copy ? ORE_OK : ORE_MEMORY;
}

static bool is_png_name(const char *name) {
    size_t length = strlen(name);
    return length > 4 && strcasecmp(name + length - 4, ".png") == 0;
}

static ore_status visit(void *user, const char *folder, const char *name) {
    name_list *list = user;
    if (name[0] == '.')
        return ORE_OK;
    if (!list->folders)
        return is_png_name(name) ? add_name(list, name) : ORE_OK;
    char *path = ore_path_join(folder, name);
    ore_status status = path ? ORE_OK : ore_error_status();
    if (path && ore_path_kind_of(path) == ORE_PATH_FOLDER)
        status = add_name(list, name);
    ore_string_free(path);
    return status;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, in order. */
static ore_status list_names(const char *folder, name_list *list) {
    ore_status status = ore_folder_visit(folder, visit, list);
    if (status == ORE_OK && list->count > 0)
        qsort(list->items, (size_t)list->count, sizeof *list->items, compare);
    return status;
}

/* ---- reading ---- */

/* The files of all classes. */
typedef struct folder_files {
    const char *path;
    name_list classes;
    name_list *files; /* one list a class */
    int64_t *numbers; /* of each class in the form */
    int64_t count;
} folder_files;

static char *class_path(const folder_files *f, int64_t c) {
    return ore_path_join(f->path, f->classes.items[c]);
}

static ore_status list_class(folder_files *f, int64_t c) {
    char *path = class_path(f, c);
    if (path && list_names(path, &f->files[c]) == ORE_OK && f->files[c].count == 0)
        ore_fail(ORE_DATA, "%.*s: no PNG file in the folder of this class", ORE_PATH_SHOWN_BYTES,
                 path);
    f->count += f->files[c].count;
    ore_string_free(path);
    return ore_error_status();
}

static ore_status list_files(folder_files *f, const ore_image_form *form) {
    f->classes.folders = true;
    if (list_names(f->path, &f->classes) != ORE_OK)
        return ore_error_status();
    int64_t count = f->classes.count;
    if (count == 0)
        return ore_fail(ORE_DATA, "%.*s: no folder in it, expected one for each class of pictures",
                        ORE_PATH_SHOWN_BYTES, f->path);
    f->files = ore_alloc_zero((size_t)count * sizeof *f->files);
    f->numbers = ore_alloc_zero((size_t)count * sizeof *f->numbers);
    for (int64_t c = 0; c < count && ore_no_error(); c++) {
        f->numbers[c] = form ? ore_images_class(form, f->classes.items[c]) : c;
        if (f->numbers[c] < 0) {
            char *path = class_path(f, c);
            ore_images_fail_class(path ? path : f->path, form);
            ore_string_free(path);
        }
        if (ore_no_error())
            list_class(f, c);
    }
    return ore_error_status();
}

/* Each picture into its row of x. */
static ore_status read_files(const folder_files *f, ore_images *images) {
    char *first = NULL; /* the path of the first picture */
    int64_t at = 0;
    for (int64_t c = 0; c < f->classes.count; c++) {
        char *folder = class_path(f, c);
        for (int64_t i = 0; i < f->files[c].count && ore_no_error(); i++, at++) {
            char *path = ore_path_join(folder, f->files[c].items[i]);
            size_t bytes = 0;
            char *file = ore_file_read(path, &bytes);
            ore_scope_begin();
            ore_tensor *image = file ? ore_png_of_bytes(path, file, bytes) : NULL;
            if (image &&
                ore_images_put(images, at, f->count, image, f->numbers[c], path, first) == ORE_OK)
                ore_images_digest(images, path + strlen(f->path), file, bytes);
            ore_scope_end();
            ore_string_free(file);
            if (first)
                ore_string_free(path);
            else
                first = path;
        }
        ore_string_free(folder);
    }
    ore_string_free(first);
    return ore_error_status();
}

ore_images *ore_image_folder_read(const char *path, const ore_image_form *form) {
    if (!ore_is_given("image_folder_read", "its path", path) ||
        !ore_images_form_fits("image_folder_read", form))
        return NULL;
    folder_files f = {.path = path};
    ore_images *images = NULL;
    if (list_files(&f, form) == ORE_OK) {
        ore_image_form own = {.class_count = f.classes.count, .classes = f.classes.items};
        images = ore_images_new(form ? form : &own);
        if (images)
            read_files(&f, images);
    }
    for (int64_t c = 0; f.files && c < f.classes.count; c++)
        free_names(&f.files[c]);
    ore_release(f.files);
    ore_release(f.numbers);
    free_names(&f.classes);
    if (ore_no_error())
        return images;
    ore_images_free(images);
    return NULL;
}
