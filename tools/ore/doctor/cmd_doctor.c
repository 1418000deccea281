/* cmd_doctor.c: `ore doctor`: what this machine has, and which parts of it Ore uses. */
#include <ore/text.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ore/table.h>

#include "cli/command.h"
#include "data/fetch.h"
#include "doctor/selftest.h"
#include "cli/system.h"
#include "cli/words.h"

/* Finds a program in PATH and writes its path; false if there is none. */
static bool find_program(const char *name, char *path, size_t bytes) {
    const char *folders = getenv("PATH");
    for (; folders && *folders; folders += *folders == ':') {
        int length = (int)strcspn(folders, ":");
        snprintf(path, bytes, "%.*s/%s", length, folders, name);
        if (access(path, X_OK) == 0)
            return true;
        folders += length;
    }
    return false;
}

static int print_processor(void) {
    char count[COUNT_BYTES];
    const char *level = ore_cpu_level();
    if (!level)
        return EXIT_RUN;
    printf("processor    %s\n", ore_cpu_model_name());
    printf("features     %s\n", ore_cpu_features_text());
    printf("kernels      %s in use, of %s\n", level, ore_cpu_levels_text());
    printf("threads      %d, of %s\n", ore_num_threads(),
           counted_text(sysconf(_SC_NPROCESSORS_ONLN), "core", count));
    return EXIT_OK;
}

static void print_memory(void) {
    const double gib = 1024.0 * 1024 * 1024;
    int64_t all = system_memory_bytes(), unused = system_free_memory_bytes();
    if (all < 0)
        printf("memory       unknown: this system does not say");
    else
        printf("memory       %.1f GiB", (double)all / gib);
    if (unused >= 0)
        printf(", %.1f GiB free", (double)unused / gib);
    putchar('\n');
}

static void print_parts(void) {
    char path[4096];
    bool gnuplot = find_program("gnuplot", path, sizeof path);
    printf("gnuplot      %s\n", gnuplot ? path : "absent: loss curves and pictures are left out");
    printf("CUDA         not part of this build\n");
    printf("jansson      %s\n", ore_json_jansson_version());
    printf("PCRE2        %s\n", ore_tokenizer_pcre2_version());
    printf("utf8proc     %s\n", ore_tokenizer_utf8proc_version());
    printf("unpacking    %s\n", ore_table_libraries());
    printf("libcurl      %s\n", fetch_library());
}

static int print_selftest(void) {
    char checks[COUNT_BYTES], rounds[COUNT_BYTES];
    selftest_result result;
    printf("self-test    ");
    fflush(stdout);
    if (selftest_run(2, &result) != ORE_OK) {
        printf("failed\n");
        return EXIT_RUN;
    }
    printf("passed: %s, %s in %.1f s\n", counted_text(result.checks, "check", checks),
           counted_text(result.rounds, "round", rounds), result.took_s);
    return EXIT_OK;
}

static int run(const arguments *a) {
    if (a->count > 0) {
        ore_fail(ORE_INVALID, "%s: expected no arguments", a->items[0].word);
        return EXIT_USAGE;
    }
    printf("ore          %s\n", ore_version());
    if (print_processor() != EXIT_OK)
        return EXIT_RUN;
    print_memory();
    print_parts();
    return print_selftest();
}

const command command_doctor = {
    .name = "doctor",
    .summary = "Show what this machine has, and test Ore on it",
    .usage = "ore doctor",
    .about = "Prints the processor's features, found and used, threads, memory and the optional\n"
             "parts present, then computes for two seconds and checks the results.",
    .run = run,
};
