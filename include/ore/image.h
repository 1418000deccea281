/* image.h: pictures as tensors: PNG files, and labelled sets of pictures out of folders. Every
 * function that returns a pointer returns NULL when it fails or while an error is pending. */
#ifndef ORE_IMAGE_H
#define ORE_IMAGE_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* ---- one PNG file ---- */

/* A picture as (C, H, W) uint8, a tensor of the caller's scope: C is 1 of a grey one and 3 of one
 * in colour (red, green, blue). Palettes are looked up, 16 bits become the upper 8, less than 8 are
 * spread over 0 .. 255, and an alpha channel is left out. ORE_IO: the file cannot be read.
 * ORE_DATA: it is no PNG file, or a damaged one; the message names it. */
ORE_API ore_tensor *ore_png_read(const char *path);
/* Writes image, (C, H, W) or (H, W) uint8 with C 1 or 3, in place of what is at the path, in one
 * step. ORE_INVALID for other shapes and dtypes. */
ORE_API ore_status ore_png_write(const char *path, const ore_tensor *image);

/* ---- labelled pictures ---- */

/* What pictures of one set have in common. */
typedef struct ore_image_form {
    int64_t channels, height, width;
    int64_t class_count;
    char **classes; /* their names, in the order of their numbers */
} ore_image_form;

typedef struct ore_images {
    ore_image_form form;
    ore_tensor *x; /* (N, C, H, W) uint8, in the order of classes, then of file names */
    ore_tensor *y; /* (N) int64: numbers of classes */
} ore_images;

/* The pictures of a folder that has one folder for each class, as torchvision's ImageFolder takes
 * it: classes and files in the order of their names' bytes, files whose names end in .png (in any
 * case); names that begin with a dot are left out. `form`: what the pictures must have, with the
 * numbers of its classes, some of which may be absent; NULL: what the first picture has, and the
 * folder's classes.
 * ORE_IO: something cannot be read. ORE_DATA, naming the file or folder: no class, a class without
 * a PNG file, a class that `form` lacks, a picture of another size or of other channels, a damaged
 * one. */
ORE_API ore_images *ore_image_folder_read(const char *path, const ore_image_form *form);
/* NULL is allowed. */
ORE_API void ore_images_free(ore_images *images);

ORE_END_DECLS

#endif
