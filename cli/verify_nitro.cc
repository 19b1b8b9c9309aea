#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/parse/printable.h"
#include "attestation/verify/nitro.h"
#include "cli/batch_case.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/tpm_claims.h"
#include "cli/verdict_output.h"

namespace kedge::cli {
namespace {

nlohmann::ordered_json OptionalHex(const std::optional<ByteView>& bytes) {
  return bytes ? nlohmann::ordered_json(ToHex(*bytes)) : nlohmann::ordered_json();
}

nlohmann::ordered_json ClaimsJson(const NitroClaims& claims) {
  if (!claims.document) return nlohmann::ordered_json::object();
  const NitroDocument& document = *claims.document;
  nlohmann::ordered_json pcrs = nlohmann::ordered_json::object();
  for (const auto& [index, value] : document.pcrs) pcrs[std::to_string(index)] = ToHex(value);
  return {{"kind", document.nitro_tpm ? "nitro-tpm" : "nitro-enclave"},
          {"module_id", document.module_id},
          {"timestamp", document.timestamp_ms},
          {"digest", document.digest},
          {"pcrs", std::move(pcrs)},
          {"signer", claims.signer},
          {"public_key", OptionalHex(document.public_key)},
          {"user_data", OptionalHex(document.user_data)},
          {"nonce", OptionalHex(document.nonce)},
          {"other_members", document.other_members}};
}

struct VerifyNitroOptions {
  std::string document;
  std::string at;
  std::string nonce;
  std::string user_data;
};

StatusOr<Answer> RunVerifyNitro(const Environment& env, const VerifyNitroOptions& options) {
  NitroQuestion question;
  question.at = env.clock.Now();
  if (!options.at.empty()) {
    ASSIGN_OR_RETURN(question.at, ParseTime(options.at));
  }
  ASSIGN_OR_RETURN(question.nonce, ParseHexOption(options.nonce, "--nonce"));
  ASSIGN_OR_RETURN(question.user_data, ParseHexOption(options.user_data, "--user-data"));
  ASSIGN_OR_RETURN(const Bytes file, ReadEvidenceFile(options.document));
  CheckList checks;
  const NitroClaims claims = VerifyNitroDocument(file, question, checks);
  return VerdictAnswer(std::move(checks).Take(), ClaimsJson(claims));
}

}  // namespace

StatusOr<BatchResult> VerifyNitroCase(const BatchCase& batch_case) {
  ASSIGN_OR_RETURN(const Bytes file, ReadEvidenceFile(batch_case.Path()));
  NitroQuestion question;
  question.at = batch_case.time;
  if (!batch_case.nonce.empty()) question.nonce = batch_case.nonce;
  CheckList checks;
  const NitroClaims claims = VerifyNitroDocument(file, question, checks);
  return BatchResult{std::move(checks).Take(), ClaimsJson(claims)};
}

void AddVerifyNitro(CLI::App& verify, const Common&, Call& call) {
  const auto options = std::make_shared<VerifyNitroOptions>();
  CLI::App* command = verify.add_subcommand(
      "nitro", "check an attestation document of a Nitro Enclave or a NitroTPM");
  command->add_option("--document", options->document, "the COSE_Sign1 document")->required();
  command->add_option("--at", options->at, "time of the check, RFC 3339; default: now");
  command->add_option("--nonce", options->nonce, "the nonce that it must carry (hex)");
  command->add_option("--user-data", options->user_data, "the user data that it must carry (hex)");
  command->callback([options, &call] {
    call = [options](const Environment& env) { return RunVerifyNitro(env, *options); };
  });
}

}  // namespace kedge::cli
