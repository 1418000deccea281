/* pictures.h: labelled pictures, and a model that gives new ones their labels: the parts of the
 * task that pictures.c puts together. */
#ifndef ORE_TOOL_PICTURES_H
#define ORE_TOOL_PICTURES_H

#include <ore/image.h>

#include "models/tasks/pictures.h"
#include "tasks/task.h"

typedef struct pictures_part {
    ore_tensor *x, *y; /* (count, C, H, W) uint8, (count) int64; NULL where there are none */
    int64_t count;
} pictures_part;

typedef struct pictures_data {
    ore_image_form form;  /* owned with its classes */
    char *names[SOURCES]; /* owned; train_data's */
    pictures_part parts[ORE_PART_COUNT];
} pictures_data;

const pictures_data *pictures_of(const train_data *d);

/* The form of a run's pictures, as its folder has it; to be freed with pictures_free_form. */
ore_status pictures_load_form(const char *dir, ore_image_form *form);
void pictures_free_form(ore_image_form *form);

/* ---- data (pictures_data.c): functions of a run_task ---- */

ore_status pictures_digest(const char *path, ore_digest *digest);
ore_status pictures_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                         const char *dir);
void pictures_close(train_data *d);
ore_status pictures_save(const train_data *d, const char *dir);
int64_t pictures_items(const train_data *d, ore_part part);
ore_loader *pictures_random_loader(const train_data *d, const train_config *c, ore_part part,
                                   ore_generator *g);
ore_loader *pictures_pass_loader(const train_data *d, const train_config *c, ore_part part);

#endif
