// `kedge verify tpm` over a quote made here: who vouches for the key, and what a policy asks for.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "attestation/model/testing/tpm_wire.h"
#include "attestation/parse/tpm_structs.h"
#include "base/host/system_clock.h"
#include "base/status_matchers.h"
#include "cli/run.h"
#include "crypto/system_random.h"
#include "crypto/testing/test_pki.h"

namespace kedge::cli {
namespace {

using nlohmann::json;
using testing::CertificateTerms;
using testing::MakeCertificate;
using testing::TestKey;
using testing::TestSignature;

// SEQUENCE of one OBJECT IDENTIFIER 2.23.133.8.1 (EK) or .3 (AK).
const Bytes kEkPurpose = {0x30, 0x07, 0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x01};
const Bytes kAkPurpose = {0x30, 0x07, 0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x03};

class VerifyTpmTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = ::testing::TempDir() + "/tpm.XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    PcrValues pcrs;
    json values = json::object();
    testing::QuoteAttest attest;
    for (PcrIndex index = 0; index < 8; ++index) {
      pcrs[index] = Bytes(32, static_cast<uint8_t>(index + 1));
      attest.selection.push_back(index);
      values["sha256"][std::to_string(index)] = ToHex(pcrs[index]);
    }
    attest.extra_data = {1, 2, 3};
    attest.pcr_digest = testing::PcrDigestOf(pcrs);
    const Bytes quoted = testing::EncodeQuoteAttest(attest);
    Write("quote", quoted);
    Write("signature", testing::EncodeEcdsaSignatureFromDer(kTpmAlgSha256, ak_.Sign(quoted)));
    Write("pcrs.json", AsBytes(values.dump()));
    Write("ak.der", ak_.Spki());
    Write("root.der",
          MakeCertificate(
              {.subject = "root", .issuer = "root", .ca = true, .key_usage = "keyCertSign"}, root_,
              root_, TestSignature::kEcdsa));
    Write("ak.cert", AkCertificate(ak_, "digitalSignature", kAkPurpose, root_));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static Bytes AkCertificate(const TestKey& key, const std::string& usage, const Bytes& purpose,
                             const TestKey& issuer) {
    CertificateTerms terms{.subject = "ak", .issuer = "root", .key_usage = usage};
    terms.extensions = {{"2.5.29.37", purpose}};
    return MakeCertificate(terms, key, issuer, TestSignature::kEcdsa);
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, ByteView bytes) const {
    std::ofstream(Path(name), std::ios::binary) << AsText(bytes);
  }
  void WritePolicy(const std::string& pcr0, const std::string& accepted_ak = "ak-certificate") {
    const json policy = {
        {"format", "kedge.attestation-policy.v1"},
        {"tpm",
         {{"accepted_ak", {accepted_ak}},
          {"secure_boot", "allow"},
          {"pcrs",
           {{{"bank", "sha256"}, {"pcr", 0}, {"accepted", {pcr0}}, {"enforcement", "enforce"}}}}}}};
    Write("policy.json", AsBytes(policy.dump()));
  }
  // The failed checks, in their order.
  std::string Verify(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"--json",          "verify",      "tpm",
                                          "--quote",         Path("quote"), "--signature",
                                          Path("signature"), "--pcrs",      Path("pcrs.json"),
                                          "--nonce",         "010203"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::ostringstream out;
    err_.str("");
    const Environment env{.out = out,
                          .err = err_,
                          .clock = clock_,
                          .random = random_,
                          .run_exchange = nullptr,
                          .sleep = nullptr,
                          .read_input = nullptr};
    code_ = cli::Run(std::move(arguments), env);
    answer_ = json::parse(out.str(), nullptr, false);
    std::string failed;
    if (!answer_.is_object() || !answer_.contains("checks")) return "no answer";
    for (const json& check : answer_["checks"]) {
      if (check["result"] == "fail") failed += check["id"].get<std::string>() + " ";
    }
    return failed;
  }
  std::vector<std::string> ByCertificate() const {
    return {"--ak-cert",      Path("ak.cert"), "--root",
            Path("root.der"), "--at",          "2025-06-01T00:00:00Z"};
  }

  const TestKey ak_ = TestKey::P256();
  const TestKey root_ = TestKey::P256();
  std::string folder_;
  std::ostringstream err_;
  SystemClock clock_;
  SystemRandom random_;
  ExitCode code_ = ExitCode::kInternal;
  json answer_;
};

TEST_F(VerifyTpmTest, TheCallerMayVouchForTheKey) {
  EXPECT_EQ(Verify({"--ak", Path("ak.der")}), "") << answer_.dump(1);
  EXPECT_EQ(code_, ExitCode::kGood);
  EXPECT_EQ(Verify({}), "no answer");
  EXPECT_EQ(code_, ExitCode::kMalformed);
}

TEST_F(VerifyTpmTest, ACertificateVouchesAndBringsTheKey) {
  EXPECT_EQ(Verify(ByCertificate()), "") << answer_.dump(1);
  EXPECT_EQ(code_, ExitCode::kGood);
  EXPECT_EQ(answer_.at("claims").at("ak_certificate").at("kind"), "ak");
  std::vector<std::string> both = ByCertificate();
  both.insert(both.end(), {"--ak", Path("ak.der")});
  EXPECT_EQ(Verify(both), "");
  Write("ak.der", TestKey::P256().Spki());
  EXPECT_NE(Verify(both).find("AK_BINDING"), std::string::npos) << answer_.dump(1);
}

TEST_F(VerifyTpmTest, CertificatesOfOthersVouchForNothing) {
  Write("ak.cert", AkCertificate(ak_, "digitalSignature", kAkPurpose, TestKey::P256()));
  EXPECT_NE(Verify(ByCertificate()).find("CHAIN"), std::string::npos);
  Write("ak.cert", AkCertificate(TestKey::P256(), "digitalSignature", kAkPurpose, root_));
  EXPECT_NE(Verify(ByCertificate()).find("TPM_SIGNATURE"), std::string::npos);
  Write("ak.cert", AkCertificate(ak_, "keyAgreement", kEkPurpose, root_));
  EXPECT_NE(Verify(ByCertificate()).find("KEY_PURPOSE"), std::string::npos);
  std::vector<std::string> late = ByCertificate();
  late.back() = "2055-01-01T00:00:00Z";
  Write("ak.cert", AkCertificate(ak_, "digitalSignature", kAkPurpose, root_));
  EXPECT_NE(Verify(late).find("TIME"), std::string::npos);
  Write("ak.cert", AsBytes("no certificate"));
  Verify(ByCertificate());
  EXPECT_EQ(code_, ExitCode::kMalformed);
}

TEST_F(VerifyTpmTest, ThePolicyIsAsked) {
  std::vector<std::string> arguments = ByCertificate();
  arguments.insert(arguments.end(), {"--policy", Path("policy.json")});
  WritePolicy(std::string(62, '0') + "01");
  EXPECT_EQ(Verify(arguments), "PCR_RULE ");
  WritePolicy(ToHex(Bytes(32, 1)));
  EXPECT_EQ(Verify(arguments), "") << answer_.dump(1);
  WritePolicy(ToHex(Bytes(32, 1)), "tee-report");
  EXPECT_EQ(Verify(arguments), "AK_BINDING ");
  WritePolicy(ToHex(Bytes(32, 1)));
  EXPECT_EQ(Verify({"--ak", Path("ak.der"), "--policy", Path("policy.json")}), "AK_BINDING ");
  // A policy about other things accepts no TPM, and one that cannot be read accepts nothing.
  Write("policy.json", AsBytes(R"({"format":"kedge.attestation-policy.v1"})"));
  EXPECT_EQ(Verify(arguments), "no answer");
  EXPECT_EQ(code_, ExitCode::kMalformed);
  Write("policy.json", AsBytes(R"({"pcrs":[]})"));
  EXPECT_EQ(Verify(arguments), "no answer");
  EXPECT_EQ(code_, ExitCode::kMalformed);
}

}  // namespace
}  // namespace kedge::cli
