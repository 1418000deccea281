/* safetensors: files of the reference implementation, ours read by it, and everything that a
 * header can get wrong. tests/golden/safetensors_golden.py says what mixed.safetensors holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include <ore/ops.h>
#include <ore/tensor_file.h>
#include <ore/view.h>

#include "io/safetensors.h"
#include "support/scratch.h"

#define GOLDEN ORE_TEST_DIR "/golden/mixed.safetensors"

/* In the golden file's order. */
static const struct {
    const char *name;
    ore_dtype dtype;
    int ndim;
    int64_t dim[2];
} layout[] = {
    {"e.int64", ORE_INT64, 2, {1, 6}},
    {"b.float64", ORE_FLOAT64, 1, {6}},
    {"a.float32", ORE_FLOAT32, 2, {2, 3}},
    {"i.scalar", ORE_FLOAT32, 0, {0}},
    {"j.empty", ORE_FLOAT32, 2, {0, 4}},
    {"f.int32", ORE_INT32, 1, {6}},
    {"c.bfloat16", ORE_BFLOAT16, 2, {3, 2}},
    {"d.float16", ORE_FLOAT16, 1, {6}},
    {"g.uint8", ORE_UINT8, 1, {6}},
    {"k.n\xc3\xa4me", ORE_UINT8, 1, {1}},
    {"h.bool", ORE_BOOL, 1, {6}},
};
enum { TENSORS = sizeof layout / sizeof layout[0] };

static ore_safetensors *open_file(const char *path) {
    ore_safetensors *file = ore_safetensors_open(path);
    if (!file)
        fail_msg("%s", ore_error_message());
    return file;
}

static void assert_same_files(const char *a, const char *b) {
    size_t bytes[2];
    char *text[2] = {ore_file_read(a, &bytes[0]), ore_file_read(b, &bytes[1])};
    assert_non_null(text[0]);
    assert_non_null(text[1]);
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(text[0], text[1], bytes[0]);
    ore_string_free(text[0]);
    ore_string_free(text[1]);
}

static void test_golden(void **state) {
    (void)state;
    ore_safetensors *file = open_file(GOLDEN);
    assert_int_equal(ore_safetensors_count(file), TENSORS);
    assert_string_equal(ore_safetensors_metadata(file, "note"), "a \"quoted\" one");
    assert_null(ore_safetensors_metadata(file, "other"));
    for (int i = 0; i < TENSORS; i++) {
        const ore_safetensors_entry *entry = ore_safetensors_at(file, i);
        assert_string_equal(entry->name, layout[i].name);
        assert_int_equal(entry->dtype, layout[i].dtype);
        assert_int_equal(entry->shape.ndim, layout[i].ndim);
        for (int d = 0; d < layout[i].ndim; d++)
            assert_int_equal(entry->shape.dim[d], layout[i].dim[d]);
        assert_ptr_equal(ore_safetensors_find(file, layout[i].name), entry);
    }
    const float *floats = ore_safetensors_find(file, "a.float32")->data;
    const int64_t *longs = ore_safetensors_find(file, "e.int64")->data;
    for (int i = 0; i < 6; i++) {
        assert_true(floats[i] == (float)i * 0.5f - 1);
        assert_int_equal(longs[i], i * 3 - 4);
    }
    assert_null(ore_safetensors_find(file, "nothing"));
    assert_true(ore_ok());
    assert_null(ore_safetensors_at(file, TENSORS));
    assert_error(ORE_INVALID, "safetensors_at: entry 11 of 11");
    ore_safetensors_close(file);
    ore_safetensors_close(NULL);
}

/* Reading a file of the reference implementation and writing it again gives the same bytes. */
static void test_write_entries(void **state) {
    (void)state;
    ore_safetensors *file = open_file(GOLDEN);
    ore_safetensors_entry entries[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        entries[i] = *ore_safetensors_at(file, i);
    ore_json *metadata = ore_json_object_new();
    ore_json_set_string(metadata, "note", ore_safetensors_metadata(file, "note"));
    const char *path = scratch_path("ours.safetensors");
    assert_int_equal(ore_safetensors_write_entries(path, entries, TENSORS, metadata), ORE_OK);
    assert_same_files(path, GOLDEN);

    entries[1].name = entries[0].name;
    assert_int_equal(ore_safetensors_write_entries(path, entries, 2, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "safetensors_write: tensor 'e.int64': its name comes twice");
    entries[1].name = "__metadata__";
    assert_int_equal(ore_safetensors_write_entries(path, entries, 2, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "safetensors_write: tensor 1 has no name of its own");
    entries[1].name = "\xff";
    assert_int_equal(ore_safetensors_write_entries(path, entries, 2, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "safetensors_write: the name of tensor 1 is not UTF-8");
    entries[0].bytes--;
    assert_int_equal(ore_safetensors_write_entries(path, entries, 1, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "safetensors_write: tensor 'e.int64': 47 bytes do not fit its shape");
    ore_json_set_int(metadata, "note", 1);
    assert_int_equal(ore_safetensors_write_entries(path, NULL, 0, metadata), ORE_DATA);
    assert_error(ORE_DATA, "note: an integer, expected a string");
    assert_same_files(path, GOLDEN);
    ore_json_free(metadata);
    ore_safetensors_close(file);
}

static void test_no_tensors(void **state) {
    (void)state;
    const char *path = scratch_path("none.safetensors");
    assert_int_equal(ore_safetensors_write_entries(path, NULL, 0, NULL), ORE_OK);
    ore_safetensors *file = open_file(path);
    assert_int_equal(ore_safetensors_count(file), 0);
    ore_safetensors_close(file);
}

/* Every tensor of the golden file as an ore_tensor and back. */
static void test_tensors(void **state) {
    (void)state;
    ore_scope_begin();
    ore_safetensors *file = open_file(GOLDEN);
    ore_safetensors_item items[TENSORS];
    for (int i = 0; i < TENSORS; i++) {
        ore_tensor *t = ore_safetensors_tensor(file, layout[i].name);
        assert_non_null(t);
        assert_int_equal(ore_tensor_dtype(t), layout[i].dtype);
        items[i] = (ore_safetensors_item){layout[i].name, t};
        ore_tensor *other = ore_zeros(ore_shape_of(t), ore_tensor_dtype(t));
        assert_int_equal(ore_safetensors_load(file, layout[i].name, other), ORE_OK);
        if (i % 2)
            items[i].tensor = other;
    }
    assert_true(ore_item(items[3].tensor) == 2.5);
    ore_json *metadata = ore_json_object_new();
    ore_json_set_string(metadata, "note", "a \"quoted\" one");
    const char *path = scratch_path("ours.safetensors");
    assert_int_equal(ore_safetensors_write(path, items, TENSORS, metadata), ORE_OK);
    assert_same_files(path, GOLDEN);
    ore_json_free(metadata);
    ore_safetensors_close(file);
    ore_scope_end();
}

/* Views are written in row-major order and loaded into views; a parameter can be loaded into. */
static void test_views(void **state) {
    (void)state;
    ore_scope_begin();
    static const float values[] = {0, 1, 2, 3, 4, 5};
    ore_tensor *t = ore_from_data(values, ORE_SHAPE(2, 3), ORE_FLOAT32);
    ore_safetensors_item item = {"t", ore_transpose(t, 0, 1)}; /* (3, 2) */
    const char *path = scratch_path("t.safetensors");
    assert_int_equal(ore_safetensors_write(path, &item, 1, NULL), ORE_OK);
    ore_safetensors *file = open_file(path);
    static const float turned[] = {0, 3, 1, 4, 2, 5};
    assert_memory_equal(ore_safetensors_at(file, 0)->data, turned, sizeof turned);
    ore_tensor *z = ore_zeros(ORE_SHAPE(2, 3), ORE_FLOAT32);
    assert_int_equal(ore_safetensors_load(file, "t", ore_transpose(z, 0, 1)), ORE_OK);
    assert_memory_equal(ore_data(z), values, sizeof values);
    ore_tensor *leaf = ore_set_requires_grad(ore_zeros(ORE_SHAPE(3, 2), ORE_FLOAT32), true);
    assert_int_equal(ore_safetensors_load(file, "t", leaf), ORE_OK);
    assert_memory_equal(ore_data(leaf), turned, sizeof turned);
    ore_safetensors_close(file);
    ore_scope_end();
}

/* A header of a length that is no multiple of 8 puts the elements at odd addresses. */
static void test_unpadded(void **state) {
    (void)state;
    static const char header[] =
        "{\"n\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
        "\"w\":{\"dtype\":\"F32\",\"shape\":[9,10],\"data_offsets\":[1,361]},"
        "\"v\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[361,369]}}";
    uint64_t length = sizeof header - 1;
    char file[8 + sizeof header - 1 + 369];
    float w[90], got[90];
    const double v = 0.75;
    for (int i = 0; i < 90; i++)
        w[i] = (float)i - 7;
    memcpy(file, &length, 8);
    memcpy(file + 8, header, length);
    char *data = file + 8 + length;
    data[0] = 5;
    memcpy(data + 1, w, sizeof w);
    memcpy(data + 361, &v, sizeof v);
    ore_scope_begin();
    ore_safetensors *made = open_file(scratch_file("odd.safetensors", file, sizeof file));
    ore_tensor *t = ore_zeros(ORE_SHAPE(9, 10), ORE_FLOAT32);
    ore_tensor *turned = ore_transpose(ore_zeros(ORE_SHAPE(10, 9), ORE_FLOAT32), 0, 1);
    assert_int_equal(ore_safetensors_load(made, "w", t), ORE_OK);
    assert_int_equal(ore_safetensors_load(made, "w", turned), ORE_OK);
    assert_memory_equal(ore_data(t), w, sizeof w);
    assert_int_equal(ore_copy_out(turned, got, sizeof got), ORE_OK);
    assert_memory_equal(got, w, sizeof w);
    assert_true(ore_item(ore_safetensors_tensor(made, "v")) == v);
    ore_safetensors_close(made);
    ore_scope_end();
}

static void test_load_errors(void **state) {
    (void)state;
    ore_scope_begin();
    ore_safetensors *file = open_file(GOLDEN);
    ore_tensor *t = ore_zeros(ORE_SHAPE(3, 2), ORE_FLOAT32);
    assert_int_equal(ore_safetensors_load(file, "a.float32", t), ORE_DATA);
    assert_error(ORE_DATA, "golden/mixed.safetensors: tensor 'a.float32': (2, 3) float32 in the "
                           "file, expected (3, 2) float32");
    assert_int_equal(ore_safetensors_load(file, "c.bfloat16", t), ORE_DATA);
    assert_error(ORE_DATA, "tensor 'c.bfloat16': (3, 2) bfloat16 in the file, expected (3, 2) "
                           "float32");
    assert_int_equal(ore_safetensors_load(file, "lm_head.weight", t), ORE_DATA);
    assert_error(ORE_DATA, "mixed.safetensors: tensor 'lm_head.weight': missing");
    assert_null(ore_safetensors_tensor(file, "lm_head.weight"));
    assert_error(ORE_DATA, "mixed.safetensors: tensor 'lm_head.weight': missing");
    ore_safetensors_close(file);
    ore_scope_end();
}

/* ---- headers ---- */

/* A file of this header and `data_bytes` bytes of 2s; the length of the header can be lied about.
 */
static ore_safetensors *open_made(const char *header, size_t data_bytes, int64_t length) {
    static char file[4096];
    uint64_t said = length < 0 ? strlen(header) : (uint64_t)length;
    memcpy(file, &said, 8);
    memcpy(file + 8, header, strlen(header));
    memset(file + 8 + strlen(header), 2, data_bytes);
    const char *path = scratch_file("m.safetensors", file, 8 + strlen(header) + data_bytes);
    return ore_safetensors_open(path);
}

#define ONE(dtype, shape, offsets)                                                                 \
    "{\"w\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define TWO(a, b)                                                                                  \
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" a "},"                              \
    "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" b "}}"

static void test_headers(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data_bytes;
        int64_t length;
        const char *message;
    } cases[] = {
        {"{}", 0, 3, "m.safetensors: cut short: header of 3 bytes in a file of 10"},
        {"{}", 0, 100000001, "no safetensors file: header of 100000001 bytes, expected at most"},
        {"{}", 0, INT64_MAX, "no safetensors file: header of 9223372036854775807 bytes"},
        {"{}", 0, 0, "no safetensors file: its header does not begin with '{'"},
        {"[]", 0, -1, "no safetensors file: its header does not begin with '{'"},
        {"{\"a\":}", 0, -1, "m.safetensors: line 1, column 6: "},
        {"{\"a\":1}", 0, -1, "m.safetensors: a: an integer, expected an object"},
        {"{\"a\":{},\"a\":{}}", 0, -1, "m.safetensors: line 1, column 11: duplicate object key"},
        {"{\"__metadata__\":{\"a\":1}}", 0, -1, "__metadata__.a: an integer, expected a string"},
        {"{}", 5, -1, "m.safetensors: 5 bytes after the last tensor, expected none"},
        {ONE("F8_E4M3", "[1]", "[0,1]"), 1, -1, "tensor 'w': dtype F8_E4M3, expected one of F32"},
        {ONE("F32", "[2,3]", "[0,24]"), 23, -1,
         "m.safetensors: cut short: tensor 'w' ends at byte 24 of 23 bytes of data"},
        {ONE("F32", "[2,3]", "[0,20]"), 20, -1, "tensor 'w': 20 bytes, expected 24 by its shape"},
        {ONE("F32", "[-2,-3]", "[0,24]"), 24, -1, "tensor 'w': its shape has a negative size"},
        {ONE("F32", "[4611686018427387904,4]", "[0,0]"), 0, -1, "or too many elements"},
        {ONE("F32", "[0,4611686018427387904,8]", "[0,0]"), 0, -1, "or too many elements"},
        {ONE("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, -1, "'w': 9 dims, expected at most 8"},
        {ONE("U8", "[1.5]", "[0,1]"), 1, -1, "m.safetensors: w.shape[0]: a number, expected"},
        {ONE("U8", "[1]", "[1,0]"), 1, -1, "'w': data_offsets that are not [begin, end]"},
        {ONE("U8", "[1]", "[-1,0]"), 1, -1, "'w': data_offsets that are not [begin, end]"},
        {ONE("U8", "[1]", "[0,1,1]"), 1, -1, "'w': data_offsets that are not [begin, end]"},
        {ONE("U8", "[1]", "[0]"), 1, -1, "m.safetensors: w.data_offsets[1]: missing"},
        {ONE("U8", "[1]", "[0,9223372036854775807]"), 1, -1, "cut short: tensor 'w' ends at"},
        {"{\"w\":{\"shape\":[1]}}", 0, -1, "m.safetensors: w.dtype: missing, expected a string"},
        {TWO("[0,4]", "[2,6]"), 6, -1, "tensor 'b': its data overlap another tensor's"},
        {TWO("[0,4]", "[0,4]"), 4, -1, "its data overlap another tensor's"},
        {TWO("[0,4]", "[5,9]"), 9, -1, "tensor 'b': a gap before its data"},
        {TWO("[5,9]", "[1,5]"), 9, -1, "tensor 'b': a gap before its data"},
        {TWO("[0,4]", "[4,8]"), 9, -1, "1 byte after the last tensor, expected none"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(open_made(cases[i].header, cases[i].data_bytes, cases[i].length));
        assert_error(ORE_DATA, cases[i].message);
    }
    ore_safetensors *file = open_made(TWO("[4,8]", "[0,4]"), 8, -1);
    assert_int_equal(ore_safetensors_count(file), 2);
    ore_safetensors_close(file);
}

/* Integers that are no dtype of Ore's, as .npy and .pt have them: by both readers. */
static void test_other_integers(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t bytes;
        ore_dtype dtype;
        double value; /* of bytes of 2s */
    } cases[] = {
        {ONE("I8", "[3]", "[0,3]"), 3, ORE_INT32, 2},
        {ONE("I16", "[3]", "[0,6]"), 6, ORE_INT32, 0x0202},
        {ONE("U16", "[3]", "[0,6]"), 6, ORE_INT32, 0x0202},
        {ONE("U32", "[3]", "[0,12]"), 12, ORE_INT64, 0x02020202},
        {ONE("U64", "[3]", "[0,24]"), 24, ORE_INT64, 0x0202020202020202},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ore_scope_begin();
        ore_safetensors *file = open_made(cases[i].header, cases[i].bytes, -1);
        assert_non_null(file);
        assert_null(ore_safetensors_at(file, 0)->data);
        ore_tensor *t = ore_safetensors_tensor(file, "w");
        ore_tensor *own = ore_zeros(ORE_SHAPE(3), cases[i].dtype);
        assert_int_equal(ore_safetensors_load(file, "w", own), ORE_OK);
        ore_tensor_file *other = ore_tensor_file_open(scratch_path("m.safetensors"));
        ore_tensor *same = ore_tensor_file_tensor(other, "w");
        assert_int_equal(ore_tensor_file_at(other, 0)->bytes, cases[i].bytes);
        ore_tensor *all[] = {t, own, same};
        for (int k = 0; k < 3; k++) {
            assert_non_null(all[k]);
            assert_int_equal(ore_tensor_dtype(all[k]), cases[i].dtype);
            assert_true(ore_item(ore_select(all[k], 0, 2)) == cases[i].value);
        }
        assert_int_equal(
            ore_safetensors_write_entries(scratch_path("x"), ore_safetensors_at(file, 0), 1, NULL),
            ORE_INVALID);
        assert_error(ORE_INVALID, "safetensors_write: tensor 0 has no data");
        ore_tensor_file_close(other);
        ore_safetensors_close(file);
        ore_scope_end();
    }
}

/* Of U64 what int64 has, and an error for the rest; signs of the small ones. */
static void test_ends_of_integers(void **state) {
    (void)state;
    static const char header[] =
        "{\"big\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[0,8]},"
        "\"max\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[8,16]},"
        "\"i8\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[16,17]},"
        "\"u32\":{\"dtype\":\"U32\",\"shape\":[1],\"data_offsets\":[17,21]}}";
    uint64_t length = sizeof header - 1, max = INT64_MAX, big = max + 1;
    char bytes[8 + sizeof header - 1 + 21];
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    memcpy(bytes + 8 + length, &big, 8);
    memcpy(bytes + 16 + length, &max, 8);
    memset(bytes + 24 + length, 0xFF, 5);
    ore_scope_begin();
    ore_safetensors *file = open_file(scratch_file("ends.safetensors", bytes, sizeof bytes));
    assert_int_equal(*(const int64_t *)ore_data(ore_safetensors_tensor(file, "max")), INT64_MAX);
    assert_true(ore_item(ore_safetensors_tensor(file, "i8")) == -1);
    assert_true(ore_item(ore_safetensors_tensor(file, "u32")) == 4294967295.0);
    assert_null(ore_safetensors_tensor(file, "big"));
    assert_error(ORE_DATA,
                 "ends.safetensors: tensor 'big': decode: a uint64 above the largest int64");
    ore_tensor *t = ore_zeros(ORE_SHAPE(1), ORE_INT64);
    assert_int_equal(ore_safetensors_load(file, "big", t), ORE_DATA);
    assert_error(ORE_DATA,
                 "ends.safetensors: tensor 'big': decode: a uint64 above the largest int64");
    ore_safetensors_close(file);
    ore_tensor_file *other = ore_tensor_file_open(scratch_path("ends.safetensors"));
    assert_null(ore_tensor_file_tensor(other, "big"));
    assert_error(ORE_DATA, "ends.safetensors: tensor 'big': decode: a uint64 above the largest");
    ore_tensor_file_close(other);
    ore_scope_end();
}

static void test_not_booleans(void **state) {
    (void)state;
    ore_safetensors *file = open_made(ONE("BOOL", "[3]", "[0,3]"), 3, -1);
    assert_null(ore_safetensors_tensor(file, "w"));
    assert_error(ORE_DATA, "tensor 'w': a byte that is neither 0 nor 1, expected booleans");
    ore_safetensors_close(file);
}

/* A file cut at any length is refused, and says which file. */
static void test_cut(void **state) {
    (void)state;
    size_t bytes = 0;
    char *whole = ore_file_read(GOLDEN, &bytes);
    for (size_t length = 0; length < bytes; length++) {
        const char *path = scratch_file("cut.safetensors", whole, length);
        assert_null(ore_safetensors_open(path));
        assert_error(ORE_DATA, length ? "cut.safetensors: cut short: " : "the file is empty");
    }
    ore_string_free(whole);
}

/* One to four bits turned at random: an error that names the file, or a file that can be read. */
static void test_flips(void **state) {
    (void)state;
    size_t bytes = 0;
    char *whole = ore_file_read(GOLDEN, &bytes);
    uint64_t random = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t *copy = malloc(bytes); /* of the exact size, for the sanitizers */
        memcpy(copy, whole, bytes);
        for (int flip = 0; flip <= round % 4; flip++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            copy[(random >> 33) % bytes] ^= (uint8_t)(1 << (random >> 61));
        }
        ore_safetensors *file = ore_safetensors_open_bytes("f.safetensors", copy, bytes);
        uint64_t sum = 0;
        for (int64_t i = 0; i < ore_safetensors_count(file); i++) {
            const ore_safetensors_entry *entry = ore_safetensors_at(file, i);
            for (size_t b = 0; entry->data && b < entry->bytes; b++)
                sum += ((const uint8_t *)entry->data)[b];
        }
        assert_true(file ? sum > 0 && ore_ok() : ore_error_status() == ORE_DATA);
        if (!file)
            assert_error(ORE_DATA, "f.safetensors: ");
        ore_safetensors_close(file);
        free(copy);
    }
    ore_string_free(whole);
}

/* The reference implementation reads what we write. */
static void test_python(void **state) {
    (void)state;
    ore_safetensors *file = open_file(GOLDEN);
    ore_safetensors_entry entries[TENSORS];
    for (int i = 0; i < TENSORS; i++)
        entries[i] = *ore_safetensors_at(file, TENSORS - 1 - i); /* another order than its own */
    ore_json *metadata = ore_json_object_new();
    ore_json_set_string(metadata, "note", "a \"quoted\" one");
    const char *path = scratch_path("ours.safetensors");
    assert_int_equal(ore_safetensors_write_entries(path, entries, TENSORS, metadata), ORE_OK);
    ore_json_free(metadata);
    ore_safetensors_close(file);
    const char *python = getenv("ORE_PYTHON");
    char command[2048];
    snprintf(command, sizeof command, "%s %s/golden/safetensors_check.py %s",
             python ? python : "python3", ORE_TEST_DIR, path);
    int status = system(command);
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 127) {
        print_message("[  SKIPPED ] no Python with safetensors (ORE_PYTHON names another one)\n");
        return;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_golden),
        TEST(test_write_entries),
        TEST(test_no_tensors),
        TEST(test_tensors),
        TEST(test_views),
        TEST(test_load_errors),
        TEST(test_headers),
        TEST(test_not_booleans),
        TEST(test_cut),
        TEST(test_flips),
        TEST(test_python),
        TEST(test_unpadded),
        TEST(test_other_integers),
        TEST(test_ends_of_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
