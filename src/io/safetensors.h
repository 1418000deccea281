/* safetensors.h: what reader, writer and fuzz target share. */
#ifndef ORE_IO_SAFETENSORS_H
#define ORE_IO_SAFETENSORS_H

#include <ore/io.h>

enum { ORE_SAFETENSORS_HEADER_LIMIT = 100000000 }; /* bytes; the reference implementation's */

/* Reads from memory, which must outlive the result; `name` stands for the file in messages. */
ore_safetensors *ore_safetensors_open_bytes(const char *name, const uint8_t *bytes, size_t size);
/* "F32"; */
const char *ore_safetensors_dtype_code(ore_dtype dtype);
/* Elements of shape times size of dtype into *bytes; false where a size is negative or the product
 * overflows. */
bool ore_safetensors_bytes_of(ore_shape shape, ore_dtype dtype, size_t *bytes);

#endif
