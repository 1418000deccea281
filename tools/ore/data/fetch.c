/* fetch.c: files from servers, by libcurl. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/words.h"
#include "data/curl_functions.h"
#include "data/fetch.h"
#include "data/sha256.h"

enum {
    PATH_BYTES = 4096,
    ETAG_BYTES = 256,
    TRIES = 5,          /* without progress in between */
    CONNECT_S = 30,     /* seconds until a server must have answered, */
    SILENCE_S = 60,     /* and for which it may send nothing */
    REDIRECTS_MAX = 10, /* hubs need two */
    WHOLE = 200,        /* statuses of HTTP: all of a file, */
    PARTIAL = 206,
    TOO_FAR = 416, /* and a rest that would begin behind its end */
};

typedef struct transfer {
    const fetch_request *request;
    CURL *curl;
    char part[PATH_BYTES], etag_path[PATH_BYTES];
    FILE *file; /* of a fetch into a file */
    char *text; /* of one into memory: (most + 1) */
    size_t most;
    int64_t before;          /* bytes of the part when the request was made */
    int64_t written;         /* bytes that there are now */
    char known[ETAG_BYTES];  /* ETag of the file that these are of; "" unknown */
    char etag[ETAG_BYTES];   /* of the present answer, */
    char range[ETAG_BYTES];  /* and what it says of the bytes that it has */
    char linked[ETAG_BYTES]; /* the file's SHA-256, if a server says it */
    char reason[CURL_ERROR_SIZE];
    int write_error; /* errno of a write that failed */
    bool too_long;
    bool marked; /* the part's ETag is in its file */
    bool begun;  /* the present answer has been taken as what it is: */
    bool mixed;  /* not the rest of what is there */
} transfer;

static const curl_functions *lib; /* set by `begin` */

const char *fetch_library(void) {
    const curl_functions *functions = curl_functions_load();
    return functions ? functions->version_info(CURLVERSION_NOW)->version
                     : "absent: ore data get fetches nothing";
}

/* ---- what comes ---- */

static long status_of(transfer *t) {
    long status = 0;
    lib->easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Forgets what is there; false, with errno, if that fails. */
static bool begin_anew(transfer *t) {
    rewind(t->file);
    t->before = t->written = 0;
    t->known[0] = '\0';
    t->marked = false;
    return ftruncate(fileno(t->file), 0) == 0;
}

/* An answer with a file's bytes: a server may send all of it although only its rest was asked for,
 * or, having another file by now and no regard for If-Range, the rest of that one. */
static bool begin_answer(transfer *t, long status) {
    t->begun = true;
    if (status == PARTIAL) {
        bool there = strncmp(t->range, "bytes ", 6) == 0;
        t->mixed = (there && strtoll(t->range + 6, NULL, 10) != t->before) ||
                   (*t->etag && strcmp(t->etag, t->known) != 0);
        return !t->mixed;
    }
    bool done = t->before == 0 || begin_anew(t);
    memcpy(t->known, t->etag, sizeof t->known);
    return done;
}

static size_t receive(char *data, size_t one, size_t bytes, void *user) {
    transfer *t = user;
    (void)one; /* always 1 */
    long status = status_of(t);
    if (status != WHOLE && status != PARTIAL)
        return bytes; /* the page of an error */
    if (t->text) {
        t->too_long = bytes > t->most - (size_t)t->written;
        if (t->too_long)
            return 0;
        memcpy(t->text + t->written, data, bytes);
    } else if ((!t->begun && !begin_answer(t, status)) ||
               fwrite(data, 1, bytes, t->file) != bytes || fflush(t->file) != 0) {
        t->write_error = errno;
        return 0;
    }
    t->written += (int64_t)bytes;
    if (t->file && !t->marked &&
        *t->known) /* so that even a kill leaves what can be gone on with */
        t->marked = ore_file_write(t->etag_path, t->known, strlen(t->known)) == ORE_OK;
    return bytes;
}

/* The value of a header line, without spaces and quotes, where it has that name. A weak ETag (W/)
 * is none: it does not tell whether bytes are equal. */
static void take_header(const char *line, size_t bytes, const char *name, char *value) {
    size_t n = strlen(name);
    if (bytes <= n || strncasecmp(line, name, n) != 0)
        return;
    const char *at = line + n, *end = line + bytes;
    while (at < end && strchr(" \t", *at))
        at++;
    if (end - at > 2 && memcmp(at, "W/", 2) == 0)
        return;
    at += at < end && *at == '"';
    while (end > at && strchr(" \t\r\n\"", end[-1]))
        end--;
    snprintf(value, ETAG_BYTES, "%.*s", (int)(end - at < ETAG_BYTES ? end - at : 0), at);
}

static size_t receive_header(char *line, size_t one, size_t bytes, void *user) {
    transfer *t = user;
    (void)one;
    if (bytes >= 5 && strncmp(line, "HTTP/", 5) == 0)
        t->etag[0] = t->range[0] = '\0'; /* another answer begins */
    take_header(line, bytes, "ETag:", t->etag);
    take_header(line, bytes, "Content-Range:", t->range);
    take_header(line, bytes, "X-Linked-ETag:", t->linked);
    return bytes;
}

static int receive_progress(void *user, curl_off_t all, curl_off_t now, curl_off_t up_all,
                            curl_off_t up) {
    transfer *t = user;
    (void)up_all, (void)up, (void)now;
    if (t->request->progress)
        t->request->progress(t->request->user, t->request->path, t->written,
                             all > 0 ? t->before + (int64_t)all : -1);
    return t->request->stop && t->request->stop();
}

/* ---- errors ---- */

static ore_status fail_status(const transfer *t, long status) {
    bool unknown = status == 401 || status == 403;
    const char *what = status == 404   ? "the server has no such file"
                       : status == 429 ? "the server has had too many requests"
                       : unknown       ? "the server asks who it is for (HF_TOKEN)"
                                       : "the server refuses it";
    return ore_fail(ORE_IO, "%.500s: %s: status %ld", t->request->url, what, status);
}

static ore_status fail_transfer(const transfer *t, CURLcode code) {
    const char *reason = *t->reason ? t->reason : lib->easy_strerror(code);
    if (t->too_long)
        return ore_fail(ORE_DATA, "%.500s: longer than %zu bytes", t->request->url, t->most);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return ore_fail(ORE_STATE, "%.500s: stopped; the same command goes on from here",
                        t->request->path);
    if (code == CURLE_WRITE_ERROR && t->write_error)
        return ore_fail(ORE_IO, "%.500s: cannot write: %s", t->request->path,
                        strerror(t->write_error));
    bool network = code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
                   code == CURLE_COULDNT_RESOLVE_PROXY;
    return ore_fail(ORE_IO, "%.400s: %s: %.300s", t->request->url,
                    network ? "no connection" : "cannot be fetched", reason);
}

/* Whether another try may help. */
static bool is_passing(CURLcode code, long status) {
    return status >= 500 || code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
           code == CURLE_GOT_NOTHING || code == CURLE_OPERATION_TIMEDOUT ||
           code == CURLE_SEND_ERROR || code == CURLE_HTTP2_STREAM;
}

/* ---- one try ---- */

static void set_options(transfer *t) {
    CURL *c = t->curl;
    lib->easy_reset(c);
    lib->easy_setopt(c, CURLOPT_URL, t->request->url);
    lib->easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    lib->easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    lib->easy_setopt(c, CURLOPT_USERAGENT, "ore");
    lib->easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    lib->easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    lib->easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    lib->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    lib->easy_setopt(c, CURLOPT_ERRORBUFFER, t->reason);
    lib->easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
    lib->easy_setopt(c, CURLOPT_WRITEDATA, t);
    lib->easy_setopt(c, CURLOPT_HEADERFUNCTION, receive_header);
    lib->easy_setopt(c, CURLOPT_HEADERDATA, t);
    lib->easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    lib->easy_setopt(c, CURLOPT_XFERINFOFUNCTION, receive_progress);
    lib->easy_setopt(c, CURLOPT_XFERINFODATA, t);
    if (t->request->token) { /* not handed on to another host by a redirect */
        lib->easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        lib->easy_setopt(c, CURLOPT_XOAUTH2_BEARER, t->request->token);
    }
}

/* Asks for what is not there yet; *code is what libcurl says, and the status is returned. */
static long try_once(transfer *t, CURLcode *code) {
    char range[64], condition[ETAG_BYTES + 32];
    struct curl_slist *headers = NULL;
    if (t->text)
        t->written = 0;
    t->before = t->written;
    t->reason[0] = '\0';
    t->begun = t->mixed = false;
    set_options(t);
    if (t->written > 0) {
        snprintf(range, sizeof range, "%lld-", (long long)t->written);
        snprintf(condition, sizeof condition, "If-Range: \"%s\"", t->known);
        headers = lib->slist_append(NULL, condition);
        lib->easy_setopt(t->curl, CURLOPT_RANGE, range);
        lib->easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
    }
    *code = lib->easy_perform(t->curl);
    lib->slist_free_all(headers);
    return status_of(t);
}

/* Whether all is there. Of a part that was whole already there is no rest: the answer says so, and
 * how many bytes there are. */
static bool is_whole(transfer *t, CURLcode code, long status) {
    if (code != CURLE_OK)
        return false;
    if (status == TOO_FAR && t->file && strncmp(t->range, "bytes */", 8) == 0)
        return strtoll(t->range + 8, NULL, 10) == t->written;
    if (t->file && status == WHOLE && !t->begun) /* it is empty */
        begin_answer(t, status);
    return status == WHOLE || status == PARTIAL;
}

/* Until it is whole, or no try may help. */
static ore_status run(transfer *t) {
    CURLcode code = CURLE_OK;
    long status = 0;
    for (int tries = 0; tries < TRIES; tries++) {
        int64_t before = t->written;
        status = try_once(t, &code);
        if (is_whole(t, code, status))
            return ORE_OK;
        bool other = t->file && (t->mixed || status == TOO_FAR); /* than what the part is of */
        if (!other && !is_passing(code, status))
            break;
        if (t->file && t->written > before)
            tries = -1;
        /* without an ETag nothing tells what the rest would be of */
        if (other || (t->file && t->written > 0 && !*t->known))
            begin_anew(t);
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    }
    return code == CURLE_OK ? fail_status(t, status) : fail_transfer(t, code);
}

static ore_status begin(transfer *t, const fetch_request *request) {
    static bool ready;
    *t = (transfer){.request = request};
    lib = curl_functions_load();
    if (!lib)
        return ore_fail(ORE_UNSUPPORTED, "%.500s: cannot be fetched: libcurl is not installed",
                        request->url);
    if (!ready)
        ready = lib->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    t->curl = ready ? lib->easy_init() : NULL;
    return t->curl ? ORE_OK : ore_fail(ORE_MEMORY, "libcurl: cannot be started");
}

/* ---- into a file ---- */

/* What an earlier try has left, if it is known of which file it is. */
static ore_status open_part(transfer *t) {
    size_t bytes;
    struct stat there;
    if (snprintf(t->part, PATH_BYTES, "%s.part", t->request->path) >= PATH_BYTES ||
        snprintf(t->etag_path, PATH_BYTES, "%s.part.etag", t->request->path) >= PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", t->request->path);
    char *etag = ore_path_kind_of(t->etag_path) == ORE_PATH_FILE
                     ? ore_file_read(t->etag_path, &bytes)
                     : NULL;
    bool known = etag && bytes > 0 && bytes < ETAG_BYTES && stat(t->part, &there) == 0;
    if (known)
        snprintf(t->known, sizeof t->known, "%s", etag);
    ore_string_free(etag);
    t->file = ore_ok() ? fopen(t->part, known ? "ab" : "wb") : NULL;
    t->written = known ? (int64_t)there.st_size : 0;
    if (ore_ok() && !t->file)
        return ore_fail(ORE_IO, "%.500s: cannot write: %s", t->part, strerror(errno));
    return ore_error_status();
}

/* `is`: what the part's SHA-256 is. */
static ore_status check_sha256(const transfer *t, const char *is, const char *expected) {
    if (strcasecmp(is, expected) == 0)
        return ORE_OK;
    ore_tree_remove(t->part);
    ore_tree_remove(t->etag_path);
    return ore_fail(ORE_DATA, "%.400s: its SHA-256 is %s, expected %.64s", t->request->path, is,
                    expected);
}

/* Whole: compared, and given its name. */
static ore_status finish(transfer *t) {
    char is[SHA256_TEXT_BYTES];
    bool linked = strlen(t->linked) == SHA256_TEXT_BYTES - 1;
    if ((t->request->sha256 || linked) && sha256_file(t->part, is) != ORE_OK)
        return ore_error_status();
    if (t->request->sha256)
        check_sha256(t, is, t->request->sha256);
    if (ore_ok() && linked)
        check_sha256(t, is, t->linked);
    if (ore_ok() && rename(t->part, t->request->path) != 0)
        ore_fail(ORE_IO, "%.500s: cannot replace: %s", t->request->path, strerror(errno));
    if (ore_ok())
        ore_tree_remove(t->etag_path);
    return ore_error_status();
}

ore_status fetch_file(const fetch_request *request) {
    transfer t;
    if (!ore_ok() || begin(&t, request) != ORE_OK)
        return ore_error_status();
    if (open_part(&t) == ORE_OK) {
        ore_status status = run(&t);
        bool closed = fclose(t.file) == 0;
        if (status == ORE_OK && !closed)
            ore_fail(ORE_IO, "%.500s: cannot write: %s", request->path, strerror(errno));
        if (ore_ok())
            finish(&t);
        else if (!*t.known || t.written == 0) { /* nothing that could be gone on with */
            ore_tree_remove(t.part);
            ore_tree_remove(t.etag_path);
        }
    }
    lib->easy_cleanup(t.curl);
    return ore_error_status();
}

char *fetch_text(const fetch_request *request, size_t most) {
    transfer t;
    if (!ore_ok() || begin(&t, request) != ORE_OK)
        return NULL;
    t.most = most;
    t.text = calloc(1, most + 1);
    if (!t.text)
        ore_fail(ORE_MEMORY, "%.500s: out of memory", request->url);
    else if (run(&t) != ORE_OK) {
        free(t.text);
        t.text = NULL;
    }
    lib->easy_cleanup(t.curl);
    return t.text;
}
