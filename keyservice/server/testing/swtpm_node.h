// A machine with a real software TPM: boots the test image, measures, issues evidence.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "attestation/issue/measurement_log.h"
#include "attestation/issue/vtpm_issuer.h"
#include "attestation/model/measure_once.h"
#include "attestation/tpm/esys_tpm.h"
#include "attestation/tpm/testing/swtpm.h"

namespace kedge::testing {

class SwtpmNode {
 public:
  // `log`: the measurement log's file.
  static StatusOr<std::unique_ptr<SwtpmNode>> Start(const std::string& log) {
    ASSIGN_OR_RETURN(std::unique_ptr<Swtpm> swtpm, Swtpm::Start());
    return std::unique_ptr<SwtpmNode>(new SwtpmNode(std::move(swtpm), log));
  }

  // Power off and on, then what firmware and systemd measure of the image (fake_node.h: TestImage).
  Status Boot(std::string_view image = "kedge-test") {
    Release();
    std::filesystem::remove(log_path_);
    RETURN_IF_ERROR(swtpm_->PowerCycle());
    for (const PcrIndex pcr : {4u, 9u, 11u}) {
      const std::string part = std::string(image) + " measured into PCR " + std::to_string(pcr);
      RETURN_IF_ERROR(tpm().Extend({pcr, "firmware", ToBytes(part)}));
    }
    return EnterPhase("enter-initrd");
  }
  Status EnterPhase(std::string_view phase) { return tpm().Extend({11, "phase", ToBytes(phase)}); }
  Status Measure(const MeasuredEvent& event) { return MeasureOnce(tpm(), log_, event).status(); }

  // swtpm serves one connection at a time: lets go of it, so that another process can have it.
  void Release() {
    issuer_.reset();
    tpm_.reset();
  }

  Issuer& issuer() {
    tpm();
    return *issuer_;
  }
  const Swtpm& swtpm() const { return *swtpm_; }

 private:
  SwtpmNode(std::unique_ptr<Swtpm> swtpm, const std::string& log)
      : swtpm_(std::move(swtpm)), log_path_(log), log_(log) {}

  EsysTpm& tpm() {
    if (!tpm_) {
      tpm_.emplace(EsysTpmOptions{.tcti = swtpm_->tcti()});
      issuer_.emplace(*tpm_, EvidenceLogs{.firmware = [] { return Bytes(); },
                                          .kedge = [this] { return log_.ReadRaw(); }});
    }
    return *tpm_;
  }

  const std::unique_ptr<Swtpm> swtpm_;
  const std::string log_path_;
  MeasurementLog log_;
  std::optional<EsysTpm> tpm_;
  std::optional<VtpmIssuer> issuer_;
};

}  // namespace kedge::testing
