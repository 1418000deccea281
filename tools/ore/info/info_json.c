/* info_json.c: what `ore info --json` prints. */
#include <stdio.h>
#include <string.h>

#include "info/info.h"

static void set_total(ore_json *object, const info_total *total) {
    ore_json_set_int(object, "tensors", total->tensors);
    ore_json_set_int(object, "elements", total->elements);
    ore_json_set_int(object, "bytes", total->bytes);
}

static void add_entry(ore_json *list, const ore_tensor_entry *entry) {
    ore_json *tensor = ore_json_add_object(list);
    if (!tensor)
        return;
    ore_json_set_string(tensor, "name", entry->name);
    ore_json *shape = ore_json_set_array(tensor, "shape");
    for (int d = 0; d < entry->shape.ndim && shape; d++)
        ore_json_add_int(shape, entry->shape.dim[d]);
    ore_json_set_string(tensor, "coding", ore_coding_name(entry->coding));
    ore_json_set_int(tensor, "bytes", (int64_t)entry->bytes);
    ore_json_set_string(tensor, "file", entry->path);
}

static ore_status fill(const info_subject *s, ore_json *json) {
    ore_json_set_string(json, "path", s->path);
    ore_json_set_string(json, "format", ore_tensor_file_format(s->file));
    set_total(json, &s->total);
    if (s->not_finite >= 0)
        ore_json_set_int(json, "not_finite", s->not_finite);
    ore_json *codings = ore_json_set_object(json, "codings");
    for (int c = 0; c < ORE_CODING_COUNT && codings; c++)
        if (s->totals[c].tensors > 0) {
            ore_json *coding = ore_json_set_object(codings, ore_coding_name((ore_coding)c));
            if (coding)
                set_total(coding, &s->totals[c]);
        }
    if (s->tokenizer) {
        ore_json *tokenizer = ore_json_set_object(json, "tokenizer");
        if (tokenizer) {
            ore_json_set_string(tokenizer, "kind", ore_tokenizer_type(s->tokenizer));
            ore_json_set_int(tokenizer, "tokens", ore_tokenizer_size(s->tokenizer));
        }
    }
    if (s->template)
        ore_json_set_string(json, "chat_template", s->template);
    ore_json *list = ore_json_set_array(json, "list");
    for (int64_t i = 0; i < ore_tensor_file_count(s->file) && list && ore_ok(); i++)
        add_entry(list, ore_tensor_file_at(s->file, i));
    return ore_error_status();
}

/* Prints a member whose value is another document. */
static void print_document(const char *key, ore_json *document) {
    char *text = document ? ore_json_text(document, false) : NULL;
    if (text)
        printf(",\"%s\":%s", key, text);
    ore_string_free(text);
}

ore_status info_print_json(const info_subject *s) {
    ore_json *json = ore_json_object_new();
    char *text = json && fill(s, json) == ORE_OK ? ore_json_text(json, false) : NULL;
    ore_json *metadata = text ? ore_tensor_file_metadata(s->file) : NULL;
    if (metadata) {
        printf("%.*s", (int)strlen(text) - 1, text); /* without the brace that closes it */
        print_document("config", s->config);
        print_document("metadata", metadata);
        printf("}\n");
    }
    ore_string_free(text);
    ore_json_free(json);
    return ore_error_status();
}
