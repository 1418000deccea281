/* composed_encode.h: the encoding of composed tokenizers. */
#ifndef ORE_TEXT_COMPOSED_ENCODE_H
#define ORE_TEXT_COMPOSED_ENCODE_H

#include "text/composed/composed.h"

/* The functions of the kind "composed" (tokenizer.h). */
ore_status ore_composed_encode(const ore_tokenizer *tokenizer, ore_text_place *place,
                               const char *text, size_t bytes, bool last, size_t *used,
                               ore_token_list *out);
/* composed_divide.c */
size_t ore_composed_divide(const ore_tokenizer *tokenizer, const char *text, size_t size,
                           size_t from);
void ore_workspace_free(const ore_composed *composed, ore_workspace *workspace);

#endif
