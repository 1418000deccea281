/* test_tensor_file.c: the door over files of tensors: safetensors alone and in shards, GGUF, what a
 * mapped tensor may be used for, and files that are not what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/tensor_file.h>
#include <ore/view.h>

#include "support/gguf_bytes.h"
#include "support/scratch.h"

#define GOLDEN ORE_TEST_DIR "/golden/mixed.safetensors"

static ore_tensor_file *open_file(const char *path) {
    ore_tensor_file *file = ore_tensor_file_open(path);
    if (!file)
        fail_msg("%s", ore_error_message());
    return file;
}

static void write_one(const char *path, const char *name, ore_tensor *t) {
    assert_int_equal(ore_safetensors_write(path, &(ore_safetensors_item){name, t}, 1, NULL),
                     ORE_OK);
}

static ore_tensor *ramp(int64_t rows, int64_t columns) {
    return ore_reshape(ore_arange(0, (double)(rows * columns), 1, ORE_FLOAT32),
                       ORE_SHAPE(rows, columns));
}

/* ---- safetensors ---- */

static void test_same_as_safetensors(void **state) {
    (void)state;
    ore_scope_begin();
    ore_safetensors *plain = ore_safetensors_open(GOLDEN);
    ore_tensor_file *file = open_file(GOLDEN);
    assert_string_equal(ore_tensor_file_format(file), "safetensors");
    assert_int_equal(ore_tensor_file_count(file), ore_safetensors_count(plain));
    for (int64_t i = 0; i < ore_tensor_file_count(file); i++) {
        const ore_tensor_entry *entry = ore_tensor_file_at(file, i);
        const ore_safetensors_entry *same = ore_safetensors_at(plain, i);
        assert_string_equal(entry->name, same->name);
        assert_string_equal(entry->path, GOLDEN);
        assert_int_equal(entry->bytes, same->bytes);
        assert_ptr_equal(ore_tensor_file_find(file, entry->name), entry);
        ore_tensor *t = ore_tensor_file_tensor(file, entry->name);
        assert_non_null(t);
        assert_int_equal(ore_tensor_dtype(t), same->dtype);
        assert_true(ore_shape_equal(ore_shape_of(t), same->shape));
        if (same->bytes > 0)
            assert_memory_equal(ore_data(t), same->data, same->bytes);
    }
    ore_json *metadata = ore_tensor_file_metadata(file);
    assert_string_equal(ore_json_get_string(metadata, "note"), "a \"quoted\" one");
    assert_ptr_equal(ore_tensor_file_metadata(file), metadata);
    assert_null(ore_tensor_file_find(file, "nothing"));
    assert_true(ore_ok());
    assert_null(ore_tensor_file_tensor(file, "nothing"));
    assert_error(ORE_DATA, "mixed.safetensors: tensor 'nothing': missing");
    assert_null(ore_tensor_file_at(file, 11));
    assert_error(ORE_INVALID, "tensor_file_at: entry 11 of 11");
    ore_tensor_file_close(file);
    ore_tensor_file_close(NULL);
    ore_safetensors_close(plain);
    ore_scope_end();
}

/* A mapped tensor outlives the file, is a parameter like any other, and leaves the file as it is.
 */
static void test_mapped(void **state) {
    (void)state;
    ore_scope_begin();
    const char *path = scratch_path("w.safetensors");
    write_one(path, "w", ramp(64, 64));
    size_t bytes;
    char *before = ore_file_read(path, &bytes);
    ore_tensor_file *file = open_file(path);
    ore_tensor *w = ore_tensor_file_tensor(file, "w");
    assert_ptr_equal(ore_data(w), ore_tensor_file_find(file, "w")->data); /* no copy */
    assert_int_equal(ore_tensor_file_check(file), ORE_OK);
    ore_tensor_file_close(file);
    unlink(path);

    ore_set_requires_grad(w, true);
    ore_backward(ore_sum(ore_mul(w, w), ORE_ALL, false));
    assert_true(ore_item(ore_sum(ore_grad(w), ORE_ALL, false)) == 2.0 * 4096 * 4095 / 2);
    ore_no_grad_begin();
    ore_mul_(w, ore_scalar(0.5, ORE_FLOAT32));
    ore_no_grad_end();
    assert_true(((const float *)ore_data(w))[4095] == 4095 * 0.5f);
    assert_memory_equal((char *)before + bytes - 4, &(float){4095}, 4);

    write_one(path, "w", ramp(64, 64));
    file = open_file(path);
    w = ore_tensor_file_tensor(file, "w");
    ore_fill_(w, 7);
    ore_tensor_file_close(file);
    size_t size;
    char *after = ore_file_read(path, &size);
    assert_int_equal(size, bytes);
    assert_memory_equal(after, before, bytes);
    ore_string_free(after);
    ore_string_free(before);
    ore_scope_end();
    assert_true(ore_ok());
}

#ifdef ORE_LINUX
/* What Linux says of the mapping of a file whose path ends in `name`: kB of a row such as
 * "Private_Dirty:". */
static long mapped_kb(const char *name, const char *row) {
    static char line[4096];
    FILE *file = fopen("/proc/self/smaps", "r");
    bool inside = false;
    long kb = -1;
    assert_non_null(file);
    while (kb < 0 && fgets(line, sizeof line, file)) {
        size_t bytes = strcspn(line, "\n");
        line[bytes] = '\0';
        if (strchr(line, '-') && strchr(line, '/'))
            inside = bytes >= strlen(name) && strcmp(line + bytes - strlen(name), name) == 0;
        else if (inside && strncmp(line, row, strlen(row)) == 0)
            kb = strtol(line + strlen(row), NULL, 10);
    }
    fclose(file);
    return kb;
}

/* Using a tensor brings in pages that other processes share; only a page that is written to becomes
 * this process's own. */
static void test_pages_are_shared(void **state) {
    (void)state;
    ore_scope_begin();
    write_one(scratch_path("shared.safetensors"), "w", ramp(512, 512)); /* 1 MiB */
    ore_tensor_file *file = open_file(scratch_path("shared.safetensors"));
    ore_tensor *w = ore_tensor_file_tensor(file, "w");
    assert_true(ore_item(ore_sum(w, ORE_ALL, false)) > 0);
    assert_true(mapped_kb("/shared.safetensors", "Rss:") >= 1024);
    assert_int_equal(mapped_kb("/shared.safetensors", "Anonymous:"), 0);
    ((float *)ore_data_mut(w))[1000] = 1;
    assert_int_equal(mapped_kb("/shared.safetensors", "Anonymous:"), sysconf(_SC_PAGESIZE) / 1024);
    ore_tensor_file_close(file);
    ore_scope_end();
}
#endif

/* Each mapping ends with its last tensor: far more of them than there may be at a time. */
static void test_mappings_end(void **state) {
    (void)state;
    ore_scope_begin();
    const char *path = scratch_path("w.safetensors");
    write_one(path, "w", ramp(4, 4));
    for (int i = 0; i < 3000; i++) {
        ore_scope_begin();
        ore_tensor_file *file = open_file(path);
        ore_tensor *w = ore_tensor_file_tensor(file, "w"), *row = ore_select(w, 0, 3);
        ore_tensor_file_close(file);
        ore_free(w);
        assert_true(((const float *)ore_data(row))[3] == 15);
        ore_scope_end();
    }
    ore_scope_end();
}

/* Elements at an address that is not theirs are copied. */
static void test_unaligned(void **state) {
    (void)state;
    static const char header[] =
        "{\"n\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
        "\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[1,17]}}  ";
    uint64_t length = sizeof header - 1;
    char bytes[8 + sizeof header - 1 + 17];
    static const float w[] = {1, 2, 3, 4};
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    memset(bytes + 8 + length, 5, 1);
    memcpy(bytes + 8 + length + 1, w, sizeof w);
    ore_scope_begin();
    ore_tensor_file *file = open_file(scratch_file("odd.safetensors", bytes, sizeof bytes));
    ore_tensor *t = ore_tensor_file_tensor(file, "w");
    assert_ptr_not_equal(ore_data(t), ore_tensor_file_find(file, "w")->data);
    assert_memory_equal(ore_data(t), w, sizeof w);
    ore_tensor_file_close(file);
    ore_scope_end();
}

/* A file that is cut short while its tensors are used gives zeros, and the check says so. */
static void test_cut_while_used(void **state) {
    (void)state;
    ore_scope_begin();
    const char *path = scratch_path("w.safetensors");
    write_one(path, "w", ramp(256, 256));
    ore_tensor_file *file = open_file(path);
    ore_tensor *w = ore_tensor_file_tensor(file, "w");
    assert_int_equal(truncate(path, 8192), 0);
    float *data = ore_data_mut(w);
    assert_true(data[65535] == 0);
    data[65535] = 1; /* a page that the file no longer has can be written to, too */
    assert_true(data[65535] == 1 && data[100] == 100);
    assert_int_equal(ore_tensor_file_check(file), ORE_DATA);
    assert_error(ORE_DATA, "w.safetensors: was cut short while in use");
    ore_tensor_file_close(file);
    ore_scope_end();
}

/* ---- shards ---- */

static const char *write_index(const char *text) {
    return scratch_file("model.safetensors.index.json", text, strlen(text));
}

#define MAP(body) "{\"metadata\": {\"total_size\": 96}, \"weight_map\": {" body "}}"

static void test_shards(void **state) {
    (void)state;
    ore_scope_begin();
    write_one(scratch_path("one.safetensors"), "a", ramp(2, 3));
    write_one(scratch_path("two.safetensors"), "b", ramp(3, 4));
    const char *index = write_index(MAP("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\""));
    const char *paths[] = {index, scratch_path("")};
    for (int i = 0; i < 2; i++) { /* the index, and the folder that it lies in */
        ore_tensor_file *file = open_file(paths[i]);
        assert_int_equal(ore_tensor_file_count(file), 2);
        assert_string_equal(strrchr(ore_tensor_file_find(file, "b")->path, '/'),
                            "/two.safetensors");
        assert_true(ore_item(ore_sum(ore_tensor_file_tensor(file, "b"), ORE_ALL, false)) == 66);
        ore_tensor_file_close(file);
    }
    static const struct {
        const char *index, *message;
    } cases[] = {
        {MAP("\"a\": \"one.safetensors\", \"b\": \"three.safetensors\""),
         "model.safetensors.index.json: shard 'three.safetensors' is missing"},
        {MAP("\"a\": \"two.safetensors\", \"b\": \"two.safetensors\""),
         "index.json: tensor 'a' is not in shard 'two.safetensors'"},
        {MAP("\"a\": \"one.safetensors\", \"b\": \"one.safetensors\", \"c\": \"two.safetensors\""),
         "index.json: tensor 'b' is not in shard 'one.safetensors'"},
        {MAP("\"a\": \"model.safetensors.index.json\""),
         "model.safetensors.index.json: no file of tensors that Ore knows"},
        {MAP("\"a\": \"../one.safetensors\""), "shard '../one.safetensors', expected the name of"},
        {MAP("\"a\": \"..\""), "shard '..', expected the name of a file beside it"},
        {MAP(""), "index.json: weight_map names no shard"},
        {MAP("\"a\": 1"), "index.json: weight_map.a: an integer, expected a string"},
        {"{\"weights\": {}}", "index.json: weight_map: missing, expected an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(ore_tensor_file_open(write_index(cases[i].index)));
        assert_error(ORE_DATA, cases[i].message);
    }
    write_one(scratch_path("two.safetensors"), "a", ramp(3, 4));
    write_index(MAP("\"a\": \"one.safetensors\", \"b\": \"two.safetensors\""));
    assert_null(ore_tensor_file_open(index));
    assert_error(ORE_DATA, "tensor 'a' is in two shards, ");
    ore_scope_end();
}

/* Shards take the place of one file, which readers would look for first. */
static void test_shards_replace_a_file(void **state) {
    (void)state;
    ore_scope_begin();
    const char *path = scratch_path("model.safetensors");
    write_one(path, "a", ramp(1, 2));
    const ore_tensor_item items[] = {
        {"a", ORE_SHAPE(2, 3), ORE_CODING_FLOAT32, ramp(2, 3)},
        {"b", ORE_SHAPE(3, 4), ORE_CODING_FLOAT32, ramp(3, 4)},
    };
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.shard_bytes = 50;
    assert_int_equal(ore_tensor_file_write(path, items, 2, &o), ORE_OK);
    ore_tensor_file *file = open_file(scratch_path(""));
    assert_int_equal(ore_tensor_file_count(file), 2);
    ore_tensor_file_close(file);
    ore_scope_end();
}

static void test_paths(void **state) {
    (void)state;
    assert_null(ore_tensor_file_open(scratch_path("")));
    assert_error(ORE_DATA, "the folder has none of model.safetensors, pytorch_model.bin");
    assert_null(ore_tensor_file_open(scratch_path("nothing")));
    assert_error(ORE_IO, "nothing: ");
    assert_null(ore_tensor_file_open(scratch_file("a.txt", "plain text", 10)));
    assert_error(ORE_DATA, "a.txt: no file of tensors that Ore knows: expected safetensors");
    assert_null(ore_tensor_file_open(NULL));
    assert_error(ORE_INVALID, "tensor_file_open: the path is NULL");
}

/* ---- GGUF ---- */

static void test_gguf(void **state) {
    (void)state;
    static const uint64_t shape[] = {32, 2};
    static uint8_t q8[2 * 34], halves[2 * 64];
    for (int row = 0; row < 2; row++) {
        q8[row * 34 + 1] = 0x3c; /* a scale of 1 */
        for (int i = 0; i < 32; i++)
            q8[row * 34 + 2 + i] = (uint8_t)(row ? -i : i);
    }
    gguf_bytes g = gguf_begin(3, 2, 3);
    gguf_text_value(&g, "general.architecture", "llama");
    gguf_u32_value(&g, "llama.block_count", 2);
    gguf_u32_value(&g, "general.alignment", 64);
    gguf_tensor(&g, "q", 2, shape, 8, 0);
    gguf_tensor(&g, "h", 2, shape, 1, 128);
    gguf_pad(&g, 64);
    gguf_put(&g, q8, sizeof q8);
    gguf_pad(&g, 64);
    gguf_put(&g, halves, sizeof halves);
    ore_scope_begin();
    ore_tensor_file *file = open_file(scratch_file("m.gguf", g.bytes, g.size));
    assert_string_equal(ore_tensor_file_format(file), "GGUF");
    const ore_tensor_entry *entry = ore_tensor_file_find(file, "q");
    assert_int_equal(entry->coding, ORE_CODING_Q8_0);
    assert_int_equal(entry->bytes, sizeof q8);
    assert_true(ore_shape_equal(entry->shape, ORE_SHAPE(2, 32)));
    const float *values = ore_data(ore_tensor_file_tensor(file, "q"));
    for (int i = 0; i < 32; i++)
        assert_true(values[i] == (float)i && values[32 + i] == (float)-i);
    ore_tensor *h = ore_tensor_file_tensor(file, "h");
    assert_int_equal(ore_tensor_dtype(h), ORE_FLOAT16);
    assert_ptr_equal(ore_data(h), ore_tensor_file_find(file, "h")->data);
    ore_json *metadata = ore_tensor_file_metadata(file);
    int64_t blocks = 0;
    assert_string_equal(ore_json_get_string(metadata, "general.architecture"), "llama");
    assert_int_equal(ore_json_get_int(metadata, "llama.block_count", &blocks), ORE_OK);
    assert_int_equal(blocks, 2);
    ore_tensor_file_close(file);
    ore_scope_end();
}

/* Settings are the metadata without a tokenizer's tokens. */
static void test_gguf_settings(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor_item item = {"w", ORE_SHAPE(4, 8), ORE_CODING_FLOAT32, ramp(4, 8)};
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = ore_json_object_new();
    ore_json_set_int(o.metadata, "tokenizer.ggml.bos_token_id", 1);
    ore_json_add_string(ore_json_set_array(o.metadata, "tokenizer.ggml.tokens"), "a");
    ore_json_add_int(ore_json_set_array(o.metadata, "llama.sizes"), 7);
    const char *path = scratch_path("settings.gguf");
    assert_int_equal(ore_tensor_file_write(path, &item, 1, &o), ORE_OK);
    ore_json_free(o.metadata);
    ore_tensor_file *file = open_file(path);
    ore_json *settings = ore_tensor_file_settings(file);
    assert_int_equal(ore_json_kind_of(settings, "tokenizer.ggml.tokens"), ORE_JSON_MISSING);
    assert_int_equal(ore_json_kind_of(settings, "tokenizer.ggml.bos_token_id"), ORE_JSON_INT);
    assert_int_equal(ore_json_kind_of(settings, "llama.sizes"), ORE_JSON_ARRAY);
    assert_ptr_equal(ore_tensor_file_settings(file), settings);
    assert_int_equal(ore_json_kind_of(ore_tensor_file_metadata(file), "tokenizer.ggml.tokens"),
                     ORE_JSON_ARRAY);
    ore_tensor_file_close(file);
    assert_null(ore_tensor_file_settings(NULL));
    ore_scope_end();
}

/* A file of one tensor with this description, behind which stand `data` bytes of zeros. */
static void open_described(const char *name, uint32_t dims, const uint64_t *shape, uint32_t type,
                           uint64_t offset, size_t data) {
    static const uint8_t zeros[4096];
    gguf_bytes g = gguf_begin(3, 1, 0);
    gguf_tensor(&g, name, dims, shape, type, offset);
    gguf_pad(&g, 32);
    gguf_put(&g, zeros, data);
    assert_null(ore_tensor_file_open(scratch_file("m.gguf", g.bytes, g.size)));
}

static void test_gguf_faults(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint32_t dims;
        uint64_t shape[8];
        uint32_t type;
        uint64_t offset;
        size_t data;
        ore_status status;
        const char *message;
    } cases[] = {
        {"t", 5, {1, 1, 1, 1, 1}, 0, 0, 64, ORE_DATA, "m.gguf: tensor 't': more than 4 dims"},
        {"t", 1, {8}, 99, 0, 64, ORE_UNSUPPORTED, "m.gguf: tensor 't': type 99, expected f32 f16"},
        {"t", 1, {8}, 16, 0, 64, ORE_UNSUPPORTED, "m.gguf: tensor 't': type 16, expected f32 f16"},
        {"t", 1, {8}, 0, 0, 31, ORE_DATA, "cut short: tensor 't' of 32 bytes begins at byte 0 of"},
        {"t", 1, {8}, 0, 64, 64, ORE_DATA, "cut short: tensor 't' of 32 bytes begins at byte 64"},
        {"t", 1, {8}, 0, 1u << 31, 64, ORE_DATA, "begins at byte 2147483648 of 64 bytes of data"},
        {"t", 1, {8}, 0, UINT64_MAX - 31, 64, ORE_DATA, "cut short: tensor 't' of 32 bytes"},
        {"t", 1, {8}, 0, 4, 64, ORE_DATA, "do not begin at a multiple of the alignment"},
        {"t", 1, {48}, 8, 0, 64, ORE_DATA, "tensor 't': its rows are no whole blocks"},
        {"t", 2, {32, UINT64_MAX}, 8, 0, 64, ORE_DATA, "its shape has too many elements"},
        {"t", 2, {1u << 31, 1u << 31}, 0, 0, 64, ORE_DATA, "its shape has too many elements"},
        {"t", 2, {1u << 31, 1u << 20}, 0, 0, 64, ORE_DATA, "cut short: tensor 't' of"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_described(cases[i].name, cases[i].dims, cases[i].shape, cases[i].type, cases[i].offset,
                       cases[i].data);
        assert_error(cases[i].status, cases[i].message);
    }
    static const uint64_t shape[] = {16};
    static const uint8_t zeros[128];
    for (int same_name = 0; same_name < 2; same_name++) {
        gguf_bytes g = gguf_begin(2, 2, 0);
        gguf_tensor(&g, "a", 1, shape, 0, 0);
        gguf_tensor(&g, same_name ? "a" : "b", 1, shape, 0, same_name ? 64 : 32);
        gguf_pad(&g, 32);
        gguf_put(&g, zeros, sizeof zeros);
        assert_null(ore_tensor_file_open(scratch_file("m.gguf", g.bytes, g.size)));
        assert_error(ORE_DATA, same_name ? "tensor 'a': its name comes twice"
                                         : "tensor 'b': its data overlap another tensor's");
    }
}

/* Cut at any length, a GGUF file is refused. */
static void test_gguf_cut(void **state) {
    (void)state;
    static const uint64_t shape[] = {8};
    static const uint8_t zeros[32];
    gguf_bytes g = gguf_begin(3, 1, 1);
    gguf_text_value(&g, "general.name", "n");
    gguf_tensor(&g, "t", 1, shape, 0, 0);
    gguf_pad(&g, 32);
    gguf_put(&g, zeros, sizeof zeros);
    for (size_t size = 1; size < g.size; size++) {
        assert_null(ore_tensor_file_open(scratch_file("cut.gguf", g.bytes, size)));
        assert_error(ORE_DATA, "cut.gguf: ");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
#ifdef ORE_LINUX
        TEST(test_pages_are_shared),
#endif
        TEST(test_same_as_safetensors),
        TEST(test_mapped),
        TEST(test_mappings_end),
        TEST(test_unaligned),
        TEST(test_cut_while_used),
        TEST(test_shards),
        TEST(test_shards_replace_a_file),
        TEST(test_paths),
        TEST(test_gguf),
        TEST(test_gguf_settings),
        TEST(test_gguf_faults),
        TEST(test_gguf_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
