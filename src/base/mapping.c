/* mapping.c: files mapped to read, guarded against what happens to them meanwhile. Memory behind a
 * file's new end, or of a page that the disk refuses, raises SIGBUS, which by default ends the
 * process. Here the page and all behind it become zeros instead, and the mapping is marked: whoever
 * reads on asks ore_mapping_check before it believes what it has read. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/mapping.h"
#include "base/system.h"

enum { GUARDS_MAX = 1024 }; /* mappings at a time; most systems allow as many open files */

/* What the signal handler knows of a mapping. */
struct ore_mapping_guard {
    atomic_uintptr_t begin; /* 0: not in use */
    atomic_size_t size;
    atomic_bool lost;
    atomic_bool writable;
    atomic_int holds;
    int descriptor;
    struct stat opened;
    struct stat right; /* as the file was when its bytes were last known to be right; under lock */
};

static struct ore_mapping_guard guards[GUARDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction handler_before;
static atomic_size_t page_bytes;

/* The last signal that went to the handler before: where it and our frame lay on the stack. */
static atomic_uintptr_t passed_signal, passed_frame;

/* ---- the signal ---- */

static size_t whole_pages(size_t size) {
    return (size + page_bytes - 1) / page_bytes * page_bytes;
}

/* Maps zeros from the page of `at` to the end of the mapping that holds it. False where none does.
 * */
static bool patch_mapping(uintptr_t at) {
    for (int i = 0; i < GUARDS_MAX; i++) {
        uintptr_t begin = atomic_load(&guards[i].begin);
        size_t size = atomic_load(&guards[i].size);
        if (begin == 0 || at < begin || at - begin >= whole_pages(size))
            continue;
        uintptr_t page = at - at % page_bytes;
        atomic_store(&guards[i].lost, true); /* before another thread can read the zeros */
        int allowed = atomic_load(&guards[i].writable) ? PROT_READ | PROT_WRITE : PROT_READ;
        void *zeros = mmap((void *)page, begin + whole_pages(size) - page, allowed,
                           MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return zeros != MAP_FAILED;
    }
    return false;
}

/* Whether kill, raise or another process made the signal, and no access to memory. */
static bool was_sent(const siginfo_t *information) {
    int code = information->si_code;
    return code == SI_USER || code == SI_QUEUE || code < 0;
}

/* Whether the handler before has passed this very signal back, having been installed in between.
 * It runs deeper in the stack then; one that has left by a jump and meets a new signal does not. */
static bool came_back(const siginfo_t *information) {
    uintptr_t signal_at = (uintptr_t)information, frame = (uintptr_t)__builtin_frame_address(0);
    bool back = atomic_load(&passed_signal) == signal_at && frame < atomic_load(&passed_frame);
    atomic_store(&passed_signal, signal_at);
    atomic_store(&passed_frame, frame);
    return back;
}

/* Hands a signal that is not of a mapping to the handler that was installed before. */
static void pass_on(int number, siginfo_t *information, void *context) {
    bool with_information = handler_before.sa_flags & SA_SIGINFO;
    bool ignored = !with_information && handler_before.sa_handler == SIG_IGN;
    bool handled = !ignored && (with_information || handler_before.sa_handler != SIG_DFL);
    if (ignored && was_sent(information))
        return;
    if (!handled || came_back(information)) {
        signal(number, SIG_DFL); /* an access is tried again, and ends the process */
        if (was_sent(information))
            raise(number);
        return;
    }
    if (with_information)
        handler_before.sa_sigaction(number, information, context);
    else
        handler_before.sa_handler(number);
    atomic_store(&passed_signal, 0);
}

static void on_bus_error(int number, siginfo_t *information, void *context) {
    int reason = errno;
    if (was_sent(information) || !patch_mapping((uintptr_t)information->si_addr))
        pass_on(number, information, context);
    errno = reason;
}

/* Installs the handler, again where the program has installed another one since. */
static void install_handler(void) {
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction now;
    sigemptyset(&action.sa_mask);
    page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    sigaction(SIGBUS, NULL, &now);
    if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_bus_error)
        return;
    handler_before = now;
    sigaction(SIGBUS, &action, NULL);
}

/* ---- mappings ---- */

/* Takes a free guard for these bytes; NULL where all are in use. */
static struct ore_mapping_guard *take_guard(const void *bytes, size_t size, int descriptor,
                                            const struct stat *opened) {
    struct ore_mapping_guard *guard = NULL;
    pthread_mutex_lock(&lock);
    install_handler();
    for (int i = 0; i < GUARDS_MAX && !guard; i++)
        if (atomic_load(&guards[i].begin) == 0)
            guard = &guards[i];
    if (guard) {
        guard->descriptor = descriptor;
        guard->opened = guard->right = *opened;
        atomic_store(&guard->lost, false);
        atomic_store(&guard->writable, false);
        atomic_store(&guard->holds, 1);
        atomic_store(&guard->size, size);
        atomic_store(&guard->begin, (uintptr_t)bytes);
    }
    pthread_mutex_unlock(&lock);
    return guard;
}

static ore_status check_kind(const char *path, const struct stat *information) {
    if (!S_ISREG(information->st_mode))
        return ore_fail(ORE_DATA, "%.*s: not a regular file", ORE_PATH_SHOWN_BYTES, path);
    if (information->st_size == 0)
        return ore_fail(ORE_DATA, "%.*s: the file is empty", ORE_PATH_SHOWN_BYTES, path);
    return ORE_OK;
}

ore_status ore_mapping_open(ore_mapping *mapping, const char *path) {
    *mapping = (ore_mapping){0};
    if (!ore_ok())
        return ore_error_status();
    struct stat information;
    /* asked before it is opened: opening a pipe waits for whoever writes into it */
    if (path && stat(path, &information) == 0 && !S_ISDIR(information.st_mode) &&
        check_kind(path, &information) != ORE_OK)
        return ore_error_status();
    int descriptor = ore_open_to_read(path, &information);
    if (descriptor < 0)
        return ore_error_status();
    if (check_kind(path, &information) != ORE_OK) {
        close(descriptor);
        return ore_error_status();
    }
    size_t size = (size_t)information.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0);
    if (bytes == MAP_FAILED) {
        ore_fail_errno(path, "cannot map into memory");
        close(descriptor);
        return ore_error_status();
    }
    struct ore_mapping_guard *guard = take_guard(bytes, size, descriptor, &information);
    if (!guard) {
        munmap(bytes, size);
        close(descriptor);
        return ore_fail(ORE_IO, "%.*s: more than %d mapped files at a time", ORE_PATH_SHOWN_BYTES,
                        path, GUARDS_MAX);
    }
    *mapping = (ore_mapping){.bytes = bytes, .size = size, .guard = guard};
    return ORE_OK;
}

struct ore_mapping_guard *ore_mapping_hold(const ore_mapping *mapping) {
    atomic_fetch_add(&mapping->guard->holds, 1);
    return mapping->guard;
}

void ore_mapping_release(struct ore_mapping_guard *guard) {
    if (atomic_fetch_sub(&guard->holds, 1) != 1)
        return;
    int descriptor = guard->descriptor;
    void *bytes = (void *)atomic_load(&guard->begin);
    size_t size = atomic_load(&guard->size);
    atomic_store(&guard->begin, 0); /* first: others may be mapped there then */
    munmap(bytes, size);
    close(descriptor);
}

void ore_mapping_close(ore_mapping *mapping) {
    if (mapping->guard)
        ore_mapping_release(mapping->guard);
    *mapping = (ore_mapping){0};
}

ore_status ore_mapping_allow_writes(const ore_mapping *mapping, const char *path) {
    struct ore_mapping_guard *guard = mapping->guard;
    pthread_mutex_lock(&lock);
    bool done =
        atomic_load(&guard->writable) ||
        mprotect((void *)(uintptr_t)mapping->bytes, mapping->size, PROT_READ | PROT_WRITE) == 0;
    if (done)
        atomic_store(&guard->writable, true);
    pthread_mutex_unlock(&lock);
    return done ? ORE_OK : ore_fail_errno(path, "cannot make its mapping writable");
}

/* ---- has it changed? ---- */

static bool same_file(const struct stat *a, const struct stat *b) {
    struct timespec of_a = ore_system_modified(a), of_b = ore_system_modified(b);
    return a->st_size == b->st_size && of_a.tv_sec == of_b.tv_sec && of_a.tv_nsec == of_b.tv_nsec;
}

bool ore_mapping_is_lost(const ore_mapping *mapping) {
    return mapping->guard && atomic_load_explicit(&mapping->guard->lost, memory_order_relaxed);
}

ore_status ore_mapping_fail(const ore_mapping *mapping, const char *path) {
    struct stat now;
    if (fstat(mapping->guard->descriptor, &now) != 0)
        return ore_fail_errno(path, "cannot read");
    if (now.st_size < (off_t)mapping->size)
        return ore_fail(ORE_DATA, "%.*s: was cut short while in use: %lld bytes, expected %zu",
                        ORE_PATH_SHOWN_BYTES, path, (long long)now.st_size, mapping->size);
    if (same_file(&now, &mapping->guard->opened))
        return ore_fail(ORE_IO, "%.*s: its disk cannot be read", ORE_PATH_SHOWN_BYTES, path);
    return ore_fail(ORE_DATA, "%.*s: was changed while in use", ORE_PATH_SHOWN_BYTES, path);
}

/* The digest is of the bytes that are there now; a file that changes once more meanwhile has
 * another time then, and is looked at again. */
static bool still_has(const ore_mapping *mapping, const struct stat *now,
                      const ore_digest *digest) {
    struct ore_mapping_guard *guard = mapping->guard;
    if (!digest || !ore_digest_equal(ore_digest_of(mapping->bytes, mapping->size), *digest) ||
        ore_mapping_is_lost(mapping))
        return false;
    pthread_mutex_lock(&lock);
    guard->right = *now;
    pthread_mutex_unlock(&lock);
    return true;
}

void ore_mapping_forget(const ore_mapping *mapping, size_t from, size_t to) {
    if (!mapping->guard)
        return;
    size_t first = whole_pages(from), end = to < mapping->size ? to - to % page_bytes : to;
    if (first < end)
        ore_system_forget_pages(mapping->bytes + first, end - first);
}

ore_status ore_mapping_check(const ore_mapping *mapping, const char *path,
                             const ore_digest *digest) {
    struct stat now;
    struct ore_mapping_guard *guard = mapping->guard;
    if (!guard)
        return ORE_OK;
    if (ore_mapping_is_lost(mapping) || fstat(guard->descriptor, &now) != 0 ||
        now.st_size < (off_t)mapping->size)
        return ore_mapping_fail(mapping, path);
    pthread_mutex_lock(&lock);
    bool same = same_file(&now, &guard->right);
    pthread_mutex_unlock(&lock);
    return same || still_has(mapping, &now, digest) ? ORE_OK : ore_mapping_fail(mapping, path);
}
