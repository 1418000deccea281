/* gguf_tokenizer.c: a byte-level BPE tokenizer, tokenizer.json, as GGUF has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert/conversion.h"
#include "open/published.h"

#define KEY(name) "tokenizer.ggml." name

/* Types of tokens in GGUF. */
enum { NORMAL = 1, CONTROL = 3, USER = 4, UNUSED = 5 };

/* What GGUF calls the patterns of tokenizer.json that part a text before bytes are taken. */
static const struct {
    const char *pattern, *name;
    bool ignore_merges; /* readers of the name take a word that is a token without merges */
} patterns[] = {
    {"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
     "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     "llama-bpe", true},
    {"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
     "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
     "qwen2", false},
};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

static bool is(const ore_json *object, const char *key, const char *text) {
    return ore_json_kind_of(object, key) == ORE_JSON_STRING &&
           strcmp(ore_json_get_string(object, key), text) == 0;
}

static bool is_true(const ore_json *object, const char *key, bool missing) {
    bool value = missing;
    if (ore_json_kind_of(object, key) == ORE_JSON_BOOL)
        ore_json_get_bool(object, key, &value);
    return value;
}

/* The name of one stage, or of the pattern that it parts by; NULL. */
static const char *name_of_stage(ore_json *stage, bool ignore_merges) {
    if (is(stage, "type", "ByteLevel"))
        return is_true(stage, "use_regex", true) && !is_true(stage, "add_prefix_space", true) &&
                       !ignore_merges
                   ? "gpt-2"
                   : NULL;
    if (!is(stage, "type", "Split") || ore_json_kind_of(stage, "pattern") != ORE_JSON_OBJECT)
        return NULL;
    ore_json *pattern = ore_json_get_object(stage, "pattern");
    for (int i = 0; i < PATTERNS; i++)
        if (is(pattern, "Regex", patterns[i].pattern) && patterns[i].ignore_merges == ignore_merges)
            return patterns[i].name;
    return NULL;
}

/* A split by a pattern and ByteLevel behind it, or ByteLevel alone. */
static const char *name_of_pre(ore_json *pre, bool ignore_merges) {
    if (!is(pre, "type", "Sequence") || ore_json_kind_of(pre, "pretokenizers") != ORE_JSON_ARRAY)
        return name_of_stage(pre, ignore_merges);
    ore_json *stages = ore_json_get_array(pre, "pretokenizers");
    ore_json *last = ore_json_count(stages) == 2 ? ore_json_at_object(stages, 1) : NULL;
    return last && is(last, "type", "ByteLevel") && !is_true(last, "use_regex", true)
               ? name_of_stage(ore_json_at_object(stages, 0), ignore_merges)
               : NULL;
}

/* ---- tokens ---- */

typedef struct gguf_token {
    const char *text; /* NULL: no token has this id */
    int type;
} gguf_token;

typedef struct tokens {
    gguf_token *items; /* (count) by id */
    int64_t count, capacity;
} tokens;

static ore_status put(tokens *t, int64_t id, const char *text, int type) {
    enum { MOST = 1 << 24 };
    if (id < 0 || id >= MOST)
        return ore_fail(ORE_DATA, "token %lld, expected ids of 0 .. %d", (long long)id, MOST - 1);
    if (id >= t->capacity) {
        int64_t room = 2 * id + 1024;
        gguf_token *items = realloc(t->items, (size_t)room * sizeof *items);
        if (!items)
            return ore_fail(ORE_MEMORY, "out of memory");
        memset(items + t->capacity, 0, (size_t)(room - t->capacity) * sizeof *items);
        t->items = items;
        t->capacity = room;
    }
    t->items[id] = (gguf_token){text, type};
    t->count = id >= t->count ? id + 1 : t->count;
    return ORE_OK;
}

static ore_status take_tokens(ore_json *json, ore_json *model, tokens *t) {
    ore_json *vocab = ore_json_get_object(model, "vocab");
    int64_t id = 0;
    for (int64_t i = 0; i < ore_json_count(vocab) && ore_ok(); i++) {
        const char *text = ore_json_key(vocab, i);
        if (ore_json_get_int(vocab, text, &id) == ORE_OK)
            put(t, id, text, NORMAL);
    }
    if (ore_json_kind_of(json, "added_tokens") != ORE_JSON_ARRAY)
        return ore_error_status();
    ore_json *added = ore_json_get_array(json, "added_tokens");
    for (int64_t i = 0; i < ore_json_count(added) && ore_ok(); i++) {
        ore_json *token = ore_json_at_object(added, i);
        if (token && ore_json_get_int(token, "id", &id) == ORE_OK)
            put(t, id, ore_json_get_string(token, "content"),
                is_true(token, "special", false) ? CONTROL : USER);
    }
    return ore_error_status();
}

static ore_status write_tokens(const tokens *t, ore_json *metadata) {
    char hole[32];
    ore_json *texts = ore_json_set_array(metadata, KEY("tokens"));
    ore_json *types = texts ? ore_json_set_array(metadata, KEY("token_type")) : NULL;
    for (int64_t id = 0; id < t->count && types && ore_ok(); id++) {
        const gguf_token *item = &t->items[id];
        snprintf(hole, sizeof hole, "[PAD%lld]", (long long)id);
        ore_json_add_string(texts, item->text ? item->text : hole);
        ore_json_add_int(types, item->text ? item->type : UNUSED);
    }
    return ore_error_status();
}

/* Merges are texts "a b", or in newer files pairs. */
static ore_status write_merges(ore_json *model, ore_json *metadata) {
    ore_json *from = ore_json_get_array(model, "merges");
    ore_json *to = from ? ore_json_set_array(metadata, KEY("merges")) : NULL;
    for (int64_t i = 0; i < ore_json_count(from) && to && ore_ok(); i++) {
        if (ore_json_kind_at(from, i) == ORE_JSON_STRING) {
            ore_json_add_string(to, ore_json_at_string(from, i));
            continue;
        }
        ore_json *pair = ore_json_at_array(from, i);
        const char *a = pair ? ore_json_at_string(pair, 0) : NULL;
        const char *b = a ? ore_json_at_string(pair, 1) : NULL;
        char *text = b ? malloc(strlen(a) + strlen(b) + 2) : NULL;
        if (text) {
            sprintf(text, "%s %s", a, b);
            ore_json_add_string(to, text);
        }
        free(text);
    }
    return ore_error_status();
}

/* ---- the tokenizer ---- */

static ore_status copy_id(ore_json *marks, const char *from, ore_json *metadata, const char *to) {
    int64_t id = 0;
    if (!marks || ore_json_kind_of(marks, from) != ORE_JSON_INT ||
        ore_json_get_int(marks, from, &id) != ORE_OK)
        return ore_error_status();
    return ore_json_set_int(metadata, to, id);
}

/* What the post-processor puts before a text: a token, or nothing. */
static bool adds_begin(ore_json *json) {
    if (ore_json_kind_of(json, "post_processor") != ORE_JSON_OBJECT)
        return false;
    char *text = ore_json_text(ore_json_get_object(json, "post_processor"), false);
    const char *single = text ? strstr(text, "\"single\"") : NULL;
    const char *token = single ? strstr(single, "SpecialToken") : NULL;
    const char *sequence = single ? strstr(single, "\"Sequence\"") : NULL;
    bool adds = token && sequence && token < sequence;
    ore_string_free(text);
    return adds;
}

static ore_status add_bpe(ore_json *json, ore_json *model, const char *pre, ore_json *marks,
                          ore_json *metadata) {
    tokens t = {NULL, 0, 0};
    ore_json_set_string(metadata, KEY("model"), "gpt2");
    ore_json_set_string(metadata, KEY("pre"), pre);
    if (take_tokens(json, model, &t) == ORE_OK)
        write_tokens(&t, metadata);
    write_merges(model, metadata);
    copy_id(marks, "bos_token_id", metadata, KEY("bos_token_id"));
    copy_id(marks, "eos_token_id", metadata, KEY("eos_token_id"));
    copy_id(marks, "pad_token_id", metadata, KEY("padding_token_id"));
    ore_json_set_bool(metadata, KEY("add_bos_token"), adds_begin(json));
    free(t.items);
    return ore_error_status();
}

static ore_json *load(const char *folder, const char *name) {
    char *path = ore_path_join(folder, name);
    bool there = path && ore_path_kind_of(path) == ORE_PATH_FILE;
    ore_json *json = there ? ore_json_load(path) : NULL;
    ore_string_free(path);
    return json;
}

static ore_status add_template(const char *folder, ore_json *metadata) {
    char *text = published_template(folder);
    if (text)
        ore_json_set_string(metadata, "tokenizer.chat_template", text);
    free(text);
    return ore_error_status();
}

ore_status conversion_add_tokenizer(const char *folder, ore_json *marks, ore_json *metadata) {
    ore_json *json = load(folder, "tokenizer.json");
    ore_json *model = ore_json_kind_of(json, "model") == ORE_JSON_OBJECT
                          ? ore_json_get_object(json, "model")
                          : NULL;
    ore_json *how = ore_json_kind_of(json, "pre_tokenizer") == ORE_JSON_OBJECT
                        ? ore_json_get_object(json, "pre_tokenizer")
                        : NULL;
    const char *pre = model && how && ore_json_kind_of(model, "vocab") == ORE_JSON_OBJECT &&
                              ore_json_kind_of(model, "merges") == ORE_JSON_ARRAY
                          ? name_of_pre(how, is_true(model, "ignore_merges", false))
                          : NULL;
    if (pre)
        add_bpe(json, model, pre, marks, metadata);
    else if (ore_ok())
        fprintf(stderr, "ore convert: the file has no tokenizer: only byte-level BPE by the "
                        "patterns of GPT-2, Llama 3 and Qwen 2 is written\n");
    ore_json_free(json);
    return ore_ok() ? add_template(folder, metadata) : ore_error_status();
}
