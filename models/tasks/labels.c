/* labels.c: texts with labels as a task. */
#include <string.h>

#include <ore/table.h>

#include "models/tasks/classes.h"
#include "models/tasks/labels.h"

static const config_choice formats[] = {
    {"csv", ORE_TABLE_CSV}, {"tsv", ORE_TABLE_TSV}, {"jsonl", ORE_TABLE_JSONL}, {NULL, 0}};

#define TEXT(...)   CONFIG_FIELD_TEXT(labels_config, __VA_ARGS__)
#define CHOICE(...) CONFIG_FIELD_CHOICE(labels_config, __VA_ARGS__)

static const config_field fields[] = {
    TEXT(text_field, "text", "NAME", "column of CSV or member of JSON lines that holds the text"),
    TEXT(label_field, "label", "NAME", "the one that holds the label"),
    CHOICE(format, "auto", formats, "auto: by how the file's name ends, else csv"),
    TEXT(tokenizer, "word", TASK_TOKENIZERS, TASK_TOKENIZERS_HELP),
    CONFIG_FIELD_INT(
        labels_config, min_frequency, "2", "[1, 1000000000]",
        "how often a word must occur in the texts to train on to have a token; the others "
        "are <unk>"),
    CONFIG_FIELD_SWITCH(labels_config, cut, "false", NULL,
                        "of texts longer than block_size, read the beginning; otherwise they are "
                        "an error"),
    CONFIG_FIELDS_END,
};

static ore_status settle(void *config, bool embedded) {
    (void)embedded;
    return task_check_tokenizer(((const labels_config *)config)->tokenizer);
}

static const char *idle(const void *config, const char *key, bool embedded) {
    static const char *const of_files[] = {"text_field", "label_field", "format"};
    const labels_config *c = config;
    for (int i = 0; i < 3; i++)
        if (embedded && strcmp(key, of_files[i]) == 0)
            return "with the embedded reviews";
    return strcmp(key, "min_frequency") == 0 ? task_frequency_idle(c->tokenizer) : NULL;
}

const model_task task_labels = {
    .name = "labels",
    .item = "text",
    .embedded = "reviews",
    .data_domain = "FILE",
    .data_help = "CSV or JSON lines of texts and labels to train on; -: from standard input, of "
                 "which the run keeps a copy; none: embedded reviews",
    .val_data_help = "the same to validate on; none: a share of the training data",
    .fields = fields,
    .config_bytes = sizeof(labels_config),
    .settle = settle,
    .idle = idle,
    .measures = classes_measures,
    .measure = classes_measure};
