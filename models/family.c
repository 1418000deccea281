/* family.c: what holds for any family. */
#include "models/family.h"

/* 0 where there is no such field. */
static int64_t whole_number(const model_family *f, const char *key, const void *config) {
    const config_field *field = config_find(f->fields, key);
    return !field ? 0 : *(const int64_t *)(const void *)((const char *)config + field->offset);
}

ore_status family_prepare(const model_family *f, void *config) {
    if (!ore_ok())
        return ore_error_status();
    config_settle(f->fields, config);
    if (config_check(f->fields, config) == ORE_OK && f->check)
        f->check(config);
    ore_error_locate(f->name);
    return ore_error_status();
}

const model_task *family_task(const model_family *f) {
    return f->task ? f->task : &task_language;
}

int64_t family_vocab_size(const model_family *f, const void *config) {
    return whole_number(f, "vocab_size", config);
}

int64_t family_block_size(const model_family *f, const void *config) {
    return f->context > 0 ? f->context : whole_number(f, "block_size", config);
}
