/* Any bytes as a config.json of Hugging Face: refused with one line, or a config of the GPT or of
 * BERT of which a model can be made, and that is read back as it was written. */
#include "config_checks.h"
#include "models/bert/bert_json.h"

/* Both configs say the same. */
static void check_same(const gpt_config *a, const gpt_config *b) {
    char of_a[256], of_b[256];
    gpt_config c = gpt_config_settled(a), d = gpt_config_settled(b);
    for (const config_field *f = gpt_family.fields; f->key; f++)
        check(strcmp(config_text(f, &c, of_a, sizeof of_a),
                     config_text(f, &d, of_b, sizeof of_b)) == 0 ||
              strstr(f->key, "dropout") || strncmp(f->key, "bias", strlen("bias")) == 0);
}

/* What is written of a config makes the same. There may be no family for it: a file can give some
 * more than its family has by itself. */
static void check_again(const gpt_config *c, const hf_family *f) {
    ore_json *json = NULL;
    gpt_config again;
    if (!hf_config_write(c, f->model_type, &json))
        check_refusal();
    else if (hf_config_read(json, &again))
        check_same(c, &again);
    check(ore_ok());
    ore_json_free(json);
}

static void check_gpt(ore_json *json) {
    gpt_config c;
    gpt model;
    const hf_family *f = hf_config_read(json, &c);
    if (!f) {
        check_refusal();
        return;
    }
    check_again(&c, f);
    if (!check_config(&c, &model))
        return;
    if (hf_rope_factors(json, &model) != ORE_OK)
        check_refusal();
    gpt_free(&model);
}

static void check_bert(ore_json *json) {
    bert_config c;
    if (bert_config_read(json, &c) != ORE_OK)
        check_refusal();
    else
        check(bert_config_check(&c) == ORE_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ore_error_clear();
    ore_json *json = ore_json_parse((const char *)data, size, "fuzz");
    ore_error_clear();
    if (json) {
        check_gpt(json);
        check_bert(json);
    }
    ore_json_free(json);
    ore_error_clear();
    return 0;
}
