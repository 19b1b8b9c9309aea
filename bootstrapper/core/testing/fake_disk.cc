#include "bootstrapper/core/testing/fake_disk.h"

#include "base/lp.h"

namespace kedge::testing {

Bytes FakeDisk::KeyTag(const SecretBytes& dek, const DiskBinding& binding) const {
  LpWriter bound;
  bound.Add(binding.cluster_id_hex)
      .Add(binding.node)
      .Add(binding.volume)
      .AddU32(binding.dek_generation);
  return ToBytes(HmacSha256(dek, bound.bytes()));
}

StatusOr<DiskInspection> FakeDisk::Inspect() {
  return kill_.Guard([&]() -> StatusOr<DiskInspection> {
    DiskInspection inspection;
    inspection.content = content;
    if (content == DiskContent::kLuks2) {
      inspection.header_digest = header_digest_;
      inspection.disk_counter = counter();
    }
    return inspection;
  });
}

StatusOr<Sha256Digest> FakeDisk::Format(const SecretBytes& dek, const DiskBinding& binding,
                                        uint64_t disk_counter,
                                        const std::function<void(int)>& progress) {
  if (!kill_.Pass()) return KillSwitch::Dead();
  if (mounted_) return FailedPrecondition("format of an open disk");
  ++formats;
  files.clear();
  has_marker_ = false;
  content = DiskContent::kForeign;  // the old header is gone, the new one not yet whole
  progress(0);
  if (!kill_.Pass()) return KillSwitch::Dead();
  content = DiskContent::kLuks2;
  key_tag_ = KeyTag(dek, binding);
  first_copy_ = second_copy_ = disk_counter;
  header_digest_ = Sha256({key_tag_, U32Be(static_cast<uint32_t>(formats))});
  if (!kill_.Pass()) return KillSwitch::Dead();
  has_marker_ = true;
  progress(100);
  if (!kill_.Pass()) return KillSwitch::Dead();
  return header_digest_;
}

Status FakeDisk::CheckHeader(const SecretBytes& dek, const DiskBinding& binding,
                             const DiskCounters& counters) const {
  if (content == DiskContent::kBlank) return Refused("DISK_BLANK", "blank");
  if (content == DiskContent::kForeign) return Refused("HEADER_NOT_ACCEPTED", "foreign");
  if (KeyTag(dek, binding) != key_tag_) return Refused("HEADER_MAC", "another key");
  return CheckDiskCounter(counter(), counters);
}

StatusOr<OpenedDisk> FakeDisk::Open(const SecretBytes& dek, const DiskBinding& binding,
                                    const DiskCounters& counters, const ContentCheck& check) {
  return kill_.Guard([&]() -> StatusOr<OpenedDisk> {
    if (mounted_) return Refused("DISK_BUSY", "already open");
    if (fail_open) return *fail_open;
    RETURN_IF_ERROR(CheckHeader(dek, binding, counters));
    if (!has_marker_) return Refused("MARKER_MISSING", "formatting was cut off");
    RETURN_IF_ERROR(
        check(counter(), [this](const std::string& name, size_t) -> StatusOr<std::optional<Bytes>> {
          const auto found = files.find(name);
          if (found == files.end()) return std::optional<Bytes>();
          return std::optional<Bytes>(found->second);
        }));
    mounted_ = true;
    return OpenedDisk{.header_digest = header_digest_, .disk_counter = counter()};
  });
}

StatusOr<OpenedDisk> FakeDisk::Advance(const SecretBytes& dek, const DiskBinding& binding,
                                       const DiskCounters& counters) {
  if (!kill_.Pass()) return KillSwitch::Dead();
  RETURN_IF_ERROR(CheckHeader(dek, binding, counters));
  second_copy_ = first_copy_ = counter();  // what was cut off before
  if (!kill_.Pass()) return KillSwitch::Dead();
  if (first_copy_ != counters.next) ++advances;
  first_copy_ = counters.next;
  if (!kill_.Pass()) return KillSwitch::Dead();
  second_copy_ = counters.next;
  if (!kill_.Pass()) return KillSwitch::Dead();
  return OpenedDisk{.header_digest = header_digest_, .disk_counter = counters.next};
}

FakeDisk::Image FakeDisk::Copy() const {
  return {.content = content,
          .files = files,
          .has_marker = has_marker_,
          .key_tag = key_tag_,
          .header_digest = header_digest_,
          .first_copy = first_copy_,
          .second_copy = second_copy_};
}

void FakeDisk::PutBack(const Image& image) {
  content = image.content;
  files = image.files;
  has_marker_ = image.has_marker;
  key_tag_ = image.key_tag;
  header_digest_ = image.header_digest;
  PutHeaderBack(image);
}

void FakeDisk::PutHeaderBack(const Image& image) {
  first_copy_ = image.first_copy;
  second_copy_ = image.second_copy;
}

Status FakeDisk::Close() {
  return kill_.Guard([&]() -> Status {
    mounted_ = false;
    return absl::OkStatus();
  });
}

StatusOr<std::optional<Bytes>> FakeDisk::Read(const std::string& name, size_t max) {
  return kill_.Guard([&]() -> StatusOr<std::optional<Bytes>> {
    if (!mounted_) return FailedPrecondition("the state disk is not mounted");
    const auto found = files.find(name);
    if (found == files.end()) return std::nullopt;
    if (found->second.size() > max) return Internal("too large");
    return found->second;
  });
}

Status FakeDisk::Write(const std::string& name, ByteView content_in) {
  return kill_.Guard([&]() -> Status {
    if (!mounted_) return FailedPrecondition("the state disk is not mounted");
    files[name] = ToBytes(content_in);
    return absl::OkStatus();
  });
}

Status FakeDisk::WriteSecret(const std::string& name, const SecretBytes& content_in) {
  return content_in.Reveal([&](ByteView bytes) { return Write(name, bytes); });
}

StatusOr<bool> FakeDisk::Mounted() {
  return kill_.Guard([&]() -> StatusOr<bool> { return mounted_; });
}

}  // namespace kedge::testing
