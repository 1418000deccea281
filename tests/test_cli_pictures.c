/* test_cli_pictures.c: `ore train resnet` from outside: pictures in folders of classes and as a CSV
 * of pixels, what it learns of them, exact resumes, answers, evaluation, and what bad data is
 * told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/files.h>
#include <ore/image.h>

#include "support/run.h"

static child_result result;

#define SMALL                                                                                      \
    "--width 4 --blocks1 1 --blocks2 1 --blocks3 0 --batch-size 16 --eval-interval 20 "            \
    "--eval-batches 4 --warmup-steps 5 "

/* ---- data ---- */

enum { SIZE = 8, PIXELS = SIZE * SIZE };

/* Picture number i: a bar that lies, or stands, somewhere, over a dim ground. */
static void make_picture(int i, uint8_t *pixels) {
    for (int k = 0; k < PIXELS; k++) {
        int row = k / SIZE, column = k % SIZE, at = 1 + i * 7 % 6;
        bool bar = (i % 2 ? column : row) == at;
        pixels[k] = (uint8_t)(bar ? 220 : (k * 37 + i * 91) % 60);
    }
}

static const char *class_of(int i) {
    return i % 2 ? "standing" : "lying";
}

static void write_picture(const char *folder, const char *class, const char *name, int64_t channels,
                          const uint8_t *pixels) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, class);
    assert_int_equal(ore_folder_make(path), ORE_OK);
    snprintf(path, sizeof path, "%s/%s/%s", folder, class, name);
    ore_scope_begin();
    ore_tensor *image = ore_from_data(pixels, ORE_SHAPE(channels, SIZE, SIZE), ORE_UINT8);
    assert_int_equal(ore_png_write(path, image), ORE_OK);
    ore_scope_end();
}

static const char *picture_folder(const char *name, int first, int count) {
    const char *folder = run_path(name);
    uint8_t pixels[PIXELS];
    for (int i = first; i < first + count; i++) {
        char file[32];
        make_picture(i, pixels);
        snprintf(file, sizeof file, "%04d.png", i);
        write_picture(folder, class_of(i), file, 1, pixels);
    }
    return folder;
}

static const char *pixel_file(const char *name, int first, int count) {
    const char *path = run_path(name);
    char *all = calloc((size_t)count + 1, PIXELS * 5), *end = all;
    end += sprintf(end, "label");
    for (int k = 0; k < PIXELS; k++)
        end += sprintf(end, ",p%d", k);
    end += sprintf(end, "\n");
    for (int i = first; i < first + count; i++) {
        uint8_t pixels[PIXELS];
        make_picture(i, pixels);
        end += sprintf(end, "%s", class_of(i));
        for (int k = 0; k < PIXELS; k++)
            end += sprintf(end, ",%d", pixels[k]);
        end += sprintf(end, "\n");
    }
    write_text_file(path, all);
    free(all);
    return path;
}

/* ---- learning and answers ---- */

static void test_it_learns_and_answers(void **state) {
    (void)state;
    char path[512], line[1024];
    const char *out = run_path("run"), *data = picture_folder("bars", 0, 120);
    run_well(&result, "train resnet " SMALL "--steps 60 --lr 0.01 --data %s --out %s", data, out);
    expect_said(&result, "data        bars: 120 pictures: 108 train, 12 validation\n");
    expect_said(&result, "pictures    8 x 8, grey\n");
    expect_said(&result, "labels      2 labels: lying, standing\n");
    expect_said(&result, "model       resnet: bottleneck blocks 1-1, width 4; ");
    expect_said(&result, ": 60 steps of 16 pictures, ");
    expect_said(&result,
                "\npictures of the validation split, by label, with the label that each gets:\n");
    run_well(&result, "eval %s", out);
    expect_said(&result, "data        bars, validation split: 12 pictures\n");
    assert_true(said_number(&result, "loss") < 0.3);
    assert_true(said_number(&result, "accuracy") > 0.95);
    run_well(&result, "eval %s --data %s", out, picture_folder("others", 5000, 40));
    expect_said(&result, "data        others, the whole file: 40 pictures\n");
    assert_true(said_number(&result, "accuracy") > 0.95);
    run_well(&result, "eval %s --data %s", out, pixel_file("others.csv", 7000, 40));
    assert_true(said_number(&result, "accuracy") > 0.95);
    snprintf(path, sizeof path, "%s/lying/5000.png", run_path("others"));
    run_well(&result, "sample %s --picture %s --top 2", out, path);
    assert_true(strncmp(result.out, "lying\t0.", 8) == 0);
    expect_said(&result, "\tstanding\t0.");
    snprintf(line, sizeof line, "%s/standing/5001.png\n\n%s\r\n", run_path("others"), path);
    set_input(line);
    run_well(&result, "sample %s", out);
    assert_true(strncmp(result.out, "standing\t", 9) == 0);
    expect_said(&result, "5001.png\nlying\t");
}

/* A CSV and a folder that have the same pictures in the same order give the same weights. */
static void test_pixels(void **state) {
    (void)state;
    const char *a = run_path("a"), *b = run_path("b");
    const char *csv = pixel_file("bars.csv", 0, 40);
    picture_folder("one", 0, 1);
    run_well(&result, "train resnet " SMALL "--steps 6 --data %s --out %s", csv, a);
    expect_said(&result, "data        bars.csv: 40 pictures: 36 train, 4 validation\n");
    for (int i = 0; i < 40; i++) { /* names that sort as the rows stand, class by class */
        uint8_t pixels[PIXELS];
        char file[32];
        make_picture(i, pixels);
        snprintf(file, sizeof file, "%02d.PNG", i);
        write_picture(run_path("bars"), "one", file, 1, pixels);
    }
    /* By its own labels the CSV's pictures alternate; under one label both have one order. */
    char *text = read_file(csv, NULL);
    char *same = calloc(strlen(text) + 1, 1), *to = same;
    for (char *row = strtok(text, "\n"); row; row = strtok(NULL, "\n"))
        to += sprintf(to, "%s%s\n", strncmp(row, "label", 5) == 0 ? "label" : "one",
                      strchr(row, ','));
    write_text_file(run_path("same.csv"), same);
    run_well(&result, "train resnet " SMALL "--steps 6 --data %s --out %s --force",
             run_path("same.csv"), a);
    run_well(&result, "train resnet " SMALL "--steps 6 --data %s --out %s", run_path("bars"), b);
    assert_same_file(run_path("a/model.safetensors"), run_path("b/model.safetensors"));
    free(same);
    free(text);
}

static void test_kills(void **state) {
    (void)state;
    const char *whole = run_path("whole"), *killed = run_path("killed");
    char words[1024];
    snprintf(words, sizeof words, "train resnet " SMALL "--steps 160 --eval-interval 10 --data %s",
             picture_folder("bars", 0, 60));
    run_well(&result, "%s --out %s", words, whole);
    train_with_kills(words, killed, 4000);
    assert_same_training(whole, killed);
    assert_same_file(run_path("whole/config.json"), run_path("killed/config.json"));
    assert_same_file(run_path("whole/pictures.json"), run_path("killed/pictures.json"));
}

static void test_resume_and_threads(void **state) {
    (void)state;
    const char *whole = run_path("whole"), *parts = run_path("parts");
    const char *data = picture_folder("bars", 0, 60), *val = picture_folder("val", 900, 20);
    const char *flags = "--steps 20 --eval-interval 5 --accumulate 2";
    run_well(&result, "train resnet " SMALL "%s --threads 1 --data %s --val-data %s --out %s",
             flags, data, val, whole);
    run_well(&result,
             "train resnet " SMALL "%s --threads 3 --stop-at 4 --data %s --val-data %s --out %s",
             flags, data, val, parts);
    run_well(&result, "train resnet --resume --threads 2 --stop-at 11 --out %s", parts);
    run_well(&result, "train --resume --out %s", parts);
    assert_same_training(whole, parts);
    assert_same_file(run_path("whole/config.json"), run_path("parts/config.json"));
    assert_same_file(run_path("whole/pictures.json"), run_path("parts/pictures.json"));
    /* One picture more, and it is not the run's data any longer. */
    picture_folder("bars", 60, 1);
    child_run(&result, (const char *const[]){ORE_BINARY, "eval", whole, NULL});
    assert_int_not_equal(result.status, 0);
}

/* ---- options of the network ---- */

static void test_parts_left_out(void **state) {
    (void)state;
    const char *data = picture_folder("bars", 0, 40), *out = run_path("run");
    run_well(&result,
             "train resnet " SMALL "--steps 2 --no-residual --no-batch-norm --data %s --out %s",
             data, out);
    expect_said(&result, "width 4, no residual connections, no batch norm; ");
    expect_failure(
        &result, 2, "ore train: resnet: blocks[2] 1 after 0, expected 0 or more, and 0 after 0",
        "train resnet --blocks2 0 --blocks3 1 --data %s --out %s", data, run_path("none"));
}

/* ---- bad data ---- */

static void expect_refusal(const char *data, const char *format, ...) {
    char words[512], line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(line, sizeof line, "ore train: %s", words);
    expect_failure(&result, 1, line, "train resnet " SMALL "--steps 2 --data %s --out %s", data,
                   run_path("none"));
    assert_int_not_equal(access(run_path("none"), F_OK), 0);
}

static void test_bad_folders(void **state) {
    (void)state;
    uint8_t pixels[3 * PIXELS] = {0};
    char place[512];
    const char *data = picture_folder("bars", 0, 20);
    write_picture(data, "standing", "color.png", 3, pixels);
    expect_refusal(data,
                   "%s/standing/color.png: 8 x 8 RGB, expected 8 x 8 grey as %s/lying/0000.png",
                   data, data);
    snprintf(place, sizeof place, "%s/standing/color.png", data);
    write_text_file(place, "no picture");
    expect_refusal(data, "%s: is no PNG file", place);
    size_t bytes;
    char file[512];
    snprintf(file, sizeof file, "%s/standing/0001.png", data);
    char *whole = read_file(file, &bytes);
    write_file(place, whole, bytes / 2);
    free(whole);
    expect_refusal(data, "%s: damaged PNG file: it ends too early", place);
    unlink(place);
    snprintf(place, sizeof place, "%s/empty", data);
    ore_folder_make(place);
    expect_refusal(data, "%s: no PNG file in the folder of this class", place);
    expect_failure(&result, 1,
                   "ore train: --data -: expected a folder of pictures or a CSV of pixels",
                   "train resnet --data - --out %s", run_path("none"));
}

static void test_bad_pixels(void **state) {
    (void)state;
    const char *path = run_path("bad.csv");
    write_text_file(path, "label,a,b,c,d\nx,1,2,3,4\ny,1,2,3,300\n");
    expect_refusal(path, "%s: line 3, field '5': 300, expected a pixel of 0 to 255", path);
    write_text_file(path, "label,a,b,c,d\nx,1,2,3,4\ny,1,2,three,4\n");
    expect_refusal(path, "%s: line 3, field '4': \"three\", expected an integer", path);
    write_text_file(path, "label,a,b,c\nx,1,2,3\n");
    expect_refusal(path,
                   "%s: line 2: 3 pixels beside the label, expected those of a square picture of "
                   "1 channel",
                   path);
}

static void test_labels_never_seen(void **state) {
    (void)state;
    const char *data = picture_folder("bars", 0, 40), *out = run_path("run");
    const char *val = picture_folder("val", 900, 20);
    uint8_t pixels[PIXELS] = {0};
    char line[1024];
    write_picture(val, "tilted", "x.png", 1, pixels);
    snprintf(line, sizeof line,
             "ore train: %s/tilted: no class of the pictures that were learnt from: lying, "
             "standing",
             val);
    expect_failure(&result, 1, line, "train resnet " SMALL "--data %s --val-data %s --out %s", data,
                   val, out);
    run_well(&result, "train resnet " SMALL "--steps 2 --data %s --out %s", data, out);
    const char *csv = run_path("other.csv");
    char *text = calloc(1, PIXELS * 4 + 64), *end = text + sprintf(text, "tilted");
    for (int k = 0; k < PIXELS; k++)
        end += sprintf(end, ",%d", k);
    write_text_file(csv, text);
    free(text);
    snprintf(line, sizeof line,
             "ore eval: %s: line 1, field '1': label 'tilted' is none of the pictures that were "
             "learnt from",
             csv);
    expect_failure(&result, 1, line, "eval %s --data %s", out, csv);
    expect_failure(&result, 1, "ore train: --n-classes 1: the data has 2 labels",
                   "train resnet " SMALL "--n-classes 1 --data %s --out %s", data,
                   run_path("other"));
    snprintf(line, sizeof line,
             "ore sample: %s: 24 x 24 grey, expected 8 x 8 grey as the run's pictures",
             run_path("large.png"));
    ore_scope_begin();
    ore_png_write(run_path("large.png"), ore_zeros(ORE_SHAPE(24, 24), ORE_UINT8));
    ore_scope_end();
    expect_failure(&result, 1, line, "sample %s --picture %s", out, run_path("large.png"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_learns_and_answers, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_pixels, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_resume_and_threads, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_kills, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_parts_left_out, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bad_folders, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bad_pixels, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_labels_never_seen, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
