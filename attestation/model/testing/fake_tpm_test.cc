#include "attestation/model/testing/fake_tpm.h"

#include <gtest/gtest.h>

#include "attestation/model/testing/tpm_wire.h"
#include "base/status_matchers.h"

namespace kedge::testing {
namespace {

TEST(FakeTpm, ResetRestoresTheStartingValues) {
  const TestTpmCa ca;
  FakeTpm tpm(ca);
  ASSERT_OK(tpm.Extend(CapEvent()));
  tpm.Reset();
  ASSERT_OK_AND_ASSIGN(const PcrValues values, tpm.ReadPcrs(PcrBank::kSha256, {14, 17}));
  EXPECT_EQ(values.at(14), Bytes(32, 0x00));
  EXPECT_EQ(values.at(17), Bytes(32, 0xFF));
}

TEST(FakeTpm, FailsOnCommandBeforeAnyEffect) {
  const TestTpmCa ca;
  FakeTpm tpm(ca);
  tpm.FailAfter(1);
  EXPECT_OK(tpm.ActiveBanks());
  EXPECT_THAT(tpm.Extend(CapEvent()), HasFault("TPM_UNAVAILABLE"));
  tpm.Heal();
  EXPECT_EQ(tpm.extends(), 0);
}

TEST(FakeTpm, InactiveBankIsNotReadable) {
  const TestTpmCa ca;
  FakeTpm tpm(ca);
  EXPECT_THAT(tpm.ReadPcrs(PcrBank::kSha1, {0}), HasCode(StatusCode::kFailedPrecondition));
}

TEST(FakeTpm, DrtmPcrsAreNotForLocalityZero) {
  const TestTpmCa ca;
  FakeTpm tpm(ca);
  EXPECT_THAT(tpm.Extend({17, "x", {}}), HasCode(StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace kedge::testing
