/* fetch_none.c: a build without libcurl. */
#include "data/fetch.h"

static ore_status fail(const fetch_request *request) {
    return ore_fail(ORE_UNSUPPORTED,
                    "%.500s: this build fetches nothing: it was made without libcurl",
                    request->url);
}

ore_status fetch_file(const fetch_request *request) {
    return fail(request);
}

char *fetch_text(const fetch_request *request, size_t most) {
    (void)most;
    fail(request);
    return NULL;
}

const char *fetch_library(void) {
    return "absent: ore data get fetches nothing";
}
