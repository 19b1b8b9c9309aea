#include "attestation/parse/pck_extensions.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "attestation/parse/der.h"

namespace kedge {
namespace {

// 1.2.840.113741.1.13.1 in its DER encoding; members append one arc, members of members two.
constexpr ByteArray<9> kPrefix = {0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01};

constexpr uint8_t kPpid = 1;
constexpr uint8_t kTcb = 2;
constexpr uint8_t kPceId = 3;
constexpr uint8_t kFmspc = 4;
constexpr uint8_t kSgxType = 5;
constexpr uint8_t kPlatformInstance = 6;
constexpr uint8_t kConfiguration = 7;
constexpr uint8_t kMembers = 7;
// Members of the TCB: 1 to 16 are component SVNs.
constexpr uint8_t kPceSvn = 17;
constexpr uint8_t kCpuSvn = 18;

constexpr uint8_t kDynamicPlatform = 1;
constexpr uint8_t kCachedKeys = 2;
constexpr uint8_t kSmtEnabled = 3;

// The last arc of an identifier that is kPrefix, `path` and one arc more.
StatusOr<uint8_t> LastArc(ByteView oid, ByteView path) {
  const size_t fixed = kPrefix.size() + path.size();
  const bool fits = oid.size() == fixed + 1 &&
                    std::equal(kPrefix.begin(), kPrefix.end(), oid.begin()) &&
                    std::equal(path.begin(), path.end(), oid.begin() + kPrefix.size());
  if (!fits || oid.back() >= 0x80) {
    return Malformed(absl::StrCat("SGX extension: unknown identifier ", ToHex(oid)));
  }
  return oid.back();
}

// Which members of one sequence have been seen.
class Seen {
 public:
  Status Mark(uint8_t member) {
    if (Has(member)) {
      return Malformed(absl::StrCat("SGX extension: member ", member, " is there twice"));
    }
    bits_ |= 1u << member;
    return absl::OkStatus();
  }
  bool Has(uint8_t member) const { return (bits_ & (1u << member)) != 0; }
  Status Require(uint8_t first, uint8_t last) const {
    for (uint8_t member = first; member <= last; ++member) {
      if (!Has(member)) return Malformed(absl::StrCat("SGX extension: no member ", member));
    }
    return absl::OkStatus();
  }

 private:
  uint32_t bits_ = 0;
};

template <size_t N>
Status ReadOctets(DerReader& pair, ByteArray<N>& out) {
  ASSIGN_OR_RETURN(const ByteView content, pair.Element(kDerOctetString));
  const auto array = ToArray<N>(content);
  if (!array) {
    return Malformed(absl::StrCat("SGX extension: ", content.size(), " bytes, expected ", N));
  }
  out = *array;
  return absl::OkStatus();
}

Status ReadTcbMember(uint8_t member, DerReader& pair, PckTcb& out) {
  if (member >= 1 && member <= out.component_svns.size()) {
    ASSIGN_OR_RETURN(const uint64_t svn, pair.Unsigned(kDerInteger, 0xFF));
    out.component_svns[member - 1u] = static_cast<uint8_t>(svn);
    return absl::OkStatus();
  }
  if (member == kPceSvn) {
    ASSIGN_OR_RETURN(const uint64_t svn, pair.Unsigned(kDerInteger, 0xFFFF));
    out.pce_svn = static_cast<uint16_t>(svn);
    return absl::OkStatus();
  }
  if (member == kCpuSvn) return ReadOctets(pair, out.cpu_svn);
  return Malformed(absl::StrCat("SGX extension: unknown TCB member ", member));
}

Status ReadTcb(DerReader members, PckTcb& out) {
  constexpr uint8_t kPath[] = {kTcb};
  Seen seen;
  while (!members.empty()) {
    ASSIGN_OR_RETURN(DerReader pair, members.Sequence());
    ASSIGN_OR_RETURN(const ByteView oid, pair.Element(kDerObjectIdentifier));
    ASSIGN_OR_RETURN(const uint8_t member, LastArc(oid, kPath));
    if (member > kCpuSvn) {
      return Malformed(absl::StrCat("SGX extension: unknown TCB member ", member));
    }
    RETURN_IF_ERROR(seen.Mark(member));
    RETURN_IF_ERROR(ReadTcbMember(member, pair, out));
    RETURN_IF_ERROR(pair.ExpectEnd());
  }
  return seen.Require(1, kCpuSvn);
}

Status ReadConfiguration(DerReader members, PckConfiguration& out) {
  constexpr uint8_t kPath[] = {kConfiguration};
  Seen seen;
  while (!members.empty()) {
    ASSIGN_OR_RETURN(DerReader pair, members.Sequence());
    ASSIGN_OR_RETURN(const ByteView oid, pair.Element(kDerObjectIdentifier));
    ASSIGN_OR_RETURN(const uint8_t member, LastArc(oid, kPath));
    if (member < kDynamicPlatform || member > kSmtEnabled) {
      return Malformed(absl::StrCat("SGX extension: unknown configuration member ", member));
    }
    RETURN_IF_ERROR(seen.Mark(member));
    ASSIGN_OR_RETURN(const bool value, pair.Boolean());
    RETURN_IF_ERROR(pair.ExpectEnd());
    (member == kDynamicPlatform ? out.dynamic_platform
     : member == kCachedKeys    ? out.cached_keys
                                : out.smt_enabled) = value;
  }
  return absl::OkStatus();
}

Status ReadMember(uint8_t member, DerReader& pair, PckExtensions& out) {
  switch (member) {
    case kPpid:
      return ReadOctets(pair, out.ppid);
    case kTcb: {
      ASSIGN_OR_RETURN(const DerReader members, pair.Sequence());
      return ReadTcb(members, out.tcb);
    }
    case kPceId:
      return ReadOctets(pair, out.pce_id);
    case kFmspc:
      return ReadOctets(pair, out.fmspc);
    case kSgxType: {
      ASSIGN_OR_RETURN(const uint64_t type, pair.Unsigned(kDerEnumerated, 0xFF));
      out.sgx_type = static_cast<uint8_t>(type);
      return absl::OkStatus();
    }
    case kPlatformInstance:
      return ReadOctets(pair, out.platform_instance_id.emplace());
    case kConfiguration: {
      ASSIGN_OR_RETURN(const DerReader members, pair.Sequence());
      return ReadConfiguration(members, out.configuration);
    }
    default:
      return Malformed(absl::StrCat("SGX extension: unknown member ", member));
  }
}

}  // namespace

StatusOr<PckExtensions> ParsePckExtensions(ByteView value) {
  DerReader outer(value);
  ASSIGN_OR_RETURN(DerReader members, outer.Sequence());
  RETURN_IF_ERROR(outer.ExpectEnd());
  PckExtensions out;
  Seen seen;
  while (!members.empty()) {
    ASSIGN_OR_RETURN(DerReader pair, members.Sequence());
    ASSIGN_OR_RETURN(const ByteView oid, pair.Element(kDerObjectIdentifier));
    ASSIGN_OR_RETURN(const uint8_t member, LastArc(oid, {}));
    if (member > kMembers) {
      return Malformed(absl::StrCat("SGX extension: unknown member ", member));
    }
    RETURN_IF_ERROR(seen.Mark(member));
    RETURN_IF_ERROR(ReadMember(member, pair, out));
    RETURN_IF_ERROR(pair.ExpectEnd());
  }
  RETURN_IF_ERROR(seen.Require(kPpid, kSgxType));
  return out;
}

}  // namespace kedge
