#include "crypto/asn1.h"

namespace kedge {
namespace {

constexpr size_t kHeader = 2;  // tag and short length
constexpr uint8_t kLongLength = 0x80;

struct Element {
  ByteView whole;
  ByteView content;
};

// Takes one element of this tag off the front of `rest`.
StatusOr<Element> Next(ByteView& rest, int tag) {
  const uint8_t* content = rest.data();
  long size = 0;
  int seen_tag = 0;
  int seen_class = 0;
  const int answer =
      ASN1_get_object(&content, &size, &seen_tag, &seen_class, static_cast<long>(rest.size()));
  ClearOpenSslErrors();
  // 0x80: an error; 0x01: indefinite length, which DER does not know.
  if ((answer & 0x81) != 0 || seen_tag != tag || seen_class != V_ASN1_UNIVERSAL) {
    return Malformed("signed object that is not in DER");
  }
  const auto header = static_cast<size_t>(content - rest.data());
  const size_t whole = header + static_cast<size_t>(size);
  const Element out{rest.first(whole), rest.subspan(header, static_cast<size_t>(size))};
  rest = rest.subspan(whole);
  return out;
}

}  // namespace

StatusOr<SignedParts> SignedPartsOf(ByteView der) {
  ASSIGN_OR_RETURN(const Element outer, Next(der, V_ASN1_SEQUENCE));
  ByteView rest = outer.content;
  ASSIGN_OR_RETURN(const Element content, Next(rest, V_ASN1_SEQUENCE));
  ASSIGN_OR_RETURN(const Element algorithm, Next(rest, V_ASN1_SEQUENCE));
  ASSIGN_OR_RETURN(const Element bits, Next(rest, V_ASN1_BIT_STRING));
  if (!der.empty() || !rest.empty() || bits.content.empty()) {
    return Malformed("signed object with other members, or without a signature");
  }
  return SignedParts{content.whole, algorithm.whole,
                     bits.content[0] == 0 ? bits.content.subspan(1) : ByteView()};
}

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
