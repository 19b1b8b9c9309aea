// A program that should never be released: check_no_test_code.py must say so.
#include "attestation/model/testing/fake_tpm.h"
#include "attestation/model/testing/test_tpm_ca.h"

int main() {
  const kedge::testing::TestTpmCa ca;
  kedge::testing::FakeTpm tpm(ca);
  return tpm.ActiveBanks().ok() ? 0 : 1;
}
