/* png.c: PNG files through libpng. Its errors jump to where the caller has called setjmp, so what a
 * failure must release lies in a struct of the caller's. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "data/png.h"

/* Deflate makes at most 1032 bytes of one (zlib's documentation), so a larger picture is none that
 * the file can hold. */
enum { EXPANSION_MAX = 1040, MESSAGE_BYTES = 200 };

/* ---- what both directions share ---- */

typedef struct png_work {
    png_structp png;
    png_infop info;
    jmp_buf failed;
    char message[MESSAGE_BYTES]; /* libpng's */
    png_bytep *rows;             /* pointers to `pixels` */
    uint8_t *pixels;             /* rows of C channels side by side */
    size_t height, row_bytes;
} png_work;

static void on_error(png_structp png, png_const_charp message) {
    png_work *w = png_get_error_ptr(png);
    size_t length = strcspn(message, "\n"); /* a message is one line */
    if (length >= MESSAGE_BYTES)
        length = MESSAGE_BYTES - 1;
    memcpy(w->message, message, length);
    w->message[length] = 0;
    longjmp(w->failed, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message; /* the library never prints */
}

/* Room for the rows; false with an error. */
static bool make_rows(png_work *w) {
    size_t bytes;
    if (__builtin_mul_overflow(w->height, w->row_bytes, &bytes) || !(w->pixels = ore_alloc(bytes)))
        return false;
    w->rows = ore_alloc(w->height * sizeof *w->rows);
    for (size_t i = 0; w->rows && i < w->height; i++)
        w->rows[i] = w->pixels + i * w->row_bytes;
    return w->rows != NULL;
}

static void release_rows(png_work *w) {
    ore_release(w->rows);
    ore_release(w->pixels);
}

/* ---- reading ---- */

typedef struct png_source {
    const uint8_t *bytes;
    size_t left;
} png_source;

static void read_bytes(png_structp png, png_bytep to, size_t count) {
    png_source *source = png_get_io_ptr(png);
    if (count > source->left)
        png_error(png, "it ends too early");
    memcpy(to, source->bytes, count);
    source->bytes += count;
    source->left -= count;
}

/* That the file can hold rows of its size, before libpng takes memory for one. */
static void check_size(png_work *w, size_t file_bytes) {
    size_t bytes, row_bytes = png_get_rowbytes(w->png, w->info);
    if (__builtin_mul_overflow(png_get_image_height(w->png, w->info), row_bytes, &bytes) ||
        bytes / EXPANSION_MAX > file_bytes)
        png_error(w->png, "it is shorter than its size allows");
}

/* Rows of 1 or 3 channels of 8 bits, whatever the file has. */
static void ask_for_plain_rows(png_work *w) {
    png_byte color = png_get_color_type(w->png, w->info);
    if (png_get_bit_depth(w->png, w->info) == 16)
        png_set_strip_16(w->png);
    if (color == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(w->png);
    if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(w->png, w->info) < 8)
        png_set_expand_gray_1_2_4_to_8(w->png);
    png_set_strip_alpha(w->png);
    png_set_interlace_handling(w->png);
    png_read_update_info(w->png, w->info);
    w->height = png_get_image_height(w->png, w->info);
    w->row_bytes = png_get_rowbytes(w->png, w->info);
}

/* Rows with channels side by side <-> planes, one channel behind the other. */
static void split_channels(const png_work *w, size_t channels, uint8_t *planes) {
    size_t width = w->row_bytes / channels;
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < w->height; i++)
            for (size_t j = 0; j < width; j++)
                *planes++ = w->pixels[i * w->row_bytes + j * channels + c];
}

static void join_channels(png_work *w, size_t channels, const uint8_t *planes) {
    size_t width = w->row_bytes / channels;
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < w->height; i++)
            for (size_t j = 0; j < width; j++)
                w->pixels[i * w->row_bytes + j * channels + c] = *planes++;
}

/* All of it up to the rows; false where libpng has refused. */
static bool read_rows(png_work *w, png_source *source) {
    size_t file_bytes = source->left;
    if (setjmp(w->failed))
        return false;
    png_set_read_fn(w->png, source, read_bytes);
    png_set_user_limits(w->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(w->png, w->info);
    check_size(w, file_bytes);
    ask_for_plain_rows(w);
    if (!make_rows(w))
        return false;
    png_read_image(w->png, w->rows);
    png_read_end(w->png, NULL);
    return true;
}

ore_tensor *ore_png_of_bytes(const char *name, const void *bytes, size_t size_bytes) {
    png_work w = {.png = NULL};
    png_source source = {bytes, size_bytes};
    ore_tensor *image = NULL;
    if (!ore_no_error())
        return NULL;
    if (size_bytes < 8 || png_sig_cmp(bytes, 0, 8) != 0) {
        ore_fail(ORE_DATA, "%.*s: is no PNG file", ORE_PATH_SHOWN_BYTES, name);
        return NULL;
    }
    w.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning);
    w.info = w.png ? png_create_info_struct(w.png) : NULL;
    if (!w.info) {
        ore_fail(ORE_MEMORY, "%.*s: out of memory", ORE_PATH_SHOWN_BYTES, name);
    } else if (!read_rows(&w, &source)) {
        if (ore_no_error())
            ore_fail(ORE_DATA, "%.*s: damaged PNG file: %s", ORE_PATH_SHOWN_BYTES, name, w.message);
    } else {
        size_t channels = png_get_channels(w.png, w.info);
        int64_t width = (int64_t)(w.row_bytes / channels);
        image = ore_empty(ORE_SHAPE((int64_t)channels, (int64_t)w.height, width), ORE_UINT8);
        if (image)
            split_channels(&w, channels, ore_data_mut(image));
    }
    png_destroy_read_struct(&w.png, &w.info, NULL);
    release_rows(&w);
    return image;
}

ore_tensor *ore_png_read(const char *path) {
    size_t bytes = 0;
    char *file = ore_file_read(path, &bytes);
    ore_tensor *image = file ? ore_png_of_bytes(path, file, bytes) : NULL;
    ore_string_free(file);
    return image;
}

/* ---- writing ---- */

static void write_bytes(png_structp png, png_bytep from, size_t count) {
    if (ore_file_writer_put(png_get_io_ptr(png), from, count) != ORE_OK)
        png_error(png, "cannot be written");
}

static bool write_rows(png_work *w, ore_file_writer *file, size_t channels) {
    if (setjmp(w->failed))
        return false;
    png_set_write_fn(w->png, file, write_bytes, NULL);
    png_set_IHDR(w->png, w->info, (png_uint_32)(w->row_bytes / channels), (png_uint_32)w->height, 8,
                 channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    png_write_image(w->png, w->rows);
    png_write_end(w->png, NULL);
    return true;
}

/* The file out of the rows of w. */
static ore_status write_file(png_work *w, const char *path, size_t channels) {
    ore_file_writer file;
    if (ore_file_writer_open(&file, path) != ORE_OK)
        return ore_error_status();
    w->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, w, on_error, on_warning);
    w->info = w->png ? png_create_info_struct(w->png) : NULL;
    if (!w->info)
        ore_fail(ORE_MEMORY, "%.*s: out of memory", ORE_PATH_SHOWN_BYTES, path);
    else if (!write_rows(w, &file, channels) && ore_no_error())
        ore_fail(ORE_INVALID, "%.*s: png_write: %s", ORE_PATH_SHOWN_BYTES, path, w->message);
    png_destroy_write_struct(&w->png, &w->info);
    if (ore_no_error())
        return ore_file_writer_commit(&file);
    ore_file_writer_abort(&file);
    return ore_error_status();
}

ore_status ore_png_write(const char *path, const ore_tensor *image) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_no_error())
        return ore_error_status();
    if (!image)
        return ore_fail(ORE_INVALID, "png_write: image is NULL");
    ore_shape shape = ore_shape_of(image);
    int64_t channels = shape.ndim == 3 ? shape.dim[0] : 1;
    if (ore_tensor_dtype(image) != ORE_UINT8 || shape.ndim < 2 || shape.ndim > 3 ||
        (channels != 1 && channels != 3) || ore_numel(image) == 0 ||
        shape.dim[shape.ndim - 1] > PNG_UINT_31_MAX / 3 ||
        shape.dim[shape.ndim - 2] > PNG_UINT_31_MAX)
        return ore_fail(ORE_INVALID,
                        "png_write: image %s of %s, expected (1, H, W), (3, H, W) or (H, W) of "
                        "uint8",
                        ore_shape_text(shape, text), ore_dtype_name(ore_tensor_dtype(image)));
    png_work w = {.height = (size_t)shape.dim[shape.ndim - 2],
                  .row_bytes = (size_t)(shape.dim[shape.ndim - 1] * channels)};
    uint8_t *planes = ore_alloc((size_t)ore_numel(image));
    if (planes && make_rows(&w) &&
        ore_copy_out(image, planes, (size_t)ore_numel(image)) == ORE_OK) {
        join_channels(&w, (size_t)channels, planes);
        write_file(&w, path, (size_t)channels);
    }
    ore_release(planes);
    release_rows(&w);
    return ore_error_status();
}
