/* coding.h: how a file stores the elements of a tensor: as the dtypes of base.h, as other
 * integers, or quantised in blocks.
 *
 * A block holds a fixed number of elements, which follow each other in the last dim, in few bits
 * each with scales of their own; the layouts are those of GGUF files (github.com/ggml-org/ggml).
 * Blocks decode to float32, to the bits that the Python package gguf decodes them to. */
#ifndef ORE_CODING_H
#define ORE_CODING_H

#include <ore/shape.h>

ORE_BEGIN_DECLS

typedef enum ore_coding {
    /* a dtype, as it lies in memory: the numbers are those of ore_dtype */
    ORE_CODING_FLOAT32 = ORE_FLOAT32,
    ORE_CODING_FLOAT64 = ORE_FLOAT64,
    ORE_CODING_BFLOAT16 = ORE_BFLOAT16,
    ORE_CODING_FLOAT16 = ORE_FLOAT16,
    ORE_CODING_INT64 = ORE_INT64,
    ORE_CODING_INT32 = ORE_INT32,
    ORE_CODING_UINT8 = ORE_UINT8,
    ORE_CODING_BOOL = ORE_BOOL,
    /* integers that are no dtype of Ore's: decoded to int32, those in the second row to int64 */
    ORE_CODING_INT8 = ORE_DTYPE_COUNT,
    ORE_CODING_INT16,
    ORE_CODING_UINT16,
    ORE_CODING_UINT32,
    ORE_CODING_UINT64,
    /* blocks of 32 elements */
    ORE_CODING_Q4_0,
    ORE_CODING_Q4_1,
    ORE_CODING_Q5_0,
    ORE_CODING_Q5_1,
    ORE_CODING_Q8_0,
    /* blocks of 256 elements */
    ORE_CODING_Q2_K,
    ORE_CODING_Q3_K,
    ORE_CODING_Q4_K,
    ORE_CODING_Q5_K,
    ORE_CODING_Q6_K,
    ORE_CODING_COUNT,
} ore_coding;

/* "float32", "int8", "q4_k"; "unknown coding" for a number that is none. */
ORE_API const char *ore_coding_name(ore_coding coding);
/* The coding of a name, in either case; f32, f64, f16, bf16, i64, i32, i16, i8 and u8 are other
 * names of those types. False (no error raised) for anything else, NULL included. */
ORE_API bool ore_coding_from_name(const char *name, ore_coding *coding);
/* What it decodes to: the dtype itself, int32 or int64 for other integers, float32 for blocks. */
ORE_API ore_dtype ore_coding_dtype(ore_coding coding);
/* Elements in a block, and its bytes: 1 and the size of an element where there are no blocks. */
ORE_API int64_t ore_coding_elements(ore_coding coding);
ORE_API size_t ore_coding_bytes(ore_coding coding);
/* Whether ore_coding_encode writes it: float32, float16, bfloat16, q4_0, q4_1, q5_0, q5_1, q8_0,
 * q4_k and q6_k. */
ORE_API bool ore_coding_is_written(ore_coding coding);

/* The coding of a tensor of this shape where `asked` is for matrices: of blocks, vectors become
 * float32, and matrices whose rows are no whole ones q8_0, or else float16. */
ORE_API ore_coding ore_coding_fitting(ore_coding asked, ore_shape shape);

/* Decodes `count` elements, whole blocks, to `out`, of ore_coding_dtype. ORE_INVALID for another
 * count; ORE_DATA for a uint64 that int64 does not have. The threads share it. */
ORE_API ore_status ore_coding_decode(ore_coding coding, const void *bytes, int64_t count,
                                     void *out);
/* Encodes `count` floats, whole blocks. q4_0, q4_1, q5_0, q5_1 and q8_0 have the bytes that the
 * package gguf quantises to. q4_k and q6_k take the scales of each block that a search by least
 * squares finds. A block with a NaN or an infinity decodes to what is not finite. ORE_INVALID for
 * another count or a coding that is not written. The threads share it. */
ORE_API ore_status ore_coding_encode(ore_coding coding, const float *values, int64_t count,
                                     void *bytes);

ORE_END_DECLS

#endif
