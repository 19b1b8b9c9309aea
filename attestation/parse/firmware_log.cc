#include "attestation/parse/firmware_log.h"

#include <absl/strings/str_cat.h>

#include "base/reader.h"

namespace kedge {
namespace {

constexpr size_t kMaxEvents = 4096;
constexpr uint32_t kMaxAlgorithms = 8;
constexpr PcrIndex kMaxPcr = 23;
constexpr std::string_view kSpecIdSignature("Spec ID Event03\0", 16);
constexpr std::string_view kStartupLocality("StartupLocality\0", 16);

using AlgorithmSizes = std::map<uint16_t, uint16_t>;

bool IsKnownBank(uint16_t alg) { return DigestSize(static_cast<PcrBank>(alg)) != 0; }

// TCG_EfiSpecIDEvent, the data of the header event.
StatusOr<AlgorithmSizes> ParseSpecId(ByteView data) {
  Reader reader(data);
  ASSIGN_OR_RETURN(const ByteView signature, reader.Take(kSpecIdSignature.size()));
  if (AsText(signature) != kSpecIdSignature) {
    return Malformed("the first event is not a Spec ID Event03: not a crypto-agile log");
  }
  // platformClass, specVersionMinor, specVersionMajor, specErrata, uintnSize.
  RETURN_IF_ERROR(reader.Skip(8));
  ASSIGN_OR_RETURN(const uint32_t count, reader.U32Le());
  if (count == 0 || count > kMaxAlgorithms) {
    return Malformed(absl::StrCat("an event log with ", count, " digest algorithms"));
  }
  AlgorithmSizes sizes;
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const uint16_t alg, reader.U16Le());
    ASSIGN_OR_RETURN(const uint16_t size, reader.U16Le());
    const size_t known = DigestSize(static_cast<PcrBank>(alg));
    if (size == 0 || size > 64 || (known != 0 && size != known)) {
      return Malformed(absl::StrCat("digest algorithm ", alg, " with ", size, " bytes"));
    }
    if (!sizes.emplace(alg, size).second) return Malformed("a digest algorithm is listed twice");
  }
  ASSIGN_OR_RETURN(const uint8_t vendor_size, reader.U8());
  RETURN_IF_ERROR(reader.Skip(vendor_size));
  RETURN_IF_ERROR(reader.ExpectEnd());
  return sizes;
}

// TCG_PCClientPCREvent: the header event has the old layout with one SHA-1 digest.
StatusOr<AlgorithmSizes> ReadHeader(Reader& reader) {
  ASSIGN_OR_RETURN(const uint32_t pcr, reader.U32Le());
  ASSIGN_OR_RETURN(const uint32_t type, reader.U32Le());
  // PCR 0 in a TPM's log, register 1 in a CCEL.
  if (pcr > 1 || type != kEvNoAction) {
    return Malformed("the first event is not EV_NO_ACTION on PCR 0: not a crypto-agile log");
  }
  RETURN_IF_ERROR(reader.Skip(20));
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  ASSIGN_OR_RETURN(const ByteView data, reader.Take(size));
  return ParseSpecId(data);
}

// TCG_PCR_EVENT2.
StatusOr<FirmwareEvent> ReadEvent(Reader& reader, const AlgorithmSizes& sizes) {
  FirmwareEvent event;
  ASSIGN_OR_RETURN(event.pcr, reader.U32Le());
  ASSIGN_OR_RETURN(event.type, reader.U32Le());
  if (event.pcr > kMaxPcr) return Malformed(absl::StrCat("an event for PCR ", event.pcr));
  ASSIGN_OR_RETURN(const uint32_t count, reader.U32Le());
  if (count > sizes.size()) return Malformed(absl::StrCat("an event with ", count, " digests"));
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const uint16_t alg, reader.U16Le());
    const auto size = sizes.find(alg);
    if (size == sizes.end()) {
      return Malformed(absl::StrCat("digest algorithm ", alg, " is not in the header"));
    }
    ASSIGN_OR_RETURN(const ByteView digest, reader.Take(size->second));
    if (!IsKnownBank(alg)) continue;
    if (!event.digests.emplace(static_cast<PcrBank>(alg), ToBytes(digest)).second) {
      return Malformed("an event with two digests of one algorithm");
    }
  }
  ASSIGN_OR_RETURN(const uint32_t size, reader.U32Le());
  ASSIGN_OR_RETURN(const ByteView data, reader.Take(size));
  event.data = ToBytes(data);
  return event;
}

Status TakeStartupLocality(const FirmwareEvent& event, FirmwareLog& log) {
  if (event.pcr != 0 || event.type != kEvNoAction ||
      event.data.size() != kStartupLocality.size() + 1 ||
      AsText(ByteView(event.data).first(kStartupLocality.size())) != kStartupLocality) {
    return absl::OkStatus();
  }
  const uint8_t locality = event.data.back();
  if (locality != 0 && locality != 3 && locality != 4) {
    return Malformed("StartupLocality is 0, 3 or 4");
  }
  log.startup_locality = locality;
  return absl::OkStatus();
}

}  // namespace

StatusOr<FirmwareLog> ParseFirmwareLog(ByteView bytes) {
  if (bytes.size() > kMaxFirmwareLogSize) {
    return Malformed(absl::StrCat("an event log of ", bytes.size(), " bytes, at most ",
                                  kMaxFirmwareLogSize, " allowed"));
  }
  Reader reader(bytes);
  ASSIGN_OR_RETURN(const AlgorithmSizes sizes, ReadHeader(reader));
  FirmwareLog log;
  for (const auto& [alg, size] : sizes) {
    if (IsKnownBank(alg)) log.banks.push_back(static_cast<PcrBank>(alg));
  }
  while (!reader.empty()) {
    if (log.events.size() == kMaxEvents) return Malformed("an event log of more than 4096 events");
    ASSIGN_OR_RETURN(FirmwareEvent event, ReadEvent(reader, sizes));
    RETURN_IF_ERROR(TakeStartupLocality(event, log));
    log.events.push_back(std::move(event));
  }
  return log;
}

}  // namespace kedge
