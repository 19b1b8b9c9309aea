#include "keyservice/core/refusal_log.h"

#include <algorithm>

namespace kedge {
namespace {

constexpr size_t kMaxReason = 1024;

// Reasons quote what peers sent: only printable ASCII goes on, whatever it came from.
void MakePrintable(std::string& text) {
  if (text.size() > kMaxReason) text.resize(kMaxReason);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
}

void AddTo(std::deque<RefusalEntry>& ring, size_t limit, RefusalEntry refusal) {
  for (std::string* text : {&refusal.node, &refusal.code, &refusal.reason}) MakePrintable(*text);
  const auto same = std::find_if(ring.begin(), ring.end(), [&refusal](const RefusalEntry& other) {
    return other.node == refusal.node && other.code == refusal.code &&
           other.reason == refusal.reason;
  });
  if (same != ring.end()) {
    refusal.count += same->count;
    ring.erase(same);
  }
  ring.push_back(std::move(refusal));
  if (ring.size() > limit) ring.pop_front();
}

}  // namespace

void RefusalLog::Add(RefusalEntry refusal, Peer peer) {
  if (peer == Peer::kKnown) {
    AddTo(known_, kKnown, std::move(refusal));
  } else {
    AddTo(strangers_, kStrangers, std::move(refusal));
  }
}

std::vector<RefusalEntry> RefusalLog::All() const {
  std::vector<RefusalEntry> all(known_.begin(), known_.end());
  all.insert(all.end(), strangers_.begin(), strangers_.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const RefusalEntry& a, const RefusalEntry& b) { return a.time < b.time; });
  return all;
}

void RefusalLog::RestoreKnown(std::vector<RefusalEntry> refusals) {
  const std::deque<RefusalEntry> newer = std::move(known_);
  known_.clear();
  for (RefusalEntry& refusal : refusals) AddTo(known_, kKnown, std::move(refusal));
  for (const RefusalEntry& refusal : newer) AddTo(known_, kKnown, refusal);
}

bool WriteBudget::Take(absl::Time now) {
  if (last_ != absl::InfinitePast() && now > last_) {
    tokens_ = std::min(kBurst, tokens_ + absl::ToDoubleSeconds(now - last_));
  }
  last_ = std::max(last_, now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace kedge
