/* conversion.h: what `ore convert` can make of what. */
#ifndef ORE_TOOL_CONVERSION_H
#define ORE_TOOL_CONVERSION_H

#include <ore/tensor_file.h>

typedef struct convert_config {
    int best, force;
    int dtype;       /* an ore_dtype, or CONFIG_AUTO: the same as its name for type */
    char *type;      /* a coding's name, or "auto" */
    double shard_gb; /* 10^9 bytes; 0: one file */
} convert_config;

typedef struct conversion {
    /* Whether it is for what is at `from` and is to be at `to`. */
    bool (*takes)(const char *from, const char *to);
    ore_status (*convert)(const char *from, const char *to, const convert_config *c);
} conversion;

/* A model, of a run or published, to a folder of Hugging Face (to_folder.c). */
extern const conversion conversion_to_folder;
/* A file of tensors to another one, whose name ends in its format (tensors.c). */
extern const conversion conversion_tensors;
/* A model, of a run or in a folder, to a GGUF file (to_gguf.c). */
extern const conversion conversion_to_gguf;

/* Reads a type but "auto"; ORE_INVALID for what the target cannot have (tensors.c). */
ore_status conversion_type(const char *text, const char *target, ore_coding *coding);
/* Adds what GGUF says of a folder's tokenizer and its chat template (gguf_tokenizer.c). Where it
 * has no place for the tokenizer, tells so on standard error. */
ore_status conversion_add_tokenizer(const char *folder, ore_json *marks, ore_json *metadata);

#endif
