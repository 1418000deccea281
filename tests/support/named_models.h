/* named_models.h: the models of models/models.def as messages name them, so that tests of messages
 * need no change for a new one. */
#ifndef ORE_TESTS_NAMED_MODELS_H
#define ORE_TESTS_NAMED_MODELS_H

/* "gpt|transformer|..|wavenet" */
const char *models_with_bars(void);
/* "gpt, transformer, .. or wavenet" */
const char *models_in_words(void);

#endif
