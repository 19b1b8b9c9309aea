#include "crypto/asn1.h"

namespace kedge {
namespace {

constexpr size_t kHeader = 2;  // tag and short length
constexpr uint8_t kLongLength = 0x80;

}  // namespace

StatusOr<absl::Time> TimeOf(const ASN1_TIME* time, std::string_view what) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ClearOpenSslErrors();
    return Malformed(std::string(what) + " is missing or not a time");
  }
  return absl::FromCivil(absl::CivilSecond(parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                           parts.tm_hour, parts.tm_min, parts.tm_sec),
                         absl::UTCTimeZone());
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone());
}

StatusOr<Bytes> IntegerContent(const ASN1_INTEGER* integer) {
  if (integer == nullptr) return Malformed("integer is missing");
  ASSIGN_OR_RETURN(const Bytes der, EncodeWith(i2d_ASN1_INTEGER, integer));
  if (der.size() <= kHeader || der[1] >= kLongLength) {
    return Malformed("integer of more than 127 bytes");
  }
  return Bytes(der.begin() + kHeader, der.end());
}

}  // namespace kedge
