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

ore_status family_check_heads(int64_t n_head, int64_t n_embd) {
    return n_embd % n_head == 0
               ? ORE_OK
               : ore_fail(ORE_INVALID,
                          "n_head %lld does not divide n_embd %lld; every head takes an equal "
                          "share of the channels",
                          (long long)n_head, (long long)n_embd);
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
