/* test_cli_tokenizer.c: `ore tokenizer`: texts to ids and back, shown, and what it says of wrong
 * words and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/composed.h"
#include "support/run.h"

static child_result result;

/* A rank file with some tokens more than bytes, in the run's folder. */
static const char *ranks(void) {
    static const char *const tokens[] = {"He", "ll", "Hell", "Hello",
                                         " w", "or", " wor", "\xE4\xB8"};
    const char *path = run_path("t.tiktoken");
    write_ranks(path, tokens, sizeof tokens / sizeof *tokens);
    return path;
}

static void test_encode_and_decode(void **state) {
    (void)state;
    set_input("Hello world\n");
    run_well(&result, "tokenizer encode --tokenizer %s --pattern gpt2", ranks());
    assert_string_equal(result.out, "259 262 108 100 10\n");
    set_input("259 262\n108 100 10");
    run_well(&result, "tokenizer decode --tokenizer %s --pattern gpt2", ranks());
    assert_string_equal(result.out, "Hello world\n");
    set_input("");
    run_well(&result, "tokenizer encode --tokenizer %s --pattern gpt2", ranks());
    assert_string_equal(result.out, "\n");
    run_well(&result, "tokenizer decode --tokenizer %s --pattern gpt2", ranks());
    assert_string_equal(result.out, "");
}

/* Characters that are split, and bytes that are none. */
static void test_decode_gives_all_bytes(void **state) {
    (void)state;
    set_input("263 173 263 65 255 240 159");
    run_well(&result, "tokenizer decode --tokenizer %s --pattern gpt2", ranks());
    assert_string_equal(result.out, "\xE4\xB8\xAD\xE4\xB8"
                                    "A\xFF\xF0\x9F");
}

static void test_show(void **state) {
    (void)state;
    const char *page = run_path("tokens.html"), *picture = run_path("tokens.svg");
    set_input("Hello <w>\n\xE4\xB8\xAD\t");
    run_well(&result, "tokenizer show --tokenizer %s --pattern gpt2", ranks());
    assert_string_equal(result.out, "[Hello][ ][<][w][>][\xE2\x8F\x8E]\n"
                                    "[<E4><B8>][<AD>][\xE2\x87\xA5]\n9 tokens of 14 bytes\n");
    run_well(&result, "tokenizer show --tokenizer %s --pattern gpt2 --colors always --ids",
             ranks());
    expect_said(&result, "\x1B[30;48;5;153mHello\x1B[0m259 ");
    run_well(&result, "tokenizer show --tokenizer %s --pattern gpt2 --output %s", ranks(), page);
    char *text = read_file(page, NULL);
    assert_non_null(strstr(text, "title=\"259\">Hello</span>"));
    assert_non_null(strstr(text, ">&lt;</span>"));
    free(text);
    run_well(&result, "tokenizer show --tokenizer %s --pattern gpt2 --output %s", ranks(), picture);
    text = read_file(picture, NULL);
    assert_non_null(strstr(text, ">&lt;</text>"));
    free(text);
}

static void test_info_and_bench(void **state) {
    (void)state;
    run_well(&result, "tokenizer info --tokenizer %s --pattern gpt2", ranks());
    expect_said(&result, "kind         composed\n"
                         "stages       pre-tokenizer Split + ByteLevel, model BPE, decoder "
                         "ByteLevel\nids          0 to 263\n");
    expect_said(&result, "longest      5 bytes, id 259\n");
    run_well(&result, "tokenizer bench --tokenizer %s --pattern gpt2 --text %s --seconds 0.01",
             ranks(), ranks());
    expect_said(&result, " bytes per token\nencode ");
    expect_said(&result, " MB/s\n");
    run_well(&result, "train gpt --data %s " TINY "--steps 1 --out %s", text_file(),
             run_path("run"));
    set_input("a");
    run_well(&result, "tokenizer show --tokenizer %s", run_path("run"));
    assert_string_equal(result.out, "[a]\n1 token of 1 byte\n");
}

static void test_what_is_wrong(void **state) {
    (void)state;
    expect_failure(&result, 2,
                   "ore tokenizer: do what with a tokenizer? Expected train, encode, decode, "
                   "show, info or bench",
                   "tokenizer");
    expect_failure(&result, 2, "ore tokenizer: encod: unknown action; did you mean encode?",
                   "tokenizer encod");
    expect_failure(&result, 2,
                   "ore tokenizer: which tokenizer? Expected --tokenizer FILE, or the folder of a "
                   "run",
                   "tokenizer encode");
    set_input("1 x");
    expect_failure(&result, 1, "ore tokenizer: standard input: \"x\", expected an id",
                   "tokenizer decode --tokenizer %s --pattern gpt2", ranks());
    set_input("1 1000");
    expect_failure(&result, 1, "ore tokenizer: decode: id 1000, expected 0 to 263",
                   "tokenizer decode --tokenizer %s --pattern gpt2", ranks());
    set_input("1 99999999999999999999");
    expect_failure(&result, 1, "ore tokenizer: decode: id 99999999999999999999, expected 0 to 263",
                   "tokenizer decode --tokenizer %s --pattern gpt2", ranks());
    expect_failure(&result, 2,
                   "ore tokenizer: 17: one argument too many; expected --tokenizer FILE, and the "
                   "ids on standard input or by --text FILE",
                   "tokenizer decode 17 --tokenizer %s --pattern gpt2", ranks());
    expect_failure(&result, 2, "ore tokenizer: x: one argument too many; expected --tokenizer FILE",
                   "tokenizer info x --tokenizer %s --pattern gpt2", ranks());
    expect_failure(&result, 1, "ore tokenizer: none.txt: cannot open: No such file or directory",
                   "tokenizer decode --text none.txt --tokenizer %s --pattern gpt2", ranks());
    char line[512];
    snprintf(line, sizeof line, "ore tokenizer: %s: \"red\", expected an id", run_path("ids"));
    write_text_file(run_path("ids"), "red\n");
    expect_failure(&result, 1, line, "tokenizer decode --text %s --tokenizer %s --pattern gpt2",
                   run_path("ids"), ranks());
    snprintf(line, sizeof line,
             "ore tokenizer: %s: a tiktoken rank file that Ore does not know: its texts are split "
             "by a pattern that it does not have; give one (--pattern gpt2, cl100k, o200k, or a "
             "regular expression)",
             run_path("t.tiktoken"));
    expect_failure(&result, 2, line, "tokenizer encode --tokenizer %s", ranks());
}

/* What cannot be is said before a tokenizer is opened, or a text read. */
static void test_checks_first(void **state) {
    (void)state;
    static const struct {
        const char *words, *message;
    } wrong[] = {
        {"show --output x.gif", "--output x.gif: expected a name that ends in .html or .svg"},
        {"encode --vocab-size 5", "--vocab-size: encode has no such option; it is one of train"},
        {"decode --no-add-special",
         "--add-special: decode has no such option; it is one of encode, show or bench"},
        {"info --text x", "--text: info has no such option; it is one of encode, decode, show or "
                          "bench"},
        {"show --seconds 1", "--seconds: show has no such option; it is one of bench"},
        {"train x", "--tokenizer: train has no such option; it is one of encode, decode, show, "
                    "info or bench"},
        {"bench --model bpe", "--model: bench has no such option; it is one of train"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char line[256];
        snprintf(line, sizeof line, "ore tokenizer: %s", wrong[i].message);
        expect_failure(&result, 2, line, "tokenizer %s --tokenizer none.json", wrong[i].words);
    }
}

/* ---- training ---- */

/* A run with a tokenizer of a file keeps it: it samples, measures and resumes without the file. */
static void test_train_with_a_file(void **state) {
    (void)state;
    const char *vocab = run_path("x.vocab.json"), *merges = run_path("x.merges.txt");
    write_vocab(vocab, merges, "t h|th e|\xC4\xA0 the|a n|an d|o u");
    run_well(&result, "train gpt --data %s --tokenizer %s " TINY "--threads 1 --steps 4 --out %s",
             text_file(), merges, run_path("whole"));
    expect_said(&result, "262 tokens");
    run_well(&result,
             "train gpt --data %s --tokenizer %s " TINY
             "--threads 1 --steps 4 --stop-at 2 --out %s",
             text_file(), vocab, run_path("parts"));
    remove(vocab);
    remove(merges);
    run_well(&result, "train gpt --resume --threads 1 --out %s", run_path("parts"));
    assert_same_training(run_path("whole"), run_path("parts"));
    run_well(&result, "sample %s --tokens 20", run_path("parts"));
    run_well(&result, "eval %s", run_path("parts"));
    expect_said(&result, "bits per byte");
    set_input("the sand");
    run_well(&result, "tokenizer encode --tokenizer %s", run_path("parts"));
    assert_string_equal(result.out, "257 32 115 260\n");
}

/* Texts with labels too, and the tokenizer of another run by its folder. */
static void test_train_on_labels(void **state) {
    (void)state;
    const char *merges = run_path("x.merges.txt"), *words = "--cut --block-size 32 --n-layer 1 "
                                                            "--n-head 1 --n-embd 8 --steps 2 "
                                                            "--eval-batches 1 --warmup-steps 1";
    write_vocab(run_path("x.vocab.json"), merges, "t h|th e|a n|an d");
    run_well(&result, "train encoder %s --tokenizer %s --out %s", words, merges, run_path("a"));
    expect_said(&result, "260 tokens");
    run_well(&result, "train encoder %s --tokenizer %s --out %s", words, run_path("a"),
             run_path("b"));
    assert_same_training(run_path("a"), run_path("b"));
    set_input("and the end");
    run_well(&result, "sample %s", run_path("b"));
}

static void test_train_says_what_is_wrong(void **state) {
    (void)state;
    expect_failure(
        &result, 2,
        "ore train: --tokenizer wrod: expected char, word, bpe:N, wordpiece:N, unigram:N, "
        "or the path of a file",
        "train gpt --tokenizer wrod --out %s", run_path("none"));
    expect_failure(&result, 2,
                   "ore train: --documents lines: only with --tokenizer char or word, which have a "
                   "token for the end of a line alone",
                   "train gpt --tokenizer ./x.json --documents lines --out %s", run_path("none"));
}

/* One that is learned from the run's text is kept likewise. */
static void test_train_learns_its_tokenizer(void **state) {
    (void)state;
    static const char *const kinds[] = {"bpe:300", "wordpiece:120", "unigram:120"};
    for (int i = 0; i < 3; i++) {
        run_well(&result,
                 "train gpt --data %s --tokenizer %s " TINY
                 "--steps 3 --stop-at 2 --force --out %s",
                 text_file(), kinds[i], run_path("learned"));
        expect_said(&result, "vocabulary  ");
        run_well(&result, "train gpt --resume --out %s", run_path("learned"));
        run_well(&result, "sample %s --tokens 20", run_path("learned"));
        set_input("the sand");
        run_well(&result, "tokenizer encode --tokenizer %s", run_path("learned"));
    }
    expect_failure(&result, 2,
                   "ore train: --tokenizer bpe:x: expected a number of tokens behind the colon",
                   "train gpt --tokenizer bpe:x --out %s", run_path("none"));
    expect_failure(&result, 1,
                   "ore train: tokenizer: vocab_size 100, expected 256 to 16777216: the special "
                   "tokens, the 256 bytes, merges",
                   "train gpt --tokenizer bpe:100 --data %s --out %s", text_file(),
                   run_path("none"));
}

static void test_train(void **state) {
    (void)state;
    const char *text = run_path("text.txt"), *out = run_path("trained.json");
    char all[4000] = "";
    for (int i = 0; i < 100; i++)
        strcat(all, "red green red blue,\n");
    write_file(text, all, strlen(all));
    run_well(&result, "tokenizer train %s %s --vocab-size 270 --out %s", text, text, out);
    expect_said(&result, "texts       4,000 bytes\npieces      1,200, of which 6 differ\n");
    expect_said(&result, "vocabulary  268 tokens\ntexts are   1,200 tokens, of 3.333 bytes each\n");
    set_input("red blue<|endoftext|>");
    run_well(&result, "tokenizer show --tokenizer %s --ids", out);
    expect_said(&result, "[<|endoftext|>]0");
    run_well(&result, "tokenizer train %s --model unigram --vocab-size 30 --out %s", text, out);
    set_input("red green");
    run_well(&result, "tokenizer show --tokenizer %s", out);
    assert_string_equal(result.out, "[red][ green]\n2 tokens of 9 bytes\n");
    run_well(&result,
             "tokenizer train %s --model wordpiece --vocab-size 40 --special [UNK],[CLS],[SEP] "
             "--out %s",
             text, out);
    set_input("blue red");
    run_well(&result, "tokenizer encode --tokenizer %s --add-special", out);
    assert_true(strncmp(result.out, "1 ", 2) == 0);
    set_input("blue red\n green\n"); /* what parts words belongs to no token */
    run_well(&result, "tokenizer show --tokenizer %s", out);
    assert_string_equal(result.out, "[blue] [red]\n [green]\n3 tokens of 16 bytes\n");
    expect_failure(&result, 2,
                   "ore tokenizer: which texts? Expected ore tokenizer train FILE.. --out FILE",
                   "tokenizer train");
    expect_failure(&result, 2,
                   "ore tokenizer: where to? Expected --out FILE, such as tokenizer.json",
                   "tokenizer train %s", text);
    expect_failure(&result, 2,
                   "ore tokenizer: --plot: a unigram vocabulary does not grow token by token",
                   "tokenizer train %s --model unigram --plot x.svg --out %s", text, out);
    expect_failure(&result, 2,
                   "ore tokenizer: x: one argument too many; expected --tokenizer FILE, and the "
                   "text on standard input or by --text FILE",
                   "tokenizer encode x --tokenizer %s", out);
}

/* What training cannot do is said before any text is read. */
static void test_train_checks_first(void **state) {
    (void)state;
    static const struct {
        const char *options, *message;
    } wrong[] = {
        {"--plot x.gif", "--plot x.gif: expected a name that ends in .svg or .png"},
        {"--special a,,b",
         "--special \"a,,b\": an empty token; expected auto, none, or tokens with commas between "
         "them"},
        {"--special ,", "--special \",\": an empty token; expected auto, none, or tokens with "
                        "commas between them"},
        {"--special=", "--special \"\": expected auto, none or LIST"},
        {"--model unigram --min-frequency 3",
         "--min-frequency: expected --model bpe or wordpiece, not unigram"},
        {"--alphabet-size 30", "--alphabet-size: expected --model wordpiece or unigram, not bpe"},
        {"--lowercase", "--lowercase: expected --model wordpiece, not bpe"},
        {"--model unigram --lowercase", "--lowercase: expected --model wordpiece, not unigram"},
        {"--model wordpiece --pattern gpt2", "--pattern: expected --model bpe, not wordpiece"},
    };
    const char *text = run_path("text.txt"), *out = run_path("none.json");
    write_text_file(text, "red green\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char line[256];
        snprintf(line, sizeof line, "ore tokenizer: %s", wrong[i].message);
        expect_failure(&result, 2, line, "tokenizer train %s %s --out %s", text, wrong[i].options,
                       out);
        assert_null(fopen(out, "r"));
    }
}

/* Special tokens may be any number. */
static void test_many_special_tokens(void **state) {
    (void)state;
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    enum { TOKENS = 1100, LETTERS = sizeof letters - 1 };
    char list[3 * TOKENS + 1], *at = list;
    for (int i = 0; i < TOKENS; i++) {
        *at++ = letters[i / LETTERS];
        *at++ = letters[i % LETTERS];
        *at++ = i + 1 < TOKENS ? ',' : '\0';
    }
    write_text_file(run_path("text.txt"), "red green red\n");
    run_well(&result, "tokenizer train %s --vocab-size 2000 --special %s --out %s",
             run_path("text.txt"), list, run_path("t.json"));
    set_input("AATB4T"); /* 4T is 30 * 36 + 19 */
    run_well(&result, "tokenizer encode --tokenizer %s", run_path("t.json"));
    assert_string_equal(result.out, "0 685 1099\n");
}

/* A text that is not learned from is encoded by each vocabulary of the plot. */
static void test_held_out(void **state) {
    (void)state;
    const char *text = run_path("text.txt"), *other = run_path("other.txt");
    char all[4000] = "";
    for (int i = 0; i < 100; i++)
        strcat(all, "red green red blue,\n");
    write_file(text, all, strlen(all));
    write_text_file(other, "green reed\n");
    run_show_gnuplot();
    run_well(&result, "tokenizer train %s --vocab-size 268 --held-out %s --plot %s --out %s", text,
             other, run_path("sizes.svg"), run_path("t.json"));
    expect_said(&result, "held out    7 tokens, of 1.571 bytes each\n");
    char *picture = read_file(run_path("sizes.svg"), NULL);
    assert_non_null(strstr(picture, "held out"));
    assert_non_null(strstr(picture, "learned from"));
    free(picture);
    char said[1200];
    snprintf(said, sizeof said, "ore tokenizer: --out %s: that is one of the texts to learn from",
             text);
    expect_failure(&result, 2, said, "tokenizer train %s --out %s", text, text);
    snprintf(said, sizeof said, "ore tokenizer: --out %s: that is the text of --held-out", other);
    expect_failure(&result, 2, said, "tokenizer train %s --held-out %s --out %s", text, other,
                   other);
    expect_failure(&result, 1, "ore tokenizer: none.txt: cannot open: No such file or directory",
                   "tokenizer train %s --held-out none.txt --out %s", text, run_path("t.json"));
}

static void test_files_that_are_no_tokenizers(void **state) {
    (void)state;
    char line[1024];
    const char *text = run_path("text.txt"), *merges = run_path("x.merges.txt");
    write_text_file(text, "emma\nolivia\n");
    snprintf(line, sizeof line,
             "ore tokenizer: %s: no tokenizer: expected a tokenizer.json, vocab.json or "
             "merges.txt, a tiktoken rank file, a SentencePiece model or a GGUF file",
             text);
    expect_failure(&result, 1, line, "tokenizer encode --tokenizer %s", text);
    write_text_file(merges, "#version: 0.2\nh i\n");
    snprintf(line, sizeof line, "ore tokenizer: %s: there is no %s, which belongs to it", merges,
             run_path("x.vocab.json"));
    expect_failure(&result, 1, line, "tokenizer encode --tokenizer %s", merges);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_train, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_train_checks_first, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_many_special_tokens, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_held_out, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_are_no_tokenizers, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_train_learns_its_tokenizer, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_encode_and_decode, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_decode_gives_all_bytes, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_show, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_info_and_bench, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_wrong, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_checks_first, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_train_with_a_file, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_train_on_labels, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_train_says_what_is_wrong, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
