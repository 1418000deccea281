/* class_names.h: the names of a run's classes, as one of its files keeps them. */
#ifndef ORE_TOOL_CLASS_NAMES_H
#define ORE_TOOL_CLASS_NAMES_H

#include <ore/io.h>

/* `from` copied behind the *count names of an array that has room for them. ORE_MEMORY. */
ore_status class_names_add(char **names, int64_t *count, const char *from);
/* The member "labels" of an object: *count names, which the caller owns, also after a failure. */
ore_status class_names_read(ore_json *object, char ***names, int64_t *count);
ore_status class_names_write(ore_json *object, char *const *names, int64_t count);
/* NULL is allowed. */
void class_names_free(char **names, int64_t count);

#endif
