/* flow.h: a text on its way through the stages of a composed tokenizer.
 *
 * A flow holds one section: the text between two added tokens, or between the text's ends. Stages
 * that change it (normalizers, and some pre-tokenizers) say of each byte which bytes of the section
 * it came from, so that every token has its range in the original text. */
#ifndef ORE_TEXT_FLOW_H
#define ORE_TEXT_FLOW_H

#include <ore/text.h>

#include "text/aligned.h"

/* A part of the flow's text that no token crosses. */
typedef struct ore_segment {
    uint32_t start, end;
    int32_t id; /* of the added token that stands here; -1: text for the stages that follow */
} ore_segment;

typedef struct ore_flow {
    const char *text; /* (size) as the stages have made it so far; UTF-8 */
    size_t size;
    /* (size) the section's bytes that each byte stands for; NULL: the text is the section itself,
     * or `ranged` is false and nobody asks. */
    const ore_span *spans;
    bool ranged;     /* spans are kept */
    ore_aligned own; /* the text, where `text` points to it: ore_flow_own */

    ore_segment *splits; /* (split_count) in order, not empty; gaps between them are dropped */
    int64_t split_count, split_capacity;

    bool begins; /* the section begins here: the text's start or an added token stands before it */
    bool ends;   /* and ends here: the text's end or an added token stands behind it */
    bool first;  /* the text itself begins here */
    /* More of the section may follow the text, so what a stage finds at its end may change. A
     * pre-tokenizer that makes splits keeps only those that nothing that follows can change, and
     * sets `open` to false: the stages after it then see complete splits only. */
    bool open;

    ore_segment *other_splits; /* (other_count) what replaces the splits */
    int64_t other_count, other_capacity;
} ore_flow;

void ore_flow_release(ore_flow *flow);

/* The flow begins anew with a section, which is borrowed, as one split. */
ore_status ore_flow_begin(ore_flow *flow, const char *text, size_t size);
/* The text moves to memory of the flow's own, where ore_rewrite can change it: for stages that do.
 * NULL with ORE_MEMORY. */
ore_aligned *ore_flow_own(ore_flow *flow);
/* Called after such a change: the text is that of flow->own. Splits are left as they are. */
void ore_flow_changed(ore_flow *flow);

/* ---- making splits ---- */

/* A pre-tokenizer goes over the splits there are, gives new ones in order, and turns. An empty
 * split is left out. */
ore_status ore_flow_split(ore_flow *flow, size_t start, size_t end, int32_t id);
/* The splits become those that were given. */
void ore_flow_splits_turn(ore_flow *flow);

#endif
