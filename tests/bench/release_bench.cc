#include <absl/time/clock.h>
#include <fcntl.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "attestation/channel_grpc/client_stream.h"
#include "attestation/channel_grpc/message_wire.h"
#include "attestation/issue/testing/fake_node.h"
#include "attestation/verify/verify.h"
#include "base/host/testing/fake_manager.h"
#include "crypto/system_random.h"
#include "crypto/x509.h"
#include "keyservice/core/testing/test_cluster.h"
#include "keyservice/server/testing/control_plane.h"
#include "keyservice/server/testing/test_client.h"
#include "proto/kedge.grpc.pb.h"
#include "proto/wire/invitation.h"
#include "proto/wire/manifest.h"
#include "tests/bench/benches.h"
#include "tests/bench/evidence_crypto.h"
#include "tests/bench/measure.h"

namespace kedge::bench {
namespace {

using kedge::testing::ControlPlane;
using kedge::testing::FakeNode;
using kedge::testing::NodeAsk;
using kedge::testing::SwtpmNode;
using kedge::testing::TestClient;
using kedge::testing::TestTpmCa;

const Bytes kHeader(32, 0x4D);

[[noreturn]] void Give(const std::string& why) {
  std::cerr << "kedge-bench: cannot measure: " << why << "\n";
  std::exit(5);
}
void Must(const Status& status) {
  if (!status.ok()) Give(std::string(status.message()));
}
template <typename T>
T Must(StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

// Counts what passes, to give the echo the same load.
class CountingPipe final : public ClientPipe {
 public:
  explicit CountingPipe(ClientPipe& pipe) : pipe_(pipe) {}
  Status Write(const ClientMessage& message) override {
    up.push_back(ToWire(message).ByteSizeLong());
    return pipe_.Write(message);
  }
  StatusOr<ServerMessage> Read() override {
    ASSIGN_OR_RETURN(ServerMessage message, pipe_.Read());
    down.push_back(ToWire(message).ByteSizeLong());
    return message;
  }
  StatusOr<Bytes> PeerSpki() override { return pipe_.PeerSpki(); }

  std::vector<size_t> up, down;

 private:
  ClientPipe& pipe_;
};

// A real kedge-keyservice on a software TPM, and a node that has formatted its disk there.
class World {
 public:
  World() {
    if (!ControlPlane::HostAllows()) Give("needs root and the kernel's keyring");
    one_ = Must(ControlPlane::Make());
    ManifestTerms terms = kedge::testing::TestManifestTerms(ca_.root_pem());
    terms.images = {kedge::testing::TestImage()};
    spare_ = Must(SwtpmNode::Start(one_->folder() + "/measured-by-firmware.json"));
    terms.tpm_roots.push_back(
        {.name = "one", .certificate_pem = one_->machine().swtpm().root_pem()});
    terms.tpm_roots.push_back({.name = "spare", .certificate_pem = spare_->swtpm().root_pem()});
    const Bytes manifest = ToBytes(Must(wire::PrintManifest(terms)));
    const Endorsements own = Must(one_->machine().issuer().GetEndorsements());
    const Bytes coordinator = Must(VerifyEk(own, terms.tpm_roots, absl::Now())).identity.value;
    wire::Invitation first;
    first.node = "node-1";
    first.role = "control-plane";
    first.issue_time = absl::Now();
    Must(one_->Boot("blank", Must(wire::MakeInvitation(first, owner_))));
    Must(one_->StartService("initrd"));
    const auto init = Must(client_.Init(owner_, manifest, coordinator));
    client_.pins = {.cluster_id = ToBytes(ByteView(init.receipt.cluster_id)),
                    .service_key_spki = init.receipt.service_key_spki,
                    .minimum_generation = 1};
    Must(one_->MeasureClusterId(init.receipt.cluster_id));
    Must(one_->MountDisk());
    Must(one_->service().WaitForStatus("SERVING 0 registered nodes"));

    roots_ = terms.tpm_roots;
    ask_ = {.issuer = &node_.issuer(),
            .node = "node-2",
            .role = "worker",
            .invitation = ToBytes(InvitationFor("node-2"))};
    Must(node_.Measure(InitDataEvent(ask_.invitation)).status());
    Must(node_.Measure(ClusterIdEvent(init.receipt.cluster_id)).status());
    Must(client_.Release(ask_).status());  // enrols the AK
    Must(client_.Report(ask_, "FORMATTED", kHeader));
    ask_.disk = "luks2";
    ask_.header_digest = kHeader;
    Release();
  }

  std::string InvitationFor(const std::string& node) {
    wire::Invitation invitation;
    invitation.cluster_id = client_.pins.cluster_id;
    invitation.service_key_spki = client_.pins.service_key_spki;
    invitation.endpoints = {one_->service().endpoint()};
    invitation.node = node;
    invitation.role = "worker";
    invitation.issue_time = absl::Now();
    invitation.control_plane_images = {kedge::testing::TestImage()};
    invitation.tpm_roots = roots_;
    invitation.minimum_generation = 1;
    return Must(wire::MakeInvitation(invitation, owner_));
  }
  // Whether the key service has given `node` a key.
  bool Knows(const std::string& node) {
    const v1::StatusAnswer status = Must(client_.GetStatus(owner_));
    return std::any_of(status.nodes().begin(), status.nodes().end(),
                       [&node](const v1::NodeStatus& row) { return row.name() == node; });
  }
  // A machine that firmware has booted and nobody uses.
  SwtpmNode& spare() { return *spare_; }
  const std::string& folder() const { return one_->folder(); }

  // One release to an enrolled node, over a connection of its own.
  void Release() { Must(client_.Release(ask_).status()); }
  pid_t service() const { return one_->service().pid(); }
  // Of the last exchange.
  const std::vector<size_t>& up() const { return up_; }
  const std::vector<size_t>& down() const { return down_; }

  // What the server verifies of this node.
  EvidenceCryptoInputs CryptoInputs() {
    const auto evidence = std::get<VtpmEvidence>(Must(node_.issuer().Issue(ReportData{})));
    const Endorsements endorsements = Must(node_.issuer().GetEndorsements());
    const SigningKey key = Must(SigningKey::Generate(Curve::kP256));
    const Bytes message(600, 7);
    const SigningKey ak_like = Must(SigningKey::Generate(Curve::kP256));
    return {.quoted = evidence.quoted,
            .quote_signature = Must(ak_like.Sign(evidence.quoted)),
            .ak_spki = ak_like.public_key().spki(),
            .ek_certificate = endorsements.ek_certificate,
            .tpm_root_pem = ca_.root_pem(),
            .owner_spki = owner_.public_key().spki(),
            .invitation_message = message,
            .invitation_signature = Must(owner_.Sign(message)),
            .certificate_request = Must(CertificateRequest(key, "system:nodes", "node"))};
  }

 private:
  StatusOr<ExchangeResult> Run(const ClientExchange& exchange) {
    ASSIGN_OR_RETURN(const TlsIdentity identity, MakeTlsIdentity());
    ASSIGN_OR_RETURN(const std::unique_ptr<ClientStream> stream,
                     ClientStream::Open(one_->service().endpoint(), identity, absl::Seconds(60)));
    CountingPipe pipe(*stream);
    auto result = DriveClient(exchange, pipe, identity.spki, random_);
    stream->Close(result.ok());
    up_ = pipe.up;
    down_ = pipe.down;
    return result;
  }

  const SigningKey& owner_ = kedge::testing::TestOwnerKey();
  SystemRandom random_;
  std::unique_ptr<ControlPlane> one_;
  std::unique_ptr<SwtpmNode> spare_;
  std::vector<TpmRoot> roots_;
  TestTpmCa ca_;
  FakeNode node_{ca_};
  NodeAsk ask_;
  std::vector<size_t> up_, down_;
  TestClient client_{[this](const ClientExchange& exchange) { return Run(exchange); }};
};

// The echo server as a process of its own.
class EchoServer {
 public:
  EchoServer(const std::string& self, const std::vector<size_t>& down) {
    int out[2];
    if (pipe(out) != 0) Give("pipe");
    child_ = fork();
    if (child_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      execl(self.c_str(), "kedge-bench", "--echo-server", std::to_string(down.at(0)).c_str(),
            std::to_string(down.at(1)).c_str(), nullptr);
      _exit(127);
    }
    close(out[1]);
    FILE* answer = fdopen(out[0], "r");
    int port = 0;
    if (answer == nullptr || fscanf(answer, "%d", &port) != 1) Give("the echo server");
    fclose(answer);
    endpoint_ = "127.0.0.1:" + std::to_string(port);
  }
  ~EchoServer() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  pid_t process() const { return child_; }

  // As many messages of the same size as an exchange has, over a connection of its own.
  void Exchange(const std::vector<size_t>& up) const {
    const TlsIdentity identity = Must(MakeTlsIdentity());
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    v1::KeyService::Stub stub(
        grpc::CreateCustomChannel(endpoint_, Must(MakeChannelCredentials(identity)), arguments));
    grpc::ClientContext context;
    const auto stream = stub.Exchange(&context);
    for (const size_t size : up) {
      v1::ClientMessage message;
      message.mutable_c2()->set_sealed(std::string(size, 'c'));
      v1::ServerMessage answer;
      if (!stream->Write(message) || !stream->Read(&answer)) Give("the echo server is gone");
    }
    stream->WritesDone();
    if (!stream->Finish().ok()) Give("the echo server failed");
  }

 private:
  pid_t child_ = -1;
  std::string endpoint_;
};

pid_t Spawn(std::vector<std::string> command) {
  const pid_t child = fork();
  if (child != 0) return child;
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int null = open("/dev/null", O_RDWR);
  dup2(null, STDOUT_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

// A file as a block device.
class LoopDevice {
 public:
  explicit LoopDevice(const std::string& file) {
    FILE* answer = popen(("losetup --find --show " + file).c_str(), "r");
    char line[64] = "";
    if (answer == nullptr || fgets(line, sizeof line, answer) == nullptr || pclose(answer) != 0) {
      Give("losetup gives no loop device");
    }
    path_ = line;
    path_.erase(path_.find_last_not_of('\n') + 1);
  }
  ~LoopDevice() {
    if (system(("losetup --detach " + path_).c_str()) != 0) std::cerr << path_ << " stays\n";
  }
  LoopDevice(const LoopDevice&) = delete;
  LoopDevice& operator=(const LoopDevice&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void BenchBootstrapper(World& world, const std::string& program) {
  const std::string folder = world.folder() + "/bootstrapper";
  for (const char* name : {"", "/run", "/network", "/mount"}) {
    std::filesystem::create_directory(folder + name);
  }
  std::ofstream(folder + "/invitation") << world.InvitationFor("node-3");
  std::ofstream(folder + "/disk") << "somebody's data";
  std::filesystem::resize_file(folder + "/disk", 64 << 20);
  const LoopDevice disk(folder + "/disk");
  Must(world.spare().Boot());
  world.spare().Release();
  const auto start = [&](const std::string& stage) {
    return Spawn({program, "--stage=" + stage, "--tcti=" + world.spare().swtpm().tcti(),
                  "--device=" + disk.path(), "--mount=" + folder + "/mount",
                  "--run-dir=" + folder + "/run", "--fw-cfg=" + folder + "/invitation",
                  "--smbios=" + folder + "/none", "--console=/dev/null",
                  "--network-dir=" + folder + "/network", "--manager=" + folder + "/manager"});
  };
  {
    const kedge::testing::FakeManager manager(folder + "/manager", {});
    const pid_t measuring = start("measure");
    int status = 0;
    if (waitpid(measuring, &status, 0) != measuring || status != 0) {
      Give("kedge-bootstrapper --stage=measure failed");
    }
  }
  // It attests and enrols its AK, and is then refused for a disk that is not blank: nothing is ever
  // formatted on this host.
  const pid_t running = start("initrd");
  for (int i = 0; i < 600 && !world.Knows("node-3"); ++i) absl::SleepFor(absl::Milliseconds(50));
  if (!world.Knows("node-3")) Give("kedge-bootstrapper did not get to ask for its key");
  SettledCpu(running);
  const double resident = MemoryMib(running, "VmRSS");
  Report({{"bench", "memory"},
          {"unit", "MiB"},
          {"daemon", "kedge-bootstrapper"},
          {"rss", resident},
          {"peak", MemoryMib(running, "VmHWM")}},
         resident, 40);
  kill(running, SIGKILL);
  waitpid(running, nullptr, 0);
}

}  // namespace

void BenchRelease(int rounds, const std::string& self, const std::string& bootstrapper) {
  World world;
  SystemRandom random;
  const EchoServer echo(self, world.down());
  const EvidenceCrypto crypto = Must(EvidenceCrypto::Make(world.CryptoInputs(), random));
  std::vector<double> release, bare, evidence;
  for (int i = -5; i < rounds; ++i) {  // the first ones warm up
    absl::Duration before = SettledCpu(world.service());
    world.Release();
    const double server = Microseconds(SettledCpu(world.service()) - before);
    before = SettledCpu(echo.process());
    echo.Exchange(world.up());
    const double pipe = Microseconds(SettledCpu(echo.process()) - before);
    before = ThreadCpu();
    Must(crypto.Run(random));
    const double own = Microseconds(ThreadCpu() - before);
    if (i < 0) continue;
    release.push_back(server);
    bare.push_back(pipe);
    evidence.push_back(own);
  }
  const double base = Median(bare) + Median(evidence);
  Report({{"bench", "attested_release"},
          {"unit", "us of server CPU, medians"},
          {"rounds", rounds},
          {"release_new_connection", Median(release)},
          {"grpc_echo_new_connection", Median(bare)},
          {"evidence_crypto", Median(evidence)},
          {"ratio", Median(release) / base}},
         Median(release) / base, 1.3);
  const double resident = MemoryMib(world.service(), "VmRSS");
  Report({{"bench", "memory"},
          {"unit", "MiB"},
          {"daemon", "kedge-keyservice"},
          {"rss", resident},
          {"peak", MemoryMib(world.service(), "VmHWM")}},
         resident, 40);
  if (!bootstrapper.empty()) BenchBootstrapper(world, bootstrapper);
}

}  // namespace kedge::bench
