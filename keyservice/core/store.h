// The port to what must survive a restart: cluster record, history, node registry, refusals.
//
// A flat set of keys with values and revisions; the revision is what makes a decision and its
// record one step (compare-and-swap). Implementations: keyservice/store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

struct StoredValue {
  Bytes value;
  uint64_t revision = 0;  // ≥ 1, grows with each write of the key
};

inline constexpr size_t kMaxStoredValue = 1024 * 1024;
inline constexpr size_t kMaxStoreKey = 128;

// "node/node-1": one to four segments with '/' between them, each of [a-z0-9.-] and beginning with
// a letter or digit, at most kMaxStoreKey characters in all. INVALID_ARGUMENT otherwise.
Status CheckStoreKey(std::string_view key);

// Thread-safe. Methods may block on a disk or a network. UNAVAILABLE where the medium fails;
// DATA_LOSS with fault STORE_CORRUPT where a value is there but is not what was written.
class Store {
 public:
  virtual ~Store() = default;
  // nullopt: no such key.
  virtual StatusOr<std::optional<StoredValue>> Get(std::string_view key) = 0;
  // Writes `value` if the key's revision is `expected` (0 = the key must not exist), and returns
  // the new revision once the value survives a power cut. ABORTED with fault REVISION_CONFLICT
  // otherwise, and nothing is written.
  virtual StatusOr<uint64_t> CompareAndSwap(std::string_view key, uint64_t expected,
                                            ByteView value) = 0;
  // The keys that begin with `prefix` ("node/"; "" = all), sorted.
  virtual StatusOr<std::vector<std::string>> List(std::string_view prefix) = 0;
};

}  // namespace kedge
