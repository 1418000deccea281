/* data_get.c: `ore data get`: what a name stands for, and fetching it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <ore/io.h>

#include "cli/interrupt.h"
#include "cli/words.h"
#include "data/data.h"
#include "data/fetch.h"
#include "data/sha256.h"

enum { URL_BYTES = 4096, LIST_BYTES = 64 << 20 }; /* of a hub's list of files */
enum { TOKEN_BYTES = 1024 };                      /* those of Hugging Face have 37 */
#define SPACES " \t\r\n"
#define HEX_DIGITS "0123456789abcdefABCDEF"

/* Files that have names here. "HUB" stands for HF_ENDPOINT. */
static const struct {
    const char *name, *file, *url, *sha256;
} known[] = {
    {"names", "names.txt", "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
     "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"},
    {"tinyshakespeare", "tinyshakespeare.txt",
     "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
     "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
    {"gpt2-tokenizer", "gpt2.vocab.json", "HUB/openai-community/gpt2/resolve/main/vocab.json",
     NULL},
    {"gpt2-tokenizer", "gpt2.merges.txt", "HUB/openai-community/gpt2/resolve/main/merges.txt",
     NULL},
};
enum { KNOWN = sizeof known / sizeof known[0] };

/* ---- Hugging Face ---- */

/* Without a slash at its end. */
static void hub_url(char *url, size_t bytes) {
    const char *endpoint = getenv("HF_ENDPOINT");
    snprintf(url, bytes, "%s", endpoint && *endpoint ? endpoint : "https://huggingface.co");
    for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
}

/* Without the line end and spaces that a file of secrets leaves around it, as huggingface_hub reads
 * it; NULL for none. */
static const char *hub_token(void) {
    static char copy[TOKEN_BYTES];
    const char *token = getenv("HF_TOKEN");
    token = token ? token + strspn(token, SPACES) : "";
    size_t bytes = strlen(token);
    while (bytes > 0 && strchr(SPACES, token[bytes - 1]))
        bytes--;
    snprintf(copy, sizeof copy, "%.*s", bytes < sizeof copy ? (int)bytes : 0, token);
    return *copy ? copy : NULL;
}

/* A path as part of a URL (RFC 3986): false where there is no room for it. */
static bool escape_path(const char *path, char *to, size_t room) {
    size_t used = 0;
    for (; *path; path++) {
        char c = *path;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-._~/", c);
        if (used + 4 > room)
            return false;
        used += (size_t)snprintf(to + used, room - used, plain ? "%c" : "%%%02X", (unsigned char)c);
    }
    to[used] = '\0';
    return true;
}

/* ---- one file ---- */

typedef struct bar {
    bool terminal;
    double shown_s;
} bar;

static void show(void *user, const char *path, int64_t bytes, int64_t all) {
    bar *b = user;
    double now = ore_clock_s();
    if (!b->terminal || now - b->shown_s < 0.1)
        return;
    b->shown_s = now;
    fprintf(stderr, "\r%s  %.1f MB", path, (double)bytes / 1e6);
    if (all > 0)
        fprintf(stderr, " of %.1f MB", (double)all / 1e6);
    fputs("\033[K", stderr);
}

/* Makes the folder above a file. */
static ore_status make_folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[URL_BYTES];
    if (!slash || slash == path)
        return ORE_OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    return ore_folder_make(folder);
}

/* A file that is there is not fetched again; it has to be the one that is wanted, if that is known.
 */
static ore_status keep_file(const char *path, const char *sha256) {
    char is[SHA256_TEXT_BYTES];
    if (sha256 && sha256_file(path, is) == ORE_OK && strcasecmp(is, sha256) != 0)
        ore_fail(ORE_DATA,
                 "%.400s: is there already, and its SHA-256 is %s, expected %.64s; --force fetches "
                 "it anew",
                 path, is, sha256);
    if (ore_ok())
        printf("%s is there already\n", path);
    return ore_error_status();
}

/* name: of the file, below --out. token: NULL for none. */
static ore_status get_file(const data_config *c, const char *url, const char *name,
                           const char *sha256, const char *token) {
    bar b = {.terminal = isatty(STDERR_FILENO)};
    char *path = ore_path_join(c->out, name);
    fetch_request request = {.url = url,
                             .path = path,
                             .token = token,
                             .sha256 = *c->sha256 ? c->sha256 : sha256,
                             .progress = show,
                             .stop = interrupt_requested,
                             .user = &b};
    if (path && !c->force && ore_path_kind_of(path) != ORE_PATH_MISSING) {
        keep_file(path, request.sha256);
    } else if (path && make_folder_of(path) == ORE_OK) {
        fetch_file(&request);
        if (b.terminal && b.shown_s > 0)
            fputs("\r\033[K", stderr);
        if (ore_ok())
            printf("%s\n", path);
    }
    ore_string_free(path);
    return ore_error_status();
}

/* ---- what a word stands for ---- */

/* Whether a path of a repository stays inside of the folder that it is brought to. */
static bool is_inside(const char *path) {
    if (*path == '/' || !*path)
        return false;
    for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2]))
            return false;
    return true;
}

static ore_status get_repository_file(const data_config *c, const char *repository,
                                      const char *file) {
    char url[URL_BYTES], hub[URL_BYTES / 2], escaped[URL_BYTES];
    hub_url(hub, sizeof hub);
    if (!is_inside(file))
        return ore_fail(ORE_DATA, "%.200s: %.200s: a path that leads out of the repository",
                        repository, file);
    if (!escape_path(file, escaped, sizeof escaped) ||
        snprintf(url, sizeof url, "%s/%s/resolve/main/%s", hub, repository, escaped) >= URL_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: too long", repository);
    return get_file(c, url, file, NULL, hub_token());
}

/* All files of a repository, as the hub lists them. */
static ore_status get_repository(const data_config *c, const char *repository) {
    char url[URL_BYTES], hub[URL_BYTES / 2];
    hub_url(hub, sizeof hub);
    snprintf(url, sizeof url, "%s/api/%s%s", hub,
             strncmp(repository, "datasets/", 9) == 0 ? "" : "models/", repository);
    const fetch_request request = {.url = url, .token = hub_token(), .stop = interrupt_requested};
    char *text = fetch_text(&request, LIST_BYTES);
    ore_json *root = text ? ore_json_parse(text, strlen(text), url) : NULL;
    ore_json *files = root ? ore_json_get_array(root, "siblings") : NULL;
    for (int64_t i = 0; files && ore_ok() && i < ore_json_count(files); i++) {
        const char *name = ore_json_get_string(ore_json_at_object(files, i), "rfilename");
        if (name)
            get_repository_file(c, repository, name);
    }
    ore_json_free(root);
    free(text);
    return ore_error_status();
}

/* hf:OWNER/NAME[/FILE] or hf:datasets/OWNER/NAME[/FILE], behind "hf:". */
static ore_status get_of_hub(const data_config *c, const char *word) {
    char repository[URL_BYTES / 4];
    const char *name = strchr(strncmp(word, "datasets/", 9) == 0 ? word + 9 : word, '/');
    const char *file = name ? strchr(name + 1, '/') : NULL;
    if (!name || name == word || !name[1] || (file && (file == name + 1 || !file[1])))
        return ore_fail(ORE_INVALID,
                        "hf:%.200s: expected hf:OWNER/NAME[/FILE] or hf:datasets/OWNER/NAME[/FILE]",
                        word);
    snprintf(repository, sizeof repository, "%.*s", file ? (int)(file - word) : (int)strlen(word),
             word);
    return file ? get_repository_file(c, repository, file + 1) : get_repository(c, repository);
}

/* The name of a URL's file: what follows its last slash, without a query. */
static ore_status get_url(const data_config *c, const char *url) {
    char name[256];
    const char *end = url + strcspn(url, "?#"), *start = end;
    while (start > url && start[-1] != '/')
        start--;
    int length = (int)(end - start);
    snprintf(name, sizeof name, "%.*s", length < 255 ? length : 0, start);
    if (!is_inside(name) || strstr(url, "://") + 3 == start)
        return ore_fail(ORE_INVALID, "%.400s: names no file", url);
    return get_file(c, url, name, NULL, NULL);
}

static ore_status get_known(const data_config *c, const char *word) {
    char url[URL_BYTES];
    bool found = false;
    for (int i = 0; i < KNOWN && ore_ok(); i++) {
        if (strcmp(known[i].name, word) != 0)
            continue;
        found = true;
        bool of_hub = strncmp(known[i].url, "HUB", 3) == 0;
        url[0] = '\0';
        if (of_hub)
            hub_url(url, sizeof url / 2);
        strcat(url, known[i].url + (of_hub ? 3 : 0));
        get_file(c, url, known[i].file, known[i].sha256, of_hub ? hub_token() : NULL);
    }
    if (!found)
        ore_fail(ORE_INVALID,
                 "%.200s: unknown, expected names, tinyshakespeare, gpt2-tokenizer, "
                 "hf:OWNER/NAME[/FILE], hf:datasets/OWNER/NAME[/FILE] or a URL",
                 word);
    return ore_error_status();
}

int data_get(const data_config *c, const char *const *words, int count) {
    if (count < 1) {
        ore_fail(ORE_INVALID, "get: expected names or URLs");
        return EXIT_USAGE;
    }
    if (*c->sha256 &&
        (strlen(c->sha256) != SHA256_TEXT_BYTES - 1 || c->sha256[strspn(c->sha256, HEX_DIGITS)])) {
        ore_fail(ORE_INVALID, "--sha256 %.100s: expected 64 hexadecimal digits", c->sha256);
        return EXIT_USAGE;
    }
    interrupt_defer();
    for (int i = 0; i < count && ore_ok(); i++) {
        if (strncmp(words[i], "http://", 7) == 0 || strncmp(words[i], "https://", 8) == 0)
            get_url(c, words[i]);
        else if (strncmp(words[i], "hf:", 3) == 0)
            get_of_hub(c, words[i] + 3);
        else
            get_known(c, words[i]);
    }
    if (ore_error_status() == ORE_INVALID)
        return EXIT_USAGE;
    return ore_ok() ? EXIT_OK : interrupt_requested() ? EXIT_BROKEN : EXIT_RUN;
}
