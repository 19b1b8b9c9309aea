#include "attestation/channel_grpc/admission.h"

#include <algorithm>
#include <utility>

namespace kedge {

Admission::Admission(int max_total)
    : max_total_(max_total), max_per_address_(std::max(1, max_total / 2)) {}

Admission::Place::Place(Admission* owner, std::string address)
    : owner_(owner), address_(std::move(address)) {}

Admission::Place::Place(Place&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), address_(std::move(other.address_)) {}

Admission::Place::~Place() {
  if (owner_ != nullptr) owner_->Leave(address_);
}

StatusOr<Admission::Place> Admission::Enter(const std::string& peer) {
  std::string address = peer.substr(0, peer.rfind(':'));
  absl::MutexLock lock(&mutex_);
  const auto known = by_address_.find(address);
  const int of_address = known == by_address_.end() ? 0 : known->second;
  if (total_ >= max_total_ || of_address >= max_per_address_) {
    return MakeFault(StatusCode::kResourceExhausted, "BUSY", Advice::kRetry,
                     "as many exchanges run as are allowed, in total " + std::to_string(total_) +
                         " of " + std::to_string(max_total_) + ", from this address " +
                         std::to_string(of_address) + " of " + std::to_string(max_per_address_));
  }
  ++total_;
  by_address_[address] = of_address + 1;
  return Place(this, std::move(address));
}

void Admission::Leave(const std::string& address) {
  absl::MutexLock lock(&mutex_);
  --total_;
  const auto known = by_address_.find(address);
  if (--known->second == 0) by_address_.erase(known);
}

}  // namespace kedge
