#include "cli/signed_verdict.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/host/files.h"
#include "base/host/system_clock.h"
#include "base/status_matchers.h"
#include "cli/run.h"
#include "crypto/digest.h"
#include "crypto/system_random.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

const ordered_json& Verdict() {
  static const auto* const verdict = new ordered_json{{"verdict", "trusted"},
                                                      {"checks",
                                                       {{{"id", "SIGNATURE"},
                                                         {"result", "pass"},
                                                         {"expected", "fits"},
                                                         {"actual", "fits"},
                                                         {"reason", ""}}}},
                                                      {"claims", {{"version", 3}}}};
  return *verdict;
}

VerdictTerms Terms() {
  return {absl::FromUnixSeconds(1'760'000'000),
          "kedge 0",
          {"verify", "snp", "--report", "r\xFF"},
          {{"r\xFF", "00"}}};
}

TEST(SignedVerdict, GivesBackWhatWasSigned) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP384));
  ASSERT_OK_AND_ASSIGN(const std::string file, SignVerdict(Verdict(), Terms(), key));
  ASSERT_OK_AND_ASSIGN(const ordered_json content,
                       OpenSignedVerdict(AsBytes(file), key.public_key()));
  EXPECT_EQ(content.at("verdict"), "trusted");
  EXPECT_EQ(content.at("checks"), Verdict().at("checks"));
  EXPECT_EQ(content.at("claims"), Verdict().at("claims"));
  EXPECT_EQ(content.at("made_at"), "2025-10-09T08:53:20+00:00");
  EXPECT_EQ(content.at("inputs")[0].at("sha256"), "00");
}

TEST(SignedVerdict, NoByteMayChangeAndNoOtherKeyFits) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP384));
  ASSERT_OK_AND_ASSIGN(const SigningKey other, SigningKey::Generate(Curve::kP384));
  ASSERT_OK_AND_ASSIGN(const std::string file, SignVerdict(Verdict(), Terms(), key));
  EXPECT_THAT(OpenSignedVerdict(AsBytes(file), other.public_key()), HasFault("BAD_SIGNATURE"));
  ASSERT_OK_AND_ASSIGN(const ordered_json genuine,
                       OpenSignedVerdict(AsBytes(file), key.public_key()));
  for (size_t at = 0; at < file.size(); ++at) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const StatusOr<ordered_json> opened = OpenSignedVerdict(AsBytes(changed), key.public_key());
    // White space and the name of the key are not signed, and decide nothing.
    if (opened.ok()) {
      EXPECT_EQ(*opened, genuine) << at;
    }
  }
  // Another verdict in the envelope of this one.
  ordered_json envelope = ordered_json::parse(file);
  std::string content = std::string(AsText(*FromBase64(envelope["content"].get<std::string>())));
  content.replace(content.find("trusted"), 7, "mistrus");
  envelope["content"] = ToBase64(AsBytes(content));
  EXPECT_THAT(OpenSignedVerdict(AsBytes(envelope.dump()), key.public_key()),
              HasFault("BAD_SIGNATURE"));
}

// The key signs other things too: a signature of one of those is none of a verdict.
TEST(SignedVerdict, TheContentAloneIsNotWhatIsSigned) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP384));
  ASSERT_OK_AND_ASSIGN(const std::string file, SignVerdict(Verdict(), Terms(), key));
  ordered_json envelope = ordered_json::parse(file);
  const Bytes content = *FromBase64(envelope["content"].get<std::string>());
  envelope["signature"] = ToBase64(key.Sign(content).value());
  EXPECT_THAT(OpenSignedVerdict(AsBytes(envelope.dump()), key.public_key()),
              HasFault("BAD_SIGNATURE"));
}

TEST(SignedVerdict, OtherFilesAreMalformed) {
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP256));
  for (const char* file : {"", "{}", "[]", R"({"format":"kedge.signed-verdict.v2","content":"",
                           "key_sha256":"","signature":""})",
                           R"({"format":1,"content":"","key_sha256":"","signature":""})"}) {
    EXPECT_THAT(OpenSignedVerdict(AsBytes(file), key.public_key()), HasFault("MALFORMED")) << file;
  }
}

// From evidence to a signed file and back, through the command.
TEST(SignedVerdict, TheCommandSignsAndChecks) {
  std::string folder = ::testing::TempDir() + "/signed.XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ASSERT_OK_AND_ASSIGN(const SigningKey key, SigningKey::Generate(Curve::kP384));
  ASSERT_OK_AND_ASSIGN(const SecretBytes pem, key.PrivatePem());
  ASSERT_OK(WriteSecretFileAtomically(folder + "/owner.key", pem, 0600));
  std::ofstream(folder + "/owner.pem") << key.public_key().Pem();
  std::ofstream(folder + "/report.bin") << "no report";
  SystemClock clock;
  SystemRandom random;
  std::ostringstream out;
  std::ostringstream err;
  const Environment env{.out = out,
                        .err = err,
                        .clock = clock,
                        .random = random,
                        .run_exchange = nullptr,
                        .sleep = nullptr,
                        .read_input = nullptr};
  const auto run = [&](std::vector<std::string> arguments) {
    out.str("");
    return cli::Run(std::move(arguments), env);
  };
  EXPECT_EQ(run({"--workspace", folder, "verify", "snp", "--report", folder + "/report.bin",
                 "--sign", folder + "/v.json", "--html", folder + "/v.html"}),
            ExitCode::kMalformed)
      << err.str();
  EXPECT_TRUE(std::filesystem::exists(folder + "/v.html"));
  EXPECT_EQ(
      run({"--json", "verify", "verdict", folder + "/v.json", "--key", folder + "/owner.pem"}),
      ExitCode::kMalformed)
      << err.str();
  const ordered_json answer = ordered_json::parse(out.str());
  EXPECT_EQ(answer.at("verdict"), "malformed");
  bool named = false;
  for (const ordered_json& input : answer.at("inputs")) {
    named = named || (input.at("name") == folder + "/report.bin" &&
                      input.at("sha256") == ToHex(Sha256(AsBytes("no report"))));
    EXPECT_EQ(input.at("name").get<std::string>().find(".key"), std::string::npos);
  }
  EXPECT_TRUE(named) << answer.at("inputs");
  std::ofstream(folder + "/other.pem") << SigningKey::Generate(Curve::kP384)->public_key().Pem();
  EXPECT_EQ(run({"verify", "verdict", folder + "/v.json", "--key", folder + "/other.pem"}),
            ExitCode::kRefused);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kedge::cli
