#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/verify/intel_chain.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/fields_text.h"
#include "cli/tdx_claims.h"

namespace kedge::cli {
namespace {

StatusOr<Answer> ParseTdxFile(const std::string& file) {
  ASSIGN_OR_RETURN(const Bytes bytes, ReadEvidenceFile(file));
  ASSIGN_OR_RETURN(const TdxQuote quote, ParseTdxQuote(bytes));
  Answer answer;
  answer.json = TdxQuoteJson(quote);
  const auto pck = ReadPckChain(AsText(quote.pck_chain_pem));
  if (pck.ok()) {
    answer.json.update(PckJson(**pck));
  } else {
    answer.json["pck_chain"] = "cannot be read: " + MessageOf(pck.status());
  }
  answer.text = FieldsText(answer.json);
  return answer;
}

}  // namespace

void AddParseTdx(CLI::App& parse, Call& call) {
  const auto file = std::make_shared<std::string>();
  CLI::App* command = parse.add_subcommand("tdx", "show every field of an Intel TDX quote");
  command->add_option("quote", *file, "quote of version 4 or 5")
      ->required()
      ->check(CLI::ExistingFile);
  command->callback(
      [file, &call] { call = [file](const Environment&) { return ParseTdxFile(*file); }; });
}

}  // namespace kedge::cli
