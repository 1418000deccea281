/* tokenizer_show.c: `ore tokenizer show`: a text with its tokens apart, in the terminal. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/words.h"
#include "models/config.h"
#include "tokenizer/tokenizer_command.h"

/* Backgrounds, of which neighbours differ: light ones of the 256 colors that terminals have, with
 * black text. */
static const int backgrounds[] = {153, 157, 229, 217, 183};
enum { BACKGROUNDS = sizeof backgrounds / sizeof *backgrounds };

/* Whether the character at a text's start is whole within `bytes`, and how many bytes it has. */
static size_t character(const char *text, size_t bytes) {
    unsigned char lead = (unsigned char)*text;
    size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (size == 0 || size > bytes)
        return 0;
    for (size_t i = 1; i < size; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

/* Writes a token as it can be seen: the bytes of a part of a character, and of controls, as
 * <E2>. */
static void put_token(const char *text, size_t bytes) {
    for (size_t at = 0, n; at < bytes; at += n) {
        n = character(text + at, bytes - at);
        unsigned char byte = (unsigned char)text[at];
        bool control = n == 1 && (byte < 0x20 || byte == 0x7F) && byte != '\n' && byte != '\t';
        if (n == 0 || control)
            printf("<%02X>", byte);
        else if (byte == '\n')
            fputs("\xE2\x8F\x8E", stdout); /* U+23CE, and the line itself behind the token */
        else if (byte == '\t')
            fputs("\xE2\x87\xA5", stdout); /* U+21E5 */
        else
            fwrite(text + at, 1, n, stdout);
        n = n ? n : 1;
    }
}

static void put_text(const encoded_text *e, bool colors, bool ids) {
    int64_t done = 0; /* bytes of the text */
    bool line_ended = true;
    for (int64_t i = 0; i < e->count; i++) {
        size_t bytes;
        const char *text = encoded_token(e, i, &bytes);
        for (; done < e->ranges[i].start; done++) { /* what belongs to no token, as it is */
            putchar(e->text[done]);
            line_ended = e->text[done] == '\n';
        }
        done = e->ranges[i].end > done ? e->ranges[i].end : done;
        if (colors)
            printf("\x1B[30;48;5;%dm", backgrounds[i % BACKGROUNDS]);
        else
            putchar('[');
        put_token(text, bytes);
        fputs(colors ? "\x1B[0m" : "]", stdout);
        if (ids)
            printf("%lld ", (long long)e->ids[i]);
        line_ended = bytes > 0 && text[bytes - 1] == '\n';
        for (size_t k = 0; k < bytes; k++)
            if (text[k] == '\n')
                putchar('\n');
    }
    if (!line_ended)
        putchar('\n');
}

static ore_status show(const ore_tokenizer *tokenizer, const tokenizer_config *config) {
    encoded_text e;
    char tokens[COUNT_BYTES], bytes[COUNT_BYTES];
    bool colors =
        config->colors == CONFIG_AUTO ? isatty(STDOUT_FILENO) != 0 : config->colors == SHOW_COLORS;
    if (encoded_text_read(&e, tokenizer, config, true) == ORE_OK && *config->output) {
        if (show_page(&e, config) == ORE_OK)
            printf("wrote        %s\n", config->output);
    } else if (ore_ok()) {
        put_text(&e, colors, config->ids);
        printf("%s of %s\n", counted_text(e.count, "token", tokens),
               counted_text((int64_t)e.bytes, "byte", bytes));
    }
    encoded_text_free(&e);
    return ore_error_status();
}

const tokenizer_action action_show = {
    .name = "show",
    .about = "a text with its tokens in colors, in the terminal, as a page or a picture",
    .input = TOKENIZER_TEXT_INPUT,
    .check = show_page_check,
    .run = show};
