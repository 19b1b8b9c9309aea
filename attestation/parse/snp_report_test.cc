#include "attestation/parse/snp_report.h"

#include <gtest/gtest.h>

#include "base/status_matchers.h"

namespace kedge {
namespace {

// Every byte of a field holds the field's number.
Bytes Numbered() {
  Bytes out(kSnpReportSize, 0);
  const auto fill = [&out](size_t offset, size_t size, uint8_t value) {
    std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(offset), size, value);
  };
  out[0] = 5;
  fill(0x004, 4, 1);
  fill(0x008, 8, 2);
  fill(0x010, 16, 3);
  fill(0x020, 16, 4);
  fill(0x030, 4, 5);
  out[0x034] = 1;
  fill(0x038, 8, 6);
  fill(0x040, 8, 7);
  out[0x048] = 0x07;
  fill(0x050, 64, 8);
  fill(0x090, 48, 9);
  fill(0x0C0, 32, 10);
  fill(0x0E0, 48, 11);
  fill(0x110, 48, 12);
  fill(0x140, 32, 13);
  fill(0x160, 32, 14);
  fill(0x180, 8, 15);
  out[0x188] = 0x1A;
  out[0x189] = 0x02;
  out[0x18A] = 0x03;
  fill(0x1A0, 64, 16);
  fill(0x1E0, 8, 17);
  fill(0x1E8, 3, 18);
  fill(0x1EC, 3, 19);
  fill(0x1F0, 8, 20);
  fill(0x1F8, 8, 21);
  fill(0x200, 8, 22);
  out[0x2A0] = 23;
  out[0x2A0 + 47] = 24;
  out[0x2E8] = 25;
  out[0x2E8 + 47] = 26;
  return out;
}

uint64_t Eight(uint8_t value) { return 0x0101010101010101u * value; }

template <size_t N>
ByteArray<N> All(uint8_t value) {
  ByteArray<N> out;
  out.fill(value);
  return out;
}

TEST(SnpReport, EveryFieldIsAtItsPlace) {
  ASSERT_OK_AND_ASSIGN(const SnpReport report, ParseSnpReport(Numbered()));
  EXPECT_EQ(report.version, 5u);
  EXPECT_EQ(report.guest_svn, 0x01010101u);
  EXPECT_EQ(report.policy.raw, Eight(2));
  EXPECT_EQ(report.family_id, All<16>(3));
  EXPECT_EQ(report.image_id, All<16>(4));
  EXPECT_EQ(report.vmpl, 0x05050505u);
  EXPECT_EQ(report.current_tcb, Eight(6));
  EXPECT_EQ(report.platform_info.raw, Eight(7));
  EXPECT_TRUE(report.author_key_en);
  EXPECT_TRUE(report.mask_chip_key);
  EXPECT_EQ(report.signing_key, SnpSigningKey::kVlek);
  EXPECT_EQ(report.report_data, All<64>(8));
  EXPECT_EQ(report.measurement, All<48>(9));
  EXPECT_EQ(report.host_data, All<32>(10));
  EXPECT_EQ(report.id_key_digest, All<48>(11));
  EXPECT_EQ(report.author_key_digest, All<48>(12));
  EXPECT_EQ(report.report_id, All<32>(13));
  EXPECT_EQ(report.report_id_ma, All<32>(14));
  EXPECT_EQ(report.reported_tcb, Eight(15));
  EXPECT_EQ(report.product(), SnpProduct::kTurin);
  EXPECT_EQ(report.cpuid_stepping, 3);
  EXPECT_EQ(report.chip_id, All<64>(16));
  EXPECT_EQ(report.committed_tcb, Eight(17));
  EXPECT_EQ(report.current_version, (SnpFirmwareVersion{18, 18, 18}));
  EXPECT_EQ(report.committed_version, (SnpFirmwareVersion{19, 19, 19}));
  EXPECT_EQ(report.launch_tcb, Eight(20));
  EXPECT_EQ(report.launch_mitigation, Eight(21));
  EXPECT_EQ(report.current_mitigation, Eight(22));
  EXPECT_FALSE(report.reserved_nonzero);
  EXPECT_EQ(report.signature_r.back(), 23);
  EXPECT_EQ(report.signature_r.front(), 24);
  EXPECT_EQ(report.signature_s.back(), 25);
  EXPECT_EQ(report.signature_s.front(), 26);
}

TEST(SnpReport, OlderVersionsHaveNoNewerFields) {
  Bytes bytes = Numbered();
  bytes[0] = 3;
  ASSERT_OK_AND_ASSIGN(const SnpReport three, ParseSnpReport(bytes));
  EXPECT_EQ(three.launch_mitigation, 0u);
  EXPECT_TRUE(three.reserved_nonzero);
  EXPECT_EQ(three.product(), SnpProduct::kTurin);
  bytes[0] = 2;
  ASSERT_OK_AND_ASSIGN(const SnpReport two, ParseSnpReport(bytes));
  EXPECT_EQ(two.product(), std::nullopt);
}

TEST(SnpReport, WrongShapesHaveTheirOwnFaults) {
  const auto fault = [](Bytes bytes, size_t offset, uint8_t value) {
    bytes[offset] = value;
    return FaultCode(ParseSnpReport(bytes).status());
  };
  const Bytes good = Numbered();
  for (int version : {0, 1, 4, 6, 99}) {
    EXPECT_EQ(fault(good, 0, static_cast<uint8_t>(version)), "FORMAT_VERSION");
  }
  EXPECT_EQ(fault(good, 3, 1), "FORMAT_VERSION");
  EXPECT_EQ(fault(good, 0x034, 0), "SIG_ALGO");
  EXPECT_EQ(fault(good, 0x034, 2), "SIG_ALGO");
  for (size_t offset = 48; offset < 72; ++offset) {
    EXPECT_EQ(fault(good, 0x2A0 + offset, 1), "SIGNATURE_FORMAT");
    EXPECT_EQ(fault(good, 0x2E8 + offset, 1), "SIGNATURE_FORMAT");
  }
  for (size_t offset = 0x330; offset < kSnpReportSize; ++offset) {
    EXPECT_EQ(fault(good, offset, 1), "RESERVED_MBZ");
  }
  EXPECT_EQ(FaultCode(ParseSnpReport(ByteView(good).first(1183)).status()), "FORMAT_LENGTH");
  EXPECT_EQ(FaultCode(ParseSnpReport({}).status()), "FORMAT_LENGTH");
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_EQ(FaultCode(ParseSnpReport(longer).status()), "FORMAT_LENGTH");
  EXPECT_EQ(ParseSnpReport({}).status().code(), StatusCode::kInvalidArgument);
}

TEST(SnpReport, SignedBytesWithoutMeaningAreOnlySaid) {
  for (const size_t offset :
       {0x049U, 0x04BU, 0x04CU, 0x18BU, 0x19FU, 0x1EBU, 0x1EFU, 0x208U, 0x29FU}) {
    Bytes bytes = Numbered();
    bytes[offset] = 0x80;
    ASSERT_OK_AND_ASSIGN(const SnpReport report, ParseSnpReport(bytes));
    EXPECT_TRUE(report.reserved_nonzero) << offset;
  }
}

TEST(SnpReport, SigningKeysAreNamed) {
  for (int value = 0; value < 8; ++value) {
    Bytes bytes = Numbered();
    bytes[0x048] = static_cast<uint8_t>(value << 2);
    ASSERT_OK_AND_ASSIGN(const SnpReport report, ParseSnpReport(bytes));
    const SnpSigningKey expected = value == 0   ? SnpSigningKey::kVcek
                                   : value == 1 ? SnpSigningKey::kVlek
                                   : value == 7 ? SnpSigningKey::kNone
                                                : SnpSigningKey::kReserved;
    EXPECT_EQ(report.signing_key, expected) << value;
  }
}

TEST(SnpReport, ProcessorsAreKnownByFamilyAndModel) {
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0x00), SnpProduct::kMilan);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0x0F), SnpProduct::kMilan);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0x10), SnpProduct::kGenoa);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0x1F), SnpProduct::kGenoa);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0x20), std::nullopt);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0x9F), std::nullopt);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0xA0), SnpProduct::kGenoa);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0xAF), SnpProduct::kGenoa);
  EXPECT_EQ(SnpProductFromCpuid(0x19, 0xB0), std::nullopt);
  EXPECT_EQ(SnpProductFromCpuid(0x1A, 0x11), SnpProduct::kTurin);
  EXPECT_EQ(SnpProductFromCpuid(0x1A, 0x12), std::nullopt);
  EXPECT_EQ(SnpProductFromCpuid(0x00, 0x00), std::nullopt);
}

TEST(SnpReport, TcbLayoutDependsOnTheProduct) {
  const uint64_t raw = 0x0706050403020100;
  EXPECT_EQ(ToString(DecodeSnpTcb(raw, SnpProduct::kMilan)),
            "bl 0, tee 1, snp 6, ucode 7, reserved bytes set");
  EXPECT_EQ(ToString(DecodeSnpTcb(raw, SnpProduct::kTurin)),
            "fmc 0, bl 1, tee 2, snp 3, ucode 7, reserved bytes set");
  EXPECT_EQ(ToString(DecodeSnpTcb(0x0706000000000100, SnpProduct::kGenoa)),
            "bl 0, tee 1, snp 6, ucode 7");
  EXPECT_EQ(ToString(DecodeSnpTcb(0x0700000003020100, SnpProduct::kTurin)),
            "fmc 0, bl 1, tee 2, snp 3, ucode 7");
}

}  // namespace
}  // namespace kedge
