// A provisioning service in memory: the documents of a TdxMachine under the real paths, and
// everything that can go wrong between.
#pragma once

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <functional>
#include <map>
#include <string>

#include "attestation/collateral/http.h"
#include "attestation/verify/testing/tdx_machine.h"
#include "base/clock.h"
#include "base/random.h"

namespace kedge::collateral::testing {

inline std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const auto byte = static_cast<uint8_t>(c);
    out += plain ? std::string(1, c) : "%" + ToHex({&byte, 1});
  }
  return out;
}

// What the service answers for this machine, by path and query.
inline std::map<std::string, HttpAnswer> AnswersOf(const kedge::testing::TdxMachine& machine,
                                                   const std::string& authority = "platform") {
  const TdxCollateralFiles files = machine.Files();
  const std::string signer = PercentEncode(AsText(files.tcb_chain_pem));
  return {
      {"/tdx/certification/v4/tcb?fmspc=" + ToHex(machine.tcb_info.fmspc),
       {200, {{"tcb-info-issuer-chain", signer}}, files.tcb_info_json}},
      {"/tdx/certification/v4/qe/identity",
       {200, {{"sgx-enclave-identity-issuer-chain", signer}}, files.qe_identity_json}},
      {"/sgx/certification/v4/pckcrl?ca=" + authority + "&encoding=der",
       {200, {{"sgx-pck-crl-issuer-chain", PercentEncode(machine.CaChainPem())}}, files.pck_crl}},
      {"/IntelSGXRootCA.der", {200, {}, files.root_crl}},
  };
}

class FakeHttp final : public Http {
 public:
  // By whole URL; what is not there answers 404.
  std::map<std::string, HttpAnswer> answers;
  // Runs before each answer, unlocked.
  std::function<void(const std::string& url)> before = {};
  bool unreachable = false;

  StatusOr<HttpAnswer> Get(const std::string& url) override {
    {
      const absl::MutexLock lock(&mutex_);
      ++asked_[url];
    }
    if (before) before(url);
    if (unreachable) return MakeError(StatusCode::kUnavailable, "no connection");
    const auto found = answers.find(url);
    return found == answers.end() ? HttpAnswer{404, {}, {}} : found->second;
  }
  int asked(const std::string& url) const {
    const absl::MutexLock lock(&mutex_);
    const auto found = asked_.find(url);
    return found == asked_.end() ? 0 : found->second;
  }
  int asked() const {
    const absl::MutexLock lock(&mutex_);
    int out = 0;
    for (const auto& [url, count] : asked_) out += count;
    return out;
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, int> asked_ ABSL_GUARDED_BY(mutex_);
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time now) : now_(now) {}
  absl::Time Now() const override {
    const absl::MutexLock lock(&mutex_);
    return now_;
  }
  void Advance(absl::Duration by) {
    const absl::MutexLock lock(&mutex_);
    now_ += by;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

class ConstantRandom final : public Random {
 public:
  Status Fill(std::span<uint8_t> out) override {
    for (uint8_t& byte : out) byte = 0xFF;
    return absl::OkStatus();
  }
};

}  // namespace kedge::collateral::testing
