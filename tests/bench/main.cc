// kedge-bench: see scripts/bench.
#include <CLI/CLI.hpp>

#include <iostream>

#include "attestation/channel_grpc/client.h"
#include "tests/bench/benches.h"
#include "tests/bench/measure.h"

int main(int argc, char** argv) {
  // Before anything else touches OpenSSL.
  if (!kedge::InitTlsForChannel().ok()) return 5;
  CLI::App app{"Prints one JSON line a result; every comparison is of this one run."};
  app.footer("Exit codes: 0 every target met, 1 one was missed, 2 usage, 5 could not measure.");
  int rounds = 60;
  std::string bootstrapper;
  std::vector<size_t> echo;
  std::string only;
  app.add_option("--rounds", rounds, "rounds of each comparison")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--only", only, "release or keyslot")
      ->check(CLI::IsMember({"release", "keyslot"}));
  app.add_option("--bootstrapper", bootstrapper, "kedge-bootstrapper, for its memory");
  app.add_option("--echo-server", echo, "used by the program itself")->expected(2);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!echo.empty()) return kedge::bench::RunEchoServer(echo[0], echo[1]);
  if (only != "release") kedge::bench::BenchKeyslot(rounds);
  if (only != "keyslot") kedge::bench::BenchRelease(rounds, "/proc/self/exe", bootstrapper);
  return kedge::bench::AllMet() ? 0 : 1;
}
