// Logs of extends by userspace: systemd's (tpm2-measure.log) and Kedge's own, both CEL-JSON records
// (TCG Canonical Event Log 1.0, section 5.2) in a JSON text sequence (RFC 7464). Pure and bounded;
// MALFORMED. Kedge's own verifier reads its log more strictly (kedge_log.h); this is for showing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "attestation/model/evidence.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

struct CelRecord {
  PcrIndex pcr = 0;
  std::map<PcrBank, Bytes> digests;
  std::string content_type;  // "systemd", "kedge"
  std::string kind;          // systemd's eventType ("phase"), Kedge's label ("cap"); printable
  std::string text;          // printable
  Bytes content;             // what the digests should cover, where the record says it
};

// Whether the bytes begin like such a log.
bool LooksLikeCelLog(ByteView bytes);
// At most 1 MiB and 4,096 records.
StatusOr<std::vector<CelRecord>> ParseCelLog(ByteView bytes);

}  // namespace kedge
