/* An issue source in C: three notes that are written down right here.
 *
 *     cc -std=c11 -shared -fPIC -I ../../include -o libnotes.so notes.c
 *
 * It answers inside `call`, since everything is at hand. One that has to wait for somebody would
 * begin its work there and call `complete` later, from any thread, or say EXPLAINER_CAP_BLOCKING. */

#include "explainer_plugin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char MANIFEST[] =
    "{\"name\":\"notes\",\"version\":\"1.0.0\",\"kind\":\"notes\","
    "\"description\":\"Notes that are written down in a C file\","
    "\"settings\":{\"type\":\"object\",\"properties\":{"
    "\"prefix\":{\"type\":\"string\",\"description\":\"Put before every title.\"}}}}";

typedef struct {
  const char *id, *type, *value, *time;
} Note;

/* The most recently seen first. */
static const Note NOTES[] = {
    {"n3", "FloodError", "the cellar is under water", "2026-03-03T08:00:00Z"},
    {"n2", "TimeoutError", "the lift does not come", "2026-03-02T08:00:00Z"},
    {"n1", "KeyError", "nobody has the key", "2026-03-01T08:00:00Z"},
};
enum { COUNT = sizeof NOTES / sizeof *NOTES, MAX_DEPTH = 64 };

typedef struct {
  const ExplainerHost *host;
  char *prefix;
} Instance;

/* ---- Reading JSON: as much as these requests need, and checked whole. ---- */

typedef struct {
  const char *at, *end;
} Text;

static void blanks(Text *t) {
  while (t->at < t->end && strchr(" \t\r\n", *t->at) && *t->at) t->at++;
}

static int take(Text *t, char c) {
  blanks(t);
  if (t->at >= t->end || *t->at != c) return 0;
  t->at++;
  return 1;
}

static int skip_string(Text *t) {
  if (!take(t, '"')) return 0;
  while (t->at < t->end && *t->at != '"') {
    if ((unsigned char)*t->at < 0x20) return 0;
    if (*t->at == '\\') t->at++;
    t->at++;
  }
  return t->at < t->end ? (t->at++, 1) : 0;
}

static int skip_value(Text *t, int depth) {
  blanks(t);
  if (t->at >= t->end || depth > MAX_DEPTH) return 0;
  if (*t->at == '"') return skip_string(t);
  if (*t->at == '{' || *t->at == '[') {
    int object = *t->at == '{';
    char close = object ? '}' : ']';
    t->at++;
    if (take(t, close)) return 1;
    do {
      if (object && !(skip_string(t) && take(t, ':'))) return 0;
      if (!skip_value(t, depth + 1)) return 0;
    } while (take(t, ','));
    return take(t, close);
  }
  size_t word = 0;
  while (t->at + word < t->end && strchr("+-.0123456789Eaeflnrstu", t->at[word]) && t->at[word]) word++;
  t->at += word;
  return word > 0;
}

/* Whether `bytes` are one JSON object. */
static int is_object(ExplainerBytes bytes) {
  Text t = {(const char *)bytes.ptr, (const char *)bytes.ptr + bytes.len};
  if (bytes.len == 0) return 0;
  blanks(&t);
  if (t.at >= t.end || *t.at != '{' || !skip_value(&t, 0)) return 0;
  blanks(&t);
  return t.at == t.end;
}

/* The value of a field of an object that was checked; {0, 0} when there is none. */
static Text field(ExplainerBytes object, const char *name) {
  Text t = {(const char *)object.ptr, (const char *)object.ptr + object.len};
  size_t length = strlen(name);
  take(&t, '{');
  do {
    blanks(&t);
    const char *key = t.at;
    if (!skip_string(&t)) break;
    int found = (size_t)(t.at - key) == length + 2 && memcmp(key + 1, name, length) == 0;
    take(&t, ':');
    blanks(&t);
    const char *start = t.at;
    if (!skip_value(&t, 0)) break;
    if (found) return (Text){start, t.at};
  } while (take(&t, ','));
  return (Text){0, 0};
}

static int is_null(Text value) { return !value.at || *value.at == 'n'; }

/* A copy of a string without its escapes; what is not ASCII in them becomes `?`. NULL when it is
 * no string. The caller frees it. */
static char *string(Text value) {
  if (!value.at || *value.at != '"') return NULL;
  char *copy = malloc((size_t)(value.end - value.at) + 1), *to = copy;
  for (const char *at = value.at + 1; copy && at < value.end - 1; at++) {
    if (*at != '\\') {
      *to++ = *at;
      continue;
    }
    at++;
    switch (*at) {
      case 'n': *to++ = '\n'; break;
      case 't': *to++ = '\t'; break;
      case 'r': *to++ = '\r'; break;
      case 'u': *to++ = '?'; at += value.end - at > 5 ? 4 : 0; break;
      default: *to++ = *at;
    }
  }
  if (copy) *to = 0;
  return copy;
}

/* ---- Writing JSON ---- */

typedef struct {
  char *text;
  size_t length, room;
} Out;

static void put(Out *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int needed = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (needed < 0) return;
  if (out->length + (size_t)needed + 1 > out->room) {
    size_t room = 2 * (out->length + (size_t)needed + 1);
    char *text = realloc(out->text, room);
    if (!text) return;
    out->text = text;
    out->room = room;
  }
  va_start(arguments, format);
  vsnprintf(out->text + out->length, out->room - out->length, format, arguments);
  va_end(arguments);
  out->length += (size_t)needed;
}

static void put_string(Out *out, const char *text) {
  put(out, "\"");
  for (; *text; text++) {
    if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20) put(out, "\\u%04x", *text);
    else put(out, "%c", *text);
  }
  put(out, "\"");
}

static void put_note(Out *out, const Instance *it, const Note *note) {
  Out title = {0};
  put(&title, "%s%s: %s", it->prefix ? it->prefix : "", note->type, note->value);
  put(out, "{\"id\":\"%s\",\"title\":", note->id);
  put_string(out, title.text ? title.text : note->type);
  put(out, ",\"last_seen\":\"%s\",\"count\":1,\"status\":\"unresolved\",", note->time);
  put(out, "\"project\":{\"id\":\"1\",\"slug\":\"notes\",\"name\":\"Notes\"}}");
  free(title.text);
}

/* ---- The source ---- */

static void end(const Instance *it, uint64_t call, int32_t status, const char *text) {
  ExplainerBytes bytes = {(const uint8_t *)text, strlen(text)};
  it->host->complete(it->host->ctx, call, status, bytes);
}

static void fail(const Instance *it, uint64_t call, int32_t status, const char *why) {
  Out out = {0};
  put(&out, "{\"message\":");
  put_string(&out, why);
  put(&out, "}");
  end(it, call, status, out.text ? out.text : "{}");
  free(out.text);
}

static const Note *note(const char *id) {
  for (int i = 0; id && i < COUNT; i++)
    if (strcmp(NOTES[i].id, id) == 0) return &NOTES[i];
  return NULL;
}

static void issues(const Instance *it, uint64_t call, ExplainerBytes request) {
  Text limit_field = field(request, "limit"), cursor_field = field(request, "cursor");
  char *project = string(field(request, "project")), *cursor = string(cursor_field);
  long limit = limit_field.at ? strtol(limit_field.at, NULL, 10) : 0, start = 0, count = COUNT;
  if (project && strcmp(project, "1") != 0 && strcmp(project, "notes") != 0) count = 0;
  if (!is_null(cursor_field)) {
    /* `at.1`: exactly as it was written by us. */
    char own[32] = "";
    start = cursor && strncmp(cursor, "at.", 3) == 0 ? strtol(cursor + 3, NULL, 10) : -1;
    snprintf(own, sizeof own, "at.%ld", start);
    if (!cursor || start < 0 || start >= COUNT || strcmp(own, cursor) != 0) {
      fail(it, call, EXPLAINER_INVALID_ARGUMENT, "could not go on in the list because the cursor is not one of ours");
      goto done;
    }
  }
  if (limit < 1 || limit > 100) {
    fail(it, call, EXPLAINER_INVALID_ARGUMENT, "could not list the issues because the limit is not 1 to 100");
    goto done;
  }
  Out out = {0};
  long last = start + limit < count ? start + limit : count;
  put(&out, "{\"items\":[");
  for (long i = start; i < last; i++) {
    if (i > start) put(&out, ",");
    put_note(&out, it, &NOTES[i]);
  }
  put(&out, "]");
  if (last < count) put(&out, ",\"next\":\"at.%ld\"", last);
  if (start > 0) put(&out, ",\"prev\":\"at.%ld\"", start > limit ? start - limit : 0);
  put(&out, "}");
  end(it, call, EXPLAINER_OK, out.text ? out.text : "{}");
  free(out.text);
done:
  free(project);
  free(cursor);
}

static void issue(const Instance *it, uint64_t call, ExplainerBytes request) {
  char *id = string(field(request, "id"));
  const Note *found = note(id);
  Out out = {0};
  if (!id) {
    fail(it, call, EXPLAINER_INVALID_ARGUMENT, "could not read the request because it has no id");
    return;
  }
  put(&out, "{\"issue\":");
  if (found) put_note(&out, it, found);
  else put(&out, "null");
  put(&out, "}");
  end(it, call, EXPLAINER_OK, out.text ? out.text : "{}");
  free(out.text);
  free(id);
}

/* One event for each note, in the shape that Sentry's SDKs send. */
static void events(const Instance *it, uint64_t call, ExplainerBytes request) {
  char *id = string(field(request, "issue"));
  const Note *found = note(id);
  Out out = {0};
  if (!id) {
    fail(it, call, EXPLAINER_INVALID_ARGUMENT, "could not read the request because it has no issue");
  } else if (!found) {
    fail(it, call, EXPLAINER_NOT_FOUND, "could not read the events because there is no such issue");
  } else {
    put(&out, "[{\"event_id\":\"%s\",\"timestamp\":\"%s\",\"exception\":[{\"type\":\"%s\",\"value\":\"%s\"}]}]",
        found->id, found->time, found->type, found->value);
    end(it, call, EXPLAINER_OK, out.text ? out.text : "[]");
  }
  free(out.text);
  free(id);
}

static void *create(const ExplainerHost *host, uint64_t call, ExplainerBytes settings) {
  Instance *it = calloc(1, sizeof *it);
  if (!it) return NULL;
  it->host = host;
  Text prefix = is_object(settings) ? field(settings, "prefix") : (Text){0, 0};
  it->prefix = string(prefix);
  if (!is_object(settings) || (prefix.at && !it->prefix)) {
    fail(it, call, EXPLAINER_INVALID_ARGUMENT, "could not open the notes because `prefix` is not a text");
    free(it);
    return NULL;
  }
  return it;
}

static void destroy(void *instance) {
  Instance *it = instance;
  free(it->prefix);
  free(it);
}

static void cancel(void *instance, uint64_t call) {
  /* Every call has ended by then. */
  (void)instance;
  (void)call;
}

static void call(void *instance, uint64_t id, ExplainerBytes method, uint32_t timeout_ms, ExplainerBytes request) {
  const Instance *it = instance;
  (void)timeout_ms;
#define IS(name) (method.len == sizeof name - 1 && memcmp(method.ptr, name, method.len) == 0)
  if (!is_object(request)) fail(it, id, EXPLAINER_INVALID_ARGUMENT, "could not read the request because it is no JSON object");
  else if (IS("check") || IS("projects")) end(it, id, EXPLAINER_OK, "{\"projects\":[{\"id\":\"1\",\"slug\":\"notes\",\"name\":\"Notes\"}]}");
  else if (IS("issues")) issues(it, id, request);
  else if (IS("issue")) issue(it, id, request);
  else if (IS("events")) events(it, id, request);
  else fail(it, id, EXPLAINER_UNSUPPORTED, "could not answer because the notes have no such method");
#undef IS
}

static const ExplainerPlugin PLUGIN = {
    .magic = EXPLAINER_MAGIC,
    .abi_major = EXPLAINER_ABI_MAJOR,
    .abi_minor = EXPLAINER_ABI_MINOR,
    .struct_size = sizeof(ExplainerPlugin),
    .manifest = {(const uint8_t *)MANIFEST, sizeof MANIFEST - 1},
    .create = create,
    .call = call,
    .cancel = cancel,
    .destroy = destroy,
};

const ExplainerPlugin *explainer_plugin_v1(uint32_t host_minor);

const ExplainerPlugin *explainer_plugin_v1(uint32_t host_minor) {
  (void)host_minor;
  return &PLUGIN;
}
