/* data_places.c: finding and keeping the texts of a run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "open/data_places.h"

/* The keys of the sources, and as flags. */
static const char *const keys[SOURCES] = {"data", "val_data"};
static const char *const flags[SOURCES] = {"--data", "--val-data"};

static const char *saved_place(const train_config *c, int source) {
    return source == SOURCE_DATA ? c->data : c->val_data;
}

/* The path that --resume has been given in place of the saved one; "" for none. */
static const char *asked_place(const train_options *t, int source) {
    return source == SOURCE_DATA ? t->asked_data : t->asked_val_data;
}

static bool is_standard_input(const char *path) {
    return strcmp(path, DATA_STANDARD_INPUT) == 0;
}

static ore_status copy_path(char *to, const char *path) {
    if (snprintf(to, RUNDIR_PATH_BYTES, "%s", path) >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", path);
    return ORE_OK;
}

ore_status data_places_of(data_places *p, const train_config *c) {
    for (int i = 0; i < SOURCES && ore_ok(); i++)
        copy_path(p->path[i], saved_place(c, i));
    return ore_error_status();
}

/* ---- finding ---- */

/* Whether there is a file, or a folder, at a path that can be read. After a move to another machine
 * a saved path may lead nowhere; what is found in its place is compared with the digest. */
static bool is_data(const run_task *task, const char *path) {
    ore_path_kind kind = ore_path_kind_of(path);
    ore_error_clear();
    return kind == ORE_PATH_FILE || (task->folder && kind == ORE_PATH_FOLDER);
}

static bool has_digest(const run_task *task, const char *place, ore_digest digest) {
    ore_digest now;
    bool has = task->digest(place, &now) == ORE_OK && ore_digest_equal(now, digest);
    ore_error_clear();
    return has;
}

/* Finds one source of a config. digest: of the run's data; NULL where it is not known. */
static ore_status find(char *place, const train_config *c, const char *dir, int source,
                       const ore_digest *digest, bool resumed) {
    const run_task *task = run_task_of(c);
    const char *saved = saved_place(c, source);
    char kept[RUNDIR_PATH_BYTES];
    if (!*saved || rundir_path(dir, task->kept[source], kept) != ORE_OK)
        return copy_path(place, "");
    char *real = realpath(kept, NULL);
    bool here = !is_standard_input(saved) && is_data(task, saved);
    bool there = real && is_data(task, real) && strcmp(real, saved) != 0;
    if (here && there && digest && !has_digest(task, saved, *digest))
        here = !has_digest(task, real, *digest);
    if (here || there)
        copy_path(place, here ? saved : real);
    else if (is_standard_input(saved))
        ore_fail(ORE_DATA, "%s: missing: the run keeps what it read from standard input there%s",
                 kept,
                 !resumed ? ""
                 : digest ? "; --data FILE names a file with the same bytes"
                          : "; --data - reads it again, since there is no checkpoint yet");
    else if (resumed && digest)
        ore_fail(ORE_DATA,
                 "%s: the run's text is there no more, nor by %s; %s FILE names where it is now",
                 saved, kept, flags[source]);
    else
        ore_fail(ORE_DATA, "%s: the run's text is there no more, nor by %s%s", saved, kept,
                 resumed ? "; put it there again, or start anew with --force" : "");
    free(real);
    return ore_error_status();
}

/* Whether a run was killed before it had kept what it had read from standard input. */
static bool never_kept(const train_config *c, const char *dir, int source,
                       const data_identity *of_run) {
    char kept[RUNDIR_PATH_BYTES];
    return !of_run && is_standard_input(saved_place(c, source)) &&
           rundir_path(dir, run_task_of(c)->kept[source], kept) == ORE_OK &&
           ore_path_kind_of_entry(kept) == ORE_PATH_MISSING;
}

/* Takes the path that the user has asked for. That needs a digest of the run's data, which alone
 * can show that it is the same. */
static ore_status take_asked(char *place, const train_options *t, const char *dir, int source,
                             const data_identity *of_run) {
    const char *asked = asked_place(t, source), *saved = saved_place(&t->config, source);
    if ((!of_run || !of_run->digested) && !never_kept(&t->config, dir, source, of_run) && ore_ok())
        return ore_fail(ORE_DATA,
                        "%s %s: the run in %s has %s, and no checkpoint with a digest that tells "
                        "whether both are the same text",
                        flags[source], asked, dir, saved);
    return ore_ok() ? copy_path(place, asked) : ore_error_status();
}

ore_status data_places_find(data_places *p, const train_options *t, const char *dir,
                            const data_identity *of_run, bool resumed) {
    bool digested = of_run && of_run->digested;
    for (int i = 0; i < SOURCES && ore_ok(); i++) {
        const ore_digest *digest = digested ? &of_run->digest[i] : NULL;
        if (*asked_place(t, i))
            take_asked(p->path[i], t, dir, i, of_run);
        else
            find(p->path[i], &t->config, dir, i, digest, resumed);
    }
    return ore_error_status();
}

/* ---- other texts ---- */

static bool is_other(const data_places *p, const train_data *d, int source, ore_digest digest) {
    if (!*p->path[source])
        return false;
    return d->name[source] ? !ore_digest_equal(d->digest[source], digest)
                           : !has_digest(d->task, p->path[source], digest);
}

void data_places_explain(const data_places *p, const train_data *d, const data_identity *of_run) {
    char was[ORE_DIGEST_TEXT_BYTES];
    if (ore_error_status() != ORE_DATA || !of_run->digested || !d->task)
        return;
    ore_error error;
    ore_error_take(&error);
    int source = 0;
    while (source < SOURCES && !is_other(p, d, source, of_run->digest[source]))
        source++;
    if (source == SOURCES) {
        ore_error_raise(&error);
        return;
    }
    ore_digest_text(of_run->digest[source], was);
    ore_fail(ORE_DATA, "%s: the text has changed since the run began: its digest is not %s",
             is_standard_input(p->path[source]) ? "standard input" : p->path[source], was);
}

/* ---- keeping ---- */

/* The path of an absolute file relative to an absolute folder: "../../text.txt". */
static ore_status relative_path(const char *folder, const char *file, char *path) {
    size_t common = 0, i = 0, used = 0; /* common: bytes that both begin with, up to a slash */
    for (; folder[i] && folder[i] == file[i]; i++)
        if (folder[i] == '/')
            common = i + 1;
    if (folder[i] == '\0' && file[i] == '/')
        common = i + 1;
    const char *rest = strlen(folder) > common ? folder + common : "";
    for (bool more = *rest; more && used < RUNDIR_PATH_BYTES; more = *rest++ != '\0') {
        used += (size_t)snprintf(path + used, RUNDIR_PATH_BYTES - used, "../");
        rest += strcspn(rest, "/");
    }
    if (used + strlen(file + common) >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", file);
    strcpy(path + used, file + common);
    return ORE_OK;
}

/* Makes `link` lead to a file, unless it already does, or something that is no link has its
 * name. */
static ore_status keep_link(const char *dir, const char *link, const char *file) {
    char target[RUNDIR_PATH_BYTES], now[RUNDIR_PATH_BYTES], fresh[RUNDIR_PATH_BYTES];
    char *folder = realpath(dir, NULL), *real = realpath(file, NULL);
    ssize_t n = readlink(link, now, sizeof now - 1);
    bool other = n < 0 && errno != ENOENT; /* EINVAL: it is no link, but somebody's file */
    if (!folder || !real)
        ore_fail(ORE_IO, "%s: cannot be read: %s", folder ? file : dir, strerror(errno));
    else if (!other && relative_path(folder, real, target) == ORE_OK &&
             rundir_path(dir, ".ore-tmp-link", fresh) == ORE_OK) {
        now[n > 0 ? n : 0] = '\0';
        if (strcmp(now, target) != 0 && ((unlink(fresh) != 0 && errno != ENOENT) ||
                                         symlink(target, fresh) != 0 || rename(fresh, link) != 0))
            ore_fail(ORE_IO, "%s: cannot be linked: %s", link, strerror(errno));
    }
    free(real);
    free(folder);
    return ore_error_status();
}

ore_status data_places_keep(const data_places *p, const char *dir, const train_data *d) {
    char kept[RUNDIR_PATH_BYTES];
    for (int i = 0; i < SOURCES && ore_ok(); i++) {
        if (!*p->path[i] || rundir_path(dir, d->task->kept[i], kept) != ORE_OK)
            continue;
        if (is_standard_input(p->path[i]))
            ore_file_write(kept, d->input, d->input_bytes);
        else
            keep_link(dir, kept, p->path[i]);
    }
    return ore_error_status();
}

ore_status data_places_settle(const data_places *p, train_options *t, bool *changed) {
    *changed = false;
    for (int i = 0; i < SOURCES && ore_ok(); i++) {
        const char *saved = saved_place(&t->config, i);
        bool own_copy = is_standard_input(saved) && !*asked_place(t, i);
        if (own_copy || strcmp(saved, p->path[i]) == 0)
            continue;
        *changed = true;
        options_replace(&t->options, keys[i], p->path[i]);
    }
    return ore_error_status();
}

/* Whether the run in `dir` keeps a file of its own as `name`, and that is what `path` leads to. */
static bool keeps(const char *dir, const char *name, const char *path) {
    char kept[RUNDIR_PATH_BYTES];
    if (rundir_path(dir, name, kept) != ORE_OK || ore_path_kind_of_entry(kept) != ORE_PATH_FILE)
        return false;
    char *real = realpath(kept, NULL);
    bool same = real && strcmp(real, path) == 0;
    free(real);
    return same;
}

ore_status data_places_check_replaced(const train_options *t, const char *dir) {
    const run_task *task = run_task_of(&t->config);
    for (int i = 0; i < t->options.count && ore_ok(); i++) {
        const option *row = &t->options.rows[i];
        char path[RUNDIR_PATH_BYTES];
        if (!train_row_is_path(row) || !*option_value_text(&t->options, row, path, sizeof path))
            continue;
        for (int k = 0; k < SOURCES && ore_ok(); k++)
            if (keeps(dir, task->kept[k], path))
                ore_fail(ORE_DATA,
                         "%s/%s: belongs to the run that --force replaces; copy it elsewhere first",
                         dir, task->kept[k]);
    }
    return ore_error_status();
}
