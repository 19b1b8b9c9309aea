#include "attestation/verify/testing/snp_world.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "house/folders.h"

namespace kedge::testing {
namespace {

constexpr char kOid[] = "1.3.6.1.4.1.3704.1.";

TestKey StoredKey(const std::string& name) {
  std::ifstream in(std::string(KEDGE_SOURCE_DIR) + "/tests/testdata/snp/" + name, std::ios::binary);
  return TestKey::FromPem({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
}

Bytes Number(uint8_t value) {
  return value < 0x80 ? Bytes{0x02, 0x01, value} : Bytes{0x02, 0x02, 0x00, value};
}

Bytes Text(const std::string& text) {
  Bytes out(2 + text.size());
  out[0] = 0x16;
  out[1] = static_cast<uint8_t>(text.size());
  std::copy(text.begin(), text.end(), out.begin() + 2);
  return out;
}

uint64_t GoodTcb(SnpProduct product) {
  return product == SnpProduct::kTurin ? 0x4700000002000100 : 0xD918000000000004;
}

Bytes Cpuid(SnpProduct product) {
  switch (product) {
    case SnpProduct::kMilan:
      return {0x19, 0x01, 0x01};
    case SnpProduct::kGenoa:
      return {0x19, 0x11, 0x01};
    case SnpProduct::kTurin:
      break;
  }
  return {0x1A, 0x02, 0x01};
}

}  // namespace

SnpWorld::SnpWorld(SnpProduct product)
    : product_(product),
      ark_key_(StoredKey("test-ark.key")),
      intermediate_key_(StoredKey("test-ask.key")),
      leaf_key_(TestKey::P384()),
      report_(kSnpReportSize, 0) {
  const std::string name(ToString(product));
  ark_.subject = ark_.issuer = crl_.issuer = "ARK-" + name;
  ark_.ca = true;
  ark_.key_usage = "keyCertSign,cRLSign";
  intermediate_.subject = "SEV-" + name;
  intermediate_.issuer = ark_.subject;
  intermediate_.serial = 0x10001;
  intermediate_.ca = true;
  intermediate_.path_length = 0;
  intermediate_.key_usage = "keyCertSign";
  leaf_.subject = "SEV-VCEK";
  leaf_.issuer = intermediate_.subject;
  leaf_.serial = 0;

  Bytes chip(64, 0);
  const size_t hwid_size = product == SnpProduct::kTurin ? 8 : 64;
  for (size_t i = 0; i < hwid_size; ++i) chip[i] = static_cast<uint8_t>(i + 1);
  SetExtension("2", Text(name));
  SetExtension("4", Bytes(chip.begin(), chip.begin() + static_cast<std::ptrdiff_t>(hwid_size)));
  report_[snp_offset::kVersion] = 5;
  Put64(snp_offset::kPolicy, 0x30000);
  report_[snp_offset::kSignatureAlgorithm] = 1;
  Put64(snp_offset::kPlatformInfo, 0x25);
  Put(snp_offset::kReportData, Bytes(64, 0x11));
  Put(snp_offset::kMeasurement, Bytes(48, 0x22));
  Put(snp_offset::kCpuid, Cpuid(product));
  Put(snp_offset::kChipId, chip);
  Put(snp_offset::kCurrentVersion, Bytes{40, 55, 1});
  Put(snp_offset::kCommittedVersion, Bytes{40, 55, 1});
  SetTcb(GoodTcb(product));
}

void SnpWorld::Put(size_t offset, ByteView bytes) {
  std::copy(bytes.begin(), bytes.end(), report_.begin() + static_cast<std::ptrdiff_t>(offset));
}

void SnpWorld::Put64(size_t offset, uint64_t value) {
  for (size_t i = 0; i < 8; ++i) report_[offset + i] = static_cast<uint8_t>(value >> (8 * i));
}

void SnpWorld::SetTcb(uint64_t raw) {
  for (size_t offset : {snp_offset::kCurrentTcb, snp_offset::kReportedTcb,
                        snp_offset::kCommittedTcb, snp_offset::kLaunchTcb}) {
    Put64(offset, raw);
  }
  const SnpTcb tcb = DecodeSnpTcb(raw, product_);
  SetExtension("3.1", Number(tcb.bootloader));
  SetExtension("3.2", Number(tcb.tee));
  SetExtension("3.3", Number(tcb.snp));
  SetExtension("3.8", Number(tcb.microcode));
  if (tcb.fmc) SetExtension("3.9", Number(*tcb.fmc));
}

void SnpWorld::UseVlek() {
  DropExtension("4");
  SetExtension("5", Text("CN=cc-test.example"));
  intermediate_.subject = "SEV-VLEK-" + std::string(ToString(product_));
  leaf_.subject = "SEV-VLEK";
  leaf_.issuer = intermediate_.subject;
  report_[snp_offset::kFlags] = 1 << 2;
  Put(snp_offset::kChipId, Bytes(64, 0));
}

void SnpWorld::SetExtension(const std::string& oid, const Bytes& content) {
  DropExtension(oid);
  leaf_.extensions.emplace_back(kOid + oid, content);
}

void SnpWorld::DropExtension(const std::string& oid) {
  std::erase_if(leaf_.extensions,
                [&](const auto& extension) { return extension.first == kOid + oid; });
}

Bytes SnpWorld::SignedReport() const {
  Bytes out = report_;
  const Bytes rs = leaf_key_.SignRs(ByteView(out).first(kSnpSignedSize));
  const auto half = rs.begin() + static_cast<std::ptrdiff_t>(rs.size() / 2);
  const auto r = out.begin() + static_cast<std::ptrdiff_t>(snp_offset::kSignature);
  std::reverse_copy(rs.begin(), half, r);
  std::reverse_copy(half, rs.end(), r + 72);
  return out;
}

SnpEvidence SnpWorld::Evidence() const {
  constexpr TestSignature kPss = TestSignature::kRsaPssSha384;
  SnpEvidence out;
  out.report = SignedReport();
  out.certificates.leaf = MakeCertificate(leaf_, leaf_key_, intermediate_key_, kPss);
  out.certificates.intermediate = MakeCertificate(intermediate_, intermediate_key_, ark_key_, kPss);
  out.certificates.root = MakeCertificate(ark_, ark_key_, ark_key_, kPss);
  out.certificates.crls = {MakeCrl(crl_, ark_key_, kPss)};
  return out;
}

SnpPolicy SnpWorld::Policy() const {
  SnpPolicy out = GenuineSnpPolicy("the test");
  SnpRoot root{.product = product_, .spki_sha256 = Sha256(ark_key_.Spki()), .name = "test root"};
  out.roots = PolicyField<SnpRoots>::Enforce({.amd = false, .custom = {root}});
  return out;
}

std::vector<std::string> FailedNames(const Verdict& verdict) {
  std::vector<std::string> out;
  for (const Check& check : verdict.checks) {
    const bool bad = check.result == CheckResult::kFail || check.result == CheckResult::kMalformed;
    if (bad && std::find(out.begin(), out.end(), check.name) == out.end()) {
      out.push_back(check.name);
    }
  }
  return out;
}

}  // namespace kedge::testing
