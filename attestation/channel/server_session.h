// The server's half of one exchange: messages in, messages out, no I/O (docs/PROTOCOL.md).
#pragma once

#include <optional>

#include "attestation/channel/exchange.h"
#include "attestation/channel/messages.h"
#include "attestation/channel/transcript.h"
#include "base/random.h"
#include "crypto/x25519.h"

namespace kedge {

// Methods are called once each, in the order of declaration; SealChallenge and OnActivation are
// left out without an enrolment round, OnUpload and Finish without an upload. Any error, a call
// out of order included, ends the session: every later call is refused. Not thread-safe.
class ServerSession {
 public:
  // `own_spki`, `peer_spki`: the two TLS keys. INTERNAL where the identity is half set.
  static StatusOr<ServerSession> Start(ServerIdentity identity, Bytes own_spki, Bytes peer_spki,
                                       Random& random);

  // Faults: MALFORMED, ECHOED_KEY, LOW_ORDER_KEY.
  StatusOr<HelloS1> OnHello(const HelloC1& hello);

  // Opens C2. The proof in the result is NOT verified. Faults: MALFORMED, BOX_NOT_AUTHENTIC.
  StatusOr<ClientRequest> OnProof(const ProofC2& proof);

  // Enrolment, only once the proof has been verified. Fault: ACTIVATION_FAILED.
  StatusOr<ChallengeS1b> SendChallenge(Challenge challenge);
  Status OnActivation(const ActivationC2b& activation);

  // Seals the box and returns RD_s, for which the caller makes evidence.
  StatusOr<ReportData> SetAnswer(ServerAnswer answer);
  StatusOr<AnswerS2> Prove(Bytes evidence);
  // Whether C3 is due after S2.
  bool expects_upload() const { return answer_.expects_upload; }

  // Fault: BOX_NOT_AUTHENTIC.
  StatusOr<SecretBytes> OnUpload(const UploadC3& upload);
  StatusOr<DoneS3> Finish(const UploadResult& result);

 private:
  enum class State {
    kAwaitHello,
    kAwaitProof,
    kAwaitAnswer,
    kAwaitActivation,
    kAwaitEvidence,
    kAwaitUpload,
    kAwaitResult,
    kFinished,
    kFailed,
  };

  ServerSession(ServerIdentity identity, Bytes own_spki, Bytes peer_spki, X25519KeyPair ephemeral,
                Bytes nonce);
  Status Enter(State expected);
  Bytes IdentitySpki() const;

  ServerIdentity identity_;
  Bytes own_spki_;
  Bytes peer_spki_;
  X25519KeyPair ephemeral_;
  Bytes nonce_;
  State state_ = State::kAwaitHello;
  bool may_challenge_ = false;
  SecretBytes z_;
  SecretBytes challenge_secret_;
  BoxKeys keys_;
  Bytes ctx0_;
  Bytes ctx_;
  Bytes proof_c_;
  AnswerS2 answer_;
  Bytes box_up_;
};

}  // namespace kedge
