/* The boundary between the Issue Explainer and its plugins, made from plugins/sdk/src/abi.rs.
 * A plugin exports one function:
 *
 *     const ExplainerPlugin *explainer_plugin_v1(uint32_t host_minor);
 *
 * What is said across it is JSON; plugins/README.md shows every request and answer. */

#ifndef EXPLAINER_PLUGIN_H
#define EXPLAINER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/*
 The first eight bytes of every plugin's table: `EXPLPLUG`, read as a little-endian number.
 */
#define EXPLAINER_MAGIC 5140098457474717765

/*
 The major version: it is in the name of the exported symbol too.
 */
#define EXPLAINER_ABI_MAJOR 1

/*
 The minor version. A higher one only appends fields; `struct_size` says which are there.
 */
#define EXPLAINER_ABI_MINOR 0

/*
 The plugin's `call` may block: the host then calls it on threads kept for that alone.
 */
#define EXPLAINER_CAP_BLOCKING 1

/*
 The plugin understands the method `webhook`.
 */
#define EXPLAINER_CAP_WEBHOOK 2

/*
 The plugin understands the method `comment`.
 */
#define EXPLAINER_CAP_COMMENT 4

/*
 It went well; the payload is the answer.
 */
#define EXPLAINER_OK 0

/*
 The request or the settings make no sense; asking again will not help.
 */
#define EXPLAINER_INVALID_ARGUMENT 1

/*
 The credentials are missing, wrong or expired.
 */
#define EXPLAINER_UNAUTHENTICATED 2

/*
 The credentials are good and not enough.
 */
#define EXPLAINER_PERMISSION_DENIED 3

/*
 What was asked for does not exist where it must.
 */
#define EXPLAINER_NOT_FOUND 4

/*
 Too many requests; `retry_after_ms` may say how long to wait.
 */
#define EXPLAINER_RATE_LIMITED 5

/*
 The tracker cannot be reached or is failing.
 */
#define EXPLAINER_UNAVAILABLE 6

/*
 The call was cancelled.
 */
#define EXPLAINER_CANCELLED 7

/*
 The plugin has no such method.
 */
#define EXPLAINER_UNSUPPORTED 8

/*
 The tracker answered something that is not its protocol.
 */
#define EXPLAINER_PROTOCOL 9

/*
 A defect of the plugin.
 */
#define EXPLAINER_INTERNAL 10

/*
 The plugin's code panicked.
 */
#define EXPLAINER_PANIC 11

/*
 Log levels, the most important first.
 */
#define EXPLAINER_LOG_ERROR 1

/*
 Something is not as it should be.
 */
#define EXPLAINER_LOG_WARN 2

/*
 Worth knowing.
 */
#define EXPLAINER_LOG_INFO 3

/*
 For developers.
 */
#define EXPLAINER_LOG_DEBUG 4

/*
 For developers in trouble.
 */
#define EXPLAINER_LOG_TRACE 5

/*
 What a host of any version may read before it knows the rest.
 */
#define EXPLAINER_FIXED_HEAD 24

/*
 Borrowed bytes: valid until the call that carries them returns. `ptr` may be null when `len` is 0.
 */
typedef struct ExplainerBytes {
  /*
   The first byte.
   */
  const uint8_t *ptr;
  /*
   How many there are.
   */
  size_t len;
} ExplainerBytes;

/*
 How the host gives back an HTTP answer: exactly once for each request, from any thread.

 With `EXPLAINER_OK`, `head` is JSON `{"status": 200, "headers": [["name", "value"], …]}` and
 `body` the raw body. With another status `head` is an error: `{"message": …}`.
 */
typedef void (*ExplainerHttpDone)(void *user,
                                  int32_t status,
                                  struct ExplainerBytes head,
                                  struct ExplainerBytes body);

/*
 What the host offers. It outlives every instance; every function may be called from any thread.
 */
typedef struct ExplainerHost {
  /*
   The size of the host's table, in bytes: a field is there when it ends within.
   */
  uint32_t struct_size;
  /*
   The host's minor version.
   */
  uint32_t abi_minor;
  /*
   To be passed back as the first argument of each function.
   */
  void *ctx;
  /*
   Ends a call: exactly once for each call id, also for one that was cancelled. With
   `EXPLAINER_OK` the payload is the answer, else `{"message": …, "retry_after_ms"?: …}`.
   */
  void (*complete)(void *ctx, uint64_t call_id, int32_t status, struct ExplainerBytes payload);
  /*
   Writes a line to the host's log; `call_id` is 0 outside of calls.
   */
  void (*log)(void *ctx,
              int32_t level,
              uint64_t call_id,
              struct ExplainerBytes target,
              struct ExplainerBytes message);
  /*
   Whether lines of this level are kept: not 0 when they are.
   */
  int32_t (*log_enabled)(void *ctx, int32_t level);
  /*
   Whether nobody waits for this call any more: not 0 when so.
   */
  int32_t (*is_cancelled)(void *ctx, uint64_t call_id);
  /*
   Sends an HTTP request with the host's client; null where the host has none. `request` is
   JSON `{"method": "GET", "url": …, "headers": [["name", "value"], …], "timeout_ms"?: …}`.
   */
  void (*http)(void *ctx,
               uint64_t call_id,
               struct ExplainerBytes request,
               struct ExplainerBytes body,
               ExplainerHttpDone done,
               void *user);
} ExplainerHost;

/*
 What a plugin is. The first 24 bytes never change; every function may be called concurrently.
 */
typedef struct ExplainerPlugin {
  /*
   `EXPLAINER_MAGIC`.
   */
  uint64_t magic;
  /*
   The major version the plugin was built for.
   */
  uint32_t abi_major;
  /*
   The minor version the plugin was built for.
   */
  uint32_t abi_minor;
  /*
   The size of the plugin's table, in bytes.
   */
  uint32_t struct_size;
  /*
   The lowest minor version of a host the plugin works with.
   */
  uint32_t min_host_minor;
  /*
   `EXPLAINER_CAP_…` joined by `|`.
   */
  uint64_t capabilities;
  /*
   JSON that stays where it is: `name`, `version`, `kind`, `description`, `settings` (a JSON
   schema), `sensitive` (a list of fields).
   */
  struct ExplainerBytes manifest;
  /*
   Opens an instance with these settings. On failure it ends `call_id` with the error and
   returns null; on success it may end it with `EXPLAINER_OK`, and the host does so otherwise.
   */
  void *(*create)(const struct ExplainerHost *host, uint64_t call_id, struct ExplainerBytes settings);
  /*
   Begins a call and returns at once; `complete` ends it, from any thread, also from in here.
   */
  void (*call)(void *instance,
               uint64_t call_id,
               struct ExplainerBytes method,
               uint32_t timeout_ms,
               struct ExplainerBytes payload);
  /*
   Says that nobody waits for a call any more; it may have ended already.
   */
  void (*cancel)(void *instance, uint64_t call_id);
  /*
   Ends an instance and all that belongs to it, threads included. No call is inside then.
   */
  void (*destroy)(void *instance);
} ExplainerPlugin;

#endif  /* EXPLAINER_PLUGIN_H */
