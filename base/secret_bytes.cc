#include "base/secret_bytes.h"

#include <absl/strings/str_cat.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

namespace kedge {
namespace {

constexpr size_t kMaxSize = size_t{1} << 20;

}  // namespace

void SecureWipe(std::span<uint8_t> memory) { explicit_bzero(memory.data(), memory.size()); }

StatusOr<SecretBytes> SecretBytes::Create(size_t size) {
  if (size == 0 || size > kMaxSize) {
    return MakeError(StatusCode::kInvalidArgument,
                     absl::StrCat("secret of ", size, " bytes: must be 1 to ", kMaxSize));
  }
  void* memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, /*fd=*/-1, 0);
  if (memory == MAP_FAILED) {
    return MakeError(StatusCode::kResourceExhausted, "no memory for a secret");
  }
  // mlock2 without flags is mlock, except that the sanitizers do not replace it by nothing.
  if (mlock2(memory, size, 0) != 0) {
    munmap(memory, size);
    return MakeError(StatusCode::kResourceExhausted,
                     "cannot lock memory for a secret: raise RLIMIT_MEMLOCK (LimitMEMLOCK=)");
  }
  if (madvise(memory, size, MADV_DONTDUMP) != 0 || madvise(memory, size, MADV_WIPEONFORK) != 0) {
    munmap(memory, size);
    return Internal("the kernel refuses MADV_DONTDUMP or MADV_WIPEONFORK for a secret");
  }
  return SecretBytes(static_cast<uint8_t*>(memory), size);
}

StatusOr<SecretBytes> SecretBytes::CopyOf(ByteView bytes) {
  ASSIGN_OR_RETURN(SecretBytes secret, Create(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), secret.data_);
  return secret;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    Destroy();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() { Destroy(); }

void SecretBytes::Destroy() noexcept {
  if (data_ == nullptr) return;
  explicit_bzero(data_, size_);
  munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

StatusOr<SecretBytes> SecretBytes::Clone() const { return CopyOf(ByteView(data_, size_)); }

bool SecretBytes::EqualsConstantTime(const SecretBytes& other) const {
  if (size_ != other.size_) return false;
  uint8_t difference = 0;
  for (size_t i = 0; i < size_; ++i) {
    difference = static_cast<uint8_t>(difference | (data_[i] ^ other.data_[i]));
  }
  return difference == 0;
}

}  // namespace kedge
