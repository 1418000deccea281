/* notes.c: texts, arrows and lines across a panel. */
#include <math.h>

#include "base/elementary/elementary.h"
#include "plot/figure.h"

void plot_write_label(plot_script *out, double x, double y, const char *text) {
    plot_add(out, "set label ");
    plot_add_quoted(out, text);
    plot_add(out, " at ");
    plot_add_number(out, x);
    plot_add(out, ",");
    plot_add_number(out, y);
    plot_add(out, " front");
}

static bool between(double value, const plot_range *range) {
    return value >= fmin(range->low, range->high) && value <= fmax(range->low, range->high);
}

static void write_text(plot_script *out, const plot_note *note) {
    static const char *const side[] = {"left", "center", "right"};
    plot_write_label(out, note->x0, note->y0, note->text);
    plot_add(out, " %s textcolor rgb '#222222'\n", side[note->align]);
}

/* Writes an arrow, with its text at the tail, on the side away from the head. */
static void write_arrow(plot_script *out, const plot_panel *panel, const plot_note *note,
                        const plot_frame *frame) {
    plot_add(out, "set arrow from ");
    plot_add_number(out, note->x0);
    plot_add(out, ",");
    plot_add_number(out, note->y0);
    plot_add(out, " to ");
    plot_add_number(out, note->x1);
    plot_add(out, ",");
    plot_add_number(out, note->y1);
    plot_add(out, " head filled size character 0.9,18 lw 1.4 lc rgb '#333333' front\n");
    if (!note->text)
        return;
    double right = panel->log_x ? ore_math_log(note->x1 / note->x0) /
                                      ore_math_log(frame->x.high / frame->x.low)
                                : (note->x1 - note->x0) / (frame->x.high - frame->x.low);
    double up = panel->log_y
                    ? ore_math_log(note->y1 / note->y0) / ore_math_log(frame->y.high / frame->y.low)
                    : (note->y1 - note->y0) / (frame->y.high - frame->y.low);
    const char *where = "center offset character 0,0.7";
    if (fabs(up) >= fabs(right) && up > 0)
        where = "center offset character 0,-0.7";
    else if (fabs(up) < fabs(right))
        where = right > 0 ? "right offset character -0.6,0" : "left offset character 0.6,0";
    plot_write_label(out, note->x0, note->y0, note->text);
    plot_add(out, " %s textcolor rgb '#222222'\n", where);
}

static void write_rule(plot_script *out, const plot_note *note) {
    bool across = note->kind == NOTE_HLINE;
    double at = across ? note->y0 : note->x0;
    plot_add(out, across ? "set arrow from graph 0, first " : "set arrow from first ");
    plot_add_number(out, at);
    plot_add(out, across ? " to graph 1, first " : ", graph 0 to first ");
    plot_add_number(out, at);
    plot_add(out, "%s nohead front", across ? "" : ", graph 1");
    plot_write_color(out, &note->look);
    plot_write_stroke(out, &note->look);
    plot_add(out, "\n");
    if (!note->text)
        return;
    plot_add(out, "set label ");
    plot_add_quoted(out, note->text);
    plot_add(out, across ? " at graph 0.01, first " : " at first ");
    plot_add_number(out, at);
    plot_add(out, "%s front left offset character %s textcolor rgb '#444444'\n",
             across ? "" : ", graph 0.96", across ? "0,0.6" : "0.5,0");
}

bool plot_visible(double x, double y, const plot_panel *panel, const plot_frame *frame) {
    return (isnan(x) || (between(x, &frame->x) && (!panel->log_x || x > 0))) &&
           (isnan(y) || (between(y, &frame->y) && (!panel->log_y || y > 0)));
}

void plot_write_notes(plot_script *out, const plot_panel *panel, const plot_frame *frame) {
    for (int64_t k = 0; k < panel->note_count; k++) {
        const plot_note *note = &panel->notes[k];
        if (!plot_visible(note->x0, note->y0, panel, frame) ||
            !plot_visible(note->x1, note->y1, panel, frame))
            continue;
        if (note->kind == NOTE_TEXT)
            write_text(out, note);
        else if (note->kind == NOTE_ARROW)
            write_arrow(out, panel, note, frame);
        else
            write_rule(out, note);
    }
}
