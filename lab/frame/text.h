/* text.h: the lab's helpers for memory and texts. */
#ifndef LAB_TEXT_H
#define LAB_TEXT_H

#include <stdarg.h>
#include <stdio.h>

#include <ore/base.h>

/* Zeroed memory, to be freed; NULL with ORE_MEMORY. */
void *lab_allocate(size_t bytes);
/* Appends one element of `size` bytes, all zero, to the array of *count elements that `list` (a T
 * **) points to, and returns it; NULL with ORE_MEMORY. */
void *lab_add(void *list, int64_t *count, size_t size);
char *lab_copy(const char *text);
char *lab_format(const char *format, va_list arguments);
/* Of a text between a pair of quotes: what is between them, with \n as newlines; of any other text:
 * a copy. */
char *lab_unquote(const char *text);
/* The inverse: the text between quotes, its newlines written \n; NULL with ORE_MEMORY. */
char *lab_quote(const char *text);
/* A copy in which whole numbers of five digits and more have separators, "124,337,664". Spaces
 * before a number are removed in return, all but one, so that columns stay aligned. Decimals, and
 * what is between double quotes or backquotes, are kept as they are. */
char *lab_grouped(const char *text);
/* The number of code points in `bytes` bytes of UTF-8. */
int64_t lab_width(const char *text, size_t bytes);
/* Prints a paragraph in lines of at most `columns` characters. */
void lab_print_folded(FILE *out, const char *text, int columns);

#endif
