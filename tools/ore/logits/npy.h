/* npy.h: tensors as NumPy's .npy files (numpy.lib.format, version 1.0). */
#ifndef ORE_TOOL_NPY_H
#define ORE_TOOL_NPY_H

#include <ore/io.h>

/* Writes a float32 tensor, row-major, as ore_file_write does. */
ore_status npy_write(const char *path, const ore_tensor *t);

#endif
