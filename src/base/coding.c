/* coding.c: what each coding is, and elements to and from it, cut into chunks for the threads.
 */
#include <string.h>

#include <ore/coding.h>

#include "base/blocks.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/threads.h"

typedef struct coding {
    const char *name;
    ore_dtype dtype; /* that it decodes to */
    int16_t elements;
    int16_t bytes; /* of a block */
    ore_block_decoder decode;
    ore_block_encoder encode;
} coding;

#define PLAIN(dtype, name, bytes)         [dtype] = {name, dtype, 1, bytes, NULL, NULL}
#define INTEGER(NAME, name, dtype, bytes) [ORE_CODING_##NAME] = {name, dtype, 1, bytes, NULL, NULL}
#define BLOCK(NAME, name, elements, bytes, encode)                                                 \
    [ORE_CODING_##NAME] = {#name, ORE_FLOAT32, elements, bytes, ore_decode_##name, encode}

static const coding codings[ORE_CODING_COUNT] = {
    PLAIN(ORE_FLOAT32, "float32", 4),
    PLAIN(ORE_FLOAT64, "float64", 8),
    PLAIN(ORE_BFLOAT16, "bfloat16", 2),
    PLAIN(ORE_FLOAT16, "float16", 2),
    PLAIN(ORE_INT64, "int64", 8),
    PLAIN(ORE_INT32, "int32", 4),
    PLAIN(ORE_UINT8, "uint8", 1),
    PLAIN(ORE_BOOL, "bool", 1),
    INTEGER(INT8, "int8", ORE_INT32, 1),
    INTEGER(INT16, "int16", ORE_INT32, 2),
    INTEGER(UINT16, "uint16", ORE_INT32, 2),
    INTEGER(UINT32, "uint32", ORE_INT64, 4),
    INTEGER(UINT64, "uint64", ORE_INT64, 8),
    BLOCK(Q4_0, q4_0, ORE_BLOCK_SMALL, 18, ore_encode_q4_0),
    BLOCK(Q4_1, q4_1, ORE_BLOCK_SMALL, 20, ore_encode_q4_1),
    BLOCK(Q5_0, q5_0, ORE_BLOCK_SMALL, 22, ore_encode_q5_0),
    BLOCK(Q5_1, q5_1, ORE_BLOCK_SMALL, 24, ore_encode_q5_1),
    BLOCK(Q8_0, q8_0, ORE_BLOCK_SMALL, 34, ore_encode_q8_0),
    BLOCK(Q2_K, q2_k, ORE_BLOCK_LARGE, 84, NULL),
    BLOCK(Q3_K, q3_k, ORE_BLOCK_LARGE, 110, NULL),
    BLOCK(Q4_K, q4_k, ORE_BLOCK_LARGE, 144, ore_encode_q4_k),
    BLOCK(Q5_K, q5_k, ORE_BLOCK_LARGE, 176, NULL),
    BLOCK(Q6_K, q6_k, ORE_BLOCK_LARGE, 210, ore_encode_q6_k),
};

static const struct {
    const char *name;
    ore_coding coding;
} short_names[] = {
    {"f32", ORE_CODING_FLOAT32}, {"f64", ORE_CODING_FLOAT64},   {"f16", ORE_CODING_FLOAT16},
    {"i64", ORE_CODING_INT64},   {"bf16", ORE_CODING_BFLOAT16}, {"i32", ORE_CODING_INT32},
    {"u8", ORE_CODING_UINT8},    {"i8", ORE_CODING_INT8},       {"i16", ORE_CODING_INT16},
};

/* ---- what each is ---- */

static const coding *facts_of(ore_coding e) {
    static const coding none = {.name = "unknown coding"};
    return (unsigned)e < ORE_CODING_COUNT ? &codings[e] : &none;
}

const char *ore_coding_name(ore_coding e) {
    return facts_of(e)->name;
}

/* ASCII letters alike in either case; strcasecmp would ask the locale. */
static bool same_name(const char *a, const char *b) {
    for (; *a && *b; a++, b++) {
        char lower = *a >= 'A' && *a <= 'Z' ? (char)(*a - 'A' + 'a') : *a;
        if (lower != *b)
            return false;
    }
    return *a == *b;
}

bool ore_coding_from_name(const char *name, ore_coding *e) {
    for (int i = 0; name && i < ORE_CODING_COUNT; i++)
        if (same_name(name, codings[i].name)) {
            *e = (ore_coding)i;
            return true;
        }
    for (size_t i = 0; name && i < sizeof short_names / sizeof *short_names; i++)
        if (same_name(name, short_names[i].name)) {
            *e = short_names[i].coding;
            return true;
        }
    return false;
}

ore_dtype ore_coding_dtype(ore_coding e) {
    return facts_of(e)->dtype;
}

int64_t ore_coding_elements(ore_coding e) {
    return facts_of(e)->elements;
}

size_t ore_coding_bytes(ore_coding e) {
    return (size_t)facts_of(e)->bytes;
}

bool ore_coding_is_written(ore_coding e) {
    return e == ORE_CODING_FLOAT32 || e == ORE_CODING_FLOAT16 || e == ORE_CODING_BFLOAT16 ||
           facts_of(e)->encode;
}

ore_coding ore_coding_fitting(ore_coding asked, ore_shape shape) {
    int64_t row = shape.ndim > 0 ? shape.dim[shape.ndim - 1] : 1;
    int64_t block = facts_of(asked)->elements;
    if (block <= 1)
        return asked;
    if (shape.ndim < 2)
        return ORE_CODING_FLOAT32;
    return row % block == 0             ? asked
           : row % ORE_BLOCK_SMALL == 0 ? ORE_CODING_Q8_0
                                        : ORE_CODING_FLOAT16;
}

/* ---- elements ---- */

/* Blocks of a chunk: 16384 elements, 64 KiB of floats, more than the cost of handing it out. */
enum { CHUNK_ELEMENTS = 16384 };

typedef struct job {
    const coding *e;
    ore_coding coding;
    int64_t blocks;
    const uint8_t *bytes; /* decoding reads these */
    uint8_t *out;         /* and writes elements here; encoding writes bytes */
    const float *values;
} job;

#define DECODE_INTEGERS(stored, type)                                                              \
    for (int64_t i = first; i < end; i++) {                                                        \
        stored value;                                                                              \
        memcpy(&value, j->bytes + (size_t)i * sizeof value, sizeof value);                         \
        ((type *)(void *)j->out)[i] = (type)value;                                                 \
    }

static void decode_integers(const job *j, int64_t first, int64_t end) {
    switch (j->coding) {
    case ORE_CODING_INT8:
        DECODE_INTEGERS(int8_t, int32_t)
        break;
    case ORE_CODING_INT16:
        DECODE_INTEGERS(int16_t, int32_t)
        break;
    case ORE_CODING_UINT16:
        DECODE_INTEGERS(uint16_t, int32_t)
        break;
    case ORE_CODING_UINT32:
        DECODE_INTEGERS(uint32_t, int64_t)
        break;
    default:
        DECODE_INTEGERS(uint64_t, int64_t)
    }
}

static void chunk_of(const job *j, int64_t chunk, int64_t *first, int64_t *end) {
    int64_t blocks = CHUNK_ELEMENTS / j->e->elements;
    *first = chunk * blocks;
    *end = *first + blocks < j->blocks ? *first + blocks : j->blocks;
}

static void decode_chunk(void *argument, int64_t chunk) {
    const job *j = argument;
    const coding *e = j->e;
    int64_t first, end;
    chunk_of(j, chunk, &first, &end);
    if (!e->decode && j->coding < (int)ORE_DTYPE_COUNT) {
        size_t size = (size_t)e->bytes;
        memcpy(j->out + (size_t)first * size, j->bytes + (size_t)first * size,
               (size_t)(end - first) * size);
    } else if (!e->decode) {
        decode_integers(j, first, end);
    }
    for (int64_t b = first; e->decode && b < end; b++)
        e->decode(j->bytes + (size_t)b * (size_t)e->bytes,
                  (float *)(void *)j->out + b * e->elements);
}

static void encode_chunk(void *argument, int64_t chunk) {
    const job *j = argument;
    const coding *e = j->e;
    int64_t first, end;
    chunk_of(j, chunk, &first, &end);
    for (int64_t b = first; b < end; b++) {
        uint8_t *to = j->out + (size_t)b * (size_t)e->bytes;
        const float *values = j->values + b * e->elements;
        if (e->encode) {
            e->encode(values, to);
        } else if (j->coding == ORE_CODING_FLOAT32) {
            memcpy(to, values, sizeof *values);
        } else if (j->coding == ORE_CODING_FLOAT16) {
            ore_write_f16(to, *values);
        } else {
            ore_bf16 half = ore_bf16_from_float(*values);
            memcpy(to, &half, sizeof half);
        }
    }
}

static ore_status share(const char *what, job *j, int64_t count, ore_chunk_fn run) {
    if (!ore_no_error())
        return ore_error_status();
    if (count < 0 || count % j->e->elements != 0)
        return ore_fail(ORE_INVALID, "%s: %lld elements, expected blocks of %d of %s", what,
                        (long long)count, (int)j->e->elements, j->e->name);
    j->blocks = count / j->e->elements;
    int64_t each = CHUNK_ELEMENTS / j->e->elements;
    ore_parallel_for((j->blocks + each - 1) / each, run, j);
    return ORE_OK;
}

ore_status ore_coding_decode(ore_coding e, const void *bytes, int64_t count, void *out) {
    job j = {.e = facts_of(e), .coding = e, .bytes = bytes, .out = out};
    if (j.e->elements == 0)
        return ore_fail(ORE_INVALID, "decode: coding %d, expected one of ore_coding", (int)e);
    if (share("decode", &j, count, decode_chunk) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; e == ORE_CODING_UINT64 && i < count; i++)
        if (((const int64_t *)out)[i] < 0)
            return ore_fail(ORE_DATA, "decode: a uint64 above the largest int64");
    return ORE_OK;
}

ore_status ore_coding_encode(ore_coding e, const float *values, int64_t count, void *bytes) {
    job j = {.e = facts_of(e), .coding = e, .out = bytes, .values = values};
    if (!ore_coding_is_written(e))
        return ore_fail(ORE_INVALID, "encode: Ore does not write %s", ore_coding_name(e));
    return share("encode", &j, count, encode_chunk);
}
