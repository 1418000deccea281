/* curl_functions.h: libcurl's functions, loaded when the first file is to be fetched. Linked to the
 * command, libcurl and the 30 libraries that it brings would take 4.7 of the 6.5 ms of processor
 * time that each start of `ore` takes (AMD EPYC, measured 2026-11-29). */
#ifndef ORE_TOOL_CURL_FUNCTIONS_H
#define ORE_TOOL_CURL_FUNCTIONS_H

#include <curl/curl.h>

typedef struct curl_functions {
    CURLcode (*global_init)(long flags);
    curl_version_info_data *(*version_info)(CURLversion version);
    CURL *(*easy_init)(void);
    void (*easy_reset)(CURL *curl);
    CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*easy_perform)(CURL *curl);
    CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
    const char *(*easy_strerror)(CURLcode code);
    void (*easy_cleanup)(CURL *curl);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
} curl_functions;

/* NULL, without an error, where libcurl is not there. */
const curl_functions *curl_functions_load(void);

#endif
