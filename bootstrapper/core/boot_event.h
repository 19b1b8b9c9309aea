// What a node says about its own start: one value, rendered for console, status line and journal.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>

#include "base/status.h"

namespace kedge {

enum class Stage { kMeasure, kInitrd, kJoin };
std::string_view ToString(Stage stage);  // "measure", "initrd", "join"

enum class BootEventKind {
  kStageStarted,
  kStepDone,     // took, waited
  kStepHeld,     // was already done: took
  kStepWaiting,  // transient: code, state, next_try
  kStepRefused,  // needs a person: code, correlation_id, next_try
  kProgress,     // detail: "formatting 50 %"
  kStageDone,    // took, waited
};

// Public values only: never a secret.
struct BootEvent {
  BootEventKind kind = BootEventKind::kProgress;
  Stage stage = Stage::kMeasure;
  std::string step{};
  absl::Duration uptime{};
  absl::Duration took{};    // working time, without waits between tries
  absl::Duration waited{};  // between tries
  absl::Duration next_try{};
  int tries = 0;
  std::string code{};
  std::string state{};  // the node's, by name, where a wait has one (node_waits.h)
  std::string
      correlation_id{};   // 16 hex digits: from the service, or made here for a local refusal
  std::string detail{};   // reason; for the journal, never for the console
  bool repeated = false;  // the same code as at the previous try
};

// One line without a line break, "kedge: …"; empty where the console stays silent. A refusal shows
// its code and correlation id, never the reason (S25).
//   kedge: stage initrd begins at 14.250 s
//   kedge: step measure-cluster-id done in 12 ms
//   kedge: step release done in 312 ms, waited 5204 ms
//   kedge: step release waiting: WAITING_FOR_KEYSERVICE (UNAVAILABLE), next try in 2 s
//   kedge: step inspect-disk waiting: DISK_ABSENT, next try in 2 s
//   kedge: step release refused: IDENTITY_MISMATCH, correlation id 0011223344556677, next try in 60
//   s kedge: stage initrd done in 842 ms, waited 5204 ms
std::string ConsoleLine(const BootEvent& event);
// For STATUS=; empty where the status does not change.
std::string StatusLine(const BootEvent& event);

// The correlation id in the message of a refusal: its first run of exactly 16 hex digits, or "".
std::string CorrelationIdIn(std::string_view message);

}  // namespace kedge
