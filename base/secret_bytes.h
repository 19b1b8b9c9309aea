// A secret of fixed size that cannot be printed, copied or dumped by accident (S11).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

// Owns anonymous pages that are locked in memory, left out of core dumps, and wiped in children
// after fork and on destruction. Move-only. The bytes are reached only through Reveal, so that
// every use of a raw secret can be found by that word.
//
// Where the lock limit is exhausted Create fails with RESOURCE_EXHAUSTED: a secret is never kept
// in swappable memory. Not thread-safe for writing; const use from several threads is fine.
class SecretBytes {
 public:
  // An empty secret (size 0), the state after a move.
  SecretBytes() = default;
  // `size` zero bytes, 1 ≤ size ≤ 1 MiB.
  static StatusOr<SecretBytes> Create(size_t size);
  // Copies `bytes`; the caller wipes its own copy.
  static StatusOr<SecretBytes> CopyOf(ByteView bytes);

  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Calls `use(ByteView)` and returns its result; the view must not outlive the call.
  template <typename Use>
  decltype(auto) Reveal(Use&& use) const {
    return std::forward<Use>(use)(ByteView(data_, size_));
  }
  // Calls `fill(std::span<uint8_t>)` to write the secret in place.
  template <typename Fill>
  decltype(auto) RevealMutable(Fill&& fill) {
    return std::forward<Fill>(fill)(std::span<uint8_t>(data_, size_));
  }

  StatusOr<SecretBytes> Clone() const;
  // Time depends on the sizes only.
  bool EqualsConstantTime(const SecretBytes& other) const;

 private:
  SecretBytes(uint8_t* data, size_t size) : data_(data), size_(size) {}
  void Destroy() noexcept;

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// Overwrites memory in a way that the compiler keeps.
void SecureWipe(std::span<uint8_t> memory);

}  // namespace kedge
