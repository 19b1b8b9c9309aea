// A made-up AMD: root, intermediates, a chip's and a provider's key, and reports signed by them in
// the genuine layout. Every part can be changed before the evidence is made.
#pragma once

#include <functional>

#include "attestation/verify/snp.h"
#include "crypto/testing/test_pki.h"

namespace kedge::testing {

// Byte offsets in a report.
namespace snp_offset {
inline constexpr size_t kVersion = 0x000;
inline constexpr size_t kGuestSvn = 0x004;
inline constexpr size_t kPolicy = 0x008;
inline constexpr size_t kFamilyId = 0x010;
inline constexpr size_t kImageId = 0x020;
inline constexpr size_t kVmpl = 0x030;
inline constexpr size_t kSignatureAlgorithm = 0x034;
inline constexpr size_t kCurrentTcb = 0x038;
inline constexpr size_t kPlatformInfo = 0x040;
inline constexpr size_t kFlags = 0x048;
inline constexpr size_t kReportData = 0x050;
inline constexpr size_t kMeasurement = 0x090;
inline constexpr size_t kHostData = 0x0C0;
inline constexpr size_t kIdKeyDigest = 0x0E0;
inline constexpr size_t kAuthorKeyDigest = 0x110;
inline constexpr size_t kReportId = 0x140;
inline constexpr size_t kReportIdMa = 0x160;
inline constexpr size_t kReportedTcb = 0x180;
inline constexpr size_t kCpuid = 0x188;
inline constexpr size_t kChipId = 0x1A0;
inline constexpr size_t kCommittedTcb = 0x1E0;
inline constexpr size_t kCurrentVersion = 0x1E8;
inline constexpr size_t kCommittedVersion = 0x1EC;
inline constexpr size_t kLaunchTcb = 0x1F0;
inline constexpr size_t kLaunchMitigation = 0x1F8;
inline constexpr size_t kCurrentMitigation = 0x200;
inline constexpr size_t kSignature = 0x2A0;
}  // namespace snp_offset

class SnpWorld {
 public:
  // A version 5 report of a chip of `product`, VCEK, everything in order.
  explicit SnpWorld(SnpProduct product = SnpProduct::kGenoa);

  // The unsigned report; write to it at will before Evidence().
  Bytes& report() { return report_; }
  void Put(size_t offset, ByteView bytes);
  void Put64(size_t offset, uint64_t value);
  // The same TCB in all four fields and in the certificate.
  void SetTcb(uint64_t raw);
  // Signs with a provider's key instead; CHIP_ID is zero then.
  void UseVlek();

  CertificateTerms& ark_terms() { return ark_; }
  CertificateTerms& intermediate_terms() { return intermediate_; }
  CertificateTerms& leaf_terms() { return leaf_; }
  CrlTerms& crl_terms() { return crl_; }
  void SetExtension(const std::string& oid, const Bytes& content);
  void DropExtension(const std::string& oid);

  SnpEvidence Evidence() const;
  Bytes SignedReport() const;
  // Genuine, with this world's root as the only one.
  SnpPolicy Policy() const;
  static SnpTime Time() { return {.at = absl::FromUnixSeconds(1'750'000'000), .skipped_by = ""}; }
  SnpAppraisal Verify(const SnpPolicy& policy) const {
    return VerifySnp(Evidence(), policy, Time(), std::nullopt);
  }
  const TestKey& leaf_key() const { return leaf_key_; }

 private:
  SnpProduct product_;
  TestKey ark_key_;
  TestKey intermediate_key_;
  TestKey leaf_key_;
  CertificateTerms ark_;
  CertificateTerms intermediate_;
  CertificateTerms leaf_;
  CrlTerms crl_;
  Bytes report_;
};

// The names of the checks that failed or found malformed input.
std::vector<std::string> FailedNames(const Verdict& verdict);

}  // namespace kedge::testing
