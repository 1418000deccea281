/* format_hugging_face.c: tokenizer.json as a file of its own. */
#include "text/composed/tokenizer_json.h"

static bool matches(const ore_tokenizer_file *file) {
    return file->json && ore_json_kind_of(file->json, "model") == ORE_JSON_OBJECT;
}

static ore_tokenizer *read(const ore_tokenizer_file *file) {
    return ore_composed_of_json(file->json, file->path);
}

const ore_tokenizer_format ore_hugging_face_format = {
    .name = "Hugging Face's tokenizer.json", .matches = matches, .read = read};
