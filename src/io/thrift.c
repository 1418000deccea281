/* thrift.c: Thrift's compact protocol, over bytes that may be anything. */
#include "io/thrift.h"

static uint64_t fail(ore_thrift *t) {
    t->failed = true;
    t->at = t->end;
    return 0;
}

static uint8_t next_byte(ore_thrift *t) {
    return t->at < t->end ? *t->at++ : (uint8_t)fail(t);
}

/* Seven bits a byte, the lowest first. */
static uint64_t varint(ore_thrift *t) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && t->at < t->end; shift += 7) {
        uint8_t byte = *t->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    return fail(t);
}

int64_t ore_thrift_int(ore_thrift *t) {
    uint64_t zigzag = varint(t);
    return (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
}

ore_thrift_type ore_thrift_field(ore_thrift *t, int64_t *id) {
    uint8_t byte = next_byte(t);
    if (byte == ORE_THRIFT_STOP)
        return ORE_THRIFT_STOP;
    int64_t next = byte >> 4 ? *id + (byte >> 4) : ore_thrift_int(t);
    if (next < INT16_MIN || next > INT16_MAX || (byte & 15) > ORE_THRIFT_STRUCT)
        fail(t);
    *id = next;
    return t->failed ? ORE_THRIFT_STOP : (ore_thrift_type)(byte & 15);
}

const uint8_t *ore_thrift_binary(ore_thrift *t, size_t *bytes) {
    uint64_t count = varint(t);
    if (count > (uint64_t)(t->end - t->at))
        count = fail(t);
    const uint8_t *start = t->at;
    t->at += count;
    *bytes = (size_t)count;
    return start;
}

/* The head of a list or set: its elements' type, and how many there are. */
static uint64_t list_head(ore_thrift *t, ore_thrift_type *type) {
    enum { LONG = 15 }; /* the number stands behind the head */
    uint8_t byte = next_byte(t);
    uint64_t count = byte >> 4;
    *type = (ore_thrift_type)(byte & 15);
    if (count == LONG)
        count = varint(t);
    return count > (uint64_t)(t->end - t->at) ? fail(t) : count; /* each has a byte at least */
}

int64_t ore_thrift_list(ore_thrift *t, ore_thrift_type type) {
    ore_thrift_type of;
    uint64_t count = list_head(t, &of);
    return (int64_t)(count > 0 && of != type ? fail(t) : count);
}

static void skip_bytes(ore_thrift *t, uint64_t bytes) {
    if (bytes > (uint64_t)(t->end - t->at))
        fail(t);
    else
        t->at += bytes;
}

static void skip(ore_thrift *t, ore_thrift_type type, bool element, int depth);

static void skip_map(ore_thrift *t, int depth) {
    uint64_t count = varint(t);
    uint8_t types = count > 0 ? next_byte(t) : 0;
    for (uint64_t i = 0; i < count && !t->failed; i++) {
        skip(t, (ore_thrift_type)(types >> 4), true, depth);
        skip(t, (ore_thrift_type)(types & 15), true, depth);
    }
}

/* element: of a list, set or map, in which a bool takes a byte. */
static void skip(ore_thrift *t, ore_thrift_type type, bool element, int depth) {
    enum { DEPTH_MAX = 32 }; /* Parquet's own structs are 6 deep */
    ore_thrift_type inner;
    int64_t id = 0;
    size_t bytes;
    if (depth > DEPTH_MAX) {
        fail(t);
        return;
    }
    switch (type) {
    case ORE_THRIFT_TRUE:
    case ORE_THRIFT_FALSE:
        skip_bytes(t, element);
        break;
    case ORE_THRIFT_I8:
        skip_bytes(t, 1);
        break;
    case ORE_THRIFT_I16:
    case ORE_THRIFT_I32:
    case ORE_THRIFT_I64:
        varint(t);
        break;
    case ORE_THRIFT_DOUBLE:
        skip_bytes(t, 8);
        break;
    case ORE_THRIFT_BINARY:
        ore_thrift_binary(t, &bytes);
        break;
    case ORE_THRIFT_LIST:
    case ORE_THRIFT_SET:
        for (uint64_t left = list_head(t, &inner); left > 0 && !t->failed; left--)
            skip(t, inner, true, depth + 1);
        break;
    case ORE_THRIFT_MAP:
        skip_map(t, depth + 1);
        break;
    case ORE_THRIFT_STRUCT:
        while ((inner = ore_thrift_field(t, &id)) != ORE_THRIFT_STOP)
            skip(t, inner, false, depth + 1);
        break;
    default:
        fail(t);
    }
}

void ore_thrift_skip(ore_thrift *t, ore_thrift_type type) {
    skip(t, type, false, 0);
}
