/* writing.c: rows that a model writes side by side. */
#include "infer/writing.h"

#include <math.h>
#include <string.h>

#include <ore/ops.h>

#include "base/error.h"
#include "base/memory.h"

bool writing_options_fit(const char *op, int64_t max_tokens, int64_t end_id, int64_t sequences) {
    if (max_tokens < 1)
        ore_fail(ORE_INVALID, "%s: max_tokens %lld, expected 1 or more", op, (long long)max_tokens);
    else if (end_id < -1)
        ore_fail(ORE_INVALID, "%s: end_id %lld, expected an id, or -1 for none", op,
                 (long long)end_id);
    else if (sequences < 1)
        ore_fail(ORE_INVALID, "%s: %lld sequences, expected 1 or more", op, (long long)sequences);
    return ore_ok();
}

static bool arguments_fit(const char *op, const ore_stepper *model, const ore_tensor *prompts) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!model || !model->step)
        ore_fail(ORE_INVALID, "%s: no model, or one without a step", op);
    else if (!prompts || ore_ndim(prompts) != 2 || ore_numel(prompts) < 1 ||
             ore_tensor_dtype(prompts) != ORE_INT64)
        ore_fail(ORE_INVALID, "%s: prompts %s of %s, expected (P, T) of int64, 1 or more each", op,
                 prompts ? ore_shape_text(ore_shape_of(prompts), text) : "NULL",
                 prompts ? ore_dtype_name(ore_tensor_dtype(prompts)) : "no dtype");
    return ore_ok();
}

/* a * b items of that size, zeroed; NULL with an error. */
static void *array(int64_t a, int64_t b, size_t item_bytes) {
    size_t bytes = 0;
    if (!ore_ok() || ore_bytes_of(a, item_bytes, &bytes) != ORE_OK)
        return NULL;
    if (bytes > 0 && b > INT64_MAX / (int64_t)bytes) {
        ore_fail(ORE_MEMORY, "no memory for %lld x %lld tokens", (long long)a, (long long)b);
        return NULL;
    }
    return ore_alloc_zero(bytes * (size_t)b);
}

void writing_init(writing *w, const char *op, const ore_stepper *model, ore_tensor *prompts,
                  int64_t rows_of_prompt, int64_t sequences, int64_t max_tokens) {
    *w = (writing){.op = op, .model = model, .prompts = prompts, .sequences = sequences};
    if (!arguments_fit(op, model, prompts))
        return;
    w->P = ore_size(prompts, 0);
    w->max_tokens = max_tokens;
    w->row = array(w->P, rows_of_prompt, sizeof *w->row);
    w->next = array(w->P, rows_of_prompt, sizeof *w->next);
    w->parent = array(w->P, rows_of_prompt, sizeof *w->parent);
    w->entry = array(w->P, sequences, sizeof *w->entry);
    if (!ore_ok()) /* the products below are those of numbers whose arrays are there */
        return;
    w->max_rows = w->P * rows_of_prompt;
    w->ids = array(w->max_rows, max_tokens, sizeof *w->ids);
    w->next_ids = array(w->max_rows, max_tokens, sizeof *w->next_ids);
    w->done_ids = array(w->P * sequences, max_tokens, sizeof *w->done_ids);
    if (!ore_ok())
        return;
    w->count = w->P;
    for (int64_t i = 0; i < w->P; i++)
        w->row[i].prompt = i;
    for (int64_t i = 0; i < w->P * sequences; i++)
        w->entry[i] = (written_entry){.place = i, .score = -INFINITY};
}

void writing_free(writing *w) {
    ore_release(w->row);
    ore_release(w->next);
    ore_release(w->parent);
    ore_release(w->entry);
    ore_release(w->ids);
    ore_release(w->next_ids);
    ore_release(w->done_ids);
    ore_release(w->log_p);
}

/* ---- a step ---- */

/* `columns` ids of each row from `from` on, on the device of the prompts. */
static ore_tensor *recent(const writing *w, int64_t from, int64_t columns) {
    ore_tensor *ids = ore_empty(ORE_SHAPE(w->count, columns), ORE_INT64);
    int64_t *to = ids ? ore_data_mut(ids) : NULL;
    for (int64_t r = 0; to && r < w->count; r++)
        memcpy(to + r * columns, w->ids + r * w->max_tokens + from, (size_t)columns * sizeof *to);
    return ore_to_device(ids, ore_tensor_device(w->prompts));
}

/* All tokens of each row: its prompt and what was written behind it. */
static ore_tensor *whole(const writing *w) {
    ore_tensor *of_row = ore_empty(ORE_SHAPE(w->count), ORE_INT64);
    int64_t *to = of_row ? ore_data_mut(of_row) : NULL;
    for (int64_t r = 0; to && r < w->count; r++)
        to[r] = w->row[r].prompt;
    of_row = ore_to_device(of_row, ore_tensor_device(w->prompts));
    ore_tensor *parts[] = {ore_index_select(w->prompts, 0, of_row), recent(w, 0, w->tokens)};
    return ore_cat(parts, 2, 1);
}

static ore_tensor *input(const writing *w) {
    if (w->tokens == 0)
        return w->prompts;
    return w->model->reorder ? recent(w, w->tokens - 1, 1) : whole(w);
}

static bool logits_fit(const writing *w, const ore_tensor *logits) {
    char text[ORE_SHAPE_TEXT];
    ore_shape s = ore_shape_of(logits);
    if (s.ndim != 2 || s.dim[0] != w->count || s.dim[1] < 1 || (w->V && s.dim[1] != w->V) ||
        !ore_dtype_is_floating(ore_tensor_dtype(logits)))
        ore_fail(ORE_INVALID,
                 "%s: the model gave %s of %s for %lld sequence%s, expected logits "
                 "(%lld, V)",
                 w->op, ore_shape_text(s, text), ore_dtype_name(ore_tensor_dtype(logits)),
                 (long long)w->count, ore_plural(w->count), (long long)w->count);
    return ore_ok();
}

bool writing_step(writing *w) {
    ore_tensor *ids = input(w);
    w->logits = ids ? w->model->step(w->model->user, ids) : NULL;
    if (ore_ok() && !w->logits)
        ore_fail(ORE_INVALID, "%s: the model's step gave no logits and no error", w->op);
    if (!ore_ok() || !logits_fit(w, w->logits))
        return false;
    w->V = ore_size(w->logits, 1);
    int64_t numbers = w->count * w->V;
    void *log_p = w->log_p;
    if (ore_grow(&log_p, &w->log_p_capacity, numbers, sizeof *w->log_p) != ORE_OK)
        return false;
    w->log_p = log_p;
    ore_tensor *y = ore_log_softmax(ore_to(w->logits, ORE_FLOAT32), 1);
    return y && ore_copy_out(y, w->log_p, (size_t)numbers * sizeof *w->log_p) == ORE_OK;
}

void writing_continue(writing *w, int64_t parent, written_row row, int64_t id) {
    int64_t r = w->next_count++, *to = w->next_ids + r * w->max_tokens;
    memcpy(to, w->ids + parent * w->max_tokens, (size_t)w->tokens * sizeof *to);
    to[w->tokens] = id;
    w->next[r] = row;
    w->parent[r] = parent;
}

void writing_end(writing *w, int64_t prompt, int64_t i, int64_t r, int64_t id, double score) {
    written_entry *e = &w->entry[prompt * w->sequences + i];
    int64_t *to = w->done_ids + e->place * w->max_tokens;
    memcpy(to, w->ids + r * w->max_tokens, (size_t)w->tokens * sizeof *to);
    to[w->tokens] = id;
    e->length = w->tokens + 1;
    e->score = score;
}

static bool same_order(const writing *w) {
    bool same = w->next_count == w->count;
    for (int64_t r = 0; same && r < w->count; r++)
        same = w->parent[r] == r;
    return same;
}

void writing_turn(writing *w) {
    if (w->model->reorder && w->next_count > 0 && !same_order(w)) {
        ore_tensor *rows = ore_from_data(w->parent, ORE_SHAPE(w->next_count), ORE_INT64);
        rows = ore_to_device(rows, ore_tensor_device(w->prompts));
        if (rows && w->model->reorder(w->model->user, rows) != ORE_OK && ore_ok())
            ore_fail(ORE_INVALID, "%s: the model's reorder failed without an error", w->op);
    }
    written_row *row = w->row;
    int64_t *ids = w->ids;
    w->row = w->next;
    w->ids = w->next_ids;
    w->next = row;
    w->next_ids = ids;
    w->count = w->next_count;
    w->next_count = 0;
    w->tokens++;
}

/* ---- the result ---- */

ore_written writing_result(const writing *w, int64_t n, int64_t end_id) {
    ore_written none = {NULL, NULL, NULL};
    if (!ore_ok())
        return none;
    int64_t L = 0;
    for (int64_t i = 0; i < w->P * n; i++) {
        const written_entry *e = &w->entry[i / n * w->sequences + i % n];
        L = e->length > L ? e->length : L;
    }
    ore_shape s = ORE_SHAPE(w->P, n);
    double padding = end_id < 0 ? 0 : (double)end_id;
    ore_written out = {ore_full(ORE_SHAPE(w->P, n, L), padding, ORE_INT64), ore_empty(s, ORE_INT64),
                       ore_empty(s, ORE_FLOAT32)};
    if (!ore_ok())
        return none;
    int64_t *ids = ore_data_mut(out.ids), *lengths = ore_data_mut(out.lengths);
    float *scores = ore_data_mut(out.scores);
    for (int64_t i = 0; i < w->P * n; i++) {
        const written_entry *e = &w->entry[i / n * w->sequences + i % n];
        memcpy(ids + i * L, w->done_ids + e->place * w->max_tokens,
               (size_t)e->length * sizeof *ids);
        lengths[i] = e->length;
        scores[i] = (float)e->score;
    }
    return out;
}
