#include "attestation/verify/nitro.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/cbor_writer.h"
#include "base/status_matchers.h"
#include "crypto/testing/test_pki.h"

namespace kedge {
namespace {

using testing::CborWriter;
using testing::TestKey;
using testing::TestSignature;

const absl::Time kNow = absl::FromUnixSeconds(1'750'000'000);

// ECDSA in DER (two INTEGERs of at most 48 bytes after their sign) as r || s.
Bytes RawSignature(const Bytes& der) {
  Bytes out;
  size_t at = 2;
  for (int i = 0; i < 2; ++i) {
    const size_t size = der[at + 1];
    Bytes number(der.begin() + static_cast<ptrdiff_t>(at + 2),
                 der.begin() + static_cast<ptrdiff_t>(at + 2 + size));
    while (number.size() > 48) number.erase(number.begin());
    number.insert(number.begin(), 48 - number.size(), 0);
    out.insert(out.end(), number.begin(), number.end());
    at += 2 + size;
  }
  return out;
}

class NitroTest : public ::testing::Test {
 protected:
  Bytes Document(uint8_t pcr0 = 1) {
    const Bytes root = MakeCertificate(
        {.subject = "root", .issuer = "root", .ca = true, .key_usage = "keyCertSign"}, root_key_,
        root_key_, TestSignature::kEcdsa);
    const Bytes leaf = MakeCertificate({.subject = "leaf", .issuer = "root"}, leaf_key_, root_key_,
                                       TestSignature::kEcdsa);
    CborWriter out;
    out.Map(7).Text("module_id").Text("i-1").Text("digest").Text("SHA384");
    out.Text("timestamp").Unsigned(1'750'000'000'000);
    out.Text("pcrs").Map(2).Unsigned(0).Bstr(Bytes(48, pcr0)).Unsigned(4).Bstr(Bytes(48, 2));
    out.Text("certificate").Bstr(leaf).Text("cabundle").Array(1).Bstr(root);
    out.Text("nonce").Bstr(Bytes(3, 5));
    return out.Take();
  }
  Bytes Sign(const Bytes& payload, uint64_t negative_algorithm = 34) {
    const Bytes header = CborWriter().Map(1).Unsigned(1).Negative(negative_algorithm).Take();
    const Bytes to_be_signed =
        CborWriter().Array(4).Text("Signature1").Bstr(header).Bstr({}).Bstr(payload).Take();
    const Bytes signature = RawSignature(leaf_key_.Sign(to_be_signed));
    return CborWriter().Array(4).Bstr(header).Map(0).Bstr(payload).Bstr(signature).Take();
  }
  Verdict Check(const Bytes& file, const NitroQuestion& question = {.at = kNow}) {
    CheckList checks;
    VerifyNitroDocument(file, question, checks);
    return std::move(checks).Take();
  }
  static std::string Failures(const Verdict& verdict) {
    std::string out;
    for (const kedge::Check& check : verdict.checks) {
      const bool bad =
          check.result == CheckResult::kFail || check.result == CheckResult::kMalformed;
      if (bad) out += check.name + " ";
    }
    return out;
  }

  const TestKey root_key_ = TestKey::P384();
  const TestKey leaf_key_ = TestKey::P384();
};

TEST_F(NitroTest, OnlyTheRootIsMissing) {
  EXPECT_EQ(Failures(Check(Sign(Document()))), "ROOT_PIN ");
}

TEST_F(NitroTest, EachQuestionHasItsRow) {
  Bytes forged = Sign(Document());
  forged.back() ^= 1;
  EXPECT_EQ(Failures(Check(forged)), "SIGNATURE ROOT_PIN ");
  EXPECT_EQ(Failures(Check(Sign(Document(), 6))), "SIG_ALGO ROOT_PIN ");
  EXPECT_EQ(Failures(Check(Sign(Document(0)))), "ROOT_PIN DEBUG_ZERO_PCRS ");
  EXPECT_EQ(Failures(Check(Sign(Document()), {.at = absl::FromUnixSeconds(1'600'000'000)})),
            "TIME ROOT_PIN ");
  EXPECT_EQ(Failures(Check(Sign(Document()), {.at = kNow, .nonce = Bytes(3, 5)})), "ROOT_PIN ");
  EXPECT_EQ(Failures(Check(Sign(Document()), {.at = kNow, .nonce = Bytes(3, 6)})),
            "ROOT_PIN NONCE ");
  EXPECT_EQ(Failures(Check(Sign(Document()), {.at = kNow, .user_data = Bytes(1, 6)})),
            "ROOT_PIN USER_DATA ");
  EXPECT_EQ(Failures(Check(Bytes(5, 0))), "FORMAT ");
}

TEST_F(NitroTest, PayloadIsVerifiedAsItCame) {
  const Bytes file = Sign(Document());
  // Every byte of the payload: changed, it is malformed or not what was signed.
  for (size_t i = 9; i < file.size() - 98; ++i) {
    Bytes bad = file;
    bad[i] ^= 1;
    const std::string failures = Failures(Check(bad));
    EXPECT_TRUE(failures.find("SIGNATURE") != std::string::npos ||
                failures.find("FORMAT") != std::string::npos)
        << i << " " << failures;
  }
}

}  // namespace
}  // namespace kedge
