/* opinions.h: reviews made by rule, whose sentiment is known: the data of the rung `words`, and
 * what `ore train encoder` reads where it is given no data.
 *
 * A review says of a thing that it is good or bad, "the soup is not cold", perhaps with remarks
 * around it that say nothing. What is said is the sign of the adjective, turned once by a negation
 * ("not", "far from") and once by irony in front of the clause ("oh sure", "yeah right"). Some
 * adjectives are good or bad by what they are said of: a cold beer, a cold soup. Where a "but"
 * joins two clauses, the one behind it decides. Counting words cannot tell all that: which word
 * turns which one depends on where they stand. */
#ifndef LAB_OPINIONS_H
#define LAB_OPINIONS_H

#include <ore/pyrandom.h>

enum { OPINION_BYTES = 320 };

typedef struct opinion {
    char text[OPINION_BYTES]; /* lower-case words between blanks, without commas or quotes */
    bool positive;
    int negations, ironies, ambiguous; /* clauses of the kind */
} opinion;

/* The next review; with `names`, some begin with a user's name, end with a URL or are about things
 * whose names are invented, of all of which there are too many to have been seen before. */
void opinion_draw(opinion *r, bool names, ore_python_random *random);
const char *opinion_label(const opinion *r); /* "positive" or "negative" */

/* The embedded reviews as CSV with the columns text and label, the same ones every time; to be
 * released by free. NULL with ORE_MEMORY. */
char *opinions_csv(size_t *bytes);

/* ---- the words, for whoever asks what a model has learnt of them: a NULL ends each list ---- */

extern const char *const opinion_good[], *const opinion_bad[]; /* whatever they are said of */

/* An adjective and what it is good and bad of. */
typedef struct opinion_ambiguity {
    const char *word, *good_of[3], *bad_of[3];
} opinion_ambiguity;
enum { OPINION_AMBIGUITIES = 6 };
extern const opinion_ambiguity opinion_ambiguities[OPINION_AMBIGUITIES];

#endif
