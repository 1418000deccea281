/* test_gguf.c: the metadata of GGUF files, and fields of Protocol Buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "io/gguf.h"
#include "io/protobuf.h"
#include "support/scratch.h"

#define SEED ORE_TEST_DIR "/fuzz/corpus/gguf/llama"

static void test_values(void **state) {
    (void)state;
    ore_gguf file;
    assert_int_equal(ore_gguf_open(&file, SEED), ORE_OK);
    assert_int_equal(file.version, 3);
    assert_int_equal(file.tensor_count, 0);
    assert_int_equal(file.value_count, 7);
    assert_int_equal(file.tensors_at, file.size);

    const char *model = NULL;
    size_t bytes = 0;
    assert_int_equal(ore_gguf_get_text(&file, "tokenizer.ggml.model", &model, &bytes), ORE_OK);
    assert_memory_equal(model, "llama", bytes);
    bool add = false;
    assert_int_equal(ore_gguf_get_bool(&file, "tokenizer.ggml.add_eos_token", &add), ORE_OK);
    assert_true(add);
    int64_t id = -1;
    assert_int_equal(ore_gguf_get_int(&file, "tokenizer.ggml.eos_token_id", &id), ORE_OK);
    assert_int_equal(id, 1);
    id = 7; /* stays where the key is missing */
    assert_int_equal(ore_gguf_get_int(&file, "tokenizer.ggml.none", &id), ORE_OK);
    assert_int_equal(id, 7);

    const ore_gguf_value *tokens =
        ore_gguf_get_array(&file, "tokenizer.ggml.tokens", ORE_GGUF_STRING, true);
    assert_int_equal(tokens->count, 6);
    const uint8_t *at = tokens->data;
    assert_memory_equal(ore_gguf_next_text(&file, &at, &bytes), "<u>", 3);
    const ore_gguf_value *scores =
        ore_gguf_get_array(&file, "tokenizer.ggml.scores", ORE_GGUF_FLOAT32, true);
    assert_true(ore_gguf_number(scores, 5) == -5);
    ore_gguf_close(&file);
}

static void test_wrong_types(void **state) {
    (void)state;
    ore_gguf file;
    int64_t id = 0;
    assert_int_equal(ore_gguf_open(&file, SEED), ORE_OK);
    ore_gguf_get_int(&file, "tokenizer.ggml.model", &id);
    assert_error(ORE_DATA, "tokenizer.ggml.model: a value of type string, expected an integer");
    ore_gguf_get_array(&file, "tokenizer.ggml.tokens", ORE_GGUF_INT32, true);
    assert_error(ORE_DATA, "an array of string, expected an array of int32");
    ore_gguf_get_array(&file, "tokenizer.ggml.merges", ORE_GGUF_STRING, true);
    assert_error(ORE_DATA, "tokenizer.ggml.merges: missing, expected an array");
    ore_gguf_close(&file);
}

/* Each cut of a file is an error that names it. */
static void test_cut_files(void **state) {
    (void)state;
    size_t size;
    char *bytes = ore_file_read(SEED, &size);
    for (size_t cut = 0; cut < size; cut++) {
        ore_gguf file;
        ore_gguf_open_memory(&file, bytes, cut, "x.gguf");
        assert_error(ORE_DATA, "x.gguf: ");
    }
    bytes[4] = 9;
    ore_gguf file;
    ore_gguf_open_memory(&file, bytes, size, "x.gguf");
    assert_error(ORE_UNSUPPORTED, "GGUF version 9, Ore reads 2 and 3");
    ore_string_free(bytes);
}

static void test_protobuf(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0x08, 0x96, 0x01,                          /* 1: 150 */
                                    0x12, 0x02, 'h',  'i',                     /* 2: "hi" */
                                    0x1D, 0x00, 0x00, 0x80, 0x3F,              /* 3: 1.0f */
                                    0x21, 1,    0,    0,    0,    0, 0, 0, 0}; /* 4: 1 */
    ore_protobuf message = ore_protobuf_of(bytes, sizeof bytes);
    ore_protobuf_field field;
    assert_true(ore_protobuf_next(&message, &field));
    assert_true(field.number == 1 && field.wire == ORE_PROTOBUF_VARINT && field.value == 150);
    assert_true(ore_protobuf_next(&message, &field));
    assert_true(field.number == 2 && field.size == 2 && memcmp(field.bytes, "hi", 2) == 0);
    assert_true(ore_protobuf_next(&message, &field));
    assert_true(field.number == 3 && ore_protobuf_float(&field) == 1);
    assert_true(ore_protobuf_next(&message, &field));
    assert_true(field.number == 4 && field.value == 1);
    assert_false(ore_protobuf_next(&message, &field));
    assert_false(message.damaged);

    static const uint8_t too_long[] = {0x12, 0x7F, 'h'}, group[] = {0x0B}, no_end[] = {0x08, 0xFF};
    const struct {
        const uint8_t *bytes;
        size_t size;
    } damaged[] = {{too_long, 3}, {group, 1}, {no_end, 2}};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        message = ore_protobuf_of(damaged[i].bytes, damaged[i].size);
        assert_false(ore_protobuf_next(&message, &field));
        assert_true(message.damaged);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values, clean_start),
        cmocka_unit_test_setup(test_wrong_types, clean_start),
        cmocka_unit_test_setup(test_cut_files, clean_start),
        cmocka_unit_test_setup(test_protobuf, clean_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
