// A TDX platform under a root of its own: genuine layouts, own keys. Everything can be changed
// before Quote() and Collateral() sign it, so that each check has its hostile input.
#pragma once

#include <absl/time/time.h>

#include <string>

#include "attestation/parse/intel_collateral.h"
#include "attestation/parse/pck_extensions.h"
#include "attestation/parse/tdx_quote.h"
#include "attestation/verify/tdx.h"
#include "crypto/testing/test_pki.h"

namespace kedge::testing {

// r || s of an ECDSA P-256 signature.
ByteArray<64> SignRs(const TestKey& key, ByteView message);
// x || y of a P-256 key.
ByteArray<64> PointOf(const TestKey& key);

class TdxMachine {
 public:
  // A quote of this form on an up-to-date platform.
  TdxMachine(uint16_t version, bool tdx15);

  static absl::Time Now() { return absl::FromUnixSeconds(1'750'000'000); }

  // What the next call signs.
  TdxQuote quote;
  PckExtensions pck;
  TcbInfo tcb_info;
  QeIdentity qe_identity;
  CertificateTerms pck_terms;
  CertificateTerms ca_terms;
  CertificateTerms root_terms;
  CertificateTerms signer_terms;
  CrlTerms pck_crl;
  CrlTerms root_crl;

  // Keys; two that should be one make a forgery.
  TestKey root_key = TestKey::P256();
  TestKey ca_key = TestKey::P256();
  TestKey pck_key = TestKey::P256();
  TestKey ak = TestKey::P256();
  TestKey signer_key = TestKey::P256();
  TestKey ca_signs_with = ca_key;      // the PCK certificate and its CRL
  TestKey root_signs_with = root_key;  // CA and signer certificates and the root's CRL
  TestKey pck_signs_with = pck_key;    // the QE report
  TestKey ak_signs_with = ak;          // the quote
  TestKey signer_signs_with = signer_key;

  // From here on one root certificate everywhere, as in life; without it each use signs its own.
  void FreezeRoot() { frozen_root_ = RootPem(); }
  // The same with the authority of PCK certificates.
  void FreezeAuthorities() {
    FreezeRoot();
    frozen_ca_ = CaPem();
  }
  std::string PckChainPem() const;
  std::string SignerChainPem() const;
  std::string CaChainPem() const;  // of the PCK CRL
  // Fills AK, QE report data, signatures and the chain, and gives the bytes.
  Bytes Quote();
  TdxCollateralFiles Files() const;
  std::shared_ptr<const TdxCollateral> Collateral() const { return TdxCollateral::Read(Files()); }
  SpkiPins Roots() const;
  // Kedge's defaults with the floor of this machine's documents.
  static TdxPolicy Policy();

 private:
  std::string RootPem() const;
  std::string CaPem() const;

  std::string frozen_root_;
  std::string frozen_ca_;
};

}  // namespace kedge::testing
