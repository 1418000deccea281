/* train_rows.c: the rows of `ore train` for each model: its family's fields, then the common keys,
 * with its task's fields behind those of the group Data. */
#include <string.h>

#include <ore/device.h>
#include <ore/optim.h>

#include "config/train_options.h"

/* ---- the common keys ---- */

static const config_choice optimizer_choices[] = {
#define OPTIMIZER(name, reads) {#name, OPTIMIZER_##name},
#include "config/optimizers.def"
#undef OPTIMIZER
    {NULL, 0}};
static const config_choice decay_choices[] = {
    {"matrices", DECAY_MATRICES}, {"all", DECAY_ALL}, {NULL, 0}};
static const config_choice schedule_choices[] = {{"cosine", ORE_SCHEDULE_COSINE},
                                                 {"constant", ORE_SCHEDULE_CONSTANT},
                                                 {"linear", ORE_SCHEDULE_LINEAR},
                                                 {NULL, 0}};
#define dtype_choices      option_dtypes
#define save_dtype_choices option_dtypes
static const config_choice device_choices[] = {{"cpu", ORE_CPU}, {"cuda", ORE_CUDA}, {NULL, 0}};
enum { MODELS_MAX = 32 };
static config_choice model_choices[MODELS_MAX + 1]; /* filled from the list of models */

#define SAVED     OPTION_SAVED
#define UNSAVED   OPTION_UNSAVED
#define FLAG_ONLY (OPTION_UNSAVED | OPTION_FLAG_ONLY)
#define INT(group, key, fallback, domain, kind, help)                                              \
    {group, CONFIG_FIELD_INT(train_config, key, fallback, domain, help), kind, 0},
#define FLOAT(group, key, fallback, domain, kind, help)                                            \
    {group, CONFIG_FIELD_FLOAT(train_config, key, fallback, domain, NULL, help), kind, 0},
#define SWITCH(group, key, fallback, kind, help)                                                   \
    {group, CONFIG_FIELD_SWITCH(train_config, key, fallback, NULL, help), kind, 0},
#define TEXT(group, key, fallback, domain, kind, help)                                             \
    {group, CONFIG_FIELD_TEXT(train_config, key, fallback, domain, help), kind, 0},
#define CHOICE(group, key, fallback, kind, help)                                                   \
    {group, CONFIG_FIELD_CHOICE(train_config, key, fallback, key##_choices, help), kind, 0},
static const option common_rows[] = {
#include "config/train_options.def"
};
#undef INT
#undef FLOAT
#undef SWITCH
#undef TEXT
#undef CHOICE
enum { COMMON_ROWS = sizeof common_rows / sizeof common_rows[0] };

/* ---- the rows of a model ---- */

typedef struct row_table {
    int count;
    option rows[OPTION_ROWS_MAX];
} row_table;

static void name_models(void) {
    for (int i = 0; i < model_count() && i < MODELS_MAX; i++)
        model_choices[i] = (config_choice){model_at(i)->name, i};
}

static const char *default_of(const named_model *m, const config_field *f) {
    if (config_same_key(f->key, "model"))
        return m->name;
    for (const config_setting *s = m->defaults; s && s->key; s++)
        if (config_same_key(s->key, f->key))
            return s->text;
    return f->fallback;
}

/* The rows of part 0, 1 .. are of a train_config, of a family's config, of a task's. */
enum { PART_COMMON, PART_FAMILY, PART_TASK };

static const char *const data_group = "Data"; /* in train_options.def */

/* What --data and --val-data are, the task says. */
static void describe_data(config_field *f, const model_task *task) {
    bool data = config_same_key(f->key, "data");
    if (!data && !config_same_key(f->key, "val_data"))
        return;
    f->domain = task->data_domain;
    f->help = data ? task->data_help : task->val_data_help;
}

static void add_row(row_table *table, option row, const named_model *m) {
    describe_data(&row.field, family_task(m->family));
    row.field.fallback = default_of(m, &row.field);
    if (table->count < OPTION_ROWS_MAX)
        table->rows[table->count++] = row;
}

static void add_fields(row_table *table, const char *group, const config_field *fields, int part,
                       const named_model *m) {
    for (const config_field *f = fields; f->key; f++)
        add_row(table, (option){group, *f, OPTION_SAVED, part}, m);
}

bool train_row_is_data(const option *row) {
    return strcmp(row->group, data_group) == 0;
}

bool train_row_is_path(const option *row) {
    return train_row_is_data(row) && row->field.type == CONFIG_TEXT &&
           (strcmp(row->field.domain, "FILE") == 0 || strcmp(row->field.domain, "DIR") == 0);
}

const option *train_option_rows(const named_model *m, int *count) {
    static row_table tables[MODELS_MAX];
    int place = 0;
    while (model_at(place) != m)
        place++;
    row_table *table = &tables[place];
    if (table->count == 0) {
        name_models();
        add_fields(table, "Model", m->family->fields, PART_FAMILY, m);
        for (int i = 0; i < COMMON_ROWS; i++) {
            bool behind = i > 0 && train_row_is_data(&common_rows[i - 1]);
            if (behind && !train_row_is_data(&common_rows[i]))
                add_fields(table, data_group, family_task(m->family)->fields, PART_TASK, m);
            add_row(table, common_rows[i], m);
        }
    }
    *count = table->count;
    return table->rows;
}

/* Of a model or of its task. */
static const config_field *own_field(const named_model *m, const char *key) {
    const config_field *f = config_find(m->family->fields, key);
    return f ? f : config_find(family_task(m->family)->fields, key);
}

const config_field *train_field(const char *key) {
    name_models();
    for (int i = 0; i < COMMON_ROWS; i++)
        if (config_same_key(common_rows[i].field.key, key))
            return &common_rows[i].field;
    for (int i = 0; i < model_count(); i++) {
        const config_field *f = own_field(model_at(i), key);
        if (f)
            return f;
    }
    return NULL;
}

const char *train_word(const train_config *c, const char *key) {
    const config_field *f = train_field(key);
    const int *value = (const void *)((const char *)c + f->offset);
    return config_word(f->choices, *value);
}

const char *train_model_names(char *text) {
    return config_domain_text(train_field("model"), text);
}

/* The names of the models that have a key: "gpt and transformer". */
static const char *models_with(const char *key, char *text, size_t bytes) {
    const char *names[MODELS_MAX];
    int count = 0;
    size_t used = 0;
    for (int i = 0; i < model_count(); i++)
        if (own_field(model_at(i), key))
            names[count++] = model_at(i)->name;
    text[0] = '\0';
    for (int i = 0; i < count && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%s",
                                 i == 0           ? ""
                                 : i + 1 == count ? " and "
                                                  : ", ",
                                 names[i]);
    return text;
}

bool train_refuse_key(const options *o, const char *key, const char *label) {
    const config_field *f = train_field(key);
    char text[256];
    if (!f || options_find(o, key))
        return false;
    ore_fail(ORE_INVALID, "%s: the model %s has no such option; it is one of %s", label,
             train_model_of(o->structs.of_part[PART_COMMON])->name,
             models_with(f->key, text, sizeof text));
    return true;
}
