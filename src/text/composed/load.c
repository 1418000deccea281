/* load.c: tokenizers from files, whose format their content shows. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mapping.h"
#include "io/json.h"
#include "text/composed/composed.h"

static const ore_tokenizer_format *const formats[] = {
#define FORMAT(name) &ore_##name##_format,
#include "text/composed/formats.def"
#undef FORMAT
};
enum { FORMATS = sizeof formats / sizeof *formats };

ore_tokenizer_options ore_tokenizer_defaults(void) {
    return (ore_tokenizer_options){.pattern = NULL};
}

static const ore_tokenizer_format *format_of(const ore_tokenizer_file *file) {
    for (int i = 0; i < FORMATS; i++)
        if (formats[i]->matches(file))
            return formats[i];
    return NULL;
}

static bool is_json(const ore_mapping *mapping) {
    size_t at = 0;
    while (at < mapping->size && strchr(" \t\r\n", mapping->bytes[at]) && mapping->bytes[at])
        at++;
    return at < mapping->size && mapping->bytes[at] == '{';
}

static ore_tokenizer *read_file(ore_tokenizer_file *file) {
    const ore_tokenizer_format *format = format_of(file);
    if (!format)
        return file->json ? ore_tokenizer_of_json(file->json, file->path) : NULL;
    if (file->options->pattern && !format->takes_pattern) {
        ore_fail(ORE_INVALID, "%s: a pattern is given, but the file is %s, which has its own",
                 file->path, format->name);
        return NULL;
    }
    return format->read(file);
}

ore_tokenizer *ore_tokenizer_load_with(const char *path, const ore_tokenizer_options *options) {
    const ore_tokenizer_options o = options ? *options : ore_tokenizer_defaults();
    ore_mapping mapping = {0};
    if (!ore_ok() || ore_mapping_open(&mapping, path) != ORE_OK)
        return NULL;
    ore_tokenizer_file file = {
        .path = path, .bytes = (const char *)mapping.bytes, .size = mapping.size, .options = &o};
    if (is_json(&mapping))
        file.json = ore_json_parse_zeros(file.bytes, file.size, path);
    else if (!format_of(&file))
        ore_fail(
            ORE_DATA,
            "%s: no tokenizer: expected a tokenizer.json, vocab.json or merges.txt, a tiktoken "
            "rank file, a SentencePiece model or a GGUF file",
            path);
    ore_tokenizer *tokenizer = ore_ok() ? read_file(&file) : NULL;
    ore_json_free(file.json);
    ore_mapping_check(&mapping, path, NULL);
    ore_mapping_close(&mapping);
    if (ore_ok())
        return tokenizer;
    ore_tokenizer_free(tokenizer);
    return NULL;
}

ore_tokenizer *ore_tokenizer_load(const char *path) {
    return ore_tokenizer_load_with(path, NULL);
}
