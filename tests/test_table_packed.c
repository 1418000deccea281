/* test_table_packed.c: rows of compressed files and of Parquet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "support/child.h"
#include "support/scratch.h"

enum { LINES = 5000, ROOM = 1 << 18 };

static char plain[ROOM];
static size_t plain_bytes;

/* Lines of JSON, which pack well. */
static int setup(void **state) {
    plain_bytes = 0;
    for (int i = 0; i < LINES; i++)
        plain_bytes += (size_t)snprintf(plain + plain_bytes, sizeof plain - plain_bytes,
                                        "{\"text\": \"line %d\", \"n\": %d}\n", i, i);
    return scratch_setup(state);
}

static size_t gzip(const void *bytes, size_t count, uint8_t *to) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)count;
    z.next_out = to;
    z.avail_out = ROOM;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static size_t zstd(const void *bytes, size_t count, uint8_t *to) {
    size_t used = ZSTD_compress(to, ROOM, bytes, count, 3);
    assert_false(ZSTD_isError(used));
    return used;
}

typedef size_t (*packer)(const void *bytes, size_t count, uint8_t *to);
static const struct {
    packer pack;
    const char *file, *name;
} packers[] = {{gzip, "rows.jsonl.gz", "gzip"}, {zstd, "rows.jsonl.zst", "Zstandard"}};
enum { PACKERS = sizeof packers / sizeof *packers };

/* In two members or frames, one behind the other. */
static size_t pack_in_two(packer pack, uint8_t *to) {
    size_t half = plain_bytes / 2, first = pack(plain, half, to);
    return first + pack(plain + half, plain_bytes - half, to + first);
}

static void expect_lines(ore_table *table) {
    char want[32];
    assert_non_null(table);
    for (int i = 0; i < LINES; i++) {
        const ore_row *row = ore_table_next(table);
        assert_non_null(row);
        snprintf(want, sizeof want, "line %d", i);
        assert_string_equal(ore_row_text(row, 0, NULL), want);
        assert_int_equal(ore_row_line(row), i + 1);
    }
    assert_null(ore_table_next(table));
    assert_true(ore_ok());
    ore_table_close(table);
}

static void test_compressed(void **state) {
    (void)state;
    assert_non_null(strstr(ore_table_libraries(), ", Zstandard " ZSTD_VERSION_STRING));
    static uint8_t packed[2 * ROOM];
    for (int p = 0; p < PACKERS; p++) {
        size_t bytes = pack_in_two(packers[p].pack, packed);
        assert_true(bytes < plain_bytes / 2);
        expect_lines(ore_table_open_memory(packers[p].file, packed, bytes, NULL));
        expect_lines(ore_table_open(scratch_file(packers[p].file, packed, bytes), NULL));
        expect_lines(ore_table_open(scratch_file("data.jsonl", packed, bytes), NULL));
    }
    /* zeros behind a member of gzip, as tapes have them */
    size_t bytes = gzip(plain, plain_bytes, packed);
    memset(packed + bytes, 0, 1000);
    expect_lines(ore_table_open_memory("rows.jsonl", packed, bytes + 1000, NULL));
}

/* Reads all rows up to an error, and says how many there were. */
static int count_rows(ore_table *table) {
    int count = 0;
    while (table && ore_table_next(table))
        count++;
    ore_table_close(table);
    return count;
}

static void test_damaged(void **state) {
    (void)state;
    static uint8_t packed[2 * ROOM], copy[2 * ROOM];
    char want[128];
    for (int p = 0; p < PACKERS; p++) {
        size_t bytes = pack_in_two(packers[p].pack, packed);
        size_t first = packers[p].pack(plain, plain_bytes / 2, copy);
        for (size_t cut = 20; cut < bytes; cut += 1 + bytes / 97) {
            count_rows(ore_table_open_memory("cut.jsonl", packed, cut, NULL));
            if (cut != first) {
                snprintf(want, sizeof want, "cut.jsonl: its %s data is damaged: it ends early",
                         packers[p].name);
                assert_error_is(ORE_DATA, want);
            }
        }
        memcpy(copy, packed, bytes);
        copy[bytes / 3] ^= 0x55;
        count_rows(ore_table_open_memory("bad.jsonl", copy, bytes, NULL));
        assert_error(ORE_DATA, "bad.jsonl: ");
        memcpy(packed + bytes, "more", 4);
        count_rows(ore_table_open_memory("more.jsonl", packed, bytes + 4, NULL));
        snprintf(want, sizeof want, "more.jsonl: its %s data is damaged: ", packers[p].name);
        assert_error(ORE_DATA, want);
    }
}

/* 64 MiB of one character in a few KiB, without a line end: a row that is too long. */
static void test_bomb(void **state) {
    (void)state;
    enum { BOMB_BYTES = 64 << 20 };
    char *zeros = malloc(BOMB_BYTES);
    uint8_t *packed = malloc(ROOM);
    assert_true(zeros && packed);
    memset(zeros, 'a', BOMB_BYTES);
    size_t bytes = gzip(zeros, BOMB_BYTES, packed);
    ore_memory_reset_peak();
    assert_int_equal(count_rows(ore_table_open_memory("bomb.txt.gz", packed, bytes, NULL)), 0);
    assert_error(ORE_DATA, "bomb.txt.gz: line 1: longer than 16777216 bytes");
    ore_memory_stats stats;
    ore_memory_read(&stats);
    assert_true(stats.peak_bytes < (size_t)3 * (32 << 20)); /* the window doubles up to 32 MiB */
    free(packed);
    free(zeros);
}

static ore_status read_nothing(void *user, const ore_row *row, ore_sample *sample) {
    (void)user, (void)row, (void)sample;
    return ORE_OK;
}

static void test_places(void **state) {
    (void)state;
    static uint8_t packed[ROOM];
    size_t bytes = gzip(plain, plain_bytes, packed);
    assert_null(
        ore_table_dataset_new(scratch_file("a.jsonl", packed, bytes), NULL, 1, read_nothing, NULL));
    assert_error(ORE_INVALID, "a.jsonl: is compressed: its rows can only be read one after the");
    assert_null(ore_table_dataset_new(ORE_TEST_DIR "/fuzz/corpus/parquet/plain.parquet", NULL, 1,
                                      read_nothing, NULL));
    assert_error(ORE_INVALID, "plain.parquet: is Parquet: its rows can only be read one after");
}

/* ---- Parquet: files that pyarrow wrote (parquet_compare.py --write) ---- */

static ore_table *open_parquet(const char *name, const char *const *fields, int64_t count) {
    static char path[512];
    ore_table_options o = ore_table_defaults();
    o.fields = fields;
    o.field_count = count;
    snprintf(path, sizeof path, ORE_TEST_DIR "/fuzz/corpus/parquet/%s.parquet", name);
    return ore_table_open(path, &o);
}

static void test_parquet(void **state) {
    (void)state;
    static const char *const names[] = {"plain", "dictionary", "second", "gzip"};
    static const char *const texts[] = {"one",        "",    "",
                                        "tw\xC3\xB6", "one", "a longer one, of more words"};
    for (int i = 0; i < 4; i++) {
        ore_table *all = open_parquet(names[i], NULL, 0);
        ore_table *some = open_parquet(names[i], (const char *const[]){"label", "text"}, 2);
        assert_true(all && some);
        assert_int_equal(ore_table_field_count(all), 2); /* "number" is no column of strings */
        assert_string_equal(ore_table_field_name(all, 0), "text");
        assert_string_equal(ore_table_field_name(some, 0), "label");
        for (int r = 0; r < 6; r++) {
            const ore_row *row = ore_table_next(all), *other = ore_table_next(some);
            assert_true(row && other);
            assert_int_equal(ore_row_line(row), r + 1);
            assert_string_equal(ore_row_text(row, 0, NULL), texts[r]);
            assert_string_equal(ore_row_text(row, 1, NULL), r % 2 ? "y" : "x");
            assert_string_equal(ore_row_text(other, 1, NULL), texts[r]);
        }
        assert_null(ore_table_next(all));
        assert_null(ore_table_next(some));
        assert_true(ore_ok());
        ore_table_close(all);
        ore_table_close(some);
    }
}

/* A page that was read is whole whatever becomes of the file, which no row asks about; the end
 * does. */
static void test_parquet_that_changes(void **state) {
    (void)state;
    size_t bytes;
    char *file = read_file(ORE_TEST_DIR "/fuzz/corpus/parquet/plain.parquet", &bytes);
    const char *path = scratch_file("change.parquet", file, bytes);
    ore_table *table = ore_table_open(path, NULL);
    assert_non_null(ore_table_next(table));
    FILE *out = fopen(path, "ab");
    assert_non_null(out);
    fputc('x', out);
    fclose(out);
    for (int r = 1; r < 6; r++)
        assert_non_null(ore_table_next(table));
    assert_null(ore_table_next(table));
    assert_error(ORE_DATA, "change.parquet: was changed while in use");
    ore_table_close(table);
    free(file);
}

static void test_parquet_struct(void **state) {
    (void)state;
    static const char *const texts[] = {"x", "", ""};
    ore_table *table = open_parquet("struct", (const char *const[]){"outer.a"}, 1);
    assert_non_null(table);
    for (int r = 0; r < 3; r++)
        assert_string_equal(ore_row_text(ore_table_next(table), 0, NULL), texts[r]);
    assert_null(ore_table_next(table));
    ore_table_close(table);
}

static void test_parquet_errors(void **state) {
    (void)state;
    char *bytes;
    size_t size;
    assert_null(open_parquet("plain", (const char *const[]){"none"}, 1));
    assert_error(ORE_DATA, "plain.parquet: Parquet: has no column 'none'");
    assert_null(open_parquet("plain", (const char *const[]){"number"}, 1));
    assert_error(ORE_DATA, "Parquet: field 'number': is int64, expected strings");
    assert_null(ore_table_open_memory("a.parquet", "PAR1", 4, NULL));
    assert_error_is(ORE_DATA, "a.parquet: Parquet: shorter than its two marks");
    assert_null(ore_table_open_memory("a.parquet", "PAR1 and no more", 16, NULL));
    assert_error_is(ORE_DATA, "a.parquet: Parquet: does not begin and end with PAR1");
    assert_null(ore_table_open_memory("a.parquet", "PAR1\377\377\377\377PAR1", 12, NULL));
    assert_error_is(ORE_DATA, "a.parquet: Parquet: its description is longer than the file, or "
                              "than 64 MiB");
    assert_null(ore_table_open_memory("a.parquet", "PAR1    \0\0\0\0PARE", 16, NULL));
    assert_error_is(ORE_DATA, "a.parquet: Parquet: is encrypted");
    bytes = read_file(ORE_TEST_DIR "/fuzz/corpus/parquet/dictionary.parquet", &size);
    memset(bytes + 92, 0xAA, 8); /* in the dictionary of "text" */
    assert_int_equal(count_rows(ore_table_open_memory("a.parquet", bytes, size, NULL)), 0);
    assert_error(ORE_DATA, "a.parquet: Parquet: field 'text', before row 1: ");
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_compressed, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bomb, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_parquet, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_parquet_that_changes, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_parquet_struct, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_parquet_errors, setup, scratch_teardown),
    };
    return cmocka_run_group_tests_name("table_packed", tests, NULL, NULL);
}
