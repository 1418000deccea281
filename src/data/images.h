/* images.h: what the readers of labelled pictures share. */
#ifndef ORE_DATA_IMAGES_H
#define ORE_DATA_IMAGES_H

#include <ore/image.h>

/* Whether a form (NULL: none is asked for) is one that pictures can have; ORE_INVALID by `name`. */
bool ore_images_form_fits(const char *name, const ore_image_form *form);
/* Without pictures, with copies of the form's classes. Where the form's height is 0, the first
 * picture gives channels and sizes. */
ore_images *ore_images_new(const ore_image_form *form);
/* Picture `at` of `count`, (C, H, W), with the number of its class; the first makes room for all.
 * ORE_DATA where its size is not that of the form: the message names it by `path`, and `first`, a
 * picture that has the right one (or NULL). */
ore_status ore_images_put(ore_images *images, int64_t at, int64_t count, const ore_tensor *image,
                          int64_t class_number, const char *path, const char *first);

/* The digest of what was read before and of one more file, by its name and bytes. */
void ore_images_digest(ore_images *images, const char *name, const void *bytes, size_t size_bytes);

/* The number of the class of that name; -1 if there is none. */
int64_t ore_images_class(const ore_image_form *form, const char *name);
/* ORE_DATA "place: no class of the pictures that were learnt from: cat, dog". */
ore_status ore_images_fail_class(const char *place, const ore_image_form *form);
char *ore_images_copy_name(const char *name); /* on ore_alloc's heap */

#endif
