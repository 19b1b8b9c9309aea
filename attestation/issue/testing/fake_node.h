// A node's TPM, measurement log and issuer in one, for tests of the rooms above: it boots a test
// image, measures, and issues evidence that the real verifier accepts.
#pragma once

#include <string>
#include <string_view>

#include "attestation/issue/vtpm_issuer.h"
#include "attestation/model/measure_once.h"
#include "attestation/model/testing/fake_tpm.h"
#include "attestation/model/testing/memory_event_log.h"
#include "attestation/verify/verify.h"

namespace kedge::testing {

// The reference values of what FakeNode::Boot(`name`) measures. Images of different names differ in
// PCRs 4, 9 and 11.
ReferenceValues TestImage(const std::string& name = "kedge-test");

class FakeNode {
 public:
  explicit FakeNode(const TestTpmCa& ca, FakeTpmOptions options = {});
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  // TPM reset, then firmware and UKI of the image, up to the phase enter-initrd.
  void Boot(const std::string& image = "kedge-test");
  // systemd-pcrphase: "leave-initrd", "sysinit", "ready", in that order.
  void EnterPhase(std::string_view phase) { tpm_.ExtendData(11, AsBytes(phase)); }
  StatusOr<PcrClass> Measure(const MeasuredEvent& event) { return MeasureOnce(tpm_, log_, event); }

  FakeTpm& tpm() { return tpm_; }
  MemoryEventLog& log() { return log_; }
  Issuer& issuer() { return issuer_; }

 private:
  StatusOr<Bytes> EncodedLog();

  FakeTpm tpm_;
  MemoryEventLog log_;
  VtpmIssuer issuer_;
};

}  // namespace kedge::testing
