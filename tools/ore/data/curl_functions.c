/* curl_functions.c: libcurl, loaded at run time. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "data/curl_functions.h"

/* By the number of its binary interface, which has been the same since 2006. */
static const char *const files[] = {"libcurl.so.4", "libcurl.4.dylib"};

static const struct {
    const char *name;
    size_t offset; /* in curl_functions */
} symbols[] = {
#define SYMBOL(name)                                                                               \
    { "curl_" #name, offsetof(curl_functions, name) }
    SYMBOL(global_init),  SYMBOL(version_info), SYMBOL(easy_init),     SYMBOL(easy_reset),
    SYMBOL(easy_setopt),  SYMBOL(easy_perform), SYMBOL(easy_getinfo),  SYMBOL(easy_strerror),
    SYMBOL(easy_cleanup), SYMBOL(slist_append), SYMBOL(slist_free_all)
#undef SYMBOL
};

const curl_functions *curl_functions_load(void) {
    static curl_functions functions;
    static bool loaded;
    void *library = NULL;
    if (loaded)
        return &functions;
    for (size_t i = 0; !library && i < sizeof files / sizeof *files; i++)
        library = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
    for (size_t i = 0; library && i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (!symbol)
            return NULL;
        memcpy((char *)&functions + symbols[i].offset, &symbol, sizeof symbol);
    }
    loaded = library != NULL;
    return loaded ? &functions : NULL;
}
