#include "attestation/model/measure_once.h"

#include <algorithm>
#include <optional>

namespace kedge {
namespace {

Status Foreign(const MeasuredEvent& event, PcrBank bank, ByteView value, ByteView expected) {
  return MakeFault(StatusCode::kFailedPrecondition, "PCR_FOREIGN", Advice::kReboot,
                   "PCR " + std::to_string(event.pcr) + " (" + std::string(ToString(bank)) +
                       ") holds " + ToHex(value) + ", expected " + ToHex(expected) + " before \"" +
                       event.label + "\": something else measured into it; reboot the node");
}

// One answer for all banks: a single TPM2_PCR_Extend changes them together, so banks that disagree
// were changed by somebody else.
StatusOr<PcrClass> ClassifyAllBanks(Tpm& tpm, const std::vector<PcrBank>& banks,
                                    std::span<const MeasuredEvent> before,
                                    const MeasuredEvent& event) {
  std::optional<PcrClass> all;
  for (PcrBank bank : banks) {
    ASSIGN_OR_RETURN(const PcrValues values, tpm.ReadPcrs(bank, {event.pcr}));
    const auto value = values.find(event.pcr);
    if (value == values.end()) return Internal("the TPM read no value for the PCR asked for");
    const Bytes expected = ReplayPcr(bank, event.pcr, before);
    const PcrClass found = ClassifyPcr(bank, value->second, expected, event);
    if (found == PcrClass::kForeign || (all && *all != found)) {
      return Foreign(event, bank, value->second, expected);
    }
    all = found;
  }
  if (!all) return FailedPrecondition("the TPM has no active PCR bank; enable one in its firmware");
  return *all;
}

}  // namespace

StatusOr<PcrClass> MeasureOnce(Tpm& tpm, EventLog& log, const MeasuredEvent& event) {
  ASSIGN_OR_RETURN(std::vector<MeasuredEvent> events, log.Read());
  ASSIGN_OR_RETURN(const std::vector<PcrBank> banks, tpm.ActiveBanks());

  const auto logged = std::find(events.begin(), events.end(), event);
  const bool is_logged = logged != events.end();
  const size_t earlier = static_cast<size_t>(logged - events.begin());
  const bool is_last_of_pcr =
      is_logged && std::none_of(logged + 1, events.end(),
                                [&](const MeasuredEvent& later) { return later.pcr == event.pcr; });
  if (!is_logged) events.push_back(event);
  RETURN_IF_ERROR(CheckEventOrder(events));

  if (is_logged && !is_last_of_pcr) {
    // Later events of this PCR were measured since: the PCR must hold all of them (or all but the
    // last, whose extend was cut off and which its own call completes).
    size_t last = events.size() - 1;
    while (events[last].pcr != event.pcr) --last;
    const std::span<const MeasuredEvent> all(events);
    RETURN_IF_ERROR(ClassifyAllBanks(tpm, banks, all.first(last), events[last]).status());
    return PcrClass::kAlreadyMeasured;
  }

  const auto before = std::span<const MeasuredEvent>(events).first(earlier);
  ASSIGN_OR_RETURN(const PcrClass found, ClassifyAllBanks(tpm, banks, before, event));
  if (!is_logged) RETURN_IF_ERROR(log.Append(event, banks));
  if (found == PcrClass::kPristine) RETURN_IF_ERROR(tpm.Extend(event));
  return found;
}

}  // namespace kedge
