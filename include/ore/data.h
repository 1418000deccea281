/* data.h: tokens, their parts for training and for evaluation, and loaders that give batches.
 *
 * tokens (a text through its tokenizer, or ids in memory) -> token parts (train, validation, test
 * part; as one stream or as documents) -> loader (batches of one part);
 * data set (dataset.h) -> loader (batches of its samples, in the order of a sampler). Each borrows
 * the one before, which must outlive it. Every function that returns a pointer returns NULL when it
 * fails or while an error is pending. */
#ifndef ORE_DATA_H
#define ORE_DATA_H

#include <ore/dataset.h>
#include <ore/generator.h>
#include <ore/sampler.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* ---- tokens ---- */

/* A long sequence of token ids that can be read anywhere. Whoever makes one fills the struct;
 * reading must be safe from several threads. */

typedef struct ore_tokens ore_tokens;
struct ore_tokens {
    const char *name;  /* the file, for messages */
    int64_t length;    /* tokens */
    int64_t separator; /* the id that ends a document, or -1 */
    /* ids start .. start + count - 1, which lie in the sequence, into ids; to be believed once
     * check, where there is one, has said ORE_OK. */
    ore_status (*read)(const ore_tokens *tokens, int64_t start, int64_t count, int64_t *ids);
    /* Bytes of text that the ids stand for; NULL: not known, and counted as 0. */
    int64_t (*bytes)(const ore_tokens *tokens, const int64_t *ids, int64_t count);
    void (*close)(ore_tokens *tokens);
    /* Asked after each batch: ORE_DATA if what has been read is not what it was when the tokens
     * were opened, as of a file that was written to. NULL: it cannot change. */
    ore_status (*check)(const ore_tokens *tokens);
    /* An index: how many documents there are, and which ids number i, 0 <= i < documents, has: from
     * *start on, before *end, in rising order and without gaps. 0 and NULL: there is none. */
    int64_t documents;
    ore_status (*document)(const ore_tokens *tokens, int64_t i, int64_t *start, int64_t *end);
};

/* Ids in memory, which is not copied. separator: an id, or -1. */
ORE_API ore_tokens *ore_tokens_of_memory(const char *name, const int64_t *ids, int64_t count,
                                         int64_t separator);
/* NULL is allowed. */
ORE_API void ore_tokens_close(ore_tokens *tokens);

/* ---- token parts ---- */

typedef enum ore_part { ORE_PART_TRAIN, ORE_PART_VAL, ORE_PART_TEST } ore_part;
enum { ORE_PART_COUNT = ORE_PART_TEST + 1 };
/* "train", "validation", "test" */
ORE_API const char *ore_part_name(ore_part part);

typedef struct ore_token_parts_options {
    double val_fraction;  /* 0.1 */
    double test_fraction; /* 0 */
    bool documents;       /* false */
    uint64_t split_seed;  /* 42: the order of documents before they are cut into parts */
} ore_token_parts_options;
ORE_API ore_token_parts_options ore_token_parts_defaults(void);

/* Cuts n tokens in order: the first floor(n (1 - val - test)) train, up to floor(n (1 - test))
 * validate, the rest test. With `val` (else NULL) validation is all of it, val_fraction is not
 * used, and the first floor(n (1 - test)) train. With `documents`, a document is a run of tokens
 * between separators (a line); empty ones are left out. The documents are put in the order of
 * torch.randperm under split_seed and cut by the same rule, n counting documents; so the cut
 * depends on the file and the seed alone. `val` keeps its order. Memory: 16 bytes a document.
 * ORE_INVALID: a fraction outside [0, 1) or no train part left, documents without a separator.
 * ORE_DATA: no document. */
typedef struct ore_token_parts ore_token_parts;
ORE_API ore_token_parts *ore_token_parts_new(const ore_tokens *tokens, const ore_tokens *val,
                                             const ore_token_parts_options *options);
/* NULL is allowed. */
ORE_API void ore_token_parts_free(ore_token_parts *parts);
ORE_API bool ore_token_parts_has_documents(const ore_token_parts *parts);
/* Tokens of a part; of documents: with one separator each, which is how many are predicted. */
ORE_API int64_t ore_token_parts_tokens(const ore_token_parts *parts, ore_part part);
/* Documents of a part; 0 for a stream. */
ORE_API int64_t ore_token_parts_documents(const ore_token_parts *parts, ore_part part);
/* Tokens of the longest document of a part, separators not counted; 0 for a stream. */
ORE_API int64_t ore_token_parts_longest(const ore_token_parts *parts, ore_part part);

/* ---- loaders ---- */

/* A loader takes no memory per batch but that of the batch's tensors. */

enum { ORE_IGNORE_INDEX = -100 }; /* the target of padding; ore_cross_entropy's default */

typedef struct ore_batch {
    ore_tensor *x, *y; /* handles of the caller's scope; NULL at the end of a pass or on an error */
    int64_t tokens;    /* targets that are not ORE_IGNORE_INDEX; rows where a data set's y is not of
                       int64 */
    int64_t bytes;     /* bytes of UTF-8 text these targets stand for; 0 of a data set */
    int64_t global_tokens; /* `tokens` of all ranks' shares of the batch together; below */
    /* (B) int64, on the CPU: how much of each row of x or y is not padding; NULL: all of it. */
    ore_tensor *x_lengths, *y_lengths;
    /* Of samples with more than two fields: those behind x and y, and their lengths. */
    ore_tensor *more[ORE_FIELDS_MAX - 2], *more_lengths[ORE_FIELDS_MAX - 2];
} ore_batch;

typedef struct ore_loader ore_loader;

typedef struct ore_token_loader_options {
    ore_part part;            /* ORE_PART_TRAIN */
    int64_t batch_size;       /* 32 */
    int64_t block_size;       /* 64: max tokens of context */
    bool cut_documents;       /* false */
    ore_generator *generator; /* NULL: the default generator; borrowed */
} ore_token_loader_options;
ORE_API ore_token_loader_options ore_token_loader_defaults(void);

/* Random batches without end, x and y int64.
 * Stream: starts = torch.randint(n - T, (B,)) over the part's n tokens, x (B, T) the T = block_size
 * tokens from each start, y (B, T) those from one further.
 * Documents: which = torch.randint(documents, (B,)); row b of x is the separator and the document,
 * of y the document and the separator. T is that of the longest row; shorter rows are filled up
 * with the separator in x and ORE_IGNORE_INDEX in y. A document of block_size tokens or more is
 * ORE_DATA (the message names the line), or with cut_documents its first block_size targets stand
 * for it. ORE_DATA: a stream part shorter than block_size + 1, or a part without documents (the
 * message names the file, what it has and what is needed). ORE_INVALID: sizes
 * below 1. */
ORE_API ore_loader *ore_random_loader_new(const ore_token_parts *parts,
                                          const ore_token_loader_options *options);

/* One pass in order, for evaluation: every target once.
 * Stream of n tokens: windows of block_size laid end to end, n - 1 targets; batches of up to
 * batch_size whole windows, then the last, shorter one alone.
 * Documents: windows laid end to end over each, its separator being predicted too; batches of up to
 * batch_size windows, filled up as above. Long documents take several windows, the later ones
 * starting with the document's last token before them.
 * The generator is not used. ORE_DATA: a stream part of fewer than 2 tokens, or no documents. */
ORE_API ore_loader *ore_window_loader_new(const ore_token_parts *parts,
                                          const ore_token_loader_options *options);

/* Contexts of one length with the token that follows each, as the models of Bengio et al. 2003 take
 * them: x (B, T) and y (B) int64, T = block_size.
 * Stream of n tokens: n - T contexts, number i of tokens i .. i + T - 1 with token i + T.
 * Documents: one context for each target, in order, the document's separator being the last; what
 * lies before the document's first token are separators. cut_documents is not used.
 * Random: numbers = torch.randint(contexts, (B,)), without end. In order: one pass, for evaluation;
 * the last batch may be smaller, and the generator is not used.
 * Memory: 8 bytes a document. ORE_DATA: a stream part of T tokens or fewer, or no documents.
 * ORE_INVALID: sizes below 1. */
ORE_API ore_loader *ore_random_context_loader_new(const ore_token_parts *parts,
                                                  const ore_token_loader_options *options);
ORE_API ore_loader *ore_context_loader_new(const ore_token_parts *parts,
                                           const ore_token_loader_options *options);

/* ---- loaders of samples ---- */

/* Makes one batch of samples; the batch is zeros before. It is called for whole batches, before
 * ranks take their shares, and by several threads at a time. */
typedef ore_status (*ore_collate_function)(void *user, const ore_sample *samples, int64_t count,
                                           ore_batch *batch);

typedef struct ore_loader_options {
    int64_t batch_size;         /* 1 */
    bool shuffle;               /* false */
    bool drop_last;             /* false: the last batch of a pass may be smaller */
    ore_generator *generator;   /* NULL: the default generator; borrowed */
    const ore_sampler *sampler; /* NULL; else the order, without shuffle; one of batches also cuts
                                   them, without batch_size and drop_last; borrowed */
    bool pad;                   /* false; true: fields whose samples differ in their first dim are
                                   padded at the end */
    double padding[ORE_FIELDS_MAX]; /* what with: 0, but ORE_IGNORE_INDEX for field 1, y */
    ore_collate_function collate;   /* NULL: ore_collate */
    void *user;                     /* for collate */
    int num_workers;                /* 0: threads that make batches ahead */
    int prefetch_factor;            /* 2: so many of them for each thread */
} ore_loader_options;
ORE_API ore_loader_options ore_loader_defaults(void);

/* torch's DataLoader over a data set, which is borrowed: the same draws from the generator, the
 * same order. A pass begins with one number of the generator, from which the samples' seeds come;
 * then with shuffle, as ore_random_sampler_new of `generator`, or with a sampler its order is
 * drawn.
 *
 * Fields 0 and 1 of the samples are x and y. With workers, batches are made ahead by other threads.
 * That changes no batch and no draw, since orders are drawn as passes begin, on the caller's
 * thread; the place is that of the batches delivered, so resuming is exact. An error comes with the
 * batch that had it; once it is cleared, the next call gives the batch behind. Not for the child of
 * a fork that happens while there are workers.
 * ORE_INVALID: sizes below 1, a sampler with what it excludes, a sample that is none of the data
 * set. */
ORE_API ore_loader *ore_loader_new(const ore_dataset *dataset, const ore_loader_options *options);

/* The same over a tensor data set of its own, of x and y (y may be NULL). */
ORE_API ore_loader *ore_tensor_loader_new(ore_tensor *x, ore_tensor *y,
                                          const ore_loader_options *options);

/* Samples as one batch: x, y and more are the fields (count, ..), stacked where `padding` is NULL,
 * else padded at the end of their first dim with padding[field], and with lengths. What is counted
 * stays as it was. ORE_INVALID, naming the field and the sample, for one that differs from the
 * first in dtype, in dims, or in sizes that are not padded. */
ORE_API ore_status ore_collate(const ore_sample *samples, int64_t count, int fields,
                               const double *padding, ore_batch *batch);

/* ---- all loaders ---- */

/* NULL is allowed. */
ORE_API void ore_loader_free(ore_loader *loader);
/* The next batch. At the end of a pass x is NULL while ore_ok() holds, and the call after that
 * starts the next pass. */
ORE_API ore_batch ore_loader_next(ore_loader *loader);
/* From its next batch on the loader gives rank's share of each batch, where `world` processes make
 * one step together, each with a loader made in the same way (the same data, batch_size and seed).
 * Of a batch of n rows each rank gets n / world rows, the first n % world ranks one more, in the
 * order of the ranks: their shares, one behind the other, are the batch that one process alone
 * gets, padding included. So batch_size is that of all ranks together. Where the last batch of a
 * pass has fewer rows than there are ranks, x and y of the others have none (x (0, ..), tokens 0);
 * unlike torch's DistributedSampler it repeats and leaves out nothing, and all ranks see the same
 * number of batches. Each rank draws what one process would, so the loader's state is that of all
 * ranks, and any number of them may go on from it. Of tensors a rank gathers its own rows; of other
 * data sets it gets all samples of the batch, since padding and targets are the whole batch's. Rank
 * 0 of 1 ends the sharing. ORE_INVALID: a rank outside 0 .. world - 1, or a batch_size below world.
 */
ORE_API ore_status ore_loader_share(ore_loader *loader, int64_t rank, int64_t world);
/* Batches of a pass; -1 without end. */
ORE_API int64_t ore_loader_batches(const ore_loader *loader);
/* Back to the start of a pass; draws nothing by itself. */
ORE_API void ore_loader_reset(ore_loader *loader);

/* The place in the pass, its order and the generator's state, so that a loader made in the same way
 * and given these bytes continues with the same batches. Setting also sets the generator, even a
 * shared one; so it does that of a sampler, from which nobody else may have drawn within the pass.
 * ORE_DATA: not the bytes of such a loader. */
enum { ORE_LOADER_STATE_BYTES = 64 + 2 * ORE_GENERATOR_STATE_BYTES };
ORE_API void ore_loader_get_state(const ore_loader *loader, uint8_t *state);
ORE_API ore_status ore_loader_set_state(ore_loader *loader, const uint8_t *state, size_t bytes);

/* ---- scaling ---- */

/* Brings the columns of x (n, ..) to one scale, y = (x - offset) factor + low, and back; fit on the
 * training rows, it applies to all others. A column whose values are all equal becomes low (0) and
 * comes back as it was. Names and numbers are those of scikit-learn. */
typedef struct ore_scaler {
    ore_tensor *offset, *factor; /* of the shape of a row and of x's dtype, out of all scopes */
    double low, high;
} ore_scaler;
/* To mean 0 and deviation 1 (the biased one, of n): offset is the mean, factor 1 / deviation. */
ORE_API ore_status ore_standard_scaler_fit(ore_scaler *s, ore_tensor *x);
/* To low .. high [0, 1]: offset is the min, factor (high - low) / (max - min). Rows
 * not seen may lie outside. */
ORE_API ore_status ore_min_max_scaler_fit(ore_scaler *s, ore_tensor *x, double low, double high);
/* Both fits: x of float32 or float64 has at least one row, and finite values; on failure the scaler
 * is empty, and transforms refuse it. Transforms take any number of rows and pass gradients. */
ORE_API ore_tensor *ore_scaler_transform(const ore_scaler *s, ore_tensor *x);
ORE_API ore_tensor *ore_scaler_inverse_transform(const ore_scaler *s, ore_tensor *y);
ORE_API void ore_scaler_free(ore_scaler *s);

ORE_END_DECLS

#endif
