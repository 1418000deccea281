/* pickle.c: the stack machine of pickles. Each opcode has a function here; what a pickle may
 * name is in pickle_torch.c. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/pickle.h"

enum { PATH_SHOWN_BYTES = 400, NAME_SHOWN_BYTES = 100, VALUES_MAX = 1 << 22 };

typedef struct numbers {
    int64_t *items;
    int64_t count, capacity;
} numbers;

typedef struct machine {
    ore_pickle *p;
    const char *path;
    const uint8_t *start, *at, *end;
    numbers stack; /* values */
    numbers marks; /* heights of the stack */
    numbers memo;  /* values by place; -1 where there is none */
    bool stopped;
} machine;

static ore_status fail(const machine *m, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: damaged pickle: byte %lld: %s", PATH_SHOWN_BYTES, m->path,
                    (long long)(m->at - m->start), problem);
}

static ore_status add(numbers *list, int64_t number) {
    if (ore_grow((void **)&list->items, &list->capacity, list->count + 1, sizeof number) != ORE_OK)
        return ore_error_status();
    list->items[list->count++] = number;
    return ORE_OK;
}

/* ---- values and the stack ---- */

int64_t ore_pickle_new(ore_pickle *p, ore_pickle_kind kind) {
    if (p->value_count == VALUES_MAX) {
        ore_fail(ORE_DATA, "pickle: more than %d values", VALUES_MAX);
        return -1;
    }
    if (ore_grow((void **)&p->values, &p->value_capacity, p->value_count + 1, sizeof *p->values) !=
        ORE_OK)
        return -1;
    p->values[p->value_count] = (ore_pickle_value){.kind = kind};
    return p->value_count++;
}

/* A new value on the stack; NULL with an error. It moves when another is made. */
static ore_pickle_value *push_new(machine *m, ore_pickle_kind kind) {
    int64_t value = ore_pickle_new(m->p, kind);
    return value >= 0 && add(&m->stack, value) == ORE_OK ? &m->p->values[value] : NULL;
}

/* How many values lie above the last mark, which nothing takes by accident. */
static int64_t above_mark(const machine *m) {
    int64_t floor = m->marks.count > 0 ? m->marks.items[m->marks.count - 1] : 0;
    return m->stack.count - floor;
}

static ore_status pop(machine *m, int64_t *value) {
    if (above_mark(m) < 1)
        return fail(m, "the stack is empty");
    *value = m->stack.items[--m->stack.count];
    return ORE_OK;
}

/* The value on top, which stays; NULL with an error unless it is of the kind. */
static ore_pickle_value *top_of(machine *m, ore_pickle_kind kind) {
    if (above_mark(m) >= 1) {
        ore_pickle_value *value = &m->p->values[m->stack.items[m->stack.count - 1]];
        if (value->kind == kind)
            return value;
    }
    fail(m, "a value of another kind than the opcode needs");
    return NULL;
}

static ore_status add_item(ore_pickle_value *container, int64_t item) {
    if (ore_grow((void **)&container->items, &container->capacity, container->count + 1,
                 sizeof item) != ORE_OK)
        return ore_error_status();
    container->items[container->count++] = item;
    return ORE_OK;
}

/* The last `count` values of the stack become a list. */
static ore_status push_list(machine *m, int64_t count) {
    int64_t value = ore_pickle_new(m->p, ORE_PICKLE_LIST);
    if (value < 0)
        return ore_error_status();
    for (int64_t i = m->stack.count - count; i < m->stack.count; i++)
        if (add_item(&m->p->values[value], m->stack.items[i]) != ORE_OK)
            return ore_error_status();
    m->stack.count -= count;
    return add(&m->stack, value);
}

/* The number of values above the last mark, which goes; -1 with an error. */
static int64_t take_mark(machine *m) {
    if (m->marks.count == 0) {
        fail(m, "no mark");
        return -1;
    }
    return m->stack.count - m->marks.items[--m->marks.count];
}

/* ---- bytes of the pickle ---- */

static ore_status take(machine *m, void *number, size_t bytes) {
    if ((size_t)(m->end - m->at) < bytes)
        return fail(m, "cut short");
    memcpy(number, m->at, bytes);
    m->at += bytes;
    return ORE_OK;
}

static ore_status push_integer(machine *m, ore_pickle_kind kind, int64_t number) {
    ore_pickle_value *value = push_new(m, kind);
    if (value)
        value->integer = number;
    return ore_error_status();
}

/* A text whose length stands before it in `length_bytes` bytes. */
static ore_status push_text(machine *m, size_t length_bytes) {
    uint64_t length = 0;
    if (take(m, &length, length_bytes) != ORE_OK)
        return ore_error_status();
    if (length > (uint64_t)(m->end - m->at))
        return fail(m, "cut short");
    ore_pickle_value *value = push_new(m, ORE_PICKLE_TEXT);
    if (!value)
        return ore_error_status();
    value->text = (const char *)m->at;
    value->bytes = (size_t)length;
    m->at += length;
    return ORE_OK;
}

/* A signed number of `bytes` bytes; of more than eight there is no value. */
static ore_status push_long(machine *m, uint64_t bytes) {
    uint64_t number = 0;
    if (bytes > (uint64_t)(m->end - m->at))
        return fail(m, "cut short");
    if (bytes > sizeof number)
        return ore_fail(ORE_DATA,
                        "%.*s: the pickle has an integer of %llu bytes at byte %lld, expected at "
                        "most 8: Ore's integers have 64 bits",
                        PATH_SHOWN_BYTES, m->path, (unsigned long long)bytes,
                        (long long)(m->at - m->start));
    if (take(m, &number, (size_t)bytes) != ORE_OK)
        return ore_error_status();
    if (bytes > 0 && bytes < 8 && number >> (8 * bytes - 1))
        number |= UINT64_MAX << 8 * bytes;
    return push_integer(m, ORE_PICKLE_INT, (int64_t)number);
}

static ore_status push_counted_long(machine *m, size_t length_bytes) {
    uint64_t bytes = 0;
    return take(m, &bytes, length_bytes) == ORE_OK ? push_long(m, bytes) : ore_error_status();
}

static ore_status push_unsigned(machine *m, size_t bytes) {
    uint64_t number = 0;
    return take(m, &number, bytes) == ORE_OK ? push_integer(m, ORE_PICKLE_INT, (int64_t)number)
                                             : ore_error_status();
}

/* A double, its first byte the most significant. */
static ore_status push_float(machine *m) {
    uint8_t bytes[8], turned[8];
    if (take(m, bytes, sizeof bytes) != ORE_OK)
        return ore_error_status();
    for (int i = 0; i < 8; i++)
        turned[i] = bytes[7 - i];
    ore_pickle_value *value = push_new(m, ORE_PICKLE_FLOAT);
    if (value)
        memcpy(&value->number, turned, sizeof turned);
    return ore_error_status();
}

/* ---- the memo ---- */

/* No pickle remembers more values than it has bytes. */
static ore_status put_memo(machine *m, uint64_t place) {
    if (place > (uint64_t)(m->end - m->start))
        return fail(m, "a place in the memo that it cannot need");
    if (above_mark(m) < 1)
        return fail(m, "the stack is empty");
    while ((uint64_t)m->memo.count <= place)
        if (add(&m->memo, -1) != ORE_OK)
            return ore_error_status();
    m->memo.items[place] = m->stack.items[m->stack.count - 1];
    return ORE_OK;
}

static ore_status put_memo_at(machine *m, size_t bytes) {
    uint64_t place = 0;
    return take(m, &place, bytes) == ORE_OK ? put_memo(m, place) : ore_error_status();
}

static ore_status get_memo_at(machine *m, size_t bytes) {
    uint64_t place = 0;
    if (take(m, &place, bytes) != ORE_OK)
        return ore_error_status();
    if (place >= (uint64_t)m->memo.count || m->memo.items[place] < 0)
        return fail(m, "a place in the memo that holds nothing");
    return add(&m->stack, m->memo.items[place]);
}

/* ---- containers ---- */

/* `count` values above a list go into it, or keys with values into a dict. */
static ore_status take_items(machine *m, int64_t count, ore_pickle_kind kind) {
    if (count < 0)
        return ore_error_status();
    if (kind == ORE_PICKLE_DICT && count % 2 != 0)
        return fail(m, "a key without a value");
    int64_t first = m->stack.count - count;
    m->stack.count = first;
    ore_pickle_value *container = top_of(m, kind);
    for (int64_t i = 0; container && i < count; i++)
        if (add_item(container, m->stack.items[first + i]) != ORE_OK)
            break;
    return ore_error_status();
}

static ore_status take_one(machine *m, int64_t count, ore_pickle_kind kind) {
    return above_mark(m) > count ? take_items(m, count, kind) : fail(m, "the stack is empty");
}

/* The values above the mark become a new dict. */
static ore_status push_marked_dict(machine *m) {
    int64_t count = take_mark(m);
    if (count < 0 || push_list(m, count) != ORE_OK)
        return ore_error_status();
    ore_pickle_value *made = &m->p->values[m->stack.items[m->stack.count - 1]];
    if (made->count % 2 != 0)
        return fail(m, "a key without a value");
    made->kind = ORE_PICKLE_DICT;
    return ORE_OK;
}

/* ---- globals and calls ---- */

static ore_status push_global(machine *m, const char *module, size_t module_bytes, const char *name,
                              size_t name_bytes) {
    enum { SHOWN = NAME_SHOWN_BYTES };
    int place = ore_pickle_find_global(module, module_bytes, name, name_bytes);
    if (place < 0)
        return ore_fail(ORE_DATA,
                        "%.*s: the pickle asks for %.*s.%.*s, which Ore does not know: it calls "
                        "nothing that a file names",
                        PATH_SHOWN_BYTES, m->path,
                        (int)(module_bytes < SHOWN ? module_bytes : SHOWN), module,
                        (int)(name_bytes < SHOWN ? name_bytes : SHOWN), name);
    return push_integer(m, ORE_PICKLE_GLOBAL, place);
}

/* A line of the pickle; NULL with an error where it does not end. */
static const char *take_line(machine *m, size_t *bytes) {
    const char *line = (const char *)m->at;
    const char *end = memchr(line, '\n', (size_t)(m->end - m->at));
    if (!end) {
        fail(m, "cut short");
        return NULL;
    }
    *bytes = (size_t)(end - line);
    m->at = (const uint8_t *)end + 1;
    return line;
}

static ore_status push_named_global(machine *m) {
    size_t module_bytes, name_bytes;
    const char *module = take_line(m, &module_bytes);
    const char *name = module ? take_line(m, &name_bytes) : NULL;
    return name ? push_global(m, module, module_bytes, name, name_bytes) : ore_error_status();
}

static ore_status push_stacked_global(machine *m) {
    int64_t module, name;
    if (pop(m, &name) != ORE_OK || pop(m, &module) != ORE_OK)
        return ore_error_status();
    const ore_pickle_value *values = m->p->values;
    if (values[module].kind != ORE_PICKLE_TEXT || values[name].kind != ORE_PICKLE_TEXT)
        return fail(m, "a global without a name");
    return push_global(m, values[module].text, values[module].bytes, values[name].text,
                       values[name].bytes);
}

/* Whether a tuple may be a defaultdict's arguments: at most what makes its missing values. */
static bool is_default(const machine *m, const ore_pickle_value *tuple) {
    const ore_pickle_value *first = tuple->count > 0 ? &m->p->values[tuple->items[0]] : NULL;
    return tuple->count <= 1 &&
           (!first || first->kind == ORE_PICKLE_NONE || first->kind == ORE_PICKLE_GLOBAL);
}

/* The value of bytes, from no arguments or from a text, whose code points they are, and "latin1".
 * Those that are no ASCII are no text: the function stands for them, which nothing shows. */
static int64_t bytes_of(machine *m, const ore_pickle_value *tuple, int64_t function) {
    static const char codec[] = "latin1";
    if (tuple->count == 0) {
        int64_t empty = ore_pickle_new(m->p, ORE_PICKLE_TEXT);
        if (empty >= 0)
            m->p->values[empty].text = "";
        return empty;
    }
    const ore_pickle_value *text = &m->p->values[tuple->items[0]];
    const ore_pickle_value *second = &m->p->values[tuple->items[tuple->count - 1]];
    if (tuple->count != 2 || text->kind != ORE_PICKLE_TEXT || second->kind != ORE_PICKLE_TEXT ||
        second->bytes != sizeof codec - 1 || memcmp(second->text, codec, second->bytes) != 0) {
        fail(m, "bytes that are not encoded in latin1");
        return -1;
    }
    bool ascii = true;
    for (size_t i = 0; i < text->bytes; i++)
        ascii = ascii && (unsigned char)text->text[i] < 0x80;
    return ascii ? tuple->items[0] : function;
}

/* What a call of a global with a tuple of arguments gives. */
static ore_status call(machine *m) {
    int64_t arguments, function, value = -1;
    if (pop(m, &arguments) != ORE_OK || pop(m, &function) != ORE_OK)
        return ore_error_status();
    const ore_pickle_value *tuple = &m->p->values[arguments], *f = &m->p->values[function];
    if (tuple->kind != ORE_PICKLE_LIST || f->kind != ORE_PICKLE_GLOBAL)
        return fail(m, "a call of what is no function");
    ore_pickle_role role = ore_pickle_global_at(f->integer)->role;
    if (role == ORE_PICKLE_CALL_TENSOR || role == ORE_PICKLE_CALL_TENSOR_V3) {
        ore_pickle_make_tensor(m->p, m->path, arguments, role == ORE_PICKLE_CALL_TENSOR_V3, &value);
    } else if (role == ORE_PICKLE_CALL_ARGUMENT && tuple->count > 0) {
        value = tuple->items[0];
    } else if (role == ORE_PICKLE_CALL_BYTES) {
        value = bytes_of(m, tuple, function);
    } else if (((role == ORE_PICKLE_CALL_DICT || role == ORE_PICKLE_CALL_OBJECT) &&
                tuple->count == 0) ||
               (role == ORE_PICKLE_CALL_DEFAULT && is_default(m, tuple))) {
        value = ore_pickle_new(m->p, ORE_PICKLE_DICT);
        if (value >= 0)
            m->p->values[value].object = role == ORE_PICKLE_CALL_OBJECT;
    } else {
        return fail(m, "a call with other arguments than PyTorch's");
    }
    return ore_no_error() ? add(&m->stack, value) : ore_error_status();
}

/* Attributes of an object. Those of a dict, such as a state's _metadata, are left out. */
static ore_status build(machine *m) {
    int64_t state;
    if (pop(m, &state) != ORE_OK)
        return ore_error_status();
    ore_pickle_value *object = top_of(m, ORE_PICKLE_DICT);
    const ore_pickle_value *attributes = &m->p->values[state];
    if (!object || !object->object || object == attributes)
        return ore_error_status();
    if (attributes->kind != ORE_PICKLE_DICT)
        return fail(m, "attributes that are no dict");
    for (int64_t i = 0; i < attributes->count; i++)
        if (add_item(object, attributes->items[i]) != ORE_OK)
            return ore_error_status();
    return ORE_OK;
}

static ore_status push_storage(machine *m) {
    int64_t tuple, value = -1;
    if (pop(m, &tuple) != ORE_OK || ore_pickle_make_storage(m->p, m->path, tuple, &value) != ORE_OK)
        return ore_error_status();
    return add(&m->stack, value);
}

/* ---- opcodes ---- */

static ore_status run_text_or_number(machine *m, int opcode) {
    switch (opcode) {
    case 'X': /* BINUNICODE */
    case 'T': /* BINSTRING */
    case 'B': /* BINBYTES */
        return push_text(m, 4);
    case 0x8c: /* SHORT_BINUNICODE */
    case 'U':  /* SHORT_BINSTRING */
    case 'C':  /* SHORT_BINBYTES */
        return push_text(m, 1);
    case 0x8d: /* BINUNICODE8 */
    case 0x8e: /* BINBYTES8 */
        return push_text(m, 8);
    case 'J': /* BININT */
        return push_long(m, 4);
    case 'K': /* BININT1 */
        return push_unsigned(m, 1);
    case 'M': /* BININT2 */
        return push_unsigned(m, 2);
    case 0x8a: /* LONG1 */
        return push_counted_long(m, 1);
    case 0x8b: /* LONG4 */
        return push_counted_long(m, 4);
    case 'G': /* BINFLOAT */
        return push_float(m);
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
        return push_integer(m, ORE_PICKLE_BOOL, opcode == 0x88);
    case 'N': /* NONE */
        push_new(m, ORE_PICKLE_NONE);
        return ore_error_status();
    default:
        m->at--;
        return fail(m, "an opcode that no state of PyTorch's needs");
    }
}

static ore_status run_container(machine *m, int opcode) {
    int64_t dropped;
    switch (opcode) {
    case '}': /* EMPTY_DICT */
        push_new(m, ORE_PICKLE_DICT);
        return ore_error_status();
    case ']':  /* EMPTY_LIST */
    case ')':  /* EMPTY_TUPLE */
    case 0x8f: /* EMPTY_SET */
        return push_list(m, 0);
    case 'l':  /* LIST */
    case 't':  /* TUPLE */
    case 0x91: /* FROZENSET */
        dropped = take_mark(m);
        return dropped < 0 ? ore_error_status() : push_list(m, dropped);
    case 'd': /* DICT */
        return push_marked_dict(m);
    case 0x85: /* TUPLE1 */
    case 0x86: /* TUPLE2 */
    case 0x87: /* TUPLE3 */
        return above_mark(m) >= opcode - 0x84 ? push_list(m, opcode - 0x84)
                                              : fail(m, "the stack is empty");
    case 'a': /* APPEND */
        return take_one(m, 1, ORE_PICKLE_LIST);
    case 's': /* SETITEM */
        return take_one(m, 2, ORE_PICKLE_DICT);
    case 'e':  /* APPENDS */
    case 0x90: /* ADDITEMS */
        return take_items(m, take_mark(m), ORE_PICKLE_LIST);
    case 'u': /* SETITEMS */
        return take_items(m, take_mark(m), ORE_PICKLE_DICT);
    default:
        return run_text_or_number(m, opcode);
    }
}

static ore_status run_opcode(machine *m, int opcode) {
    int64_t value = 0;
    switch (opcode) {
    case 0x80: /* PROTO */
        return take(m, &value, 1);
    case 0x95: /* FRAME */
        return take(m, &value, 8);
    case '(': /* MARK */
        return add(&m->marks, m->stack.count);
    case '0': /* POP */
        return pop(m, &value);
    case 'q': /* BINPUT */
        return put_memo_at(m, 1);
    case 'r': /* LONG_BINPUT */
        return put_memo_at(m, 4);
    case 0x94: /* MEMOIZE */
        return put_memo(m, (uint64_t)m->memo.count);
    case 'h': /* BINGET */
        return get_memo_at(m, 1);
    case 'j': /* LONG_BINGET */
        return get_memo_at(m, 4);
    case 'c': /* GLOBAL */
        return push_named_global(m);
    case 0x93: /* STACK_GLOBAL */
        return push_stacked_global(m);
    case 'R':  /* REDUCE */
    case 0x81: /* NEWOBJ */
        return call(m);
    case 'b': /* BUILD */
        return build(m);
    case 'Q': /* BINPERSID */
        return push_storage(m);
    case '.': /* STOP */
        m->stopped = true;
        return pop(m, &m->p->root);
    default:
        return run_container(m, opcode);
    }
}

ore_status ore_pickle_read(ore_pickle *pickle, const char *path, const uint8_t *bytes,
                           size_t size) {
    *pickle = (ore_pickle){.root = -1};
    machine m = {.p = pickle, .path = path, .start = bytes, .at = bytes, .end = bytes + size};
    while (!m.stopped && ore_no_error()) {
        if (m.at == m.end)
            fail(&m, "cut short");
        else
            run_opcode(&m, *m.at++);
    }
    ore_release(m.stack.items);
    ore_release(m.marks.items);
    ore_release(m.memo.items);
    if (!ore_no_error())
        ore_pickle_free(pickle);
    return ore_error_status();
}

void ore_pickle_free(ore_pickle *pickle) {
    for (int64_t i = 0; i < pickle->value_count; i++)
        if (pickle->values[i].kind == ORE_PICKLE_LIST || pickle->values[i].kind == ORE_PICKLE_DICT)
            ore_release(pickle->values[i].items);
    ore_release(pickle->values);
    ore_release(pickle->storages);
    ore_release(pickle->tensors);
    *pickle = (ore_pickle){0};
}
