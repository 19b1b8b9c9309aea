#include "attestation/channel/server_session.h"

#include <utility>

#include "attestation/channel/checks.h"
#include "attestation/channel/sealed_content.h"
#include "crypto/aead.h"

namespace kedge {

ServerSession::ServerSession(ServerIdentity identity, Bytes own_spki, Bytes peer_spki,
                             X25519KeyPair ephemeral, Bytes nonce)
    : identity_(std::move(identity)),
      own_spki_(std::move(own_spki)),
      peer_spki_(std::move(peer_spki)),
      ephemeral_(std::move(ephemeral)),
      nonce_(std::move(nonce)) {}

StatusOr<ServerSession> ServerSession::Start(ServerIdentity identity, Bytes own_spki,
                                             Bytes peer_spki, Random& random) {
  if (identity.cluster_id.empty() != (identity.key == nullptr)) {
    return Internal("a server has both a cluster id and an identity key, or neither");
  }
  if (identity.key != nullptr && (identity.cluster_id.size() != kClusterIdSize ||
                                  identity.key->public_key().curve() != Curve::kP256)) {
    return Internal("the cluster id has 32 bytes and the identity key is a P-256 key");
  }
  if (own_spki.size() != kP256SpkiSize) return Internal("the TLS key is not a P-256 key");
  RETURN_IF_ERROR(ExpectSize("the client's TLS key", peer_spki, kP256SpkiSize));
  Bytes nonce(kNonceSize);
  RETURN_IF_ERROR(random.Fill(nonce));
  ASSIGN_OR_RETURN(X25519KeyPair ephemeral, X25519KeyPair::Generate(random));
  return ServerSession(std::move(identity), std::move(own_spki), std::move(peer_spki),
                       std::move(ephemeral), std::move(nonce));
}

Status ServerSession::Enter(State expected) {
  const bool in_order = state_ == expected;
  state_ = State::kFailed;
  return in_order ? absl::OkStatus() : Malformed("a message came out of order; the exchange ends");
}

Bytes ServerSession::IdentitySpki() const {
  return identity_.key == nullptr ? Bytes() : identity_.key->public_key().spki();
}

StatusOr<HelloS1> ServerSession::OnHello(const HelloC1& hello) {
  RETURN_IF_ERROR(Enter(State::kAwaitHello));
  RETURN_IF_ERROR(ExpectSize("C1's nonce", hello.nonce, kNonceSize));
  RETURN_IF_ERROR(ExpectSize("C1's ephemeral key", hello.ephemeral_key, X25519Public().size()));
  if (Equal(peer_spki_, own_spki_)) {
    return Refused("ECHOED_KEY", "the client uses this server's own TLS key");
  }
  ASSIGN_OR_RETURN(z_, ephemeral_.Agree(*ToArray<32>(hello.ephemeral_key)));
  HelloS1 out{.nonce = nonce_,
              .ephemeral_key = ToBytes(ephemeral_.public_key()),
              .state = EncodeState(identity_.manifest_generation, identity_.manifest_digest),
              .cluster_id = identity_.cluster_id,
              .service_key_spki = IdentitySpki(),
              .sig_hello = {}};
  ctx0_ = EncodeCtx0({.service_id = kKeyServiceId,
                      .cluster_id = out.cluster_id,
                      .service_key_spki = out.service_key_spki,
                      .state = out.state,
                      .nonce_c = hello.nonce,
                      .epk_c = hello.ephemeral_key,
                      .spki_c = peer_spki_,
                      .nonce_s = out.nonce,
                      .epk_s = out.ephemeral_key,
                      .spki_s = own_spki_});
  if (identity_.key != nullptr) {
    ASSIGN_OR_RETURN(out.sig_hello, identity_.key->Sign(HelloSignatureMessage(ctx0_)));
  }
  state_ = State::kAwaitProof;
  return out;
}

StatusOr<ClientRequest> ServerSession::OnProof(const ProofC2& proof) {
  RETURN_IF_ERROR(Enter(State::kAwaitProof));
  RETURN_IF_ERROR(ExpectSizeBetween("C2", proof.sealed, kGcmTagSize + 1, kMaxHello));
  ASSIGN_OR_RETURN(const SecretBytes hello_key, HelloKey(z_, ctx0_));
  ASSIGN_OR_RETURN(const SecretBytes plaintext, OpenSealed(hello_key, HelloAad(), proof.sealed));
  ASSIGN_OR_RETURN(HelloContent content, plaintext.Reveal(&ParseHelloContent));
  ctx_ = EncodeCtx(ctx0_, content.request);
  proof_c_ = EncodeProof(content.proof_type, content.proof);
  ASSIGN_OR_RETURN(keys_, DeriveBoxKeys(z_, ctx_, proof_c_));
  z_ = SecretBytes();
  may_challenge_ = content.proof_type == ProofType::kVtpm;
  state_ = State::kAwaitAnswer;
  ClientRequest out{.request = std::move(content.request),
                    .proof_type = content.proof_type,
                    .proof = std::move(content.proof),
                    .payload = std::move(content.payload),
                    .expected_report_data = {},
                    .owner_proof_message = OwnerProofMessage(ctx_),
                    .context = ctx_};
  out.expected_report_data = ClientReportData(out.proof_type, ctx_, out.payload);
  return out;
}

StatusOr<ChallengeS1b> ServerSession::SendChallenge(Challenge challenge) {
  RETURN_IF_ERROR(Enter(State::kAwaitAnswer));
  if (!may_challenge_) return Internal("only a client with evidence is challenged, and only once");
  if (challenge.secret.empty()) return Internal("a challenge needs a secret");
  may_challenge_ = false;
  challenge_secret_ = std::move(challenge.secret);
  state_ = State::kAwaitActivation;
  return ChallengeS1b{.id_object = std::move(challenge.credential.id_object),
                      .encrypted_secret = std::move(challenge.credential.encrypted_secret)};
}

Status ServerSession::OnActivation(const ActivationC2b& activation) {
  RETURN_IF_ERROR(Enter(State::kAwaitActivation));
  RETURN_IF_ERROR(ExpectSize("C2b's HMAC", activation.hmac, Sha256Digest().size()));
  const Sha256Digest expected = ActivationMac(challenge_secret_, ctx_);
  challenge_secret_ = SecretBytes();
  if (!ConstantTimeEqual(activation.hmac, expected)) {
    return Refused("ACTIVATION_FAILED",
                   "the client did not activate the credential: its attestation key does not live "
                   "beside the endorsement key it presented");
  }
  state_ = State::kAwaitAnswer;
  return absl::OkStatus();
}

StatusOr<ReportData> ServerSession::SetAnswer(ServerAnswer answer) {
  RETURN_IF_ERROR(Enter(State::kAwaitAnswer));
  if (answer.expects_upload && answer.box) {
    return Internal("an exchange carries its secret up or down, never both");
  }
  if (answer.payload.size() > kMaxPayload) return Internal("the payload of S2 is too long");
  if (answer.box) {
    ASSIGN_OR_RETURN(const SecretBytes content, EncodeBoxContent(*answer.box));
    ASSIGN_OR_RETURN(answer_.box, SealOnce(std::move(keys_.down), BoxAad(), content));
  }
  answer_.payload = std::move(answer.payload);
  answer_.expects_upload = answer.expects_upload;
  state_ = State::kAwaitEvidence;
  return ServerReportData(ctx_, proof_c_, answer_.payload, answer_.box);
}

StatusOr<AnswerS2> ServerSession::Prove(Bytes evidence) {
  RETURN_IF_ERROR(Enter(State::kAwaitEvidence));
  if (evidence.empty() || evidence.size() > kMaxEvidenceSize) {
    return Internal("this server's own evidence is empty or too long");
  }
  answer_.evidence = std::move(evidence);
  if (identity_.key != nullptr) {
    ASSIGN_OR_RETURN(answer_.sig_id,
                     identity_.key->Sign(IdentitySignatureMessage(ctx_, proof_c_, answer_.payload,
                                                                  answer_.box, answer_.evidence)));
  }
  state_ = answer_.expects_upload ? State::kAwaitUpload : State::kFinished;
  return answer_;
}

StatusOr<SecretBytes> ServerSession::OnUpload(const UploadC3& upload) {
  RETURN_IF_ERROR(Enter(State::kAwaitUpload));
  RETURN_IF_ERROR(
      ExpectSizeBetween("C3's box", upload.box_up, kGcmTagSize + 1, kMaxBoxedSecret + kGcmTagSize));
  ASSIGN_OR_RETURN(SecretBytes secret,
                   OpenSealed(keys_.up, BoxUpAad(ctx_, proof_c_, answer_.evidence), upload.box_up));
  box_up_ = upload.box_up;
  state_ = State::kAwaitResult;
  return secret;
}

StatusOr<DoneS3> ServerSession::Finish(const UploadResult& result) {
  RETURN_IF_ERROR(Enter(State::kAwaitResult));
  if (result.key == nullptr || result.key->public_key().curve() != Curve::kP256) {
    return Internal("S3 is signed by the cluster's identity key, a P-256 key; none was given");
  }
  if (result.result.empty() || result.result.size() > kMaxBoxedSecret) {
    return Internal("the result of an upload is empty or too long");
  }
  const Bytes& spki = result.key->public_key().spki();
  if (identity_.key != nullptr && spki != IdentitySpki()) {
    return Internal("the identity key changed within one exchange");
  }
  DoneS3 done{.box_done = {}, .sig_done = {}, .service_key_spki = spki};
  ASSIGN_OR_RETURN(
      done.box_done,
      SealOnce(std::move(keys_.done), BoxDoneAad(ctx_, proof_c_, answer_.evidence, box_up_, spki),
               ByteView(result.result)));
  ASSIGN_OR_RETURN(done.sig_done, result.key->Sign(UploadDoneSignatureMessage(
                                      ctx_, proof_c_, answer_.evidence, box_up_, done.box_done)));
  state_ = State::kFinished;
  return done;
}

}  // namespace kedge
