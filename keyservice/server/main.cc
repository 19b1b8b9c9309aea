// kedge-keyservice: holds the cluster's secrets in this machine and releases them to attested
// nodes.
#include <signal.h>
#include <sys/signalfd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attestation/channel_grpc/client.h"
#include "attestation/channel_grpc/server.h"
#include "attestation/issue/measurement_log.h"
#include "attestation/issue/vtpm_issuer.h"
#include "attestation/tpm/esys_tpm.h"
#include "base/host/console.h"
#include "base/host/files.h"
#include "base/host/log.h"
#include "base/host/notify.h"
#include "base/host/system_clock.h"
#include "base/host/unit_manager.h"
#include "crypto/system_random.h"
#include "keyservice/server/cluster_records.h"
#include "keyservice/server/kernel_keyring.h"
#include "keyservice/server/key_service.h"
#include "keyservice/server/mount_watch.h"
#include "keyservice/server/revoke_at_shutdown.h"
#include "keyservice/store/directory_store.h"
#include "proto/wire/invitation.h"

namespace kedge::keyservice {
namespace {

enum ExitCode : int {
  kExitStopped = 0,   // asked to stop
  kExitUsage = 2,     // wrong arguments
  kExitInternal = 5,  // could not begin
};

constexpr MessageId kSeedRevoked{"0c6d1f5be0a64f6f9b0e7c1d2a4f8e39"};
constexpr MessageId kSeedNotRevoked{"5d2b9c7e41f34a0c8e6a3b1f70d9c254"};
constexpr MessageId kCannotBegin{"a2e1f6a1c5b94c0fb1b7f6e2f0f0b7d1"};
constexpr size_t kMaxDiskContentFile = 16;

struct Arguments {
  std::string stage;
  std::vector<std::string> listen = {"0.0.0.0:7443"};
  std::string tcti = kSystemTcti;
  std::string run_dir = "/run/kedge";
  std::string mount_point = "/run/kedge/state";
  std::string console = "/dev/console";
  std::string seed_key = kSeedKeyName;
  std::string manager_socket = UnitManager::kPrivateSocket;
};

std::optional<int> ParseArguments(int argc, char** argv, Arguments& arguments) {
  CLI::App app{"Holds a cluster's secrets and releases them to attested nodes."};
  app.footer(
      "Run by its units; the options are for tests on a host.\n"
      "Exit codes: 0 stopped, 2 usage, 5 could not begin.");
  app.add_option("--stage", arguments.stage,
                 "initrd (before the state disk is open), serve, or shutdown (revokes the seed if "
                 "the machine is going down, and ends)")
      ->required()
      ->check(CLI::IsMember({"initrd", "serve", "shutdown"}));
  app.add_option("--listen", arguments.listen, "addresses to serve on")->capture_default_str();
  app.add_option("--tcti", arguments.tcti, "the TPM, as a TCTI loader string")
      ->capture_default_str();
  app.add_option("--run-dir", arguments.run_dir, "files of this boot")->capture_default_str();
  app.add_option("--mount", arguments.mount_point, "where the state disk gets mounted")
      ->capture_default_str();
  app.add_option("--console", arguments.console, "where to show progress")->capture_default_str();
  app.add_option("--seed-key", arguments.seed_key, "name of the seed in the kernel keyring")
      ->capture_default_str();
  app.add_option("--manager", arguments.manager_socket, "socket of the service manager")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitStopped : kExitUsage;
  }
  return std::nullopt;
}

StatusOr<std::optional<wire::OpenedInvitation>> MeasuredInvitation(const std::string& run_dir) {
  const std::string path = run_dir + "/invitation";
  if (!std::filesystem::exists(path)) return std::optional<wire::OpenedInvitation>();
  ASSIGN_OR_RETURN(const Bytes file, ReadFileBounded(path, wire::kMaxInvitationFile));
  ASSIGN_OR_RETURN(wire::OpenedInvitation opened, wire::OpenInvitation(file));
  return std::optional(std::move(opened));
}

StatusOr<StateDiskContent> MeasuredDisk(const std::string& run_dir) {
  ASSIGN_OR_RETURN(const Bytes file,
                   ReadFileBounded(run_dir + "/disk-content", kMaxDiskContentFile));
  std::string_view text = AsText(file);
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto content = ParseStateDiskContent(text);
  if (!content) return Malformed("disk-content says neither blank, luks2 nor foreign");
  return *content;
}

int Shutdown(const Arguments& arguments) {
  UnitManager manager(arguments.manager_socket);
  KernelKeyring vault(arguments.seed_key);
  const StatusOr<bool> revoked = RevokeAtShutdown(manager, vault);
  if (!revoked.ok()) {
    Log(LogLevel::kError, kSeedNotRevoked,
        "the seed was not revoked: " + MessageOf(revoked.status()),
        {{"KEDGE_FAULT", FaultCode(revoked.status())}});
    return kExitInternal;
  }
  if (*revoked) Log(LogLevel::kNotice, kSeedRevoked, "the machine goes down: seed revoked");
  return kExitStopped;
}

// SIGTERM and SIGINT, blocked in every thread, are read here.
class StopSignal {
 public:
  StopSignal() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    set_ = set;
  }
  // True once a signal came; false after `seconds` without one.
  bool WaitFor(time_t seconds) const {
    const timespec limit{.tv_sec = seconds, .tv_nsec = 0};
    return sigtimedwait(&set_, nullptr, &limit) > 0;
  }

 private:
  sigset_t set_{};
};

Status Serve(const Arguments& arguments, const StopSignal& stop) {
  RETURN_IF_ERROR(InitTlsForChannel());
  Notifier notifier;
  const Console console(arguments.console);
  std::optional<WatchdogThread> watchdog;
  if (const auto interval = Notifier::WatchdogInterval()) {
    watchdog.emplace(notifier, *interval, absl::Minutes(2));
  }
  SystemRandom random;
  const SystemClock clock;
  EsysTpm tpm({.tcti = arguments.tcti});
  MeasurementLog event_log(arguments.run_dir + "/measurements.json");
  EvidenceLogs logs = SystemLogs();
  // The kernel's log belongs to this machine's own TPM, not to one that a test brings.
  if (arguments.tcti != kSystemTcti) logs.firmware = [] { return Bytes(); };
  logs.kedge = [&event_log] { return event_log.ReadRaw(); };
  VtpmIssuer issuer(tpm, std::move(logs));
  KernelKeyring vault(arguments.seed_key);
  ASSIGN_OR_RETURN(auto detached, DirectoryStore::Open(arguments.run_dir + "/keyservice"));
  AttachableStore store(std::move(detached), kCommitKey);
  ASSIGN_OR_RETURN(auto invitation, MeasuredInvitation(arguments.run_dir));
  ASSIGN_OR_RETURN(const StateDiskContent disk, MeasuredDisk(arguments.run_dir));
  ASSIGN_OR_RETURN(const std::unique_ptr<KeyService> service,
                   KeyService::Start({.issuer = issuer,
                                      .rtc = clock,
                                      .build_time = ImageBuildTime(),
                                      .random = random,
                                      .vault = vault,
                                      .store = store,
                                      .invitation = std::move(invitation),
                                      .disk = disk}));
  ASSIGN_OR_RETURN(const std::unique_ptr<ExchangeServer> server,
                   ExchangeServer::Start(
                       {.listen = arguments.listen}, [&service] { return service->NewExchange(); },
                       [&service](const ExchangeEvent& event) { service->Record(event); }, random));
  const MountWatch watch(arguments.mount_point, [&]() -> Status {
    ASSIGN_OR_RETURN(auto medium, DirectoryStore::Open(arguments.mount_point + "/keyservice"));
    return service->AttachStore(std::move(medium));
  });

  std::string shown;
  notifier.Ready();
  do {
    const std::string now = service->Describe();
    if (now != shown) {
      console.Line("kedge-keyservice: " + now);
      notifier.SetStatus(now);
      shown = now;
    }
    if (watchdog) watchdog->Beat();
  } while (!stop.WaitFor(1));
  notifier.Stopping();
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace
}  // namespace kedge::keyservice

int main(int argc, char** argv) {
  using kedge::keyservice::Arguments;
  Arguments arguments;
  if (const auto exit = kedge::keyservice::ParseArguments(argc, argv, arguments)) return *exit;
  if (arguments.stage == "shutdown") return kedge::keyservice::Shutdown(arguments);
  // Before any thread: every later one inherits the blocked signals.
  const kedge::keyservice::StopSignal stop;
  const kedge::Status status = kedge::keyservice::Serve(arguments, stop);
  if (status.ok()) return kedge::keyservice::kExitStopped;
  kedge::Log(kedge::LogLevel::kError, kedge::keyservice::kCannotBegin,
             "cannot serve: " + kedge::MessageOf(status),
             {{"KEDGE_FAULT", kedge::FaultCode(status)}});
  kedge::Console(arguments.console).Line("kedge-keyservice: " + kedge::FaultCode(status));
  return kedge::keyservice::kExitInternal;
}
