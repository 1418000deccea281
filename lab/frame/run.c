/* run.c: making a lab, and running a rung in it. */
#include <stdlib.h>
#include <string.h>

#include "lab/frame/record.h"
#include "lab/frame/run.h"

lab_options lab_defaults(void) {
    return (lab_options){.folder = "runs/lab"};
}

lab *lab_new(const lab_options *options) {
    lab *l = lab_allocate(sizeof *l);
    if (!l)
        return NULL;
    l->out = options->out;
    l->quick = options->quick;
    l->folder = lab_copy(options->folder);
    l->words_path = options->words ? lab_copy(options->words) : NULL;
    l->text_path = options->text ? lab_copy(options->text) : NULL;
    l->published = lab_published_new();
    if (ore_ok())
        return l;
    lab_free(l);
    return NULL;
}

void lab_free(lab *l) {
    if (!l)
        return;
    lab_published_free(l->published);
    free(l->folder);
    free(l->words_path);
    free(l->text_path);
    free(l->word_bytes);
    free(l->words);
    free(l);
}

static void stop_with_error(lab_record *record) {
    ore_error error;
    ore_error_take(&error);
    record->error = lab_copy(error.message);
}

lab_record *lab_run(lab *l, const lab_rung *rung) {
    lab_record *record = lab_allocate(sizeof *record);
    if (!record)
        return NULL;
    record->rung = rung;
    l->record = record;
    if (l->out)
        fprintf(l->out, "== %s: %s\n", rung->name, rung->title);
    double began_s = ore_clock_s();
    ore_scope_begin();
    ore_manual_seed(1);
    rung->run(l);
    ore_scope_end();
    if (ore_ok())
        lab_complete(l);
    lab_clear_line(l);
    record->took_s = ore_clock_s() - began_s;
    if (!ore_ok())
        stop_with_error(record);
    if (l->out)
        lab_print_table(record, l->out);
    l->record = NULL;
    return record;
}
