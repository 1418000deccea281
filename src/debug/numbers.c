/* numbers.c: what a tensor's elements are like. */
#include "debug/numbers.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/primitive.h"
#include "core/scope.h"

static void count(debug_numbers *s, double x) {
    s->zeros += x == 0;
    s->nan += isnan(x) != 0;
    s->inf += x == INFINITY;
    s->negative_inf += x == -INFINITY;
    if (!isfinite(x))
        return;
    s->min = s->finite == 0 || x < s->min ? x : s->min;
    s->max = s->finite == 0 || x > s->max ? x : s->max;
    s->sum += x;
    s->finite++;
}

bool debug_numbers_of(debug_numbers *numbers, const ore_tensor *t) {
    *numbers = (debug_numbers){.shape = ore_shape_of(t)};
    int64_t n = ore_numel(t);
    ore_scope scope;
    ore_scope_enter(&scope);
    ore_dtype dtype = ore_tensor_dtype(t) == ORE_FLOAT64 ? ORE_FLOAT64 : ORE_FLOAT32;
    ore_tensor *numeric = ore_cast((ore_tensor *)t, dtype);
    void *memory = numeric ? ore_alloc((size_t)n * ore_dtype_size(dtype)) : NULL;
    if (memory && ore_transfer_out(numeric, memory) == ORE_OK)
        for (int64_t i = 0; i < n; i++)
            count(numbers, dtype == ORE_FLOAT64 ? ((const double *)memory)[i]
                                                : (double)((const float *)memory)[i]);
    ore_release(memory);
    ore_scope_leave(&scope);
    return ore_no_error();
}

static int put_count(char *text, size_t bytes, int64_t n, const char *what) {
    return n ? snprintf(text, bytes, ", %lld %s", (long long)n, what) : 0;
}

const char *debug_numbers_text(const debug_numbers *s, char *text, size_t bytes) {
    char shape[ORE_SHAPE_TEXT];
    size_t used = (size_t)snprintf(text, bytes, "%s:", ore_shape_text(s->shape, shape));
    const struct {
        int64_t n;
        const char *what;
    } counts[] = {{s->zeros, s->zeros == 1 ? "zero" : "zeros"},
                  {s->nan, "NaN"},
                  {s->inf, "inf"},
                  {s->negative_inf, "-inf"}};
    if (s->finite)
        used += (size_t)snprintf(text + used, used < bytes ? bytes - used : 0,
                                 " %.4g .. %.4g, mean %.4g", s->min, s->max,
                                 s->sum / (double)s->finite);
    else
        used += (size_t)snprintf(text + used, used < bytes ? bytes - used : 0, " no finite number");
    for (size_t i = 0; i < sizeof counts / sizeof *counts && used < bytes; i++)
        used += (size_t)put_count(text + used, bytes - used, counts[i].n, counts[i].what);
    return text;
}
