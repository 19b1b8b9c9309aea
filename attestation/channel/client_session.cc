#include "attestation/channel/client_session.h"

#include <string>
#include <utility>

#include "attestation/channel/checks.h"
#include "attestation/channel/sealed_content.h"
#include "base/reader.h"
#include "crypto/aead.h"

namespace kedge {
namespace {

Status CheckHelloLengths(const HelloS1& hello) {
  RETURN_IF_ERROR(ExpectSize("S1's nonce", hello.nonce, kNonceSize));
  RETURN_IF_ERROR(ExpectSize("S1's ephemeral key", hello.ephemeral_key, X25519Public().size()));
  RETURN_IF_ERROR(ExpectSize("S1's state", hello.state, kStateSize));
  const bool awaiting = hello.cluster_id.empty();
  if (hello.service_key_spki.empty() != awaiting || hello.sig_hello.empty() != awaiting) {
    return Malformed("S1 must have a cluster id, a service key and a signature, or none of them");
  }
  if (awaiting) return absl::OkStatus();
  RETURN_IF_ERROR(ExpectSize("S1's cluster id", hello.cluster_id, kClusterIdSize));
  return ExpectSize("S1's service key", hello.service_key_spki, kP256SpkiSize);
}

}  // namespace

ClientSession::ClientSession(ClientPins pins, ProofType proof_type, Bytes own_spki,
                             X25519KeyPair ephemeral, HelloC1 c1)
    : pins_(std::move(pins)),
      proof_type_(proof_type),
      own_spki_(std::move(own_spki)),
      ephemeral_(std::move(ephemeral)),
      c1_(std::move(c1)) {}

StatusOr<ClientSession> ClientSession::Start(ClientPins pins, ProofType proof_type, Bytes own_spki,
                                             Random& random) {
  if (proof_type == ProofType::kVtpm &&
      (pins.cluster_id.empty() || pins.service_key_spki.empty())) {
    return MakeFault(StatusCode::kFailedPrecondition, "UNPINNED", Advice::kAskOperator,
                     "a node asks only a cluster whose id and identity key it has pinned");
  }
  if (own_spki.size() != kP256SpkiSize) return Internal("the TLS key is not a P-256 key");
  HelloC1 c1{.nonce = Bytes(kNonceSize), .ephemeral_key = {}};
  RETURN_IF_ERROR(random.Fill(c1.nonce));
  ASSIGN_OR_RETURN(X25519KeyPair ephemeral, X25519KeyPair::Generate(random));
  c1.ephemeral_key = ToBytes(ephemeral.public_key());
  return ClientSession(std::move(pins), proof_type, std::move(own_spki), std::move(ephemeral),
                       std::move(c1));
}

Status ClientSession::Enter(State expected) {
  const bool in_order = state_ == expected;
  state_ = State::kFailed;
  return in_order ? absl::OkStatus() : Malformed("a message came out of order; the exchange ends");
}

Status ClientSession::CheckPins(const HelloS1& hello) const {
  const bool awaiting = hello.cluster_id.empty();
  const bool pinned = !pins_.cluster_id.empty() || !pins_.service_key_spki.empty();
  if (awaiting && pinned) {
    return MakeFault(StatusCode::kUnavailable, "NOT_SERVING", Advice::kRetry,
                     "the key service holds no cluster key yet, expected the pinned one; it waits "
                     "for `kedge init` or `kedge recover`, then try again");
  }
  if (!pins_.cluster_id.empty() && !Equal(hello.cluster_id, pins_.cluster_id)) {
    return Refused("CLUSTER_MISMATCH", "the server is of cluster " + ToHex(hello.cluster_id) +
                                           ", expected " + ToHex(pins_.cluster_id));
  }
  if (!pins_.service_key_spki.empty() && !Equal(hello.service_key_spki, pins_.service_key_spki)) {
    return Refused("SERVICE_KEY_MISMATCH",
                   "the server presents another identity key than the pinned one");
  }
  if (!awaiting && proof_type_ != ProofType::kNone &&
      (pins_.cluster_id.empty() || pins_.service_key_spki.empty())) {
    return Refused("UNPINNED", "the server already serves cluster " + ToHex(hello.cluster_id) +
                                   ", which is not pinned; nothing is proved to it");
  }
  return absl::OkStatus();
}

Status ClientSession::OnHello(const HelloS1& hello, ByteView peer_spki) {
  RETURN_IF_ERROR(Enter(State::kAwaitHello));
  RETURN_IF_ERROR(CheckHelloLengths(hello));
  RETURN_IF_ERROR(ExpectSize("the server's TLS key", peer_spki, kP256SpkiSize));
  if (Equal(hello.ephemeral_key, c1_.ephemeral_key) || Equal(hello.nonce, c1_.nonce) ||
      Equal(peer_spki, own_spki_)) {
    return Refused("ECHOED_KEY", "the server sent this client's own values back");
  }
  RETURN_IF_ERROR(CheckPins(hello));

  Reader state(hello.state);
  ASSIGN_OR_RETURN(const uint64_t generation, state.U64Be());
  if (generation < pins_.minimum_generation) {
    return Refused("ROLLBACK_DETECTED", "the server enforces manifest generation " +
                                            std::to_string(generation) + ", but generation " +
                                            std::to_string(pins_.minimum_generation) +
                                            " has been seen");
  }
  ctx0_ = EncodeCtx0({.service_id = kKeyServiceId,
                      .cluster_id = hello.cluster_id,
                      .service_key_spki = hello.service_key_spki,
                      .state = hello.state,
                      .nonce_c = c1_.nonce,
                      .epk_c = c1_.ephemeral_key,
                      .spki_c = own_spki_,
                      .nonce_s = hello.nonce,
                      .epk_s = hello.ephemeral_key,
                      .spki_s = peer_spki});
  if (!hello.cluster_id.empty()) {
    // The presented key equals the pinned one wherever one is pinned.
    RETURN_IF_ERROR(VerifyIdentitySignature("sig_hello", hello.service_key_spki,
                                            HelloSignatureMessage(ctx0_), hello.sig_hello));
  }
  ASSIGN_OR_RETURN(z_, ephemeral_.Agree(*ToArray<32>(hello.ephemeral_key)));
  service_ = {.cluster_id = hello.cluster_id,
              .service_key_spki = hello.service_key_spki,
              .manifest_generation = generation,
              .manifest_digest = *ToArray<32>(ByteView(hello.state).subspan(8))};
  state_ = State::kAwaitRequest;
  return absl::OkStatus();
}

StatusOr<ClientSession::ToProve> ClientSession::SetRequest(Bytes request, Bytes payload) {
  RETURN_IF_ERROR(Enter(State::kAwaitRequest));
  request_ = std::move(request);
  payload_ = std::move(payload);
  ctx_ = EncodeCtx(ctx0_, request_);
  state_ = State::kAwaitProof;
  return ToProve{.report_data = ClientReportData(proof_type_, ctx_, payload_),
                 .owner_message = OwnerProofMessage(ctx_)};
}

StatusOr<ProofC2> ClientSession::SealProof(Bytes proof) {
  RETURN_IF_ERROR(Enter(State::kAwaitProof));
  proof_c_ = EncodeProof(proof_type_, proof);
  ASSIGN_OR_RETURN(const Bytes plaintext, EncodeHelloContent({.request = std::move(request_),
                                                              .proof_type = proof_type_,
                                                              .proof = std::move(proof),
                                                              .payload = std::move(payload_)}));
  ASSIGN_OR_RETURN(SecretBytes hello_key, HelloKey(z_, ctx0_));
  ASSIGN_OR_RETURN(Bytes sealed, SealOnce(std::move(hello_key), HelloAad(), ByteView(plaintext)));
  ASSIGN_OR_RETURN(keys_, DeriveBoxKeys(z_, ctx_, proof_c_));
  z_ = SecretBytes();
  state_ = State::kAwaitAnswer;
  return ProofC2{.sealed = std::move(sealed)};
}

StatusOr<CredentialBlob> ClientSession::OnChallenge(const ChallengeS1b& challenge) {
  RETURN_IF_ERROR(Enter(State::kAwaitAnswer));
  if (challenged_ || proof_type_ != ProofType::kVtpm) {
    return Malformed("an enrolment challenge came where none is expected");
  }
  RETURN_IF_ERROR(ExpectSizeBetween("S1b's id object", challenge.id_object, 1, kMaxCredentialPart));
  RETURN_IF_ERROR(
      ExpectSizeBetween("S1b's secret", challenge.encrypted_secret, 1, kMaxCredentialPart));
  challenged_ = true;
  state_ = State::kAwaitActivation;
  return CredentialBlob{.id_object = challenge.id_object,
                        .encrypted_secret = challenge.encrypted_secret};
}

StatusOr<ActivationC2b> ClientSession::Activate(const SecretBytes& activated) {
  RETURN_IF_ERROR(Enter(State::kAwaitActivation));
  if (activated.empty()) return Internal("the TPM activated an empty secret");
  state_ = State::kAwaitAnswer;
  return ActivationC2b{.hmac = ToBytes(ActivationMac(activated, ctx_))};
}

StatusOr<ServerProof> ClientSession::OnAnswer(AnswerS2 answer, bool will_upload) {
  RETURN_IF_ERROR(Enter(State::kAwaitAnswer));
  RETURN_IF_ERROR(ExpectSizeBetween("S2's evidence", answer.evidence, 1, kMaxEvidenceSize));
  RETURN_IF_ERROR(ExpectSizeBetween("S2's payload", answer.payload, 0, kMaxPayload));
  RETURN_IF_ERROR(ExpectSizeBetween("S2's box", answer.box, 0, kMaxBox));
  if (answer.expects_upload != will_upload || (will_upload && !answer.box.empty())) {
    return Malformed("S2 and this client disagree on which way the secret goes");
  }
  if (!service_.service_key_spki.empty()) {
    RETURN_IF_ERROR(VerifyIdentitySignature(
        "sig_id", service_.service_key_spki,
        IdentitySignatureMessage(ctx_, proof_c_, answer.payload, answer.box, answer.evidence),
        answer.sig_id));
  } else if (!answer.sig_id.empty()) {
    return Malformed("S2 is signed although the server holds no identity key");
  }
  answer_ = std::move(answer);
  will_upload_ = will_upload;
  state_ = State::kAwaitVerdict;
  return ServerProof{
      .evidence = answer_.evidence,
      .expected_report_data = ServerReportData(ctx_, proof_c_, answer_.payload, answer_.box),
      .payload = answer_.payload,
      .context = ctx_,
      .cluster_id = service_.cluster_id,
      .service_key_spki = service_.service_key_spki,
      .manifest_generation = service_.manifest_generation,
      .manifest_digest = service_.manifest_digest};
}

StatusOr<std::optional<BoxContent>> ClientSession::OpenBoxOfVerifiedServer() {
  RETURN_IF_ERROR(Enter(State::kAwaitVerdict));
  if (will_upload_) return Internal("this exchange has no box to open: the secret goes up");
  std::optional<BoxContent> content;
  if (!answer_.box.empty()) {
    ASSIGN_OR_RETURN(const SecretBytes plaintext, OpenSealed(keys_.down, BoxAad(), answer_.box));
    ASSIGN_OR_RETURN(content, plaintext.Reveal(&ParseBoxContent));
  }
  state_ = State::kFinished;
  return content;
}

StatusOr<UploadC3> ClientSession::SealUploadToVerifiedServer(const SecretBytes& secret) {
  RETURN_IF_ERROR(Enter(State::kAwaitVerdict));
  if (!will_upload_) return Internal("the server expects no upload in this exchange");
  if (secret.empty() || secret.size() > kMaxBoxedSecret) {
    return MakeError(StatusCode::kInvalidArgument,
                     "the secret to upload has " + std::to_string(secret.size()) +
                         " bytes, expected 1 to " + std::to_string(kMaxBoxedSecret));
  }
  ASSIGN_OR_RETURN(
      box_up_, SealOnce(std::move(keys_.up), BoxUpAad(ctx_, proof_c_, answer_.evidence), secret));
  state_ = State::kAwaitDone;
  return UploadC3{.box_up = box_up_};
}

StatusOr<ClientSession::Done> ClientSession::OnDone(const DoneS3& done) {
  RETURN_IF_ERROR(Enter(State::kAwaitDone));
  RETURN_IF_ERROR(ExpectSizeBetween("S3's box", done.box_done, kGcmTagSize + 1, kMaxBox));
  RETURN_IF_ERROR(ExpectSize("S3's service key", done.service_key_spki, kP256SpkiSize));
  for (const Bytes& expected : {service_.service_key_spki, pins_.upload_signer_spki}) {
    if (!expected.empty() && !Equal(done.service_key_spki, expected)) {
      return Refused("UPLOAD_SIGNER_MISMATCH",
                     "S3 is signed with another key than the cluster's identity key");
    }
  }
  RETURN_IF_ERROR(VerifyIdentitySignature(
      "sig_done", done.service_key_spki,
      UploadDoneSignatureMessage(ctx_, proof_c_, answer_.evidence, box_up_, done.box_done),
      done.sig_done));
  ASSIGN_OR_RETURN(const SecretBytes result, OpenSealed(keys_.done,
                                                        BoxDoneAad(ctx_, proof_c_, answer_.evidence,
                                                                   box_up_, done.service_key_spki),
                                                        done.box_done));
  state_ = State::kFinished;
  return Done{.result = result.Reveal([](ByteView plain) { return ToBytes(plain); }),
              .service_key_spki = done.service_key_spki};
}

}  // namespace kedge
