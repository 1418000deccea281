/* words.c: the data that the rungs read. */
#include <stdlib.h>
#include <string.h>

#include "embedded_names.h"
#include "lab/frame/record.h"

/* A file that the lectures use, recognised by its size and FNV-1a hash. */
typedef struct known_file {
    const char *name;
    size_t bytes;
    uint64_t hash;
} known_file;

static const known_file names = {"names.txt", 228145, 0x28355ad75543d943};
static const known_file shakespeare = {"tinyshakespeare.txt", 1115394, 0x4016c93c3be74c18};

static bool is_known(const known_file *file, const char *data, size_t bytes) {
    uint64_t hash = 0xcbf29ce484222325;
    if (bytes != file->bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3;
    return hash == file->hash;
}

/* The path of the file in the folder that ORE_SHARED names (../shared where it is not set), to be
 * freed; NULL if it is not there. */
static char *shared_path(const known_file *file) {
    const char *folder = getenv("ORE_SHARED");
    char *text = ore_path_join(folder ? folder : "../shared", "data/text");
    char *path = text ? ore_path_join(text, file->name) : NULL, *copy = NULL;
    if (path && ore_path_kind_of(path) == ORE_PATH_FILE)
        copy = lab_copy(path);
    ore_string_free(path);
    ore_string_free(text);
    return copy;
}

/* ---- words ---- */

/* Ends each line with NUL, and makes the list of lines that are not empty. */
static ore_status list_words(lab *l, const char *name, size_t bytes) {
    int64_t number = 1;
    for (char *line = l->word_bytes; line < l->word_bytes + bytes; number++) {
        char *end = line + strcspn(line, "\n"), *next = end + 1;
        *end = '\0';
        if (end > line && end[-1] == '\r')
            *--end = '\0';
        if (line[strspn(line, "abcdefghijklmnopqrstuvwxyz")] != '\0')
            return ore_fail(ORE_DATA, "%s: line %lld: \"%.40s\": expected letters a to z", name,
                            (long long)number, line);
        const char **word = end > line ? lab_add(&l->words, &l->word_count, sizeof *word) : NULL;
        if (word)
            *word = line;
        line = next;
    }
    if (l->word_count == 0)
        return ore_fail(ORE_DATA, "%s: has no words", name);
    return ore_error_status();
}

static void read_words(lab *l) {
    size_t bytes = embedded_names_bytes;
    const char *embedded = (const char *)embedded_names, *path = l->words_path;
    char *found = path ? NULL : shared_path(&names);
    path = found ? found : path;
    char *file = path ? ore_file_read(path, &bytes) : NULL;
    l->word_bytes = ore_ok() ? lab_allocate(bytes + 1) : NULL;
    if (l->word_bytes) {
        memcpy(l->word_bytes, file ? file : embedded, bytes);
        l->words_published = is_known(&names, l->word_bytes, bytes);
        list_words(l, path ? path : "embedded names", bytes);
    }
    ore_string_free(file);
    free(found);
}

const char *const *lab_words(lab *l, int64_t *count) {
    if (ore_ok() && !l->words)
        read_words(l);
    *count = ore_ok() ? l->word_count : 0;
    return ore_ok() ? l->words : NULL;
}

/* ---- text ---- */

const char *lab_text_path(lab *l) {
    if (l->text_sought || !ore_ok())
        return l->text_path;
    l->text_sought = true;
    size_t bytes = 0;
    if (!l->text_path)
        l->text_path = shared_path(&shakespeare);
    char *text = l->text_path ? ore_file_read(l->text_path, &bytes) : NULL;
    l->text_published = text && is_known(&shakespeare, text, bytes);
    ore_string_free(text);
    return l->text_path;
}

bool lab_published(const lab *l) {
    int64_t count;
    lab *loaded = (lab *)l; /* the data are read at their first use */
    switch (l->record->rung->data) {
    case LAB_DATA_WORDS:
        return lab_words(loaded, &count) && l->words_published;
    case LAB_DATA_TEXT:
        return lab_text_path(loaded) && l->text_published;
    default:
        return true;
    }
}

bool lab_quick(const lab *l) {
    ((lab *)l)->quick_sought = true; /* lab_has_cut tells whether it had an effect */
    return l->quick;
}

bool lab_has_cut(const lab *l) {
    return l->quick && l->quick_sought;
}
