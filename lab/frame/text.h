/* text.h: memory and texts of the lab. */
#ifndef LAB_TEXT_H
#define LAB_TEXT_H

#include <stdarg.h>
#include <stdio.h>

#include <ore/base.h>

/* Zeroed memory, to be freed; NULL with ORE_MEMORY. */
void *lab_allocate(size_t bytes);
/* Room for one more element of `size` bytes, zeroed, at the end of the array that `list` points to
 * (a T **); NULL with ORE_MEMORY. */
void *lab_add(void *list, int64_t *count, size_t size);
char *lab_copy(const char *text);
char *lab_format(const char *format, va_list arguments);
/* The text between a pair of quotes with its \n resolved; any other text as it is. */
char *lab_unquote(const char *text);
/* The inverse: the text between quotes, its newlines written \n; NULL with ORE_MEMORY. */
char *lab_quote(const char *text);
/* A copy in which whole numbers of five digits and more have separators, "124,337,664". Spaces
 * before a number give way, all but one, so that columns stay in line. What stands between double
 * quotes or grave accents is kept as it is, as are decimals. */
char *lab_grouped(const char *text);
/* How many characters `bytes` of UTF-8 text have, code points counted. */
int64_t lab_width(const char *text, size_t bytes);
/* Prints a paragraph, folded to lines of `columns`. */
void lab_print_folded(FILE *out, const char *text, int columns);

#endif
