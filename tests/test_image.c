/* test_image.c: PNG files of every kind that libpng writes, damaged ones, and folders of labelled
 * pictures with what can be wrong in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include <ore/files.h>
#include <ore/image.h>
#include <ore/random.h>
#include <ore/view.h>

#include "data/png.h"
#include "support/child.h"
#include "support/refusals.h"

static char folder[256];

static const char *path_of(const char *name) {
    static char path[2][512];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int open_folder(void **state) {
    (void)state;
    temporary_folder(folder);
    return 0;
}

static int close_folder(void **state) {
    (void)state;
    remove_folder(folder);
    return 0;
}

static ore_tensor *noise(int64_t channels, int64_t height, int64_t width) {
    ore_shape shape = ORE_SHAPE(channels, height, width);
    return ore_to(ore_randint(0, 256, shape, ORE_INT64, NULL), ORE_UINT8);
}

static void assert_same(const ore_tensor *a, const ore_tensor *b) {
    assert_non_null(a);
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    assert_memory_equal(ore_data(a), ore_data(b), (size_t)ore_numel(a));
}

/* ---- files ---- */

static void written_files_read_back(void **state) {
    (void)state;
    for (int64_t channels = 1; channels <= 3; channels += 2) {
        ore_tensor *image = noise(channels, 7, 13);
        assert_int_equal(ore_png_write(path_of("a.png"), image), ORE_OK);
        assert_same(ore_png_read(path_of("a.png")), image);
        ore_tensor *turned = ore_transpose(image, 1, 2);
        assert_int_equal(ore_png_write(path_of("a.png"), turned), ORE_OK);
        assert_same(ore_png_read(path_of("a.png")), ore_contiguous(turned));
    }
    ore_tensor *flat = ore_select(noise(1, 1, 1), 0, 0);
    assert_int_equal(ore_png_write(path_of("a.png"), flat), ORE_OK);
    assert_int_equal(ore_ndim(ore_png_read(path_of("a.png"))), 3);
}

/* A file of rows as libpng's simplest interface writes them. */
static void write_rows(const char *path, int depth, int color, int interlace, png_bytep *rows,
                       int width, int height) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, color, interlace,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    static const png_color colors[] = {{1, 2, 3}, {40, 50, 60}, {7, 8, 9}, {250, 251, 252}};
    static const png_byte alpha[] = {0, 128, 255, 255};
    if (color == PNG_COLOR_TYPE_PALETTE) {
        png_set_PLTE(png, info, colors, 4);
        png_set_tRNS(png, info, alpha, 4, NULL);
    }
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(file);
}

static void assert_pixels(const char *path, int64_t channels, const uint8_t *pixels) {
    ore_tensor *image = ore_png_read(path);
    assert_non_null(image);
    assert_true(ore_shape_equal(ore_shape_of(image), ORE_SHAPE(channels, 2, 2)));
    assert_memory_equal(ore_data(image), pixels, (size_t)(4 * channels));
}

static void every_kind_becomes_grey_or_color(void **state) {
    (void)state;
    const char *path = path_of("kind.png");
    png_byte two_bits[2][1] = {{0x10}, {0xB0}}; /* 0 1 / 2 3 */
    png_byte wide[2][4] = {{10, 99, 20, 99}, {30, 99, 40, 99}};
    png_byte clear[2][8] = {{1, 2, 3, 0, 4, 5, 6, 255}, {7, 8, 9, 1, 10, 11, 12, 2}};
    png_bytep rows[2] = {two_bits[0], two_bits[1]};
    write_rows(path, 2, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_ADAM7, rows, 2, 2);
    assert_pixels(path, 1, (const uint8_t[]){0, 85, 170, 255});
    write_rows(path, 2, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, rows, 2, 2);
    assert_pixels(path, 3, (const uint8_t[]){1, 40, 7, 250, 2, 50, 8, 251, 3, 60, 9, 252});
    rows[0] = wide[0], rows[1] = wide[1];
    write_rows(path, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, rows, 2, 2);
    assert_pixels(path, 1, (const uint8_t[]){10, 20, 30, 40});
    write_rows(path, 8, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_INTERLACE_NONE, rows, 2, 2);
    assert_pixels(path, 1, (const uint8_t[]){10, 20, 30, 40});
    rows[0] = clear[0], rows[1] = clear[1];
    write_rows(path, 8, PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_ADAM7, rows, 2, 2);
    assert_pixels(path, 3, (const uint8_t[]){1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12});
}

/* What a small file claims to hold takes no memory unless it can, and a blank picture, of which
 * deflate makes a thousandth, is no such claim. */
static void sizes_are_those_that_a_file_can_hold(void **state) {
    (void)state;
    enum { SIDE = 4096 };
    const char *path = path_of("blank.png");
    png_byte line[SIDE / 8] = {0};
    static png_bytep rows[SIDE];
    for (int i = 0; i < SIDE; i++)
        rows[i] = line;
    write_rows(path, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, rows, SIDE, SIDE);
    ore_tensor *image = ore_png_read(path);
    assert_non_null(image);
    assert_true(ore_shape_equal(ore_shape_of(image), ORE_SHAPE(1, SIDE, SIDE)));
    static const uint8_t wide[] = {/* 2^30 pixels of RGB in a row */
                                   0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,
                                   13,   'I',  'H',  'D',  'R',  0x40, 0,    0,    0,    0,    0,
                                   0,    1,    8,    2,    0,    0,    0,    0xc2, 0x38, 0xa9, 0x4b,
                                   0x00, 0x00, 0x00, 0x09, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63,
                                   0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x5e, 0xff, 0x7d, 0xf9};
    FILE *file = fopen(path, "wb");
    fwrite(wide, 1, sizeof wide, file);
    fclose(file);
    assert_null(ore_png_read(path));
    assert_error(ORE_DATA, "blank.png: damaged PNG file: it is shorter than its size allows");
}

/* Cut short anywhere, or with one byte changed, a file gives its picture, whole, or an error that
 * names it. */
static void damaged_files_are_errors(void **state) {
    (void)state;
    size_t bytes;
    const char *path = path_of("damaged.png");
    ore_png_write(path, noise(3, 9, 11));
    char *file = ore_file_read(path, &bytes);
    for (size_t n = 0; n < bytes; n++) {
        assert_null(ore_png_of_bytes("cut.png", file, n));
        assert_int_equal(ore_error_status(), ORE_DATA);
        assert_ptr_equal(strstr(ore_error_message(), "cut.png: "), ore_error_message());
        ore_error_clear();
        file[n] ^= 0x10;
        if (!ore_png_of_bytes("turned.png", file, bytes))
            assert_int_equal(ore_error_status(), ORE_DATA);
        ore_error_clear();
        file[n] ^= 0x10;
    }
    refused(ore_png_of_bytes("x.png", file, bytes - 40), ORE_DATA,
            "x.png: damaged PNG file: it ends too early");
    refused(ore_png_of_bytes("x.png", "GIF89a..", 8), ORE_DATA, "x.png: is no PNG file");
    ore_string_free(file);
    assert_null(ore_png_read("/nowhere/x.png"));
    assert_int_equal(ore_error_status(), ORE_IO);
    ore_error_clear();
    assert_int_equal(ore_png_write(path, ore_ones(ORE_SHAPE(2, 3, 3), ORE_FLOAT32)), ORE_INVALID);
    refused(NULL, ORE_INVALID,
            "png_write: image (2, 3, 3) of float32, expected (1, H, W), (3, H, W) or (H, W) of "
            "uint8");
}

/* ---- folders ---- */

static void put(const char *class, const char *name, const ore_tensor *image) {
    char *sub = ore_path_join(folder, class), *path = ore_path_join(sub, name);
    ore_folder_make(sub);
    assert_int_equal(ore_png_write(path, image), ORE_OK);
    ore_string_free(path);
    ore_string_free(sub);
}

static void refuse_folder(const ore_image_form *form, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    refused(ore_image_folder_read(folder, form), ORE_DATA, text);
}

static void folders_are_classes(void **state) {
    (void)state;
    ore_tensor *images[4];
    for (int i = 0; i < 4; i++)
        images[i] = noise(1, 4, 5);
    put("dog", "b.png", images[3]);
    put("cat", "9.PNG", images[1]);
    put("cat", "10.png", images[0]);
    put("dog", "a.png", images[2]);
    ore_file_write(path_of("dog/notes.txt"), "x", 1);
    ore_images *all = ore_image_folder_read(folder, NULL);
    assert_non_null(all);
    assert_int_equal(all->form.class_count, 2);
    assert_string_equal(all->form.classes[0], "cat");
    assert_string_equal(all->form.classes[1], "dog");
    assert_true(ore_shape_equal(ore_shape_of(all->x), ORE_SHAPE(4, 1, 4, 5)));
    for (int i = 0; i < 4; i++)
        assert_same(ore_contiguous(ore_select(all->x, 0, i)), images[i]);
    assert_memory_equal(ore_data(all->y), ((int64_t[]){0, 0, 1, 1}), 4 * sizeof(int64_t));
    /* Another set by the form of this one. */
    char *names[] = {"bird", "cat", "dog"};
    ore_image_form form = {1, 4, 5, 3, names};
    ore_images *again = ore_image_folder_read(folder, &form);
    assert_memory_equal(ore_data(again->y), ((int64_t[]){1, 1, 2, 2}), 4 * sizeof(int64_t));
    ore_images_free(again);
    ore_images_free(all);
    ore_images_free(NULL);
}

static void wrong_folders_are_errors(void **state) {
    (void)state;
    refuse_folder(NULL, "%s: no folder in it, expected one for each class of pictures", folder);
    put("cat", "a.png", noise(1, 4, 5));
    put("dog", "b.png", noise(3, 4, 5));
    refuse_folder(NULL, "%s/dog/b.png: 5 x 4 RGB, expected 5 x 4 grey as %s/cat/a.png", folder,
                  folder);
    put("dog", "b.png", noise(1, 4, 6));
    refuse_folder(NULL, "%s/dog/b.png: 6 x 4 grey, expected 5 x 4 grey as %s/cat/a.png", folder,
                  folder);
    put("dog", "b.png", noise(1, 4, 5));
    char *names[] = {"cat", "cow"};
    ore_image_form form = {1, 4, 5, 2, names};
    refuse_folder(&form, "%s/dog: no class of the pictures that were learnt from: cat, cow",
                  folder);
    form = (ore_image_form){1, 8, 8, 2, (char *[]){"cat", "dog"}};
    refuse_folder(&form, "%s/cat/a.png: 5 x 4 grey, expected 8 x 8 grey", folder);
    ore_file_write(path_of("dog/b.png"), "\x89PNG\r\n\x1a\n", 8);
    refuse_folder(NULL, "%s/dog/b.png: damaged PNG file: it ends too early", folder);
    ore_folder_make(path_of("empty"));
    refuse_folder(NULL, "%s/empty: no PNG file in the folder of this class", folder);
    form.width = INT64_MAX;
    refused(ore_image_folder_read(folder, &form), ORE_INVALID,
            "image_folder_read: a form of 9223372036854775807 x 8, 1 channels and 2 classes, "
            "expected sizes and classes of at least 1, and 1 or 3 channels");
    refused(ore_image_folder_read(NULL, NULL), ORE_INVALID, "image_folder_read: its path is NULL");
    assert_null(ore_image_folder_read("/nowhere", NULL));
    assert_int_equal(ore_error_status(), ORE_IO);
    ore_error_clear();
}

/* ---- CSV ---- */

static ore_images *read_csv(const char *text, int64_t channels, const ore_image_form *form) {
    const char *path = path_of("pixels.csv");
    assert_int_equal(ore_file_write(path, text, strlen(text)), ORE_OK);
    ore_image_csv_options o = ore_image_csv_defaults();
    o.channels = channels;
    return ore_image_csv_read(path, &o, form);
}

static void rows_become_pictures(void **state) {
    (void)state;
    /* Without a header, the label first; labels in the order of numbers; colours side by side. */
    ore_images *images =
        read_csv("10,1,2,3,4,5,6,7,8,9,10,11,12\n2,0,0,0,0,0,0,0,0,0,0,0,255\n", 3, NULL);
    assert_non_null(images);
    assert_string_equal(images->form.classes[0], "2");
    assert_string_equal(images->form.classes[1], "10");
    assert_true(ore_shape_equal(ore_shape_of(images->x), ORE_SHAPE(2, 3, 2, 2)));
    assert_memory_equal(ore_data(images->x), ((uint8_t[]){1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12,
                                                          0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 255}),
                        24);
    assert_memory_equal(ore_data(images->y), ((int64_t[]){1, 0}), 2 * sizeof(int64_t));
    ore_images_free(images);
    /* With one, the label where it stands; labels in the order of bytes; the form's size. */
    ore_image_form form = {1, 1, 4, 3, (char *[]){"cat", "cow", "dog"}};
    images = read_csv("a,b,label,c,d\n1,2,dog,3,4\n5,6,cat,7,8\n", 1, &form);
    assert_non_null(images);
    assert_true(ore_shape_equal(ore_shape_of(images->x), ORE_SHAPE(2, 1, 1, 4)));
    assert_memory_equal(ore_data(images->x), ((uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8}), 8);
    assert_memory_equal(ore_data(images->y), ((int64_t[]){2, 0}), 2 * sizeof(int64_t));
    ore_images_free(images);
    const char *path = path_of("pixels.csv");
    char text[512];
    assert_null(read_csv("label,a\ncat,1\n", 1, &form));
    snprintf(text, sizeof text, "%s: line 2: 1 pixel, expected 4: 4 x 1 of 1 channel", path);
    refused(NULL, ORE_DATA, text);
    assert_null(read_csv("dog,1,2,3,4\n,1,2,3,4\n", 1, NULL));
    snprintf(text, sizeof text, "%s: line 2, field '1': empty", path);
    refused(NULL, ORE_DATA, text);
    assert_null(read_csv("label,a,b,c,d\n", 1, NULL));
    snprintf(text, sizeof text, "%s: no row with a picture", path);
    refused(NULL, ORE_DATA, text);
    refused(read_csv("1,2\n", 2, NULL), ORE_INVALID, "image_csv_read: 2 channels, expected 1 or 3");
    const ore_image_csv_options unnamed = {.channels = 1};
    refused(ore_image_csv_read(path, &unnamed, NULL), ORE_INVALID,
            "image_csv_read: the label's name is NULL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_files_read_back, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(every_kind_becomes_grey_or_color, open_folder,
                                        close_folder),
        cmocka_unit_test_setup_teardown(sizes_are_those_that_a_file_can_hold, open_folder,
                                        close_folder),
        cmocka_unit_test_setup_teardown(damaged_files_are_errors, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(folders_are_classes, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(rows_become_pictures, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(wrong_folders_are_errors, open_folder, close_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
