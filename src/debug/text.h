/* text.h: a text that grows. */
#ifndef ORE_DEBUG_TEXT_H
#define ORE_DEBUG_TEXT_H

#include <ore/base.h>

/* Begins as zeros. Where memory runs out, the error is pending and the text stays as it was. */
typedef struct debug_text {
    char *text;
    int64_t length, capacity;
} debug_text;

void debug_put(debug_text *t, const char *format, ...) ORE_PRINTF(2, 3);
/* `width` blanks. */
void debug_blanks(debug_text *t, int64_t width);
/* The text for the caller, "" where nothing was put; NULL, and the text released, with an error. */
char *debug_text_result(debug_text *t);

/* "1.5 MiB", with a sign, into text, which is returned. */
enum { DEBUG_BYTES_TEXT = 32 };
const char *debug_bytes_text(double bytes, char text[DEBUG_BYTES_TEXT]);

#endif
