#include "bootstrapper/core/runner.h"

#include <vector>

#include "bootstrapper/core/backoff.h"
#include "bootstrapper/core/node_waits.h"

namespace kedge {
namespace {

class StageRun {
 public:
  StageRun(Stage stage, Node& node, const RunOptions& options)
      : stage_(stage), node_(node), options_(options) {
    for (const Step& step : LifeOfANode()) {
      if (step.stage == stage) steps_.push_back(&step);
    }
  }

  Status Run() {
    Emit({.kind = BootEventKind::kStageStarted});
    for (size_t i = 0; i < steps_.size();) {
      const Step& step = *steps_[i];
      const absl::Duration begin = Now();
      const Outcome outcome = Try(step);
      worked_ += Now() - begin;
      step_worked_ += Now() - begin;
      if (outcome.status.ok()) {
        if (outcome.applied) {
          Emit({.kind = outcome.held ? BootEventKind::kStepHeld : BootEventKind::kStepDone,
                .step = std::string(step.name),
                .took = step_worked_,
                .waited = step_waited_});
        }
        ForgetTries();
        ++i;
        continue;
      }
      RETURN_IF_ERROR(Wait(step, outcome.status));
      if (!IsRetryable(outcome.status) && !step.retry_from.empty()) i = IndexOf(step.retry_from);
    }
    Emit({.kind = BootEventKind::kStageDone, .took = worked_, .waited = waited_});
    return absl::OkStatus();
  }

 private:
  struct Outcome {
    Status status{};
    bool applied = true;
    bool held = false;  // the evidence was there
  };

  Outcome Try(const Step& step) {
    if (step.applies != nullptr && !step.applies(node_)) return {.applied = false};
    if (step.done != nullptr) {
      const StatusOr<bool> done = step.done(node_);
      if (!done.ok()) return {.status = done.status()};
      if (*done) return {.held = true};
    }
    return {.status = step.effect(node_)};
  }

  // Tells about the failure and sleeps. An error ends the stage.
  Status Wait(const Step& step, const Status& failure) {
    ++tries_;
    BootEvent event{
        .kind = IsRetryable(failure) ? BootEventKind::kStepWaiting : BootEventKind::kStepRefused,
        .step = std::string(step.name),
        .tries = tries_,
        .code = FaultCode(failure),
        .state = std::string(StateOfWait(failure)),
        .detail = MessageOf(failure)};
    event.repeated = event.code == last_code_;
    last_code_ = event.code;
    if (event.kind == BootEventKind::kStepWaiting) {
      ASSIGN_OR_RETURN(event.next_try, WaitAfter(tries_, step.longest_wait, node_.ports.random));
    } else {
      event.next_try = kRefusedWait;
      ASSIGN_OR_RETURN(event.correlation_id, CorrelationId(failure));
    }
    const absl::Duration next_try = event.next_try;
    const bool refused = event.kind == BootEventKind::kStepRefused;
    Emit(std::move(event));
    if (refused && options_.give_up_on_refusal) return failure;
    const absl::Duration begin = Now();
    const bool go_on = node_.ports.timer.Sleep(next_try);
    step_waited_ += Now() - begin;
    waited_ += Now() - begin;
    if (!go_on) return MakeError(StatusCode::kCancelled, "asked to stop");
    return absl::OkStatus();
  }

  // The service's own, so that the owner finds its record; a local refusal gets one of its own,
  // which ties the console to the journal.
  StatusOr<std::string> CorrelationId(const Status& failure) {
    std::string id = CorrelationIdIn(MessageOf(failure));
    if (!id.empty()) return id;
    ByteArray<8> bytes{};
    RETURN_IF_ERROR(node_.ports.random.Fill(bytes));
    return ToHex(bytes);
  }

  void ForgetTries() {
    tries_ = 0;
    last_code_.clear();
    step_worked_ = absl::ZeroDuration();
    step_waited_ = absl::ZeroDuration();
  }

  size_t IndexOf(std::string_view name) const {
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i]->name == name) return i;
    }
    return 0;  // not reached: a test checks every name in the table
  }

  absl::Duration Now() { return node_.ports.timer.Uptime(); }

  void Emit(BootEvent event) {
    event.stage = stage_;
    event.uptime = Now();
    node_.ports.events.Emit(event);
  }

  const Stage stage_;
  Node& node_;
  const RunOptions options_;
  std::vector<const Step*> steps_;
  int tries_ = 0;
  std::string last_code_;
  absl::Duration step_worked_;
  absl::Duration step_waited_;
  absl::Duration worked_;
  absl::Duration waited_;
};

}  // namespace

Status RunStage(Stage stage, Node& node, const RunOptions& options) {
  return StageRun(stage, node, options).Run();
}

}  // namespace kedge
