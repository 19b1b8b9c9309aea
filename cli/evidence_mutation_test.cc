// Every byte of every file of genuine evidence, flipped in turn: the verdict is never `trusted`
// with the changed value in force, and nothing crashes. The evidence is not part of this
// repository: KEDGE_VECTORS names its folder, by default ../shared/vectors beside the source tree.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/status_matchers.h"
#include "cli/batch_case.h"
#include "cli/verdict_output.h"
#include "house/folders.h"

namespace kedge::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

fs::path Vectors() {
  const char* set = std::getenv("KEDGE_VECTORS");
  return set != nullptr ? fs::path(set) : fs::path(KEDGE_SOURCE_DIR) / ".." / "shared" / "vectors";
}

Bytes Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void Write(const fs::path& path, const Bytes& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

// What a reader of a trusted verdict may rely on.
using InForce = std::function<json(const json& claims)>;

json Everything(const json& claims) { return claims; }

// Types of events, text that no digest covers, and events that are never extended are nobody's
// word.
json MeasuredAlone(const json& claims) {
  json out = {{"replayed", claims.at("replayed")}, {"secure_boot", claims.at("secure_boot")}};
  for (const json& event : claims.at("events")) {
    // "text" renders the covered bytes by the event's type.
    const std::string trust = event.at("trust");
    if (trust == "verified" || trust == "partial") out["texts"].push_back(event.at("covered"));
  }
  return out;
}

// With fewer events verified, or Secure Boot unknown, nothing wrong is in force.
bool SaysNoMore(const json& mutated, const json& genuine) {
  if (mutated == genuine) return true;
  if (!genuine.is_object() || !genuine.contains("replayed")) return false;
  for (const char* name : {"replayed", "quotes", "pcrs"}) {
    if (mutated.value(name, json()) != genuine.value(name, json())) return false;
  }
  const json& secure_boot = mutated.at("secure_boot");
  if (!secure_boot.is_null() && secure_boot != genuine.at("secure_boot")) return false;
  const json texts = mutated.value("texts", json::array());
  const json known = genuine.value("texts", json::array());
  // Each text of the changed log stands in the genuine one, in the same order.
  size_t at = 0;
  for (const json& text : texts) {
    while (at < known.size() && known[at] != text) ++at;
    if (at++ == known.size()) return false;
  }
  return true;
}

class EvidenceMutationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(Vectors() / "cases.json")) {
      GTEST_SKIP() << "NOT TESTED: no vectors at " << Vectors()
                   << "; set KEDGE_VECTORS to their folder";
    }
    root_ = fs::path(::testing::TempDir()) /
            ("kedge-mutation-" +
             std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "anchors");
    if (fs::exists(Vectors() / "anchors")) {
      fs::copy(Vectors() / "anchors", root_ / "anchors", fs::copy_options::recursive);
    }
  }
  void TearDown() override { fs::remove_all(root_); }

  // `dir` is a case's folder or single file. Returns how many changed copies were still trusted.
  size_t FlipAll(const std::string& dir, BatchVerifier verify, const InForce& in_force) {
    json cases;
    std::ifstream(Vectors() / "cases.json") >> cases;
    BatchCase batch_case;
    for (const json& entry : cases) {
      if (entry.at("dir") != dir) continue;
      batch_case.tech = entry.at("tech");
      if (entry.at("time").is_string()) batch_case.time = *ParseTime(entry.at("time"));
      if (entry.contains("nonce"))
        batch_case.nonce = *FromHex(entry.at("nonce").get<std::string>());
    }
    batch_case.root = root_.string();
    batch_case.dir = "case";
    std::vector<fs::path> files;
    if (fs::is_directory(Vectors() / dir)) {
      fs::create_directories(root_ / "case");
      for (const auto& file : fs::directory_iterator(Vectors() / dir)) {
        files.push_back(root_ / "case" / file.path().filename());
        Write(files.back(), Read(file.path()));
      }
    } else {
      files.push_back(root_ / "case");
      Write(files.back(), Read(Vectors() / dir));
    }
    const StatusOr<BatchResult> genuine = verify(batch_case);
    EXPECT_OK(genuine);
    EXPECT_EQ(genuine->verdict.outcome, Outcome::kTrusted) << genuine->verdict.FirstFailure();
    const json expected = in_force(genuine->claims);
    size_t trusted = 0;
    for (const fs::path& file : files) {
      const Bytes good = Read(file);
      for (size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= 1;
        Write(file, bad);
        const StatusOr<BatchResult> seen = verify(batch_case);
        if (!seen.ok() || seen->verdict.outcome != Outcome::kTrusted) continue;
        ++trusted;
        EXPECT_TRUE(SaysNoMore(in_force(seen->claims), expected))
            << file.filename() << " byte " << i;
      }
      Write(file, good);
    }
    return trusted;
  }

  fs::path root_;
};

TEST_F(EvidenceMutationTest, TpmQuotesOfThreeBanks) {
  // Beside the certificate-like files only the log has bytes that nothing measures.
  FlipAll("tpm/gce-cos-85-nonce9009", VerifyTpmCase, [](const json& claims) {
    json out = {{"quotes", claims.at("quotes")}, {"pcrs", claims.at("pcrs")}};
    out.update(MeasuredAlone(claims.at("event_log")));
    return out;
  });
}

TEST_F(EvidenceMutationTest, TpmQuoteOfTpm2Tools) {
  // The public area beside the pinned key is the caller's own statement.
  FlipAll("tpm/keylime", VerifyTpmCase, [](json claims) {
    claims.erase("ak");
    return claims;
  });
}

TEST_F(EvidenceMutationTest, EventLogs) {
  for (const char* dir : {"eventlog/ccel-trustee-ovmf", "eventlog/tpm-goattest-crypto-agile"}) {
    FlipAll(dir, VerifyEventLogCase, MeasuredAlone);
    fs::remove_all(root_ / "case");
  }
}

TEST_F(EvidenceMutationTest, CertificatesOfTpmKeys) {
  for (const char* dir : {"ek/gcp-vtpm-ek-rsa", "ek/gcp-vtpm-ak-ecc", "ek/azure-ak-03"}) {
    EXPECT_EQ(FlipAll(dir, VerifyEkCase, Everything), 0u) << dir;
    fs::remove_all(root_ / "case");
  }
}

TEST_F(EvidenceMutationTest, NitroDocument) {
  // What carries the document is not part of it.
  FlipAll("nitro/nsm-1.cose", VerifyNitroCase, Everything);
}

TEST_F(EvidenceMutationTest, AzureWithSnp) {
  FlipAll("azure-vtpm/trustee-snp-v2", VerifyHclCase, Everything);
}

TEST_F(EvidenceMutationTest, AzureWithTdx) {
  FlipAll("azure-vtpm/trustee-tdx-v1", VerifyHclCase, Everything);
}

TEST_F(EvidenceMutationTest, AzureBindingAlone) {
  FlipAll("azure-vtpm/azcvm-hcl-tdx.bin", VerifyHclCase, Everything);
}

}  // namespace
}  // namespace kedge::cli
