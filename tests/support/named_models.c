#include <stdio.h>

#include "models/family.h"
#include "support/named_models.h"

enum { NAMES_BYTES = 512 };

static const char *joined(char *text, const char *between, const char *before_last) {
    size_t used = 0;
    for (int i = 0; i < model_count() && used < NAMES_BYTES; i++) {
        const char *before = i == 0 ? "" : i == model_count() - 1 ? before_last : between;
        used += (size_t)snprintf(text + used, NAMES_BYTES - used, "%s%s", before,
                                 model_at(i)->name);
    }
    return text;
}

const char *models_with_bars(void) {
    static char text[NAMES_BYTES];
    return joined(text, "|", "|");
}

const char *models_in_words(void) {
    static char text[NAMES_BYTES];
    return joined(text, ", ", " or ");
}
