// Shamir's secret sharing (CACM 22:11, 1979), byte by byte over GF(2^8): any `threshold` shares
// give the secret, and fewer say nothing about it but its length.
//
// A share does not show that it is a wrong one: with it the result is another secret. Whoever
// combines shares must know each one by other means first (keyservice/core/threshold_share.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "base/secret_bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr size_t kMaxShamirShares = 255;

struct ShamirShare {
  uint8_t x = 0;  // public; never 0, where the secret is
  SecretBytes y;  // as long as the secret
};

// `count` shares at x = 1, 2, …, count. 1 ≤ threshold ≤ count ≤ 255, INVALID_ARGUMENT otherwise.
// Draws the coefficients of x, x², …, x^(threshold-1) from `random`, in this order, each as long as
// the secret.
StatusOr<std::vector<ShamirShare>> SplitSecret(const SecretBytes& secret, size_t threshold,
                                               size_t count, Random& random);

// The secret of exactly as many shares as its threshold. INVALID_ARGUMENT for none, for an x that
// is 0 or there twice, and for shares of different lengths. Time depends on lengths and x's only.
StatusOr<SecretBytes> CombineShares(std::span<const ShamirShare> shares);

}  // namespace kedge
