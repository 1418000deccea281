/* anomaly.c: the first operation that makes a NaN or an inf. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/node.h"
#include "debug/numbers.h"
#include "debug/tracing.h"

void ore_set_detect_anomaly(bool on) {
    debug_trace_anomalies(on);
}

bool ore_detect_anomaly(void) {
    return debug_traces_anomalies();
}

/* Bytes of a message's part that tells of one tensor; of a long list, the first few tensors and
 * those that are not finite are told of. */
enum { PART_BYTES = 160, INPUTS_TOLD = 4 };

static bool all_finite(const debug_numbers *s) {
    return s->nan + s->inf + s->negative_inf == 0;
}

/* ", " between several kinds: "1 NaN", "2 inf, 1 -inf". */
static const char *faults_text(const debug_numbers *s, char text[PART_BYTES]) {
    int used = 0;
    if (s->nan)
        used += snprintf(text, PART_BYTES, "%lld NaN", (long long)s->nan);
    if (s->inf)
        used += snprintf(text + used, PART_BYTES - (size_t)used, "%s%lld inf", used ? ", " : "",
                         (long long)s->inf);
    if (s->negative_inf)
        snprintf(text + used, PART_BYTES - (size_t)used, "%s%lld -inf", used ? ", " : "",
                 (long long)s->negative_inf);
    return text;
}

/* "; NAME 0 (4, 8): .." behind what is in text. */
static void tell(char *text, size_t bytes, size_t *used, const char *name, int i,
                 const debug_numbers *s) {
    char part[PART_BYTES];
    if (*used < bytes)
        *used += (size_t)snprintf(text + *used, bytes - *used, "; %s %d %s", name, i,
                                  debug_numbers_text(s, part, sizeof part));
}

/* ---- forward ---- */

static bool looks_at_numbers(const ore_tensor *t) {
    return t && t->storage && ore_dtype_is_floating(t->dtype);
}

/* A view makes no numbers, and may show memory that is yet to be written. */
static bool is_view(const ore_tensor *y, int n, ore_tensor *const *inputs) {
    for (int i = 0; i < n; i++)
        if (inputs[i] && inputs[i]->storage == y->storage)
            return true;
    return false;
}

/* Only a NaN is a fault beside an input with an inf: masks add one on purpose. */
static void raise_for(const char *op, const debug_numbers *made, int n, ore_tensor *const *inputs) {
    char told[ORE_MESSAGE_BYTES / 2] = "", faults[PART_BYTES], shape[ORE_SHAPE_TEXT];
    size_t used = 0;
    bool inf_came = false, nan_came = false;
    for (int i = 0; i < n; i++) {
        debug_numbers s;
        if (!looks_at_numbers(inputs[i]) || !debug_numbers_of(&s, inputs[i]))
            continue;
        inf_came = inf_came || s.inf + s.negative_inf > 0;
        nan_came = nan_came || s.nan > 0;
        if (i < INPUTS_TOLD || !all_finite(&s))
            tell(told, sizeof told, &used, "input", i, &s);
    }
    if (!ore_no_error() || (inf_came && made->nan == 0))
        return;
    ore_fail(ORE_DATA, "%s: its result %s has %s%s%s", op, ore_shape_text(made->shape, shape),
             faults_text(made, faults), nan_came ? ", which came with its inputs" : "", told);
}

void debug_check_result(const char *op, ore_tensor *y, int n, ore_tensor *const *inputs) {
    debug_numbers made;
    if (!looks_at_numbers(y) || is_view(y, n, inputs))
        return;
    debug_look_away(true);
    if (debug_numbers_of(&made, y) && !all_finite(&made))
        raise_for(op, &made, n, inputs);
    debug_look_away(false);
}

/* ---- backward ---- */

/* What a node's backward began with: it may write its results over it. */
static _Thread_local struct {
    char told[ORE_MESSAGE_BYTES / 2];
    size_t used;
} begun;

void debug_note_backward(ore_node *node, ore_tensor *dy) {
    char part[PART_BYTES];
    debug_numbers s;
    debug_look_away(true);
    begun.used = 0;
    begun.told[0] = '\0';
    if (debug_numbers_of(&s, dy))
        begun.used = (size_t)snprintf(begun.told, sizeof begun.told, "; dy %s",
                                      debug_numbers_text(&s, part, sizeof part));
    for (int i = 0; i < node->saved_count; i++)
        if (looks_at_numbers(node->saved[i].value) && debug_numbers_of(&s, node->saved[i].value) &&
            (i < INPUTS_TOLD || !all_finite(&s)))
            tell(begun.told, sizeof begun.told, &begun.used, "saved value", i, &s);
    debug_look_away(false);
}

void debug_check_backward(ore_node *node, const char *path) {
    char faults[PART_BYTES];
    debug_look_away(true);
    for (int i = 0; i < node->edges_count && ore_no_error(); i++) {
        const ore_node *input = node->edges[i].node;
        const ore_tensor *dx = NULL;
        if (input)
            dx = ore_node_is_leaf(input) ? input->grad : input->incoming;
        debug_numbers s;
        if (!dx || !debug_numbers_of(&s, dx) || all_finite(&s))
            continue;
        ore_fail(ORE_DATA, "%s: its backward made %s for input %d%s", node->op->name,
                 faults_text(&s, faults), i, begun.told);
        if (*path)
            ore_error_locate(path);
    }
    debug_look_away(false);
}
