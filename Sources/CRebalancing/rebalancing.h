// The C interface of the environments, policies and experiments: libCRebalancing.
//
// Conventions:
// - A function returns REBALANCING_OK, or a status of sysexits.h and a message. What a caller can get
//   wrong is answered like this and leaves everything as it was; nothing aborts.
// - `message` receives at most `capacity` bytes of UTF-8 with its final zero; it may be null.
// - Text is UTF-8 that ends with a zero; structured text is JSON.
// - A handle belongs to one thread at a time; different handles may be used side by side.
// - Numbers are those of the machine: float and double of IEEE 754, little-endian.

#ifndef REBALANCING_H
#define REBALANCING_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Raised when a function or a structure changes its meaning; additions leave it.
#define REBALANCING_INTERFACE_VERSION 1

enum {
  REBALANCING_OK = 0,
  /// The call or a specification is wrong (EX_USAGE).
  REBALANCING_USAGE = 64,
  /// A file or its content is wrong (EX_DATAERR).
  REBALANCING_DATA = 65,
  /// A fault of the library (EX_SOFTWARE).
  REBALANCING_INTERNAL = 70,
};

/// REBALANCING_INTERFACE_VERSION of the library.
int32_t rebalancing_interface_version(void);

/// Gives back text that the library has made; null is allowed.
void rebalancing_text_free(char *text);

// Environments

/// Many copies of one environment, stepped side by side.
typedef struct rebalancing_environment rebalancing_environment;

/// What a step of a copy did, in this order: value after it in currency; transaction cost, tax cost,
/// drift cost and portfolio return as fractions of the value before it.
#define REBALANCING_TERMS 5

/// Memory of the caller's, row after row, that an environment reads and writes at every step.
typedef struct {
  /// Whether an action is one int32_t per copy; else `actions` is float [copies, dimensions].
  const int32_t *choices;
  const float *actions;
  /// [copies, features]: what is seen after the step.
  float *observations;
  /// [copies, features]; a row is written where an episode ends under `same_step`.
  float *final_observations;
  /// [copies]
  float *rewards;
  /// [copies]: the task ended; the time limit was reached.
  bool *terminated;
  bool *truncated;
  /// [REBALANCING_TERMS, copies]; null where nobody asks.
  double *terms;
} rebalancing_buffers;

/// Makes an environment.
///
/// @param request JSON: `file`, and where they differ from the defaults `set` (a list of "key=value"),
///   `copies` (1), `first_copy` (0), `autoreset` ("next_step", "same_step" or "disabled").
int32_t rebalancing_environment_create(
  const char *request, rebalancing_environment **environment, char *message, int64_t capacity);

void rebalancing_environment_free(rebalancing_environment *environment);

/// Describes the spaces and the problem as JSON; to be given back with rebalancing_text_free.
int32_t rebalancing_environment_describe(
  rebalancing_environment *environment, char **text, char *message, int64_t capacity);

/// Says which memory is read and written from now on; it must stay until the next call or the end.
int32_t rebalancing_environment_bind(
  rebalancing_environment *environment, const rebalancing_buffers *buffers, char *message,
  int64_t capacity);

/// Begins the first episode of every copy of a seed.
int32_t rebalancing_environment_reset(
  rebalancing_environment *environment, uint64_t seed, char *message, int64_t capacity);

/// Begins the next episode of the copies where the mask, [copies], is true; of all where it is null.
int32_t rebalancing_environment_reset_some(
  rebalancing_environment *environment, const bool *mask, char *message, int64_t capacity);

/// Steps every copy with the actions that are in the bound memory.
int32_t rebalancing_environment_step(
  rebalancing_environment *environment, char *message, int64_t capacity);

/// Says what a copy holds, as JSON; to be given back with rebalancing_text_free.
int32_t rebalancing_environment_show(
  rebalancing_environment *environment, int64_t copy, char **text, char *message,
  int64_t capacity);

/// Writes everything that the future depends on, `*size` bytes.
///
/// @param size the room there is, and then what is needed; with a null state only that is told.
int32_t rebalancing_environment_state(
  rebalancing_environment *environment, uint8_t *state, int64_t *size, char *message,
  int64_t capacity);

/// Returns to a state of an environment of the same make and size; observations are those of the next
/// step.
int32_t rebalancing_environment_restore(
  rebalancing_environment *environment, const uint8_t *state, int64_t size, char *message,
  int64_t capacity);

// Policies

/// A policy from a bundle that has passed all its checks.
typedef struct rebalancing_policy rebalancing_policy;

/// Loads a bundle.
///
/// @param request JSON: `bundle`, its folder; `trust`, files of public keys, one of which must have
///   signed it.
int32_t rebalancing_policy_load(
  const char *request, rebalancing_policy **policy, char *message, int64_t capacity);

void rebalancing_policy_free(rebalancing_policy *policy);

/// Describes a policy as JSON; to be given back with rebalancing_text_free.
int32_t rebalancing_policy_describe(
  rebalancing_policy *policy, char **text, char *message, int64_t capacity);

/// Answers observations, as production does.
///
/// @param observations [count, features].
/// @param masks [count, actions]: which actions are allowed; null where all are.
/// @param choices [count]: the action, -1 where the observation is refused; null for a box.
/// @param scores [count, actions]: one per action, or the point of a box; NaN where refused.
int32_t rebalancing_policy_act(
  rebalancing_policy *policy, const float *observations, const bool *masks, int64_t count,
  int64_t *choices, float *scores, char *message, int64_t capacity);

// Ledgers

/// Lots, what their sales have realized, and the wash sales among them.
typedef struct rebalancing_ledger rebalancing_ledger;

/// Makes an empty ledger.
///
/// @param request JSON: `identical`, lists of assets that are substantially identical.
int32_t rebalancing_ledger_create(
  const char *request, rebalancing_ledger **ledger, char *message, int64_t capacity);

void rebalancing_ledger_free(rebalancing_ledger *ledger);

/// Books the trades of one day, all or none.
///
/// @param request JSON: `day`, and `fills` of `side`, `asset`, `units`, `price`, and where they differ
///   from the defaults `fee` (0), `account` ("taxable"), `kind` ("taxable" or "ira"), `selection`
///   ("fifo", "lifo", "hifo", "average_cost", "specific") and `lot`.
int32_t rebalancing_ledger_trade(
  rebalancing_ledger *ledger, const char *request, char *message, int64_t capacity);

/// Describes lots, realized gains and the tax of each year as JSON; to be given back with
/// rebalancing_text_free.
///
/// @param request JSON: `short_term_rate` (0.35), `long_term_rate` (0.15), `loss_limit` (3000).
int32_t rebalancing_ledger_describe(
  rebalancing_ledger *ledger, const char *request, char **text, char *message, int64_t capacity);

// All else

/// Does what the command line does, with requests and answers in JSON.
///
/// | operation | request | answer |
/// |---|---|---|
/// | `evaluate` | `file`, `set`, `policies`, `episodes`, `seed`, `exact` | as `rebalance evaluate --json` |
/// | `solve` | `file`, `set`, `unrestricted` | as `rebalance solve --json` |
/// | `learn` | `file`, `set`, `agent`, `set_agent`, `seed`, `out`, `workers` | the checkpoint's folder |
/// | `import` | `file`, `set`, `graph`, `out`, `seed`, `steps`, `words` | digest of the checkpoint's policy |
/// | `record` | `checkpoint`, `file`, `set`, `rules`, `episodes`, `seed` | as `rebalance evaluate --record` |
/// | `export` | `checkpoint`, `out`, `name`, `version`, `key`, `unevaluated` | the bundle's folder |
/// | `trainings` | `experiment`, `out` | what an experiment has to train |
/// | `train` | `experiment`, `out`, `number`, `workers` | nothing: the checkpoint is written |
/// | `finish` | `experiment`, `out`, `workers` | as `rebalance run --json` |
///
/// @param response to be given back with rebalancing_text_free.
int32_t rebalancing_call(
  const char *operation, const char *request, char **response, char *message, int64_t capacity);

#ifdef __cplusplus
}
#endif

#endif
