// A key service on a fake node, honest unless told otherwise, for tests of its clients: real
// evidence, real keys, real exchanges over a stream in memory. It keeps no registry.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attestation/channel/exchange.h"
#include "attestation/issue/testing/fake_node.h"
#include "crypto/system_random.h"
#include "keyservice/core/key_tree.h"
#include "keyservice/core/manifest.h"
#include "keyservice/core/receipt.h"
#include "proto/kedge.pb.h"

namespace kedge::testing {

struct ScriptedService {
  // Trusts and is trusted under `tpm_ca`; waits for init.
  explicit ScriptedService(const TestTpmCa& tpm_ca) : node(tpm_ca) {}

  // One exchange of a client with this service, both ends for real.
  StatusOr<ExchangeResult> Run(const ClientExchange& exchange);
  // As after a power cut of the machine: PCRs reset, keys gone.
  void PowerCut();

  SystemRandom random;
  FakeNode node;
  std::string phase = "AWAITING_INIT";
  std::string name = "node-1";
  std::string status_json = "{}";
  std::string command_json = "{}";  // kedge.v1.NodeCommandAnswer
  std::function<std::string()> set_manifest_json = [] { return "{}"; };  // SetManifestAnswer
  // Set by init and recover.
  std::shared_ptr<const KeyTree> tree;
  std::shared_ptr<const SigningKey> identity;
  std::optional<Receipt> receipt;
  std::string ca_certificate_pem;
  Bytes manifest;
  uint64_t generation = 0;

  // Interference, each called on what an honest service would say.
  std::function<void(v1::CoordinatorProof&)> change_proof = [](v1::CoordinatorProof&) {};
  std::function<void(Receipt&)> change_receipt = [](Receipt&) {};  // before it is signed
  std::function<void(v1::InitResult&)> change_init = [](v1::InitResult&) {};
  std::function<void(v1::RecoverResult&)> change_recover = [](v1::RecoverResult&) {};
  std::function<void(int)> before_exchange = [](int) {};  // the number of the exchange, from 0
  // Instead of an answer.
  Status refuse;

  // Seen.
  int exchanges = 0;
  std::vector<v1::Request> requests;
  std::vector<Bytes> payloads;
  std::vector<ProofType> proofs;
  std::optional<Bytes> uploaded;
};

// A manifest that accepts the fake node under `tpm_ca` with the keys of test_cluster.h.
Manifest ManifestFor(const TestTpmCa& tpm_ca);

}  // namespace kedge::testing
