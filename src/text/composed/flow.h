/* flow.h: a text on its way through the stages of a composed tokenizer.
 *
 * A flow holds one section: the text between two added tokens, or between the text's ends. Stages
 * that change it (normalizers, and some pre-tokenizers) say of each byte which bytes of the section
 * it came from, so that every token has its range in the original text. */
#ifndef ORE_TEXT_FLOW_H
#define ORE_TEXT_FLOW_H

#include <ore/text.h>

/* Bytes start .. end - 1 of a text. */
typedef struct ore_bytes_range {
    uint32_t start, end;
} ore_bytes_range;

/* A part of the flow's text that no token crosses. */
typedef struct ore_split {
    uint32_t start, end;
    int32_t id; /* of the added token that stands here; -1: text for the stages that follow */
} ore_split;

enum { ORE_FLOW_BYTES_MAX = 1 << 30 }; /* of a section, before and after normalization */

typedef struct ore_flow {
    const char *text; /* (size) as the stages have made it so far; UTF-8 */
    size_t size;
    /* (size) the section's bytes that each byte stands for; NULL: the text is the section itself,
     * or `ranged` is false and nobody asks. */
    const ore_bytes_range *origins;
    bool ranged; /* origins are kept */

    ore_split *splits; /* (split_count) in order, not empty; gaps between them are dropped */
    int64_t split_count, split_capacity;

    bool begins; /* the section begins here: the text's start or an added token stands before it */
    bool first;  /* the text itself begins here */
    /* More of the section may follow the text, so what a stage finds at its end may change. A
     * pre-tokenizer that makes splits keeps only those that nothing that follows can change, and
     * sets `open` to false: the stages after it then see complete splits only. */
    bool open;

    /* What replaces the text: two buffers, of which one holds the text. */
    struct ore_flow_buffer {
        char *text;
        int64_t text_capacity;
        ore_bytes_range *origins;
        int64_t origins_capacity;
    } buffers[2];
    size_t put; /* bytes of the next text so far */
    int next;   /* the buffer for it */
    ore_split *other_splits; /* (other_count) what replaces the splits */
    int64_t other_count, other_capacity;
} ore_flow;

void ore_flow_release(ore_flow *flow);

/* ---- changing the text ---- */

/* Append to the text that replaces this one; ore_flow_turn then puts it in place. Each fails with
 * ORE_MEMORY, and with ORE_DATA where the text would be longer than ORE_FLOW_BYTES_MAX. */

/* Bytes that stand for bytes start .. end - 1 of the text as it is now (start == end: they are
 * inserted, and count as part of the byte before or, at the start, of nothing). */
ore_status ore_flow_put(ore_flow *flow, const char *bytes, size_t count, size_t start, size_t end);
/* The bytes start .. end - 1 of the text, as they are. */
ore_status ore_flow_keep(ore_flow *flow, size_t start, size_t end);
/* The text becomes what was put. Splits are left as they are: a pre-tokenizer makes new ones. */
void ore_flow_turn(ore_flow *flow);

/* ---- making splits ---- */

/* A pre-tokenizer goes over the splits there are, gives new ones in order, and turns. An empty
 * split is left out. */
ore_status ore_flow_split(ore_flow *flow, size_t start, size_t end, int32_t id);
/* The splits become those that were given. */
void ore_flow_splits_turn(ore_flow *flow);

#endif
