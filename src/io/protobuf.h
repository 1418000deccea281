/* protobuf.h: reads messages of Protocol Buffers (developers.google.com/protocol-buffers, encoding)
 * field by field, from bytes that may be anything. */
#ifndef ORE_IO_PROTOBUF_H
#define ORE_IO_PROTOBUF_H

#include <ore/base.h>

/* What is left of a message. */
typedef struct ore_protobuf {
    const uint8_t *at, *end;
    bool damaged; /* it does not end where a field ends */
} ore_protobuf;

typedef enum ore_protobuf_wire {
    ORE_PROTOBUF_VARINT = 0,
    ORE_PROTOBUF_FIXED64 = 1,
    ORE_PROTOBUF_BYTES = 2,
    ORE_PROTOBUF_FIXED32 = 5,
} ore_protobuf_wire;

typedef struct ore_protobuf_field {
    uint32_t number;
    ore_protobuf_wire wire;
    uint64_t value;    /* of a varint, or of the 8 or 4 bytes */
    const char *bytes; /* of ORE_PROTOBUF_BYTES: text, bytes or a message, of the buffer itself */
    size_t size;
} ore_protobuf_field;

ore_protobuf ore_protobuf_of(const void *bytes, size_t size);
/* The next field. False at the end, and, with `damaged`, where what follows is none. */
bool ore_protobuf_next(ore_protobuf *message, ore_protobuf_field *field);
/* A field's value as a float of 4 bytes. */
float ore_protobuf_float(const ore_protobuf_field *field);

#endif
