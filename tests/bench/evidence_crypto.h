// The cryptography that one attested release asks of its server, and nothing else: no parsing of
// ours, no decisions, no records, no transport.
#pragma once

#include "attestation/model/issuer.h"
#include "base/random.h"
#include "crypto/ecdsa.h"
#include "crypto/x25519.h"

namespace kedge::bench {

struct EvidenceCryptoInputs {
  Bytes quoted;           // what the client's AK signed
  Bytes quote_signature;  // DER
  Bytes ak_spki;
  Bytes ek_certificate;
  std::string tpm_root_pem;
  Bytes owner_spki;  // P-384
  Bytes invitation_message;
  Bytes invitation_signature;
  Bytes certificate_request;
};

class EvidenceCrypto {
 public:
  static StatusOr<EvidenceCrypto> Make(EvidenceCryptoInputs inputs, Random& random);

  // Once: X25519 and the keys from it, both boxes, two signatures of the service's identity key,
  // the client's quote, its EK's chain, its invitation, and its node certificate.
  Status Run(Random& random) const;

 private:
  EvidenceCrypto(EvidenceCryptoInputs inputs, SigningKey identity, SigningKey ca,
                 std::string ca_pem, const X25519Public& peer)
      : inputs_(std::move(inputs)),
        identity_(std::move(identity)),
        ca_(std::move(ca)),
        ca_pem_(std::move(ca_pem)),
        peer_(peer) {}

  EvidenceCryptoInputs inputs_;
  SigningKey identity_;
  SigningKey ca_;
  std::string ca_pem_;
  X25519Public peer_;
};

}  // namespace kedge::bench
