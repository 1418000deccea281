/* thrift.h: reads Thrift's compact protocol, in which Parquet describes itself:
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md */
#ifndef ORE_IO_THRIFT_H
#define ORE_IO_THRIFT_H

#include <ore/base.h>

/* What does not fit the protocol sets `failed` and ends the bytes, so that every loop over fields
 * or elements ends; the numbers that come then are 0. Nothing is raised. */
typedef struct ore_thrift {
    const uint8_t *at, *end;
    bool failed;
} ore_thrift;

typedef enum ore_thrift_type {
    ORE_THRIFT_STOP,
    ORE_THRIFT_TRUE, /* a field that is a bool has its value in its type */
    ORE_THRIFT_FALSE,
    ORE_THRIFT_I8,
    ORE_THRIFT_I16,
    ORE_THRIFT_I32,
    ORE_THRIFT_I64,
    ORE_THRIFT_DOUBLE,
    ORE_THRIFT_BINARY,
    ORE_THRIFT_LIST,
    ORE_THRIFT_SET,
    ORE_THRIFT_MAP,
    ORE_THRIFT_STRUCT,
} ore_thrift_type;

/* The next field of a struct: *id, 0 before the first, becomes its number. ORE_THRIFT_STOP at the
 * end. Its value is to be read or skipped by the caller. */
ore_thrift_type ore_thrift_field(ore_thrift *t, int64_t *id);
/* An integer of any width. */
int64_t ore_thrift_int(ore_thrift *t);
/* Bytes in place, and their number. */
const uint8_t *ore_thrift_binary(ore_thrift *t, size_t *bytes);
/* How many elements a list has, which must be of `type`: no more than there are bytes. */
int64_t ore_thrift_list(ore_thrift *t, ore_thrift_type type);
void ore_thrift_skip(ore_thrift *t, ore_thrift_type type);

#endif
