/* lab.h: what a rung of the lecture ladder (lab/rungs/NAME.c) reports to.
 *
 * A rung tells its story in order: headings, paragraphs, printed text, pictures. What the lecture
 * prints too is handed over under the id of its row in lectures.tsv and compared with what was
 * published; what must hold on any data is handed over with lab_expect. `ore lab NAME` prints the
 * story and a table of all that was compared; `ore lab all --report DIR` makes one page of it.
 *
 * While an error is pending every function does nothing. Texts are UTF-8 and are copied. */
#ifndef LAB_H
#define LAB_H

#include <ore/ore.h>

typedef struct lab lab;

/* ---- the story ---- */

void lab_heading(lab *l, const char *text);
/* A paragraph, folded to the width of the terminal or page. `words` between grave accents are
 * code. */
void lab_say(lab *l, const char *format, ...) ORE_PRINTF(2, 3);
/* Text shown as it is, with its line breaks: a tensor, samples, a small table. */
void lab_show(lab *l, const char *preformatted);
/* Words between spaces, folded into lines. */
void lab_show_words(lab *l, const char *words);
/* A tensor as PyTorch prints it, after `name = `. */
void lab_show_tensor(lab *l, const char *name, const ore_tensor *t);
/* Saves the figure as RUNG-NAME.svg and .png in the output folder, frees it (also when it fails),
 * and puts it into the story with its caption. Without gnuplot the story says so and goes on. */
void lab_picture(lab *l, ore_figure *figure, const char *name, const char *caption);
/* Draws the graph that made root, under a title, as RUNG-NAME.svg, and puts it into the story. */
void lab_drawing(lab *l, const ore_value *root, const char *title, const char *name,
                 const char *caption);

/* ---- what is compared ---- */

/* All numbers of a row of lectures.tsv in order, or its text; each row once. Numbers agree within
 * the row's tolerance ("2e-7 relative" is taken as 1e-6: sums may run in another order), texts if
 * they are equal, but for numbers in them where the row gives a tolerance; a text that the row has
 * between quotes is given without them. Rows marked "do not test" are shown, never compared, as
 * are those that hold for the published data alone where other data is used. ORE_INVALID: a row
 * that does not belong to this rung, or one reported before. */
void lab_value(lab *l, const char *id, double value);
void lab_values(lab *l, const char *id, const double *values, int64_t count);
/* The elements of a tensor, in row-major order. */
void lab_tensor(lab *l, const char *id, const ore_tensor *t);
void lab_text(lab *l, const char *id, const char *text);
/* A quantity that is not published: shown in the table only. */
void lab_note(lab *l, const char *quantity, double value);
/* Self-consistency, which counts as agreeing or not: the text says what must hold and what came. */
void lab_expect(lab *l, bool holds, const char *format, ...) ORE_PRINTF(3, 4);

/* ---- data and settings ---- */

/* The words of --data, else of names.txt below ORE_SHARED, else of the embedded list: a to z, in
 * the file's order. The lab's own. NULL with ORE_DATA or ORE_IO if they cannot be read. */
const char *const *lab_words(lab *l, int64_t *count);
/* The running text of --text, else tinyshakespeare.txt below ORE_SHARED; NULL if there is none. */
const char *lab_text_path(lab *l);
/* Are the words (of a rung on a text: is the text) the published ones? */
bool lab_published(const lab *l);
/* --quick: long trainings are cut short or left out; rows that are not reported then are shown as
 * not run. */
bool lab_quick(const lab *l);
/* How far a long part has come: a live line on a terminal, a line each tenth elsewhere. `done`
 * counts from 1 to `total`. */
void lab_progress(lab *l, const char *what, int64_t done, int64_t total, double loss);

#endif
