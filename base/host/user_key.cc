#include "base/host/user_key.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace kedge {
namespace {

using KeySerial = int32_t;

// keyctl(2): rights of the key's user; nothing for possessors, groups and others. SETATTR is left
// out, so that they stay as they are.
constexpr unsigned long kOwnerOnly = 0x00010000 /* VIEW */ | 0x00020000 /* READ */ |
                                     0x00040000 /* WRITE */ | 0x00080000 /* SEARCH */;

Status KeyringError(std::string_view what) {
  return MakeFault(StatusCode::kUnavailable, "KEYRING_UNAVAILABLE", Advice::kAskOperator,
                   "kernel keyring: " + std::string(what) + ": " + strerrordesc_np(errno) +
                       "; see that the kernel has keyrings and the unit may use them");
}

// No such key, or one that has just been revoked.
bool IsAbsent(int error) { return error == ENOKEY || error == EKEYREVOKED || error == EKEYEXPIRED; }

// systemd gives a service a session keyring without the user's keyring in it (KeyringMode=private):
// then this thread does not "possess" the keys there, and may do nothing with them that possession
// is needed for. Linked into the thread's own keyring, it does.
Status ReachUserKeyring() {
  if (syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING, KEY_SPEC_THREAD_KEYRING, 0, 0) != 0) {
    return KeyringError("link the user keyring");
  }
  return absl::OkStatus();
}

long Search(const std::string& name) {
  return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", name.c_str(), 0);
}

}  // namespace

StatusOr<std::optional<SecretBytes>> UserKey::Load() const {
  RETURN_IF_ERROR(ReachUserKeyring());
  const long key = Search(name_);
  if (key < 0) {
    if (IsAbsent(errno)) return std::optional<SecretBytes>();
    return KeyringError("search");
  }
  ASSIGN_OR_RETURN(SecretBytes buffer, SecretBytes::Create(size_.most));
  const long size = buffer.RevealMutable([key](std::span<uint8_t> out) {
    return syscall(SYS_keyctl, KEYCTL_READ, static_cast<KeySerial>(key), out.data(), out.size(), 0);
  });
  if (size < 0) {
    if (IsAbsent(errno)) return std::optional<SecretBytes>();
    return KeyringError("read");
  }
  if (static_cast<size_t>(size) < size_.least || static_cast<size_t>(size) > size_.most) {
    return MakeFault(StatusCode::kDataLoss, "KEYRING_UNAVAILABLE", Advice::kReboot,
                     "the kernel keyring holds " + std::to_string(size) + " bytes as " + name_ +
                         ", expected " + std::to_string(size_.least) + " to " +
                         std::to_string(size_.most));
  }
  ASSIGN_OR_RETURN(SecretBytes secret, buffer.Reveal([size](ByteView bytes) {
    return SecretBytes::CopyOf(bytes.first(static_cast<size_t>(size)));
  }));
  return std::optional<SecretBytes>(std::move(secret));
}

Status UserKey::Keep(const SecretBytes& secret) const {
  // A key that is there already would keep its permissions: it is replaced, not updated.
  RETURN_IF_ERROR(Revoke());
  const long key = secret.Reveal([this](ByteView bytes) {
    return syscall(SYS_add_key, "user", name_.c_str(), bytes.data(), bytes.size(),
                   KEY_SPEC_USER_KEYRING);
  });
  if (key < 0) return KeyringError("add");
  if (syscall(SYS_keyctl, KEYCTL_SETPERM, static_cast<KeySerial>(key), kOwnerOnly, 0, 0) != 0) {
    Status status = KeyringError("set permissions");
    Revoke().IgnoreError();
    return status;
  }
  return absl::OkStatus();
}

Status UserKey::Revoke() const {
  RETURN_IF_ERROR(ReachUserKeyring());
  const long key = Search(name_);
  if (key < 0) return IsAbsent(errno) ? absl::OkStatus() : KeyringError("search");
  if (syscall(SYS_keyctl, KEYCTL_REVOKE, static_cast<KeySerial>(key), 0, 0, 0) != 0 &&
      !IsAbsent(errno)) {
    return KeyringError("revoke");
  }
  // Out of the keyring too: a revoked key there would be in the way of the next one.
  if (syscall(SYS_keyctl, KEYCTL_UNLINK, static_cast<KeySerial>(key), KEY_SPEC_USER_KEYRING, 0,
              0) != 0 &&
      errno != ENOENT && !IsAbsent(errno)) {
    return KeyringError("unlink");
  }
  return absl::OkStatus();
}

}  // namespace kedge
