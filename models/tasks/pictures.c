/* pictures.c: labelled pictures as a task. */
#include "models/tasks/classes.h"
#include "models/tasks/pictures.h"

static const config_field fields[] = {
    CONFIG_FIELD_TEXT(pictures_config, label_field, "label", "NAME",
                      "of a CSV: the column that holds the label; all others are pixels"),
    CONFIG_FIELD_INT(pictures_config, picture_channels, "1", "[1, 3]",
                     "of a CSV: 1 grey, 3 red, green and blue of each pixel side by side"),
    CONFIG_FIELDS_END,
};

static ore_status settle(void *config, bool embedded) {
    const pictures_config *c = config;
    (void)embedded;
    if (c->picture_channels == 2)
        return ore_fail(ORE_INVALID, "--picture-channels 2: expected 1 or 3");
    return ORE_OK;
}

static const char *idle(const void *config, const char *key, bool embedded) {
    (void)config;
    (void)key;
    return embedded ? "with the embedded drawings" : NULL;
}

const model_task task_pictures = {
    .name = "pictures",
    .item = "picture",
    .embedded = "drawings",
    .data_domain = "PATH",
    .data_help = "pictures to train on: a folder with a folder of PNG files for each class, or a "
                 "CSV of labels and pixels; none: embedded drawings of digits and shapes",
    .val_data_help = "the same to validate on; none: a share of the training data",
    .fields = fields,
    .config_bytes = sizeof(pictures_config),
    .settle = settle,
    .idle = idle,
    .measures = classes_measures,
    .measure = classes_measure};
