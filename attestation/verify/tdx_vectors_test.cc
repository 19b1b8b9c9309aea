// Real quotes and collateral, and every byte of them changed. The vectors are not part of this
// repository: KEDGE_VECTORS names their folder, by default ../shared/vectors beside the source
// tree. All cases of cases.json run in `kedge verify batch` (cli/evidence_vectors_test.cc).
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "attestation/verify/tdx.h"
#include "base/status_matchers.h"
#include "house/folders.h"

namespace kedge {
namespace {

namespace fs = std::filesystem;

struct Sample {
  const char* folder;
  const char* time;
};
// One of each version; both are trusted at their time.
constexpr Sample kSamples[] = {{"phala-v4-b0c0", "2025-06-25T00:00:00Z"},
                               {"alibaba-v5-90c06f", "2025-06-20T00:00:00Z"}};

Bytes Read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class TdxVectorsTest : public ::testing::TestWithParam<Sample> {
 protected:
  void SetUp() override {
    const char* set = std::getenv("KEDGE_VECTORS");
    const fs::path vectors =
        set != nullptr ? fs::path(set) : fs::path(KEDGE_SOURCE_DIR) / ".." / "shared" / "vectors";
    const fs::path folder = vectors / "tdx" / GetParam().folder;
    if (!fs::exists(folder)) {
      GTEST_SKIP() << "NOT TESTED: no vectors at " << folder
                   << "; set KEDGE_VECTORS to their folder";
    }
    quote_ = Read(folder / "quote.bin");
    files_ = {.pck_chain_pem = Read(folder / "pck_chain.pem"),
              .root_ca_pem = Read(folder / "root_ca.pem"),
              .pck_crl = Read(folder / "pck_crl.der"),
              .root_crl = Read(folder / "root_crl.der"),
              .tcb_info_json = Read(folder / "tcb_info.json"),
              .tcb_chain_pem = Read(folder / "tcb_chain.pem"),
              .qe_identity_json = Read(folder / "qe_identity.json"),
              .qe_chain_pem = Read(folder / "qe_chain.pem")};
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, GetParam().time, &at_, nullptr));
    policy_ = AnyTdPolicy("the test");
    policy_.minimum_tcb_evaluation_number = PolicyField<uint32_t>::Enforce(17);
    policy_.mr_service_td = PolicyField<ByteSet>::Skip("the test");
  }
  Verdict Verify(ByteView quote, std::shared_ptr<const TdxCollateral> collateral) {
    return VerifyTdx(quote, std::move(collateral), {.policy = policy_, .at = at_, .cache = &cache_})
        .verdict;
  }

  Bytes quote_;
  TdxCollateralFiles files_;
  absl::Time at_;
  TdxPolicy policy_;
  PckChainCache cache_{8};
};

TEST_P(TdxVectorsTest, IsTrusted) {
  const Verdict verdict = Verify(quote_, TdxCollateral::Read(files_));
  EXPECT_EQ(verdict.outcome, Outcome::kTrusted) << verdict.FirstFailure();
}

TEST_P(TdxVectorsTest, EveryChangedByteOfTheQuoteIsRefused) {
  const auto collateral = TdxCollateral::Read(files_);
  for (const uint8_t change : {uint8_t{0x01}, uint8_t{0x80}}) {
    for (size_t i = 0; i < quote_.size(); ++i) {
      Bytes bad = quote_;
      bad[i] ^= change;
      ASSERT_NE(Verify(bad, collateral).outcome, Outcome::kTrusted) << i << " ^ " << int{change};
    }
  }
}

// Two bytes of five, shared between the samples: reading collateral anew takes its time.
TEST_P(TdxVectorsTest, ChangedBytesOfTheCollateralAreRefused) {
  const size_t first = GetParam().folder == kSamples[0].folder ? 0 : 1;
  using Files = TdxCollateralFiles;
  for (const auto file : {&Files::pck_chain_pem, &Files::root_ca_pem, &Files::pck_crl,
                          &Files::root_crl, &Files::tcb_info_json, &Files::tcb_chain_pem,
                          &Files::qe_identity_json, &Files::qe_chain_pem}) {
    const Bytes good = files_.*file;
    for (size_t i = first; i < good.size(); i += 5) {
      files_.*file = good;
      (files_.*file)[i] ^= 0x01;
      ASSERT_NE(Verify(quote_, TdxCollateral::Read(files_)).outcome, Outcome::kTrusted) << i;
    }
    files_.*file = good;
  }
}

TEST_P(TdxVectorsTest, EveryCutOfTheQuoteIsMalformed) {
  const auto collateral = TdxCollateral::Read(files_);
  for (size_t size = 0; size < quote_.size(); ++size) {
    ASSERT_EQ(Verify(ByteView(quote_).first(size), collateral).outcome, Outcome::kMalformed)
        << size;
  }
}

std::string NameOf(const ::testing::TestParamInfo<Sample>& sample) {
  return std::string(sample.param.folder).substr(0, 5);
}
INSTANTIATE_TEST_SUITE_P(Real, TdxVectorsTest, ::testing::ValuesIn(kSamples), NameOf);

}  // namespace
}  // namespace kedge
