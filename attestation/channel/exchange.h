// What the two ends of one attested exchange say to each other, free of transport and of protobuf.
//
// Message flow and formulas: docs/PROTOCOL.md. The sessions (client_session.h, server_session.h)
// turn these values into messages and back; the gRPC edge only carries bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "attestation/model/evidence.h"
#include "attestation/model/tpm.h"
#include "base/secret_bytes.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "crypto/ecdsa.h"

namespace kedge {

inline constexpr char kKeyServiceId[] = "kedge.v1.KeyService";
inline constexpr size_t kMaxRequest = 1024;
inline constexpr size_t kMaxPayload = 256 * 1024;

// How a client proves who it is. The policy of the requested object fixes the accepted type, never
// the message.
enum class ProofType {
  kNone,   // an outsider that only verifies the server
  kVtpm,   // evidence, report data RD_c
  kOwner,  // an owner key's signature over the transcript: lp(SHA-256(owner SPKI)) lp(signature)
};
std::string_view ToString(ProofType type);  // "none", "vtpm", "owner": the bytes on the wire

// A secret with its name, sealed to the attested ephemerals.
struct BoxContent {
  std::string kind;  // "dek", "status", …
  std::string id;
  uint32_t generation = 0;  // dek_generation; 0 where it means nothing
  SecretBytes secret;
};

// ---- Server side ------------------------------------------------------------------------------

// What this server is at the moment of S1; part of the transcript.
struct ServerIdentity {
  Bytes cluster_id;                       // empty only in AWAITING_*
  std::shared_ptr<const SigningKey> key;  // cluster identity key HELD; null only in AWAITING_*
  uint64_t manifest_generation = 0;
  Sha256Digest manifest_digest{};
};

// C2 as decrypted, with the values that its proof must cover.
struct ClientRequest {
  Bytes request;
  ProofType proof_type = ProofType::kNone;
  Bytes proof;
  Bytes payload;
  ReportData expected_report_data{};  // RD_c, for kVtpm
  Bytes owner_proof_message;          // what the owner key signed, for kOwner
  Bytes context;                      // the encoded CTX of this exchange
};

// An enrolment challenge: sent as S1b, answered in C2b with
// HMAC-SHA256(secret, lp("kedge/1 activate") lp(CTX)).
struct Challenge {
  CredentialBlob credential;
  SecretBytes secret;
};

struct ServerAnswer {
  Bytes payload;
  std::optional<BoxContent> box;
  bool expects_upload = false;  // init, recover: wait for C3
};

struct UploadResult {
  Bytes result;                           // sealed to the client in S3
  std::shared_ptr<const SigningKey> key;  // the identity key held now: signs sig_done
};

// One exchange of a server, made afresh for every stream. Called from one thread at a time, in the
// order Admit [Activated] Answer [Upload]. Errors end the stream; the peer sees the fault code and
// a correlation id, never the message (S25).
class ServerExchange {
 public:
  virtual ~ServerExchange() = default;
  virtual ServerIdentity Identity() = 0;
  // Verifies the proof and authorises the request; nullopt: no enrolment round is needed.
  virtual StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) = 0;
  // The challenge was answered correctly: the AK is bound to the EK.
  virtual Status Activated() = 0;
  // Decides, records, and returns what to send.
  virtual StatusOr<ServerAnswer> Answer() = 0;
  // Encoded evidence over RD_s.
  virtual StatusOr<Bytes> IssueEvidence(const ReportData& report_data) = 0;
  virtual StatusOr<UploadResult> Upload(SecretBytes uploaded) = 0;
};
using ServerExchangeFactory = std::function<std::unique_ptr<ServerExchange>()>;

// ---- Client side ------------------------------------------------------------------------------

// What a server says of itself in S1, its sig_hello verified under the key that it presents. Unless
// that key was pinned, nobody has vouched for it yet.
struct ServiceHello {
  Bytes cluster_id;        // empty in AWAITING_*
  Bytes service_key_spki;  // empty in AWAITING_*
  uint64_t manifest_generation = 0;
  Sha256Digest manifest_digest{};
};

// A client that proves something needs both pins (a node always; an owner unless the server is
// AWAITING_*, and then it pins neither). Without a proof the pins may be empty: `verify` of a
// cluster whose key is learnt and then shown.
struct ClientPins {
  Bytes cluster_id;
  Bytes service_key_spki;  // cluster identity key
  uint64_t minimum_generation = 0;
  // recover: the key that S3 must be signed with; empty: learnt (init)
  Bytes upload_signer_spki = {};
};

// S2 as received: sig_id is already verified where a key is pinned; the box is still closed.
struct ServerProof {
  Bytes evidence;
  ReportData expected_report_data{};  // RD_s
  Bytes payload;
  Bytes context;           // the encoded CTX of this exchange
  Bytes cluster_id;        // as in S1
  Bytes service_key_spki;  // as in S1
  uint64_t manifest_generation = 0;
  Sha256Digest manifest_digest{};
};

// What a client brings to one exchange. Callbacks run on the calling thread.
struct ClientExchange {
  ClientPins pins;
  Bytes request;
  Bytes payload;
  ProofType proof_type = ProofType::kNone;
  // kVtpm: encoded evidence over RD_c.
  std::function<StatusOr<Bytes>(const ReportData&)> prove;
  // kOwner: lp(SHA-256(owner SPKI)) lp(signature over the message).
  std::function<StatusOr<Bytes>(ByteView message)> sign;
  // Answers S1b; unset = refuse.
  std::function<StatusOr<SecretBytes>(const CredentialBlob&)> activate;
  // Called before the box is opened and before anything is uploaded; must verify the evidence.
  std::function<Status(const ServerProof&)> verify_server;
  // init and recover: what goes up in C3, asked for only after verify_server said OK.
  std::function<StatusOr<SecretBytes>()> upload;
};

struct ExchangeResult {
  Bytes payload;  // payload_s, covered by the server's evidence
  std::optional<BoxContent> box;
  Bytes upload_result;     // S3's result
  Bytes service_key_spki;  // the key that signed (in S2, or in S3 after an upload)
  Bytes cluster_id;
};

}  // namespace kedge
