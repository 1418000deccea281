/* main.c: one rung as a program of its own, LECTURE being its name:
 * build/examples/NAME [--quick] [--out DIR] [--data FILE] [--text FILE] [--check] */
#include <stdio.h>
#include <string.h>

#include "lab/frame/run.h"
#include "lab/rungs.h"

/* The value behind a flag, NULL with an error if there is none. */
static const char *value_of(int argc, char **argv, int *i) {
    if (*i + 1 < argc)
        return argv[++*i];
    ore_fail(ORE_INVALID, "%s: expected a value", argv[*i]);
    return NULL;
}

static void read_flags(int argc, char **argv, lab_options *o, bool *check) {
    for (int i = 1; i < argc && ore_ok(); i++) {
        if (strcmp(argv[i], "--quick") == 0)
            o->quick = true;
        else if (strcmp(argv[i], "--check") == 0)
            *check = true;
        else if (strcmp(argv[i], "--out") == 0)
            o->folder = value_of(argc, argv, &i);
        else if (strcmp(argv[i], "--data") == 0)
            o->words = value_of(argc, argv, &i);
        else if (strcmp(argv[i], "--text") == 0)
            o->text = value_of(argc, argv, &i);
        else
            ore_fail(ORE_INVALID,
                     "%s: expected --quick, --check, --out DIR, --data FILE or --text FILE",
                     argv[i]);
    }
}

int main(int argc, char **argv) {
    lab_options o = lab_defaults();
    bool check = false;
    int64_t differ = 0;
    o.out = stdout;
    read_flags(argc, argv, &o, &check);
    lab *l = ore_ok() ? lab_new(&o) : NULL;
    lab_record *record = l ? lab_run(l, lab_rung_find(LECTURE)) : NULL;
    if (record)
        differ = lab_count(record).differ;
    lab_record_free(record);
    lab_free(l);
    if (!ore_ok()) {
        fprintf(stderr, "%s: %s\n", LECTURE, ore_error_message());
        return 2;
    }
    return check && differ > 0 ? 1 : 0;
}
