/* config.h: a config as one table of fields. The table says what the config's struct holds, and
 * everything else is made of it: defaults, checks, flags, config.json, help and reference pages.
 *
 * A value is written as a user would write it: "64", "0.1", "true", "post", or "auto" where the
 * field's default is "auto", which leaves the value to something that is known later. */
#ifndef ORE_MODELS_CONFIG_H
#define ORE_MODELS_CONFIG_H

#include <stddef.h>

#include <ore/io.h>

typedef enum config_type {
    CONFIG_INT,    /* int64_t */
    CONFIG_FLOAT,  /* double */
    CONFIG_SWITCH, /* int: 0 or 1 */
    CONFIG_CHOICE, /* an enum, or an int: the value of one of the choices */
    CONFIG_TEXT,   /* char *, never NULL, owned by the config */
} config_type;

/* What "auto" is stored as. Floats hold NaN, texts "auto". */
#define CONFIG_AUTO_INT INT64_MIN
enum { CONFIG_AUTO = -1 }; /* switches and choices */

typedef struct config_choice {
    const char *word;
    int value;
} config_choice;

typedef struct config_field {
    const char *key; /* with underscores; NULL ends a table */
    config_type type;
    size_t offset;        /* of the value in the config's struct */
    const char *fallback; /* the default */
    const char *domain;   /* of numbers: "[0, 1)"; of texts what they are: "FILE"; else NULL */
    const char *help;     /* a line without a full stop */
    const config_choice *choices; /* of a choice; a NULL word ends them */
    /* The key of another field whose value stands in where this one is "auto"; or NULL. */
    const char *general;
} config_field;

/* Rows of a table whose keys are the names of the members of `config`, a type. */
#define CONFIG_FIELD_INT(config, member, fallback, domain, help)                                   \
    { #member, CONFIG_INT, offsetof(config, member), fallback, domain, help, NULL, NULL }
#define CONFIG_FIELD_FLOAT(config, member, fallback, domain, general, help)                        \
    { #member, CONFIG_FLOAT, offsetof(config, member), fallback, domain, help, NULL, general }
#define CONFIG_FIELD_SWITCH(config, member, fallback, general, help)                               \
    { #member, CONFIG_SWITCH, offsetof(config, member), fallback, NULL, help, NULL, general }
#define CONFIG_FIELD_CHOICE(config, member, fallback, choices, help)                               \
    { #member, CONFIG_CHOICE, offsetof(config, member), fallback, NULL, help, choices, NULL }
#define CONFIG_FIELD_TEXT(config, member, fallback, domain, help)                                  \
    { #member, CONFIG_TEXT, offsetof(config, member), fallback, domain, help, NULL, NULL }
/* The row that ends a table. */
#define CONFIG_FIELDS_END                                                                          \
    { NULL, CONFIG_INT, 0, NULL, NULL, NULL, NULL, NULL }

enum { CONFIG_LABEL_BYTES = 512, CONFIG_DOMAIN_BYTES = 256 };

/* The field of that key, in which dashes and underscores are the same; NULL if there is none. */
const config_field *config_find(const config_field *fields, const char *key);
bool config_same_key(const char *a, const char *b);

/* ---- one value ---- */

/* Checks and stores a value. `label` starts the message of a failure, which is ORE_INVALID:
 * "--dropout 2: out of range, expected 0 <= dropout < 1". */
ore_status config_set(const config_field *f, void *config, const char *text, const char *label);
/* Checks a value as config_set does and writes it into `out` as config_text would: "1e-3" as
 * "0.001". */
ore_status config_normalise(const config_field *f, const char *text, const char *label, char *out,
                            size_t bytes);
/* A value as a user would write it, into text; returns text. */
const char *config_text(const config_field *f, const void *config, char *text, size_t bytes);
/* Whether the field may be "auto", and whether it is. */
bool config_takes_auto(const config_field *f);
bool config_is_auto(const config_field *f, const void *config);
/* 1, 0, or -1 where the text is no truth value. */
int config_truth(const char *text);
/* Copies the value of one field to another of the same type in the same struct. */
ore_status config_copy(const config_field *to, const config_field *from, void *config);
/* The values that a field takes, into text of CONFIG_DOMAIN_BYTES: "0 <= dropout < 1" of a number,
 * "pre|post" of a choice, "FILE" of a text, "true|false" of a switch; returns text. */
const char *config_domain_text(const config_field *f, char *text);
/* The word of a value that a choice has; NULL if it has no such value. */
const char *config_word(const config_choice *choices, int value);

/* ---- a whole config ---- */

/* Fills a struct with the defaults of its fields. What is no field is left as it is. */
ore_status config_defaults(const config_field *fields, void *config);
/* Releases the texts. */
void config_free(const config_field *fields, void *config);
/* Gives each field that is "auto" and has a general field that one's value. */
void config_settle(const config_field *fields, void *config);
/* ORE_INVALID, "n_layer 0, expected 1 <= n_layer <= 1024", unless each value is one that its field
 * takes; "auto" is none. */
ore_status config_check(const config_field *fields, const void *config);

/* ---- JSON (config_json.c) ---- */

/* A config as members of an object, and back: each field must be there, other members are left
 * alone. Errors name the key. */
ore_status config_write(const config_field *fields, const void *config, ore_json *object);
ore_status config_read(const config_field *fields, void *config, const ore_json *object);
ore_status config_write_field(const config_field *f, const void *config, ore_json *object);
/* A member as a user would write it, into text; false for objects, arrays, null and what is
 * missing. */
bool config_scalar_text(const ore_json *object, const char *key, char *text, size_t bytes);
/* The same for a field: false also where the member is of a kind that the field does not hold,
 * which config_kind_text names: "a number". */
bool config_member_text(const config_field *f, const ore_json *object, const char *key, char *text,
                        size_t bytes);
const char *config_kind_text(const config_field *f);

#endif
