#include "cli/html_report.h"

#include <absl/strings/str_cat.h>

#include <initializer_list>

#include "attestation/verify/explain.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

// No script may run and nothing may be fetched, even if a text slipped through: the browser is told
// so before it reads anything else.
constexpr char kHead[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Kedge verdict</title>\n<style>\n"
    "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;"
    "color:#1b1b1b;background:#fff}\n"
    "table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}\n"
    "th,td{border:1px solid #ccc;padding:.3em .5em;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}\nth{background:#f2f2f2}\n"
    "code{font:13px/1.4 ui-monospace,monospace;white-space:pre-wrap}\n"
    ".fail,.malformed,.untrusted{background:#fde7e7}.warn{background:#fff4d6}"
    ".skipped{color:#666}.trusted,.pass{background:#e9f7ec}\n"
    ".verdict{font-size:1.4em;padding:.4em .7em}\n"
    "@media print{details{display:block}}\n"
    "</style></head><body>\n";

struct Cell {
  std::string text;
  bool code = false;
};

std::string Row(const char* tag, std::initializer_list<Cell> cells, const std::string& style = "") {
  std::string out =
      style.empty() ? "<tr>" : absl::StrCat("<tr class=\"", HtmlEscaped(style), "\">");
  for (const Cell& cell : cells) {
    const std::string text = HtmlEscaped(cell.text);
    absl::StrAppend(&out, "<", tag, ">", cell.code ? "<code>" : "", text,
                    cell.code ? "</code>" : "", "</", tag, ">");
  }
  return out + "</tr>\n";
}

std::string Heading(std::string_view text) {
  return absl::StrCat("<h2>", HtmlEscaped(text), "</h2>\n");
}

std::string TextOf(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string Member(const ordered_json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return !object.is_object() || found == object.end() ? "" : TextOf(*found);
}

std::string Checks(const VerdictDocument& document) {
  std::string out = Heading("Checks");
  absl::StrAppend(&out, "<table>\n",
                  Row("th", {{"Check"}, {"Result"}, {"About"}, {"Expected"}, {"Actual"}}));
  for (const Check& check : document.checks) {
    const std::string result(ToString(check.result));
    absl::StrAppend(&out, Row("td",
                              {{check.name, true},
                               {result},
                               {check.reason},
                               {check.expected, true},
                               {check.actual, true}},
                              result));
  }
  return out + "</table>\n";
}

std::string Reasons(const VerdictDocument& document) {
  std::string rows;
  for (const Check& check : document.checks) {
    if (check.result != CheckResult::kFail && check.result != CheckResult::kMalformed) continue;
    const Explanation why = Explain(check);
    absl::StrAppend(&rows,
                    Row("td", {{check.name, true},
                               {why.component},
                               {why.differences.empty() ? "see the check below" : why.differences},
                               {why.remedy},
                               {why.rule.empty() ? "no policy accepts this" : why.rule, true}}));
  }
  if (rows.empty()) return "";
  return absl::StrCat(
      Heading("Why, and what to do"), "<table>\n",
      Row("th", {{"Check"}, {"What differs"}, {"How"}, {"Remedy"}, {"Rule of the policy"}}), rows,
      "</table>\n");
}

bool IsCertificate(const ordered_json& value) {
  return value.is_object() && value.contains("subject") && value.contains("issuer") &&
         value.contains("not_after");
}

// Certificates stand in the claims wherever their technology puts them.
void CollectCertificates(const ordered_json& value, std::string& rows) {
  if (IsCertificate(value)) {
    absl::StrAppend(&rows, Row("td", {{Member(value, "subject")},
                                      {Member(value, "issuer")},
                                      {Member(value, "serial"), true},
                                      {Member(value, "not_before")},
                                      {Member(value, "not_after")},
                                      {Member(value, "signature_algorithm")},
                                      {Member(value, "sha256"), true}}));
    return;
  }
  if (!value.is_structured()) return;
  for (const ordered_json& entry : value) CollectCertificates(entry, rows);
}

std::string Certificates(const ordered_json& claims) {
  std::string rows;
  CollectCertificates(claims, rows);
  if (rows.empty()) return "";
  return absl::StrCat(
      Heading("Certificates"), "<table>\n",
      Row("th",
          {{"Subject"}, {"Issuer"}, {"Serial"}, {"From"}, {"To"}, {"Signature"}, {"SHA-256"}}),
      rows, "</table>\n");
}

std::string PcrRows(const ordered_json& banks) {
  std::string rows;
  if (!banks.is_object()) return rows;
  for (const auto& [bank, registers] : banks.items()) {
    if (!registers.is_object()) continue;
    for (const auto& [index, value] : registers.items()) {
      const auto number = static_cast<uint32_t>(std::strtoul(index.c_str(), nullptr, 10));
      absl::StrAppend(&rows, Row("td", {{bank},
                                        {index},
                                        {TextOf(value), true},
                                        {std::string(RegisterMeaning(false, number))}}));
    }
  }
  return rows;
}

std::string Registers(const ordered_json& claims) {
  std::string rows;
  if (const auto pcrs = claims.find("pcrs"); pcrs != claims.end()) rows += PcrRows(*pcrs);
  if (const auto tpm = claims.find("tpm"); tpm != claims.end() && tpm->is_object()) {
    if (const auto pcrs = tpm->find("pcrs"); pcrs != tpm->end()) rows += PcrRows(*pcrs);
  }
  if (const auto rtmr = claims.find("rtmr"); rtmr != claims.end() && rtmr->is_array()) {
    for (size_t i = 0; i < rtmr->size(); ++i) {
      absl::StrAppend(
          &rows, Row("td", {{"sha384"},
                            {absl::StrCat("RTMR", i)},
                            {TextOf((*rtmr)[i]), true},
                            {std::string(RegisterMeaning(true, static_cast<uint32_t>(i) + 1))}}));
    }
  }
  if (rows.empty()) return "";
  return absl::StrCat(Heading("Registers"), "<table>\n",
                      Row("th", {{"Bank"}, {"Register"}, {"Value"}, {"What is measured there"}}),
                      rows, "</table>\n");
}

std::string EventLog(const ordered_json& claims) {
  const auto log = claims.find("event_log");
  if (log == claims.end() || !log->is_object()) return "";
  const auto events = log->find("events");
  if (events == log->end() || !events->is_array()) return "";
  std::string out =
      absl::StrCat(Heading("Event log"), "<p>", HtmlEscaped(Member(*log, "format")),
                   "; a text counts only where its data are verified: where the digest covers "
                   "them.</p>\n<table>\n",
                   Row("th", {{"Event"}, {"Register"}, {"Type"}, {"Data"}, {"What"}, {"Digests"}}));
  for (const ordered_json& event : *events) {
    std::string digests;
    if (event.is_object() && event.contains("digests") && event["digests"].is_object()) {
      for (const auto& [bank, digest] : event["digests"].items()) {
        absl::StrAppend(&digests, bank, " ", TextOf(digest), "\n");
      }
    }
    const std::string trust = Member(event, "trust");
    absl::StrAppend(&out, Row("td",
                              {{Member(event, "index")},
                               {Member(event, "register")},
                               {Member(event, "type"), true},
                               {trust},
                               {Member(event, "text")},
                               {digests, true}},
                              trust == "mismatch" ? "fail" : ""));
  }
  return out + "</table>\n";
}

std::string Claims(ordered_json claims) {
  claims.erase("event_log");  // has a table of its own
  return absl::StrCat(Heading("Claims"),
                      "<details><summary>Everything that the evidence says</summary>"
                      "<pre><code>",
                      HtmlEscaped(claims.dump(2)), "</code></pre></details>\n");
}

}  // namespace

std::string HtmlEscaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '`':
        out += "&#96;";
        break;
      default:
        out.push_back(c);
    }
  }
  return out;
}

std::string HtmlReport(const VerdictDocument& document, const std::string& made_at) {
  const std::string verdict(ToString(document.outcome));
  return absl::StrCat(
      kHead, "<h1>Kedge verdict</h1>\n<p class=\"verdict ", verdict, "\">", verdict, "</p>\n",
      Reasons(document), Checks(document), Certificates(document.claims),
      Registers(document.claims), EventLog(document.claims), Claims(document.claims),
      "<p>Made by kedge at ", HtmlEscaped(made_at),
      ". This page proves nothing by itself: verify the evidence, or a signed verdict "
      "(kedge verify verdict).</p>\n</body></html>\n");
}

}  // namespace kedge::cli
