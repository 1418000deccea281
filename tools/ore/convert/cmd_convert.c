/* cmd_convert.c: `ore convert`: what is in one format, in another. */
#include "cli/command.h"
#include "convert/conversion.h"

#define ROW(type, ...)                                                                             \
    { "Conversion", CONFIG_FIELD_##type(convert_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW(SWITCH, best, "false", NULL,
        "of a run: the weights of the lowest validation loss, not the last ones"),
    ROW(SWITCH, force, "false", NULL, "replace the files that DST has"),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *convert_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* In the order in which they are asked. */
static const conversion *const conversions[] = {&conversion_to_folder};
enum { CONVERSIONS = sizeof conversions / sizeof conversions[0] };

static ore_status convert(const char *from, const char *to, const convert_config *c) {
    for (int i = 0; i < CONVERSIONS; i++)
        if (conversions[i]->takes(from, to))
            return conversions[i]->convert(from, to, c);
    return ore_ok() ? ore_fail(ORE_UNSUPPORTED, "nothing makes %s of %s", to, from)
                    : ore_error_status();
}

static int run(const arguments *a) {
    options o;
    convert_config c = {0};
    const char *words[2] = {NULL, NULL};
    int status = EXIT_RUN;
    if (options_init(&o, rows, ROWS, (option_structs){{&c}}) != ORE_OK ||
        options_take(&o, a, words, 2) != ORE_OK) {
        status = usage_failure();
    } else if (!words[0] || !words[1]) {
        ore_fail(ORE_INVALID, "expected: ore convert SRC DST");
        status = EXIT_USAGE;
    } else if (convert(words[0], words[1], &c) == ORE_OK) {
        status = EXIT_OK;
    }
    options_free(&o);
    return status;
}

const command command_convert = {
    .name = "convert",
    .summary = "Write a model in another format",
    .usage = "ore convert SRC DST [--best] [--force]",
    .about = "Makes a folder of Hugging Face, with config.json, model.safetensors and the\n"
             "tokenizer's files, of a run or of a model that others published.\n"
             "transformers.AutoModelForCausalLM.from_pretrained(DST) opens it.",
    .run = run,
    .rows = convert_rows,
};
