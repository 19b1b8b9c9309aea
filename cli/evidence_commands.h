// Commands on evidence in files. Each technology has a file of its own that adds its commands with
// their options; evidence_commands.cc lists them.
#pragma once

#include <functional>

#include "cli/commands.h"

namespace CLI {
class App;
}

namespace kedge::cli {

// What the parsed command line comes down to.
using Call = std::function<StatusOr<Answer>(const Environment&)>;

// Adds every `kedge verify …` of evidence below the command `verify`. `common` and `call` outlive
// it; the chosen command sets `call`.
void AddVerifyEvidence(CLI::App& verify, const Common& common, Call& call);

// Adds every `kedge parse …` below the command `parse`: all fields of one file, no verdict.
void AddParseEvidence(CLI::App& parse, Call& call);

// Adds every `kedge collateral …` below the command `collateral`.
void AddCollateral(CLI::App& collateral, Call& call);

// `kedge eventlog`.
void AddEventLog(CLI::App& app, Call& call);

// `kedge explain`.
void AddExplain(CLI::App& app, Call& call);

// One command each.
void AddVerifyBatch(CLI::App& verify, const Common& common, Call& call);
void AddVerifyEk(CLI::App& verify, const Common& common, Call& call);
void AddVerifyHcl(CLI::App& verify, const Common& common, Call& call);
void AddVerifyNitro(CLI::App& verify, const Common& common, Call& call);
void AddVerifySnp(CLI::App& verify, const Common& common, Call& call);
void AddVerifyTdx(CLI::App& verify, const Common& common, Call& call);
void AddVerifyTpm(CLI::App& verify, const Common& common, Call& call);
void AddVerifyVerdict(CLI::App& verify, const Common& common, Call& call);
void AddParseHcl(CLI::App& parse, Call& call);
void AddParseSnp(CLI::App& parse, Call& call);
void AddParseTdx(CLI::App& parse, Call& call);
void AddParseTpm(CLI::App& parse, Call& call);

}  // namespace kedge::cli
