/* config.h: a config as one table of fields. The table describes the members of the config's
 * struct, and everything else follows from it: defaults, checks, flags, config.json, help and
 * reference pages.
 *
 * Texts of values are as a user would write them: "64", "0.1", "true", "post". A field whose
 * default is "auto" also takes "auto", which stands for a value that becomes known later. */
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

/* How "auto" is stored: integers as this, switches and choices as -1, floats as NaN, texts as
 * "auto". */
#define CONFIG_AUTO_INT INT64_MIN
enum { CONFIG_AUTO = -1 };

typedef struct config_choice {
    const char *word;
    int value;
} config_choice;

typedef struct config_field {
    const char *key; /* with underscores; NULL ends a table */
    config_type type;
    size_t offset;        /* of the value in the config's struct */
    const char *fallback; /* the default */
    const char *domain;   /* a number's range, "[0, 1)"; a text's kind, "FILE"; else NULL */
    const char *help;     /* a line without a full stop */
    const config_choice *choices; /* of a choice, ended by a NULL word; else NULL */
    /* The key of the general field, whose value this one takes where it is "auto"; or NULL. */
    const char *general;
} config_field;

/* Rows of a table. `config` is the type of the struct, and the key is the name of its member. */
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

/* The field of this key; NULL if there is none. Dashes and underscores in keys are the same. */
const config_field *config_find(const config_field *fields, const char *key);
bool config_same_key(const char *a, const char *b);

/* ---- one value ---- */

/* Checks and stores a value. A value that the field does not take is ORE_INVALID, with a message
 * that begins with `label`: "--dropout 2: out of range, expected 0 <= dropout < 1". */
ore_status config_set(const config_field *f, void *config, const char *text, const char *label);
/* Checks a value as config_set does and writes it into `out` as config_text would: "1e-3" as
 * "0.001". */
ore_status config_normalise(const config_field *f, const char *text, const char *label, char *out,
                            size_t bytes);
/* Writes a value as a user would write it to text, which it returns. */
const char *config_text(const config_field *f, const void *config, char *text, size_t bytes);
/* Whether the field may be "auto"; and whether its value in a config is. */
bool config_takes_auto(const config_field *f);
bool config_is_auto(const config_field *f, const void *config);
/* 1 for "true" and the like, 0 for "false" and the like, -1 for any other text. */
int config_truth(const char *text);
/* Copies the value of one field to another of the same type in the same struct. */
ore_status config_copy(const config_field *to, const config_field *from, void *config);
/* The values that a field takes, into text of CONFIG_DOMAIN_BYTES: "0 <= dropout < 1" of a number,
 * "pre|post" of a choice, "FILE" of a text, "true|false" of a switch; returns text. */
const char *config_domain_text(const config_field *f, char *text);
/* The word that stands for a value of a choice; NULL if there is none. */
const char *config_word(const config_choice *choices, int value);

/* ---- a whole config ---- */

/* Sets every field to its default. Members of the struct that are no fields are left alone. */
ore_status config_defaults(const config_field *fields, void *config);
/* Releases the texts of a config. */
void config_free(const config_field *fields, void *config);
/* Each field that is "auto" and has a general field takes the value of that. */
void config_settle(const config_field *fields, void *config);
/* Checks that each field has a value that it takes: ORE_INVALID, "n_layer 0, expected 1 <= n_layer
 * <= 1024", if not. "auto" is not such a value. */
ore_status config_check(const config_field *fields, const void *config);

/* ---- JSON (config_json.c) ---- */

/* Writes a config as members of an object, and reads it back: each field must be there; other
 * members are ignored. Errors name the key. */
ore_status config_write(const config_field *fields, const void *config, ore_json *object);
ore_status config_read(const config_field *fields, void *config, const ore_json *object);
ore_status config_write_field(const config_field *f, const void *config, ore_json *object);
/* Makes a pending ORE_INVALID ORE_DATA: the wrong value is in a file. */
ore_status config_blame_file(void);
/* Writes a member of an object as a user would write it to text. False where it is an object, an
 * array or null, or is missing. */
bool config_scalar_text(const ore_json *object, const char *key, char *text, size_t bytes);
/* The same for the member of a field: false also where the member has a JSON type that the field
 * cannot hold. config_kind_text names the type that it holds, as "a number", for messages. */
bool config_member_text(const config_field *f, const ore_json *object, const char *key, char *text,
                        size_t bytes);
const char *config_kind_text(const config_field *f);
/* Whether a member of Hugging Face's config.json changes nothing that a model computes, whatever
 * its family: by its key, or because it is null or empty (idle_keys.c). */
bool config_key_is_idle(ore_json *config, const char *key);

#endif
