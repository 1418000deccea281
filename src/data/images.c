/* images.c: labelled pictures in memory. */
#include "data/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"

enum { CLASSES_SHOWN_BYTES = 100 };

char *ore_images_copy_name(const char *name) {
    size_t bytes = strlen(name) + 1;
    char *copy = ore_alloc(bytes);
    return copy ? memcpy(copy, name, bytes) : NULL;
}

bool ore_images_form_fits(const char *name, const ore_image_form *f) {
    bool fits = !f || ((f->channels == 1 || f->channels == 3) && f->height >= 1 && f->width >= 1 &&
                       f->height <= INT32_MAX / f->width && f->class_count >= 1);
    if (!fits)
        ore_fail(ORE_INVALID,
                 "%s: a form of %lld x %lld, %lld channels and %lld classes, expected sizes and "
                 "classes of at least 1, and 1 or 3 channels",
                 name, (long long)f->width, (long long)f->height, (long long)f->channels,
                 (long long)f->class_count);
    return ore_no_error();
}

ore_images *ore_images_new(const ore_image_form *form) {
    ore_images *images = ore_alloc_zero(sizeof *images);
    if (!images)
        return NULL;
    images->form = *form;
    images->form.classes = ore_alloc_zero((size_t)form->class_count * sizeof *form->classes);
    for (int64_t c = 0; images->form.classes && c < form->class_count && ore_no_error(); c++)
        images->form.classes[c] = ore_images_copy_name(form->classes[c]);
    if (ore_no_error())
        return images;
    ore_images_free(images);
    return NULL;
}

void ore_images_free(ore_images *images) {
    if (!images)
        return;
    for (int64_t c = 0; images->form.classes && c < images->form.class_count; c++)
        ore_release(images->form.classes[c]);
    ore_release(images->form.classes);
    ore_free(images->x);
    ore_free(images->y);
    ore_release(images);
}

static const char *color(int64_t channels) {
    return channels == 1 ? "grey" : "RGB";
}

static ore_status make_room(ore_images *images, int64_t count) {
    const ore_image_form *f = &images->form;
    ore_scope_begin();
    ore_tensor *x = ore_empty(ORE_SHAPE(count, f->channels, f->height, f->width), ORE_UINT8);
    ore_tensor *y = ore_empty(ORE_SHAPE(count), ORE_INT64);
    images->x = x ? ore_own(x) : NULL;
    images->y = y ? ore_own(y) : NULL;
    ore_scope_end();
    return ore_error_status();
}

ore_status ore_images_put(ore_images *images, int64_t at, int64_t count, const ore_tensor *image,
                          int64_t class_number, const char *path, const char *first) {
    ore_image_form *f = &images->form;
    ore_shape shape = ore_shape_of(image);
    if (f->height == 0) {
        f->channels = shape.dim[0];
        f->height = shape.dim[1];
        f->width = shape.dim[2];
    }
    if (!ore_shape_equal(shape, ORE_SHAPE(f->channels, f->height, f->width)))
        return ore_fail(ORE_DATA, "%.*s: %lld x %lld %s, expected %lld x %lld %s%s%.*s",
                        ORE_PATH_SHOWN_BYTES / 2, path, (long long)shape.dim[2],
                        (long long)shape.dim[1], color(shape.dim[0]), (long long)f->width,
                        (long long)f->height, color(f->channels), first ? " as " : "",
                        ORE_PATH_SHOWN_BYTES / 2, first ? first : "");
    if (!images->x && make_room(images, count) != ORE_OK)
        return ore_error_status();
    size_t bytes = (size_t)ore_numel(image);
    memcpy((uint8_t *)ore_data_mut(images->x) + (size_t)at * bytes, ore_data(image), bytes);
    ((int64_t *)ore_data_mut(images->y))[at] = class_number;
    return ore_error_status();
}

void ore_images_digest(ore_images *images, const char *name, const void *bytes, size_t size_bytes) {
    ore_digest links[3] = {images->digest, ore_digest_of(name, strlen(name)),
                           ore_digest_of(bytes, size_bytes)};
    images->digest = ore_digest_of(links, sizeof links);
}

int64_t ore_images_class(const ore_image_form *form, const char *name) {
    for (int64_t c = 0; c < form->class_count; c++)
        if (strcmp(form->classes[c], name) == 0)
            return c;
    return -1;
}

ore_status ore_images_fail_class(const char *place, const ore_image_form *form) {
    char names[CLASSES_SHOWN_BYTES + 8] = "";
    size_t at = 0;
    for (int64_t c = 0; c < form->class_count; c++) {
        size_t bytes = strlen(form->classes[c]);
        if (at + bytes + 2 > CLASSES_SHOWN_BYTES) {
            memcpy(names + at, ", ..", sizeof ", ..");
            break;
        }
        if (c > 0)
            memcpy(names + at, ", ", 2), at += 2;
        memcpy(names + at, form->classes[c], bytes + 1);
        at += bytes;
    }
    return ore_fail(ORE_DATA, "%.*s: no class of the pictures that were learnt from: %s",
                    ORE_PATH_SHOWN_BYTES, place, names);
}
