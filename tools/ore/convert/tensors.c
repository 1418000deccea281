/* tensors.c: files of tensors from one format to another, names and shapes as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/tensor_file.h>

#include "cli/words.h"
#include "convert/conversion.h"

static bool is_numpy(const char *target) {
    return path_ends_in(target, ".npz") || path_ends_in(target, ".npy");
}

static bool takes(const char *source, const char *target) {
    (void)source;
    return path_ends_in(target, ".safetensors") || path_ends_in(target, ".gguf") ||
           is_numpy(target);
}

/* ---- what each tensor becomes ---- */

/* The coding that keeps all values in the target's format. */
static ore_coding kept(ore_coding coding, const char *target) {
    bool gguf = path_ends_in(target, ".gguf");
    ore_coding decoded = (ore_coding)ore_coding_dtype(coding);
    if (ore_coding_elements(coding) > 1)
        return gguf ? coding : decoded;
    if (gguf && (decoded == ORE_CODING_BOOL || decoded == ORE_CODING_UINT8))
        return ORE_CODING_INT32;
    return is_numpy(target) && decoded == ORE_CODING_BFLOAT16 ? ORE_CODING_FLOAT32 : decoded;
}

/* The coding of a tensor whose matrices were asked to be of `asked`. */
static ore_coding chosen(const ore_tensor_entry *entry, ore_coding asked, const char *target) {
    ore_coding own = kept(entry->coding, target);
    return ore_dtype_is_floating(ore_coding_dtype(own)) ? ore_coding_fitting(asked, entry->shape)
                                                        : own;
}

ore_status conversion_type(const char *text, const char *target, ore_coding *coding) {
    if (!ore_coding_from_name(text, coding) ||
        (!ore_coding_is_written(*coding) && *coding != ORE_CODING_FLOAT64))
        return ore_fail(ORE_INVALID,
                        "--type %.40s: expected f32, f16, bf16, f64, q4_0, q4_1, q5_0, q5_1, q8_0, "
                        "q4_k or q6_k",
                        text);
    if (ore_coding_elements(*coding) > 1 && !path_ends_in(target, ".gguf"))
        return ore_fail(ORE_INVALID, "--type %.40s: only .gguf files have it", text);
    return ORE_OK;
}

/* Fills an item for each tensor. */
static ore_status plan(const convert_config *c, const ore_tensor_file *file, const char *target,
                       ore_tensor_item *items) {
    ore_coding asked = ORE_CODING_FLOAT32;
    bool as_is = strcmp(c->type, "auto") == 0;
    if (!as_is && conversion_type(c->type, target, &asked) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < ore_tensor_file_count(file); i++) {
        const ore_tensor_entry *entry = ore_tensor_file_at(file, i);
        items[i] = (ore_tensor_item){.name = entry->name,
                                     .shape = entry->shape,
                                     .coding = as_is ? kept(entry->coding, target)
                                                     : chosen(entry, asked, target)};
    }
    return ORE_OK;
}

/* ---- converting ---- */

static ore_tensor *next_tensor(void *user, int64_t i) {
    return ore_tensor_file_tensor(user, ore_tensor_file_at(user, i)->name);
}

static void report(const ore_tensor_item *items, int64_t count, const char *target) {
    int64_t of_coding[ORE_CODING_COUNT] = {0};
    char text[COUNT_BYTES];
    for (int64_t i = 0; i < count; i++)
        of_coding[items[i].coding]++;
    printf("%s: %s", target, counted_text(count, "tensor", text));
    const char *before = ", ";
    for (int k = 0; k < ORE_CODING_COUNT; k++)
        if (of_coding[k] > 0)
            printf("%s%lld %s", before, (long long)of_coding[k], ore_coding_name((ore_coding)k));
    printf("\n");
}

static ore_status write_file(const convert_config *c, ore_tensor_file *file, const char *target) {
    int64_t count = ore_tensor_file_count(file);
    ore_tensor_item *items = calloc((size_t)count + 1, sizeof *items);
    ore_tensor_file_options o = ore_tensor_file_defaults();
    if (!items)
        return ore_fail(ORE_MEMORY, "out of memory");
    o.metadata = ore_tensor_file_metadata(file);
    if (strcmp(c->type, "auto") != 0)
        ore_json_remove(o.metadata, "general.file_type"); /* what most of GGUF's tensors were */
    o.like = file;
    o.source = next_tensor;
    o.user = file;
    o.shard_bytes = (int64_t)(c->shard_gb * 1e9);
    if (o.metadata && plan(c, file, target, items) == ORE_OK &&
        ore_tensor_file_write(target, items, count, &o) == ORE_OK &&
        ore_tensor_file_check(file) == ORE_OK)
        report(items, count, target);
    free(items);
    return ore_error_status();
}

static ore_status convert(const char *source, const char *target, const convert_config *c) {
    ore_tensor_file *file = ore_tensor_file_open(source);
    if (file)
        write_file(c, file, target);
    ore_tensor_file_close(file);
    return ore_error_status();
}

const conversion conversion_tensors = {takes, convert};
