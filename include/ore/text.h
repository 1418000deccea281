/* text.h: texts mapped from files, tokenizers, and texts as tokens.
 *
 * Every function that returns a pointer returns NULL
 * when it fails or while an error is pending; failures are listed with each. */
#ifndef ORE_TEXT_H
#define ORE_TEXT_H

#include <ore/data.h>
#include <ore/files.h>

ORE_BEGIN_DECLS

/* ---- mapped text ---- */

/* The file is mapped, not read in, so it may be larger than memory; opening makes one pass over it,
 * which checks it, digests it, counts its characters (Unicode code points) and collects its
 * alphabet. A file that is cut short or written to while the text is open makes reading fail with
 * ORE_DATA; whoever loads batches of it (data.h) never gets one of other bytes. A text may be read
 * by several threads.
 * Opening one puts a handler for SIGBUS in place, which passes on what is not of such a file to the
 * handler that the program had.
 *
 * A text is read as UTF-8. A byte order mark at the start is no part of it, and one of UTF-16 or
 * UTF-32 tells what it is converted from. In a file without any line feed a carriage return ends a
 * line, as on the first Macintoshes, and reads as a line feed. */

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
/* Characters kept. */
ORE_API int64_t ore_text_length(const ore_text *text);
/* Bytes of the kept characters in UTF-8. */
ORE_API int64_t ore_text_kept_bytes(const ore_text *text);
/* Bytes of the file that the options dropped. */
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

/* Reads on: whole kept characters in UTF-8, from the place *at on, at most `capacity` bytes of
 * them. *at starts at 0 and moves on. Returns how many bytes came, 0 at the end, or -1.
 * ORE_INVALID: no such place, or a capacity below 4. ORE_DATA: the file is no longer what it was,
 * and what was read may be wrong. */
ORE_API int64_t ore_text_read(const ore_text *text, int64_t *at, char *bytes, size_t capacity);
/* The distinct code points in rising order: writes at most `capacity` of them (NULL with 0 only
 * counts) and returns how many there are. */
ORE_API int64_t ore_text_alphabet(const ore_text *text, uint32_t *code_points, int64_t capacity);

/* ---- tokenizers ---- */

/* A tokenizer turns text into ids 0 .. size - 1 and back. Each id is a token, which stands for some
 * bytes of text: a character, less (a byte of one) or more (a word). What is said here holds for
 * all kinds.
 *
 * A character tokenizer has one id per character of its alphabet, in rising order of code points,
 * as sorted(set(text)). With a separator, for texts whose lines are sequences of their own, id 0 is
 * the separator, which is written "\n" and stands where "\n" stands in a text, and the other
 * characters follow in rising order. */

typedef struct ore_tokenizer ore_tokenizer;

enum {
    ORE_CHAR_VOCAB_MAX = 0x110000, /* code points there are */
    ORE_TOKEN_BYTES = 256,         /* max bytes that a token stands for */
    ORE_PIECE_BYTES = 1024,        /* room for what ore_decoder_next writes */
};

/* The alphabet of a text. */
ORE_API ore_tokenizer *ore_tokenizer_new_char(const ore_text *text, bool separator);
/* Code points in any order; equal ones count once. ORE_INVALID: none, or no such code point. */
ORE_API ore_tokenizer *ore_tokenizer_new_alphabet(const uint32_t *code_points, int64_t count,
                                                  bool separator);
/* tokenizer.json, of the kind that its "type" names; "special_tokens" has ids by name. Of a
 * character tokenizer: {"type": "char", "special_tokens": {"separator": 0}, "vocab": [...]}, where
 * vocab[id] is the token's text, and U+0000 stands as "". Saving replaces the file in one rename.
 * ORE_IO: the file system refuses. ORE_DATA: not such a file. */
ORE_API ore_tokenizer *ore_tokenizer_load(const char *path);
ORE_API ore_status ore_tokenizer_save(const ore_tokenizer *tokenizer, const char *path);
/* NULL is allowed. */
ORE_API void ore_tokenizer_free(ore_tokenizer *tokenizer);

/* The kind: "char" */
ORE_API const char *ore_tokenizer_type(const ore_tokenizer *tokenizer);
/* How many tokens there are. */
ORE_API int64_t ore_tokenizer_size(const ore_tokenizer *tokenizer);
/* The id of the special token of that name, as in tokenizer.json, or -1. */
ORE_API int64_t ore_tokenizer_special(const ore_tokenizer *tokenizer, const char *name);
/* That of "separator", the token that ends a document. */
ORE_API int64_t ore_tokenizer_separator(const ore_tokenizer *tokenizer);
/* The id of the one token that stands for exactly these bytes, or -1 (no error raised). */
ORE_API int64_t ore_tokenizer_id(const ore_tokenizer *tokenizer, const char *text, size_t bytes);
/* The bytes that a token stands for, the tokenizer's own and without a NUL, and their number; NULL
 * with ORE_INVALID for an id out of range. */
ORE_API const char *ore_tokenizer_bytes(const ore_tokenizer *tokenizer, int64_t id, size_t *count);
/* Of all that is saved: two with the same digest map the same texts to the same ids. Zeros while an
 * error is pending, or with ORE_MEMORY. */
ORE_API ore_digest ore_tokenizer_digest(const ore_tokenizer *tokenizer);
/* True if the digests are equal. */
ORE_API bool ore_tokenizer_equal(const ore_tokenizer *a, const ore_tokenizer *b);

/* Writes at most `capacity` ids of UTF-8 text (NULL with 0 only counts) and returns how many there
 * are in all, or -1. ORE_DATA: a character that no token stands for (the message names it, its code
 * point and its position, counted in characters from 0), or bytes that are not UTF-8. */
ORE_API int64_t ore_tokenizer_encode(const ore_tokenizer *tokenizer, const char *text,
                                     size_t size_bytes, int64_t *ids, int64_t capacity);
/* Writes at most `capacity_bytes` of the tokens' bytes, side by side (no NUL is added; NULL with 0
 * only counts) and returns how many there are in all, or -1. ORE_INVALID: an id out of range. */
ORE_API int64_t ore_tokenizer_decode(const ore_tokenizer *tokenizer, const int64_t *ids,
                                     int64_t count, char *text, size_t capacity_bytes);

/* Decoding as ids come, where a character may be split over tokens: the pieces are whole
 * characters, and side by side they are what Python's bytes.decode("utf-8", "replace") makes of all
 * the tokens' bytes: U+FFFD stands for what is no character. */
typedef struct ore_decoder {
    const ore_tokenizer *tokenizer;
    bool started; /* a token has come */
    char held[4]; /* bytes of a character that is not whole yet */
    int held_bytes;
} ore_decoder;
/* The tokenizer must outlive the decoder. */
ORE_API void ore_decoder_init(ore_decoder *decoder, const ore_tokenizer *tokenizer);
/* The text that `id` completes, NUL added, into at least ORE_PIECE_BYTES; its bytes without the NUL
 * (0 may come), or -1 with ORE_INVALID for an id out of range. */
ORE_API int ore_decoder_next(ore_decoder *decoder, int64_t id, char *text);
/* After the last id, likewise: U+FFFD for a character that has not become whole, or nothing. The
 * decoder may be used again. */
ORE_API int ore_decoder_end(ore_decoder *decoder, char *text);

/* ---- a text as tokens ---- */

/* A text is encoded once, front to back, in memory that does not grow with it; what reads tokens
 * (data.h) reads ids only. Text and tokenizer are borrowed and must outlive the tokens, whose check
 * says ORE_DATA where the text's file has changed since it was opened. All fail with ORE_DATA for a
 * text of which some part has no token; the message names the text, the character, its code point
 * and its position. Ids take 2 bytes where the vocabulary has at most 65536 tokens, else 4. */

/* In memory. */
ORE_API ore_tokens *ore_tokens_of_text(const ore_text *text, const ore_tokenizer *tokenizer);
/* A token file, which takes the name `path` once it is whole and synced. Its header has the digests
 * of the text, of the tokenizer and of the ids. ORE_IO: the file system refuses. */
ORE_API ore_status ore_token_file_write(const char *path, const ore_text *text,
                                        const ore_tokenizer *tokenizer);
/* From the mapped token file at `path`, once it has been compared with its digests. ORE_DATA,
 * naming the file, where it is damaged, cut short, of another version, or of another text, another
 * way to read it, or another tokenizer. */
ORE_API ore_tokens *ore_tokens_of_file(const char *path, const ore_text *text,
                                       const ore_tokenizer *tokenizer);
/* From the token file that `folder` has of this text and tokenizer; one that is missing or is not
 * whole is made, and the folder too. Several processes may do so at a time. *made (unless NULL):
 * whether it was made now. ORE_IO: the folder cannot be written. */
ORE_API ore_tokens *ore_tokens_of_cache(const char *folder, const ore_text *text,
                                        const ore_tokenizer *tokenizer, bool *made);

/* What a folder holds of such files, and of what processes that were killed left of them. */
typedef struct ore_token_cache_facts {
    int64_t files, bytes;
} ore_token_cache_facts;
/* None where there is no such folder. ORE_IO: it cannot be read. */
ORE_API ore_status ore_token_cache_measure(const char *folder, ore_token_cache_facts *facts);
/* Removes them, and says what it removed; whoever reads one at the time goes on doing so. */
ORE_API ore_status ore_token_cache_clear(const char *folder, ore_token_cache_facts *removed);

ORE_END_DECLS

#endif
