/* npy.c: headers of NumPy's arrays. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "core/tensor.h"
#include "io/npy.h"

static const struct {
    const char *descr;
    ore_coding coding;
} kinds[] = {
    {"<f4", ORE_CODING_FLOAT32}, {"<f8", ORE_CODING_FLOAT64}, {"<f2", ORE_CODING_FLOAT16},
    {"<i8", ORE_CODING_INT64},   {"<i4", ORE_CODING_INT32},   {"<i2", ORE_CODING_INT16},
    {"|i1", ORE_CODING_INT8},    {"|u1", ORE_CODING_UINT8},   {"|b1", ORE_CODING_BOOL},
    {"<u2", ORE_CODING_UINT16},  {"<u4", ORE_CODING_UINT32},  {"<u8", ORE_CODING_UINT64},
};
enum { KINDS = sizeof kinds / sizeof *kinds, MAGIC_BYTES = 6, SHOWN_BYTES = 200 };
static const char magic[] = "\x93NUMPY";

/* ---- reading: a dict with three keys, as Python's repr writes it ---- */

typedef struct parser {
    const char *path, *name;
    const char *at, *end;
    ore_npy *npy;
    bool found[3]; /* descr, fortran_order, shape */
} parser;

static ore_status fail(const parser *p, ore_status status, const char *problem) {
    return ore_fail(status, "%.*s: %.*s%s%s", ORE_PATH_SHOWN_BYTES / 2, p->path, SHOWN_BYTES,
                    p->name, *p->name ? ": " : "", problem);
}

static void skip_space(parser *p) {
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t'))
        p->at++;
}

/* Whether `word` stands next; goes behind it then. */
static bool take(parser *p, const char *word) {
    size_t bytes = strlen(word);
    skip_space(p);
    if ((size_t)(p->end - p->at) < bytes || memcmp(p->at, word, bytes) != 0)
        return false;
    p->at += bytes;
    return true;
}

/* A text in quotes without escapes; NULL where none stands next. */
static const char *take_text(parser *p, size_t *bytes) {
    skip_space(p);
    if (p->at == p->end || (*p->at != '\'' && *p->at != '"'))
        return NULL;
    const char *text = p->at + 1;
    const char *quote = memchr(text, *p->at, (size_t)(p->end - text));
    if (!quote)
        return NULL;
    *bytes = (size_t)(quote - text);
    p->at = quote + 1;
    return text;
}

static ore_status take_descr(parser *p) {
    size_t bytes;
    const char *text = take_text(p, &bytes);
    if (!text)
        return fail(p, ORE_UNSUPPORTED, "a structured dtype, expected one type for all elements");
    for (int i = 0; i < KINDS; i++)
        if (bytes == 3 && memcmp(text + 1, kinds[i].descr + 1, 2) == 0 &&
            (*text == *kinds[i].descr || (kinds[i].descr[2] == '1' && *text != '>'))) {
            p->npy->coding = kinds[i].coding;
            return ORE_OK;
        }
    char problem[128];
    snprintf(problem, sizeof problem,
             "dtype '%.*s', expected f2 f4 f8, i1 to i8, u1 to u8 or b1, little-endian",
             (int)(bytes < 16 ? bytes : 16), text);
    return fail(p, ORE_UNSUPPORTED, problem);
}

static ore_status take_order(parser *p) {
    p->npy->column_major = take(p, "True");
    if (p->npy->column_major || take(p, "False"))
        return ORE_OK;
    return fail(p, ORE_DATA, "fortran_order is neither True nor False");
}

static bool take_size(parser *p, int64_t *size) {
    enum { DIGITS = 18 };
    const char *start = p->at;
    *size = 0;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9' && p->at - start < DIGITS)
        *size = *size * 10 + (*p->at++ - '0');
    return p->at > start;
}

static ore_status take_shape(parser *p) {
    ore_shape *shape = &p->npy->shape;
    *shape = (ore_shape){.ndim = 0};
    if (!take(p, "("))
        return fail(p, ORE_DATA, "its shape is no tuple");
    while (!take(p, ")")) {
        int64_t size;
        skip_space(p);
        if (!take_size(p, &size))
            return fail(p, ORE_DATA, "its shape is no tuple of sizes");
        if (shape->ndim == ORE_MAX_DIMS)
            return fail(p, ORE_DATA, "more than 8 dims");
        shape->dim[shape->ndim++] = size;
        if (!take(p, ",") && !take(p, ")"))
            return fail(p, ORE_DATA, "its shape is no tuple of sizes");
        if (p->at[-1] == ')')
            break;
    }
    return ORE_OK;
}

static ore_status take_dict(parser *p) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    static ore_status (*const values[])(parser *) = {take_descr, take_order, take_shape};
    if (!take(p, "{"))
        return fail(p, ORE_DATA, "its header is no dict");
    while (!take(p, "}")) {
        size_t bytes = 0;
        int key = 0;
        const char *text = take_text(p, &bytes);
        while (text && key < 3 && (strlen(keys[key]) != bytes || memcmp(text, keys[key], bytes)))
            key++;
        if (!text || key == 3 || p->found[key] || !take(p, ":"))
            return fail(p, ORE_DATA, "its header is no dict of descr, fortran_order and shape");
        p->found[key] = true;
        if (values[key](p) != ORE_OK)
            return ore_error_status();
        take(p, ",");
    }
    if (!p->found[0] || !p->found[1] || !p->found[2])
        return fail(p, ORE_DATA, "its header lacks one of descr, fortran_order and shape");
    return ORE_OK;
}

bool ore_npy_begins(const uint8_t *bytes, size_t size) {
    return size >= MAGIC_BYTES && memcmp(bytes, magic, MAGIC_BYTES) == 0;
}

static ore_status check_size(const parser *p, size_t size) {
    ore_npy *npy = p->npy;
    int64_t n = ore_possible_numel(npy->shape);
    if (n < 0)
        return fail(p, ORE_DATA, "its shape has too many elements");
    npy->bytes = (size_t)n * ore_coding_bytes(npy->coding);
    if (npy->bytes == size - npy->data_at)
        return ORE_OK;
    char problem[96];
    snprintf(problem, sizeof problem, "%zu bytes of elements, expected %zu by its shape",
             size - npy->data_at, npy->bytes);
    return fail(p, ORE_DATA, problem);
}

ore_status ore_npy_read(ore_npy *npy, const char *path, const char *name, const uint8_t *bytes,
                        size_t available, size_t size) {
    parser p = {.path = path, .name = name, .npy = npy};
    *npy = (ore_npy){.data_at = 0};
    uint32_t length = 0;
    size_t length_at = MAGIC_BYTES + 2;
    if (available < length_at + 4 || !ore_npy_begins(bytes, available))
        return fail(&p, ORE_DATA, "cut short, or no array of NumPy's");
    int version = bytes[MAGIC_BYTES];
    if (version < 1 || version > 3)
        return fail(&p, ORE_UNSUPPORTED, "a version of NumPy's format other than 1, 2 and 3");
    size_t length_bytes = version == 1 ? 2 : 4;
    memcpy(&length, bytes + length_at, length_bytes);
    npy->data_at = length_at + length_bytes + length;
    if (npy->data_at > ORE_NPY_HEADER_LIMIT || npy->data_at > available)
        return fail(&p, ORE_DATA, "a header that is longer than the file, or than 64 KiB");
    p.at = (const char *)bytes + length_at + length_bytes;
    p.end = p.at + length;
    return take_dict(&p) == ORE_OK ? check_size(&p, size) : ore_error_status();
}

/* ---- writing ---- */

const char *ore_npy_descr(ore_coding coding) {
    for (int i = 0; i < KINDS; i++)
        if (kinds[i].coding == coding)
            return kinds[i].descr;
    return NULL;
}

size_t ore_npy_header(char header[ORE_NPY_WRITTEN_LIMIT], ore_coding coding, ore_shape shape) {
    enum { ALIGNMENT = 64, PREFIX = 10 };
    const char *descr = ore_npy_descr(coding);
    if (!descr)
        return 0;
    char *at = header + PREFIX;
    size_t room = ORE_NPY_WRITTEN_LIMIT - PREFIX;
    size_t used =
        (size_t)snprintf(at, room, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int d = 0; d < shape.ndim; d++)
        used += (size_t)snprintf(at + used, room - used, d + 1 < shape.ndim ? "%lld, " : "%lld",
                                 (long long)shape.dim[d]);
    used += (size_t)snprintf(at + used, room - used, shape.ndim == 1 ? ",), }" : "), }");
    while ((PREFIX + used + 1) % ALIGNMENT != 0)
        at[used++] = ' ';
    at[used++] = '\n';
    memcpy(header, magic, MAGIC_BYTES);
    header[6] = 1; /* the version, 1.0 */
    header[7] = 0;
    header[8] = (char)(used & 255);
    header[9] = (char)(used >> 8);
    return PREFIX + used;
}
