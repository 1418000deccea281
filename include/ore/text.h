/* text.h: texts mapped from files, tokenizers, and texts as tokens.
 *
 * Every function that returns a pointer returns NULL when it fails, and while an error is pending.
 * The errors are listed at each function. */
#ifndef ORE_TEXT_H
#define ORE_TEXT_H

#include <ore/data.h>
#include <ore/files.h>

ORE_BEGIN_DECLS

/* ---- mapped text ---- */

/* A text's file is mapped, so it may be larger than memory. Opening makes one pass over it, which
 * checks the encoding, computes the digest, counts the characters (Unicode code points) and
 * collects the alphabet. If the file is truncated or written to while the text is open, reading
 * fails with ORE_DATA, and a loader (data.h) never gives a batch of changed bytes. Several threads
 * may read a text. Opening one installs a handler for SIGBUS, which forwards signals that are not
 * about such a file to the program's own handler.
 *
 * A text reads as UTF-8. A byte order mark at the start is not part of it; one of UTF-16 or UTF-32
 * means that the text is in that encoding, and is converted. In a file without any line feed,
 * carriage returns end lines, as on early Macintoshes, and read as line feeds. */

typedef struct ore_text ore_text;

typedef enum ore_invalid_utf8 {
    ORE_UTF8_ERROR,  /* the first wrong byte is an error */
    ORE_UTF8_IGNORE, /* wrong bytes are dropped, as Python's errors="ignore" does */
} ore_invalid_utf8;

typedef struct ore_text_options {
    ore_invalid_utf8 invalid_utf8; /* ORE_UTF8_ERROR */
    bool strip_cr; /* false; true drops carriage returns that do not end lines by themselves */
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
/* The number of characters, without dropped ones. */
ORE_API int64_t ore_text_length(const ore_text *text);
/* The size of these characters in UTF-8, in bytes. */
ORE_API int64_t ore_text_kept_bytes(const ore_text *text);
/* How many bytes of the file were dropped because of the options. */
ORE_API int64_t ore_text_dropped_bytes(const ore_text *text);
/* The digest of all bytes that the file had when it was opened, with dropped ones and the mark. */
ORE_API ore_digest ore_text_digest(const ore_text *text);

/* How a text was read, for a note to the user. */
typedef struct ore_text_facts {
    const char *encoding;  /* "UTF-8"; "UTF-16LE", .. of a text that was converted */
    bool mark;             /* UTF-8 with a byte order mark */
    bool cr_line_ends;     /* it has no line feed, and its carriage returns read as line feeds */
    int64_t invalid_bytes; /* dropped bytes that are not valid in the encoding */
    int64_t dropped_cr;    /* carriage returns that strip_cr dropped */
} ore_text_facts;
ORE_API ore_text_facts ore_text_facts_of(const ore_text *text);

/* Reads the next characters, as UTF-8: whole ones, at most `capacity` bytes. *at is the place in
 * the file, 0 at first, which each call advances. Returns how many bytes it has written; 0 at the
 * end, -1 on failure. ORE_INVALID: no such place, or a capacity below 4. ORE_DATA: the file has
 * changed, and what was read may be wrong. */
ORE_API int64_t ore_text_read(const ore_text *text, int64_t *at, char *bytes, size_t capacity);
/* Writes the distinct code points of the text in rising order, at most `capacity` of them, and
 * returns how many there are. With NULL and 0 it only counts. */
ORE_API int64_t ore_text_alphabet(const ore_text *text, uint32_t *code_points, int64_t capacity);

/* ---- tokenizers ---- */

/* A tokenizer turns text into ids 0 .. size - 1 and back. Each id stands for a token, some bytes of
 * text: a character, a part of one, or a word. The functions below work with tokenizers of every
 * kind.
 *
 * A character tokenizer has one id for each character of its alphabet, in rising order of code
 * points, like Python's sorted(set(text)). With a separator, for texts whose lines are documents,
 * id 0 is the separator, which stands for "\n", and the other characters follow in rising order. */

typedef struct ore_tokenizer ore_tokenizer;

enum {
    ORE_CHAR_VOCAB_MAX = 0x110000, /* the number of code points of Unicode */
    ORE_TOKEN_BYTES = 1024,        /* the max bytes of a token */
    ORE_PIECE_BYTES = 4096,        /* the max bytes that ore_decoder_next writes */
};

/* A character tokenizer for the alphabet of a text. */
ORE_API ore_tokenizer *ore_tokenizer_new_char(const ore_text *text, bool separator);
/* A character tokenizer for code points in any order; equal ones count once. ORE_INVALID for an
 * empty list or a number that is no character's. */
ORE_API ore_tokenizer *ore_tokenizer_new_alphabet(const uint32_t *code_points, int64_t count,
                                                  bool separator);
/* A word tokenizer has one id per word of its vocabulary, and <unk> for all other words. Words are
 * runs of letters and digits, with an apostrophe or hyphen between two letters and a point or comma
 * between two digits; addresses (http://.., www...), user names (@name), line feeds, ideographs and
 * other marks one by one; and "<unk>", "<pad>", "<url>", "<user>", "<number>", if a text has these.
 * Of more than 255 bytes the rest is another word. Spaces only part words, so decoding puts one
 * between any two tokens, but not before a line feed, behind one, and before .,;:!?)]}%.
 *
 * Ids: "<unk>" 0 and "<pad>" 1 (special tokens "unk" and "pad"), as torchtext has them; with
 * `separator` the line feed, for texts whose lines are sequences of their own; one for each rule;
 * then words by falling frequency, equally frequent ones in the order of their bytes. */

typedef enum ore_word_rule {
    ORE_WORD_URLS = 1,    /* addresses become "<url>" */
    ORE_WORD_USERS = 2,   /* user names become "<user>" */
    ORE_WORD_NUMBERS = 4, /* words of digits alone become "<number>" */
} ore_word_rule;

typedef struct ore_word_options {
    int64_t min_frequency; /* 1: words that the text has less often become <unk> */
    int64_t max_size;      /* 0: no limit; else max number of tokens, special ones included */
    bool lowercase;        /* false; true: of the Latin (Latin-1), Greek and Cyrillic letters */
    unsigned rules;        /* 0: of ore_word_rule, joined by | */
    bool separator;        /* false */
} ore_word_options;
ORE_API ore_word_options ore_word_defaults(void);

/* The words of a text, in memory for its different words alone. options NULL: the defaults.
 * ORE_INVALID: options that cannot be. */
ORE_API ore_tokenizer *ore_tokenizer_new_word(const ore_text *text,
                                              const ore_word_options *options);
/* The same of texts that come one by one, such as the fields of a table (table.h): a word never
 * goes on in the next text. ORE_DATA: bytes that are not UTF-8. */
typedef struct ore_word_counts ore_word_counts;
ORE_API ore_word_counts *ore_word_counts_new(const ore_word_options *options);
ORE_API ore_status ore_word_counts_add(ore_word_counts *counts, const char *text, size_t bytes);
/* Of all that were added so far. */
ORE_API ore_tokenizer *ore_tokenizer_new_words(const ore_word_counts *counts);
/* NULL is allowed. */
ORE_API void ore_word_counts_free(ore_word_counts *counts);

/* A composed tokenizer consists of stages, as published ones do: what changes a text and splits
 * it, and a model that turns each split into tokens. It comes from files of others: Hugging Face's
 * tokenizer.json, SentencePiece's .model, GGUF files, tiktoken's rank files, and GPT-2's vocab.json
 * with merges.txt, of which either leads to the other beside it. Bytes that are no UTF-8 survive
 * where the vocabulary is one of bytes: each run of them is a split of its own, and the text on
 * either side is split as if it stood alone; elsewhere U+FFFD takes their place. Special tokens
 * inside of a text are text to rank files and SentencePiece's models; those of tokenizer.json and
 * GGUF files are found in it. */

/* Read and write tokenizer.json: "type" names the kind, "special_tokens" has ids by name. That
 * of a character tokenizer is {"type": "char", "special_tokens": {"separator": 0}, "vocab":
 * [...]}, where vocab[id] is the token's text; U+0000 is written as "". That of a word tokenizer
 * also has "lowercase": false and "rules": ["url", ..]. That of a composed tokenizer is Hugging
 * Face's, which their programs open unless it came from a SentencePiece model. Saving replaces
 * the file by one rename. ORE_IO: the file cannot be read or written. ORE_DATA: it is not a
 * tokenizer's. */
ORE_API ore_tokenizer *ore_tokenizer_load(const char *path);
/* How to read files that do not say all about themselves. */
typedef struct ore_tokenizer_options {
    /* NULL; else what texts are split by, for files that do not say so: "gpt2", "cl100k", "o200k",
     * or a regular expression. Those are tiktoken's rank files but for the ones that are known by
     * their digest, and GGUF files of byte-level BPE from before they named a pre-tokenizer. */
    const char *pattern;
} ore_tokenizer_options;
ORE_API ore_tokenizer_options ore_tokenizer_defaults(void);
/* The same with options; NULL: the defaults. ORE_INVALID: such a file, and no pattern; a
 * pattern for a file that has its own. */
ORE_API ore_tokenizer *ore_tokenizer_load_with(const char *path,
                                               const ore_tokenizer_options *options);
ORE_API ore_status ore_tokenizer_save(const ore_tokenizer *tokenizer, const char *path);
/* NULL is allowed. */
ORE_API void ore_tokenizer_free(ore_tokenizer *tokenizer);

/* The name of the kind: "char", "word" or "composed". */
ORE_API const char *ore_tokenizer_type(const ore_tokenizer *tokenizer);
/* What a composed one consists of, for people, by the names in tokenizer.json: "normalizer NFC,
 * pre-tokenizer Split + ByteLevel, model BPE". "" for other kinds. Returns text, of `bytes` bytes,
 * which end with a NUL. */
ORE_API const char *ore_tokenizer_stages(const ore_tokenizer *tokenizer, char *text, size_t bytes);
/* The number of tokens. */
ORE_API int64_t ore_tokenizer_size(const ore_tokenizer *tokenizer);
/* The id of the special token with this name in tokenizer.json; -1 if there is none. */
ORE_API int64_t ore_tokenizer_special(const ore_tokenizer *tokenizer, const char *name);
/* The id of the special token "separator", which ends a document; -1 if there is none. */
ORE_API int64_t ore_tokenizer_separator(const ore_tokenizer *tokenizer);
/* The id of the token that stands for exactly these bytes; -1, without an error, if there is
 * none. */
ORE_API int64_t ore_tokenizer_id(const ore_tokenizer *tokenizer, const char *text, size_t bytes);
/* The bytes that a token stands for, without a NUL at their end, owned by the tokenizer; *count
 * becomes their number. NULL with ORE_INVALID for an id out of range. */
ORE_API const char *ore_tokenizer_bytes(const ore_tokenizer *tokenizer, int64_t id, size_t *count);
/* A digest of all that is saved: two tokenizers with the same digest map the same texts to the same
 * ids. Zeros while an error is pending, or with ORE_MEMORY. */
ORE_API ore_digest ore_tokenizer_digest(const ore_tokenizer *tokenizer);
/* True if the digests are equal. */
ORE_API bool ore_tokenizer_equal(const ore_tokenizer *a, const ore_tokenizer *b);

/* Writes the ids of UTF-8 text, at most `capacity`, and returns how many there are in all (NULL
 * with 0 only counts); -1 on failure. ORE_DATA: a character that has no token (the message names
 * it, its code point and its position, counted in characters from 0), or bytes that are not
 * UTF-8. */
ORE_API int64_t ore_tokenizer_encode(const ore_tokenizer *tokenizer, const char *text,
                                     size_t size_bytes, int64_t *ids, int64_t capacity);
/* Bytes start .. end - 1 of a text. */
typedef struct ore_token_range {
    int64_t start, end;
} ore_token_range;

typedef struct ore_encode_options {
    bool add_special; /* false; true: with the tokens that the tokenizer's post-processor puts
                       * before and behind a text, whose ranges are empty */
} ore_encode_options;
ORE_API ore_encode_options ore_encode_defaults(void);
/* The same with options (NULL: the defaults), and with the bytes of the text that each token stands
 * for, unless `ranges` is NULL. Ranges of tokens that are a part of a character may be that part or
 * all of it, as the tokenizer's kind has it. */
ORE_API int64_t ore_tokenizer_encode_with(const ore_tokenizer *tokenizer,
                                          const ore_encode_options *options, const char *text,
                                          size_t size_bytes, int64_t *ids, ore_token_range *ranges,
                                          int64_t capacity);
/* Writes the bytes of the tokens one after the other, at most `capacity_bytes` and without a NUL,
 * and returns how many there are in all (NULL with 0 only counts); -1 on failure. ORE_INVALID: an
 * id out of range. */
ORE_API int64_t ore_tokenizer_decode(const ore_tokenizer *tokenizer, const int64_t *ids,
                                     int64_t count, char *text, size_t capacity_bytes);

/* Decodes ids one at a time, where a character may be split over several tokens. Each call gives
 * whole characters; all of them together are what Python's bytes.decode("utf-8", "replace") makes
 * of the bytes of all tokens, with U+FFFD in place of invalid bytes. */
typedef struct ore_decoder {
    const ore_tokenizer *tokenizer;
    bool started;   /* a token has been decoded that did not end a line, */
    int64_t before; /* which is this one */
    char held[4]; /* bytes of a character whose other bytes are still to come */
    int held_bytes;
} ore_decoder;
/* The tokenizer must outlive the decoder. */
ORE_API void ore_decoder_init(ore_decoder *decoder, const ore_tokenizer *tokenizer);
/* Writes the characters that `id` completes, and a NUL, to text (ORE_PIECE_BYTES). Returns their
 * bytes without the NUL, perhaps 0; -1 with ORE_INVALID for an id out of range. */
ORE_API int ore_decoder_next(ore_decoder *decoder, int64_t id, char *text);
/* The same after the last id: U+FFFD for a character that is incomplete, or nothing. The decoder
 * may then be used again. */
ORE_API int ore_decoder_end(ore_decoder *decoder, char *text);

/* Versions of the libraries that match patterns and know Unicode's tables: "10.42", "2.8.0". */
ORE_API const char *ore_tokenizer_pcre2_version(void);
ORE_API const char *ore_tokenizer_utf8proc_version(void);

/* ---- lines as samples ---- */

/* A data set (dataset.h) whose sample i is line i of a file, its line end left out: one field of
 * its tokens' ids, (n) int64, which may be none. A line is read and encoded when it is asked for.
 * The tokenizer must outlive the data set. Errors are as those of ore_table_dataset_new; a line
 * with a character that has no token is ORE_DATA, naming file and line. */
ORE_API ore_dataset *ore_line_dataset_new(const char *path, const ore_tokenizer *tokenizer);

/* ---- a text as tokens ---- */

/* A text is encoded once, piece by piece, so that the memory for that does not grow with the text;
 * loaders (data.h) then read ids only. The text and the tokenizer are borrowed and must outlive the
 * tokens. The tokens' check gives ORE_DATA if the text's file has changed since it was opened. All
 * these functions fail with ORE_DATA for a text with a character that has no token; the message
 * names the text, the character, its code point and its position. Ids take 2 bytes each for a
 * vocabulary of at most 65536 tokens, else 4. */

/* Tokens in memory. */
ORE_API ore_tokens *ore_tokens_of_text(const ore_text *text, const ore_tokenizer *tokenizer);
/* Writes a token file, which is renamed to `path` when it is complete and synced. Its header has
 * the digests of the text, of the tokenizer and of the ids. ORE_IO: it cannot be written. */
ORE_API ore_status ore_token_file_write(const char *path, const ore_text *text,
                                        const ore_tokenizer *tokenizer);
/* Tokens in the mapped token file at `path`, all of which is compared with its digests first.
 * ORE_DATA, with a message that names the file, if it is damaged, truncated or of another version,
 * or if it was made of another text, with other options of the text, or with another tokenizer. */
ORE_API ore_tokens *ore_tokens_of_file(const char *path, const ore_text *text,
                                       const ore_tokenizer *tokenizer);
/* Tokens in the token file that `folder` has of this text and tokenizer. A file that is missing or
 * damaged is made, and so is the folder; several processes may do this at a time. *made (unless
 * NULL) becomes whether the file was made now. ORE_IO: the folder cannot be written. */
ORE_API ore_tokens *ore_tokens_of_cache(const char *folder, const ore_text *text,
                                        const ore_tokenizer *tokenizer, bool *made);

/* The number and size of such files in a folder, with unfinished ones that killed processes have
 * left. */
typedef struct ore_token_cache_facts {
    int64_t files, bytes;
} ore_token_cache_facts;
/* Measures them; there are none if there is no such folder. ORE_IO: it cannot be read. */
ORE_API ore_status ore_token_cache_measure(const char *folder, ore_token_cache_facts *facts);
/* Removes them, and says what it has removed. A process that has such a file open can still read
 * it. */
ORE_API ore_status ore_token_cache_clear(const char *folder, ore_token_cache_facts *removed);

ORE_END_DECLS

#endif
