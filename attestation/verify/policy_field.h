// Fields of a policy that somebody has to decide. A field left unset lets nothing pass; leaving a
// check out is a decision too, and carries the words of whoever took it.
#pragma once

#include <string>
#include <utility>

#include "attestation/verify/check_list.h"

namespace kedge {

template <typename T>
class PolicyField {
 public:
  enum class State { kUnset, kEnforce, kWarn, kSkip };

  PolicyField() = default;
  static PolicyField Enforce(T value) { return {State::kEnforce, std::move(value), ""}; }
  // A value that is compared and reported, but does not refuse. `by`: who decided that.
  static PolicyField Warn(T value, std::string by) {
    return {State::kWarn, std::move(value), std::move(by)};
  }
  static PolicyField Skip(std::string by) { return {State::kSkip, T(), std::move(by)}; }

  State state() const { return state_; }
  bool has_value() const { return state_ == State::kEnforce || state_ == State::kWarn; }
  // Meaningful where has_value().
  const T& value() const { return value_; }
  const std::string& by() const { return by_; }

 private:
  PolicyField(State state, T value, std::string by)
      : state_(state), value_(std::move(value)), by_(std::move(by)) {}

  State state_ = State::kUnset;
  T value_{};
  std::string by_;
};

struct Judgement {
  bool good = false;
  std::string expected;
};

// One row for one field. `judge(const T&)` gives the Judgement; it is called only where there is a
// value. `reason` says which field this is.
template <typename T, typename Judge>
void ApplyField(CheckList& list, const char* name, const std::string& reason,
                const PolicyField<T>& field, const std::string& actual, Judge&& judge) {
  using State = typename PolicyField<T>::State;
  switch (field.state()) {
    case State::kUnset:
      list.Fail(name, "a value or a written skip in the policy", "the policy leaves it unset",
                reason);
      return;
    case State::kSkip:
      list.Skip(name, field.by(), reason + " " + actual);
      return;
    case State::kEnforce:
    case State::kWarn:
      break;
  }
  Judgement judgement = judge(field.value());
  if (judgement.good || field.state() == State::kEnforce) {
    list.Demand(name, judgement.good, std::move(judgement.expected), actual, reason);
  } else {
    list.Warn(name, std::move(judgement.expected), actual, reason + "; only said: " + field.by());
  }
}

}  // namespace kedge
