#include "attestation/channel_grpc/message_wire.h"

#include <string>

namespace kedge {
namespace {

std::string Text(const Bytes& bytes) { return std::string(AsText(bytes)); }

// Each Set fills the protobuf form of one message.
void Set(const HelloC1& from, v1::ClientMessage& to) {
  to.mutable_c1()->set_nonce(Text(from.nonce));
  to.mutable_c1()->set_ephemeral_key(Text(from.ephemeral_key));
}
void Set(const ProofC2& from, v1::ClientMessage& to) {
  to.mutable_c2()->set_sealed(Text(from.sealed));
}
void Set(const ActivationC2b& from, v1::ClientMessage& to) {
  to.mutable_c2b()->set_hmac(Text(from.hmac));
}
void Set(const UploadC3& from, v1::ClientMessage& to) {
  to.mutable_c3()->set_box_up(Text(from.box_up));
}
void Set(const HelloS1& from, v1::ServerMessage& to) {
  v1::ServerHello& s1 = *to.mutable_s1();
  s1.set_nonce(Text(from.nonce));
  s1.set_ephemeral_key(Text(from.ephemeral_key));
  s1.set_state(Text(from.state));
  s1.set_cluster_id(Text(from.cluster_id));
  s1.set_service_key_spki(Text(from.service_key_spki));
  s1.set_sig_hello(Text(from.sig_hello));
}
void Set(const ChallengeS1b& from, v1::ServerMessage& to) {
  to.mutable_s1b()->set_id_object(Text(from.id_object));
  to.mutable_s1b()->set_encrypted_secret(Text(from.encrypted_secret));
}
void Set(const AnswerS2& from, v1::ServerMessage& to) {
  v1::ServerProof& s2 = *to.mutable_s2();
  s2.set_evidence(Text(from.evidence));
  s2.set_payload(Text(from.payload));
  s2.set_box(Text(from.box));
  s2.set_sig_id(Text(from.sig_id));
  s2.set_expects_upload(from.expects_upload);
}
void Set(const DoneS3& from, v1::ServerMessage& to) {
  to.mutable_s3()->set_box_done(Text(from.box_done));
  to.mutable_s3()->set_sig_done(Text(from.sig_done));
  to.mutable_s3()->set_service_key_spki(Text(from.service_key_spki));
}
void Set(const Refusal& from, v1::ServerMessage& to) {
  to.mutable_refusal()->set_code(from.code);
  to.mutable_refusal()->set_correlation_id(from.correlation_id);
  to.mutable_refusal()->set_advice(from.advice);
}

Bytes Raw(const std::string& text) { return ToBytes(std::string_view(text)); }

}  // namespace

v1::ClientMessage ToWire(const ClientMessage& message) {
  v1::ClientMessage wire;
  std::visit([&wire](const auto& from) { Set(from, wire); }, message);
  return wire;
}

v1::ServerMessage ToWire(const ServerMessage& message) {
  v1::ServerMessage wire;
  std::visit([&wire](const auto& from) { Set(from, wire); }, message);
  return wire;
}

StatusOr<ClientMessage> FromWire(const v1::ClientMessage& wire) {
  switch (wire.message_case()) {
    case v1::ClientMessage::kC1:
      return HelloC1{.nonce = Raw(wire.c1().nonce()),
                     .ephemeral_key = Raw(wire.c1().ephemeral_key())};
    case v1::ClientMessage::kC2:
      return ProofC2{.sealed = Raw(wire.c2().sealed())};
    case v1::ClientMessage::kC2B:
      return ActivationC2b{.hmac = Raw(wire.c2b().hmac())};
    case v1::ClientMessage::kC3:
      return UploadC3{.box_up = Raw(wire.c3().box_up())};
    case v1::ClientMessage::MESSAGE_NOT_SET:
      break;
  }
  return Malformed("the client sent a message of no known kind");
}

StatusOr<ServerMessage> FromWire(const v1::ServerMessage& wire) {
  switch (wire.message_case()) {
    case v1::ServerMessage::kS1:
      return HelloS1{.nonce = Raw(wire.s1().nonce()),
                     .ephemeral_key = Raw(wire.s1().ephemeral_key()),
                     .state = Raw(wire.s1().state()),
                     .cluster_id = Raw(wire.s1().cluster_id()),
                     .service_key_spki = Raw(wire.s1().service_key_spki()),
                     .sig_hello = Raw(wire.s1().sig_hello())};
    case v1::ServerMessage::kS1B:
      return ChallengeS1b{.id_object = Raw(wire.s1b().id_object()),
                          .encrypted_secret = Raw(wire.s1b().encrypted_secret())};
    case v1::ServerMessage::kS2:
      return AnswerS2{.evidence = Raw(wire.s2().evidence()),
                      .payload = Raw(wire.s2().payload()),
                      .box = Raw(wire.s2().box()),
                      .sig_id = Raw(wire.s2().sig_id()),
                      .expects_upload = wire.s2().expects_upload()};
    case v1::ServerMessage::kS3:
      return DoneS3{.box_done = Raw(wire.s3().box_done()),
                    .sig_done = Raw(wire.s3().sig_done()),
                    .service_key_spki = Raw(wire.s3().service_key_spki())};
    case v1::ServerMessage::kRefusal:
      return Refusal{.code = wire.refusal().code(),
                     .correlation_id = wire.refusal().correlation_id(),
                     .advice = wire.refusal().advice()};
    case v1::ServerMessage::MESSAGE_NOT_SET:
      break;
  }
  return Malformed("the server sent a message of no known kind");
}

}  // namespace kedge
