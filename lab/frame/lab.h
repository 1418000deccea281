/* lab.h: the interface that a rung of the lecture ladder (lab/rungs/NAME.c) reports to.
 *
 * A rung tells its story in order: headings, paragraphs, printed text, pictures. Results that the
 * lecture prints, too, are reported with the id of their row in lectures.tsv and compared with the
 * published ones; what must hold on any data is reported with lab_expect. `ore lab NAME` prints the
 * story and a table of all comparisons; `ore lab all --report DIR` writes one page with all of it.
 *
 * While an error is pending every function does nothing. Texts are UTF-8 and are copied. */
#ifndef LAB_H
#define LAB_H

#include <ore/ore.h>

typedef struct lab lab;

/* ---- the story ---- */

void lab_heading(lab *l, const char *text);
/* A paragraph, broken into lines by the width of the terminal or the page. `Words` between
 * backquotes are code. */
void lab_say(lab *l, const char *format, ...) ORE_PRINTF(2, 3);
/* Text that is shown as it is, with its line breaks: a tensor, samples, a small table. */
void lab_show(lab *l, const char *preformatted);
/* Words separated by spaces, which are broken into lines. */
void lab_show_words(lab *l, const char *words);
/* A tensor as PyTorch prints it, after `name = `. */
void lab_show_tensor(lab *l, const char *name, const ore_tensor *t);
/* Saves a figure as RUNG-NAME.svg and .png in the output folder, adds it to the story with its
 * caption, and frees it, also on failure. Without gnuplot the story says so and goes on. */
void lab_picture(lab *l, ore_figure *figure, const char *name, const char *caption);
/* Draws the graph that root was computed by, under a title, as RUNG-NAME.svg, and adds it to the
 * story. */
void lab_drawing(lab *l, const ore_value *root, const char *title, const char *name,
                 const char *caption);

/* ---- what is compared ---- */

/* Report the result of a row of lectures.tsv, once per row: all its numbers in order, or its text.
 * Numbers agree if they differ by no more than the row's tolerance ("2e-7 relative" is taken as
 * 1e-6, since sums may be added in another order). Texts agree if they are equal, but numbers in
 * them may differ within the tolerance, if the row has one; a text that stands between quotes in
 * the row is given without them. Rows marked "do not test" are shown and never compared; so are
 * rows that hold only for the published data, where other data is used. ORE_INVALID for a row that
 * does not belong to this rung, and for one that was reported before. */
void lab_value(lab *l, const char *id, double value);
void lab_values(lab *l, const char *id, const double *values, int64_t count);
/* The elements of a tensor, in row-major order. */
void lab_tensor(lab *l, const char *id, const ore_tensor *t);
void lab_text(lab *l, const char *id, const char *text);
/* A quantity that is not published: shown in the table only. */
void lab_note(lab *l, const char *quantity, double value);
/* A condition that must hold on any data, which counts as a comparison; the text says what must
 * hold and what came out. */
void lab_expect(lab *l, bool holds, const char *format, ...) ORE_PRINTF(3, 4);

/* ---- data and settings ---- */

/* The words of --data; without it those of names.txt in the folder that ORE_SHARED names; without
 * that the embedded list. They consist of a to z, are in the order of the file, and belong to the
 * lab. NULL with ORE_DATA or ORE_IO if they cannot be read. */
const char *const *lab_words(lab *l, int64_t *count);
/* The path of the text of --text; without it of tinyshakespeare.txt in the folder that ORE_SHARED
 * names; NULL if there is none. */
const char *lab_text_path(lab *l);
/* Whether the words (for a rung on a text: the text) are those that the lectures use. */
bool lab_published(const lab *l);
/* Whether --quick was given: long trainings are then cut short or left out, and rows that are not
 * reported are shown as not run. */
bool lab_quick(const lab *l);
/* Shows how far a long part is: on a terminal a line that is redrawn, elsewhere a line after each
 * tenth. `done` counts from 1 to `total`. */
void lab_progress(lab *l, const char *what, int64_t done, int64_t total, double loss);

#endif
