/* text.h: UTF-8 texts mapped from files, and tokenizers.
 *
 * Sizes in code points unless a name says bytes. Every function that returns a pointer returns NULL
 * when it fails or while an error is pending; failures are listed with each. */
#ifndef ORE_TEXT_H
#define ORE_TEXT_H

#include <ore/data.h>
#include <ore/files.h>

ORE_BEGIN_DECLS

/* ---- mapped text ---- */

/* A text is addressed by code point, 0 .. length - 1. The file is mapped, not read in, so it may be
 * larger than memory; opening makes one pass over it, which checks it, collects its alphabet and,
 * unless every byte is a kept ASCII character, notes a byte offset for each 4096th code point.
 * A file that is cut short or written to while the text is open makes reading fail with ORE_DATA;
 * whoever loads batches of it (data.h) never gets one of other bytes. A text may be read by several
 * threads.
 * Opening one puts a handler for SIGBUS in place, which passes on what is not of such a file to the
 * handler that the program had.
 *
 * A byte order mark at the start is no part of the text. One of UTF-16 or UTF-32 makes a converted
 * copy of the text in memory, and nothing is mapped. In a file without any line feed a carriage
 * return ends a line, as on the first Macintoshes, and reads as a line feed. */

typedef struct ore_text ore_text;

typedef enum ore_invalid_utf8 {
    ORE_UTF8_ERROR,  /* the first wrong byte is an error */
    ORE_UTF8_IGNORE, /* wrong bytes are dropped, as Python's errors="ignore" does */
} ore_invalid_utf8;

typedef struct ore_text_options {
    ore_invalid_utf8 invalid_utf8; /* ORE_UTF8_ERROR */
    bool strip_cr; /* false; true drops every carriage return that is not itself a line end */
} ore_text_options;
ORE_API ore_text_options ore_text_defaults(void);

/* Opens a regular file. Overlong forms, surrogates, values above U+10FFFF and a sequence cut at the
 * end are wrong bytes. ORE_IO: missing, unreadable, a directory or another special file. ORE_DATA:
 * empty, nothing kept, wrong bytes (the message names the file, the byte's offset and the byte).
 * options NULL: the defaults. */
ORE_API ore_text *ore_text_open(const char *path, const ore_text_options *options);
/* The same over memory, which is not copied and must outlive the text; `name` is for messages. */
ORE_API ore_text *ore_text_open_memory(const char *name, const void *bytes, size_t size_bytes,
                                       const ore_text_options *options);
/* NULL is allowed. */
ORE_API void ore_text_close(ore_text *text);

ORE_API const char *ore_text_name(const ore_text *text);
/* Code points kept. */
ORE_API int64_t ore_text_length(const ore_text *text);
/* UTF-8 bytes of the kept code points, and bytes that the options dropped. */
ORE_API int64_t ore_text_kept_bytes(const ore_text *text);
ORE_API int64_t ore_text_dropped_bytes(const ore_text *text);
/* That of all bytes of the file as it was opened, dropped ones and the mark included. */
ORE_API ore_digest ore_text_digest(const ore_text *text);

/* How a text was read, for a note to its reader. */
typedef struct ore_text_facts {
    const char *encoding;  /* "UTF-8"; "UTF-16LE", .. of a text that was converted */
    bool mark;             /* UTF-8 with a byte order mark */
    bool cr_line_ends;     /* it has no line feed, and its carriage returns read as such */
    int64_t invalid_bytes; /* dropped: no UTF-8 (or UTF-16, UTF-32) */
    int64_t dropped_cr;    /* carriage returns that strip_cr dropped */
} ore_text_facts;
ORE_API ore_text_facts ore_text_facts_of(const ore_text *text);

/* Code points start .. start + count - 1 into memory for `count`. ORE_INVALID: not in the text.
 * ORE_DATA: the file is no longer what it was, and what was read may be wrong. */
ORE_API ore_status ore_text_read(const ore_text *text, int64_t start, int64_t count,
                                 uint32_t *code_points);
/* The distinct code points in rising order: writes at most `capacity` of them (NULL with 0 only
 * counts) and returns how many there are. */
ORE_API int64_t ore_text_alphabet(const ore_text *text, uint32_t *code_points, int64_t capacity);

/* ---- tokenizers ---- */

/* Ids are 0 .. size - 1. A character tokenizer has one id per code point of its alphabet, in rising
 * order, as sorted(set(text)). With a separator, for texts whose lines are sequences of their own,
 * id 0 is the separator, which is written "\n" and stands where "\n" stands in a text, and the
 * other characters follow in rising order. */

typedef struct ore_tokenizer ore_tokenizer;

enum {
    ORE_CHAR_VOCAB_MAX = 0x110000, /* code points there are */
    ORE_PIECE_BYTES = 256,         /* room for the text of any one token */
};

/* The alphabet of a text. */
ORE_API ore_tokenizer *ore_tokenizer_new_char(const ore_text *text, bool separator);
/* Code points in any order; equal ones count once. ORE_INVALID: none, or no such code point. */
ORE_API ore_tokenizer *ore_tokenizer_new_alphabet(const uint32_t *code_points, int64_t count,
                                                  bool separator);
/* tokenizer.json: {"type": "char", "vocab": [...], "special_tokens": {"separator": 0}}; vocab[id]
 * is the token's text. U+0000 stands there as "". Saving replaces the file in one rename.
 * ORE_IO: the file system refuses. ORE_DATA: not such a file. */
ORE_API ore_tokenizer *ore_tokenizer_load(const char *path);
ORE_API ore_status ore_tokenizer_save(const ore_tokenizer *tokenizer, const char *path);
/* NULL is allowed. */
ORE_API void ore_tokenizer_free(ore_tokenizer *tokenizer);

/* "char" */
ORE_API const char *ore_tokenizer_type(const ore_tokenizer *tokenizer);
/* How many tokens there are. */
ORE_API int64_t ore_tokenizer_size(const ore_tokenizer *tokenizer);
/* The separator's id, or -1. */
ORE_API int64_t ore_tokenizer_separator(const ore_tokenizer *tokenizer);
/* The id of a code point, or -1 (no error raised). */
ORE_API int64_t ore_tokenizer_id(const ore_tokenizer *tokenizer, uint32_t code_point);
/* True if both map the same texts to the same ids. */
ORE_API bool ore_tokenizer_equal(const ore_tokenizer *a, const ore_tokenizer *b);

/* Writes at most `capacity` ids of UTF-8 text (NULL with 0 only counts) and returns how many there
 * are in all, or -1. ORE_DATA: a character that is not in the vocabulary (the message names it, its
 * code point and its position, counted in characters from 0), or bytes that are not UTF-8. */
ORE_API int64_t ore_tokenizer_encode(const ore_tokenizer *tokenizer, const char *text,
                                     size_t size_bytes, int64_t *ids, int64_t capacity);
/* Writes at most `capacity_bytes` of UTF-8 (no NUL is added; NULL with 0 only counts) and returns
 * how many bytes there are in all, or -1. ORE_INVALID: an id out of range. */
ORE_API int64_t ore_tokenizer_decode(const ore_tokenizer *tokenizer, const int64_t *ids,
                                     int64_t count, char *text, size_t capacity_bytes);

/* Decoding as ids come: what ore_decoder_next gives is always whole characters. */
typedef struct ore_decoder {
    const ore_tokenizer *tokenizer;
    char held[8]; /* bytes of a character that is not whole yet */
    int held_bytes;
} ore_decoder;
/* The tokenizer must outlive the decoder. */
ORE_API void ore_decoder_init(ore_decoder *decoder, const ore_tokenizer *tokenizer);
/* The text that `id` completes, NUL added, into at least ORE_PIECE_BYTES; its bytes without the NUL
 * (0 may come), or -1 with ORE_INVALID for an id out of range. */
ORE_API int ore_decoder_next(ore_decoder *decoder, int64_t id, char *text);

/* ---- a text as tokens ---- */

/* The text read through the tokenizer, one token per code point, for data sets (data.h). Both are
 * borrowed and must outlive the result. ORE_DATA: the text has a character that the tokenizer
 * lacks; the message names the file, the character, its code point and its first position. */
ORE_API ore_tokens *ore_tokens_of_text(const ore_text *text, const ore_tokenizer *tokenizer);

ORE_END_DECLS

#endif
