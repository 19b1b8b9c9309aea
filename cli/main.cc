// kedge: the owner's command. Everything is in run.cc; here is only what the system provides.
#include <absl/time/clock.h>
#include <unistd.h>

#include <iostream>

#include "attestation/channel_grpc/client.h"
#include "base/host/files.h"
#include "base/host/system_clock.h"
#include "cli/run.h"
#include "crypto/system_random.h"

int main(int argc, char** argv) {
  // Before anything else touches OpenSSL.
  const kedge::Status tls = kedge::InitTlsForChannel();
  if (!tls.ok()) {
    std::cerr << "kedge: " << kedge::MessageOf(tls) << "\n";
    return static_cast<int>(kedge::cli::ExitCode::kInternal);
  }
  const kedge::SystemClock clock;
  kedge::SystemRandom random;
  const kedge::cli::Environment env{
      .out = std::cout,
      .err = std::cerr,
      .clock = clock,
      .random = random,
      .run_exchange =
          [&random](const std::string& endpoint, const kedge::ClientExchange& exchange,
                    absl::Duration timeout) {
            return kedge::RunExchange(endpoint, exchange, random, timeout);
          },
      .sleep = [](absl::Duration pause) { absl::SleepFor(pause); },
      .read_input =
          [](size_t max) {
            return kedge::ReadSecretDescriptor(STDIN_FILENO, "standard input", max);
          }};
  return static_cast<int>(kedge::cli::Run({argv + 1, argv + argc}, env));
}
