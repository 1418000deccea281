/* data_places.c: finding and keeping the texts of a run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/data_places.h"

/* What a run's folder has of each text. */
static const char *const kept_names[] = {"run-data.txt", "run-val-data.txt"};
enum { TEXTS = sizeof kept_names / sizeof kept_names[0] };

static bool is_standard_input(const char *path) {
    return strcmp(path, DATA_STANDARD_INPUT) == 0;
}

static ore_status copy_path(char *to, const char *path) {
    if (snprintf(to, RUNDIR_PATH_BYTES, "%s", path) >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", path);
    return ORE_OK;
}

ore_status data_places_of(data_places *p, const train_config *c) {
    return copy_path(p->data, c->data) == ORE_OK ? copy_path(p->val_data, c->val_data)
                                                 : ore_error_status();
}

/* ---- finding ---- */

/* A place that cannot be looked at, as after a move to another machine, is none of the text; what
 * is found in its stead is held against the digest. */
static bool is_text(const char *path) {
    bool is = ore_path_kind_of(path) == ORE_PATH_FILE;
    ore_error_clear();
    return is;
}

/* The digest is of all bytes, whatever of them counts. */
static bool has_digest(const char *path, ore_digest digest) {
    ore_text_options o = {.invalid_utf8 = ORE_UTF8_IGNORE};
    ore_text *text = ore_text_open(path, &o);
    bool has = text && ore_digest_equal(ore_text_digest(text), digest);
    ore_text_close(text);
    ore_error_clear();
    return has;
}

/* One text that the config has at `saved`. digest: NULL where none is known. */
static ore_status find(char *place, const char *saved, const char *dir, int which,
                       const ore_digest *digest, bool resumed) {
    static const char *const flags[] = {"--data", "--val-data"};
    char kept[RUNDIR_PATH_BYTES];
    if (!*saved || rundir_path(dir, kept_names[which], kept) != ORE_OK)
        return copy_path(place, "");
    char *real = realpath(kept, NULL);
    bool here = !is_standard_input(saved) && is_text(saved);
    bool there = real && is_text(real) && strcmp(real, saved) != 0;
    if (here && there && digest && !has_digest(saved, *digest))
        here = !has_digest(real, *digest);
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
                 saved, kept, flags[which]);
    else
        ore_fail(ORE_DATA, "%s: the run's text is there no more, nor by %s%s", saved, kept,
                 resumed ? "; put it there again, or start anew with --force" : "");
    free(real);
    return ore_error_status();
}

/* True for a run that was killed before it kept what it had read from standard input. */
static bool never_kept(const char *saved, const char *dir, const data_identity *of_run) {
    char kept[RUNDIR_PATH_BYTES];
    return !of_run && is_standard_input(saved) && rundir_path(dir, kept_names[0], kept) == ORE_OK &&
           ore_path_kind_of_entry(kept) == ORE_PATH_MISSING;
}

/* Only a digest tells that another file is the same text. */
static ore_status take_asked(char *place, const char *asked, const char *saved, const char *dir,
                             const char *flag, const data_identity *of_run) {
    if ((!of_run || !of_run->digested) && !never_kept(saved, dir, of_run) && ore_ok())
        return ore_fail(ORE_DATA,
                        "%s %s: the run in %s has %s, and no checkpoint with a digest that tells "
                        "whether both are the same text",
                        flag, asked, dir, saved);
    return ore_ok() ? copy_path(place, asked) : ore_error_status();
}

ore_status data_places_find(data_places *p, const train_options *t, const char *dir,
                            const data_identity *of_run, bool resumed) {
    const train_config *c = &t->config;
    bool digested = of_run && of_run->digested;
    if (*t->asked_data)
        take_asked(p->data, t->asked_data, c->data, dir, "--data", of_run);
    else
        find(p->data, c->data, dir, 0, digested ? &of_run->digest : NULL, resumed);
    if (*t->asked_val_data)
        take_asked(p->val_data, t->asked_val_data, c->val_data, dir, "--val-data", of_run);
    else if (ore_ok())
        find(p->val_data, c->val_data, dir, 1, digested ? &of_run->val_digest : NULL, resumed);
    return ore_error_status();
}

/* ---- other texts ---- */

/* text: NULL where the place could not be opened. */
static bool is_other(const char *place, const ore_text *text, ore_digest digest) {
    if (!*place)
        return false;
    return text ? !ore_digest_equal(ore_text_digest(text), digest) : !has_digest(place, digest);
}

void data_places_explain(const data_places *p, const train_data *d, const data_identity *of_run) {
    char was[ORE_DIGEST_TEXT_BYTES];
    if (ore_error_status() != ORE_DATA || !of_run->digested)
        return;
    ore_error error;
    ore_error_take(&error);
    bool data = is_other(p->data, d->text, of_run->digest);
    const char *place = data ? p->data : p->val_data;
    ore_digest_text(data ? of_run->digest : of_run->val_digest, was);
    if (data || is_other(p->val_data, d->val_text, of_run->val_digest))
        ore_fail(ORE_DATA, "%s: the text has changed since the run began: its digest is not %s",
                 is_standard_input(place) ? "standard input" : place, was);
    else
        ore_error_raise(&error);
}

/* ---- keeping ---- */

/* The way from an absolute folder to an absolute file: "../../text.txt". */
static ore_status relative_path(const char *folder, const char *file, char *path) {
    size_t common = 0, i = 0, used = 0; /* common: of both, with its last slash */
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

/* Links `link` to a file, unless it leads there already or is no link. */
static ore_status keep_link(const char *dir, const char *link, const char *file) {
    char target[RUNDIR_PATH_BYTES], now[RUNDIR_PATH_BYTES], fresh[RUNDIR_PATH_BYTES];
    char *folder = realpath(dir, NULL), *real = realpath(file, NULL);
    ssize_t n = readlink(link, now, sizeof now - 1);
    bool other = n < 0 && errno != ENOENT; /* EINVAL: a file of someone's */
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
    const char *const places[TEXTS] = {p->data, p->val_data};
    char kept[RUNDIR_PATH_BYTES];
    for (int i = 0; i < TEXTS && ore_ok(); i++) {
        if (!*places[i] || rundir_path(dir, kept_names[i], kept) != ORE_OK)
            continue;
        if (is_standard_input(places[i]))
            ore_file_write(kept, d->input, d->input_bytes);
        else
            keep_link(dir, kept, places[i]);
    }
    return ore_error_status();
}

ore_status data_places_settle(const data_places *p, train_options *t, bool *changed) {
    static const char *const keys[TEXTS] = {"data", "val_data"};
    const char *const places[TEXTS] = {p->data, p->val_data};
    const char *const asked[TEXTS] = {t->asked_data, t->asked_val_data};
    *changed = false;
    for (int i = 0; i < TEXTS && ore_ok(); i++) {
        const char *saved = i ? t->config.val_data : t->config.data;
        bool own_copy = is_standard_input(saved) && !*asked[i];
        if (own_copy || strcmp(saved, places[i]) == 0)
            continue;
        *changed = true;
        options_replace(&t->options, keys[i], places[i]);
    }
    return ore_error_status();
}

ore_status data_places_check_replaced(const train_config *c, const char *dir) {
    const char *const texts[] = {c->data, c->val_data, c->vocab};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < TEXTS; k++) {
            char kept[RUNDIR_PATH_BYTES];
            if (rundir_path(dir, kept_names[k], kept) != ORE_OK)
                return ore_error_status();
            if (!*texts[i] || ore_path_kind_of_entry(kept) != ORE_PATH_FILE)
                continue;
            char *real = realpath(kept, NULL);
            bool same = real && strcmp(real, texts[i]) == 0;
            free(real);
            if (same)
                return ore_fail(ORE_DATA,
                                "%s: belongs to the run that --force replaces; copy it elsewhere "
                                "first",
                                kept);
        }
    }
    return ore_error_status();
}
