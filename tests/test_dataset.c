/* test_dataset.c: data sets over tensors, files and other data sets, and random splits. What is
 * drawn is compared with torch by torch_compare_data.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <ore/ore.h>

#include "support/loaders.h"
#include "support/scratch.h"

enum { ROWS = 10 };

static int64_t values[ROWS * 2];

static ore_dataset *new_rows(void) {
    for (int i = 0; i < ROWS * 2; i++)
        values[i] = i;
    ore_tensor *tensors[] = {ore_from_data(values, ORE_SHAPE(ROWS, 2), ORE_INT64),
                             ore_from_data(values, ORE_SHAPE(ROWS), ORE_INT64)};
    return ore_tensor_dataset_new(tensors, 2);
}

/* Field 1 of sample i, which values the rows. */
static int64_t number_of(const ore_dataset *dataset, int64_t i) {
    ore_sample sample = {.seed = 0};
    assert_int_equal(ore_dataset_get(dataset, i, &sample), ORE_OK);
    return ore_item_int(sample.fields[1]);
}

static void test_rows_of_tensors(void **state) {
    (void)state;
    ore_dataset *rows = new_rows();
    ore_sample sample = {.seed = 0};
    assert_int_equal(rows->length, ROWS);
    assert_int_equal(rows->fields, 2);
    assert_int_equal(ore_dataset_get(rows, 3, &sample), ORE_OK);
    assert_ids(sample.fields[0], ORE_SHAPE(2), values + 6);
    assert_ids(sample.fields[1], ORE_SCALAR, values + 3);
    assert_null(sample.fields[2]);
    assert_int_equal(ore_dataset_get(rows, ROWS, &sample), ORE_INVALID);
    assert_error_is(ORE_INVALID, "tensor data set: sample 10, expected 0 to 9");
    assert_null(sample.fields[0]);
    ore_dataset_get(rows, -1, &sample);
    assert_error_is(ORE_INVALID, "tensor data set: sample -1, expected 0 to 9");
    ore_dataset_close(rows);
    ore_dataset_close(NULL);
    ore_tensor *whole = ore_from_data(values, ORE_SHAPE(2, ROWS), ORE_INT64);
    ore_tensor *turned[] = {ore_transpose(whole, 0, 1)};
    rows = ore_tensor_dataset_new(turned, 1);
    assert_int_equal(ore_dataset_get(rows, 4, &sample), ORE_OK);
    assert_ids(sample.fields[0], ORE_SHAPE(2), (int64_t[]){4, 14});
    ore_dataset_close(rows);
}

static void test_tensors_that_are_no_rows(void **state) {
    (void)state;
    ore_tensor *t = ore_zeros(ORE_SHAPE(2), ORE_FLOAT32);
    ore_tensor *tensors[] = {t, t, t, t, t};
    assert_null(ore_tensor_dataset_new(tensors, 5));
    assert_error_is(ORE_INVALID, "tensor data set: 5 fields, expected 1 to 4");
    assert_null(ore_tensor_dataset_new(tensors, 0));
    assert_error(ORE_INVALID, "0 fields");
    tensors[0] = ore_zeros(ORE_SHAPE(0, 3), ORE_FLOAT32);
    assert_null(ore_tensor_dataset_new(tensors, 1));
    assert_error_is(ORE_INVALID, "tensor data set: tensor 0 (0, 3) has no rows");
}

/* ---- map ---- */

static ore_status twice(void *user, int64_t i, ore_sample *sample) {
    if (i == *(const int64_t *)user)
        return ore_fail(ORE_DATA, "this one is bad");
    sample->fields[0] = ore_mul_scalar(sample->fields[1], 2);
    sample->fields[1] = i == 8 ? NULL : sample->fields[1];
    return i == 9 ? ORE_DATA : ORE_OK;
}

static void test_map(void **state) {
    (void)state;
    int64_t bad = 5;
    ore_dataset *rows = new_rows(), *mapped = ore_map_dataset_new(rows, 2, twice, &bad);
    ore_sample sample = {.seed = 0};
    assert_int_equal(mapped->length, ROWS);
    assert_int_equal(ore_dataset_get(mapped, 7, &sample), ORE_OK);
    assert_int_equal(ore_item_int(sample.fields[0]), 14);
    assert_int_equal(ore_dataset_get(mapped, 5, &sample), ORE_DATA);
    assert_error_is(ORE_DATA, "this one is bad");
    assert_null(sample.fields[1]);
    ore_dataset_get(mapped, 8, &sample);
    assert_error_is(ORE_INVALID, "tensor data set: sample 8 has no field 1");
    ore_dataset_get(mapped, 9, &sample);
    assert_error_is(ORE_INVALID, "tensor data set: sample 9 failed without an error");
    assert_null(ore_map_dataset_new(NULL, 1, twice, NULL));
    assert_error_is(ORE_INVALID, "map data set: the data set is NULL");
    assert_null(ore_tensor_dataset_new((ore_tensor *[]){NULL}, 1));
    assert_error_is(ORE_INVALID, "tensor data set: a tensor is NULL");
    assert_null(ore_map_dataset_new(rows, 9, twice, NULL));
    assert_error_is(ORE_INVALID, "map data set: 9 fields, expected 1 to 4");
    ore_dataset_close(mapped);
    ore_dataset_close(rows);
}

/* ---- concat and subset ---- */

static void test_concat_and_subset(void **state) {
    (void)state;
    ore_dataset *rows = new_rows();
    const int64_t chosen[] = {9, 0, 9};
    ore_dataset *part = ore_subset_new(rows, chosen, 3), *none = ore_subset_new(rows, chosen, 0);
    const ore_dataset *all[] = {part, none, rows};
    ore_dataset *both = ore_concat_dataset_new(all, 3);
    assert_int_equal(both->length, 3 + ROWS);
    for (int i = 0; i < 3; i++)
        assert_int_equal(number_of(both, i), chosen[i]);
    for (int i = 0; i < ROWS; i++)
        assert_int_equal(number_of(both, 3 + i), i);
    ore_tensor *gathered = part->gather(part, 0, (int64_t[]){1, 2}, 2);
    assert_ids(gathered, ORE_SHAPE(2, 2), (int64_t[]){0, 1, 18, 19});
    assert_null(ore_subset_new(rows, (int64_t[]){3, 10}, 2));
    assert_error_is(ORE_INVALID, "tensor data set: subset of sample 10, expected 0 to 9");
    assert_null(ore_subset_new(rows, chosen, -1));
    assert_error_is(ORE_INVALID, "tensor data set: subset of -1 samples, expected at least 0");
    assert_null(ore_concat_dataset_new(all, 0));
    assert_error_is(ORE_INVALID, "concat: 0 data sets, expected at least 1");
    ore_tensor *one[] = {ore_zeros(ORE_SHAPE(2), ORE_INT64)};
    ore_dataset *single = ore_tensor_dataset_new(one, 1);
    const ore_dataset *unlike[] = {rows, single};
    assert_null(ore_concat_dataset_new(unlike, 2));
    assert_error_is(ORE_INVALID, "concat: data set 1 has 1 fields, expected 2 as the first");
    unlike[1] = NULL;
    assert_null(ore_concat_dataset_new(unlike, 2));
    assert_error_is(ORE_INVALID, "concat: a data set is NULL");
    ore_dataset_close(single);
    ore_dataset_close(both);
    ore_dataset_close(none);
    ore_dataset_close(part);
    ore_dataset_close(rows);
}

static void test_lengths(void **state) {
    (void)state;
    int64_t lengths[ROWS];
    ore_dataset *rows = new_rows();
    assert_int_equal(ore_dataset_lengths(rows, 0, lengths), ORE_OK);
    assert_int_equal(lengths[9], 2);
    ore_dataset_lengths(rows, 1, lengths);
    assert_error_is(ORE_INVALID, "tensor data set: field 1 of sample 0 has no length");
    ore_dataset_lengths(rows, 2, lengths);
    assert_error_is(ORE_INVALID, "tensor data set: field 2, expected 0 to 1");
    ore_dataset_close(rows);
}

/* ---- splits ---- */

static void test_random_split(void **state) {
    (void)state;
    ore_dataset *rows = new_rows(), *parts[3];
    bool seen[ROWS] = {false};
    ore_generator *g = ore_generator_new(1);
    const double fractions[] = {0.5, 0.25, 0.25}; /* 5, 2, 2; the one that is left to the first */
    assert_int_equal(ore_random_split_fractions(rows, fractions, 3, g, parts), ORE_OK);
    const int64_t want[] = {6, 2, 2};
    for (int p = 0; p < 3; p++) {
        assert_int_equal(parts[p]->length, want[p]);
        for (int64_t i = 0; i < want[p]; i++) {
            int64_t number = number_of(parts[p], i);
            assert_false(seen[number]);
            seen[number] = true;
        }
        ore_dataset_close(parts[p]);
    }
    ore_random_split(rows, (int64_t[]){4, 7}, 2, g, parts);
    assert_error_is(ORE_INVALID, "random_split: the lengths add up to 11, expected 10");
    assert_null(parts[0]);
    ore_random_split(rows, (int64_t[]){11, -1}, 2, g, parts);
    assert_error(ORE_INVALID, "random_split: part 1 of length -1, expected at least 0");
    ore_random_split(rows, (int64_t[]){INT64_MAX, INT64_MAX}, 2, g, parts);
    assert_error(ORE_INVALID, "random_split: the lengths add up to 9223372036854775807, ");
    ore_random_split_fractions(rows, (double[]){0.5, 0.4}, 2, g, parts);
    assert_error(ORE_INVALID, "random_split: the fractions add up to 0.9");
    ore_random_split_fractions(rows, (double[]){1.5, -0.5}, 2, g, parts);
    assert_error_is(ORE_INVALID, "random_split: fraction 0 is 1.5, expected 0 to 1");
    ore_generator_free(g);
    ore_dataset_close(rows);
}

/* ---- files ---- */

static ore_status read_review(void *user, const ore_row *row, ore_sample *sample) {
    (void)user;
    int64_t label = 0;
    size_t bytes;
    const char *text = ore_row_text(row, 0, &bytes);
    if (ore_row_int(row, 1, &label) == ORE_OK && label > 1)
        ore_row_fail(row, 1, "label %lld, expected 0 or 1", (long long)label);
    sample->fields[0] = ore_from_data(text, ORE_SHAPE((int64_t)bytes), ORE_UINT8);
    sample->fields[1] = ore_from_data(&label, ORE_SCALAR, ORE_INT64);
    return ore_error_status();
}

static void assert_text(const ore_dataset *reviews, int64_t i, const char *text, int64_t label) {
    ore_sample sample = {.seed = 0};
    assert_int_equal(ore_dataset_get(reviews, i, &sample), ORE_OK);
    assert_int_equal(ore_numel(sample.fields[0]), strlen(text));
    assert_memory_equal(ore_data(sample.fields[0]), text, strlen(text));
    assert_int_equal(ore_item_int(sample.fields[1]), label);
}

static void test_rows_of_a_file(void **state) {
    (void)state;
    static const char csv[] = "text,label\n\n\"a\n\"\"b\"\"\",0\n\n\nlong,1\n\nc,2\nd\n";
    const char *path = scratch_file("reviews.csv", csv, sizeof csv - 1);
    ore_dataset *reviews = ore_table_dataset_new(path, NULL, 2, read_review, NULL);
    ore_sample sample = {.seed = 0};
    assert_int_equal(reviews->length, 4);
    for (int again = 0; again < 2; again++) {
        assert_text(reviews, 1, "long", 1);
        assert_text(reviews, 0, "a\n\"b\"", 0);
    }
    ore_dataset_get(reviews, 2, &sample);
    assert_error(ORE_DATA, "reviews.csv: line 9, field 'label': label 2, expected 0 or 1");
    ore_dataset_get(reviews, 3, &sample);
    assert_error(ORE_DATA, "reviews.csv: line 10, field 'label': missing: the line has 1 field");
    FILE *file = fopen(path, "a");
    fprintf(file, "e,0\n");
    fclose(file);
    ore_dataset_get(reviews, 0, &sample);
    assert_error(ORE_DATA, "reviews.csv: was changed while in use");
    ore_dataset_close(reviews);
}

static ore_status read_number(void *user, const ore_row *row, ore_sample *sample) {
    (void)user;
    int64_t n = 0;
    ore_row_int(row, 0, &n);
    sample->fields[0] = ore_from_data(&n, ORE_SCALAR, ORE_INT64);
    return ore_error_status();
}

static void test_every_format(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
    } files[] = {{"a.txt", "3\n1\n2"},
                 {"a.tsv", "n\n3\r\n\n1\n2\n"},
                 {"a.jsonl", "{\"n\": 3}\n\n{\"m\": 0, \"n\": 1}\n{\"n\": 2}"}};
    static const int64_t want[] = {3, 1, 2};
    for (size_t f = 0; f < sizeof files / sizeof *files; f++) {
        const char *path = scratch_file(files[f].name, files[f].text, strlen(files[f].text));
        ore_dataset *data = ore_table_dataset_new(path, NULL, 1, read_number, NULL);
        assert_non_null(data);
        assert_int_equal(data->length, 3);
        for (int64_t i = 0; i < 3; i++) {
            ore_sample sample = {.seed = 0};
            assert_int_equal(ore_dataset_get(data, i, &sample), ORE_OK);
            assert_int_equal(ore_item_int(sample.fields[0]), want[i]);
        }
        ore_dataset_close(data);
    }
}

static void test_files_that_have_no_rows(void **state) {
    (void)state;
    const char *path = scratch_file("head.csv", "a,b\n\n", 5);
    assert_null(ore_table_dataset_new(path, NULL, 1, read_number, NULL));
    assert_error(ORE_DATA, "head.csv: has no rows");
    assert_null(ore_table_dataset_new(path, NULL, 0, read_number, NULL));
    assert_error_is(ORE_INVALID, "table data set: 0 fields, expected 1 to 4");
    assert_null(ore_table_dataset_new("/dev/null", NULL, 1, read_number, NULL));
    assert_error_is(ORE_INVALID, "/dev/null: is no regular file: its rows can only be read one "
                                 "after the other, not where they stand");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_of_tensors, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_tensors_that_are_no_rows, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_map, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_concat_and_subset, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_lengths, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_random_split, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_rows_of_a_file, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_every_format, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_files_that_have_no_rows, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
