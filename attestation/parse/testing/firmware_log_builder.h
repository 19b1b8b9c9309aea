// Builds TCG2 event logs, good and hostile, for tests (header only).
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "attestation/model/measured_event.h"
#include "base/bytes.h"

namespace kedge::testing {

class FirmwareLogBuilder {
 public:
  explicit FirmwareLogBuilder(std::vector<PcrBank> banks = {PcrBank::kSha256, PcrBank::kSha384})
      : banks_(std::move(banks)) {
    Bytes spec = ToBytes(std::string_view("Spec ID Event03\0", 16));
    // platformClass, specVersionMinor, specVersionMajor, specErrata, uintnSize.
    Append(spec, Bytes{0, 0, 0, 0, 0, 2, 0, 2});
    Append32(spec, static_cast<uint32_t>(banks_.size()));
    for (PcrBank bank : banks_) {
      Append16(spec, static_cast<uint16_t>(bank));
      Append16(spec, static_cast<uint16_t>(DigestSize(bank)));
    }
    spec.push_back(0);
    Header(spec);
  }

  // An event whose digest is the hash of its data.
  FirmwareLogBuilder& Event(PcrIndex pcr, uint32_t type, ByteView data) {
    return EventOver(pcr, type, data, data);
  }
  // An event whose digest is the hash of something else.
  FirmwareLogBuilder& EventOver(PcrIndex pcr, uint32_t type, ByteView hashed, ByteView data) {
    Append32(log_, pcr);
    Append32(log_, type);
    Append32(log_, static_cast<uint32_t>(banks_.size()));
    for (PcrBank bank : banks_) {
      Append16(log_, static_cast<uint16_t>(bank));
      Append(log_, DigestInBank(bank, hashed));
    }
    Append32(log_, static_cast<uint32_t>(data.size()));
    Append(log_, data);
    return *this;
  }
  FirmwareLogBuilder& StartupLocality(uint8_t locality) {
    Bytes data = ToBytes(std::string_view("StartupLocality\0", 16));
    data.push_back(locality);
    return Event(0, 3, data);
  }
  FirmwareLogBuilder& Raw(ByteView bytes) {
    Append(log_, bytes);
    return *this;
  }

  const Bytes& log() const { return log_; }

  static void Append16(Bytes& out, uint16_t value) {
    out.push_back(static_cast<uint8_t>(value & 0xFF));
    out.push_back(static_cast<uint8_t>(value >> 8));
  }
  static void Append32(Bytes& out, uint32_t value) {
    Append16(out, static_cast<uint16_t>(value & 0xFFFF));
    Append16(out, static_cast<uint16_t>(value >> 16));
  }

 private:
  static void Append(Bytes& out, ByteView bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  void Header(ByteView spec) {
    Append32(log_, 0);
    Append32(log_, 3);
    Append(log_, Bytes(20, 0));
    Append32(log_, static_cast<uint32_t>(spec.size()));
    Append(log_, spec);
  }

  std::vector<PcrBank> banks_;
  Bytes log_;
};

}  // namespace kedge::testing
