// How every `kedge verify` of hardware evidence answers: the list of checks for people, or the JSON
// document {"verdict","checks":[{"id","result","expected","actual","reason"}],"claims":{…}}.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attestation/verify/check_list.h"
#include "cli/commands.h"

namespace kedge::cli {

// `claims`: what the evidence says, an object; empty where it could not be read. The answer's own
// verdict makes the exit code: 0 trusted, 1 untrusted, 2 malformed.
Answer VerdictAnswer(const Verdict& verdict, nlohmann::ordered_json claims);

nlohmann::ordered_json ChecksJson(const std::vector<Check>& checks);
std::string ChecksText(const std::vector<Check>& checks);

// The names of the checks that failed or found malformed input, in their order, each once.
std::vector<std::string> FailedChecks(const Verdict& verdict);

// RFC 3339, for options and cases. INVALID_ARGUMENT.
StatusOr<absl::Time> ParseTime(const std::string& text);

}  // namespace kedge::cli
