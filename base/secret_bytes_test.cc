#include "base/secret_bytes.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <ostream>
#include <sstream>
#include <string>
#include <type_traits>

#include "base/random.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

static_assert(!std::is_copy_constructible_v<SecretBytes>);
static_assert(!std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(std::is_nothrow_move_assignable_v<SecretBytes>);
template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<SecretBytes>);
static_assert(Printable<int>, "the concept itself works");

SecretBytes SecretOf(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }

const uint8_t* AddressOf(const SecretBytes& secret) {
  return secret.Reveal([](ByteView raw) { return raw.data(); });
}

// The VmFlags of the mapping that holds `address` (proc(5)), or "" where nothing is mapped.
std::string VmFlagsOf(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  std::string line;
  bool inside = false;
  while (std::getline(smaps, line)) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    char dash = 0;
    std::istringstream range(line);
    if (range >> std::hex >> begin >> dash >> end && dash == '-') {
      inside = begin <= wanted && wanted < end;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line + " ";
    }
  }
  return "";
}

TEST(SecretBytes, HoldsWhatWasCopiedIn) {
  const SecretBytes secret = SecretOf("secret");
  EXPECT_EQ(secret.size(), 6U);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(secret.Reveal([](ByteView raw) { return AsText(raw) == "secret"; }));
}

TEST(SecretBytes, IsFilledInPlace) {
  ASSERT_OK_AND_ASSIGN(SecretBytes secret, SecretBytes::Create(4));
  EXPECT_TRUE(secret.Reveal([](ByteView raw) {
    return std::all_of(raw.begin(), raw.end(), [](uint8_t b) { return b == 0; });
  }));
  secret.RevealMutable([](std::span<uint8_t> out) { std::fill(out.begin(), out.end(), 'x'); });
  EXPECT_TRUE(secret.EqualsConstantTime(SecretOf("xxxx")));
}

TEST(SecretBytes, RefusesSizesOutOfRange) {
  EXPECT_THAT(SecretBytes::Create(0), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(SecretBytes::Create((size_t{1} << 20) + 1), HasCode(StatusCode::kInvalidArgument));
  EXPECT_THAT(SecretBytes::CopyOf({}), HasCode(StatusCode::kInvalidArgument));
}

TEST(SecretBytes, MovesWithoutLeavingACopy) {
  SecretBytes first = SecretOf("secret");
  const uint8_t* address = AddressOf(first);
  SecretBytes second = std::move(first);
  EXPECT_EQ(AddressOf(second), address);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the documented state
  first = std::move(second);
  EXPECT_EQ(AddressOf(first), address);
  EXPECT_EQ(second.size(), 0U);  // NOLINT(bugprone-use-after-move)
  SecretBytes& self = first;
  first = std::move(self);
  EXPECT_TRUE(first.EqualsConstantTime(SecretOf("secret")));
}

TEST(SecretBytes, ClonesAreEqualAndSeparate) {
  SecretBytes original = SecretOf("secret");
  ASSERT_OK_AND_ASSIGN(const SecretBytes clone, original.Clone());
  EXPECT_NE(AddressOf(clone), AddressOf(original));
  original.RevealMutable([](std::span<uint8_t> out) { out[0] = 'S'; });
  EXPECT_TRUE(clone.EqualsConstantTime(SecretOf("secret")));
  EXPECT_FALSE(clone.EqualsConstantTime(original));
}

TEST(SecretBytes, EqualityLooksAtEveryByteAndTheSize) {
  const SecretBytes secret = SecretOf("secret");
  for (size_t i = 0; i < secret.size(); ++i) {
    SecretBytes other = secret.Clone().value();
    other.RevealMutable([i](std::span<uint8_t> out) { out[i] = static_cast<uint8_t>(out[i] ^ 1); });
    EXPECT_FALSE(secret.EqualsConstantTime(other)) << i;
  }
  EXPECT_FALSE(secret.EqualsConstantTime(SecretOf("secre")));
  EXPECT_TRUE(SecretBytes().EqualsConstantTime(SecretBytes()));
}

// lo: locked, dd: left out of core dumps, wf: wiped in children.
TEST(SecretBytes, PagesAreLockedNotDumpedAndWipedOnFork) {
  const SecretBytes secret = SecretOf("secret");
  const std::string flags = VmFlagsOf(AddressOf(secret));
  for (const char* flag : {" lo ", " dd ", " wf "}) {
    EXPECT_NE(flags.find(flag), std::string::npos) << flag << "in" << flags;
  }
  const Bytes plain(1, 0);
  EXPECT_EQ(VmFlagsOf(plain.data()).find(" dd "), std::string::npos) << "the check can fail";
}

TEST(SecretBytes, IsCountedAsLockedMemory) {
  const auto locked_kib = [] {
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line)) {
      if (line.starts_with("VmLck:")) return std::stol(line.substr(6));
    }
    return -1L;
  };
  const long before = locked_kib();
  const SecretBytes secret = SecretBytes::Create(8192).value();
  EXPECT_EQ(locked_kib(), before + 8);
}

TEST(SecretBytes, AForkedChildSeesZeroes) {
  const SecretBytes secret = SecretOf("secret");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool wiped = secret.Reveal([](ByteView raw) {
      return std::all_of(raw.begin(), raw.end(), [](uint8_t b) { return b == 0; });
    });
    _exit(wiped ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFEXITED(result) && WEXITSTATUS(result) == 0) << "the child saw the secret";
  EXPECT_TRUE(secret.EqualsConstantTime(SecretOf("secret")));
}

TEST(SecretBytes, IsUnmappedWhenDestroyed) {
  const uint8_t* address = nullptr;
  {
    const SecretBytes secret = SecretOf("secret");
    address = AddressOf(secret);
    ASSERT_NE(VmFlagsOf(address), "");
  }
  // Nobody else maps memory between the two lines of a single-threaded test.
  unsigned char resident = 0;
  EXPECT_EQ(mincore(const_cast<uint8_t*>(address), 1, &resident), -1) << "still mapped";
}

// In a child, so that the limit does not stay: root is not bound by it, so it drops to nobody.
TEST(SecretBytes, FailsRatherThanKeepASecretInSwappableMemory) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) _exit(2);
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    const auto secret = SecretBytes::Create(32);
    _exit(secret.status().code() == StatusCode::kResourceExhausted ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 0);
}

TEST(SecureWipe, Overwrites) {
  Bytes memory(16, 0xaa);
  SecureWipe(memory);
  EXPECT_EQ(memory, Bytes(16, 0));
}

class CountingRandom final : public Random {
 public:
  Status Fill(std::span<uint8_t> out) override {
    if (fail) return Internal("no entropy");
    for (uint8_t& byte : out) byte = next++;
    return absl::OkStatus();
  }
  bool fail = false;
  uint8_t next = 1;
};

TEST(Random, FillsSecretsAndPassesErrorsOn) {
  CountingRandom random;
  ASSERT_OK_AND_ASSIGN(const SecretBytes secret, random.Secret(3));
  EXPECT_TRUE(secret.EqualsConstantTime(SecretBytes::CopyOf(Bytes{1, 2, 3}).value()));
  random.fail = true;
  EXPECT_THAT(random.Secret(3), HasCode(StatusCode::kInternal));
}

}  // namespace
}  // namespace kedge
