// Genuine reports of every kind: each must be trusted as it is, and no byte of it or of its
// certificates may be another. The vectors are not part of this repository: KEDGE_VECTORS names
// their folder, by default ../shared/vectors beside the source tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "attestation/verify/snp.h"
#include "house/folders.h"

namespace kedge {
namespace {

namespace fs = std::filesystem;

fs::path Folder() {
  const char* set = std::getenv("KEDGE_VECTORS");
  return set != nullptr ? fs::path(set) : fs::path(KEDGE_SOURCE_DIR) / ".." / "shared" / "vectors";
}

Bytes Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Vector {
  const char* dir;
  int64_t at;  // Unix seconds
  bool with_certificates;
};
constexpr Vector kVectors[] = {
    {"trustee-milan-v2", 1748736000, true}, {"trustee-milan-v3-vlek-aws-vmpl1", 1748736000, true},
    {"oak-milan-v3-cb", 1748736000, false}, {"routex-genoa-v3", 1758153600, false},
    {"attrs-genoa-v5", 1776470400, false},  {"oak-turin-v5", 1757894400, true}};

class SnpVectorsTest : public ::testing::TestWithParam<Vector> {
 protected:
  void SetUp() override {
    const fs::path folder = Folder() / "snp" / GetParam().dir;
    if (!fs::exists(folder)) GTEST_SKIP() << "NOT TESTED: no vectors at " << folder;
    evidence_.report = Read(folder / "report.bin");
    SnpCertificates& certificates = evidence_.certificates;
    const bool vlek = fs::exists(folder / "vlek.der");
    certificates.leaf = Read(folder / (vlek ? "vlek.der" : "vcek.der"));
    certificates.intermediate = Read(folder / (vlek ? "asvk.der" : "ask.der"));
    certificates.root = Read(folder / "ark.der");
    if (const Bytes crl = Read(folder / "ark.crl.der"); !crl.empty()) {
      certificates.crls.push_back(crl);
    } else {
      policy_.crl = PolicyField<SnpCrlRule>::Skip("no CRL beside this vector");
    }
    time_ = {.at = absl::FromUnixSeconds(GetParam().at), .skipped_by = ""};
    const Verdict verdict = VerifySnp(evidence_, policy_, time_, std::nullopt).verdict;
    ASSERT_TRUE(verdict.trusted()) << verdict.FirstFailure();
  }
  // The rows about the certificates alone: a report could only make it worse.
  bool Endorsed() {
    return SnpEndorsement::Examine(evidence_.certificates, policy_, time_).checks().outcome() ==
           Outcome::kTrusted;
  }
  void FlipEach(Bytes& bytes, const char* what) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] ^= 1;
      EXPECT_FALSE(Endorsed()) << what << " byte " << i;
      bytes[i] ^= 1;
    }
    EXPECT_TRUE(Endorsed()) << what;
  }

  SnpEvidence evidence_;
  SnpPolicy policy_ = GenuineSnpPolicy("the test");
  SnpTime time_;
};

TEST_P(SnpVectorsTest, NoByteOfTheReportMayChange) {
  const SnpEndorsement endorsement =
      SnpEndorsement::Examine(evidence_.certificates, policy_, time_);
  for (size_t i = 0; i < evidence_.report.size(); ++i) {
    Bytes bad = evidence_.report;
    bad[i] ^= 1;
    EXPECT_FALSE(AppraiseSnp(bad, endorsement, policy_, std::nullopt).verdict.trusted()) << i;
  }
}

TEST_P(SnpVectorsTest, NoByteOfTheCertificatesMayChange) {
  if (!GetParam().with_certificates) GTEST_SKIP() << "the same kinds as another vector's";
  FlipEach(evidence_.certificates.leaf, "leaf");
  FlipEach(evidence_.certificates.intermediate, "intermediate");
  FlipEach(evidence_.certificates.root, "root");
  for (Bytes& crl : evidence_.certificates.crls) FlipEach(crl, "CRL");
}

INSTANTIATE_TEST_SUITE_P(Kinds, SnpVectorsTest, ::testing::ValuesIn(kVectors),
                         [](const auto& kind) {
                           std::string name = kind.param.dir;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kedge
