#include "attestation/parse/pck_extensions.h"

#include <gtest/gtest.h>

#include "attestation/parse/testing/pck_extensions_builder.h"
#include "base/status_matchers.h"

namespace kedge {
namespace {

using namespace testing;  // NOLINT: the builder

PckExtensions Sample() {
  PckExtensions out;
  out.ppid.fill(0xA1);
  for (uint8_t i = 0; i < 16; ++i) out.tcb.component_svns[i] = static_cast<uint8_t>(0x78 + i);
  out.tcb.pce_svn = 0x1234;
  out.tcb.cpu_svn.fill(0xA2);
  out.pce_id = {0xA3, 0xA4};
  out.fmspc.fill(0xA5);
  out.sgx_type = 1;
  out.platform_instance_id.emplace().fill(0xA6);
  out.configuration = {true, false, true};
  return out;
}

TEST(ParsePckExtensions, ReadsEveryMember) {
  const PckExtensions sample = Sample();
  ASSERT_OK_AND_ASSIGN(const PckExtensions parsed, ParsePckExtensions(EncodePckExtensions(sample)));
  EXPECT_EQ(parsed.ppid, sample.ppid);
  EXPECT_EQ(parsed.tcb.component_svns, sample.tcb.component_svns);
  EXPECT_EQ(parsed.tcb.pce_svn, sample.tcb.pce_svn);
  EXPECT_EQ(parsed.tcb.cpu_svn, sample.tcb.cpu_svn);
  EXPECT_EQ(parsed.pce_id, sample.pce_id);
  EXPECT_EQ(parsed.fmspc, sample.fmspc);
  EXPECT_EQ(parsed.sgx_type, sample.sgx_type);
  EXPECT_EQ(parsed.platform_instance_id, sample.platform_instance_id);
  EXPECT_EQ(parsed.configuration.dynamic_platform, true);
  EXPECT_EQ(parsed.configuration.cached_keys, false);
  EXPECT_EQ(parsed.configuration.smt_enabled, true);
}

TEST(ParsePckExtensions, ProcessorPlatformsLackInstanceAndFlags) {
  PckExtensions sample = Sample();
  sample.platform_instance_id.reset();
  sample.configuration = {};
  ASSERT_OK_AND_ASSIGN(const PckExtensions parsed, ParsePckExtensions(EncodePckExtensions(sample)));
  EXPECT_FALSE(parsed.platform_instance_id);
  EXPECT_FALSE(parsed.configuration.smt_enabled);
}

TEST(ParsePckExtensions, EveryCutAndLongerFormIsMalformed) {
  const Bytes good = EncodePckExtensions(Sample());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(ParsePckExtensions(ByteView(good).first(size)), HasFault("MALFORMED")) << size;
  }
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THAT(ParsePckExtensions(longer), HasFault("MALFORMED"));
}

// The required members, so that one can be left out, repeated or replaced.
std::vector<Bytes> Members() {
  const PckExtensions sample = Sample();
  return {SgxMember({1}, DerElement(kDerOctetString, sample.ppid)),
          SgxMember({2}, EncodePckTcb(sample.tcb)),
          SgxMember({3}, DerElement(kDerOctetString, sample.pce_id)),
          SgxMember({4}, DerElement(kDerOctetString, sample.fmspc)),
          SgxMember({5}, DerUnsigned(kDerEnumerated, 0))};
}

Bytes Joined(const std::vector<Bytes>& members) {
  Bytes content;
  for (const Bytes& member : members) content.insert(content.end(), member.begin(), member.end());
  return DerElement(kDerSequence, content);
}

TEST(ParsePckExtensions, MissingRepeatedAndUnknownMembersAreMalformed) {
  ASSERT_OK(ParsePckExtensions(Joined(Members())));
  for (size_t i = 0; i < Members().size(); ++i) {
    std::vector<Bytes> members = Members();
    members.push_back(members[i]);
    EXPECT_THAT(ParsePckExtensions(Joined(members)), HasFault("MALFORMED")) << i << " twice";
    members = Members();
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_THAT(ParsePckExtensions(Joined(members)), HasFault("MALFORMED")) << i << " missing";
  }
  for (const Bytes& strange :
       {SgxMember({8}, DerUnsigned(kDerInteger, 1)), SgxMember({0}, DerUnsigned(kDerInteger, 1)),
        SgxMember({0x81, 1}, DerUnsigned(kDerInteger, 1)),
        SgxMember({}, DerUnsigned(kDerInteger, 1))}) {
    std::vector<Bytes> members = Members();
    members.push_back(strange);
    EXPECT_THAT(ParsePckExtensions(Joined(members)), HasFault("MALFORMED"));
  }
}

TEST(ParsePckExtensions, ValuesOutOfTheirRangeAreMalformed) {
  const auto replaced = [](size_t index, const Bytes& value) {
    std::vector<Bytes> members = Members();
    members[index] = value;
    return Joined(members);
  };
  const Bytes short_ppid(15, 1);
  EXPECT_THAT(
      ParsePckExtensions(replaced(0, SgxMember({1}, DerElement(kDerOctetString, short_ppid)))),
      HasFault("MALFORMED"));
  // A TCB whose first component is 256, and one that lacks its last member.
  const auto tcb_with = [](unsigned first, int last) {
    Bytes members;
    for (int i = 1; i <= last; ++i) {
      const auto arc = static_cast<uint8_t>(i);
      const Bytes value = i == 18 ? DerElement(kDerOctetString, Bytes(16, 0))
                                  : DerUnsigned(kDerInteger, i == 1 ? first : 0);
      const Bytes member = SgxMember({2, arc}, value);
      members.insert(members.end(), member.begin(), member.end());
    }
    return SgxMember({2}, DerElement(kDerSequence, members));
  };
  EXPECT_OK(ParsePckExtensions(replaced(1, tcb_with(255, 18))));
  EXPECT_THAT(ParsePckExtensions(replaced(1, tcb_with(256, 18))), HasFault("MALFORMED"));
  EXPECT_THAT(ParsePckExtensions(replaced(1, tcb_with(1, 17))), HasFault("MALFORMED"));
}

TEST(DerReader, RefusesOtherEncodingsOfTheSameValue) {
  const auto number = [](Bytes der) {
    DerReader reader(der);
    return reader.Unsigned(kDerInteger, 0xFFFF);
  };
  EXPECT_THAT(number({2, 1, 0x80}), HasFault("MALFORMED"));        // negative
  EXPECT_THAT(number({2, 2, 0, 0x7F}), HasFault("MALFORMED"));     // leading zero
  EXPECT_THAT(number({2, 0}), HasFault("MALFORMED"));              // nothing
  EXPECT_THAT(number({2, 0x81, 1, 5}), HasFault("MALFORMED"));     // long form of a short length
  EXPECT_THAT(number({2, 0x80, 5, 0, 0}), HasFault("MALFORMED"));  // indefinite
  EXPECT_THAT(number({2, 3, 1, 0, 0}), HasFault("MALFORMED"));     // above the limit
  ASSERT_OK_AND_ASSIGN(const uint64_t value, number({2, 2, 0, 0x80}));
  EXPECT_EQ(value, 0x80u);
  const Bytes one = {1, 1, 1};
  EXPECT_THAT(DerReader(one).Boolean(), HasFault("MALFORMED"));
}

}  // namespace
}  // namespace kedge
