/* gguf_tensors.h: how the types of GGUF's tensors are numbered. */
#ifndef ORE_IO_GGUF_TENSORS_H
#define ORE_IO_GGUF_TENSORS_H

#include <ore/coding.h>

enum { ORE_GGUF_MAX_DIMS = 4, ORE_GGUF_ALIGNMENT = 32 /* bytes, where no key says another */ };

/* False for types that Ore does not read. */
bool ore_gguf_coding_of(uint32_t type, ore_coding *coding);
/* -1 for codings that GGUF does not have. */
int ore_gguf_type_of(ore_coding coding);

#endif
