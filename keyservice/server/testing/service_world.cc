#include "keyservice/server/testing/service_world.h"

#include <absl/strings/str_format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "attestation/channel/drive.h"
#include "attestation/channel/testing/memory_link.h"
#include "base/status_matchers.h"
#include "keyservice/server/cluster_records.h"
#include "keyservice/store/directory_store.h"
#include "proto/wire/binary.h"
#include "proto/wire/manifest.h"

namespace kedge::testing {
namespace {

namespace fs = std::filesystem;

template <typename T>
T Must(StatusOr<T> value) {
  EXPECT_OK(value);
  return *std::move(value);
}

Bytes NewTlsKey() { return SigningKey::Generate(Curve::kP256)->public_key().spki(); }

}  // namespace

ServiceWorld::ServiceWorld(WorldOptions options) : options_(options) {
  client_.owner_time = kOwnersNow;
  manifest_ = ManifestWith([](ManifestTerms&) {});
  wire::Invitation invitation;
  invitation.node = "node-1";
  invitation.role = "control-plane";
  invitation.issue_time = kOwnersNow;
  first_invitation_ = ToBytes(Must(wire::MakeInvitation(invitation, owner())));
  Boot(StateDiskContent::kBlank);
}

Bytes ServiceWorld::ManifestWith(const std::function<void(ManifestTerms&)>& change) const {
  ManifestTerms terms = TestManifestTerms(ca_.root_pem());
  terms.images = {TestImage()};
  change(terms);
  return ToBytes(Must(wire::PrintManifest(terms)));
}

Manifest ServiceWorld::Parse(ByteView manifest) const {
  return Must(wire::ParseManifest(manifest));
}

void ServiceWorld::Boot(StateDiskContent disk) { EXPECT_OK(TryBoot(disk)); }

Status ServiceWorld::TryBoot(StateDiskContent disk) {
  LoseRun();
  vault_.Revoke().IgnoreError();
  coordinator_.Boot();
  EXPECT_OK(coordinator_.Measure(InitDataEvent(first_invitation_)));
  disk_ = disk;
  return StartService();
}

void ServiceWorld::LoseRun() {
  service_.reset();
  store_.reset();
  fs::remove_all(RunPath());
}

Status ServiceWorld::RestartService() {
  service_.reset();
  store_.reset();
  return StartService();
}

Status ServiceWorld::StartService() {
  store_ = std::make_unique<AttachableStore>(Must(DirectoryStore::Open(RunPath())),
                                             keyservice::kCommitKey);
  std::optional<wire::OpenedInvitation> invitation;
  if (options_.invited) invitation = Must(wire::OpenInvitation(first_invitation_));
  auto service = keyservice::KeyService::Start({.issuer = coordinator_.issuer(),
                                                .rtc = clock_,
                                                .build_time = options_.build_time,
                                                .random = random_,
                                                .vault = vault_,
                                                .store = *store_,
                                                .invitation = std::move(invitation),
                                                .disk = disk_,
                                                .collateral = options_.collateral});
  if (service.ok()) service_ = *std::move(service);
  return service.status();
}

Status ServiceWorld::OpenDisk() {
  return service_->AttachStore(Must(DirectoryStore::Open(DiskPath())));
}

void ServiceWorld::CopyDiskTo(const ServiceWorld& other) const {
  fs::copy(DiskPath(), other.DiskPath(), fs::copy_options::recursive);
}

void ServiceWorld::DamageDisk(const std::string& file) const {
  const std::string path = DiskPath() + "/" + file;
  ASSERT_TRUE(fs::exists(path)) << path;
  fs::resize_file(path, fs::file_size(path) - 1);
}

void ServiceWorld::KeepDiskAs(const std::string& name) const {
  fs::copy(DiskPath(), directory_.path() + "/" + name, fs::copy_options::recursive);
}

void ServiceWorld::PutDiskBack(const std::string& name) const {
  WipeDisk();
  fs::copy(directory_.path() + "/" + name, DiskPath(), fs::copy_options::recursive);
}

void ServiceWorld::WipeDisk() const { fs::remove_all(DiskPath()); }

Bytes ServiceWorld::CoordinatorId() {
  return Must(VerifyEk(Must(coordinator_.issuer().GetEndorsements()),
                       {{.name = "root", .certificate_pem = ca_.root_pem()}}, kOwnersNow))
      .identity.value;
}

std::string ServiceWorld::NewCorrelationId() {
  const absl::MutexLock lock(&mutex_);
  last_correlation_id_ = absl::StrFormat("%016x", ++exchanges_);
  return last_correlation_id_;
}

StatusOr<ExchangeResult> ServiceWorld::Run(const ClientExchange& exchange) {
  const TlsKeys client_tls{.own_spki = NewTlsKey(), .peer_spki = NewTlsKey()};
  MemoryLink link(client_tls);
  const std::string id = NewCorrelationId();
  std::thread thread([&] {
    const std::unique_ptr<ServerExchange> server = service_->NewExchange();
    const Status status = DriveServer(
        *server, link.server(),
        {.own_spki = client_tls.peer_spki, .peer_spki = client_tls.own_spki}, random_, id);
    link.CloseDown();
    service_->Record({.correlation_id = id, .peer = "test", .status = status});
  });
  StatusOr<ExchangeResult> result =
      DriveClient(exchange, link.client(), client_tls.own_spki, random_);
  link.CloseUp();
  thread.join();
  return result;
}

Status ServiceWorld::Init() {
  ASSIGN_OR_RETURN(init_, client_.Init(owner(), manifest_, CoordinatorId()));
  client_.pins = {.cluster_id = ToBytes(ByteView(init_->receipt.cluster_id)),
                  .service_key_spki = init_->receipt.service_key_spki,
                  .minimum_generation = 1};
  return absl::OkStatus();
}

Status ServiceWorld::InitWith(Bytes manifest) {
  manifest_ = std::move(manifest);
  return Init();
}

SecretBytes ServiceWorld::Seed() const {
  return Must(OpenSeedShare(init_->shares.at(0), TestSeedShareKey()));
}

StatusOr<Bytes> ServiceWorld::Recover() {
  TestClient unpinned = client_;
  unpinned.pins = {};
  return unpinned.Recover(owner(), init_->receipt, manifest_, init_->shares.at(0).salt, Seed(),
                          CoordinatorId());
}

NodeAsk ServiceWorld::AskOfCoordinator() {
  EXPECT_OK(coordinator_.Measure(ClusterIdEvent(init_->receipt.cluster_id)));
  return {.issuer = &coordinator_.issuer(),
          .node = "node-1",
          .role = "control-plane",
          .invitation = first_invitation_};
}

Status ServiceWorld::Cap(FakeNode& node) {
  RETURN_IF_ERROR(node.Measure(NodeEvent("worker", {}, {})).status());
  return node.Measure(CapEvent()).status();
}

Status ServiceWorld::AdmitDirectly(const v1::Request& request, ProofType proof,
                                   const Bytes& payload) {
  ClientRequest client_request;
  client_request.request = wire::PrintBinary(request);
  client_request.proof_type = proof;
  client_request.payload = payload;
  const std::unique_ptr<ServerExchange> exchange = service_->NewExchange();
  exchange->Identity();
  return exchange->Admit(client_request).status();
}

Bytes ServiceWorld::InvitationFor(const std::string& name, const std::string& role) const {
  return InvitationFor(name, role, owner());
}

Bytes ServiceWorld::InvitationFor(const std::string& name, const std::string& role,
                                  const SigningKey& signer) const {
  wire::Invitation invitation;
  invitation.cluster_id = ToBytes(ByteView(init_->receipt.cluster_id));
  invitation.service_key_spki = init_->receipt.service_key_spki;
  invitation.endpoints = {"192.0.2.1:7443"};
  invitation.node = name;
  invitation.role = role;
  invitation.issue_time = kOwnersNow;
  invitation.control_plane_images = {TestImage()};
  invitation.tpm_roots = {{.name = "root", .certificate_pem = ca_.root_pem()}};
  invitation.minimum_generation = 1;
  return ToBytes(Must(wire::MakeInvitation(invitation, signer)));
}

NodeAsk ServiceWorld::AskOf(FakeNode& node, const std::string& name, const std::string& role) {
  const Bytes invitation = InvitationFor(name, role);
  EXPECT_OK(node.Measure(InitDataEvent(invitation)));
  EXPECT_OK(node.Measure(ClusterIdEvent(init_->receipt.cluster_id)));
  return {.issuer = &node.issuer(), .node = name, .role = role, .invitation = invitation};
}

}  // namespace kedge::testing
