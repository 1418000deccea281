/* attention_keys.c: ranges of keys. */
#include "backend/cpu/attention_keys.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/minmax.h"

/* Starts are at most this far from key 0, so that distances of places fit in 32 bits. */
static const int64_t START_MAX = INT64_C(1) << 30;

int64_t ore_attention_start(const ore_attention_args *a, int64_t b) {
    return a->starts ? a->starts[b] : a->Tk - a->Tq;
}

static bool places_fit(const ore_attention_args *a) {
    for (int64_t b = 0; b < a->B && ore_no_error(); b++)
        if (a->lengths && (a->lengths[b] < 0 || a->lengths[b] > a->Tk))
            ore_fail(ORE_INVALID, "attention: lengths[%lld] is %lld, expected 0 .. %lld",
                     (long long)b, (long long)a->lengths[b], (long long)a->Tk);
        else if (a->starts && (a->starts[b] < -START_MAX || a->starts[b] > START_MAX))
            ore_fail(ORE_INVALID, "attention: starts[%lld] is %lld, expected -2^30 .. 2^30",
                     (long long)b, (long long)a->starts[b]);
    return ore_no_error();
}

/* The run of equal numbers around `place`; none where that is no key. `before` is the run that a
 * smaller place had, or {0, 0}. */
static ore_key_range document_of(const int64_t *numbers, int64_t Tk, int64_t place,
                                 ore_key_range before) {
    if (place < 0 || place >= Tk)
        return (ore_key_range){0, 0};
    ore_key_range run = before;
    while (run.to <= place) {
        run.from = run.to;
        while (run.to < Tk && numbers[run.to] == numbers[run.from])
            run.to++;
    }
    return run;
}

static void ranges_of_entry(const ore_attention_args *a, int64_t b, ore_key_range *ranges) {
    const int64_t *numbers = a->documents ? a->documents + b * a->Tk : NULL;
    int64_t start = ore_attention_start(a, b), length = a->lengths ? a->lengths[b] : a->Tk;
    ore_key_range document = {0, 0};
    for (int64_t t = 0; t < a->Tq; t++) {
        int64_t place = start + t;
        ore_key_range seen = {0, length};
        if (a->causal)
            seen.to = ore_min_int(seen.to, place + 1);
        if (a->window) {
            int64_t reach = ore_min_int(a->window, 2 * START_MAX);
            seen.from = ore_max_int(seen.from, place - reach + 1);
            seen.to = ore_min_int(seen.to, place + reach);
        }
        if (numbers) {
            ore_key_range own = document_of(numbers, a->Tk, place, document);
            seen.from = ore_max_int(seen.from, own.from);
            seen.to = ore_min_int(seen.to, own.to);
            document = own.to ? own : document;
        }
        ranges[t] = seen.from < seen.to ? seen : (ore_key_range){0, 0};
    }
}

ore_attention_keys ore_attention_keys_of(const ore_attention_args *a, int64_t unit) {
    bool differ = a->lengths || a->starts || a->documents;
    ore_attention_keys keys = {.rows = (a->Tq + unit - 1) / unit * unit};
    int64_t entries = differ ? a->B : 1;
    keys.entry_stride = differ ? keys.rows : 0;
    if (!places_fit(a))
        return keys;
    keys.ranges = ore_alloc((size_t)(entries * keys.rows) * sizeof *keys.ranges);
    for (int64_t b = 0; keys.ranges && b < entries; b++) {
        ore_key_range *ranges = keys.ranges + b * keys.rows;
        ranges_of_entry(a, b, ranges);
        for (int64_t t = a->Tq; t < keys.rows; t++)
            ranges[t] = ranges[a->Tq - 1];
    }
    return keys;
}
