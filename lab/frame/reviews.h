/* reviews.h: reviews that the lab writes by rule: documents of sentences of words, one sentence of
 * which decides whether the review is good or bad. */
#ifndef LAB_REVIEWS_H
#define LAB_REVIEWS_H

#include <ore/ore.h>

enum {
    REVIEW_SENTENCES = 8, /* at most */
    REVIEW_WORDS = 6,     /* of a sentence, at most */
    REVIEW_VOCABULARY = 47
};

/* Word 0 is the padding, "". */
extern const char *const review_words[REVIEW_VOCABULARY];

/* N reviews. */
typedef struct review_set {
    int64_t count;
    ore_tensor *words;     /* (N, REVIEW_SENTENCES, REVIEW_WORDS) int64, 0 behind the words */
    ore_tensor *sentences; /* (N) int64: how many sentences */
    ore_tensor *lengths;   /* (N, REVIEW_SENTENCES) int64: how many words each has */
    ore_tensor *labels;    /* (N) int64: 0 bad, 1 good */
    ore_tensor *deciding;  /* (N) int64: which sentence decides */
} review_set;

/* Writes `count` reviews by draws from g; the tensors are of the innermost scope. A review has 4 to
 * 8 sentences: "[opener] the THING was [not] OPINION", or, sometimes, one without an opinion. The
 * one that opens with "overall" or its like decides: its opinion, turned round by "not", is the
 * label. All others say what they like. False with the error pending. */
bool review_set_write(review_set *s, int64_t count, ore_generator *g);

#endif
