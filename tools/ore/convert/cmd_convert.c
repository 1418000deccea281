/* cmd_convert.c: `ore convert`: what is in one format, in another. */
#include <string.h>

#include "cli/command.h"
#include "convert/conversion.h"
#include "run/rundir.h"

#define ROW(type, ...)                                                                             \
    { "Conversion", CONFIG_FIELD_##type(convert_config, __VA_ARGS__), OPTION_UNSAVED, 0 }
static const option rows[] = {
    ROW(SWITCH, best, "false", NULL,
        "of a run: the weights of the lowest validation loss, not the last ones"),
    ROW(SWITCH, force, "false", NULL, "replace the files that a folder DST has"),
    ROW(CHOICE, dtype, "auto", option_dtypes,
        "what floating tensors are stored as, in a folder or a file; auto: as they are"),
    ROW(TEXT, type, "auto", "TYPE",
        "of a file DST: the same for any TYPE; what is quantised is its matrices"),
    ROW(FLOAT, shard_gb, "0", "[0, 1000000]", NULL,
        "of safetensors: the most that a shard takes; 0: one file"),
};
#undef ROW
enum { ROWS = sizeof rows / sizeof rows[0] };

static const option *convert_rows(int *count) {
    *count = ROWS;
    return rows;
}

/* In the order in which they are asked. */
static const conversion *const conversions[] = {&conversion_to_folder, &conversion_to_gguf,
                                                &conversion_tensors};
enum { CONVERSIONS = sizeof conversions / sizeof conversions[0] };

/* --dtype says what --type would, of the types that both have. */
static ore_status settle_type(options *o, const convert_config *c) {
    if (c->dtype == CONFIG_AUTO)
        return ORE_OK;
    if (strcmp(c->type, "auto") != 0)
        return ore_fail(ORE_INVALID, "expected --dtype or --type, not both");
    return options_replace(o, "type", ore_dtype_name((ore_dtype)c->dtype));
}

static ore_status convert(const char *from, const char *to, const convert_config *c) {
    if (rundir_has_digest(to))
        return ore_fail(ORE_DATA,
                        "%s: belongs to a run, which it would damage; expected another place", to);
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
    } else if (settle_type(&o, &c) != ORE_OK) {
        status = EXIT_USAGE;
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
    .summary = "Write a model, or a file of tensors, in another format",
    .usage = "ore convert SRC FOLDER [--dtype DTYPE] [--best] [--force] [--shard-gb SIZE]\n"
             "    ore convert SRC FILE [--dtype DTYPE | --type TYPE] [--best] [--shard-gb SIZE]",
    .about = "Makes a folder of Hugging Face, with config.json, model.safetensors and the\n"
             "tokenizer's files, of a run or of a model that others published.\n"
             "transformers.AutoModelForCausalLM.from_pretrained(DST) opens it.\n\n"
             "Where DST ends in .gguf, and SRC is a run or such a folder, it is the model as a\n"
             "GGUF file, with its tokenizer if that is byte-level BPE.\n\n"
             "Where DST ends in .safetensors, .gguf, .npz or .npy, it gets the tensors of any\n"
             "other SRC that ore info reads. Names stay as they are, and what SRC says beside\n"
             "its tensors goes along where the format has a place for it. TYPE is f32, f16, bf16\n"
             "or f64, or in GGUF q4_0, q4_1, q5_0, q5_1, q8_0, q4_k or q6_k; then vectors are\n"
             "f32, matrices whose rows are no whole blocks q8_0 or f16.",
    .run = run,
    .rows = convert_rows,
};
