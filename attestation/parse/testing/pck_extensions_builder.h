// Writes the SGX extension of a PCK certificate, for tests (header only).
#pragma once

#include <initializer_list>

#include "attestation/parse/der.h"
#include "attestation/parse/pck_extensions.h"
#include "base/bytes.h"

namespace kedge::testing {

inline Bytes DerElement(uint8_t tag, ByteView content) {
  Bytes out = {tag};
  if (content.size() >= 0x100) {
    out.push_back(0x82);
    out.push_back(static_cast<uint8_t>(content.size() >> 8));
  } else if (content.size() >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<uint8_t>(content.size()));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

inline Bytes DerUnsigned(uint8_t tag, unsigned value) {
  Bytes content;
  for (int shift = 24; shift >= 0; shift -= 8) {
    const auto byte = static_cast<uint8_t>(value >> shift);
    if (byte != 0 || !content.empty() || shift == 0) content.push_back(byte);
  }
  if ((content[0] & 0x80) != 0) content.insert(content.begin(), 0);
  return DerElement(tag, content);
}

// SEQUENCE { OID 1.2.840.113741.1.13.1.`path`, value }.
inline Bytes SgxMember(std::initializer_list<uint8_t> path, ByteView value) {
  Bytes oid = {0x2A, 0x86, 0x48, 0x86, 0xF8, 0x4D, 0x01, 0x0D, 0x01};
  oid.insert(oid.end(), path.begin(), path.end());
  Bytes pair = DerElement(kDerObjectIdentifier, oid);
  pair.insert(pair.end(), value.begin(), value.end());
  return DerElement(kDerSequence, pair);
}

inline Bytes DerSequenceOf(std::initializer_list<Bytes> members) {
  Bytes content;
  for (const Bytes& member : members) content.insert(content.end(), member.begin(), member.end());
  return DerElement(kDerSequence, content);
}

inline Bytes EncodePckTcb(const PckTcb& tcb) {
  Bytes members;
  const auto append = [&members](const Bytes& member) {
    members.insert(members.end(), member.begin(), member.end());
  };
  for (size_t i = 0; i < tcb.component_svns.size(); ++i) {
    append(SgxMember({2, static_cast<uint8_t>(i + 1)},
                     DerUnsigned(kDerInteger, tcb.component_svns[i])));
  }
  append(SgxMember({2, 17}, DerUnsigned(kDerInteger, tcb.pce_svn)));
  append(SgxMember({2, 18}, DerElement(kDerOctetString, tcb.cpu_svn)));
  return DerElement(kDerSequence, members);
}

inline Bytes EncodePckExtensions(const PckExtensions& extensions) {
  Bytes members;
  const auto append = [&members](std::initializer_list<uint8_t> path, const Bytes& value) {
    const Bytes member = SgxMember(path, value);
    members.insert(members.end(), member.begin(), member.end());
  };
  append({1}, DerElement(kDerOctetString, extensions.ppid));
  append({2}, EncodePckTcb(extensions.tcb));
  append({3}, DerElement(kDerOctetString, extensions.pce_id));
  append({4}, DerElement(kDerOctetString, extensions.fmspc));
  append({5}, DerUnsigned(kDerEnumerated, extensions.sgx_type));
  if (extensions.platform_instance_id) {
    append({6}, DerElement(kDerOctetString, *extensions.platform_instance_id));
  }
  const PckConfiguration& flags = extensions.configuration;
  Bytes configuration;
  const auto flag = [&configuration](uint8_t arc, const std::optional<bool>& value) {
    if (!value) return;
    const Bytes content = {static_cast<uint8_t>(*value ? 0xFF : 0x00)};
    const Bytes member = SgxMember({7, arc}, DerElement(kDerBoolean, content));
    configuration.insert(configuration.end(), member.begin(), member.end());
  };
  flag(1, flags.dynamic_platform);
  flag(2, flags.cached_keys);
  flag(3, flags.smt_enabled);
  if (!configuration.empty()) append({7}, DerElement(kDerSequence, configuration));
  return DerElement(kDerSequence, members);
}

}  // namespace kedge::testing
