// Owners for OpenSSL objects and one way to report its errors. For .cc files only: no header of
// another room shows an OpenSSL type.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

template <auto kFree>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using BnPtr = std::unique_ptr<BIGNUM, OpenSslFree<BN_clear_free>>;
using CipherCtxPtr = std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>>;
using EcGroupPtr = std::unique_ptr<EC_GROUP, OpenSslFree<EC_GROUP_free>>;
using EcPointPtr = std::unique_ptr<EC_POINT, OpenSslFree<EC_POINT_free>>;
using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, OpenSslFree<ECDSA_SIG_free>>;
using KdfPtr = std::unique_ptr<EVP_KDF, OpenSslFree<EVP_KDF_free>>;
using KdfCtxPtr = std::unique_ptr<EVP_KDF_CTX, OpenSslFree<EVP_KDF_CTX_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using X509ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpenSslFree<X509_EXTENSION_free>>;
using X509ReqPtr = std::unique_ptr<X509_REQ, OpenSslFree<X509_REQ_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using X509StoreCtxPtr = std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;

// INTERNAL with `what` and the newest entry of the thread's OpenSSL error queue, which is emptied.
Status OpenSslError(std::string_view what);
// Empties the queue where a failure is an expected answer (a bad signature is no error of ours).
void ClearOpenSslErrors();

// A read-only BIO over `bytes`, which must outlive it.
BioPtr ReadBio(ByteView bytes);
// What was written to a memory BIO.
ByteView Written(const BioPtr& bio);
// A private key in PEM (PKCS#8 or SEC1) without a passphrase; never prompts. MALFORMED.
StatusOr<PkeyPtr> PrivateKeyFromPem(const SecretBytes& pem);
// PKCS#8 PEM without a passphrase.
StatusOr<SecretBytes> PrivateKeyToPem(EVP_PKEY* key);
// A public key in PEM as DER; the PEM must be exactly what PublicKeyToPem writes, but for white
// space at its end. MALFORMED.
StatusOr<Bytes> SpkiFromPem(std::string_view pem);
std::string SpkiToPem(ByteView spki);
// d2i_PUBKEY that refuses trailing bytes and any encoding but the canonical one. MALFORMED.
StatusOr<PkeyPtr> PublicKeyFromSpki(ByteView spki);
StatusOr<Bytes> SpkiOf(EVP_PKEY* key);

}  // namespace kedge
