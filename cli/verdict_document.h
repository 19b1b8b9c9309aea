// Reading back what `kedge verify … --json` wrote: to explain it, to draw it, to check who signed
// it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attestation/verify/check_list.h"
#include "base/bytes.h"
#include "base/status.h"

namespace kedge::cli {

// Claims carry whole event logs.
inline constexpr size_t kMaxVerdictDocument = 16 * 1024 * 1024;

struct VerdictDocument {
  Outcome outcome = Outcome::kUntrusted;
  std::vector<Check> checks;
  nlohmann::ordered_json claims;  // an object
};

// MALFORMED for what is no such document. The document is somebody's word: its texts may hold
// anything, and are made printable here.
StatusOr<VerdictDocument> ParseVerdictDocument(ByteView file);
StatusOr<VerdictDocument> VerdictDocumentOf(const nlohmann::ordered_json& json);

// "-" reads the standard input.
StatusOr<Bytes> ReadVerdictFile(const std::string& path);

}  // namespace kedge::cli
