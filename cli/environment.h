// What a command gets from outside: streams, clock, randomness, the way to a key service, and the
// options that every command shares. Tests bring their own.
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <ostream>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret_bytes.h"
#include "cli/workspace.h"
#include "keyservice/client/key_service_client.h"

namespace kedge::cli {

struct Environment {
  std::ostream& out;  // the answer: text for people, or one JSON document
  std::ostream& err;  // progress and errors
  const Clock& clock;
  Random& random;
  // Runs one exchange with `endpoint` within `timeout`.
  std::function<StatusOr<ExchangeResult>(const std::string& endpoint,
                                         const ClientExchange& exchange, absl::Duration timeout)>
      run_exchange;
  std::function<void(absl::Duration)> sleep;
  // The whole of standard input, at most `max` bytes, into locked memory; an empty one is an error.
  std::function<StatusOr<SecretBytes>(size_t max)> read_input;
};

// Options before the command.
struct Common {
  std::string workspace = ".";
  bool json = false;
  int timeout_seconds = 60;

  Workspace OpenWorkspace() const { return Workspace(workspace); }
};

// One line on stderr, before anything that may take over a second.
void Progress(const Environment& env, std::string_view what);
// One line on stderr that the owner should act on.
void Warn(const Environment& env, std::string_view what);

// The service at `endpoint`. While nobody answers there it tries again, every two seconds and with
// a line of progress, until the common timeout is over. A refusal is never repeated.
client::KeyServiceClient ConnectTo(const Environment& env, const Common& common,
                                   const std::string& endpoint);

}  // namespace kedge::cli
