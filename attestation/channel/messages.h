// The messages of one exchange as plain values, in the order of docs/PROTOCOL.md. The transport
// maps them to its own form and back; sessions check every length themselves.
#pragma once

#include <string>
#include <variant>

#include "base/bytes.h"

namespace kedge {

struct HelloC1 {
  Bytes nonce;          // 32
  Bytes ephemeral_key;  // 32, X25519
};

struct HelloS1 {
  Bytes nonce;             // 32
  Bytes ephemeral_key;     // 32, X25519
  Bytes state;             // 40: u64be(manifest generation) || SHA-256(manifest)
  Bytes cluster_id;        // 32; empty in AWAITING_*
  Bytes service_key_spki;  // P-256 SPKI, DER; empty in AWAITING_*
  Bytes sig_hello;         // DER; empty in AWAITING_*
};

struct ProofC2 {
  Bytes sealed;  // hello: request, proof type, proof, payload
};

struct ChallengeS1b {
  Bytes id_object;
  Bytes encrypted_secret;
};

struct ActivationC2b {
  Bytes hmac;  // 32
};

struct AnswerS2 {
  Bytes evidence;
  Bytes payload;
  Bytes box;     // empty: nothing is released
  Bytes sig_id;  // empty in AWAITING_*
  bool expects_upload = false;
};

struct UploadC3 {
  Bytes box_up;
};

struct DoneS3 {
  Bytes box_done;
  Bytes sig_done;
  Bytes service_key_spki;  // the key that signed
};

// Ends the exchange instead of the message that was due. Unauthenticated, like everything before
// S2 is verified: it may delay its reader and do nothing else.
struct Refusal {
  std::string code;            // A-Z, 0-9 and _, at most 64 characters
  std::string correlation_id;  // 16 lower-case hex digits
  int advice = 0;              // an Advice
};

using ClientMessage = std::variant<HelloC1, ProofC2, ActivationC2b, UploadC3>;
using ServerMessage = std::variant<HelloS1, ChallengeS1b, AnswerS2, DoneS3, Refusal>;

// A bound on any one message in the transport's form: C2 with full evidence and payload, and slack.
inline constexpr size_t kMaxMessage = 1024 * 1024;

}  // namespace kedge
