// Stand-in hardware for tests of the channel, which treats evidence as opaque bytes: chips with a
// maker's certificate that really sign report data, and the verifier for them. Test-only: no
// release binary links this, and no product verifier knows the layout.
#pragma once

#include <cstdlib>
#include <string>

#include "attestation/model/evidence.h"
#include "base/status.h"
#include "crypto/ecdsa.h"

namespace kedge::testing {

// One machine: a key that never leaves it, certified by its maker together with what booted.
class TestChip {
 public:
  Bytes Attest(const ReportData& report_data) const;
  const Bytes& id() const { return key_.public_key().spki(); }

 private:
  friend class TestMaker;
  TestChip(SigningKey key, std::string measurement, Bytes certificate)
      : key_(std::move(key)),
        measurement_(std::move(measurement)),
        certificate_(std::move(certificate)) {}
  SigningKey key_;
  std::string measurement_;
  Bytes certificate_;
};

struct TestClaims {
  Bytes chip_id;
  std::string measurement;
};

class TestMaker {
 public:
  TestMaker();
  TestChip MakeChip(const std::string& measurement) const;
  // Fault EVIDENCE_NOT_GENUINE or REPORT_DATA_MISMATCH.
  StatusOr<TestClaims> Verify(ByteView evidence, const ReportData& expected) const;

 private:
  SigningKey key_;
};

// For test set-up, where an error is a broken test.
SigningKey NewKey(Curve curve);
template <typename T>
T Must(StatusOr<T> value) {
  if (!value.ok()) std::abort();
  return *std::move(value);
}

}  // namespace kedge::testing
