// Quotes whose key is known, and the event log of a boot.
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>

#include "attestation/model/measured_event.h"
#include "attestation/model/testing/tpm_wire.h"
#include "attestation/parse/testing/firmware_log_builder.h"
#include "attestation/parse/testing/uefi_builder.h"
#include "attestation/verify/event_log.h"
#include "attestation/verify/log_replay.h"
#include "attestation/verify/tpm_quote_checks.h"
#include "tests/bench/verify_cases.h"

namespace kedge::bench {
namespace {

using kedge::testing::TestKey;

constexpr double kQuoteTarget = 0.80;

// PKCS#1 v1.5 over SHA-256, as RSASSA of a TPM.
Bytes SignRsa(const TestKey& key, ByteView digest) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key.native(), nullptr);
  Bytes out(512);
  size_t size = out.size();
  const bool good = EVP_PKEY_sign_init(context) == 1 &&
                    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                    EVP_PKEY_sign(context, out.data(), &size, digest.data(), digest.size()) == 1;
  EVP_PKEY_CTX_free(context);
  Must(good, "signing failed");
  out.resize(size);
  return out;
}

struct Quote {
  AttestationKey ak;
  TpmQuoteFiles files;
  Bytes digest;
  Bytes signature;  // as OpenSSL takes it
};

Quote MakeQuote(const TestKey& key, RawScheme scheme) {
  Quote out{*ParseAttestationKey(key.Spki()), {}, {}, {}};
  PcrValues pcrs;
  for (PcrIndex index = 0; index < 16; ++index) pcrs[index] = Bytes(32, 1);
  kedge::testing::QuoteAttest attest;
  attest.extra_data = Bytes(64, 7);
  for (PcrIndex index = 0; index < 16; ++index) attest.selection.push_back(index);
  attest.pcr_digest = kedge::testing::PcrDigestOf(pcrs);
  out.files.pcrs[PcrBank::kSha256] = pcrs;
  out.files.quoted = kedge::testing::EncodeQuoteAttest(attest);
  out.digest = DigestInBank(PcrBank::kSha256, out.files.quoted);
  if (scheme == RawScheme::kRsa) {
    out.signature = SignRsa(key, out.digest);
    kedge::testing::TpmWriter writer;
    writer.U16(kTpmAlgRsassa).U16(kTpmAlgSha256).Sized(out.signature);
    out.files.signature = std::move(writer).Take();
  } else {
    out.signature = key.Sign(out.files.quoted);
    out.files.signature = kedge::testing::EncodeEcdsaSignatureFromDer(kTpmAlgSha256, out.signature);
  }
  return out;
}

VerifyGroup TpmGroup(const char* raw, const char* name, const TestKey& key, RawScheme scheme) {
  const auto quote = std::make_shared<const Quote>(MakeQuote(key, scheme));
  return {RawVerify(raw, key, quote->digest, quote->signature, scheme),
          {{.subject = {name,
                        [quote, policy = TpmPolicy()] {
                          CheckList checks;
                          CheckTpmQuotes({quote->files},
                                         {quote->ak, AkTrust::kCaller, Bytes(64, 7), policy},
                                         checks);
                          Must(checks.outcome() == Outcome::kTrusted, "the quote was not trusted");
                        }},
            .target = kQuoteTarget}}};
}

// A boot through UEFI and a unified kernel image: Secure Boot databases (a revocation list of 371
// hashes), boot variables, partition table, images, sections and command line, in three banks.
Bytes BootLog() {
  using namespace kedge::testing;  // NOLINT: builders
  FirmwareLogBuilder log({PcrBank::kSha1, PcrBank::kSha256, PcrBank::kSha384});
  const auto wide = [](std::string_view text) {
    return LittleEndianWriter().Wide(text).U16(0).Take();
  };
  log.Event(0, kEvSCrtmVersion, wide("firmware 1.0"));
  log.Event(7, kEvEfiVariableDriverConfig, SecureBootVariable(true));
  for (const char* name : {"PK", "KEK", "db"}) {
    log.Event(7, kEvEfiVariableDriverConfig,
              VariableData(ImageSecurityGuid(), name, Bytes(3000, 5)));
  }
  log.Event(
      7, kEvEfiVariableDriverConfig,
      VariableData(ImageSecurityGuid(), "dbx", Sha256List(std::vector<Bytes>(371, Bytes(32, 9)))));
  for (PcrIndex index = 0; index < 8; ++index) log.Event(index, kEvSeparator, Bytes(4, 0));
  for (int i = 0; i < 8; ++i) {
    log.Event(1, kEvEfiVariableBoot, VariableData(GlobalGuid(), "Boot0001", Bytes(150, 3)));
  }
  log.Event(5, kEvEfiGptEvent, GptEvent(8, "root"));
  for (int i = 0; i < 4; ++i) {
    log.EventOver(4, kEvEfiBootServicesApplication, AsBytes("image"),
                  ImageLoadEvent(FilePath("\\EFI\\BOOT\\BOOTX64.EFI")));
  }
  for (const char* name : {".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat"}) {
    log.EventOver(11, kEvIpl, Bytes(std::string_view(name).begin(), std::string_view(name).end()),
                  wide(name));
    log.EventOver(11, kEvIpl, AsBytes("section"), wide(name));
  }
  for (int i = 0; i < 60; ++i) {
    log.EventOver(8, kEvIpl, AsBytes("set x=1"), AsBytes("grub_cmd: set x=1"));
  }
  log.Event(5, kEvEfiAction, AsBytes("Exit Boot Services Invocation"));
  log.Event(5, kEvEfiAction, AsBytes("Exit Boot Services Returned with Success"));
  return log.log();
}

}  // namespace

VerifyGroup TpmEcGroup() {
  return TpmGroup("OpenSSL P-256 verify", "TPM quote, P-256", TestKey::P256(), RawScheme::kEcdsa);
}

VerifyGroup TpmRsaGroup() {
  return TpmGroup("OpenSSL RSA-2048 verify", "TPM quote, RSA-2048", TestKey::Rsa(2048),
                  RawScheme::kRsa);
}

EventLogCase BootLogCase() {
  const Bytes log = BootLog();
  PcrBankValues values;
  const auto parsed = ParseFirmwareLog(log);
  Must(parsed.ok(), "the log does not parse");
  for (PcrBank bank : parsed->banks) values[bank] = *ReplayFirmwareLog(*parsed, bank);
  return {{"event log",
           [log, values] {
             const auto read = ParseFirmwareLog(log);
             CheckList checks;
             CheckEventLog(*read, values, checks);
             Must(checks.outcome() == Outcome::kTrusted, "the log was not trusted");
           }},
          std::to_string(parsed->events.size()) + " events, " + std::to_string(log.size()) +
              " bytes, " + std::to_string(parsed->banks.size()) + " banks"};
}

}  // namespace kedge::bench
