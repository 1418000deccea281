/* info_folder.c: what lies beside tensors: a config, a tokenizer, a chat template. */
#include <stdio.h>
#include <string.h>

#include "info/info.h"
#include "open/published.h"

/* Tokenizers' files, the first of which that is there is read. */
static const char *const tokenizers[] = {"tokenizer.json", "tokenizer.model", "vocab.json",
                                         "vocab.txt"};
enum { TOKENIZERS = sizeof tokenizers / sizeof *tokenizers };

/* The path of a file of the folder, or NULL where it is not there. */
static char *find_file(const char *folder, const char *name) {
    char *path = ore_path_join(folder, name);
    if (path && ore_path_kind_of(path) == ORE_PATH_FILE)
        return path;
    ore_string_free(path);
    return NULL;
}

/* What lies beside the tensors may be damaged without harm to them. */
static void forgive(void) {
    if (!ore_ok())
        fprintf(stderr, "ore info: %s\n", ore_error_message());
    ore_error_clear();
}

static ore_json *load_json(const char *folder, const char *name) {
    char *path = find_file(folder, name);
    ore_json *json = path ? ore_json_load(path) : NULL;
    ore_string_free(path);
    forgive();
    return json;
}

static void open_tokenizer(info_subject *s, const char *path) {
    s->tokenizer = ore_tokenizer_load(path);
    forgive();
}

/* The first of the folder's tokenizers. */
static void find_tokenizer(info_subject *s) {
    bool found = false;
    for (int i = 0; i < TOKENIZERS && !found; i++) {
        char *path = find_file(s->path, tokenizers[i]);
        found = path != NULL;
        if (found)
            open_tokenizer(s, path);
        ore_string_free(path);
    }
}

static void find_template(info_subject *s) {
    s->template = published_template(s->path);
    forgive();
}

static ore_status look_in_folder(info_subject *s) {
    s->config = load_json(s->path, "config.json");
    find_tokenizer(s);
    find_template(s);
    return ore_error_status();
}

ore_status info_look_around(info_subject *s) {
    if (ore_path_kind_of(s->path) == ORE_PATH_FOLDER)
        return look_in_folder(s);
    if (strcmp(ore_tensor_file_format(s->file), "GGUF") != 0)
        return ore_error_status();
    ore_json *metadata = ore_tensor_file_metadata(s->file);
    if (ore_json_kind_of(metadata, "tokenizer.ggml.model") != ORE_JSON_MISSING)
        open_tokenizer(s, s->path);
    find_template(s);
    return ore_error_status();
}
