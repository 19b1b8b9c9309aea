#include "keyservice/core/refusal_log.h"

#include <algorithm>

namespace kedge {
namespace {

constexpr size_t kMaxReason = 1024;

void AddTo(std::deque<Refusal>& ring, size_t limit, Refusal refusal) {
  if (refusal.reason.size() > kMaxReason) refusal.reason.resize(kMaxReason);
  const auto same = std::find_if(ring.begin(), ring.end(), [&refusal](const Refusal& other) {
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

void RefusalLog::Add(Refusal refusal, Peer peer) {
  if (peer == Peer::kKnown) {
    AddTo(known_, kKnown, std::move(refusal));
  } else {
    AddTo(strangers_, kStrangers, std::move(refusal));
  }
}

std::vector<Refusal> RefusalLog::All() const {
  std::vector<Refusal> all(known_.begin(), known_.end());
  all.insert(all.end(), strangers_.begin(), strangers_.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const Refusal& a, const Refusal& b) { return a.time < b.time; });
  return all;
}

void RefusalLog::RestoreKnown(std::vector<Refusal> refusals) {
  const std::deque<Refusal> newer = std::move(known_);
  known_.clear();
  for (Refusal& refusal : refusals) AddTo(known_, kKnown, std::move(refusal));
  for (const Refusal& refusal : newer) AddTo(known_, kKnown, refusal);
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
