#include "crypto/x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <iterator>

#include "crypto/digest.h"
#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

constexpr size_t kMaxCertificate = 64 * 1024;
constexpr size_t kSerialSize = 16;

struct Extension {
  int nid;
  const char* value;
};
constexpr Extension kLeaf[] = {{NID_basic_constraints, "critical,CA:FALSE"},
                               {NID_key_usage, "critical,digitalSignature"},
                               {NID_ext_key_usage, "clientAuth,serverAuth"},
                               {NID_subject_key_identifier, "hash"}};
constexpr Extension kAuthority[] = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                    {NID_key_usage, "critical,keyCertSign"},
                                    {NID_subject_key_identifier, "hash"}};

const EVP_MD* HashOf(const SigningKey& key) {
  return key.public_key().curve() == Curve::kP256 ? EVP_sha256() : EVP_sha384();
}

Status SetName(X509_NAME* name, std::string_view organisation, std::string_view common_name) {
  const auto add = [name](int nid, std::string_view value) {
    return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
  };
  if (common_name.empty() || common_name.size() > 64 || organisation.size() > 64) {
    return MakeError(StatusCode::kInvalidArgument,
                     "certificate name: needs a common name, and at most 64 bytes a field");
  }
  if ((!organisation.empty() && !add(NID_organizationName, organisation)) ||
      !add(NID_commonName, common_name)) {
    return OpenSslError("certificate name");
  }
  return absl::OkStatus();
}

// `serial` is read as a positive integer: its top bit is cleared (RFC 5280 section 4.1.2.2).
Status SetSerial(X509* certificate, ByteView serial) {
  if (serial.size() != kSerialSize) {
    return MakeError(StatusCode::kInvalidArgument, "certificate serial must be 16 bytes");
  }
  Bytes positive = ToBytes(serial);
  positive[0] = static_cast<uint8_t>(positive[0] & 0x7F);
  const BnPtr number(BN_bin2bn(positive.data(), static_cast<int>(positive.size()), nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return OpenSslError("certificate serial");
  }
  return absl::OkStatus();
}

Status SetValidity(X509* certificate, const Validity& validity) {
  if (validity.not_after <= validity.not_before) {
    return MakeError(StatusCode::kInvalidArgument, "certificate would end before it begins");
  }
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(validity.not_before)) ==
          nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(validity.not_after)) ==
          nullptr) {
    return OpenSslError("certificate validity");
  }
  return absl::OkStatus();
}

Status AddExtensions(X509* certificate, X509* issuer, std::span<const Extension> extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  for (const Extension& extension : extensions) {
    const X509ExtensionPtr encoded(
        X509V3_EXT_conf_nid(nullptr, &context, extension.nid, extension.value));
    if (!encoded || X509_add_ext(certificate, encoded.get(), -1) != 1) {
      return OpenSslError("certificate extension");
    }
  }
  return absl::OkStatus();
}

StatusOr<std::string> ToPem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return OpenSslError("writing a certificate");
  }
  return std::string(AsText(Written(bio)));
}

StatusOr<X509Ptr> CertificateFromPem(std::string_view pem) {
  if (pem.size() > kMaxCertificate) return Malformed("certificate PEM larger than 64 KiB");
  const BioPtr bio = ReadBio(AsBytes(pem));
  X509Ptr certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) {
    ClearOpenSslErrors();
    return Malformed("not a certificate in PEM: expected '-----BEGIN CERTIFICATE-----'");
  }
  return certificate;
}

StatusOr<std::vector<X509Ptr>> BundleFromPem(std::string_view pem) {
  if (pem.size() > kMaxCertificate) return Malformed("certificate PEM larger than 64 KiB");
  const BioPtr bio = ReadBio(AsBytes(pem));
  if (!bio) return OpenSslError("reading certificates");
  std::vector<X509Ptr> bundle;
  while (X509Ptr next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    bundle.push_back(std::move(next));
    if (bundle.size() > kMaxCertificateBundle) return Malformed("more than 8 certificates in PEM");
  }
  // The end looks like this; anything else is a block that cannot be read.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ClearOpenSslErrors();
  if (bundle.empty() || !ended) {
    return Malformed("not certificates in PEM: expected '-----BEGIN CERTIFICATE-----'");
  }
  return bundle;
}

StatusOr<X509Ptr> CertificateFromDer(ByteView der) {
  if (der.size() > kMaxCertificate) return Malformed("certificate larger than 64 KiB");
  const uint8_t* position = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  if (!certificate || position != der.data() + der.size()) {
    ClearOpenSslErrors();
    return Malformed("not a certificate in DER, or bytes after it");
  }
  return certificate;
}

StatusOr<X509Ptr> SelfSigned(const SigningKey& key, std::string_view common_name,
                             const Validity& validity, std::span<const Extension> extensions) {
  X509Ptr certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(certificate.get(), key.native()) != 1) {
    return OpenSslError("certificate set-up");
  }
  X509_NAME* name = X509_get_subject_name(certificate.get());
  RETURN_IF_ERROR(SetName(name, "", common_name));
  if (X509_set_issuer_name(certificate.get(), name) != 1) return OpenSslError("certificate name");
  // One self-signed certificate a key and purpose: the key's own digest is a fine serial.
  const Sha256Digest serial = Sha256(key.public_key().spki());
  RETURN_IF_ERROR(SetSerial(certificate.get(), ByteView(serial).first(kSerialSize)));
  RETURN_IF_ERROR(SetValidity(certificate.get(), validity));
  RETURN_IF_ERROR(AddExtensions(certificate.get(), certificate.get(), extensions));
  if (X509_sign(certificate.get(), key.native(), HashOf(key)) <= 0) {
    return OpenSslError("signing a certificate");
  }
  return certificate;
}

}  // namespace

Status CheckCertificateBundle(std::string_view pem) { return BundleFromPem(pem).status(); }

StatusOr<std::string> SelfSignedCertificate(const SigningKey& key, std::string_view common_name,
                                            const Validity& validity) {
  ASSIGN_OR_RETURN(const X509Ptr certificate, SelfSigned(key, common_name, validity, kLeaf));
  return ToPem(certificate.get());
}

StatusOr<Bytes> SpkiOfCertificate(std::string_view pem) {
  ASSIGN_OR_RETURN(const X509Ptr certificate, CertificateFromPem(pem));
  // Of a known kind of key; but as it came in: encoding it again costs more than all of the rest.
  if (X509_get0_pubkey(certificate.get()) == nullptr) {
    ClearOpenSslErrors();
    return Malformed("certificate with an unknown kind of public key");
  }
  uint8_t* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
  if (size <= 0) return OpenSslError("public key of a certificate");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

StatusOr<std::string> CaCertificate(const SigningKey& key, std::string_view common_name,
                                    const Validity& validity) {
  ASSIGN_OR_RETURN(const X509Ptr certificate, SelfSigned(key, common_name, validity, kAuthority));
  return ToPem(certificate.get());
}

StatusOr<Bytes> CertificateRequest(const SigningKey& key, std::string_view organisation,
                                   std::string_view common_name) {
  const X509ReqPtr request(X509_REQ_new());
  if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.native()) != 1) {
    return OpenSslError("certificate request set-up");
  }
  RETURN_IF_ERROR(SetName(X509_REQ_get_subject_name(request.get()), organisation, common_name));
  if (X509_REQ_sign(request.get(), key.native(), HashOf(key)) <= 0) {
    return OpenSslError("signing a certificate request");
  }
  uint8_t* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size <= 0) return OpenSslError("encoding a certificate request");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

StatusOr<std::string> IssueNodeCertificate(const SigningKey& ca_key, std::string_view ca_pem,
                                           ByteView request_der,
                                           const NodeCertificateTerms& terms) {
  ASSIGN_OR_RETURN(const X509Ptr authority, CertificateFromPem(ca_pem));
  if (X509_check_private_key(authority.get(), ca_key.native()) != 1) {
    ClearOpenSslErrors();
    return MakeError(StatusCode::kInvalidArgument, "CA certificate is not of the CA key");
  }
  if (request_der.size() > kMaxCertificate) {
    return Malformed("certificate request larger than 64 KiB");
  }
  const uint8_t* position = request_der.data();
  const X509ReqPtr request(d2i_X509_REQ(nullptr, &position, static_cast<long>(request_der.size())));
  EVP_PKEY* subject_key = request ? X509_REQ_get0_pubkey(request.get()) : nullptr;
  if (subject_key == nullptr || position != request_der.data() + request_der.size()) {
    ClearOpenSslErrors();
    return Malformed("not a PKCS#10 certificate request in DER, or bytes after it");
  }
  if (X509_REQ_verify(request.get(), subject_key) != 1) {
    ClearOpenSslErrors();
    return Refused("BAD_SIGNATURE", "certificate request is not signed by its own key");
  }
  ASSIGN_OR_RETURN(const Bytes subject_spki, SpkiOf(subject_key));
  RETURN_IF_ERROR(Annotate(VerifyKey::FromSpki(subject_spki).status(), "certificate request"));

  const X509Ptr certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      X509_set_pubkey(certificate.get(), subject_key) != 1 ||
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get())) != 1) {
    return OpenSslError("certificate set-up");
  }
  RETURN_IF_ERROR(
      SetName(X509_get_subject_name(certificate.get()), terms.organisation, terms.common_name));
  RETURN_IF_ERROR(SetSerial(certificate.get(), terms.serial));
  RETURN_IF_ERROR(SetValidity(certificate.get(), terms.validity));
  RETURN_IF_ERROR(AddExtensions(certificate.get(), authority.get(), kLeaf));
  static constexpr Extension kIssuer[] = {{NID_authority_key_identifier, "keyid:always"}};
  RETURN_IF_ERROR(AddExtensions(certificate.get(), authority.get(), kIssuer));
  if (X509_sign(certificate.get(), ca_key.native(), HashOf(ca_key)) <= 0) {
    return OpenSslError("signing a certificate");
  }
  return ToPem(certificate.get());
}

namespace {

struct StackFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

// tcg-kp-EKCertificate (TCG EK Credential Profile 3.2.16).
constexpr char kEkPurpose[] = "2.23.133.8.1";

// Where a manufacturer says what the key is for, it must be for endorsement; a certificate for
// signing (an AK, a TLS server) under the same root is not an EK.
Status CheckEkPurpose(X509* leaf) {
  if (X509_check_ca(leaf) != 0) {
    return Refused("EK_NOT_TRUSTED", "EK certificate belongs to an authority, not to a TPM");
  }
  // Absent, it allows everything (UINT32_MAX).
  const bool rsa = EVP_PKEY_is_a(X509_get0_pubkey(leaf), "RSA") == 1;
  const uint32_t needed = rsa ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
  if ((X509_get_key_usage(leaf) & needed) == 0) {
    return Refused("EK_NOT_TRUSTED",
                   rsa ? "certificate's key usage lacks key encipherment: not an endorsement key"
                       : "certificate's key usage lacks key agreement: not an endorsement key");
  }
  EXTENDED_KEY_USAGE* purposes =
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(leaf, NID_ext_key_usage, nullptr, nullptr));
  if (purposes == nullptr) {
    ClearOpenSslErrors();
    return absl::OkStatus();
  }
  bool found = false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); ++i) {
    char text[64] = "";
    OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(purposes, i), /*no_name=*/1);
    found = found || std::string_view(text) == kEkPurpose;
  }
  EXTENDED_KEY_USAGE_free(purposes);
  if (!found) {
    return Refused("EK_NOT_TRUSTED",
                   "certificate's extended key usage lacks tcg-kp-EKCertificate (2.23.133.8.1)");
  }
  return absl::OkStatus();
}

}  // namespace

StatusOr<Bytes> VerifyEkCertificate(ByteView leaf_der, const std::vector<Bytes>& intermediates_der,
                                    const std::vector<std::string>& roots_pem, absl::Time now) {
  ASSIGN_OR_RETURN(const X509Ptr leaf, CertificateFromDer(leaf_der));
  const X509StorePtr store(X509_STORE_new());
  const X509StoreCtxPtr context(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), StackFree> untrusted(sk_X509_new_null());
  if (!store || !context || !untrusted) return OpenSslError("EK certificate set-up");
  std::vector<X509Ptr> intermediates;
  for (const std::string& pem : roots_pem) {
    ASSIGN_OR_RETURN(std::vector<X509Ptr> bundle, BundleFromPem(pem));
    if (X509_STORE_add_cert(store.get(), bundle.front().get()) != 1) {
      return OpenSslError("TPM root");
    }
    std::move(bundle.begin() + 1, bundle.end(), std::back_inserter(intermediates));
  }
  for (const Bytes& der : intermediates_der) {
    ASSIGN_OR_RETURN(intermediates.emplace_back(), CertificateFromDer(der));
  }
  for (const X509Ptr& intermediate : intermediates) {
    if (sk_X509_push(untrusted.get(), intermediate.get()) <= 0) {
      return OpenSslError("EK intermediate");
    }
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), untrusted.get()) != 1) {
    return OpenSslError("EK certificate set-up");
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  // A root here is whatever certificate the owner named, self-signed or not.
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_time(param, absl::ToTimeT(now));
  X509_VERIFY_PARAM_set_auth_level(param, 2);  // at least RSA-2048, P-224, SHA-224
  if (X509_verify_cert(context.get()) != 1) {
    const std::string reason =
        X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    ClearOpenSslErrors();
    return Refused("EK_NOT_TRUSTED",
                   "EK certificate does not lead to a TPM root of the manifest: " + reason);
  }
  RETURN_IF_ERROR(CheckEkPurpose(leaf.get()));
  return SpkiOf(X509_get0_pubkey(leaf.get()));
}

}  // namespace kedge
