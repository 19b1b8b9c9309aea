// The node's own state: one small versioned file inside the encrypted state disk.
#pragma once

#include <absl/time/time.h>

#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "crypto/digest.h"

namespace kedge {

inline constexpr char kNodeStateFile[] = "node-state.json";
inline constexpr char kNodeStateFormat[] = "kedge.node-state.v2";
// Without the fields of counters; still read.
inline constexpr char kNodeStateFormat1[] = "kedge.node-state.v1";
inline constexpr size_t kMaxNodeStateSize = 64 * 1024;

struct NodeState {
  std::string node{};
  std::string role{};
  Bytes cluster_id{};
  Bytes service_key_spki{};
  Sha256Digest manifest_digest{};
  uint64_t manifest_generation = 0;
  uint32_t dek_generation = 1;
  Sha256Digest header_digest{};
  // The key service knows that this disk is formatted.
  bool disk_reported = false;
  // Of the header when this was written; 0 in format 1, which did not count.
  uint64_t disk_counter = 0;
  // The key service knows that the disk is at this counter.
  bool counter_acknowledged = false;
  // The TPM's NV counter when this was written; 0 where there was none to be had.
  uint64_t tpm_counter = 0;
  // It was less than an earlier boot had written here.
  bool tpm_counter_behind = false;
  // Of the boot that wrote this: how a restarted program knows that the disk was opened, and this
  // file written, since the machine started.
  std::string boot_id{};
  absl::Time written_at{};
  std::string ca_certificate_pem{};
  std::string node_certificate_pem{};

  bool operator==(const NodeState&) const = default;
};

// JSON, one object, exactly these fields (docs/FORMATS.md).
std::string EncodeNodeState(const NodeState& state);
// Strict: unknown, missing or doubled fields, wrong types and trailing bytes are refused.
// MALFORMED.
StatusOr<NodeState> ParseNodeState(ByteView bytes);

}  // namespace kedge
