#include <absl/strings/str_cat.h>

#include <algorithm>
#include <span>

#include "attestation/verify/tdx_checks.h"

namespace kedge {
namespace {

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%SZ", time, absl::UTCTimeZone());
}

struct CrlQuestion {
  const std::optional<Crl>& crl;
  Status signature;  // by its issuer
  const PolicyField<absl::Duration>& age;
  const std::optional<Bytes>& number_floor;
  const std::optional<absl::Time>& update_floor;
  std::vector<const Certificate*> certificates;  // of the same issuer
  std::string what;
};

void CheckAge(const PolicyField<absl::Duration>& rule, absl::Time since, absl::Time at,
              const std::string& what, CheckList& checks) {
  ApplyField(checks, "COLLATERAL_AGE", what, rule,
             absl::StrCat(absl::ToInt64Hours(at - since), " hours"), [&](absl::Duration at_most) {
               return Judgement{
                   at - since <= at_most,
                   absl::StrCat("at most ", absl::ToInt64Hours(at_most), " hours old")};
             });
}

void CheckCrlFloors(const CrlQuestion& crl, CheckList& checks) {
  if (crl.number_floor) {
    const Bytes number = crl.crl->number().value_or(Bytes());
    checks.Demand("CRL_ROLLBACK", CompareCrlNumbers(number, *crl.number_floor) >= 0,
                  absl::StrCat("number ", ToHex(*crl.number_floor), " or higher"), ToHex(number),
                  crl.what);
  }
  if (crl.update_floor) {
    checks.Demand("CRL_ROLLBACK", crl.crl->this_update() >= *crl.update_floor,
                  absl::StrCat("of ", TimeText(*crl.update_floor), " or later"),
                  TimeText(crl.crl->this_update()), crl.what);
  }
}

void CheckCrl(const CrlQuestion& crl, absl::Time at, CheckList& checks) {
  if (!crl.crl) {
    checks.Fail("CRL_MISSING", "a revocation list", "none", crl.what);
    return;
  }
  const bool issuer = FaultCode(crl.signature) != "CRL_ISSUER";
  checks.Demand("CRL_ISSUER", issuer, "the authority of the certificates it is about",
                issuer ? crl.crl->issuer() : MessageOf(crl.signature), crl.what);
  if (issuer) {
    checks.DemandOk("CRL_SIGNATURE", crl.signature, "signed by that authority", crl.what);
  }
  checks.DemandOk("CRL_STALE", crl.crl->CheckWindow(at), "in force", crl.what);
  CheckAge(crl.age, crl.crl->this_update(), at, crl.what, checks);
  CheckCrlFloors(crl, checks);
  for (const Certificate* certificate : crl.certificates) {
    const std::optional<absl::Time> revoked = crl.crl->RevokedAt(certificate->serial());
    checks.Demand("CRL_REVOKED", !revoked, "not revoked",
                  revoked ? absl::StrCat("revoked on ", TimeText(*revoked)) : "not revoked",
                  absl::StrCat(crl.what, ", certificate of '", certificate->subject(), "'"));
  }
}

void CheckCrls(const PckChain& pck, const TdxCollateral& collateral, const TdxQuestion& question,
               CheckList& checks) {
  const auto unsigned_status = FailedPrecondition("no list");
  CheckCrl({collateral.pck_crl(),
            collateral.pck_crl() ? collateral.PckCrlSignedBy(pck.ca()) : unsigned_status,
            question.policy.pck_crl_age,
            question.floors.pck_crl_number,
            question.floors.pck_crl_update,
            {&pck.chain.leaf()},
            "PCK CRL"},
           question.at, checks);
  CrlQuestion root{
      collateral.root_crl(),
      collateral.root_crl() ? collateral.RootCrlSignedBy(pck.chain.root()) : unsigned_status,
      question.policy.root_crl_age,
      question.floors.root_crl_number,
      question.floors.root_crl_update,
      {&pck.ca()},
      "root CRL"};
  for (const auto& chain : {collateral.tcb_chain(), collateral.qe_chain()}) {
    if (chain != nullptr) root.certificates.push_back(&chain->leaf());
  }
  CheckCrl(root, question.at, checks);
}

// Issue and next-update dates of one of Intel's documents, both bounds.
template <typename T>
void CheckDocument(const T& document, const TdxQuestion& question, const std::string& what,
                   CheckList& checks) {
  const absl::Time at = question.at;
  checks.Demand("COLLATERAL_NOT_YET_VALID", at >= document.issue_date,
                absl::StrCat("issued before ", TimeText(at)), TimeText(document.issue_date), what);
  checks.Demand("COLLATERAL_EXPIRED", at <= document.next_update,
                absl::StrCat("to be renewed after ", TimeText(at)), TimeText(document.next_update),
                what);
  CheckAge(question.policy.tcb_info_age, document.issue_date, at, what, checks);
  const uint32_t number = document.tcb_evaluation_data_number;
  ApplyField(checks, "TCB_EVALUATION_NUMBER", what, question.policy.minimum_tcb_evaluation_number,
             absl::StrCat(number), [number](uint32_t minimum) {
               return Judgement{number >= minimum, absl::StrCat(minimum, " or higher")};
             });
  if (question.floors.tcb_evaluation_number > 0) {
    checks.Demand("COLLATERAL_ROLLBACK", number >= question.floors.tcb_evaluation_number,
                  absl::StrCat(question.floors.tcb_evaluation_number, " or higher, as seen before"),
                  absl::StrCat(number), what);
  }
}

void CheckTcbInfo(const PckExtensions& platform, const TdxCollateral& collateral,
                  const TdxQuestion& question, CheckList& checks) {
  if (!collateral.tcb_info()) {
    checks.Fail("COLLATERAL_MISSING", "TCB info", "none that can be read");
    return;
  }
  const TcbInfo& info = collateral.tcb_info()->content;
  checks.DemandOk("TCB_INFO_SIGNATURE", collateral.tcb_info_signature(),
                  "signed by Intel's TCB signing key");
  checks.Demand("TCB_INFO_ID", info.id == "TDX", "TDX", info.id, "what the TCB info is about");
  checks.DemandEqual("FMSPC", platform.fmspc, info.fmspc, "TCB info is for the PCK's platform");
  checks.DemandEqual("PCEID", platform.pce_id, info.pce_id, "TCB info is for the PCK's PCE");
  CheckDocument(info, question, "TCB info", checks);
}

bool EqualUnder(ByteView mask, ByteView value, ByteView expected) {
  for (size_t i = 0; i < mask.size(); ++i) {
    if ((value[i] & mask[i]) != (expected[i] & mask[i])) return false;
  }
  return true;
}

ByteArray<4> LittleEndian(uint32_t value) {
  ByteArray<4> out{};
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<uint8_t>(value >> (8 * i));
  return out;
}

void CheckQeIdentity(const SgxEnclaveReport& qe, const TdxCollateral& collateral,
                     const TdxQuestion& question, CheckList& checks) {
  if (!collateral.qe_identity()) {
    checks.Fail("COLLATERAL_MISSING", "QE identity", "none that can be read");
    return;
  }
  const QeIdentity& identity = collateral.qe_identity()->content;
  checks.DemandOk("QE_IDENTITY_SIGNATURE", collateral.qe_identity_signature(),
                  "signed by Intel's TCB signing key");
  checks.Demand("QE_IDENTITY_ID", identity.id == "TD_QE", "TD_QE", identity.id);
  checks.DemandEqual("QE_IDENTITY", identity.mr_signer, qe.mr_signer, "MRSIGNER");
  checks.Demand("QE_IDENTITY", qe.isv_prod_id == identity.isv_prod_id,
                absl::StrCat(identity.isv_prod_id), absl::StrCat(qe.isv_prod_id), "ISVPRODID");
  const ByteArray<4> misc = LittleEndian(qe.misc_select);
  checks.Demand("QE_IDENTITY", EqualUnder(identity.misc_select_mask, misc, identity.misc_select),
                absl::StrCat(ToHex(identity.misc_select), " under the mask ",
                             ToHex(identity.misc_select_mask)),
                ToHex(misc), "MISCSELECT");
  checks.Demand(
      "QE_IDENTITY", EqualUnder(identity.attributes_mask, qe.attributes, identity.attributes),
      absl::StrCat(ToHex(identity.attributes), " under the mask ", ToHex(identity.attributes_mask)),
      ToHex(qe.attributes), "ATTRIBUTES");
  CheckDocument(identity, question, "QE identity", checks);
}

void CheckSigningChain(const std::shared_ptr<const IntelChain>& chain, const TdxQuestion& question,
                       const std::string& what, CheckList& checks) {
  if (chain == nullptr) {
    checks.Fail("COLLATERAL_MISSING", what, "none that can be read");
    return;
  }
  CheckIntelChain(*chain, question.roots, question.at, what, checks);
}

// A root beside the chains decides nothing; a wrong one says that something is mixed up. That the
// chain's own root is good has been said there.
void CheckRootFile(const std::optional<Certificate>& root, const PckChain& pck,
                   const TdxQuestion& question, CheckList& checks) {
  if (!root || root->der() == pck.chain.root().der()) return;
  const std::string what = "root beside the collateral";
  const SpkiPins& pins = question.roots;
  const bool pinned = std::find(pins.begin(), pins.end(), root->spki_sha256()) != pins.end();
  checks.DemandOk("CHAIN", root->VerifyIssuedBy(*root), "issued by itself", what);
  checks.DemandOk("TIME", root->CheckValidAt(question.at), "valid", what);
  checks.Demand("ROOT_PIN", pinned, "a pinned root", ToHex(root->spki_sha256()), what);
}

}  // namespace

void CheckCollateral(const TdxQuote& quote, const PckChain& pck, const TdxCollateral& collateral,
                     const TdxQuestion& question, CheckList& checks) {
  for (const TdxCollateral::Problem& problem : collateral.problems()) {
    checks.Malformed("COLLATERAL_FORMAT", "Intel's format", MessageOf(problem.status),
                     problem.file);
  }
  if (collateral.pck_chain() != nullptr) {
    const auto& ours = pck.chain.certificates;
    const auto& theirs = collateral.pck_chain()->chain.certificates;
    const bool same =
        std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                   [](const Certificate& a, const Certificate& b) { return a.der() == b.der(); });
    checks.Demand("PCK_MISMATCH", same, "collateral for the chain in the quote",
                  same ? "the same chain" : "another chain");
  }
  CheckRootFile(collateral.root(), pck, question, checks);
  CheckSigningChain(collateral.tcb_chain(), question, "TCB signing chain", checks);
  CheckSigningChain(collateral.qe_chain(), question, "QE identity signing chain", checks);
  CheckCrls(pck, collateral, question, checks);
  CheckTcbInfo(pck.extensions, collateral, question, checks);
  CheckQeIdentity(quote.qe_report, collateral, question, checks);
}

}  // namespace kedge
