// kedge-disk-grow: makes the rest of the state disk usable while the node runs (docs/STORAGE.md).
#include <signal.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/host/log.h"
#include "base/host/notify.h"
#include "base/host/user_key.h"
#include "storage/core/growth_plan.h"
#include "storage/luks/disk_grower.h"
#include "storage/luks/luks_state_disk.h"
#include "storage/luks/mappings.h"

namespace kedge {
namespace {

enum ExitCode : int {
  kExitDone = 0,      // grown to the end, or stopped on request
  kExitRefused = 1,   // the disk needs its owner
  kExitUsage = 2,     // wrong arguments
  kExitInternal = 5,  // could not begin, or the kernel refused
};

constexpr MessageId kBegun{"3b0f4ed26a4f4a6fb2a3b6f9a61f3c52"};
constexpr MessageId kEnded{"8f5f1c0d6c0b4c8fa0f5b7a3c9e2d417"};
constexpr MessageId kFailed{"d4a96b71e2c34f7d9c0e58a1f36b2048"};

struct Arguments {
  LuksStateDisk::Options disk;
  int share = kDefaultGrowthShare;
  bool status = false;
};

int ParseArguments(int argc, char** argv, Arguments& arguments, bool& go_on) {
  CLI::App app{"Makes the rest of the open state disk usable, in the background."};
  app.footer(
      "Run by kedge-disk-grow.service; `systemctl stop` pauses it, `systemctl start` goes on.\n"
      "Exit codes: 0 done or asked to stop, 1 the disk needs its owner, 2 usage, 5 internal "
      "error.");
  app.add_option("--mapping", arguments.disk.mapping, "name of the opened disk in /dev/mapper")
      ->capture_default_str();
  app.add_option("--mount", arguments.disk.mount_point, "where its file system is mounted")
      ->capture_default_str();
  app.add_option("--share", arguments.share,
                 "percent of the time to work while others use the disk")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_flag("--status", arguments.status, "print how far it is, as JSON, and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    go_on = false;
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  return kExitDone;
}

std::string Percent(const GrowthProgress& progress) {
  return std::to_string(progress.prepared * 100 / std::max<uint64_t>(progress.total, 1)) + " %";
}

int Fail(const Status& status) {
  Log(LogLevel::kError, kFailed, "the state disk does not grow: " + MessageOf(status),
      {{"KEDGE_FAULT", FaultCode(status)}});
  const auto fault = GetFault(status);
  return fault && fault->advice == Advice::kAskOperator ? kExitRefused : kExitInternal;
}

int PrintStatus(const Arguments& arguments) {
  const auto progress = ReadGrowth(arguments.disk.mapping);
  if (!progress.ok()) {
    std::cerr << "kedge-disk-grow: " << MessageOf(progress.status()) << "\n";
    return kExitInternal;
  }
  std::cout << nlohmann::ordered_json{{"prepared_bytes", progress->prepared},
                                      {"total_bytes", progress->total},
                                      {"done", progress->Done()}}
                   .dump()
            << "\n";
  return kExitDone;
}

// SIGTERM and SIGINT, blocked; a pause ends early when one comes.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // false where one came.
  bool Pause(absl::Duration pause) const {
    const timespec limit = absl::ToTimespec(pause);
    return sigtimedwait(&signals_, nullptr, &limit) < 0;
  }

 private:
  sigset_t signals_{};
};

int Run(const Arguments& arguments) {
  const StopSignals stop;
  SetUpDeviceMapper();
  if (arguments.status) return PrintStatus(arguments);
  Notifier notifier;
  const UserKey key_in_kernel = ExtentKeyInKernel(arguments.disk.mapping);
  const auto key = key_in_kernel.Load();
  if (!key.ok()) return Fail(key.status());
  notifier.Ready();
  // No key: an earlier run in this boot was done with it.
  if (!key->has_value()) {
    notifier.SetStatus("nothing to grow");
    return kExitDone;
  }
  const auto progress = GrowStateDisk(
      arguments.disk.mapping, arguments.disk.mount_point, **key,
      {.pace =
           [&](absl::Duration worked, bool short_of_space) {
             return stop.Pause(PauseAfter(worked, arguments.share, short_of_space));
           },
       .progress =
           [&notifier, first = true](const GrowthProgress& at) mutable {
             notifier.SetStatus("growing the state disk: " + Percent(at));
             if (std::exchange(first, false) && !at.Done()) {
               Log(LogLevel::kInfo, kBegun, "growing the state disk, from " + Percent(at));
             }
           }});
  if (!progress.ok()) return Fail(progress.status());
  Log(LogLevel::kInfo, kEnded,
      progress->Done() ? "the state disk has its full size"
                       : "growing the state disk paused at " + Percent(*progress));
  if (progress->Done()) {
    const Status revoked = key_in_kernel.Revoke();
    if (!revoked.ok()) return Fail(revoked);
  }
  return kExitDone;
}

}  // namespace
}  // namespace kedge

int main(int argc, char** argv) {
  kedge::Arguments arguments;
  bool go_on = true;
  const int parsed = kedge::ParseArguments(argc, argv, arguments, go_on);
  return go_on ? kedge::Run(arguments) : parsed;
}
