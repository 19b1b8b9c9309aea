#include "cli/html_report.h"

#include <gtest/gtest.h>

#include <regex>

#include "base/status_matchers.h"

namespace kedge::cli {
namespace {

using nlohmann::ordered_json;

const char* const kHostile[] = {"<script>alert(1)</script>",
                                "\" onmouseover=\"alert(1)",
                                "' onload='x",
                                "</td></table></style><img src=x onerror=alert(1)>",
                                "<!-- ",
                                "]]>",
                                "&lt;b&gt;",
                                "`${1}`",
                                "javascript:alert(1)",
                                "https://example.org/x.js"};

// Every place of a document where evidence may put its own words.
ordered_json DocumentWith(const std::string& text) {
  ordered_json checks = ordered_json::array();
  for (const char* result : {"pass", "fail", "warn"}) {
    checks.push_back(
        {{"id", text}, {"result", result}, {"expected", text}, {"actual", text}, {"reason", text}});
  }
  return {
      {"verdict", "untrusted"},
      {"checks", std::move(checks)},
      {"claims",
       {{text, text},
        {"pcrs", {{text, {{text, text}}}}},
        {"rtmr", {text}},
        {"path", {{{"subject", text}, {"issuer", text}, {"not_after", text}, {"sha256", text}}}},
        {"event_log",
         {{"format", text},
          {"events",
           {{{"index", 0},
             {"register", 4},
             {"type", text},
             {"trust", "mismatch"},
             {"text", text},
             {"digests", {{text, text}}}}}}}}}}};
}

std::string Tags(const std::string& page) {
  const std::regex tag("<[^>]*>");
  std::string out;
  for (std::sregex_iterator it(page.begin(), page.end(), tag), end; it != end; ++it) {
    out += it->str();
  }
  return out;
}

std::string PageWith(const std::string& text) {
  const StatusOr<VerdictDocument> document = VerdictDocumentOf(DocumentWith(text));
  EXPECT_OK(document);
  return HtmlReport(*document, "2026-01-01T00:00:00Z" + text);
}

TEST(HtmlReport, HostileTextsChangeNoTag) {
  const std::string tags = Tags(PageWith("harmless"));
  for (const char* text : kHostile) {
    const std::string page = PageWith(text);
    EXPECT_EQ(Tags(page), tags) << text;
    if (HtmlEscaped(text) != text) {
      EXPECT_EQ(page.find(text), std::string::npos) << text;
    }
  }
}

TEST(HtmlReport, FetchesAndRunsNothing) {
  const std::string page = PageWith("harmless");
  for (const char* part : {"<script", "src=", "href=", "@import", "url(", "<link", "<img",
                           "<iframe", "onload", "http:", "https:"}) {
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  }
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(HtmlReport, ShowsEveryPartOfTheVerdict) {
  const std::string page = PageWith("shown");
  for (const char* part :
       {"Why, and what to do", "Checks", "Certificates", "Registers", "Event log", "Claims",
        "class=\"verdict untrusted\"", "configuration of the virtual firmware, Secure Boot"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  const ordered_json plain = {{"verdict", "trusted"},
                              {"checks",
                               {{{"id", "SIGNATURE"},
                                 {"result", "pass"},
                                 {"expected", "fits"},
                                 {"actual", "fits"},
                                 {"reason", ""}}}},
                              {"claims", ordered_json::object()}};
  ASSERT_OK_AND_ASSIGN(const VerdictDocument document, VerdictDocumentOf(plain));
  const std::string small = HtmlReport(document, "now");
  for (const char* part : {"Why, and what to do", "Certificates", "Registers", "Event log"}) {
    EXPECT_EQ(small.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace kedge::cli
