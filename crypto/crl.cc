#include "crypto/crl.h"

#include <absl/strings/str_cat.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "crypto/asn1.h"
#include "crypto/openssl_ptr.h"
#include "crypto/pem.h"
#include "crypto/signature_algorithm.h"

namespace kedge {
namespace {

using CrlPtr = std::unique_ptr<X509_CRL, OpenSslFree<X509_CRL_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, OpenSslFree<ASN1_INTEGER_free>>;

// A partial list would answer "not revoked" for what it does not cover.
Status RefusePartial(const X509_CRL* crl) {
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(crl, i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (nid == NID_delta_crl || nid == NID_issuing_distribution_point ||
        X509_EXTENSION_get_critical(extension) != 0) {
      return Malformed("CRL is a delta or partial list, or has a critical extension");
    }
  }
  return absl::OkStatus();
}

// Whether the signed part of a CRL names `algorithm`, an AlgorithmIdentifier in DER, as its third
// or, without a version, second element. OpenSSL 3.0 has no accessor for it.
bool SignedAlgorithmIs(ByteView der, ByteView algorithm) {
  const uint8_t* position = der.data();
  const uint8_t* const end = position + der.size();
  int tag = 0;
  int tag_class = 0;
  long size = 0;
  for (int depth = 0; depth < 2; ++depth) {  // CertificateList, TBSCertList
    ASN1_get_object(&position, &size, &tag, &tag_class, end - position);
  }
  const uint8_t* const first = position;
  ASN1_get_object(&position, &size, &tag, &tag_class, end - position);
  ClearOpenSslErrors();
  position = tag == V_ASN1_INTEGER ? position + size : first;
  return static_cast<size_t>(end - position) >= algorithm.size() &&
         Equal({position, algorithm.size()}, algorithm);
}

StatusOr<std::optional<Bytes>> NumberOf(const X509_CRL* crl) {
  int place = -1;
  const IntegerPtr number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, &place, nullptr)));
  if (!number) {
    ClearOpenSslErrors();
    if (place == -1) return std::optional<Bytes>();
    return Malformed("CRL number cannot be read or is there twice");
  }
  ASSIGN_OR_RETURN(Bytes content, IntegerContent(number.get()));
  if ((content.front() & 0x80) != 0) return Malformed("CRL number is negative");
  content.erase(content.begin(), std::find_if(content.begin(), content.end(),
                                              [](uint8_t byte) { return byte != 0; }));
  return std::optional<Bytes>(std::move(content));
}

StatusOr<std::map<Bytes, absl::Time>> RevokedOf(X509_CRL* crl) {
  std::map<Bytes, absl::Time> out;
  const STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(crl);
  const int count = entries == nullptr ? 0 : sk_X509_REVOKED_num(entries);
  if (static_cast<size_t>(count) > kMaxRevoked) {
    return Malformed(absl::StrCat("CRL with more than ", kMaxRevoked, " entries"));
  }
  for (int i = 0; i < count; ++i) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, i);
    for (int j = 0; j < X509_REVOKED_get_ext_count(entry); ++j) {
      if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, j)) != 0) {
        return Malformed("CRL entry with a critical extension (an indirect list?)");
      }
    }
    ASSIGN_OR_RETURN(Bytes serial, IntegerContent(X509_REVOKED_get0_serialNumber(entry)));
    ASSIGN_OR_RETURN(const absl::Time when,
                     TimeOf(X509_REVOKED_get0_revocationDate(entry), "CRL entry's date"));
    out.emplace(std::move(serial), when);
  }
  return out;
}

}  // namespace

StatusOr<Crl> Crl::FromDer(ByteView der) {
  if (der.size() > kMaxCrlSize) return Malformed("CRL larger than 4 MiB");
  const uint8_t* position = der.data();
  const CrlPtr owned(d2i_X509_CRL(nullptr, &position, static_cast<long>(der.size())));
  if (!owned || position != der.data() + der.size()) {
    ClearOpenSslErrors();
    return Malformed("not a CRL in DER, or bytes after it");
  }
  Crl out;
  X509_CRL* crl = owned.get();
  out.der_ = ToBytes(der);
  ASSIGN_OR_RETURN(const Bytes again, EncodeWith(i2d_X509_CRL, crl));
  if (again != out.der_) return Malformed("CRL is not in canonical DER");
  RETURN_IF_ERROR(RefusePartial(crl));

  out.issuer_ = NameText(X509_CRL_get_issuer(crl));
  const uint8_t* name = nullptr;
  size_t name_size = 0;
  if (X509_NAME_get0_der(X509_CRL_get_issuer(crl), &name, &name_size) != 1) {
    return OpenSslError("CRL issuer");
  }
  out.issuer_der_.assign(name, name + name_size);
  ASSIGN_OR_RETURN(out.this_update_, TimeOf(X509_CRL_get0_lastUpdate(crl), "CRL's thisUpdate"));
  ASSIGN_OR_RETURN(out.next_update_, TimeOf(X509_CRL_get0_nextUpdate(crl), "CRL's nextUpdate"));
  ASSIGN_OR_RETURN(out.number_, NumberOf(crl));
  ASSIGN_OR_RETURN(out.revoked_, RevokedOf(crl));
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(crl, nullptr, &algorithm);
  // RFC 5280 section 5.1.1.2: the same inside and outside.
  ASSIGN_OR_RETURN(const SignedParts parts, SignedPartsOf(out.der_));
  if (!SignedAlgorithmIs(out.der_, parts.algorithm)) {
    return Malformed("CRL names two different signature algorithms");
  }
  out.signature_algorithm_ = SignatureAlgorithmName(algorithm);
  out.signed_bytes_ = ToBytes(parts.content);
  out.signature_ = ToBytes(parts.signature);
  return out;
}

StatusOr<Crl> Crl::FromPemOrDer(ByteView file) {
  if (!LooksLikePem(file)) return FromDer(file);
  ASSIGN_OR_RETURN(const std::vector<Bytes> blocks, DecodePem(AsText(file), "X509 CRL", 1));
  return FromDer(blocks.front());
}

std::optional<absl::Time> Crl::RevokedAt(ByteView serial) const {
  const auto found = revoked_.find(ToBytes(serial));
  if (found == revoked_.end()) return std::nullopt;
  return found->second;
}

Status Crl::VerifySignedBy(const Certificate& issuer) const {
  if (issuer_der_ != issuer.subject_der()) {
    return Refused("CRL_ISSUER",
                   "CRL is of '" + issuer_ + "', expected one of '" + issuer.subject() + "'");
  }
  if (!issuer.may_sign_crls()) {
    return Refused("CRL_ISSUER", "key usage of '" + issuer.subject() + "' lacks cRLSign");
  }
  const bool verified = signature_algorithm_ != kUnknownSignatureAlgorithm &&
                        issuer.key().Verify(signature_algorithm_, signed_bytes_, signature_).ok();
  if (!verified) {
    return Refused("CRL_SIGNATURE", "CRL is not signed by the key of '" + issuer.subject() + "'");
  }
  return absl::OkStatus();
}

Status Crl::CheckWindow(absl::Time at, absl::Duration max_age) const {
  if (at < this_update_ || at > next_update_) {
    return Refused("CRL_STALE",
                   absl::StrCat("CRL of '", issuer_, "' is valid from ", TimeText(this_update_),
                                " to ", TimeText(next_update_), ", not at ", TimeText(at)));
  }
  if (at - this_update_ > max_age) {
    return Refused("CRL_STALE",
                   absl::StrCat("CRL of '", issuer_, "' was made at ", TimeText(this_update_),
                                "; the policy allows an age of ", absl::FormatDuration(max_age),
                                " at ", TimeText(at)));
  }
  return absl::OkStatus();
}

int CompareCrlNumbers(ByteView a, ByteView b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  const bool less = std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  return Equal(a, b) ? 0 : less ? -1 : 1;
}

}  // namespace kedge
