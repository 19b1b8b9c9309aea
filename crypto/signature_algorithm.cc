#include "crypto/signature_algorithm.h"

#include <openssl/rsa.h>

#include <memory>
#include <string_view>

#include "crypto/openssl_ptr.h"

namespace kedge {
namespace {

std::string_view HashName(int nid) {
  switch (nid) {
    case NID_sha256:
      return "sha256";
    case NID_sha384:
      return "sha384";
    case NID_sha512:
      return "sha512";
    default:
      return "";
  }
}

long HashSize(int nid) { return nid == NID_sha256 ? 32 : nid == NID_sha384 ? 48 : 64; }

int NidOf(const X509_ALGOR* algorithm) {
  if (algorithm == nullptr) return NID_undef;
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(object);
}

template <typename T>
std::unique_ptr<T, void (*)(T*)> Unpack(const X509_ALGOR* algorithm, const ASN1_ITEM* item,
                                        void (*free)(T*)) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  T* out = type == V_ASN1_SEQUENCE
               ? static_cast<T*>(ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), item))
               : nullptr;
  ClearOpenSslErrors();
  return {out, free};
}

// RFC 4055 section 3.1. Every field must be spelt out: the defaults mean SHA-1.
std::string PssName(const X509_ALGOR* algorithm) {
  const auto params =
      Unpack<RSA_PSS_PARAMS>(algorithm, ASN1_ITEM_rptr(RSA_PSS_PARAMS), RSA_PSS_PARAMS_free);
  if (!params || NidOf(params->maskGenAlgorithm) != NID_mgf1 || params->saltLength == nullptr) {
    return kUnknownSignatureAlgorithm;
  }
  const int hash = NidOf(params->hashAlgorithm);
  const auto mask =
      Unpack<X509_ALGOR>(params->maskGenAlgorithm, ASN1_ITEM_rptr(X509_ALGOR), X509_ALGOR_free);
  const bool trailer_good =
      params->trailerField == nullptr || ASN1_INTEGER_get(params->trailerField) == 1;
  if (HashName(hash).empty() || NidOf(mask.get()) != hash || !trailer_good ||
      ASN1_INTEGER_get(params->saltLength) != HashSize(hash)) {
    return kUnknownSignatureAlgorithm;
  }
  return "rsassa-pss-" + std::string(HashName(hash));
}

}  // namespace

std::string SignatureAlgorithmName(const X509_ALGOR* algorithm) {
  const int nid = NidOf(algorithm);
  if (nid == NID_rsassaPss) return PssName(algorithm);
  int hash = NID_undef;
  int key = NID_undef;
  if (OBJ_find_sigid_algs(nid, &hash, &key) != 1 || HashName(hash).empty()) {
    return kUnknownSignatureAlgorithm;
  }
  if (key == NID_rsaEncryption) return "rsa-" + std::string(HashName(hash));
  if (key == NID_X9_62_id_ecPublicKey) return "ecdsa-" + std::string(HashName(hash));
  return kUnknownSignatureAlgorithm;
}

std::string NameText(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    ClearOpenSslErrors();
    return "";
  }
  return std::string(AsText(Written(bio)));
}

}  // namespace kedge
