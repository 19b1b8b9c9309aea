// A verdict as one page: checks with their explanation, certificates, registers, event log, every
// claim. One file without scripts and without anything to be fetched; safe to open whatever the
// evidence says.
#pragma once

#include <string>

#include "cli/verdict_document.h"

namespace kedge::cli {

// `made_at`: RFC 3339, for the page's foot.
std::string HtmlReport(const VerdictDocument& document, const std::string& made_at);

// For text and for the values of attributes in double quotes.
std::string HtmlEscaped(std::string_view text);

}  // namespace kedge::cli
