/* opinions.c: the rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/opinions.h"

const char *const opinion_good[] = {"great",     "excellent", "lovely",    "superb",   "wonderful",
                                    "brilliant", "perfect",   "fantastic", "charming", NULL};
const char *const opinion_bad[] = {"awful",    "terrible", "poor", "dreadful",  "horrible",
                                   "pathetic", "useless",  "bad",  "miserable", NULL};
const opinion_ambiguity opinion_ambiguities[OPINION_AMBIGUITIES] = {
    {"cold", {"beer", "lemonade", NULL}, {"soup", "coffee", NULL}},
    {"hot", {"soup", "coffee", NULL}, {"beer", "phone", NULL}},
    {"long", {"battery life", "warranty", NULL}, {"queue", "delay", NULL}},
    {"short", {"queue", "delay", NULL}, {"battery life", "warranty", NULL}},
    {"low", {"price", "noise", NULL}, {"quality", "standard", NULL}},
    {"high", {"quality", "standard", NULL}, {"price", "noise", NULL}},
};

static const char *const things[] = {"service", "room",   "food",   "staff",  "music", "view",
                                     "menu",    "screen", "camera", "design", "beer",  "soup",
                                     "coffee",  "phone",  "price",  "queue",  NULL};
static const char *const negations[] = {"not", "never", "hardly", "far from", "anything but", NULL};
static const char *const ironies[] = {"oh sure", "yeah right", "of course", "as if", NULL};
static const char *const degrees[] = {"very", "really", "so", "quite", NULL};
static const char *const copulas[] = {"is", "was", "seemed", NULL};
static const char *const remarks[] = {"we ordered", "i asked for", "they showed us", NULL};

static const char *pick(const char *const *list, ore_python_random *random) {
    int64_t count = 0;
    while (list[count])
        count++;
    return list[ore_python_random_below(random, count)];
}

static bool chance(double p, ore_python_random *random) {
    return ore_python_random_random(random) < p;
}

/* Adds words to the text, a blank before them unless they are the first. */
static void add(opinion *r, const char *words) {
    size_t used = strlen(r->text);
    snprintf(r->text + used, sizeof r->text - used, "%s%s", used > 0 ? " " : "", words);
}

/* A word that nobody knows, "zorgle", into text of NAME_BYTES. */
enum { NAME_BYTES = 64 };
static const char *invent(char *text, ore_python_random *random) {
    static const char *const starts[] = {"zor", "blu", "qua", "fri", "mig",
                                         "sno", "dax", "wub", NULL};
    static const char *const middles[] = {"g", "f", "nt", "rb", "ll", "mp", "sk", "dd", NULL};
    static const char *const ends[] = {"le", "ax", "oo", "ify", "ette", "on", "um", "ix", NULL};
    const char *start = pick(starts, random), *middle = pick(middles, random);
    const char *again = pick(starts, random), *end = pick(ends, random);
    snprintf(text, NAME_BYTES, "%s%s%s%s", start, middle, again, end);
    return text;
}

/* "the soup is not very cold"; +1 or -1. */
static int add_clause(opinion *r, bool names, ore_python_random *random) {
    bool good = chance(0.5, random), ambiguous = chance(0.25, random);
    bool ironic = chance(0.25, random), negated = chance(0.35, random);
    const char *thing, *word;
    char name[NAME_BYTES];
    if (ambiguous) {
        const opinion_ambiguity *a =
            &opinion_ambiguities[ore_python_random_below(random, OPINION_AMBIGUITIES)];
        word = a->word;
        thing = pick(good ? a->good_of : a->bad_of, random);
    } else {
        word = pick(good ? opinion_good : opinion_bad, random);
        thing = names && chance(0.1, random) ? invent(name, random) : pick(things, random);
    }
    if (ironic)
        add(r, pick(ironies, random));
    add(r, "the");
    add(r, thing);
    add(r, pick(copulas, random));
    if (negated)
        add(r, pick(negations, random));
    if (chance(0.3, random))
        add(r, pick(degrees, random));
    add(r, word);
    r->negations += negated;
    r->ironies += ironic;
    r->ambiguous += ambiguous;
    return (good ? 1 : -1) * (negated ? -1 : 1) * (ironic ? -1 : 1);
}

/* A clause that says nothing of what is good or bad. */
static void add_remark(opinion *r, ore_python_random *random) {
    add(r, pick(remarks, random));
    add(r, "the");
    add(r, pick(things, random));
}

void opinion_draw(opinion *r, bool names, ore_python_random *random) {
    enum { NAMES = 1000000 }; /* so many that hardly one comes twice */
    char name[NAME_BYTES];
    bool first = names && chance(0.15, random), last = names && chance(0.15, random);
    *r = (opinion){0};
    if (first) {
        snprintf(name, sizeof name,
                 "@user%lld :", (long long)ore_python_random_below(random, NAMES));
        add(r, name);
    }
    if (chance(0.3, random)) {
        add_remark(r, random);
        add(r, ";");
    }
    if (chance(0.25, random)) {
        add_clause(r, names, random);
        add(r, "but");
    }
    r->positive = add_clause(r, names, random) > 0;
    if (chance(0.3, random)) {
        add(r, ";");
        add_remark(r, random);
    }
    if (last) {
        snprintf(name, sizeof name, ". see https://reviews.example/%lld",
                 (long long)ore_python_random_below(random, NAMES));
        add(r, name);
    }
}

const char *opinion_label(const opinion *r) {
    return r->positive ? "positive" : "negative";
}

char *opinions_csv(size_t *bytes) {
    enum { REVIEWS = 4000, SEED = 2026, ROW = OPINION_BYTES + 16 };
    size_t used = 0;
    ore_python_random *random = ore_python_random_new(SEED);
    char *text = malloc((REVIEWS + 1) * (size_t)ROW);
    if (!text)
        ore_fail(ORE_MEMORY, "out of memory: reviews");
    else
        used = (size_t)snprintf(text, ROW, "text,label\n");
    for (int i = 0; i < REVIEWS && text && random; i++) {
        opinion r;
        opinion_draw(&r, true, random);
        used += (size_t)snprintf(text + used, ROW, "%s,%s\n", r.text, opinion_label(&r));
    }
    ore_python_random_free(random);
    *bytes = used;
    return text;
}
