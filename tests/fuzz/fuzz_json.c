/* Any bytes as JSON: refused with ORE_DATA, or its text reads back as the same text. */
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    ore_json *json = ore_json_parse((const char *)data, size, "fuzz");
    if (!json) {
        if (ore_error_status() != ORE_DATA || strchr(ore_error_message(), '\n'))
            abort();
        ore_error_clear();
        return 0;
    }
    for (int indented = 0; indented < 2; indented++) {
        char *text = ore_json_text(json, indented);
        ore_json *back = text ? ore_json_parse(text, strlen(text), "text") : NULL;
        char *again = ore_json_text(back, indented);
        if (!again || strcmp(text, again) != 0)
            abort();
        ore_string_free(again);
        ore_json_free(back);
        ore_string_free(text);
    }
    ore_json_free(json);
    return 0;
}
