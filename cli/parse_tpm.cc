#include <CLI/CLI.hpp>
#include <memory>

#include "attestation/parse/tpm_structs.h"
#include "attestation/verify/verify.h"
#include "cli/evidence_commands.h"
#include "cli/evidence_files.h"
#include "cli/fields_text.h"
#include "cli/tpm_claims.h"

namespace kedge::cli {
namespace {

// Which structure it is shows in its first bytes: an attestation begins with TPM_GENERATED, a
// signature with a scheme and a public area with a key type, which are different numbers.
StatusOr<nlohmann::ordered_json> ParseTpm(ByteView bytes) {
  nlohmann::ordered_json out;
  if (const StatusOr<TpmAttest> attest = ParseTpmAttest(bytes);
      attest.ok() && attest->magic == kTpmGenerated) {
    out = AttestJson(*attest);
    out["structure"] = "TPMS_ATTEST";
    return out;
  }
  if (const StatusOr<TpmSignature> signature = ParseTpmSignature(bytes); signature.ok()) {
    out = SignatureJson(*signature);
    out["structure"] = "TPMT_SIGNATURE";
    return out;
  }
  const bool sized = bytes.size() > 2 && size_t{bytes[0]} * 256 + bytes[1] == bytes.size() - 2;
  const ByteView area = sized ? bytes.subspan(2) : bytes;
  if (const StatusOr<TpmPublic> parsed = ParseTpmPublic(area); parsed.ok()) {
    out = PublicJson(*parsed);
    out["structure"] = sized ? "TPM2B_PUBLIC" : "TPMT_PUBLIC";
    ASSIGN_OR_RETURN(const Bytes name, NameOf(area));
    out["name"] = ToHex(name);
    return out;
  }
  return Malformed("neither TPMS_ATTEST, TPMT_SIGNATURE, TPMT_PUBLIC nor TPM2B_PUBLIC");
}

}  // namespace

void AddParseTpm(CLI::App& parse, Call& call) {
  const auto file = std::make_shared<std::string>();
  CLI::App* command =
      parse.add_subcommand("tpm", "a TPM 2.0 attestation, signature or public area");
  command->add_option("file", *file, "the structure as the TPM writes it")->required();
  command->callback([file, &call] {
    call = [file](const Environment&) -> StatusOr<Answer> {
      ASSIGN_OR_RETURN(const Bytes bytes, ReadEvidenceFile(*file));
      Answer answer;
      ASSIGN_OR_RETURN(answer.json, ParseTpm(bytes));
      answer.text = FieldsText(answer.json);
      return answer;
    };
  });
}

}  // namespace kedge::cli
