// Tells the node's events where people look: console, `systemctl status`, journal.
#pragma once

#include <functional>

#include "base/host/console.h"
#include "base/host/notify.h"
#include "bootstrapper/core/ports.h"

namespace kedge {

// The journal gets one entry an event, with a MESSAGE_ID per kind and the fields KEDGE_STAGE,
// KEDGE_STEP, KEDGE_CODE, KEDGE_CORRELATION_ID, KEDGE_TOOK_MS and KEDGE_WAITED_MS where they apply.
class BootReporter final : public EventSink {
 public:
  BootReporter(const Console& console, Notifier& notifier, std::function<void()> on_beat)
      : console_(console), notifier_(notifier), on_beat_(std::move(on_beat)) {}
  void Emit(const BootEvent& event) override;

 private:
  const Console& console_;
  Notifier& notifier_;
  const std::function<void()> on_beat_;
};

}  // namespace kedge
