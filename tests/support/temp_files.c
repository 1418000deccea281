/* temp_files.c: small files for tests. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/temp_files.h"

enum { PATH_BYTES = 1200, PATHS = 8 };

static char folder[] = "/tmp/ore-test-XXXXXX";
static char paths[PATHS][PATH_BYTES];
static int next_path;

static void remove_folder(void) {
    DIR *entries = opendir(folder);
    struct dirent *entry;
    while (entries && (entry = readdir(entries))) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(path) != 0)
            rmdir(path);
    }
    if (entries)
        closedir(entries);
    rmdir(folder);
}

const char *temp_path(const char *name) {
    static int made;
    if (!made) {
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
        made = 1;
    }
    char *path = paths[next_path++ % PATHS];
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

const char *temp_write(const char *name, const void *bytes, size_t size) {
    const char *path = temp_path(name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
    return path;
}

const char *shared_file(const char *name) {
    const char *shared = getenv("ORE_SHARED");
    char *path = paths[next_path++ % PATHS];
    snprintf(path, PATH_BYTES, "%s/%s", shared ? shared : ORE_SOURCE_DIR "/../shared", name);
    return access(path, R_OK) == 0 ? path : NULL;
}
