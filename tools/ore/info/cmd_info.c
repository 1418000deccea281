/* cmd_info.c: `ore info`. */
#include <stdio.h>
#include <stdlib.h>

#include "info/info.h"

static const option rows[] = {
    {"Info",
     CONFIG_FIELD_SWITCH(info_config, all, "false", NULL,
                         "a row for each tensor; else those of all layers share one"),
     OPTION_UNSAVED, 0},
    {"Info",
     CONFIG_FIELD_SWITCH(info_config, check, "false", NULL,
                         "read all tensors and count the values that are not finite"),
     OPTION_UNSAVED, 0},
    {"Info",
     CONFIG_FIELD_SWITCH(info_config, template, "false", NULL, "print the chat template alone"),
     OPTION_UNSAVED, 0},
    {"Info", CONFIG_FIELD_SWITCH(info_config, json, "false", NULL, "print one JSON object"),
     OPTION_UNSAVED, 0},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *info_rows(int *count) {
    *count = ROWS;
    return rows;
}

static void close_subject(info_subject *s) {
    for (int64_t i = 0; i < s->row_count; i++)
        free(s->rows[i].pattern);
    free(s->rows);
    free(s->template);
    ore_tokenizer_free(s->tokenizer);
    ore_json_free(s->config);
    ore_tensor_file_close(s->file);
}

static ore_status show(const info_config *c, info_subject *s) {
    if (info_look_around(s) != ORE_OK)
        return ore_error_status();
    if (c->template) {
        if (!s->template)
            return ore_fail(ORE_DATA, "%.500s: no chat template", s->path);
        printf("%s\n", s->template);
        return ORE_OK;
    }
    if (info_count(s, c->all) != ORE_OK || (c->check && info_check(s) != ORE_OK))
        return ore_error_status();
    return c->json ? info_print_json(s) : info_print(s);
}

static ore_status work(const info_config *c, const char *path) {
    static info_subject s;
    s = (info_subject){.path = path, .not_finite = -1};
    s.file = ore_tensor_file_open(path);
    if (s.file)
        show(c, &s);
    close_subject(&s);
    return ore_error_status();
}

static int run(const arguments *a) {
    info_config c = {0};
    options o;
    const char *word = NULL;
    int status = EXIT_OK;
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) == ORE_OK &&
        options_take(&o, a, &word, 1) == ORE_OK && !word)
        ore_fail(ORE_INVALID, "expected a file of tensors, or a folder");
    if (!ore_ok())
        status = usage_failure();
    else if (work(&c, word) != ORE_OK)
        status = EXIT_RUN;
    options_free(&o);
    return status;
}

const command command_info = {
    .name = "info",
    .summary = "Look into a published model, or any file of tensors",
    .usage = "ore info FILE_OR_FOLDER [--all] [--check] [--template] [--json]",
    .about =
        "FILE is safetensors, an index of shards, GGUF, PyTorch's .pt or .bin, NumPy's .npy or\n"
        ".npz; FOLDER, one as on Hugging Face, or a run. Tensors are summed by how they are\n"
        "stored and listed with their shapes; those of all layers share a row. Then come\n"
        "config.json and what the file says beside its tensors. Nothing but headers is read,\n"
        "unless --check asks for it, and nothing in a file is executed.",
    .run = run,
    .rows = info_rows,
};
