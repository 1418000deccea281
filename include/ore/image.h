/* image.h: pictures as tensors: PNG files, and labelled sets of pictures out of folders. Every
 * function that returns a pointer returns NULL when it fails or while an error is pending. */
#ifndef ORE_IMAGE_H
#define ORE_IMAGE_H

#include <ore/files.h>
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

/* What pictures of one set have in common: sizes and classes of at least 1, 1 or 3 channels. A form
 * that is given to be read by is ORE_INVALID otherwise. */
typedef struct ore_image_form {
    int64_t channels, height, width;
    int64_t class_count;
    char **classes; /* their names, in the order of their numbers */
} ore_image_form;

typedef struct ore_images {
    ore_image_form form;
    ore_tensor *x; /* (N, C, H, W) uint8, in the order of classes, then of file names */
    ore_tensor *y; /* (N) int64: numbers of classes */
    /* Of what they were read from: the names and bytes of a folder's files, or the bytes of a CSV;
     * it does not depend on the form. */
    ore_digest digest;
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

typedef struct ore_image_csv_options {
    const char *label; /* "label": the name of the label's column */
    int64_t channels;  /* 1; or 3: red, green and blue of each pixel side by side */
} ore_image_csv_options;
ORE_API ore_image_csv_options ore_image_csv_defaults(void);
/* The pictures of a CSV, one a row: a label and the pixels, 0 .. 255, row by row from the top, of
 * square pictures, or of form's size. A first row that has the label's name names the columns;
 * without one the label is the first. Rows stay in their order. Classes are the labels: in the
 * order of the numbers that they are, or else of their bytes. options NULL: the defaults.
 * ORE_IO: the file cannot be read. ORE_DATA, naming file, line and field: no row, a pixel that is
 * none, numbers that are no square, another size than form's, a label that is empty or that `form`
 * lacks, or more than 10000 labels. ORE_INVALID: channels other than 1 and 3. */
ORE_API ore_images *ore_image_csv_read(const char *path, const ore_image_csv_options *options,
                                       const ore_image_form *form);
/* NULL is allowed. */
ORE_API void ore_images_free(ore_images *images);

ORE_END_DECLS

#endif
