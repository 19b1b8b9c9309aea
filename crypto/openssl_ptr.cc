#include "crypto/openssl_ptr.h"

#include <absl/strings/str_cat.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits>

namespace kedge {
namespace {

constexpr size_t kMaxKeyEncoding = 16 * 1024;

// Without a callback OpenSSL would ask for a passphrase on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

std::string_view WithoutTrailingSpace(std::string_view text) {
  const size_t end = text.find_last_not_of(" \t\r\n");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

}  // namespace

Status OpenSslError(std::string_view what) {
  char text[256] = "no detail";
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return Internal(std::string(what) + ": " + text);
}

void ClearOpenSslErrors() { ERR_clear_error(); }

BioPtr ReadBio(ByteView bytes) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return nullptr;
  // A null buffer would be an error, an empty one is not.
  static constexpr char kEmpty[] = "";
  const void* data = bytes.empty() ? static_cast<const void*>(kEmpty) : bytes.data();
  return BioPtr(BIO_new_mem_buf(data, static_cast<int>(bytes.size())));
}

ByteView Written(const BioPtr& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size <= 0) return {};
  return {reinterpret_cast<const uint8_t*>(data), static_cast<size_t>(size)};
}

StatusOr<PkeyPtr> PrivateKeyFromPem(const SecretBytes& pem) {
  if (pem.size() > kMaxKeyEncoding) return Malformed("private key PEM larger than 16 KiB");
  PkeyPtr key = pem.Reveal([](ByteView text) {
    const BioPtr bio = ReadBio(text);
    return PkeyPtr(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr)
                       : nullptr);
  });
  if (!key) {
    ClearOpenSslErrors();
    return Malformed("not a private key in PEM without a passphrase");
  }
  return key;
}

StatusOr<SecretBytes> PrivateKeyToPem(EVP_PKEY* key) {
  // The secure-memory BIO wipes its buffer when it grows and when it is freed.
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return OpenSslError("writing a private key");
  }
  return SecretBytes::CopyOf(Written(bio));
}

StatusOr<Bytes> SpkiFromPem(std::string_view pem) {
  if (pem.size() > kMaxKeyEncoding) return Malformed("public key PEM larger than 16 KiB");
  const BioPtr bio = ReadBio(AsBytes(pem));
  const PkeyPtr key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, NoPassphrase, nullptr) : nullptr);
  if (!key) {
    ClearOpenSslErrors();
    return Malformed("not a public key in PEM: expected '-----BEGIN PUBLIC KEY-----'");
  }
  ASSIGN_OR_RETURN(Bytes spki, SpkiOf(key.get()));
  if (WithoutTrailingSpace(SpkiToPem(spki)) != WithoutTrailingSpace(pem)) {
    return Malformed("public key PEM is not in canonical form or has other text around it");
  }
  return spki;
}

std::string SpkiToPem(ByteView spki) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio(bio.get(), PEM_STRING_PUBLIC, "", spki.data(),
                            static_cast<long>(spki.size())) <= 0) {
    ClearOpenSslErrors();
    return {};
  }
  return std::string(AsText(Written(bio)));
}

StatusOr<PkeyPtr> PublicKeyFromSpki(ByteView spki) {
  if (spki.size() > kMaxKeyEncoding) return Malformed("public key larger than 16 KiB");
  const uint8_t* position = spki.data();
  PkeyPtr key(d2i_PUBKEY(nullptr, &position, static_cast<long>(spki.size())));
  if (!key) {
    ClearOpenSslErrors();
    return Malformed("not a SubjectPublicKeyInfo");
  }
  ASSIGN_OR_RETURN(const Bytes canonical, SpkiOf(key.get()));
  if (!Equal(canonical, spki)) {
    return Malformed("SubjectPublicKeyInfo is not in canonical DER or has trailing bytes");
  }
  return key;
}

StatusOr<Bytes> SpkiOf(EVP_PKEY* key) {
  uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return OpenSslError("encoding a public key");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace kedge
