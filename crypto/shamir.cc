#include "crypto/shamir.h"

#include <absl/strings/str_cat.h>

#include <set>

#include "crypto/gf256.h"

namespace kedge {
namespace {

Status Invalid(std::string_view message) {
  return MakeError(StatusCode::kInvalidArgument, message);
}

// to[i] = to[i] * factor + add[i]: one step of Horner's rule, in every byte at once.
void MultiplyAdd(SecretBytes& to, uint8_t factor, const SecretBytes& add) {
  to.RevealMutable([&](std::span<uint8_t> out) {
    add.Reveal([&](ByteView in) {
      for (size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<uint8_t>(gf256::Multiply(out[i], factor) ^ in[i]);
      }
    });
  });
}

// The value at 0 of the polynomial that is 1 at shares[own].x and 0 at the others (Lagrange): the
// product of x_j / (x_j - x_own).
uint8_t WeightOf(std::span<const ShamirShare> shares, size_t own) {
  uint8_t weight = 1;
  for (size_t j = 0; j < shares.size(); ++j) {
    if (j == own) continue;
    const auto difference = static_cast<uint8_t>(shares[j].x ^ shares[own].x);
    weight = gf256::Multiply(weight, gf256::Multiply(shares[j].x, gf256::Invert(difference)));
  }
  return weight;
}

}  // namespace

StatusOr<std::vector<ShamirShare>> SplitSecret(const SecretBytes& secret, size_t threshold,
                                               size_t count, Random& random) {
  if (secret.empty() || threshold == 0 || threshold > count || count > kMaxShamirShares) {
    return Invalid(absl::StrCat("cannot make ", count, " shares of which ", threshold,
                                " suffice: expected 1 to ", kMaxShamirShares,
                                ", and no more needed than made"));
  }
  std::vector<SecretBytes> coefficients;
  for (size_t power = 1; power < threshold; ++power) {
    ASSIGN_OR_RETURN(coefficients.emplace_back(), random.Secret(secret.size()));
  }
  std::vector<ShamirShare> shares(count);
  for (size_t i = 0; i < count; ++i) {
    shares[i].x = static_cast<uint8_t>(i + 1);
    ASSIGN_OR_RETURN(shares[i].y, SecretBytes::Create(secret.size()));  // zero
    for (size_t power = coefficients.size(); power > 0; --power) {
      MultiplyAdd(shares[i].y, shares[i].x, coefficients[power - 1]);
    }
    MultiplyAdd(shares[i].y, shares[i].x, secret);
  }
  return shares;
}

StatusOr<SecretBytes> CombineShares(std::span<const ShamirShare> shares) {
  if (shares.empty()) return Invalid("no shares to combine");
  std::set<uint8_t> seen;
  for (const ShamirShare& share : shares) {
    if (share.x == 0 || !seen.insert(share.x).second) {
      return Invalid(absl::StrCat("share ", share.x, " is there twice, or is none"));
    }
    if (share.y.size() != shares.front().y.size()) return Invalid("shares of different lengths");
  }
  ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::Create(shares.front().y.size()));
  for (size_t i = 0; i < shares.size(); ++i) {
    const uint8_t weight = WeightOf(shares, i);
    secret.RevealMutable([&](std::span<uint8_t> out) {
      shares[i].y.Reveal([&](ByteView y) {
        for (size_t k = 0; k < out.size(); ++k) {
          out[k] = static_cast<uint8_t>(out[k] ^ gf256::Multiply(y[k], weight));
        }
      });
    });
  }
  return secret;
}

}  // namespace kedge
