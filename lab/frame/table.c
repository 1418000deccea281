/* table.c: the table of a record, as text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/record.h"
#include "lab/frame/run.h"

lab_counts lab_count(const lab_record *record) {
    lab_counts c = {0};
    for (int64_t i = 0; i < record->result_count; i++) {
        lab_verdict verdict = record->results[i].verdict;
        c.agree += verdict == LAB_AGREES;
        c.differ += verdict == LAB_DIFFERS || verdict == LAB_MISSING;
        c.not_run += verdict == LAB_NOT_RUN;
        c.apart += verdict == LAB_NOT_COMPARED || verdict == LAB_OTHER_DATA;
    }
    for (int64_t i = 0; i < record->check_count; i++) {
        c.agree += record->checks[i].holds;
        c.differ += !record->checks[i].holds;
    }
    c.differ += record->error != NULL;
    return c;
}

const char *lab_error_of(const lab_record *record) {
    return record->error;
}

const char *lab_differences_text(const lab_record *record, char *text, size_t bytes) {
    size_t used = (size_t)snprintf(text, bytes, "%s:", record->rung->name), named = used;
    int64_t checks = 0;
    for (int64_t i = 0; i < record->result_count && used < bytes; i++) {
        const lab_result *r = &record->results[i];
        if (r->verdict == LAB_DIFFERS || r->verdict == LAB_MISSING)
            used += (size_t)snprintf(text + used, bytes - used, "%s %s", used > named ? "," : "",
                                     r->row->id);
    }
    for (int64_t i = 0; i < record->check_count; i++)
        checks += !record->checks[i].holds;
    if (checks > 0 && used < bytes)
        used +=
            (size_t)snprintf(text + used, bytes - used, "%s %lld check%s", used > named ? "," : "",
                             (long long)checks, checks == 1 ? "" : "s");
    if (record->error && used < bytes)
        snprintf(text + used, bytes - used, "%s stopped: %s", used > named ? "," : "",
                 record->error);
    return text;
}

const char *lab_verdict_text(lab_verdict verdict) {
    static const char *const texts[] = {
        [LAB_AGREES] = "agrees",
        [LAB_DIFFERS] = "differs",
        [LAB_MISSING] = "missing",
        [LAB_NOT_COMPARED] = "not compared",
        [LAB_OTHER_DATA] = "other data",
        [LAB_NOT_RUN] = "not run",
        [LAB_NOTE] = "",
    };
    return texts[verdict];
}

/* Prints the first line of a text in `width` columns: padded with spaces, or cut with "...". */
static void print_words(FILE *out, const char *text, int width) {
    size_t bytes = text ? strcspn(text, "\n") : 0;
    int64_t columns = text ? lab_width(text, bytes) : 0;
    bool cut = text && (columns > width || text[bytes]);
    int64_t room = cut ? width - 3 : width, used = 0;
    for (size_t i = 0; i < bytes; i++) {
        used += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (used > room)
            break;
        fputc(text[i], out);
    }
    used = columns < room ? columns : room;
    fprintf(out, "%s%*s  ", cut ? "..." : "", (int)(room - used), "");
}

/* The same for a text with numbers, which get separators. */
static void print_cell(FILE *out, const char *text, int width) {
    char *grouped = text ? lab_grouped(text) : NULL;
    print_words(out, grouped, width);
    free(grouped);
}

static void print_row(FILE *out, const char *id, const char *quantity, const char *published,
                      const char *value, const char *verdict) {
    fputs("  ", out);
    print_words(out, id, 16);
    print_cell(out, quantity, 28);
    print_cell(out, published, 18);
    print_cell(out, value, 18);
    fprintf(out, "%s\n", verdict);
}

/* Prints a result that differs in full. */
static void print_difference(FILE *out, const lab_result *r) {
    if (r->verdict == LAB_MISSING) {
        fprintf(out, "\n  %s: the rung did not report it\n", r->row->id);
        return;
    }
    fprintf(out, "\n  %s: %s\n    published  %s\n    Ore        %s\n    tolerance  %s", r->row->id,
            r->quantity, r->row->expected, r->value, r->row->tolerance);
    if (isfinite(r->difference))
        fprintf(out, "; largest difference %.3g%s", r->difference, r->relative ? " relative" : "");
    fputc('\n', out);
}

void lab_print_table(const lab_record *record, FILE *out) {
    lab_counts c = lab_count(record);
    if (record->result_count > 0) {
        fputc('\n', out);
        print_row(out, "row", "quantity", "published", "Ore", "");
    }
    for (int64_t i = 0; i < record->result_count; i++) {
        const lab_result *r = &record->results[i];
        print_row(out, r->row ? r->row->id : "", r->quantity, r->row ? r->row->expected : "",
                  r->value, lab_verdict_text(r->verdict));
    }
    for (int64_t i = 0; i < record->result_count; i++)
        if (record->results[i].verdict == LAB_DIFFERS || record->results[i].verdict == LAB_MISSING)
            print_difference(out, &record->results[i]);
    if (record->check_count > 0)
        fputc('\n', out);
    for (int64_t i = 0; i < record->check_count; i++)
        fprintf(out, "  %-7s %s\n", record->checks[i].holds ? "holds" : "FAILS",
                record->checks[i].text);
    if (record->error)
        fprintf(out, "\n  stopped: %s\n", record->error);
    fprintf(out, "\n%s: %lld agree, %lld differ", record->rung->name, (long long)c.agree,
            (long long)c.differ);
    if (c.not_run)
        fprintf(out, ", %lld not run", (long long)c.not_run);
    if (c.apart)
        fprintf(out, ", %lld not compared", (long long)c.apart);
    fprintf(out, "; %.1f s\n", record->took_s);
    fflush(out);
}
