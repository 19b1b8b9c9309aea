// How fast TPM quotes are verified, beside OpenSSL's own rates for their signatures in the same
// run, and how long the event log of a boot takes.
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <cstdlib>

#include "attestation/model/measured_event.h"
#include "attestation/model/testing/tpm_wire.h"
#include "attestation/parse/testing/firmware_log_builder.h"
#include "attestation/parse/testing/uefi_builder.h"
#include "attestation/verify/event_log.h"
#include "attestation/verify/log_replay.h"
#include "attestation/verify/tpm_quote_checks.h"
#include "crypto/testing/test_pki.h"
#include "tests/bench/bench.h"

namespace {

using namespace kedge;  // NOLINT: a program
using bench::Subject;
using kedge::testing::TestKey;

constexpr double kQuoteTarget = 0.80;
constexpr double kLogMilliseconds = 2.0;

void Must(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "bench: %s\n", what);
  std::exit(1);
}

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

Subject RawVerify(const char* name, const TestKey& key, const Bytes& digest, const Bytes& signature,
                  bool rsa) {
  return {name, [key, digest, signature, rsa] {
            EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key.native(), nullptr);
            const bool good =
                EVP_PKEY_verify_init(context) == 1 &&
                (!rsa || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                          EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1)) &&
                EVP_PKEY_verify(context, signature.data(), signature.size(), digest.data(),
                                digest.size()) == 1;
            EVP_PKEY_CTX_free(context);
            Must(good, "raw verification failed");
          }};
}

struct Quote {
  AttestationKey ak;
  TpmQuoteFiles files;
  Bytes digest;
  Bytes signature;  // as OpenSSL takes it
};

Quote MakeQuote(const TestKey& key, bool rsa) {
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
  if (rsa) {
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

Subject VerifyQuotes(const char* name, const Quote& quote) {
  static const TpmPolicy policy;
  return {
      name, [&quote] {
        CheckList checks;
        CheckTpmQuotes({quote.files}, {quote.ak, AkTrust::kCaller, Bytes(64, 7), policy}, checks);
        Must(checks.outcome() == Outcome::kTrusted, "the quote was not trusted");
      }};
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

int main() {
  const TestKey ec_key = TestKey::P256();
  const TestKey rsa_key = TestKey::Rsa(2048);
  const Quote ec = MakeQuote(ec_key, false);
  const Quote rsa = MakeQuote(rsa_key, true);
  Subject raw_ec = RawVerify("OpenSSL P-256 verify", ec_key, ec.digest, ec.signature, false);
  Subject raw_rsa = RawVerify("OpenSSL RSA-2048 verify", rsa_key, rsa.digest, rsa.signature, true);
  Subject ec_quote = VerifyQuotes("TPM quote, P-256", ec);
  Subject rsa_quote = VerifyQuotes("TPM quote, RSA-2048", rsa);

  const Bytes log = BootLog();
  PcrBankValues values;
  const auto parsed = ParseFirmwareLog(log);
  Must(parsed.ok(), "the log does not parse");
  for (PcrBank bank : parsed->banks) values[bank] = *ReplayFirmwareLog(*parsed, bank);
  Subject event_log{"event log", [&] {
                      const auto read = ParseFirmwareLog(log);
                      CheckList checks;
                      CheckEventLog(*read, values, checks);
                      Must(checks.outcome() == Outcome::kTrusted, "the log was not trusted");
                    }};

  bench::Measure({&raw_ec, &ec_quote, &raw_rsa, &rsa_quote, &event_log}, 9, 0.2);
  std::printf("%-34s %10.0f /s\n", raw_ec.name.c_str(), raw_ec.Median());
  bool good = bench::Report(ec_quote, raw_ec.Median(), kQuoteTarget);
  std::printf("%-34s %10.0f /s\n", raw_rsa.name.c_str(), raw_rsa.Median());
  good = bench::Report(rsa_quote, raw_rsa.Median(), kQuoteTarget) && good;
  const double milliseconds = 1000 / event_log.Median();
  const bool log_good = milliseconds <= kLogMilliseconds;
  std::printf("%-34s %10.2f ms   %zu events, %zu bytes, 3 banks (target %.1f ms) %s\n",
              event_log.name.c_str(), milliseconds, parsed->events.size(), log.size(),
              kLogMilliseconds, log_good ? "ok" : "MISSED");
  return good && log_good ? 0 : 1;
}
