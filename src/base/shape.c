/* shape.c: what can be asked of a shape alone. */
#include <stdio.h>

#include <ore/shape.h>

bool ore_shape_equal(ore_shape a, ore_shape b) {
    if (a.ndim != b.ndim || (unsigned)a.ndim > ORE_MAX_DIMS)
        return false;
    for (int d = 0; d < a.ndim; d++)
        if (a.dim[d] != b.dim[d])
            return false;
    return true;
}

int64_t ore_shape_numel(ore_shape s) {
    int64_t n = 1;
    bool empty = false, fits = true;
    if ((unsigned)s.ndim > ORE_MAX_DIMS)
        return -1;
    for (int d = 0; d < s.ndim; d++) {
        empty = empty || s.dim[d] == 0;
        fits = !__builtin_mul_overflow(n, s.dim[d], &n) && fits;
    }
    return fits ? n : empty ? 0 : -1;
}

const char *ore_shape_text(ore_shape s, char *text) {
    if (s.ndim < 0 || s.ndim > ORE_MAX_DIMS) {
        snprintf(text, ORE_SHAPE_TEXT, "(%d dims)", s.ndim);
        return text;
    }
    int length = snprintf(text, ORE_SHAPE_TEXT, "(");
    for (int d = 0; d < s.ndim; d++)
        length += snprintf(text + length, (size_t)(ORE_SHAPE_TEXT - length), "%s%lld",
                           d ? ", " : "", (long long)s.dim[d]);
    snprintf(text + length, (size_t)(ORE_SHAPE_TEXT - length), s.ndim == 1 ? ",)" : ")");
    return text;
}
