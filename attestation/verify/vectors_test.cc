// Real quotes and event logs, and their altered copies, against the expectations that came with
// them. The vectors are not part of this repository: KEDGE_VECTORS names their folder, by default
// ../shared/vectors beside the source tree.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "attestation/parse/firmware_log.h"
#include "attestation/verify/log_replay.h"
#include "attestation/verify/quote.h"
#include "base/reader.h"
#include "base/status_matchers.h"
#include "house/folders.h"

namespace kedge {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

fs::path Folder() {
  const char* set = std::getenv("KEDGE_VECTORS");
  return set != nullptr ? fs::path(set) : fs::path(KEDGE_SOURCE_DIR) / ".." / "shared" / "vectors";
}

Bytes Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

json ReadJson(const fs::path& path) {
  const Bytes bytes = Read(path);
  return json::parse(bytes.begin(), bytes.end());
}

// The public key inside a PEM file, RSA or elliptic curve.
StatusOr<TpmVerifyKey> ReadKey(const fs::path& path) {
  const Bytes pem = Read(path);
  std::string base64;
  std::string_view text = AsText(pem);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!line.starts_with("-----")) base64.append(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  const std::optional<Bytes> der = FromBase64(base64);
  if (!der) return Malformed("not a PEM file");
  if (StatusOr<TpmRsaKey> rsa = TpmRsaKey::FromSpki(*der); rsa.ok()) {
    return TpmVerifyKey(*std::move(rsa));
  }
  ASSIGN_OR_RETURN(VerifyKey key, VerifyKey::FromSpki(*der));
  return TpmVerifyKey(std::move(key));
}

PcrValues ReadPcrs(const fs::path& path, const std::string& bank) {
  const json banks = ReadJson(path);
  PcrValues out;
  for (const auto& [index, value] : banks.at(bank).items()) {
    out[static_cast<PcrIndex>(std::stoul(index))] = *FromHex(value.get<std::string>());
  }
  return out;
}

QuoteExpectation Expect(PcrBank bank, const PcrValues& pcrs, const std::string& nonce) {
  QuoteExpectation out;
  out.bank = bank;
  for (const auto& [index, value] : pcrs) out.selection.push_back(index);
  out.extra_data = *FromHex(nonce);
  return out;
}

const std::map<std::string, PcrBank> kBanks = {
    {"sha1", PcrBank::kSha1}, {"sha256", PcrBank::kSha256}, {"sha384", PcrBank::kSha384}};

class VectorsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(Folder() / "cases.json")) {
      GTEST_SKIP() << "NOT TESTED: no vectors at " << Folder()
                   << "; set KEDGE_VECTORS to their folder";
    }
    cases_ = ReadJson(Folder() / "cases.json");
  }
  std::vector<json> Cases(const std::string& tech) const {
    std::vector<json> out;
    for (const json& entry : cases_) {
      if (entry.at("tech") == tech) out.push_back(entry);
    }
    return out;
  }

  json cases_;
};

TEST_F(VectorsTest, QuotesOfEveryBankVerifyAndFlippedBytesDoNot) {
  const fs::path folder = Folder() / "tpm" / "gce-cos-85-nonce9009";
  ASSERT_OK_AND_ASSIGN(const TpmVerifyKey key, ReadKey(folder / "ak.pem"));
  ASSERT_OK_AND_ASSIGN(const TpmPublic ak, ParseTpmPublic(Read(folder / "ak.tpmt")));
  EXPECT_OK(CheckAkProperties(ak));
  ASSERT_OK_AND_ASSIGN(const TpmVerifyKey same, KeyOf(ak));
  EXPECT_EQ(SpkiOf(same), SpkiOf(key));
  for (const auto& [name, bank] : kBanks) {
    const Bytes quoted = Read(folder / (name + ".msg"));
    const Bytes signature = Read(folder / (name + ".sig"));
    const PcrValues pcrs = ReadPcrs(folder / (name + ".pcrs.json"), name);
    const QuoteExpectation expected = Expect(bank, pcrs, "9009");
    ASSERT_OK(VerifyQuote(quoted, signature, key, pcrs, expected)) << name;
    EXPECT_THAT(VerifyQuote(quoted, signature, key, pcrs, Expect(bank, pcrs, "9010")),
                HasFault("NONCE"));
    for (size_t i = 0; i < quoted.size(); ++i) {
      Bytes bad = quoted;
      bad[i] ^= 1;
      EXPECT_FALSE(VerifyQuote(bad, signature, key, pcrs, expected).ok()) << name << " " << i;
    }
    for (size_t i = 0; i < signature.size(); ++i) {
      Bytes bad = signature;
      bad[i] ^= 1;
      EXPECT_FALSE(VerifyQuote(quoted, bad, key, pcrs, expected).ok()) << name << " " << i;
    }
  }
}

// tpm2_quote's PCR file: the C structures TPML_PCR_SELECTION, a count and TPML_DIGESTs, in the byte
// order of the machine that wrote them.
PcrValues ReadToolsPcrs(const fs::path& path, const std::vector<PcrIndex>& indices) {
  const Bytes bytes = Read(path);
  PcrValues out;
  constexpr size_t kDigests = 4 + 16 * 8 + 4 + 4;
  for (size_t i = 0; i < indices.size(); ++i) {
    Reader reader(ByteView(bytes).subspan(kDigests + i * 66));
    const auto size = reader.U16Le();
    const auto value = reader.Take(*size);
    out[indices[i]] = ToBytes(*value);
  }
  return out;
}

TEST_F(VectorsTest, QuoteInTpm2ToolsFormVerifies) {
  const fs::path folder = Folder() / "tpm" / "keylime";
  const std::vector<json> cases = Cases("tpm");
  const auto entry = std::find_if(cases.begin(), cases.end(), [](const json& candidate) {
    return candidate.at("dir") == "tpm/keylime";
  });
  ASSERT_NE(entry, cases.end());
  ASSERT_OK_AND_ASSIGN(const TpmVerifyKey key, ReadKey(folder / "akpub.pem"));
  const Bytes quoted = Read(folder / "quote.out");
  ASSERT_OK_AND_ASSIGN(const TpmAttest attest, ParseTpmAttest(quoted));
  ASSERT_EQ(attest.quote->selections.size(), 1u);
  const PcrValues pcrs =
      ReadToolsPcrs(folder / "quotepcr.out", attest.quote->selections[0].indices);
  EXPECT_OK(VerifyQuote(quoted, Read(folder / "quotesig.out"), key, pcrs,
                        Expect(PcrBank::kSha256, pcrs, entry->at("nonce"))));
}

TEST_F(VectorsTest, ParavisorQuotesVerify) {
  size_t verified = 0;
  for (const char* tech : {"azure-vtpm-snp", "azure-vtpm-tdx"}) {
    for (const json& entry : Cases(tech)) {
      const fs::path folder = Folder() / entry.at("dir").get<std::string>();
      ASSERT_OK_AND_ASSIGN(const TpmVerifyKey key, ReadKey(folder / "ak.pem"));
      const PcrValues pcrs = ReadPcrs(folder / "pcrs.json", "sha256");
      EXPECT_OK(VerifyQuote(Read(folder / "quote.msg"), Read(folder / "quote.sig"), key, pcrs,
                            Expect(PcrBank::kSha256, pcrs, entry.at("nonce"))))
          << folder;
      ++verified;
    }
  }
  EXPECT_EQ(verified, 4u);
}

TEST_F(VectorsTest, AlteredQuotesAreRefusedForTheRightReason) {
  const std::map<std::string, std::string> faults = {{"TPM_SIGNATURE", "BAD_SIGNATURE"},
                                                     {"PCR_DIGEST", "PCR_DIGEST"},
                                                     {"TPM_MAGIC", "TPM_MAGIC"},
                                                     {"TPM_TYPE", "TPM_TYPE"}};
  size_t refused = 0;
  for (const json& entry : Cases("azure-vtpm")) {
    const std::string expect = entry.at("expect");
    const auto fault = faults.find(expect.substr(expect.find(':') + 1));
    if (fault == faults.end()) continue;  // cases about the paravisor's report
    const fs::path folder = Folder() / entry.at("dir").get<std::string>();
    ASSERT_OK_AND_ASSIGN(const TpmVerifyKey key, ReadKey(folder / "ak.pem"));
    const PcrValues pcrs = ReadPcrs(folder / "pcrs.json", "sha256");
    // Asked for is what the genuine case covers, whatever was sent.
    const PcrValues genuine =
        ReadPcrs(Folder() / entry.at("base").get<std::string>() / "pcrs.json", "sha256");
    EXPECT_THAT(VerifyQuote(Read(folder / "quote.msg"), Read(folder / "quote.sig"), key, pcrs,
                            Expect(PcrBank::kSha256, genuine, entry.at("nonce"))),
                HasFault(fault->second))
        << folder;
    ++refused;
  }
  EXPECT_EQ(refused, 6u);
}

TEST_F(VectorsTest, EventLogsReplayToTheirPcrs) {
  size_t replayed_logs = 0;
  for (const char* tech : {"eventlog-tpm", "eventlog-ccel"}) {
    for (const json& entry : Cases(tech)) {
      const fs::path folder = Folder() / entry.at("dir").get<std::string>();
      SCOPED_TRACE(folder.string());
      const StatusOr<FirmwareLog> log = ParseFirmwareLog(Read(folder / "log.bin"));
      ASSERT_OK(log);
      EXPECT_OK(CheckEventData(*log));
      const json banks = ReadJson(folder / "pcrs.json");
      for (const auto& [name, values] : banks.items()) {
        ASSERT_OK_AND_ASSIGN(const PcrValues replayed, ReplayFirmwareLog(*log, kBanks.at(name)));
        for (const auto& [index, value] : values.items()) {
          const auto pcr = replayed.find(static_cast<PcrIndex>(std::stoul(index)));
          ASSERT_NE(pcr, replayed.end()) << name << " " << index;
          EXPECT_EQ(ToHex(pcr->second), value.get<std::string>()) << name << " " << index;
        }
      }
      ++replayed_logs;
    }
  }
  EXPECT_EQ(replayed_logs, 21u);
}

TEST_F(VectorsTest, AlteredEventLogsAreRefused) {
  size_t refused = 0;
  for (const json& entry : Cases("eventlog")) {
    if (entry.at("expect") != "reject") continue;
    const std::string file = entry.at("dir");
    SCOPED_TRACE(file);
    const StatusOr<FirmwareLog> log = ParseFirmwareLog(Read(Folder() / file));
    ++refused;
    if (!log.ok()) {
      EXPECT_THAT(log, HasFault("MALFORMED"));
      continue;
    }
    const PcrValues genuine =
        ReadPcrs(Folder() / entry.at("base").get<std::string>() / "pcrs.json", "sha256");
    const StatusOr<PcrValues> replayed = ReplayFirmwareLog(*log, PcrBank::kSha256);
    EXPECT_TRUE(!CheckEventData(*log).ok() || !replayed.ok() || *replayed != genuine);
  }
  EXPECT_EQ(refused, 4u);
}

}  // namespace
}  // namespace kedge
