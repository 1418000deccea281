/* npy.h: NumPy's array format (numpy.lib.format): a magic, a version, a Python dict as text,
 * then the elements. */
#ifndef ORE_IO_NPY_H
#define ORE_IO_NPY_H

#include <ore/coding.h>
#include <ore/shape.h>

/* Bytes of a header that holds any array of Ore's: its magic, its length and the dict. */
enum { ORE_NPY_HEADER_LIMIT = 65536 + 12, ORE_NPY_WRITTEN_LIMIT = 512 };

typedef struct ore_npy {
    ore_coding coding;
    ore_shape shape;
    bool column_major; /* the first dim's elements follow each other */
    size_t data_at;    /* where the elements begin */
    size_t bytes;      /* of the elements */
} ore_npy;

bool ore_npy_begins(const uint8_t *bytes, size_t size);
/* Reads the header at the start of `bytes`, the first `available` of `size`; messages begin with
 * `path` and, unless it is empty, `name`. ORE_DATA where the elements are not the rest exactly;
 * ORE_UNSUPPORTED for dtypes that Ore does not read. */
ore_status ore_npy_read(ore_npy *npy, const char *path, const char *name, const uint8_t *bytes,
                        size_t available, size_t size);

/* The descr of a coding: "<f4"; NULL for one that NumPy lacks. */
const char *ore_npy_descr(ore_coding coding);
/* Writes a header whose length is a multiple of 64; returns the length, 0 for a coding that NumPy
 * lacks. */
size_t ore_npy_header(char header[ORE_NPY_WRITTEN_LIMIT], ore_coding coding, ore_shape shape);

#endif
