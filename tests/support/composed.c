#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/child.h"
#include "support/composed.h"
#include "support/scratch.h"
#include "text/composed/vocab.h"

static int put_base64(char *out, const char *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    int used = 0;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < size ? (uint8_t)bytes[i + k] : 0);
        for (int k = 0; k < 4; k++)
            out[used++] = i + (size_t)k > size ? '=' : digits[bits >> (18 - 6 * k) & 63];
    }
    return used;
}

void write_ranks(const char *path, const char *const *tokens, int count) {
    FILE *f = fopen(path, "wb");
    assert(f);
    for (int id = 0; id < 256 + count; id++) {
        char line[64];
        const char byte = (char)id;
        const char *bytes = id < 256 ? &byte : tokens[id - 256];
        int used = put_base64(line, bytes, id < 256 ? 1 : strlen(bytes));
        fprintf(f, "%.*s %d\n", used, line, id);
    }
    fclose(f);
}

const char *ranks_file(const char *name, const char *const *tokens, int count) {
    const char *path = scratch_path(name);
    write_ranks(path, tokens, count);
    return path;
}

void write_vocab(const char *vocab, const char *merges, const char *list) {
    char text[1 << 14], lines[1024] = "#version: 0.2\n", *end = lines + strlen(lines);
    int used = sprintf(text, "{"), id = 0;
    for (; id < 256; id++) {
        char letter[8] = "";
        const char byte = (char)id;
        letter[ore_byte_level_write(&byte, 1, letter)] = '\0';
        const char *escape = *letter == '"' || *letter == '\\' ? "\\" : "";
        used += sprintf(text + used, "\"%s%s\": %d, ", escape, letter, id);
    }
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, "|"), left = strcspn(at, " ");
        used += sprintf(text + used, "\"%.*s%.*s\": %d, ", (int)left, at, (int)(size - left - 1),
                        at + left + 1, id++);
        end += sprintf(end, "%.*s\n", (int)size, at);
        at += size + (at[size] != '\0');
    }
    strcpy(text + used - 2, "}");
    write_text_file(vocab, text);
    write_text_file(merges, lines);
}

int64_t merge_slowly(const ore_tokenizer *t, const char *text, int count, int64_t *ids) {
    int *ends = malloc((size_t)(count + 1) * sizeof *ends), parts = count;
    for (int i = 0; i <= count; i++)
        ends[i] = i;
    for (;;) {
        int64_t best = INT64_MAX;
        int at = -1;
        for (int i = 0; i + 1 < parts; i++) {
            int64_t id = ore_tokenizer_id(t, text + ends[i], (size_t)(ends[i + 2] - ends[i]));
            if (id >= 0 && id < best) {
                best = id;
                at = i;
            }
        }
        if (at < 0)
            break;
        memmove(ends + at + 1, ends + at + 2, (size_t)(parts - at - 1) * sizeof *ends);
        parts--;
    }
    for (int i = 0; i < parts; i++)
        ids[i] = ore_tokenizer_id(t, text + ends[i], (size_t)(ends[i + 1] - ends[i]));
    free(ends);
    return parts;
}

char *read_text(const char *path) {
    FILE *f = fopen(path, "rb");
    assert(f);
    fseek(f, 0, SEEK_END);
    size_t bytes = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(bytes + 1);
    bytes = fread(text, 1, bytes, f);
    text[bytes] = '\0';
    fclose(f);
    return text;
}
