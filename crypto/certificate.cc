#include "crypto/certificate.h"

#include <absl/strings/str_cat.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "crypto/asn1.h"
#include "crypto/openssl_ptr.h"
#include "crypto/pem.h"
#include "crypto/signature_algorithm.h"

namespace kedge {
namespace {

constexpr int kMaxExtensions = 64;
constexpr size_t kMaxSerial = 64;
constexpr std::array<std::string_view, 4> kUnderstoodCritical = {"2.5.29.15",   // keyUsage
                                                                 "2.5.29.17",   // subjectAltName
                                                                 "2.5.29.19",   // basicConstraints
                                                                 "2.5.29.37"};  // extendedKeyUsage

// Decoding through the default library context asks every decoder of every provider for the public
// key, which takes fifteen times as long as all the rest. In this context nobody answers; the key
// is read from its SubjectPublicKeyInfo instead (SignatureKey). nullptr where there is no memory.
OSSL_LIB_CTX* ContextWithoutKeys() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* out = OSSL_LIB_CTX_new();
    // Without a provider that is named, the default one would be loaded at first use.
    if (out != nullptr && OSSL_PROVIDER_load(out, "null") == nullptr) {
      OSSL_LIB_CTX_free(out);
      out = nullptr;
    }
    return out;
  }();
  return context;
}

Bytes NameDer(const X509_NAME* name) {
  const uint8_t* der = nullptr;
  size_t size = 0;
  if (X509_NAME_get0_der(name, &der, &size) != 1) return {};
  return {der, der + size};
}

StatusOr<std::vector<CertificateExtension>> ExtensionsOf(const X509* x509) {
  const int count = X509_get_ext_count(x509);
  if (count > kMaxExtensions) {
    return Malformed(absl::StrCat("certificate with ", count, " extensions, at most ",
                                  kMaxExtensions, " allowed"));
  }
  std::vector<CertificateExtension> out;
  for (int i = 0; i < count; ++i) {
    X509_EXTENSION* extension = X509_get_ext(x509, i);
    char oid[128] = "";
    const int size = OBJ_obj2txt(oid, sizeof oid, X509_EXTENSION_get_object(extension), 1);
    if (size <= 0 || static_cast<size_t>(size) >= sizeof oid) {
      return Malformed("certificate extension with an invalid or very long OID");
    }
    const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(extension);
    const uint8_t* data = ASN1_STRING_get0_data(value);
    const bool seen =
        std::any_of(out.begin(), out.end(), [&oid](const auto& other) { return other.oid == oid; });
    if (seen) return Malformed(absl::StrCat("certificate extension ", oid, " is there twice"));
    out.push_back({.oid = oid,
                   .critical = X509_EXTENSION_get_critical(extension) != 0,
                   .value = Bytes(data, data + ASN1_STRING_length(value))});
  }
  return out;
}

}  // namespace

StatusOr<Certificate> Certificate::FromDer(ByteView der) {
  if (der.size() > kMaxCertificateSize) return Malformed("certificate larger than 64 KiB");
  OSSL_LIB_CTX* context = ContextWithoutKeys();
  X509* raw = context != nullptr ? X509_new_ex(context, nullptr) : nullptr;
  if (raw == nullptr) return OpenSslError("certificate set-up");
  const uint8_t* position = der.data();
  // Frees `raw` and clears it where it fails.
  d2i_X509(&raw, &position, static_cast<long>(der.size()));
  X509Ptr owned(raw);
  if (!owned || position != der.data() + der.size()) {
    ClearOpenSslErrors();
    return Malformed("not a certificate in DER, or bytes after it");
  }
  Certificate out;
  out.x509_ = std::shared_ptr<X509>(std::move(owned));
  X509* x509 = out.x509_.get();
  out.der_ = ToBytes(der);
  ASSIGN_OR_RETURN(const Bytes again, EncodeWith(i2d_X509, x509));
  if (again != out.der_) return Malformed("certificate is not in canonical DER");

  // Also fills the object's cache, so that later readers in other threads only read.
  const uint32_t flags = X509_get_extension_flags(x509);
  if ((flags & EXFLAG_INVALID) != 0) {
    ClearOpenSslErrors();
    return Malformed("certificate with an extension that cannot be read");
  }
  ASSIGN_OR_RETURN(out.spki_, EncodeWith(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(x509)));
  out.spki_sha256_ = Sha256(out.spki_);
  out.key_ = SignatureKey::FromSpki(out.spki_);
  ASSIGN_OR_RETURN(const SignedParts parts, SignedPartsOf(out.der_));
  out.signed_bytes_ = ToBytes(parts.content);
  out.signature_ = ToBytes(parts.signature);
  out.subject_ = NameText(X509_get_subject_name(x509));
  out.issuer_ = NameText(X509_get_issuer_name(x509));
  out.subject_der_ = NameDer(X509_get_subject_name(x509));
  out.issuer_der_ = NameDer(X509_get_issuer_name(x509));
  ASSIGN_OR_RETURN(out.serial_, IntegerContent(X509_get0_serialNumber(x509)));
  if (out.serial_.size() > kMaxSerial) return Malformed("certificate serial over 64 bytes");
  ASSIGN_OR_RETURN(out.not_before_, TimeOf(X509_get0_notBefore(x509), "certificate's notBefore"));
  ASSIGN_OR_RETURN(out.not_after_, TimeOf(X509_get0_notAfter(x509), "certificate's notAfter"));
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, x509);
  // RFC 5280 section 4.1.1.2: the same inside and outside, or no signature fits.
  out.signature_algorithm_ = X509_ALGOR_cmp(algorithm, X509_get0_tbs_sigalg(x509)) == 0
                                 ? SignatureAlgorithmName(algorithm)
                                 : kUnknownSignatureAlgorithm;
  ASSIGN_OR_RETURN(out.extensions_, ExtensionsOf(x509));
  for (const CertificateExtension& extension : out.extensions_) {
    const bool understood = std::find(kUnderstoodCritical.begin(), kUnderstoodCritical.end(),
                                      extension.oid) != kUnderstoodCritical.end();
    if (extension.critical && !understood) out.unknown_critical_.push_back(extension.oid);
  }
  out.is_ca_ = (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) != 0;
  const long path_length = X509_get_pathlen(x509);
  if (out.is_ca_ && path_length >= 0) out.path_length_ = static_cast<int>(path_length);
  out.has_key_usage_ = (flags & EXFLAG_KUSAGE) != 0;
  out.key_usage_ = out.has_key_usage_ ? X509_get_key_usage(x509) : 0;
  return out;
}

StatusOr<Certificate> Certificate::FromPemOrDer(ByteView file) {
  if (!LooksLikePem(file)) return FromDer(file);
  ASSIGN_OR_RETURN(std::vector<Certificate> list, ListFromPem(AsText(file), 1));
  return std::move(list.front());
}

StatusOr<std::vector<Certificate>> Certificate::ListFromPem(std::string_view pem, size_t max) {
  ASSIGN_OR_RETURN(const std::vector<Bytes> blocks, DecodePem(pem, "CERTIFICATE", max));
  std::vector<Certificate> out;
  for (const Bytes& der : blocks) {
    ASSIGN_OR_RETURN(Certificate certificate, FromDer(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

std::vector<std::string> Certificate::SubjectValues(std::string_view short_name) const {
  std::vector<std::string> out;
  const int nid = OBJ_sn2nid(std::string(short_name).c_str());
  const X509_NAME* name = X509_get_subject_name(x509_.get());
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0;
       at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* utf8 = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) out.emplace_back(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
    OPENSSL_free(utf8);
  }
  return out;
}

const CertificateExtension* Certificate::FindExtension(std::string_view oid) const {
  for (const CertificateExtension& extension : extensions_) {
    if (extension.oid == oid) return &extension;
  }
  return nullptr;
}

bool Certificate::may_sign_certificates() const {
  return !has_key_usage_ || (key_usage_ & KU_KEY_CERT_SIGN) != 0;
}
bool Certificate::may_sign_crls() const {
  return !has_key_usage_ || (key_usage_ & KU_CRL_SIGN) != 0;
}
bool Certificate::may_sign_data() const {
  return !has_key_usage_ || (key_usage_ & KU_DIGITAL_SIGNATURE) != 0;
}

Status Certificate::VerifySignedBy(const Certificate& issuer) const {
  if (signature_algorithm_ == kUnknownSignatureAlgorithm) {
    return Refused("CHAIN", "certificate of '" + subject_ +
                                "' is signed with an algorithm that is not accepted; expected "
                                "RSA or ECDSA with SHA-2");
  }
  if (!issuer.key_.usable()) {
    return Refused("CHAIN", "key of '" + issuer.subject_ +
                                "' is not RSA of at least 2048 bits, P-256 or P-384");
  }
  if (!issuer.key_.Verify(signature_algorithm_, signed_bytes_, signature_).ok()) {
    return Refused("CHAIN", "certificate of '" + subject_ + "' is not signed by the key of '" +
                                issuer.subject_ + "'");
  }
  return absl::OkStatus();
}

Status Certificate::VerifyIssuedBy(const Certificate& issuer) const {
  if (issuer_der_ != issuer.subject_der_) {
    return Refused("CHAIN", "certificate of '" + subject_ + "' names the issuer '" + issuer_ +
                                "', but the certificate above it is '" + issuer.subject_ + "'");
  }
  if (!issuer.is_ca_) {
    return Refused("CHAIN", "'" + issuer.subject_ + "' is not a certificate authority");
  }
  if (!issuer.may_sign_certificates()) {
    return Refused("CHAIN", "key usage of '" + issuer.subject_ + "' lacks keyCertSign");
  }
  return VerifySignedBy(issuer);
}

Status Certificate::CheckValidAt(absl::Time at) const {
  if (at >= not_before_ && at <= not_after_) return absl::OkStatus();
  return Refused(
      "TIME", absl::StrCat("certificate of '", subject_, "' is valid from ", TimeText(not_before_),
                           " to ", TimeText(not_after_), ", not at ", TimeText(at)));
}

Status VerifyChain(std::span<const Certificate> chain, absl::Time at, const ChainRules& rules) {
  if (chain.empty()) return Refused("CHAIN", "certificate chain is empty");
  for (size_t i = 0; i < chain.size(); ++i) {
    for (const std::string& oid : chain[i].unknown_critical()) {
      if (std::find(rules.understood_critical.begin(), rules.understood_critical.end(), oid) ==
          rules.understood_critical.end()) {
        return Refused("CHAIN", "certificate of '" + chain[i].subject() +
                                    "' has the critical extension " + oid +
                                    ", which is not understood");
      }
    }
    // RFC 5280 section 4.2.1.9: intermediate certificates below, the leaf not counted.
    const std::optional<int> path_length = chain[i].path_length();
    if (i > 0 && path_length && i - 1 > static_cast<size_t>(*path_length)) {
      return Refused("CHAIN",
                     absl::StrCat("'", chain[i].subject(), "' allows ", *path_length,
                                  " intermediate certificates below it, there are ", i - 1));
    }
    if (i + 1 < chain.size()) RETURN_IF_ERROR(chain[i].VerifyIssuedBy(chain[i + 1]));
  }
  for (const Certificate& certificate : chain) RETURN_IF_ERROR(certificate.CheckValidAt(at));
  return absl::OkStatus();
}

}  // namespace kedge
