/* tokenizer_json.h: Hugging Face's tokenizer.json. */
#ifndef ORE_TEXT_TOKENIZER_JSON_H
#define ORE_TEXT_TOKENIZER_JSON_H

#include "text/composed/composed.h"

/* The stage of a role that an object with a "type" describes. NULL with an error:
 * ORE_UNSUPPORTED, naming it, for a type that Ore lacks. */
ore_stage *ore_stage_load(ore_composed *composed, ore_stage_role role, ore_json *json,
                          const char *path);
/* Writes a stage into an empty object. */
void ore_stage_save(const ore_stage *stage, const ore_composed *composed, ore_json *json);

/* The tokenizer of a whole file; `path` is for messages. */
ore_tokenizer *ore_composed_of_json(ore_json *root, const char *path);
/* Adds to the root of a file what ore_composed_of_json reads. */
void ore_composed_to_json(const ore_composed *composed, ore_json *root);

/* The special ones among the added tokens of a finished tokenizer are known by their content. */
ore_status ore_composed_name_specials(ore_tokenizer *tokenizer);
/* Names "separator" the token that ends texts, where it has one of the names that are usual. */
ore_status ore_composed_name_separator(ore_tokenizer *tokenizer);

/* Whether a member is there and not null. */
bool ore_json_has(const ore_json *json, const char *key);
/* Copies all members of an object into another. */
ore_status ore_json_copy(ore_json *from, ore_json *to);

#endif
