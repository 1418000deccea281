/* layout.c: tensors as text beside and above one another. */
#include <string.h>

#include <ore/debug.h>

#include "base/memory.h"
#include "debug/text.h"

/* One item, as lines. */
typedef struct block {
    char *text; /* heading and values */
    const char *line;
    int64_t width;
} block;

/* Columns that a line takes: its characters of UTF-8, up to the line feed or the end. */
static int64_t columns_of(const char *line) {
    int64_t columns = 0;
    for (; *line && *line != '\n'; line++)
        columns += ((unsigned char)*line & 0xC0) != 0x80;
    return columns;
}

static const char *next_line(const char *line) {
    const char *end = strchr(line, '\n');
    return end && end[1] ? end + 1 : NULL;
}

static void put_heading(debug_text *t, const ore_text_item *item, bool shapes_only) {
    char shape[ORE_SHAPE_TEXT];
    const char *name = item->name ? item->name : "";
    debug_put(t, "%s", name);
    if (item->tensor)
        debug_put(t, "%s%s", *name ? " " : "", ore_shape_text(ore_shape_of(item->tensor), shape));
    if (item->tensor && shapes_only)
        debug_put(t, " %s", ore_dtype_name(ore_tensor_dtype(item->tensor)));
    if (t->length)
        debug_put(t, "\n");
}

/* The text of one item, which ends with a line feed; NULL with the error pending. */
static char *item_text(const ore_text_item *item, int i, bool shapes_only) {
    debug_text t = {.text = NULL};
    if (!item->tensor == !item->text)
        ore_fail(ORE_INVALID, "text: item %d has %s, expected a tensor or a text", i,
                 item->tensor ? "a tensor and a text" : "neither a tensor nor a text");
    if (!ore_ok())
        return NULL;
    put_heading(&t, item, shapes_only);
    char *values = item->tensor && !shapes_only ? ore_tensor_text(item->tensor) : NULL;
    const char *text = item->tensor ? values : item->text;
    if (text)
        debug_put(&t, "%s%s", text, *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
    ore_string_free(values);
    return debug_text_result(&t);
}

static bool items_fit(int n, const ore_text_item *items) {
    if (ore_ok() && (n < 0 || (n > 0 && !items)))
        ore_fail(ORE_INVALID, "text: %d items, expected a list of 0 or more", n);
    return ore_ok();
}

enum { GAP = 2 }; /* blanks between two items */

/* One line of all blocks; false when none has any left. */
static bool put_line(debug_text *t, block *blocks, int n) {
    int64_t at = 0, start = 0;
    bool any = false;
    for (int i = 0; i < n; i++) {
        const char *line = blocks[i].line;
        any = any || line;
        if (line && *line != '\n' && *line) {
            debug_blanks(t, start - at);
            int bytes = (int)strcspn(line, "\n");
            debug_put(t, "%.*s", bytes, line);
            at = start + columns_of(line);
        }
        start += blocks[i].width + GAP;
        blocks[i].line = line ? next_line(line) : NULL;
    }
    if (any)
        debug_put(t, "\n");
    return any;
}

char *ore_text_h(int n, const ore_text_item *items, bool shapes_only) {
    debug_text t = {.text = NULL};
    if (!items_fit(n, items))
        return NULL;
    block *blocks = ore_alloc_zero((size_t)n * sizeof *blocks);
    for (int i = 0; blocks && i < n; i++) {
        blocks[i].line = blocks[i].text = item_text(&items[i], i, shapes_only);
        for (const char *line = blocks[i].line; line; line = next_line(line))
            blocks[i].width =
                columns_of(line) > blocks[i].width ? columns_of(line) : blocks[i].width;
    }
    while (ore_ok() && put_line(&t, blocks, n))
        ;
    for (int i = 0; blocks && i < n; i++)
        ore_string_free(blocks[i].text);
    ore_release(blocks);
    return debug_text_result(&t);
}

char *ore_text_v(int n, const ore_text_item *items, bool shapes_only) {
    debug_text t = {.text = NULL};
    if (!items_fit(n, items))
        return NULL;
    for (int i = 0; i < n && ore_ok(); i++) {
        char *text = item_text(&items[i], i, shapes_only);
        if (text)
            debug_put(&t, "%s%s", i && !shapes_only ? "\n" : "", text);
        ore_string_free(text);
    }
    return debug_text_result(&t);
}
