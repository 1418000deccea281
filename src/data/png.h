/* png.h: PNG files in memory. */
#ifndef ORE_DATA_PNG_H
#define ORE_DATA_PNG_H

#include <stddef.h>

#include <ore/image.h>

/* What ore_png_read makes of a file's bytes; `name` is for messages. */
ore_tensor *ore_png_of_bytes(const char *name, const void *bytes, size_t size_bytes);

#endif
