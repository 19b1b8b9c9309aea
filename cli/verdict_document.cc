#include "cli/verdict_document.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/host/files.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxChecks = 10'000;
constexpr int kMaxDepth = 16;

unsigned char ByteAt(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

// How many bytes at `at` make a character that would move a cursor or turn the direction of text:
// C0 and C1 controls, zero-width and bidirectional marks (U+200B-200F, U+2028-202E, U+2060-206F).
size_t HarmfulAt(std::string_view text, size_t at) {
  const unsigned char first = ByteAt(text, at);
  const unsigned char second = ByteAt(text, at + 1);
  const unsigned char third = ByteAt(text, at + 2);
  if (first < 0x20 || first == 0x7F) return 1;
  if (first == 0xC2 && second >= 0x80 && second < 0xA0) return 2;
  if (first != 0xE2) return 0;
  const bool marks =
      second == 0x80 && ((third >= 0x8B && third <= 0x8F) || (third >= 0xA8 && third <= 0xAE));
  const bool isolates = second == 0x81 && third >= 0xA0 && third <= 0xAF;
  return marks || isolates ? 3 : 0;
}

std::string Harmless(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t harmful = HarmfulAt(text, at);
    if (harmful == 0) out.push_back(text[at]);
    for (size_t i = 0; i < harmful; ++i) {
      absl::StrAppend(&out, "\\x", absl::Hex(ByteAt(text, at + i), absl::kZeroPad2));
    }
    at += std::max<size_t>(harmful, 1);
  }
  return out;
}

void MakeHarmless(ordered_json& value) {
  if (value.is_string()) {
    value = Harmless(value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    for (ordered_json& entry : value) MakeHarmless(entry);
  } else if (value.is_object()) {
    ordered_json out = ordered_json::object();
    for (auto& [name, entry] : value.items()) {
      MakeHarmless(entry);
      out[Harmless(name)] = std::move(entry);
    }
    value = std::move(out);
  }
}

StatusOr<CheckResult> ResultNamed(const std::string& text) {
  for (const CheckResult result :
       {CheckResult::kPass, CheckResult::kFail, CheckResult::kWarn, CheckResult::kMalformed}) {
    if (text == ToString(result)) return result;
  }
  if (text.starts_with("skipped: ")) return CheckResult::kSkipped;
  return Malformed("a verdict's check has the result '" + Harmless(text) + "'");
}

StatusOr<std::string> TextOf(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return Malformed(absl::StrCat("a verdict's check has no text '", name, "'"));
  }
  return Harmless(found->get<std::string>());
}

StatusOr<Check> CheckOf(const ordered_json& json) {
  if (!json.is_object()) return Malformed("a verdict's check is no object");
  Check out;
  ASSIGN_OR_RETURN(out.name, TextOf(json, "id"));
  ASSIGN_OR_RETURN(const std::string result, TextOf(json, "result"));
  ASSIGN_OR_RETURN(out.result, ResultNamed(result));
  ASSIGN_OR_RETURN(out.expected, TextOf(json, "expected"));
  ASSIGN_OR_RETURN(out.actual, TextOf(json, "actual"));
  ASSIGN_OR_RETURN(out.reason, TextOf(json, "reason"));
  return out;
}

StatusOr<Outcome> OutcomeNamed(const std::string& text) {
  for (const Outcome outcome : {Outcome::kTrusted, Outcome::kUntrusted, Outcome::kMalformed}) {
    if (text == ToString(outcome)) return outcome;
  }
  return Malformed("'" + Harmless(text) + "' is no verdict");
}

}  // namespace

StatusOr<VerdictDocument> VerdictDocumentOf(const ordered_json& json) {
  const auto verdict = json.is_object() ? json.find("verdict") : json.end();
  const auto checks = json.is_object() ? json.find("checks") : json.end();
  const auto claims = json.is_object() ? json.find("claims") : json.end();
  if (!json.is_object() || verdict == json.end() || !verdict->is_string() || checks == json.end() ||
      !checks->is_array() || claims == json.end() || !claims->is_object() ||
      checks->size() > kMaxChecks) {
    return Malformed(
        "not a verdict: expected what `kedge verify … --json` writes, an object with verdict, "
        "checks "
        "and claims");
  }
  VerdictDocument out;
  ASSIGN_OR_RETURN(out.outcome, OutcomeNamed(verdict->get<std::string>()));
  for (const ordered_json& entry : *checks) {
    ASSIGN_OR_RETURN(Check check, CheckOf(entry));
    out.checks.push_back(std::move(check));
  }
  // The rows decide, not the word above them.
  CheckList rows;
  rows.Append(out.checks);
  if (rows.outcome() != out.outcome) {
    return Malformed("the verdict is not the one that its checks give");
  }
  out.claims = *claims;
  MakeHarmless(out.claims);
  return out;
}

StatusOr<VerdictDocument> ParseVerdictDocument(ByteView file) {
  if (file.size() > kMaxVerdictDocument) return Malformed("verdict larger than 16 MiB");
  int deepest = 0;
  const std::string_view text = AsText(file);
  const ordered_json json = ordered_json::parse(
      text.begin(), text.end(),
      [&deepest](int depth, ordered_json::parse_event_t, ordered_json&) {
        deepest = std::max(deepest, depth);
        return depth <= kMaxDepth;
      },
      /*allow_exceptions=*/false);
  if (deepest > kMaxDepth || json.is_discarded()) return Malformed("not a verdict: no JSON");
  return VerdictDocumentOf(json);
}

StatusOr<Bytes> ReadVerdictFile(const std::string& path) {
  return ReadFileBounded(path == "-" ? "/dev/stdin" : path, kMaxVerdictDocument);
}

}  // namespace kedge::cli
