// Why peers were refused, for the owner's eyes: a bounded memory (S25).
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace kedge {

struct RefusalEntry {
  std::string correlation_id;
  absl::Time time;
  std::string node;  // as the peer named itself; empty where it did not get that far
  std::string code;
  std::string reason;
  uint32_t count = 1;  // how often in a row; id and time are the latest
  bool operator==(const RefusalEntry&) const = default;
};

// Two rings, so that strangers cannot push out what nodes with verified evidence and owners were
// told. Not thread-safe.
class RefusalLog {
 public:
  static constexpr size_t kKnown = 96;
  static constexpr size_t kStrangers = 32;

  enum class Peer { kKnown, kStranger };
  // The same node refused for the same reason again is one record with a higher count.
  void Add(RefusalEntry refusal, Peer peer);
  // Oldest first.
  std::vector<RefusalEntry> All() const;

  // What is kept across restarts: the known ring.
  const std::deque<RefusalEntry>& known() const { return known_; }
  void RestoreKnown(std::vector<RefusalEntry> refusals);

 private:
  std::deque<RefusalEntry> known_;
  std::deque<RefusalEntry> strangers_;
};

// How often refusals may be written to a disk: a burst, then one a second. Time is an argument.
class WriteBudget {
 public:
  bool Take(absl::Time now);

 private:
  static constexpr double kBurst = 16;
  double tokens_ = kBurst;
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace kedge
