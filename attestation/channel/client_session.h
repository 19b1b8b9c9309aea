// The client's half of one exchange: messages in, messages out, no I/O (docs/PROTOCOL.md).
#pragma once

#include <optional>

#include "attestation/channel/exchange.h"
#include "attestation/channel/messages.h"
#include "attestation/channel/transcript.h"
#include "base/random.h"
#include "crypto/x25519.h"

namespace kedge {

// Methods are called once each, in the order of declaration; OnChallenge and Activate are left out
// without an enrolment round, SealUpload and OnDone without an upload. Any error, a call out of
// order included, ends the session: every later call is refused. Not thread-safe.
class ClientSession {
 public:
  // `own_spki`: SPKI of this end's TLS key. FAILED_PRECONDITION with fault UNPINNED where a node
  // has no pins: no pin, no release.
  static StatusOr<ClientSession> Start(ClientPins pins, ProofType proof_type, Bytes own_spki,
                                       Random& random);

  // C1.
  const HelloC1& hello() const { return c1_; }

  // Checks S1: lengths, echoes, pins, generation, sig_hello under the pinned key, in this order,
  // before anything about this client is sent. Faults: MALFORMED, ECHOED_KEY, NOT_SERVING
  // (retryable: pinned, but the server holds no key yet), CLUSTER_MISMATCH, SERVICE_KEY_MISMATCH,
  // UNPINNED, ROLLBACK_DETECTED, BAD_SIGNATURE, LOW_ORDER_KEY.
  Status OnHello(const HelloS1& hello, ByteView peer_spki);
  // Valid after OnHello.
  const ServiceHello& service() const { return service_; }

  struct ToProve {
    ReportData report_data;  // RD_c, for evidence
    Bytes owner_message;     // for an owner's signature
  };
  StatusOr<ToProve> SetRequest(Bytes request, Bytes payload);
  StatusOr<ProofC2> SealProof(Bytes proof);

  StatusOr<CredentialBlob> OnChallenge(const ChallengeS1b& challenge);
  StatusOr<ActivationC2b> Activate(const SecretBytes& activated);

  // Checks S2's lengths and sig_id. `will_upload`: the client means to send C3; a server that sees
  // this otherwise is refused. The evidence in the result is NOT verified.
  StatusOr<ServerProof> OnAnswer(AnswerS2 answer, bool will_upload);

  // Only once the caller has verified ServerProof::evidence over its expected_report_data.
  StatusOr<std::optional<BoxContent>> OpenBoxOfVerifiedServer();
  StatusOr<UploadC3> SealUploadToVerifiedServer(const SecretBytes& secret);

  struct Done {
    Bytes result;
    Bytes service_key_spki;
  };
  // Faults: UPLOAD_SIGNER_MISMATCH, BAD_SIGNATURE, BOX_NOT_AUTHENTIC.
  StatusOr<Done> OnDone(const DoneS3& done);

 private:
  enum class State {
    kAwaitHello,
    kAwaitRequest,
    kAwaitProof,
    kAwaitAnswer,
    kAwaitActivation,
    kAwaitVerdict,
    kAwaitDone,
    kFinished,
    kFailed,
  };

  ClientSession(ClientPins pins, ProofType proof_type, Bytes own_spki, X25519KeyPair ephemeral,
                HelloC1 c1);
  // Refuses a call out of order. Leaves the session failed until the caller sets the next state.
  Status Enter(State expected);
  Status CheckPins(const HelloS1& hello) const;

  ClientPins pins_;
  ProofType proof_type_;
  Bytes own_spki_;
  X25519KeyPair ephemeral_;
  HelloC1 c1_;
  State state_ = State::kAwaitHello;
  bool challenged_ = false;
  bool will_upload_ = false;
  ServiceHello service_;
  SecretBytes z_;
  BoxKeys keys_;
  Bytes ctx0_;
  Bytes ctx_;
  Bytes request_;
  Bytes payload_;
  Bytes proof_c_;
  AnswerS2 answer_;
  Bytes box_up_;
};

}  // namespace kedge
