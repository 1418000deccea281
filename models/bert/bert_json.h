/* bert_json.h: BERT's config as Hugging Face's config.json. */
#ifndef ORE_MODELS_BERT_JSON_H
#define ORE_MODELS_BERT_JSON_H

#include "models/bert/bert.h"

/* Fills *c from config.json, but for its parts: what is missing there has its default.
 * ORE_UNSUPPORTED, naming the key, for what it asks and Ore lacks, and for keys that are not known;
 * ORE_DATA for values that cannot be. */
ore_status bert_config_read(ore_json *json, bert_config *c);
/* ORE_INVALID for values that the fields do not take or that do not go together. */
ore_status bert_config_check(const bert_config *c);
/* The config.json of a model, to be freed. */
ore_json *bert_config_write(const bert *model);

#endif
