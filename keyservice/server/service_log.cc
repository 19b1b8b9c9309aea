#include "keyservice/server/service_log.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "base/host/log.h"
#include "keyservice/server/key_service.h"

namespace kedge::keyservice {
namespace {

constexpr MessageId kPhase{"2a3ef680ce384afebbdf127065b64b1d"};
constexpr MessageId kAttach{"92cb35025bd44881b4c026a05e828c71"};
constexpr MessageId kRelease{"dddb074d76b4467dac6e916a588a5a6b"};
constexpr MessageId kTpmCounterBehind{"c7a4f4b1e9d24c06b3f18a5d0e6c2b97"};
constexpr MessageId kDiskAccepted{"5b0d1c0e6a7f4b8f9a3f2f1d7d2c9e64"};
constexpr MessageId kReport{"70e37a9a24354e58b36b9e7decd2c9c7"};
constexpr MessageId kCommand{"8fe88cec8a4f4d58a74e4d8f8c19f5b1"};
constexpr MessageId kUpdate{"3d0b7c54f6a84b0c9b1de0c5a4f27e13"};
constexpr MessageId kRefusal{"c1ad130e3e504a9a8503566282608aad"};
constexpr MessageId kExchange{"f388abc31b8945d98905a6a56e627d0e"};
constexpr MessageId kStore{"d5911f0c2b4a49cfab9b38874e914df7"};

std::string Text(std::string_view view) { return std::string(view); }

}  // namespace

void LogPhase(ServicePhase phase, std::string_view why) {
  Log(LogLevel::kNotice, kPhase,
      absl::StrCat("key service ", Text(why), ": ", Text(ToString(phase))),
      {{"KEDGE_PHASE", Text(ToString(phase))}});
}

void LogAttach(const Status& status) {
  if (status.ok()) {
    Log(LogLevel::kNotice, kAttach, "records attached on the state disk");
    return;
  }
  Log(LogLevel::kError, kAttach, "records on the state disk not taken: " + MessageOf(status),
      {{"KEDGE_CODE", FaultCode(status)}});
}

void LogRelease(const NodeEntry& entry, ReleaseOrder order) {
  Log(LogLevel::kNotice, kRelease,
      absl::StrCat("disk key released to ", entry.name, ", order: ", Text(ToString(order))),
      {{"KEDGE_NODE", entry.name},
       {"KEDGE_STATE", Text(ToString(entry.state))},
       {"KEDGE_IDENTITY", ToHex(entry.identity.value)}});
}

void LogDiskAccepted(const NodeEntry& entry) {
  Log(LogLevel::kWarning, kDiskAccepted,
      absl::StrCat("the owner accepts the disk of ", entry.name, " at counter ",
                   entry.disk_counter),
      {{"KEDGE_NODE", entry.name}, {"KEDGE_DISK_COUNTER", absl::StrCat(entry.disk_counter)}});
}

void LogReport(const NodeEntry& entry) {
  Log(LogLevel::kNotice, kReport, absl::StrCat(entry.name, " is ", Text(ToString(entry.state))),
      {{"KEDGE_NODE", entry.name}, {"KEDGE_STATE", Text(ToString(entry.state))}});
  if (entry.tpm_counter_behind) {
    Log(LogLevel::kWarning, kTpmCounterBehind,
        absl::StrCat("TPM counter of ", entry.name, " behind: vTPM replaced or rolled back"),
        {{"KEDGE_NODE", entry.name}});
  }
}

void LogCommand(const NodeCommand& command, const NodeEntry& entry, std::string_view owner) {
  Log(LogLevel::kNotice, kCommand,
      absl::StrCat("owner ", Text(owner), " ordered ", Text(NameOf(command)), " of ", entry.name,
                   command.reason.empty() ? "" : ": " + command.reason),
      {{"KEDGE_NODE", entry.name},
       {"KEDGE_COMMAND", Text(NameOf(command))},
       {"KEDGE_STATE", Text(ToString(entry.state))},
       {"KEDGE_IDENTITY", ToHex(entry.identity.value)}});
}

void LogUpdate(const Transition& step, const ApprovalTally& tally, std::string_view what) {
  Log(LogLevel::kNotice, kUpdate,
      absl::StrCat("manifest of generation ", step.generation, " ", Text(what), ": ",
                   tally.approved.size(), " of ", tally.needed, " approvals (",
                   absl::StrJoin(tally.approved, ", "), ")"),
      {{"KEDGE_GENERATION", absl::StrCat(step.generation)},
       {"KEDGE_MANIFEST", ToHex(step.manifest_digest)}});
}

void LogExchange(const ExchangeEvent& event, const Peer& peer) {
  const LogFields fields = {{"KEDGE_CORRELATION_ID", event.correlation_id},
                            {"KEDGE_PEER", event.peer},
                            {"KEDGE_NODE", peer.node},
                            {"KEDGE_CODE", event.status.ok() ? "OK" : FaultCode(event.status)}};
  if (event.status.ok() || event.status.code() == StatusCode::kCancelled) {
    Log(LogLevel::kDebug, kExchange, "exchange finished", fields);
    return;
  }
  Log(LogLevel::kWarning, kRefusal,
      absl::StrCat("refused ", peer.node.empty() ? event.peer : peer.node, " [",
                   event.correlation_id, "]: ", FaultCode(event.status), ": ",
                   MessageOf(event.status)),
      fields);
}

void LogStoreTrouble(const Status& status) {
  Log(LogLevel::kError, kStore, "a record was not written: " + MessageOf(status),
      {{"KEDGE_CODE", FaultCode(status)}});
}

}  // namespace kedge::keyservice
