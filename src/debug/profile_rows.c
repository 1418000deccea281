/* profile_rows.c: a profile's events added up by operation and by module. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "debug/profile.h"

static void add_to(ore_profile_row *row, const profile_event *e) {
    row->calls++;
    row->seconds += e->seconds;
    row->bytes += e->bytes;
}

/* The number of the path around that of `path`: "h.0" of "h.0.attn", "" of "h"; -1 of "". */
static int32_t path_around(debug_names *names, int32_t path) {
    const char *text = names->text[path];
    if (!*text)
        return -1;
    char *around = ore_copy_text(text);
    if (!around)
        return -1;
    char *dot = strrchr(around, '.');
    *(dot ? dot : around) = '\0';
    int32_t number = debug_name(names, around);
    ore_release(around);
    return number;
}

/* Each path has the one around it among the names. False with the error pending. */
static bool name_all_paths(ore_profile *p) {
    for (int64_t i = 0; i < p->events; i++)
        for (int32_t path = p->event[i].path; path >= 0 && ore_ok();)
            path = path_around(&p->names, path);
    return ore_ok();
}

static bool counts(const profile_event *e) {
    return e->name >= 0 && e->path >= 0 && (e->kind == EVENT_OPERATION || e->kind == EVENT_LOOSE);
}

static void add_all(ore_profile *p, bool by_module, ore_profile_row *row) {
    for (int64_t i = 0; i < p->events; i++) {
        const profile_event *e = &p->event[i];
        if (!counts(e))
            continue;
        if (!by_module)
            add_to(&row[2 * e->name + e->backward], e);
        else
            for (int32_t path = e->path; path >= 0; path = path_around(&p->names, path))
                add_to(&row[2 * path + e->backward], e);
    }
}

static int longest_first(const void *a, const void *b) {
    const ore_profile_row *x = a, *y = b;
    if (x->seconds != y->seconds)
        return x->seconds < y->seconds ? 1 : -1;
    int by_name = strcmp(x->name, y->name);
    return by_name ? by_name : x->backward - y->backward;
}

int64_t profile_rows(ore_profile *p, bool by_module, const ore_profile_row **rows) {
    *rows = NULL;
    if (!p && ore_ok())
        ore_fail(ORE_INVALID, "profile: expected one, got NULL");
    if (!ore_ok() || (by_module && !name_all_paths(p)))
        return -1;
    int64_t names = p->names.count, count = 0;
    ore_profile_row *row = ore_alloc_zero(2 * (size_t)names * sizeof *row);
    if (!row)
        return -1;
    for (int64_t i = 0; i < 2 * names; i++) {
        row[i].name = p->names.text[i / 2];
        row[i].backward = i % 2;
    }
    add_all(p, by_module, row);
    for (int64_t i = 0; i < 2 * names; i++)
        if (row[i].calls)
            row[count++] = row[i];
    qsort(row, (size_t)count, sizeof *row, longest_first);
    ore_release(p->rows[by_module]);
    p->rows[by_module] = row;
    *rows = row;
    return count;
}

int64_t ore_profile_by_operation(ore_profile *p, const ore_profile_row **rows) {
    return profile_rows(p, false, rows);
}

int64_t ore_profile_by_module(ore_profile *p, const ore_profile_row **rows) {
    return profile_rows(p, true, rows);
}
