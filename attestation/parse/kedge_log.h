// The log of Kedge's own extends: CEL-JSON records (TCG Canonical Event Log 1.0, section 5.2) in
// systemd's measurement-log conventions: a JSON text sequence (RFC 7464) without record numbers, so
// that it is append-only. docs/MEASUREMENTS.md shows one.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "attestation/model/measured_event.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

struct KedgeLogRecord {
  MeasuredEvent event;
  std::map<PcrBank, Bytes> digests;  // what was extended in each bank, as the record says
};

// A record with the digests of the event's content in `banks`.
KedgeLogRecord MakeKedgeLogRecord(const MeasuredEvent& event, std::span<const PcrBank> banks);

// RS (0x1E), one line of JSON, LF:
// {"content":{"data":HEX,"label":TEXT},"content_type":"kedge",
//  "digests":[{"digest":HEX,"hashAlg":"sha256"},…],"pcr":N}
Bytes EncodeKedgeLogRecord(const KedgeLogRecord& record);

// Any number of records up to 16 and kMaxEventLogSize bytes. Only the exact form of
// EncodeKedgeLogRecord is accepted; anything else is MALFORMED. Whether digests fit contents, and
// PCRs the log, is the verifier's question.
StatusOr<std::vector<KedgeLogRecord>> ParseKedgeLog(ByteView bytes);

}  // namespace kedge
