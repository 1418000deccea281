/* progress.c: the progress bar, and the lines in its place. */
#include <stdarg.h>
#include <string.h>

#include "lab/frame/terminal.h"
#include "cli/progress.h"

static const double redraw_s = 0.1; /* seconds between two redraws: enough to look steady */

void progress_begin(progress *p, FILE *out, int64_t first, int64_t total, int64_t log_interval,
                    const char *item, double items_per_step) {
    *p = (progress){.out = out,
                    .terminal = terminal_columns(out) > 0,
                    .first = first,
                    .total = total,
                    .log_interval = log_interval,
                    .item = item,
                    .items_per_step = items_per_step,
                    .began_s = ore_clock_s()};
}

const char *progress_time_text(double seconds, char *text, size_t bytes) {
    long long s = (long long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, bytes, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, bytes, "%lld:%02lld", s / 60, s % 60);
    return text;
}

static const char *rate_text(double rate, char *text, size_t bytes) {
    if (rate >= 1e6)
        snprintf(text, bytes, "%.2fM", rate / 1e6);
    else if (rate >= 1e4)
        snprintf(text, bytes, "%.1fk", rate / 1e3);
    else
        snprintf(text, bytes, "%.0f", rate);
    return text;
}

/* Removes the bar; on a terminal that has become too narrow for one, it stays as a line. */
static void clear(progress *p) {
    if (p->drawn)
        fputs(terminal_columns(p->out) > 0 ? TERMINAL_CLEAR_LINE : "\n", p->out);
    p->drawn = false;
}

/* "step 900/2000  loss 1.8123  31.2k tokens/s  0:35 left" */
static void status_text(const progress *p, int64_t step, double loss, double now, char *text,
                        size_t bytes) {
    char rate[32], left[32];
    double took_s = now - p->began_s - p->paused_s;
    double steps_s = took_s > 0 ? (double)(step - p->first) / took_s : 0;
    double left_s = steps_s > 0 ? (double)(p->total - step) / steps_s : 0;
    snprintf(text, bytes,
             loss < 1e5 ? "step %lld/%lld  loss %.4f  %s %ss/s  %s left"
                        : "step %lld/%lld  loss %.4g  %s %ss/s  %s left",
             (long long)step, (long long)p->total, loss,
             rate_text(steps_s * p->items_per_step, rate, sizeof rate), p->item,
             progress_time_text(left_s, left, sizeof left));
}

static void draw_bar(progress *p, int64_t step, const char *status, int columns) {
    char cells[41] = "";
    int room = columns - (int)strlen(status) - 4;
    int width = room < 40 ? room : 40;
    fputs(TERMINAL_CLEAR_LINE, p->out);
    if (width >= 5 && p->total > 0) {
        int filled = (int)((double)width * (double)step / (double)p->total);
        memset(cells, '.', (size_t)width);
        memset(cells, '=', (size_t)(filled < width ? filled : width));
        fprintf(p->out, "[%.*s] ", width, cells);
    }
    fprintf(p->out, "%.*s", columns - 1, status);
    p->drawn = true;
}

void progress_step(progress *p, int64_t step, double loss) {
    char status[160];
    double now = ore_clock_s();
    bool last = step == p->total;
    if (p->terminal ? !last && now - p->drawn_s < redraw_s : !last && step % p->log_interval != 0)
        return;
    status_text(p, step, loss, now, status, sizeof status);
    int columns = terminal_columns(p->out);
    if (columns > 0) {
        draw_bar(p, step, status, columns);
    } else {
        clear(p);
        fprintf(p->out, "%s\n", status);
    }
    p->terminal = columns > 0;
    p->drawn_s = now;
    fflush(p->out);
}

void progress_pause(progress *p) {
    p->pause_s = ore_clock_s();
}

void progress_continue(progress *p) {
    p->paused_s += ore_clock_s() - p->pause_s;
}

void progress_note(progress *p, const char *format, ...) {
    va_list arguments;
    clear(p);
    va_start(arguments, format);
    vfprintf(p->out, format, arguments);
    va_end(arguments);
    fputc('\n', p->out);
    fflush(p->out);
}

void progress_end(progress *p) {
    clear(p);
    fflush(p->out);
}
