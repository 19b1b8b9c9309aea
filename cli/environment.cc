#include "cli/environment.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace kedge::cli {
namespace {

constexpr absl::Duration kPause = absl::Seconds(2);

bool NobodyAnswered(const Status& status) {
  return status.code() == StatusCode::kUnavailable && !GetFault(status);
}

}  // namespace

void Progress(const Environment& env, std::string_view what) {
  env.err << "kedge: " << what << std::endl;
}

void Warn(const Environment& env, std::string_view what) {
  env.err << "kedge: warning: " << what << std::endl;
}

client::KeyServiceClient ConnectTo(const Environment& env, const Common& common,
                                   const std::string& endpoint) {
  const absl::Duration limit = absl::Seconds(common.timeout_seconds);
  const auto run = [&env, endpoint,
                    limit](const ClientExchange& exchange) -> StatusOr<ExchangeResult> {
    const absl::Time end = env.clock.Now() + limit;
    while (true) {
      const absl::Duration left = std::max(end - env.clock.Now(), absl::Seconds(1));
      StatusOr<ExchangeResult> result = env.run_exchange(endpoint, exchange, left);
      if (!NobodyAnswered(result.status()) || env.clock.Now() + kPause >= end) return result;
      Progress(env, absl::StrCat("nobody answers at ", endpoint, " yet; trying again for ",
                                 absl::ToInt64Seconds(end - env.clock.Now()), " s"));
      env.sleep(kPause);
    }
  };
  return client::KeyServiceClient(run, env.clock, env.random);
}

}  // namespace kedge::cli
