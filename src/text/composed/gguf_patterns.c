/* gguf_patterns.c: what the names of "tokenizer.ggml.pre" in GGUF files stand for.
 *
 * The names are those of llama.cpp (src/llama-vocab.cpp), which also says what each stands for; the
 * patterns are those of the tokenizer.json that it comes from where llama.cpp had to write them
 * another way, but for smollm: its digits stand alone there, and the ids that Ore is measured by,
 * transformers' for such files, have them by GPT-2's pattern. */
#include "text/composed/gguf_patterns.h"

/* clang-format off */
#define GPT2                                                                                       \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES      "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CL100K(digits)                                                                             \
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" digits                                     \
                "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define O200K(ending, digits)                                                                      \
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" ending                                            \
    "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" ending "|\\p{N}" digits                          \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES
/* Chinese characters, Hiragana, Katakana. */
#define CHINESE_AND_KANA "[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+"
/* The same Chinese ones, what lies before them from U+0800 on, Hangul. */
#define ASIAN "[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+"
#define MARKED_WORDS                                                                               \
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"                                        \
    "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?"                                                                \
    "[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+"
#define DEEPSEEK3 MARKED_WORDS "[\\r\\n]*|" SPACES
#define BLOOM " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{FF0C}\\x{3001}\\x{964}\\x{6D4}\\x{60C})]+"
#define BAILING                                                                                    \
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}"                                  \
    "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*"                                                             \
    "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"
/* Letters of alphabets with two cases, as far as they had these when the pattern was made. */
#define CASED                                                                                      \
    "A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}"                 \
    "\\x{1C4}-\\x{293}\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}"         \
    "\\x{37F}\\x{386}\\x{388}-\\x{38A}\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}"                  \
    "\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}\\x{531}-\\x{556}\\x{10A0}-\\x{10C5}"                       \
    "\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}\\x{1CBD}-\\x{1CBF}"                 \
    "\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}"                 \
    "\\x{1F18}-\\x{1F1D}\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}"                 \
    "\\x{1F59}\\x{1F5B}\\x{1F5D}\\x{1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}"         \
    "\\x{1FBE}\\x{1FC2}-\\x{1FC4}\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}"                           \
    "\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}\\x{1FF6}-\\x{1FFC}"                 \
    "\\x{2102}\\x{2107}\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}\\x{2126}"          \
    "\\x{2128}\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}"                  \
    "\\x{2145}-\\x{2149}\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}"         \
    "\\x{2CEB}-\\x{2CEE}\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}"                  \
    "\\x{A722}-\\x{A76F}\\x{A771}-\\x{A787}\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}"                 \
    "\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}"                 \
    "\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}"         \
    "\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}\\x{1E900}-\\x{1E943}"
#define IGNORES ORE_GGUF_IGNORES_MERGES
#define BEGINS  ORE_GGUF_BEGINS
#define PRE(name, flags, ...) {name, flags, {__VA_ARGS__}},

const ore_gguf_pre ore_gguf_pres[] = {
PRE("default", 0, "[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]")
PRE("gpt-2", 0, GPT2)
PRE("phi-2", 0, GPT2)
PRE("olmo", 0, GPT2)
PRE("mpt", 0, GPT2)
PRE("jais", 0, GPT2)
PRE("roberta-bpe", 0, GPT2)
PRE("jina-v1-en", 0, GPT2)
PRE("jina-es", 0, GPT2)
PRE("jina-de", 0, GPT2)
PRE("jina-v2-es", 0, GPT2)
PRE("jina-v2-de", 0, GPT2)
PRE("jina-v2-code", 0, GPT2)
PRE("modern-bert", 0, GPT2)
PRE("gigachat", 0, GPT2)
PRE("a.x-4.0", 0, GPT2)
PRE("mellum", 0, GPT2)
PRE("trillion", 0, GPT2)
PRE("granite-docling", 0, GPT2)
PRE("exaone4", 0, GPT2)
PRE("smollm", 0, GPT2)
PRE("starcoder", 0, "\\p{N}", GPT2)
PRE("refact", 0, "\\p{N}", GPT2)
PRE("command-r", 0, "\\p{N}", GPT2)
PRE("codeshell", 0, "\\p{N}", GPT2)
PRE("exaone", 0, "\\p{N}", GPT2)
PRE("minerva-7b", 0, "\\p{N}", GPT2)
PRE("mellum2", 0, "\\p{N}", GPT2)
PRE("falcon", 0, "[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]")
PRE("chameleon", BEGINS, "<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z", "[\\t\\n]|    |  ", "\\p{N}",
    "[\\p{P}!-/:-@\\[-`{-~]", GPT2)
PRE("llama-bpe", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("llama3", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("llama-v3", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("falcon3", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("falcon-h1", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("pixtral", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("midm-2.0", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("lfm2", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("jina-v5-nano", IGNORES | BEGINS, CL100K("{1,3}"))
PRE("dbrx", 0, CL100K("{1,3}"))
PRE("smaug-bpe", 0, CL100K("{1,3}"))
PRE("chatglm-bpe", 0, CL100K("{1,3}"))
PRE("glm4", IGNORES, CL100K("{1,3}"))
PRE("glm5", IGNORES, CL100K("{1,3}"))
PRE("minicpm5", IGNORES, "\\p{N}{1,3}", CL100K("+"))
PRE("qwen2", 0, CL100K(""))
PRE("deepseek-r1-qwen", 0, CL100K(""))
PRE("kormo", 0, CL100K(""))
PRE("f2llmv2", 0, CL100K(""))
PRE("stablelm2", 0, CL100K(""))
PRE("megrez", 0, CL100K(""))
PRE("hunyuan", 0, CL100K(""))
PRE("solar-open", 0, CL100K(""))
PRE("grok-2", 0, CL100K(""))
PRE("laguna", 0, "[^\\n]+|[\\n]+", CL100K(""))
PRE("qwen35", 0,
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
                "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES)
PRE("ufakzeka", 0,
    "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES)
PRE("seed-coder", 0,
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                "| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" SPACES)
PRE("bailingmoe", 0, BAILING)
PRE("bailingmoe2", 0, BAILING)
PRE("llada-moe", 0, BAILING)
PRE("exaone-moe", 0,
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}"
                "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+")
PRE("jais-2", 0,
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                "|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)"
                "|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s")
PRE("tekken", IGNORES | BEGINS, O200K("", ""))
PRE("gpt-4o", 0, O200K(CONTRACTION "?", "{1,3}"))
PRE("llama4", 0, O200K(CONTRACTION "?", "{1,3}"))
PRE("kanana2", 0, O200K(CONTRACTION "?", "{1,3}"))
PRE("talkie", 0, O200K(CONTRACTION "?", "{1,3}"))
PRE("minimax-m2", 0, O200K(CONTRACTION "?", "{1,3}"))
PRE("granite-embed-multi-97m", IGNORES, O200K(CONTRACTION "?", "{1,3}"))
PRE("tiny_aya", 0, "\\d{1,3}(?=(?:\\d{3})*\\b)", O200K(CONTRACTION "?", "{1,3}"))
PRE("cohere2moe", 0, "\\d{1,3}(?=(?:\\d{3})*\\b)", O200K(CONTRACTION "?", "{1,3}"))
PRE("youtu", IGNORES,
    "[\\x{AC00}-\\x{D7A3}\\x{3131}-\\x{318E}]+"
    "|[\\x{FF01}\\x{2026}\\x{201C}\\x{201D}\\x{2018}\\x{2019}\\x{2014}\\x{FF1A}\\x{FF1B}\\x{FF0C}"
    "\\x{3001}-\\x{303F}\\x{FE30}-\\x{FE4F}]+|[\\x{3105}-\\x{312F}]+|" CHINESE_AND_KANA,
    O200K(CONTRACTION "?", ""))
PRE("deepseek-v3", 0, "\\p{N}{1,3}", CHINESE_AND_KANA, DEEPSEEK3)
PRE("hunyuan-dense", 0, "\\p{N}{1,3}", CHINESE_AND_KANA, DEEPSEEK3)
PRE("joyai-llm", 0, "\\p{N}{1,3}", CHINESE_AND_KANA, DEEPSEEK3)
PRE("hy_v4", 0, "\\p{N}{1,3}", CHINESE_AND_KANA, DEEPSEEK3)
PRE("spark2_5", 0, "\\p{N}{1,3}", CHINESE_AND_KANA,
    MARKED_WORDS "|[\\r\\n]|\\s+(?!\\S)|\\s+", "\\p{N}")
PRE("deepseek-coder", 0, "[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", ASIAN, "\\p{N}")
PRE("deepseek-llm", 0, "[\\r\\n]", "\\s?[" CASED "]+",
    "\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}\\x{3000}-\\x{3002}]+",
    "\\s+$", ASIAN, "\\p{N}+")
PRE("bloom", 0, BLOOM)
PRE("poro-chat", 0, BLOOM)
PRE("gpt3-finnish", 0, BLOOM)
PRE("viking", 0, BLOOM, "\\p{N}")
};
/* clang-format on */

const int ore_gguf_pre_count = sizeof ore_gguf_pres / sizeof *ore_gguf_pres;
