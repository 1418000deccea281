/* flow.c: a text on its way through the stages of a composed tokenizer. */
#include <string.h>

#include "base/memory.h"
#include "text/composed/flow.h"

void ore_flow_release(ore_flow *flow) {
    ore_aligned_release(&flow->own);
    ore_release(flow->splits);
    ore_release(flow->other_splits);
    *flow = (ore_flow){0};
}

ore_status ore_flow_begin(ore_flow *flow, const char *text, size_t size) {
    if (size > INT32_MAX)
        return ore_fail(ORE_DATA, "tokenizer: %zu bytes of text without a place to part it", size);
    flow->text = text;
    flow->size = size;
    flow->spans = NULL;
    flow->other_count = 0;
    ore_status status = ore_flow_split(flow, 0, size, -1);
    ore_flow_splits_turn(flow);
    return status;
}

ore_aligned *ore_flow_own(ore_flow *flow) {
    if (flow->text != flow->own.bytes || !flow->own.bytes) {
        if (ore_aligned_set(&flow->own, flow->text, flow->size, 0, flow->ranged) != ORE_OK)
            return NULL;
        flow->own.begins = flow->begins;
        flow->own.ends = flow->ends;
    }
    return &flow->own;
}

void ore_flow_changed(ore_flow *flow) {
    flow->text = flow->own.bytes;
    flow->size = (size_t)flow->own.size;
    flow->spans = flow->own.spans;
}

/* ---- splits ---- */

ore_status ore_flow_split(ore_flow *flow, size_t start, size_t end, int32_t id) {
    if (start >= end)
        return ORE_OK;
    if (flow->other_count >= flow->other_capacity) {
        void *splits = flow->other_splits;
        if (ore_grow(&splits, &flow->other_capacity, flow->other_count + 1, sizeof(ore_segment)) !=
            ORE_OK)
            return ORE_MEMORY;
        flow->other_splits = splits;
    }
    flow->other_splits[flow->other_count++] = (ore_segment){(uint32_t)start, (uint32_t)end, id};
    return ORE_OK;
}

void ore_flow_splits_turn(ore_flow *flow) {
    ore_segment *splits = flow->splits;
    int64_t capacity = flow->split_capacity;
    flow->splits = flow->other_splits;
    flow->split_count = flow->other_count;
    flow->split_capacity = flow->other_capacity;
    flow->other_splits = splits;
    flow->other_capacity = capacity;
    flow->other_count = 0;
}
