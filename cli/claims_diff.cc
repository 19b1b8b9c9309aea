#include "cli/claims_diff.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "attestation/verify/explain.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

// Members that differ between any two honest pieces of evidence, wherever they stand.
const std::set<std::string_view>& Fleeting() {
  static const auto* const names = new std::set<std::string_view>{
      "report_data", "report_id",    "extra_data",      "clock_ms",        "reset_count",
      "nonce",       "timestamp",    "attestation_key", "pcr_digest",      "restart_count",
      "user_data",   "qe_auth_data", "report_id_ma",    "qualified_signer"};
  return *names;
}

struct Named {
  std::string_view part;  // of the path
  std::string_view component;
};
// The first that fits.
constexpr Named kComponents[] = {
    {"reported_tcb.snp", "SNP firmware of the host"},
    {"reported_tcb.ucode", "microcode of the host"},
    {"reported_tcb.bl", "boot loader of the host's secure processor"},
    {"reported_tcb.tee", "operating system of the host's secure processor"},
    {"reported_tcb.fmc", "first-mutable-code of the host's secure processor"},
    {"current_tcb", "firmware that runs on the host"},
    {"committed_tcb", "firmware that the host committed to"},
    {"launch_tcb", "host's firmware at this guest's launch"},
    {"firmware", "SNP firmware of the host"},
    {"measurement", "guest's virtual firmware, or what was launched with it"},
    {"guest_policy", "guest policy"},
    {"platform.", "setting of the host"},
    {"chip_id", "the chip"},
    {"mrtd", "TD's virtual firmware"},
    {"mrseam", "TDX module of the host"},
    {"tee_tcb_svn", "TDX module of the host"},
    {"pck_tcb", "BIOS and microcode of the host"},
    {"cpusvn", "BIOS and microcode of the host"},
    {"qe_report", "quoting enclave of the host"},
    {"collateral", "Intel's collateral"},
    {"tcb_status", "host's standing at Intel"},
    {"_status", "host's standing at Intel"},
    {"secure_boot", "Secure Boot"},
    {"ppid", "the platform"},
    {"fmspc", "kind of platform"}};

std::string TextOf(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// "pcrs.sha256.11" and "rtmr[2]" by what is measured there.
std::string ComponentOf(const std::string& path) {
  for (std::string_view prefix : {"pcrs.", "tpm.pcrs."}) {
    if (!path.starts_with(prefix)) continue;
    const uint32_t index =
        static_cast<uint32_t>(std::strtoul(path.c_str() + path.rfind('.') + 1, nullptr, 10));
    return absl::StrCat("PCR ", index, ": ", std::string(RegisterMeaning(false, index)));
  }
  if (const size_t at = path.find("rtmr["); at != std::string::npos) {
    const uint32_t index = static_cast<uint32_t>(std::strtoul(path.c_str() + at + 5, nullptr, 10));
    return absl::StrCat("RTMR", index, ": ", std::string(RegisterMeaning(true, index + 1)));
  }
  for (const Named& entry : kComponents) {
    if (path.find(entry.part) != std::string::npos) return std::string(entry.component);
  }
  return path;
}

// Every value of the claims by its path; event logs are compared otherwise.
void Flatten(const ordered_json& value, const std::string& path,
             std::map<std::string, std::string>& out) {
  if (value.is_object()) {
    for (const auto& [name, entry] : value.items()) {
      if (name == "event_log" || Fleeting().count(name) != 0) continue;
      Flatten(entry, path.empty() ? name : path + "." + name, out);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i)
      Flatten(value[i], absl::StrCat(path, "[", i, "]"), out);
  } else {
    out[path] = TextOf(value);
  }
}

void CompareValues(const ordered_json& good, const ordered_json& now,
                   std::vector<ClaimChange>& out) {
  std::map<std::string, std::string> before;
  std::map<std::string, std::string> after;
  Flatten(good, "", before);
  Flatten(now, "", after);
  std::set<std::string> paths;
  for (const auto& [path, value] : before) paths.insert(path);
  for (const auto& [path, value] : after) paths.insert(path);
  for (const std::string& path : paths) {
    const auto old_value = before.find(path);
    const auto new_value = after.find(path);
    const std::string was = old_value == before.end() ? "none" : old_value->second;
    const std::string is = new_value == after.end() ? "none" : new_value->second;
    if (was != is) out.push_back({ComponentOf(path), path, was, is});
  }
}

struct Event {
  size_t index = 0;
  std::string type;
  std::string text;
  std::string digest;  // of the strongest bank that there is

  bool operator==(const Event& other) const { return type == other.type && digest == other.digest; }
};
struct Log {
  bool ccel = false;
  std::map<uint32_t, std::vector<Event>> registers;
};

std::string Member(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? "" : TextOf(*found);
}

Log LogOf(const ordered_json& claims) {
  Log out;
  const auto log = claims.find("event_log");
  if (log == claims.end() || !log->is_object()) return out;
  out.ccel = Member(*log, "registers") == "rtmr";
  const auto events = log->find("events");
  if (events == log->end() || !events->is_array()) return out;
  for (size_t i = 0; i < events->size(); ++i) {
    const ordered_json& event = (*events)[i];
    const auto number = event.is_object() ? event.find("register") : event.end();
    const auto digests = event.is_object() ? event.find("digests") : event.end();
    if (!event.is_object() || number == event.end() || !number->is_number_integer() ||
        digests == event.end() || !digests->is_object()) {
      continue;
    }
    Event entry{i, Member(event, "type"), Member(event, "text"), ""};
    for (const char* bank : {"sha512", "sha384", "sha256", "sha1"}) {
      if (!entry.digest.empty()) break;
      entry.digest = Member(*digests, bank);
    }
    out.registers[number->get<uint32_t>()].push_back(std::move(entry));
  }
  return out;
}

std::string Describe(const Event& event) {
  return absl::StrCat(event.text.empty() ? event.type : event.text, " ", event.digest);
}

// What is left of two lists between their common beginning and their common end, side by side.
void CompareRegister(bool ccel, uint32_t index, const std::vector<Event>& good,
                     const std::vector<Event>& now, std::vector<ClaimChange>& out) {
  const size_t shorter = std::min(good.size(), now.size());
  size_t front = 0;
  while (front < shorter && good[front] == now[front]) ++front;
  size_t back = 0;
  while (back < shorter - front && good[good.size() - 1 - back] == now[now.size() - 1 - back]) {
    ++back;
  }
  const size_t was = good.size() - back;
  const size_t is = now.size() - back;
  const std::string name = ccel && index > 0 ? absl::StrCat("RTMR", index - 1)
                           : ccel            ? std::string("MRTD")
                                             : absl::StrCat("PCR ", index);
  for (size_t at = front; at < std::max(was, is) && out.size() < kMaxClaimChanges; ++at) {
    const Event* before = at < was ? &good[at] : nullptr;
    const Event* after = at < is ? &now[at] : nullptr;
    if (before != nullptr && after != nullptr && *before == *after) continue;
    const Event& shown = after != nullptr ? *after : *before;
    out.push_back({absl::StrCat(name, " (", std::string(RegisterMeaning(ccel, index)), "), event ",
                                shown.index, " ", shown.type,
                                shown.text.empty() ? "" : absl::StrCat(" '", shown.text, "'")),
                   absl::StrCat("event_log.events[", shown.index, "]"),
                   before == nullptr ? "none" : Describe(*before),
                   after == nullptr ? "none" : Describe(*after)});
  }
}

void CompareLogs(const ordered_json& good, const ordered_json& now, std::vector<ClaimChange>& out) {
  const Log before = LogOf(good);
  const Log after = LogOf(now);
  // Without one of them there is nothing to compare, and the registers have been.
  if (before.registers.empty() || after.registers.empty()) return;
  std::set<uint32_t> indices;
  for (const auto& [index, events] : before.registers) indices.insert(index);
  for (const auto& [index, events] : after.registers) indices.insert(index);
  static const std::vector<Event> kNone;
  for (uint32_t index : indices) {
    const auto old_events = before.registers.find(index);
    const auto new_events = after.registers.find(index);
    CompareRegister(after.ccel, index,
                    old_events == before.registers.end() ? kNone : old_events->second,
                    new_events == after.registers.end() ? kNone : new_events->second, out);
  }
}

}  // namespace

std::vector<ClaimChange> CompareClaims(const ordered_json& good, const ordered_json& now) {
  std::vector<ClaimChange> out;
  CompareValues(good, now, out);
  if (out.size() > kMaxClaimChanges / 2) out.resize(kMaxClaimChanges / 2);
  CompareLogs(good, now, out);
  return out;
}

}  // namespace kedge::cli
