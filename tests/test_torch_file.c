/* test_torch_file.c: PyTorch's checkpoints and NumPy's arrays behind the door: pickles that ask for
 * what they should not, archives and headers that lie; and what writing refuses. Files of torch and
 * numpy themselves are read by tensor_file_compare.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/tensor_file.h>
#include <ore/view.h>

#include "io/zip.h"
#include "support/scratch.h"

/* ---- pickles ---- */

static const float storage[6] = {0, 1, 2, 3, 4, 5};

/* A checkpoint with this pickle and one storage, "0", of six floats; returns its path. */
static const char *write_checkpoint(const void *pickle, size_t bytes) {
    ore_zip_writer zip;
    const char *path = scratch_path("c.pt");
    ore_zip_writer_open(&zip, path);
    ore_zip_writer_put(&zip, "c/data.pkl", NULL, 0, pickle, bytes);
    ore_zip_writer_put(&zip, "c/byteorder", NULL, 0, "little", 6);
    ore_zip_writer_put(&zip, "c/data/0", NULL, 0, storage, sizeof storage);
    assert_int_equal(ore_zip_writer_commit(&zip), ORE_OK);
    return path;
}

#define TEXT(length, text) "X" length "\0\0\0" text
/* A tensor (offset, size, stride) of storage "0", said to have `count` elements. */
#define STORAGE(count)                                                                             \
    "(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", "0") TEXT("\3", "cpu") "K" count \
                                                                                         "tQ"
#define TENSOR(count, offset, size, stride)                                                        \
    "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE(count) "K" offset "(" size "t(" stride "t\x89}" \
                                                          "tR"
#define STATE(tensor) "\x80\2}" TEXT("\1", "w") tensor "s."

static void refuse(const char *pickle, size_t bytes, ore_status status, const char *message) {
    assert_null(ore_tensor_file_open(write_checkpoint(pickle, bytes)));
    assert_error(status, message);
}

static void test_tensor(void **state) {
    (void)state;
    ore_scope_begin();
    static const char pickle[] = STATE(TENSOR("\6", "\1", "K\2K\2", "K\1K\2"));
    ore_tensor_file *file = ore_tensor_file_open(write_checkpoint(pickle, sizeof pickle - 1));
    assert_true(ore_ok());
    assert_string_equal(ore_tensor_file_format(file), "PyTorch");
    static const float expected[] = {1, 3, 2, 4};
    ore_tensor *w = ore_tensor_file_tensor(file, "w");
    assert_memory_equal(ore_data(w), expected, sizeof expected);
    assert_null(ore_tensor_file_find(file, "w")->data);
    ore_tensor_file_close(file);

    static const char plain[] = STATE(TENSOR("\6", "\2", "K\2K\2", "K\2K\1"));
    file = ore_tensor_file_open(write_checkpoint(plain, sizeof plain - 1));
    w = ore_tensor_file_tensor(file, "w"); /* mapped: torch, too, lets its storages begin at 64 */
    assert_ptr_equal(ore_data(w), ore_tensor_file_find(file, "w")->data);
    assert_memory_equal(ore_data(w), storage + 2, 16);
    ore_tensor_file_close(file);
    ore_scope_end();
}

#define CASE(pickle, message)                                                                      \
    { pickle, sizeof pickle - 1, message }

/* Nothing is called; what a state does not need is refused by its name. */
static void test_hostile_pickles(void **state) {
    (void)state;
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *message;
    } cases[] = {
        CASE("\x80\2cos\nsystem\n(" TEXT("\4", "true") "tR.", "the pickle asks for os.system,"),
        CASE("\x80\4\x8c\x8"
             "builtins\x8c\4eval\x93.",
             "the pickle asks for builtins.eval,"),
        CASE("\x80\2ctorch\nFloatStorage\n)R.", "a call with other arguments than PyTorch's"),
        CASE("\x80\2ctorch\nFloatStorage\n)\x81.", "a call with other arguments than PyTorch's"),
        CASE("\x80\2ccollections\nOrderedDict\nK\1\x85R.", "a call with other arguments"),
        CASE("\x80\2K\1)R.", "a call of what is no function"),
        CASE("\x80\2iposix\nsystem\n.", "an opcode that no state of PyTorch's needs"),
        CASE("\x80\2P0\n.", "an opcode that no state of PyTorch's needs"),
        CASE("\x80\2" TEXT("\1", "0") "Q.", "a persistent id that is no storage"),
        CASE("\x80\2}", "damaged pickle: byte 3: cut short"),
        CASE("\x80\2X\xff\xff\xff\xff"
             "a.",
             "cut short"),
        CASE("\x80\2\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "cut short"),
        CASE("\x80\2.", "the stack is empty"),
        CASE("\x80\2(K\1"
             "0"
             "0.",
             "the stack is empty"),
        CASE("\x80\2K\1K\1\x87.", "the stack is empty"),
        CASE("\x80\2K\1(K\1\x86.", "the stack is empty"),
        CASE("\x80\2K\1t.", "no mark"),
        CASE("\x80\2K\1K\1"
             "a.",
             "a value of another kind than the opcode needs"),
        CASE("\x80\2}(K\1u.", "a key without a value"),
        CASE("\x80\2h\5.", "a place in the memo that holds nothing"),
        CASE("\x80\2}r\xff\xff\xff\xff.", "a place in the memo that it cannot need"),
        CASE("\x80\2\x8a\x09"
             "123456789.",
             "c.pt: the pickle has an integer of 9 bytes at byte 4, expected at most 8"),
        CASE("\x80\2\x8a\x09"
             "1234.",
             "cut short"),
        CASE("\x80\2c__builtin__\nlong\n)R.", "a call with other arguments than PyTorch's"),
        CASE("\x80\2ccollections\ndefaultdict\nK\1\x85R.", "a call with other arguments"),
        CASE("\x80\2c_codecs\nencode\n" TEXT("\1", "a") TEXT("\3", "hex") "\x86R.",
             "bytes that are not encoded in latin1"),
        CASE("\x80\2c_codecs\nencode\n" TEXT("\1", "a") "\x85R.", "not encoded in latin1"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(cases[i].pickle, cases[i].bytes, ORE_DATA, cases[i].message);
}

/* Python's own containers, and bytes as protocol 2 has them, are plain data. */
static void test_plain_data(void **state) {
    (void)state;
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *json;
    } cases[] = {
        CASE("\x80\2}" TEXT("\1", "c") "ccollections\nCounter\n}" TEXT("\1", "a") "K\2s\x85Rs.",
             "{\"c\": {\"a\": 2}}"),
        CASE("\x80\2}" TEXT("\1", "d") "ccollections\ndefaultdict\nc__builtin__\nlong\n\x85R" TEXT(
                 "\1", "k") "K\3ss.",
             "{\"d\": {\"k\": 3}}"),
        CASE("\x80\2}" TEXT("\1", "d") "ccollections\ndefaultdict\nN\x85R" TEXT("\1", "k") "K\3ss.",
             "{\"d\": {\"k\": 3}}"),
        CASE("\x80\2}" TEXT("\1", "b") "c_codecs\nencode\n" TEXT("\3", "abc")
                 TEXT("\6", "latin1") "\x86Rs.",
             "{\"b\": \"abc\"}"),
        CASE("\x80\2}" TEXT("\1", "b") "c_codecs\nencode\n" TEXT("\2", "\xc3\xbf")
                 TEXT("\6", "latin1") "\x86Rs.",
             "{}"),
        CASE("\x80\2}" TEXT("\1", "b") "c__builtin__\nbytes\n)Rs.", "{\"b\": \"\"}"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ore_tensor_file *file =
            ore_tensor_file_open(write_checkpoint(cases[i].pickle, cases[i].bytes));
        char *json = file ? ore_json_text(ore_tensor_file_metadata(file), false) : NULL;
        assert_string_equal(json ? json : ore_error_message(), cases[i].json);
        ore_string_free(json);
        ore_tensor_file_close(file);
    }
}

static void test_lying_tensors(void **state) {
    (void)state;
    static const struct {
        const char *pickle;
        size_t bytes;
        const char *message;
    } cases[] = {
        CASE(STATE(TENSOR("\7", "\0", "K\1", "K\1")), "c.pt: 'w': its storage is cut short"),
        CASE(STATE(TENSOR("\6", "\6", "K\1", "K\1")), "'w': its elements lie outside its storage"),
        CASE(STATE(TENSOR("\6", "\0", "K\7", "K\1")), "'w': its elements lie outside its storage"),
        CASE(STATE(TENSOR("\6", "\0", "K\2", "K\6")), "'w': its elements lie outside its storage"),
        CASE(STATE(TENSOR("\6", "\0", "K\2", "\x8a\x8\0\0\0\0\0\0\0\x40")), "lie outside"),
        CASE(STATE(TENSOR("\6", "\0", "K\3K\2", "\x8a\x8\xff\xff\xff\xff\xff\xff\xff\x7fK\1")),
             "lie outside its storage"),
        CASE(STATE(TENSOR("\6", "\0", "J\xff\xff\xff\xff", "K\1")), "no possible storage, offset"),
        CASE(STATE(TENSOR("\6", "\0", "K\1", "J\xff\xff\xff\xff")), "no possible storage, offset"),
        CASE(STATE(TENSOR("\6", "\0", "K\1", "K\1K\1")), "no possible storage, offset"),
        CASE(STATE(TENSOR("\6", "\0", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fK\4", "K\0K\0K\0")),
             "no possible storage, offset, size or stride"),
        CASE("\x80\2ctorch._utils\n_rebuild_tensor_v2\n)R.", "no possible storage, offset"),
        CASE("\x80\2}" TEXT("\1", "w") "ctorch._utils\n_rebuild_tensor_v2\n((" TEXT(
                 "\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", "9")
                 TEXT("\3", "cpu") "K\6tQK\0(K\1t(K\1t\x89}tRs.",
             "c.pt: 'w': its storage is missing"),
        CASE("\x80\2}(" TEXT("\1", "w") TENSOR("\6", "\0", "K\1", "K\1") TEXT("\1", "w")
                 TENSOR("\6", "\0", "K\1", "K\1") "u.",
             "tensor 'w': its name comes twice"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(cases[i].pickle, cases[i].bytes, ORE_DATA, cases[i].message);
}

/* Containers that hold themselves, and those that double at each level, end. */
static void test_endless_pickles(void **state) {
    (void)state;
    static const char cyclic[] = "\x80\2}q\0" TEXT("\1", "a") "h\0s.";
    refuse(cyclic, sizeof cyclic - 1, ORE_DATA, "containers in each other, more than 32 deep");
    static const char list[] = "\x80\2]q\0h\0a.";
    refuse(list, sizeof list - 1, ORE_DATA, "containers in each other, more than 32 deep");
    char doubling[1024] = "\x80\2]q";
    size_t bytes = 5;
    doubling[4] = 0;
    for (int i = 0; i < 30; i++) { /* each list holds the one before it twice */
        char next[] = {']', '(', 'h', (char)i, 'h', (char)i, 'e', 'q', (char)(i + 1)};
        memcpy(doubling + bytes, next, sizeof next);
        bytes += sizeof next;
    }
    doubling[bytes++] = '.';
    refuse(doubling, bytes, ORE_DATA, "containers that are shared too often");
}

/* ---- archives ---- */

static const char *write_archive(const char *name, const void *data, size_t bytes) {
    ore_zip_writer zip;
    const char *path = scratch_path("a.npz");
    ore_zip_writer_open(&zip, path);
    ore_zip_writer_put(&zip, name, NULL, 0, data, bytes);
    assert_int_equal(ore_zip_writer_commit(&zip), ORE_OK);
    return path;
}

/* Cut at any length, an archive is refused, for its list of members stands at the end. */
static void test_cut_archive(void **state) {
    (void)state;
    static const char pickle[] = STATE(TENSOR("\6", "\1", "K\2K\2", "K\1K\2"));
    size_t bytes;
    char *whole = ore_file_read(write_checkpoint(pickle, sizeof pickle - 1), &bytes);
    for (size_t size = 1; size < bytes; size++) {
        assert_null(ore_tensor_file_open(scratch_file("cut.pt", whole, size)));
        assert_error(ORE_DATA, "cut.pt: ");
    }
    ore_string_free(whole);
}

/* One to four bits turned at random: an error that names the file, or tensors that can be read. */
static void test_flips(void **state) {
    (void)state;
    static const char pickle[] = STATE(TENSOR("\6", "\1", "K\2K\2", "K\1K\2"));
    size_t bytes;
    char *whole = ore_file_read(write_checkpoint(pickle, sizeof pickle - 1), &bytes);
    uint64_t random = 1;
    for (int round = 0; round < 3000; round++) {
        char *copy = malloc(bytes);
        memcpy(copy, whole, bytes);
        for (int flip = 0; flip <= round % 4; flip++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            copy[(random >> 33) % bytes] ^= (char)(1 << (random >> 61));
        }
        ore_scope_begin();
        ore_tensor_file *file = ore_tensor_file_open(scratch_file("flip.pt", copy, bytes));
        for (int64_t i = 0; i < ore_tensor_file_count(file) && ore_ok(); i++)
            ore_tensor_file_tensor(file, ore_tensor_file_at(file, i)->name);
        assert_true(ore_ok() || strstr(ore_error_message(), "flip.pt"));
        ore_tensor_file_close(file);
        ore_scope_end();
        ore_error_clear();
        free(copy);
    }
    ore_string_free(whole);
}

static void test_archives(void **state) {
    (void)state;
    assert_null(ore_tensor_file_open(write_archive("a.npy", "no array", 8)));
    assert_error(ORE_DATA, "a.npz: a: cut short, or no array of NumPy's");
    size_t bytes;
    char *whole = ore_file_read(write_archive("a.npy", "no array", 8), &bytes);
    whole[8] = 1; /* the list, not this, says how a member is packed */
    size_t list = bytes - 22 - 46 - 5;
    whole[list + 10] = 12;
    assert_null(ore_tensor_file_open(scratch_file("a.npz", whole, bytes)));
    assert_error(ORE_UNSUPPORTED, "a.npy: a compression other than deflate");
    whole[list + 10] = 8;
    memset(whole + list + 24, 0x7f, 4); /* unpacks to 2 GB, says it */
    assert_null(ore_tensor_file_open(scratch_file("a.npz", whole, bytes)));
    assert_error(ORE_DATA, "a.npy: damaged: a size that it cannot have");
    whole[list + 8] |= 1;
    assert_null(ore_tensor_file_open(scratch_file("a.npz", whole, bytes)));
    assert_error(ORE_UNSUPPORTED, "a.npy: encrypted");
    whole[list + 42] = 100;
    whole[list + 8] &= (char)~1;
    assert_null(ore_tensor_file_open(scratch_file("a.npz", whole, bytes)));
    assert_error(ORE_DATA, "a.npy: damaged: it is not where the list says");
    ore_string_free(whole);
    static const char legacy[] = "\x80\2\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\2M\xe9\3.";
    assert_null(ore_tensor_file_open(scratch_file("old.pt", legacy, sizeof legacy)));
    assert_error(ORE_UNSUPPORTED,
                 "old.pt: Ore does not read this format: PyTorch's format of before");
}

/* ---- NumPy's headers ---- */

/* A .npy file with this dict and so many bytes of elements. */
static void open_npy(const char *dict, size_t elements) {
    static char bytes[512];
    size_t length = strlen(dict);
    memcpy(bytes, "\x93NUMPY\1\0", 8);
    bytes[8] = (char)length;
    bytes[9] = 0;
    memcpy(bytes + 10, dict, length);
    memset(bytes + 10 + length, 0, elements);
    ore_tensor_file *file =
        ore_tensor_file_open(scratch_file("x.npy", bytes, 10 + length + elements));
    ore_tensor_file_close(file);
}

static void test_npy_headers(void **state) {
    (void)state;
    static const struct {
        const char *dict;
        size_t elements;
        ore_status status;
        const char *message;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, ORE_OK, ""},
        {"{'shape':(),\"descr\":'|u1','fortran_order':True}\n", 1, ORE_OK, ""},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 23, ORE_DATA,
         "x.npy: 23 bytes of elements, expected 24 by its shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 25, ORE_DATA,
         "25 bytes of elements, expected 24"},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4, ORE_UNSUPPORTED,
         "x.npy: dtype '>f4', expected f2 f4 f8"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8, ORE_UNSUPPORTED, "'<c8'"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, ORE_UNSUPPORTED,
         "a structured dtype"},
        {"{'descr': '<f4', 'fortran_order': 1, 'shape': (1,), }", 4, ORE_DATA,
         "fortran_order is neither True nor False"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [1], }", 4, ORE_DATA, "is no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4, ORE_DATA,
         "its shape is no tuple of sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 1), }", 4, ORE_DATA,
         "its shape is no tuple of sizes"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4, ORE_DATA,
         "more than 8 dims"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (999999999999999999, 9), }", 0,
         ORE_DATA, "its shape has too many elements"},
        {"{'descr': '<f4', 'fortran_order': False}", 4, ORE_DATA, "its header lacks one of"},
        {"{'descr': '<f4', 'descr': '<f4'}", 4, ORE_DATA, "its header is no dict of descr"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 4, ORE_DATA, "no dict of descr"},
        {"{'other': 1}", 4, ORE_DATA, "its header is no dict of descr"},
        {"", 0, ORE_DATA, "x.npy: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_npy(cases[i].dict, cases[i].elements);
        if (cases[i].status == ORE_OK)
            assert_true(ore_ok());
        else
            assert_error(cases[i].status, cases[i].message);
    }
}

/* ---- writing ---- */

static ore_tensor *nothing(void *user, int64_t i) {
    (void)user;
    (void)i;
    ore_fail(ORE_DATA, "the source has dried up");
    return NULL;
}

static ore_tensor *row_of(void *user, int64_t i) {
    return ore_select(user, 0, i);
}

static void test_source(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *rows = ore_reshape(ore_arange(0, 64, 1, ORE_FLOAT32), ORE_SHAPE(2, 32));
    ore_tensor_item items[] = {{"a", ORE_SHAPE(32), ORE_CODING_Q8_0, NULL},
                               {"b", ORE_SHAPE(32), ORE_CODING_FLOAT16, NULL}};
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.source = row_of;
    o.user = rows;
    const char *path = scratch_path("rows.gguf");
    assert_int_equal(ore_tensor_file_write(path, items, 2, &o), ORE_OK);
    ore_tensor_file *file = ore_tensor_file_open(path);
    assert_int_equal(ore_tensor_file_find(file, "a")->coding, ORE_CODING_Q8_0);
    assert_true(ore_item(ore_select(ore_tensor_file_tensor(file, "b"), 0, 31)) == 63);
    ore_tensor_file_close(file);

    size_t before;
    char *bytes = ore_file_read(path, &before);
    o.source = nothing;
    assert_int_equal(ore_tensor_file_write(path, items, 2, &o), ORE_DATA);
    assert_error(ORE_DATA, "the source has dried up"); /* and the file is what it was */
    size_t after;
    char *same = ore_file_read(path, &after);
    assert_int_equal(after, before);
    assert_memory_equal(same, bytes, before);
    ore_string_free(same);
    ore_string_free(bytes);
    ore_scope_end();
}

static void test_write_faults(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *t = ore_ones(ORE_SHAPE(2, 48), ORE_FLOAT32);
    static const struct {
        const char *path, *name;
        int64_t columns;
        ore_coding coding;
        const char *message;
    } cases[] = {
        {"t.bin", "t", 48, ORE_CODING_FLOAT32, "does not end in .safetensors, .gguf, .npz or .npy"},
        {"t.gguf", "", 48, ORE_CODING_FLOAT32, "tensor_file_write: tensor 0 has no name"},
        {"t.gguf", "t", 48, ORE_CODING_Q8_0, "'t': rows of 48 elements, expected a multiple of 32"},
        {"t.gguf", "t", 48, ORE_CODING_Q2_K, "tensor 't': Ore does not write q2_k"},
        {"t.gguf", "t", 48, ORE_CODING_BOOL, "gguf: tensor 't': GGUF has no bool"},
        {"t.npz", "t", 48, ORE_CODING_BFLOAT16, "tensor 't': NumPy has no bfloat16"},
        {"t.npy", "t", 48, ORE_CODING_Q4_0, "'t': rows of 48 elements"},
        {"t.gguf", "t", 49, ORE_CODING_FLOAT32, "shape (2, 48), its item says (2, 49)"},
        {"t.safetensors", "t", 49, ORE_CODING_FLOAT32, "shape (2, 48), its item says (2, 49)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ore_tensor_item item = {cases[i].name, ORE_SHAPE(2, cases[i].columns), cases[i].coding, t};
        const char *path = scratch_path(cases[i].path);
        assert_int_equal(ore_tensor_file_write(path, &item, 1, NULL), ORE_INVALID);
        assert_error(ORE_INVALID, cases[i].message);
        assert_int_equal(ore_path_kind_of(path), ORE_PATH_MISSING);
    }
    ore_tensor_item twice[] = {{"t", ORE_SHAPE(2, 48), ORE_CODING_FLOAT32, t},
                               {"t", ORE_SHAPE(2, 48), ORE_CODING_FLOAT32, t}};
    assert_int_equal(ore_tensor_file_write(scratch_path("t.npz"), twice, 2, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "tensor 't': its name comes twice");
    twice[1].name = "u";
    assert_int_equal(ore_tensor_file_write(scratch_path("t.npy"), twice, 2, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "2 tensors, a .npy file has one");
    twice[0].tensor = NULL;
    assert_int_equal(ore_tensor_file_write(scratch_path("t.npz"), twice, 2, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "tensor 't' is NULL");
    twice[0].tensor = t;
    ore_json *metadata = ore_json_object_new();
    ore_json_set_object(metadata, "inner");
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = metadata;
    assert_int_equal(ore_tensor_file_write(scratch_path("t.gguf"), twice, 2, &o), ORE_INVALID);
    assert_error(ORE_INVALID, "gguf: inner: expected a text, a number, a bool or an array");
    ore_json_free(metadata);
    ore_scope_end();
}

/* Written again as it was read, a GGUF file keeps the types of its values. */
static void test_like(void **state) {
    (void)state;
    ore_tensor_file *file = ore_tensor_file_open(ORE_TEST_DIR "/fuzz/corpus/gguf_tensors/small");
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = ore_tensor_file_metadata(file);
    o.like = file;
    const char *path = scratch_path("again.gguf");
    assert_int_equal(ore_tensor_file_write(path, NULL, 0, &o), ORE_OK);
    size_t before, after;
    char *bytes = ore_file_read(ORE_TEST_DIR "/fuzz/corpus/gguf_tensors/small", &before);
    char *again = ore_file_read(path, &after);
    enum { HEADER = 24, LENGTH = 8 }; /* bytes: the values stand between this and the tensors */
    char *tensors = memmem(bytes, before, "blk.0.f32", 9);
    assert_non_null(tensors);
    assert_memory_equal(again + HEADER, bytes + HEADER,
                        (size_t)(tensors - LENGTH - bytes) - HEADER);
    ore_string_free(bytes);
    ore_string_free(again);
    ore_tensor_file_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
        TEST(test_tensor),        TEST(test_hostile_pickles),
        TEST(test_lying_tensors), TEST(test_endless_pickles),
        TEST(test_cut_archive),   TEST(test_flips),
        TEST(test_archives),      TEST(test_npy_headers),
        TEST(test_source),        TEST(test_write_faults),
        TEST(test_like),          TEST(test_plain_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
