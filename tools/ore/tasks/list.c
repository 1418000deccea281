/* list.c: the tasks. */
#include "tasks/task.h"

#define TASK(name) extern const run_task run_task_##name;
#include "tasks/tasks.def"
#undef TASK

static const run_task *const tasks[] = {
#define TASK(name) &run_task_##name,
#include "tasks/tasks.def"
#undef TASK
};
enum { TASKS = sizeof tasks / sizeof tasks[0] };

int task_count(void) {
    return TASKS;
}

const run_task *task_at(int i) {
    return tasks[i];
}

const run_task *run_task_of(const train_config *c) {
    int i = 0;
    while (tasks[i]->model != task_of(c))
        i++;
    return tasks[i];
}
