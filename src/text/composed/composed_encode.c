/* composed_encode.c: texts through the stages of a composed tokenizer.
 *
 * A text falls into sections at its added tokens, and each section goes through the stages as a
 * whole. Where the text goes on behind the piece that is here, its last section is open: then only
 * what no further text can change is taken, and the rest comes again with the next piece. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/composed/composed_encode.h"
#include "text/composed/normalize.h"

/* Bytes that go through the stages together, so that splits and ids are still in the cache when the
 * next stage reads them; more where nothing can be taken of so many. */
enum { BLOCK_BYTES = 1 << 14 };

typedef struct encoding {
    const ore_composed *tokenizer;
    ore_workspace *workspace;
    const char *text; /* a block of the text, */
    int64_t base;     /* which begins at this byte of it */
    bool inside;      /* a section goes on here */
    size_t joined;    /* a section that ends at this byte of the block goes on behind it */
    ore_token_list *out;
} encoding;

/* ---- workspaces ---- */

void ore_workspace_free(const ore_composed *composed, ore_workspace *workspace) {
    const ore_model_kind *model = (const ore_model_kind *)composed->model->kind;
    if (model->workspace_free)
        model->workspace_free(workspace->model);
    ore_flow_release(&workspace->flow);
    ore_release(workspace);
}

static ore_workspace *take_workspace(ore_composed *composed) {
    pthread_mutex_lock(&composed->lock);
    ore_workspace *w = composed->idle;
    if (w)
        composed->idle = w->next;
    pthread_mutex_unlock(&composed->lock);
    if (w)
        return w;
    const ore_model_kind *model = (const ore_model_kind *)composed->model->kind;
    w = ore_alloc_zero(sizeof *w);
    if (w && model->workspace_new && !(w->model = model->workspace_new(composed->model))) {
        ore_release(w);
        return NULL;
    }
    return w;
}

static void give_workspace(ore_composed *composed, ore_workspace *w) {
    pthread_mutex_lock(&composed->lock);
    w->next = composed->idle;
    composed->idle = w;
    pthread_mutex_unlock(&composed->lock);
}

/* ---- characters ---- */

/* How many bytes of a text are UTF-8 from its start on. */
static size_t valid_bytes(const char *text, size_t size) {
    const uint8_t *begin = (const uint8_t *)text, *at = begin, *end = begin + size;
    for (;;) {
        uint64_t eight;
        while (end - at >= 8 && (memcpy(&eight, at, 8), !(eight & UINT64_C(0x8080808080808080))))
            at += 8;
        uint32_t code_point;
        int n = ore_utf8_decode(at, end, &code_point);
        if (n == 0)
            return (size_t)(at - begin);
        at += n;
    }
}

/* How many bytes at the start of a text belong to no character. */
static size_t invalid_bytes(const char *text, size_t size) {
    const uint8_t *begin = (const uint8_t *)text, *at = begin, *end = begin + size;
    uint32_t code_point;
    while (at < end && ore_utf8_decode(at, end, &code_point) == 0) {
        int begun = ore_utf8_begun(at, end);
        at += begun ? begun : 1;
    }
    return (size_t)(at - begin);
}

/* Whether a text ends within a character that more bytes could complete, and where that begins. */
static size_t whole_characters(const char *text, size_t size) {
    const uint8_t *begin = (const uint8_t *)text, *end = begin + size;
    for (int back = 1; back < ORE_UTF8_BYTES_MAX && back <= (int)size; back++)
        if (ore_utf8_begun(end - back, end) == back)
            return size - (size_t)back;
    return size;
}

/* ---- ids ---- */

/* Ranges of the flow's text become those of the whole one. */
static void map_ranges(const encoding *e, const ore_flow *flow, int64_t from, size_t start) {
    ore_token_list *out = e->out;
    int64_t base = e->base + (int64_t)start;
    for (int64_t i = from; i < out->count; i++) {
        ore_token_range *r = &out->ranges[i];
        if (flow->spans && r->end > r->start) {
            r->end = flow->spans[r->end - 1].end;
            r->start = flow->spans[r->start].start;
        } else if (flow->spans && r->start < (int64_t)flow->size) {
            r->start = r->end = flow->spans[r->start].start;
        }
        r->start += base;
        r->end += base;
    }
}

/* The ids of the flow's splits, which is the section that begins at byte `start` of the block. */
static ore_status emit(const encoding *e, size_t start) {
    const ore_flow *flow = &e->workspace->flow;
    const ore_stage *model = e->tokenizer->model;
    int64_t from = e->out->count;
    for (int64_t i = 0; i < flow->split_count && ore_no_error();) {
        int64_t end = i;
        while (end < flow->split_count && flow->splits[end].id < 0)
            end++;
        if (end > i)
            ((const ore_model_kind *)model->kind)
                ->encode(model, e->tokenizer, e->workspace, i, end - i, e->out);
        if (end < flow->split_count && ore_no_error())
            ore_token_list_add(e->out, flow->splits[end].id, flow->splits[end].start,
                               flow->splits[end].end);
        i = end + 1;
    }
    if (e->out->ranged && ore_no_error())
        map_ranges(e, flow, from, start);
    return ore_error_status();
}

/* ---- how much of an open section can be taken ---- */

static bool may_cut(const ore_composed *t, const char *text, size_t size, size_t at) {
    return !t->normalizer || ore_normalizer_may_cut(t->normalizer, text, size, at);
}

/* The bytes of an open section whose normalized text no further text can change. */
static size_t settled_bytes(const ore_composed *t, const char *text, size_t size) {
    size_t at = size;
    while (at > 0 && !may_cut(t, text, size, at))
        do
            at--;
        while (at > 0 && ((uint8_t)text[at] & 0xC0) == 0x80);
    return at;
}

/* Where the flow's byte `at`, above 0, ends in the section. */
static size_t place_of(const ore_flow *flow, size_t at) {
    return flow->spans ? flow->spans[at - 1].end : at;
}

/* Whether the bytes on both sides of the flow's byte `at` stand for different bytes of the
 * section. */
static bool parts_origins(const ore_flow *flow, size_t at) {
    return !flow->spans || at >= flow->size || flow->spans[at].start >= flow->spans[at - 1].end;
}

/* Leaves out the splits at the end of an open section that further text could change. *taken
 * becomes the bytes of the section, text[0 .. size), that the others stand for. */
static void settle(const ore_composed *t, ore_flow *flow, const char *text, size_t size,
                   size_t *taken) {
    const ore_model_kind *model = (const ore_model_kind *)t->model->kind;
    bool growing = flow->open; /* the last split has no end yet */
    for (*taken = 0; flow->split_count > 0;) {
        ore_segment *s = &flow->splits[flow->split_count - 1];
        size_t length = s->end - s->start;
        if (growing && s->id < 0)
            length = model->cut ? model->cut(t->model, t, flow->text + s->start, length) : 0;
        if (length > 0) {
            s->end = s->start + (uint32_t)length;
            *taken = place_of(flow, s->end);
            if (*taken > 0 && parts_origins(flow, s->end) &&
                (*taken == size || may_cut(t, text, size, *taken)))
                return;
            if (growing && s->id < 0)
                continue; /* an earlier cut of the same split */
        }
        *taken = 0;
        growing = false;
        flow->split_count--;
    }
}

/* ---- sections ---- */

static ore_status split_whole(ore_flow *flow) {
    flow->other_count = 0;
    ore_status status = ore_flow_split(flow, 0, flow->size, -1);
    ore_flow_splits_turn(flow);
    return status;
}

/* The added tokens that are looked for in normalized text become splits. One ends where the next
 * begins, if that is among the spaces which it takes in: splits lie side by side. */
static ore_status split_added(const ore_added_finder *finder, ore_flow *flow) {
    ore_added_match before = {.id = -1}, m = before;
    int found;
    while ((found = ore_added_find(finder, flow->text, flow->size, flow->open, &m)) == 1) {
        size_t end = m.start < before.end ? m.start : before.end;
        if (ore_flow_split(flow, before.start, end, before.id) != ORE_OK ||
            ore_flow_split(flow, end, m.start, -1) != ORE_OK)
            return ore_error_status();
        before = m;
    }
    ore_status status = ore_flow_split(flow, before.start, before.end, before.id);
    if (status == ORE_OK)
        status = ore_flow_split(flow, before.end, found == 2 ? m.start : flow->size, -1);
    ore_flow_splits_turn(flow);
    return status;
}

/* The stages up to the model. */
static ore_status apply_stages(const ore_composed *t, ore_flow *flow, bool repair) {
    if (t->normalizer || repair) {
        ore_aligned *text = ore_flow_own(flow);
        if (!text || (t->normalizer && ore_normalizer_apply(t->normalizer, text) != ORE_OK))
            return ore_error_status();
        ore_flow_changed(flow);
        if (split_whole(flow) != ORE_OK)
            return ore_error_status();
    }
    if (t->finders[1] && split_added(t->finders[1], flow) != ORE_OK)
        return ore_error_status();
    return t->pre_tokenizer ? ((const ore_pre_tokenizer_kind *)t->pre_tokenizer->kind)
                                  ->apply(t->pre_tokenizer, flow)
                            : ORE_OK;
}

/* Encodes block bytes start .. end - 1, a section or what is here of one. *taken becomes the bytes
 * that were, all unless it is open. */
static ore_status encode_section(encoding *e, size_t start, size_t end, bool open, bool repair,
                                 size_t *taken) {
    const ore_composed *t = e->tokenizer;
    ore_flow *flow = &e->workspace->flow;
    const char *text = e->text + start;
    size_t size = end - start;
    *taken = size;
    if (open)
        size = settled_bytes(t, text, size);
    if (size == 0) {
        *taken = 0;
        return ORE_OK;
    }
    flow->ranged = e->out->ranged || open;
    flow->begins = !e->inside;
    flow->first = e->base + (int64_t)start == 0;
    flow->open = open;
    flow->ends = !open && end != e->joined;
    if (ore_flow_begin(flow, text, size) != ORE_OK || apply_stages(t, flow, repair) != ORE_OK)
        return ore_error_status();
    if (open)
        settle(t, flow, text, size, taken);
    if (*taken > 0) {
        bool added = flow->split_count > 0 && flow->splits[flow->split_count - 1].id >= 0;
        e->inside = !added;
    }
    return emit(e, start);
}

/* A run of bytes that are no UTF-8, straight to the model. */
static ore_status encode_bytes(encoding *e, size_t start, size_t end) {
    ore_flow *flow = &e->workspace->flow;
    flow->open = false;
    e->inside = true;
    return ore_flow_begin(flow, e->text + start, end - start) == ORE_OK ? emit(e, start)
                                                                        : ore_error_status();
}

/* Encodes block bytes start .. end - 1, in which no added token is found before normalization. */
static ore_status encode_between(encoding *e, size_t start, size_t end, bool open, size_t *taken) {
    const bool byte_level = e->tokenizer->byte_level;
    size_t limit = open ? start + whole_characters(e->text + start, end - start) : end;
    size_t at = start, part = 0;
    *taken = 0;
    while (at < limit) {
        size_t valid = at + valid_bytes(e->text + at, limit - at);
        bool repair = valid < limit && !byte_level, last = valid == limit || repair;
        size_t section_end = repair ? limit : valid;
        if (section_end > at &&
            encode_section(e, at, section_end, open && last, repair, &part) != ORE_OK)
            return ore_error_status();
        at = section_end > at ? at + part : at;
        if (last)
            break;
        size_t wrong = invalid_bytes(e->text + valid, limit - valid);
        if (open && valid + wrong == limit)
            break; /* the run may go on */
        if (encode_bytes(e, valid, valid + wrong) != ORE_OK)
            return ore_error_status();
        at = valid + wrong;
    }
    *taken = at - start;
    return ORE_OK;
}

/* Encodes a block. *taken becomes its bytes that were, all of them where the text ends with it. */
static ore_status encode_block(encoding *e, size_t size, bool ends, size_t *taken) {
    const ore_added_finder *finder = e->tokenizer->finders[0];
    ore_added_match m = {0};
    size_t at = 0, part, whole = ends ? size : whole_characters(e->text, size);
    *taken = 0;
    for (;;) {
        int found = finder ? ore_added_find(finder, e->text, whole, !ends, &m) : 0;
        bool open = !ends && found != 1;
        size_t end = found ? m.start : size;
        if (encode_between(e, at, end, open, &part) != ORE_OK)
            return ore_error_status();
        *taken = at + part;
        if (found != 1)
            return ORE_OK;
        if (ore_token_list_add(e->out, m.id, e->base + (int64_t)m.start,
                               e->base + (int64_t)m.end) != ORE_OK)
            return ore_error_status();
        e->inside = false;
        at = m.end;
    }
}

/* ---- texts ---- */

static ore_status encode_blocks(encoding *e, const char *text, size_t bytes, bool last,
                                bool goes_on, size_t *used) {
    const int64_t base = e->base;
    size_t wanted = BLOCK_BYTES;
    while (*used < bytes) {
        size_t left = bytes - *used, size = left < wanted ? left : wanted, taken;
        bool ends = last && size == left;
        e->joined = ends && goes_on ? size : SIZE_MAX;
        e->text = text + *used;
        e->base = base + (int64_t)*used;
        if (encode_block(e, size, ends, &taken) != ORE_OK)
            return ore_error_status();
        if (taken == 0 && size == left)
            break; /* what is here has to wait for more */
        wanted = taken == 0 ? 2 * wanted : BLOCK_BYTES;
        *used += taken;
    }
    return ORE_OK;
}

ore_status ore_composed_encode(const ore_tokenizer *tokenizer, ore_text_place *place,
                               const char *text, size_t bytes, bool last, size_t *used,
                               ore_token_list *out) {
    ore_composed *composed = (ore_composed *)tokenizer;
    ore_workspace *w = take_workspace(composed);
    if (!w)
        return ore_error_status();
    encoding e = {composed, w, text, place->byte, place->inside, SIZE_MAX, out};
    ore_status status = encode_blocks(&e, text, bytes, last, place->goes_on, used);
    give_workspace(composed, w);
    if (status != ORE_OK)
        ore_error_locate(place->name);
    place->byte += (int64_t)*used;
    place->inside = e.inside;
    return status;
}
