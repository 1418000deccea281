/* report.c: writes one HTML page with all stories, tables and pictures, which needs no other
 * file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "embedded_report_css.h"
#include "lab/frame/record.h"
#include "lab/frame/run.h"

/* ---- text in HTML ---- */

static void put_character(FILE *out, char c) {
    switch (c) {
    case '&':
        fputs("&amp;", out);
        break;
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    default:
        if ((unsigned char)c >= 0x20 || c == '\n') /* HTML has no other control characters */
            fputc(c, out);
    }
}

static void put_text(FILE *out, const char *text) {
    for (; *text; text++)
        put_character(out, *text);
}

static void put_grouped_text(FILE *out, const char *text) {
    char *grouped = lab_grouped(text);
    put_text(out, grouped ? grouped : "");
    free(grouped);
}

/* Writes a paragraph, in which text between backquotes becomes code. */
static void put_prose(FILE *out, const char *text) {
    bool code = false;
    for (; *text; text++) {
        if (*text != '`') {
            put_character(out, *text);
            continue;
        }
        code = !code;
        fputs(code ? "<code>" : "</code>", out);
    }
    if (code)
        fputs("</code>", out);
}

/* ---- pictures ---- */

static void put_base64(FILE *out, const unsigned char *data, size_t bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16;
        three |= i + 1 < bytes ? (uint32_t)data[i + 1] << 8 : 0;
        three |= i + 2 < bytes ? data[i + 2] : 0;
        fputc(digits[three >> 18], out);
        fputc(digits[three >> 12 & 63], out);
        fputc(i + 1 < bytes ? digits[three >> 6 & 63] : '=', out);
        fputc(i + 2 < bytes ? digits[three & 63] : '=', out);
    }
}

/* Begins an image whose source is the SVG as a document of its own, so that ids in different
 * pictures do not collide. A drawing that is wider than the page keeps its size, so that its text
 * can be read, and is scrolled. */
static void put_image_start(FILE *out, const char *svg) {
    enum { PAGE = 1000 }; /* pixels; the width of the plots */
    const char *at = strstr(svg, " width=\"");
    int width = at ? atoi(at + strlen(" width=\"")) : 0;
    if (width > PAGE)
        fprintf(out, "<figure class=\"wide\"><img style=\"width: %dpx\" alt=\"", width);
    else
        fputs("<figure><img alt=\"", out);
}

static void put_picture(FILE *out, const lab *l, const lab_part *part, int number) {
    char name[160];
    size_t bytes = 0;
    snprintf(name, sizeof name, "%s.svg", part->file);
    char *path = ore_path_join(l->folder, name);
    char *svg = path ? ore_file_read(path, &bytes) : NULL;
    if (svg) {
        put_image_start(out, svg);
        put_text(out, part->text);
        fputs("\" src=\"data:image/svg+xml;base64,", out);
        put_base64(out, (const unsigned char *)svg, bytes);
        fprintf(out, "\"><figcaption><b>Figure %d.</b> ", number);
        put_prose(out, part->text);
        fputs("</figcaption></figure>\n", out);
    }
    ore_string_free(svg);
    ore_string_free(path);
}

/* ---- one rung ---- */

static void put_story(FILE *out, const lab *l, const lab_record *record, int *figures) {
    fputs("<div class=\"story\">\n", out);
    for (int64_t i = 0; i < record->part_count; i++) {
        const lab_part *part = &record->parts[i];
        static const char *const tags[] = {
            [LAB_HEADING] = "h3", [LAB_PARAGRAPH] = "p", [LAB_PREFORMATTED] = "pre"};
        if (part->kind == LAB_PICTURE) {
            put_picture(out, l, part, ++*figures);
            continue;
        }
        fprintf(out, "<%s>", tags[part->kind]);
        (part->kind == LAB_PREFORMATTED ? put_text : put_prose)(out, part->text);
        fprintf(out, "</%s>\n", tags[part->kind]);
    }
    fputs("</div>\n", out);
}

static const char *verdict_class(lab_verdict verdict) {
    if (verdict == LAB_AGREES || verdict == LAB_DIFFERS || verdict == LAB_MISSING)
        return lab_verdict_text(verdict);
    return "apart";
}

static void put_result(FILE *out, const lab_result *r) {
    fputs("<tr><td class=\"q\">", out);
    put_grouped_text(out, r->quantity);
    if (r->row)
        fprintf(out, "<code>%s</code>", r->row->id);
    fputs("</td><td class=\"n\" data-name=\"published\">", out);
    put_grouped_text(out, r->row ? r->row->expected : "");
    fputs("</td><td class=\"n\" data-name=\"Ore\">", out);
    put_grouped_text(out, r->value ? r->value : "");
    fprintf(out, "</td><td class=\"v %s\">%s", verdict_class(r->verdict),
            lab_verdict_text(r->verdict));
    if (r->row && (r->verdict == LAB_DIFFERS || r->difference > 0)) {
        fputs("<small>", out);
        if (isfinite(r->difference))
            fprintf(out, "off by %.2g%s<br>", r->difference, r->relative ? " relative" : "");
        fputs("tolerance ", out);
        put_text(out, r->row->tolerance);
        fputs("</small>", out);
    }
    fputs("</td></tr>\n", out);
}

static void put_numbers(FILE *out, const lab_record *record) {
    if (record->result_count > 0) {
        fputs("<h3>The numbers</h3>\n<table class=\"numbers\">\n<thead><tr><th>quantity</th>"
              "<th>published</th><th>Ore</th><th></th></tr></thead>\n<tbody>\n",
              out);
        for (int64_t i = 0; i < record->result_count; i++)
            put_result(out, &record->results[i]);
        fputs("</tbody></table>\n", out);
    }
    if (record->check_count > 0)
        fputs("<h3>What must hold</h3>\n<ul class=\"checks\">\n", out);
    for (int64_t i = 0; i < record->check_count; i++) {
        const lab_check *check = &record->checks[i];
        fprintf(out, "<li><b class=\"%s\">%s</b>", check->holds ? "agrees" : "differs",
                check->holds ? "holds" : "fails");
        put_prose(out, check->text);
        fputs("</li>\n", out);
    }
    if (record->check_count > 0)
        fputs("</ul>\n", out);
}

static void put_rung(FILE *out, const lab *l, const lab_record *record, int *figures) {
    fprintf(out, "<section id=\"%s\">\n<h2><small>%s</small>", record->rung->name,
            record->rung->name);
    put_text(out, record->rung->title);
    fputs("</h2>\n", out);
    put_story(out, l, record, figures);
    if (record->error) {
        fputs("<p class=\"stopped\">It stopped here: ", out);
        put_text(out, record->error);
        fputs("</p>\n", out);
    }
    put_numbers(out, record);
    fputs("</section>\n", out);
}

/* ---- the page ---- */

static void put_head(FILE *out) {
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<title>The lecture ladder</title>\n<style>\n",
          out);
    fwrite(embedded_report_css, 1, embedded_report_css_bytes, out);
    fputs("</style>\n</head>\n<body>\n", out);
}

static void put_facts(FILE *out, const lab *l) {
    const char *words = l->words_published  ? "the published names.txt"
                        : l->words_path     ? "other words"
                        : l->word_count > 0 ? "the list of names in Ore"
                                            : NULL;
    fprintf(out, "<p class=\"facts\">Ore %s, %s kernels, %d thread%s.", ore_version(),
            ore_cpu_level(), ore_num_threads(), ore_num_threads() == 1 ? "" : "s");
    if (words)
        fprintf(out, " Words: %s.", words);
    if (l->text_sought)
        fprintf(out, " Text: %s.",
                l->text_published ? "the published tinyshakespeare.txt"
                : l->text_path    ? "another text"
                                  : "none");
    if (l->quick)
        fputs(" A quick run: the long trainings are cut, and rows that need them are not run.",
              out);
    fputs("</p>\n", out);
}

static void put_contents(FILE *out, lab_record *const *records, int n) {
    fputs("<nav><table>\n<thead><tr><th>rung</th><th>agree</th><th>differ</th><th>not run</th>"
          "<th>time</th></tr></thead>\n<tbody>\n",
          out);
    for (int i = 0; i < n; i++) {
        lab_counts c = lab_count(records[i]);
        fprintf(out, "<tr><td><a href=\"#%s\">", records[i]->rung->name);
        put_text(out, records[i]->rung->title);
        fprintf(out, "</a></td><td>%lld</td><td class=\"%s\">%lld</td><td>%lld</td>",
                (long long)c.agree, c.differ ? "differs" : "", (long long)c.differ,
                (long long)c.not_run);
        fprintf(out, "<td class=\"v\">%.1f s</td></tr>\n", records[i]->took_s);
    }
    fputs("</tbody></table></nav>\n", out);
}

static void put_page(FILE *out, const lab *l, lab_record *const *records, int n) {
    int figures = 0;
    put_head(out);
    fputs("<header>\n<h1>The lecture ladder</h1>\n<p>From a single number with its derivative to a "
          "small transformer: each rung is one short program, run by Ore when this page was made. "
          "Where the lecture prints a number, the table shows it beside Ore's.</p>\n",
          out);
    put_facts(out, l);
    fputs("</header>\n", out);
    put_contents(out, records, n);
    for (int i = 0; i < n; i++)
        put_rung(out, l, records[i], &figures);
    fputs("</body>\n</html>\n", out);
}

ore_status lab_write_report(lab *l, lab_record *const *records, int n, const char *path) {
    char *page = NULL;
    size_t bytes = 0;
    FILE *out = ore_ok() ? open_memstream(&page, &bytes) : NULL;
    if (!out)
        return ore_fail(ORE_MEMORY, "lab: out of memory");
    put_page(out, l, records, n);
    if (fclose(out) != 0)
        ore_fail(ORE_MEMORY, "lab: out of memory");
    ore_file_write(path, page, bytes);
    free(page);
    return ore_error_status();
}
