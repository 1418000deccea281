/* protobuf.c: reads messages of Protocol Buffers field by field. */
#include <string.h>

#include "io/protobuf.h"

ore_protobuf ore_protobuf_of(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    return (ore_protobuf){at, at + size, false};
}

/* Seven bits a byte, the lowest first; the last byte has its highest bit clear. */
static bool read_varint(ore_protobuf *message, uint64_t *value) {
    enum { BITS = 64, BITS_OF_BYTE = 7 };
    *value = 0;
    for (int shift = 0; shift < BITS && message->at < message->end; shift += BITS_OF_BYTE) {
        uint8_t byte = *message->at++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool read_fixed(ore_protobuf *message, size_t bytes, uint64_t *value) {
    *value = 0;
    if ((size_t)(message->end - message->at) < bytes)
        return false;
    memcpy(value, message->at, bytes); /* little-endian, as the machine is */
    message->at += bytes;
    return true;
}

static bool read_value(ore_protobuf *message, ore_protobuf_field *field) {
    switch (field->wire) {
    case ORE_PROTOBUF_VARINT:
        return read_varint(message, &field->value);
    case ORE_PROTOBUF_FIXED64:
        return read_fixed(message, sizeof(uint64_t), &field->value);
    case ORE_PROTOBUF_FIXED32:
        return read_fixed(message, sizeof(uint32_t), &field->value);
    case ORE_PROTOBUF_BYTES:
        if (!read_varint(message, &field->value) ||
            field->value > (uint64_t)(message->end - message->at))
            return false;
        field->bytes = (const char *)message->at;
        field->size = (size_t)field->value;
        message->at += field->size;
        return true;
    }
    return false; /* groups, which proto2 has given up */
}

bool ore_protobuf_next(ore_protobuf *message, ore_protobuf_field *field) {
    enum { WIRE_BITS = 3, LARGEST_NUMBER = (1 << 29) - 1 };
    uint64_t key;
    *field = (ore_protobuf_field){0};
    if (message->at == message->end)
        return false;
    if (read_varint(message, &key) && key >> WIRE_BITS >= 1 && key >> WIRE_BITS <= LARGEST_NUMBER) {
        field->number = (uint32_t)(key >> WIRE_BITS);
        field->wire = (ore_protobuf_wire)(key & ((1 << WIRE_BITS) - 1));
        if (read_value(message, field))
            return true;
    }
    message->damaged = true;
    message->at = message->end;
    return false;
}

float ore_protobuf_float(const ore_protobuf_field *field) {
    uint32_t bits = (uint32_t)field->value;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
