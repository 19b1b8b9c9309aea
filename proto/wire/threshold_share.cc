#include "proto/wire/threshold_share.h"

#include <absl/strings/str_cat.h>

#include "proto/wire/fields.h"
#include "proto/wire/json.h"
#include "proto/wire/receipt.h"

namespace kedge::wire {
namespace {

constexpr JsonLimits kLimits{
    .max_bytes = kMaxThresholdShareFile, .max_depth = 4, .max_values = 1024};
constexpr size_t kMaxKey = 1024;
constexpr size_t kMaxSignature = 256;
constexpr size_t kMaxEncrypted = 1024;  // RSA of 8,192 bits

StatusOr<ShareSet> FromWire(const v1::ShareSet& message) {
  ShareSet set{.threshold = message.threshold(),
               .seed_size = message.seed_size(),
               .salt = ToBytes(message.salt()),
               .service_key_spki = {},
               .slots = {},
               .signature = {}};
  ASSIGN_OR_RETURN(set.service_key_spki,
                   Between(message.service_key_spki(), kMaxKey, "service_key_spki"));
  ASSIGN_OR_RETURN(set.signature, Between(message.signature(), kMaxSignature, "signature"));
  for (const v1::ShareSlot& slot : message.slots()) {
    ShareSlot& out = set.slots.emplace_back();
    out.owner = slot.owner();
    ASSIGN_OR_RETURN(out.owner_key_digest,
                     Exactly<32>(slot.owner_key_digest(), "owner_key_digest"));
    ASSIGN_OR_RETURN(out.commitment, Exactly<32>(slot.commitment(), "commitment"));
  }
  RETURN_IF_ERROR(CheckShareSet(set));
  return set;
}

}  // namespace

StatusOr<ThresholdShare> FromWire(const v1::ThresholdSeedShare& message) {
  if (message.format() != kThresholdShareFormat) {
    return Malformed(absl::StrCat("format is '", message.format(), "', expected '",
                                  std::string(kThresholdShareFormat), "'"));
  }
  ThresholdShare share;
  ASSIGN_OR_RETURN(share.set, FromWire(message.set()));
  if (message.index() == 0 || message.index() > share.set.slots.size()) {
    return Malformed(
        absl::StrCat("index is ", message.index(), ", expected 1 to ", share.set.slots.size()));
  }
  share.index = message.index();
  ASSIGN_OR_RETURN(share.encrypted_share,
                   Between(message.encrypted_share(), kMaxEncrypted, "encrypted_share"));
  return share;
}

v1::ThresholdSeedShare ToWire(const ThresholdShare& share) {
  v1::ThresholdSeedShare out;
  out.set_format(std::string(kThresholdShareFormat));
  v1::ShareSet& set = *out.mutable_set();
  set.set_threshold(share.set.threshold);
  set.set_seed_size(share.set.seed_size);
  set.set_salt(Text(share.set.salt));
  set.set_service_key_spki(Text(share.set.service_key_spki));
  set.set_signature(Text(share.set.signature));
  for (const ShareSlot& slot : share.set.slots) {
    v1::ShareSlot& entry = *set.add_slots();
    entry.set_owner(slot.owner);
    entry.set_owner_key_digest(Text(slot.owner_key_digest));
    entry.set_commitment(Text(slot.commitment));
  }
  out.set_index(share.index);
  out.set_encrypted_share(Text(share.encrypted_share));
  return out;
}

StatusOr<ThresholdShare> ParseThresholdShare(ByteView file) {
  v1::ThresholdSeedShare message;
  RETURN_IF_ERROR(Annotate(ParseJson(AsText(file), kLimits, &message), "threshold share"));
  StatusOr<ThresholdShare> share = FromWire(message);
  if (!share.ok()) return Annotate(share.status(), "threshold share");
  return share;
}

StatusOr<std::string> PrintThresholdShare(const ThresholdShare& share) {
  return PrintJson(ToWire(share));
}

StatusOr<AnySeedShare> ParseAnySeedShare(ByteView file) {
  if (AsText(file).find("\"format\"") == std::string_view::npos) {
    ASSIGN_OR_RETURN(SeedShare share, ParseSeedShare(file));
    return AnySeedShare(std::move(share));
  }
  ASSIGN_OR_RETURN(ThresholdShare share, ParseThresholdShare(file));
  return AnySeedShare(std::move(share));
}

}  // namespace kedge::wire
