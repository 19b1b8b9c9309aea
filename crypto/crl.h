// One certificate revocation list (RFC 5280 section 5), full and direct: no delta, no indirect
// lists. Immutable and safe to share between threads.
#pragma once

#include <absl/time/time.h>

#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/certificate.h"

namespace kedge {

inline constexpr size_t kMaxCrlSize = 4 * 1024 * 1024;
inline constexpr size_t kMaxRevoked = 100'000;

class Crl {
 public:
  // Exactly one CRL in DER with a next update and, where it has one, a valid CRL number. MALFORMED.
  static StatusOr<Crl> FromDer(ByteView der);
  // DER, or one PEM block with nothing but white space around it.
  static StatusOr<Crl> FromPemOrDer(ByteView file);

  const Bytes& der() const { return der_; }
  const std::string& issuer() const { return issuer_; }  // RFC 4514
  const Bytes& issuer_der() const { return issuer_der_; }
  absl::Time this_update() const { return this_update_; }
  absl::Time next_update() const { return next_update_; }
  // Big-endian without leading zeroes; nullopt where the list has none. Compare with
  // CompareCrlNumbers: it must never go back.
  const std::optional<Bytes>& number() const { return number_; }
  size_t revoked_count() const { return revoked_.size(); }
  // When the certificate with this serial (Certificate::serial) was revoked.
  std::optional<absl::Time> RevokedAt(ByteView serial) const;

  // Fault CRL_ISSUER where the list names another issuer or the issuer may not sign lists,
  // CRL_SIGNATURE where its key did not sign it.
  Status VerifySignedBy(const Certificate& issuer) const;
  // Fault CRL_STALE outside [this_update, next_update], or where it is older than `max_age`.
  Status CheckWindow(absl::Time at, absl::Duration max_age = absl::InfiniteDuration()) const;

 private:
  Crl() = default;

  Bytes der_;
  std::string issuer_;
  Bytes issuer_der_;
  absl::Time this_update_;
  absl::Time next_update_;
  std::optional<Bytes> number_;
  std::string signature_algorithm_;
  Bytes signed_bytes_;  // TBSCertList
  Bytes signature_;
  std::map<Bytes, absl::Time> revoked_;
};

// <0, 0, >0 as for the numbers themselves.
int CompareCrlNumbers(ByteView a, ByteView b);

}  // namespace kedge
