#include "attestation/tpm/tpm_objects.h"

#include <absl/strings/str_cat.h>
#include <tss2/tss2_mu.h>

#include "attestation/tpm/esys_handles.h"
#include "base/reader.h"
#include "crypto/ecdsa.h"
#include "crypto/tpm_rsa.h"
#include "crypto/x509.h"

namespace kedge {

StatusOr<Bytes> Marshalled(const TPMT_PUBLIC& area) {
  Bytes out(sizeof(TPMT_PUBLIC));
  size_t size = 0;
  RETURN_IF_ERROR(
      TpmStatus("TPMT_PUBLIC", Tss2_MU_TPMT_PUBLIC_Marshal(&area, out.data(), out.size(), &size)));
  out.resize(size);
  return out;
}

StatusOr<TPMT_PUBLIC> Unmarshalled(ByteView bytes) {
  TPMT_PUBLIC out = {};
  size_t at = 0;
  RETURN_IF_ERROR(TpmStatus("TPMT_PUBLIC",
                            Tss2_MU_TPMT_PUBLIC_Unmarshal(bytes.data(), bytes.size(), &at, &out)));
  return out;
}

StatusOr<Bytes> SpkiOf(const TPMT_PUBLIC& area) {
  if (area.type == TPM2_ALG_RSA) {
    const TPM2B_PUBLIC_KEY_RSA& modulus = area.unique.rsa;
    ASSIGN_OR_RETURN(const TpmRsaKey key,
                     TpmRsaKey::FromModulus(ByteView(modulus.buffer, modulus.size),
                                            area.parameters.rsaDetail.exponent));
    return key.spki();
  }
  const TPMS_ECC_POINT& point = area.unique.ecc;
  const Curve curve =
      area.parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 ? Curve::kP256 : Curve::kP384;
  ASSIGN_OR_RETURN(const VerifyKey key,
                   VerifyKey::FromPoint(curve, ByteView(point.x.buffer, point.x.size),
                                        ByteView(point.y.buffer, point.y.size)));
  return key.spki();
}

StatusOr<Bytes> TrimmedDer(ByteView bytes) {
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const uint16_t head, reader.U16Be());
  if (head != 0x3082) return Malformed("the certificate in NV is not a DER certificate");
  ASSIGN_OR_RETURN(const uint16_t size, reader.U16Be());
  RETURN_IF_ERROR(reader.Skip(size));
  return ToBytes(bytes.first(reader.position()));
}

StatusOr<Bytes> SpkiOfDerCertificate(ByteView der) {
  return SpkiOfCertificate("-----BEGIN CERTIFICATE-----\n" + ToBase64(der) +
                           "\n-----END CERTIFICATE-----\n");
}

}  // namespace kedge
