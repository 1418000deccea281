/* test_scan_merges.c: merges that are found by scans of the text, against those by lists of places;
 * test_learn_parts.c has both against the plain way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ore.h>

#include "base/memory.h"
#include "support/errors.h"
#include "text/learn/pair_places.h"
#include "text/learn/scan_merges.h"

static uint64_t seed_state = 1;

/* 0 .. limit - 1 (Knuth's linear congruential generator). */
static uint32_t draw(uint32_t limit) {
    seed_state = seed_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed_state >> 33) % limit);
}

/* ---- texts ---- */

static void begin_text(ore_merge_input *in, int64_t room, int64_t ids) {
    *in = (ore_merge_input){0};
    assert_int_equal(ore_merge_slots_init(&in->slots, room + 1, ids), ORE_OK);
    ore_merge_slots_add(&in->slots, ORE_MERGE_BREAK);
}

static void add_piece(ore_merge_input *in, const uint32_t *ids, int size, int64_t count) {
    for (int i = 0; i < size; i++)
        ore_merge_slots_add(&in->slots, ids[i]);
    ore_merge_slots_add(&in->slots, ORE_MERGE_BREAK);
    assert_int_equal(ore_run_index_add(&in->runs, in->slots.size, count), ORE_OK);
}

static void release_text(ore_merge_input *in) {
    ore_merge_slots_release(&in->slots);
    ore_run_index_release(&in->runs);
}

static void put_token(ore_vocab *vocab, const char *text) {
    assert_int_equal(ore_vocab_put(vocab, vocab->count, text, strlen(text)), ORE_OK);
}

typedef struct learned {
    ore_learned_merge *merges;
    int64_t count;
} learned;

static void assert_merges(const learned *got, const ore_learned_merge *want, int64_t count) {
    assert_int_equal(got->count, count);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(got->merges[i].left, want[i].left);
        assert_int_equal(got->merges[i].right, want[i].right);
        assert_int_equal(got->merges[i].made, want[i].made);
        assert_int_equal(got->merges[i].count, want[i].count);
    }
}

/* ---- long texts ---- */

enum { TOKENS = 500, LETTERS = 200, LETTER_FIRST = 8, ROOM = 300000 };
enum { BY_LISTS, BY_CHOICE, BY_SCANS, WAYS };

/* Special tokens, some of which merges make too, and letters: U+0100 and so on. */
static void start_vocab(ore_vocab *vocab) {
    char text[16];
    put_token(vocab, "\xC4\x80\xC4\x81"); /* the two most frequent letters */
    put_token(vocab, "\xC4\x80\xC4\x80");
    while (vocab->count < LETTER_FIRST) {
        snprintf(text, sizeof text, "<%d>", (int)vocab->count);
        put_token(vocab, text);
    }
    for (int i = 0; i < LETTERS; i++) {
        snprintf(text, sizeof text, "%c%c", 0xC4 + i / 64, 0x80 + i % 64);
        put_token(vocab, text);
    }
}

/* Pieces that grow rare, of letters that follow no law, with runs. Slots are wide where the
 * merges are to be found by lists. */
static void draw_text(ore_merge_input *in, int way) {
    static uint32_t ids[ROOM];
    seed_state = 7;
    begin_text(in, ROOM, way == BY_LISTS ? ORE_VOCAB_MAX : TOKENS);
    int64_t count = 40;
    while (in->slots.size < ROOM - 1) {
        int size = count > 1 ? 1 + (int)draw(30) : ROOM - (int)in->slots.size;
        for (int i = 0; i < size; i++)
            ids[i] = i > 0 && draw(5) == 0 ? ids[i - 1] : LETTER_FIRST + draw(1 + draw(LETTERS));
        add_piece(in, ids, size, count);
        count -= count > 1;
    }
    ore_run_index_finish(&in->runs);
}

/* More than 256 tokens occur, so that some share a code; and the text is gone through in parts. */
static void test_long_texts(void **state) {
    (void)state;
    learned of[WAYS] = {{0}};
    for (int way = 0; way < WAYS; way++) {
        ore_merge_input in;
        ore_vocab vocab = {0};
        const ore_merge_options options = {
            .vocab_size = TOKENS, .min_frequency = 2, .max_parts = 100};
        start_vocab(&vocab);
        draw_text(&in, way);
        learned *to = &of[way];
        assert_int_equal(way == BY_SCANS
                             ? ore_scan_merges(&in, &options, &vocab, &to->merges, &to->count)
                             : ore_learn_merges(&in, &options, &vocab, &to->merges, &to->count),
                         ORE_OK);
        assert_int_equal(vocab.count, TOKENS);
        release_text(&in);
        ore_vocab_release(&vocab);
    }
    bool special = false;
    for (int64_t i = 0; i < of[BY_LISTS].count; i++)
        special = special || of[BY_LISTS].merges[i].made < LETTER_FIRST;
    assert_true(special);
    for (int way = 1; way < WAYS; way++)
        assert_merges(&of[way], of[BY_LISTS].merges, of[BY_LISTS].count);
    for (int way = 0; way < WAYS; way++)
        ore_release(of[way].merges);
}

/* ---- choices ---- */

static void expect_merges(ore_merge_input *in, ore_vocab *vocab, const ore_learned_merge *want,
                          int64_t count) {
    const ore_merge_options options = {.vocab_size = 16, .max_parts = 100};
    learned got;
    ore_run_index_finish(&in->runs);
    assert_int_equal(ore_scan_merges(in, &options, vocab, &got.merges, &got.count), ORE_OK);
    assert_merges(&got, want, count);
    ore_release(got.merges);
    release_text(in);
    ore_vocab_release(vocab);
}

/* "a" with "bc", whose id is lower than that of "d", ties with "ad", which was there before. */
static void test_a_tie_with_a_new_pair(void **state) {
    (void)state;
    ore_merge_input in;
    ore_vocab vocab = {0};
    const char *const tokens[] = {"bc", "a", "d", "b", "c"};
    for (int i = 0; i < 5; i++)
        put_token(&vocab, tokens[i]);
    begin_text(&in, 64, 16);
    add_piece(&in, (uint32_t[]){1, 3, 4}, 3, 5); /* "abc" */
    add_piece(&in, (uint32_t[]){1, 2}, 2, 5);    /* "ad" */
    add_piece(&in, (uint32_t[]){3, 4}, 2, 3);    /* "bc" */
    const ore_learned_merge want[] = {{3, 4, 0, 8}, {1, 0, 5, 5}, {1, 2, 6, 5}};
    expect_merges(&in, &vocab, want, 3);
}

/* "aaa" is made of "aa" and "a", and of "a" and "aa" when the gaps of many "yy" are closed. */
static void test_a_token_in_two_ways(void **state) {
    (void)state;
    ore_merge_input in;
    ore_vocab vocab = {0};
    const char *const tokens[] = {"aa", "a", "x", "y"};
    for (int i = 0; i < 4; i++)
        put_token(&vocab, tokens[i]);
    begin_text(&in, 128, 16);
    add_piece(&in, (uint32_t[]){0, 1}, 2, 1000);
    add_piece(&in, (uint32_t[]){1, 0, 2}, 3, 40);
    add_piece(&in, (uint32_t[]){0, 1, 2}, 3, 20);
    for (int i = 0; i < 10; i++)
        add_piece(&in, (uint32_t[]){3, 3, 3, 3, 3, 3, 3, 3}, 8, 5);
    add_piece(&in, (uint32_t[]){1, 0}, 2, 1);
    const ore_learned_merge want[] = {{0, 1, 4, 1020}, {3, 3, 5, 200}, {5, 5, 6, 100},
                                      {6, 6, 7, 50},   {1, 0, 4, 41},  {4, 2, 8, 60}};
    expect_merges(&in, &vocab, want, 6);
}

/* Two tokens that are too long together stay apart; the next pair of the first one does not. */
static void test_a_pair_that_is_no_token(void **state) {
    (void)state;
    ore_merge_input in;
    ore_vocab vocab = {0};
    char text[ORE_TOKEN_BYTES / 2 + 2] = {0};
    for (int i = 0; i < 2; i++)
        put_token(&vocab, memset(text, 'x' + i, ORE_TOKEN_BYTES / 2 + 1));
    put_token(&vocab, "z");
    begin_text(&in, 64, 16);
    add_piece(&in, (uint32_t[]){0, 1}, 2, 10);
    add_piece(&in, (uint32_t[]){0, 2}, 2, 5);
    const ore_learned_merge want[] = {{0, 2, 3, 5}};
    expect_merges(&in, &vocab, want, 1);
}

static bool stop_at_four(void *user, int64_t tokens) {
    (void)user;
    return tokens == 4;
}

static void test_a_stop(void **state) {
    (void)state;
    ore_merge_input in;
    ore_vocab vocab = {0};
    learned got;
    const char *const tokens[] = {"a", "b"};
    for (int i = 0; i < 2; i++)
        put_token(&vocab, tokens[i]);
    begin_text(&in, 64, 16);
    add_piece(&in, (uint32_t[]){0, 1, 0, 0, 1, 1, 0, 1}, 8, 9);
    ore_run_index_finish(&in.runs);
    const ore_merge_options options = {.vocab_size = 16, .max_parts = 100, .stop = stop_at_four};
    assert_int_equal(ore_scan_merges(&in, &options, &vocab, &got.merges, &got.count), ORE_STATE);
    assert_error(ORE_STATE, "tokenizer: stopped after 2 merges");
    ore_release(got.merges);
    release_text(&in);
    ore_vocab_release(&vocab);
}

/* ---- places ---- */

/* By this processor's vectors, and in plain C. */
static void test_places_of_pairs(void **state) {
    (void)state;
    const ore_pair_places ways[] = {ore_pair_places_plain, ore_pair_places_by_vectors()};
    static uint8_t bytes[ORE_PAIR_PLACES_MAX + 1];
    static uint16_t places[ORE_PAIR_PLACES_MAX];
    for (int round = 0; round < 400; round++) {
        int count = round < 200 ? round : (int)draw(ORE_PAIR_PLACES_MAX + 1);
        uint32_t different = 1 + draw(round % 2 ? 3 : 200);
        for (int i = 0; i <= count; i++)
            bytes[i] = (uint8_t)(255 - draw(different));
        uint8_t left = (uint8_t)(255 - draw(different)), right = (uint8_t)(255 - draw(different));
        for (int way = 0; way < (ways[1] ? 2 : 1); way++) {
            int found = ways[way](bytes, count, left, right, places), next = 0;
            for (int i = 0; i < count; i++)
                if (bytes[i] == left && bytes[i + 1] == right) {
                    assert_true(next < found);
                    assert_int_equal(places[next++], i);
                }
            assert_int_equal(next, found);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_a_tie_with_a_new_pair),
        cmocka_unit_test(test_a_token_in_two_ways),
        cmocka_unit_test(test_a_pair_that_is_no_token),
        cmocka_unit_test(test_a_stop),
        cmocka_unit_test(test_places_of_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
