// kedge-bootstrapper: pulls a node up, stage by stage (the steps: bootstrapper/core/life.cc).
#include <CLI/CLI.hpp>

#include <optional>

#include "attestation/channel_grpc/client.h"
#include "attestation/issue/instance_issuer.h"
#include "attestation/issue/measurement_log.h"
#include "attestation/tpm/esys_tpm.h"
#include "base/host/files.h"
#include "base/host/log.h"
#include "base/host/system_clock.h"
#include "bootstrapper/core/runner.h"
#include "bootstrapper/host/boot_reporter.h"
#include "bootstrapper/host/node_machine.h"
#include "bootstrapper/host/stop_timer.h"
#include "bootstrapper/host/supervise.h"
#include "bootstrapper/join/key_releaser.h"
#include "crypto/system_random.h"
#include "storage/luks/luks_state_disk.h"

namespace kedge {
namespace {

enum ExitCode : int {
  kExitDone = 0,      // the stage is done (measure, initrd), or asked to stop after it (join)
  kExitRefused = 1,   // --exit-on-refusal: refused, by this node or by the key service
  kExitUsage = 2,     // wrong arguments
  kExitWaiting = 4,   // asked to stop while waiting for the key service, the owner or the disk
  kExitInternal = 5,  // could not begin at all
};

constexpr MessageId kCannotBegin{"6dffd83cb6d84eecb86256892b2963be"};
constexpr MessageId kInstanceFound{"4af58f2c0cda4a49a49f3f3d8a0beb22"};
// One exchange: a vTPM's quote and activation under load, and the server's own.
constexpr absl::Duration kExchangeTimeout = absl::Seconds(60);
// Between a crash and the next try.
constexpr absl::Duration kCrashPause = absl::Seconds(1);
// Longer than any single call takes; a worker that says nothing for this long is stuck.
constexpr absl::Duration kStallLimit = absl::Minutes(4);

struct Arguments {
  Stage stage = Stage::kMeasure;
  bool supervised = false;
  std::string tcti = kSystemTcti;
  LuksStateDisk::Options disk;
  std::string run_dir = "/run/kedge";
  InvitationSources invitation;
  std::string console = "/dev/console";
  InstanceOptions instance;
  std::string network_dir = "/run/systemd/network";
  std::string manager_socket = UnitManager::kPrivateSocket;
  LifeOptions life;
  RunOptions run;
};

int ParseArguments(int argc, char** argv, Arguments& arguments, bool& go_on) {
  CLI::App app{"Pulls this node up: measure, attest, unlock, join."};
  app.footer(
      "Run by its units; the options are for tests on a host.\n"
      "Exit codes: 0 done, 1 refused (with --exit-on-refusal), 2 usage, 4 stopped while waiting,\n"
      "5 could not begin. Without --exit-on-refusal it waits for as long as it takes.");
  std::string stage;
  std::string instance;
  app.add_option("--stage", stage, "the part of its life that begins")
      ->required()
      ->check(CLI::IsMember({"measure", "initrd", "join"}));
  app.add_flag("--supervised", arguments.supervised,
               "begin the stage again if it crashes, instead of ending");
  app.add_option("--tcti", arguments.tcti, "the TPM, as a TCTI loader string")
      ->capture_default_str();
  app.add_option("--device", arguments.disk.device, "the state disk")->capture_default_str();
  app.add_option("--mount", arguments.disk.mount_point, "where the state disk is mounted")
      ->capture_default_str();
  app.add_option("--run-dir", arguments.run_dir, "files of this boot")->capture_default_str();
  app.add_option("--fw-cfg", arguments.invitation.fw_cfg, "the invitation")->capture_default_str();
  app.add_option("--smbios", arguments.invitation.dmi_entries,
                 "SMBIOS structures, if it is not there")
      ->capture_default_str();
  app.add_option("--own-service", arguments.life.own_service, "key service in this machine")
      ->capture_default_str();
  app.add_option("--console", arguments.console, "where to show progress")->capture_default_str();
  app.add_option("--network-dir", arguments.network_dir, "where networkd reads its files")
      ->capture_default_str();
  app.add_option("--manager", arguments.manager_socket, "socket of the service manager")
      ->capture_default_str();
  app.add_option("--instance", instance,
                 "the kind of machine, which is found out otherwise: azure-snp, azure-tdx, svsm, "
                 "gcp, aws, snp, tdx, tpm-only")
      ->check([](const std::string& text) {
        const auto kind = ParseInstanceKind(text);
        return kind.ok() ? std::string() : MessageOf(kind.status());
      });
  app.add_option("--tsm", arguments.instance.paths.tsm_folder, "where a TEE's reports come from")
      ->capture_default_str();
  app.add_flag("--exit-on-refusal", arguments.run.give_up_on_refusal,
               "end at the first refusal instead of trying again");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    go_on = false;
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  if (!instance.empty()) arguments.instance.forced = *ParseInstanceKind(instance);
  for (const Stage known : {Stage::kMeasure, Stage::kInitrd, Stage::kJoin}) {
    if (ToString(known) == stage) arguments.stage = known;
  }
  return kExitDone;
}

void LogInstance(const Instance& instance) {
  const std::string level(ToString(StrongestLevel(instance)));
  Log(LogLevel::kNotice, kInstanceFound,
      "evidence of " + Describe(instance) + "; reaches " + level + " at most",
      {{"KEDGE_INSTANCE", std::string(ToString(instance.kind))}, {"KEDGE_EVIDENCE_LEVEL", level}});
}

int Run(const Arguments& arguments) {
  // Before any thread: every later one inherits the blocked signals.
  WatchdogThread* beating = nullptr;
  const auto beat = [&beating] {
    if (beating != nullptr) beating->Beat();
  };
  StopTimer timer(beat);
  const Console console(arguments.console);
  const Status tls = InitTlsForChannel();
  if (!tls.ok()) {
    Log(LogLevel::kError, kCannotBegin, "cannot set up TLS: " + MessageOf(tls));
    console.Line("kedge-bootstrapper: cannot set up TLS");
    return kExitInternal;
  }
  Notifier notifier;
  std::optional<WatchdogThread> watchdog;
  if (const auto interval = Notifier::WatchdogInterval()) {
    beating = &watchdog.emplace(notifier, *interval, kStallLimit);
  }
  BootReporter reporter(console, notifier, beat);

  SystemRandom random;
  const SystemClock clock;
  EsysTpmOptions tpm_options;
  tpm_options.tcti = arguments.tcti;
  EsysTpm tpm(std::move(tpm_options));
  MeasurementLog event_log(arguments.run_dir + "/measurements.json");
  EvidenceLogs logs = SystemLogs();
  logs.kedge = [&event_log] { return event_log.ReadRaw(); };
  InstanceOptions instance = arguments.instance;
  instance.on_found = LogInstance;
  InstanceIssuer issuer(tpm, std::move(logs), random, std::move(instance));
  LuksStateDisk disk(arguments.disk);
  NodeMachine machine(arguments.invitation);
  RootFolder run(arguments.run_dir);
  MountedFolder state(arguments.disk.mount_point);
  NetworkdNetwork network{UnitManager(arguments.manager_socket), arguments.network_dir};
  SystemdUnits units{UnitManager(arguments.manager_socket)};
  ExchangeKeyReleaser key_service(issuer, random, kExchangeTimeout);

  Ports ports{.machine = machine,
              .run = run,
              .state = state,
              .tpm = tpm,
              .event_log = event_log,
              .disk = disk,
              .key_service = key_service,
              .network = network,
              .units = units,
              .clock = clock,
              .timer = timer,
              .random = random,
              .events = reporter};
  Node node(ports, arguments.life);
  const Status status = RunStage(arguments.stage, node, arguments.run);
  if (absl::IsCancelled(status)) return kExitWaiting;
  if (!status.ok()) return kExitRefused;
  if (arguments.stage != Stage::kJoin) return kExitDone;

  console.Line("kedge-bootstrapper: joined as " + node.state->node);
  notifier.SetStatus("joined as " + node.state->node);
  notifier.Ready();
  timer.Sleep(absl::InfiniteDuration());
  notifier.Stopping();
  return kExitDone;
}

}  // namespace
}  // namespace kedge

int main(int argc, char** argv) {
  kedge::Arguments arguments;
  arguments.life.build_time = kedge::ImageBuildTime();
  bool go_on = true;
  const int parsed = kedge::ParseArguments(argc, argv, arguments, go_on);
  if (!go_on) return parsed;
  if (!arguments.supervised) return kedge::Run(arguments);
  return kedge::Supervise([&arguments] { return kedge::Run(arguments); }, kedge::kExitInternal,
                          kedge::kCrashPause);
}
