// The other side of every exchange with a key service, as bootstrapper and operator are, for tests.
#pragma once

#include <absl/time/clock.h>

#include <functional>
#include <optional>
#include <string>

#include "attestation/channel/exchange.h"
#include "attestation/model/issuer.h"
#include "crypto/ecdsa.h"
#include "keyservice/core/receipt.h"
#include "keyservice/core/seed_share.h"
#include "proto/kedge.pb.h"

namespace kedge::testing {

// How a client reaches the server: over a link in memory, or over gRPC.
using RunClient = std::function<StatusOr<ExchangeResult>(const ClientExchange&)>;

// What a node knows and has when it asks.
struct NodeAsk {
  Issuer* issuer = nullptr;
  std::string node{};
  std::string role{};
  Bytes invitation{};
  std::string disk = "blank";
  Bytes header_digest{};
  uint64_t disk_counter = 0;
  bool tpm_counter_behind = false;
  // Instead of the issuer's own endorsements.
  std::optional<Endorsements> endorsements{};
};

struct TestRelease {
  std::string order;
  Bytes key;  // not secret: of a test
  std::string box_id;
  std::string certificate_pem;
  std::string ca_pem;
  uint64_t disk_counter = 0;
  uint64_t next_disk_counter = 0;
  bool disk_accepted = false;
};

struct TestInit {
  Receipt receipt;
  std::vector<SeedShare> shares;
  std::string ca_pem;
  bool trust_on_first_use = false;
  Bytes service_key_spki;  // that signed S3
};

class TestClient {
 public:
  explicit TestClient(RunClient run) : run_(std::move(run)) {}

  // Pins of a node; set after init.
  ClientPins pins;
  // Of the owner's clock.
  absl::Time owner_time = absl::Now();
  // Called where init has seen the server's proof, before anything goes up.
  std::function<void()> before_upload = [] {};

  StatusOr<TestRelease> Release(const NodeAsk& ask);
  Status Report(const NodeAsk& ask, const std::string& state, ByteView header_digest);

  // `confirm`: what goes up in C3; empty: the manifest's digest.
  StatusOr<TestInit> Init(const SigningKey& owner, ByteView manifest, ByteView coordinator_id,
                          ByteView confirm = {});
  StatusOr<Bytes> Recover(const SigningKey& owner, const Receipt& receipt, ByteView manifest,
                          ByteView salt, const SecretBytes& seed, ByteView coordinator_id,
                          std::optional<uint64_t> accept_disk_counter = std::nullopt);
  StatusOr<v1::StatusAnswer> GetStatus(const SigningKey& owner);
  StatusOr<v1::NodeCommandAnswer> Command(const SigningKey& owner,
                                          const v1::NodeCommandRequest& command);
  StatusOr<ExchangeResult> Cancel(const SigningKey& owner, const Sha256Digest& manifest_digest);
  // `credential`: made for the server; the answer's HMAC is then checked against `secret`.
  StatusOr<v1::CoordinatorProof> Verify();
  StatusOr<v1::CoordinatorProof> Verify(const CredentialBlob& credential,
                                        const SecretBytes& secret);
  // Any request with any proof and payload.
  StatusOr<ExchangeResult> Raw(const v1::Request& request, const Bytes& payload, ProofType proof,
                               std::function<StatusOr<Bytes>(const ReportData&)> prove = {});

 private:
  ClientExchange Base(const v1::Request& request) const;
  ClientExchange AsOwner(const v1::Request& request, const SigningKey& owner) const;
  ClientExchange AsNode(const v1::Request& request, const NodeAsk& ask) const;

  RunClient run_;
};

}  // namespace kedge::testing
