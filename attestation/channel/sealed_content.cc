#include "attestation/channel/sealed_content.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/lp.h"
#include "base/reader.h"

namespace kedge {
namespace {

std::optional<ProofType> ProofTypeFromText(std::string_view text) {
  for (const ProofType type : {ProofType::kNone, ProofType::kVtpm, ProofType::kOwner}) {
    if (text == ToString(type)) return type;
  }
  return std::nullopt;
}

Status TooLong(std::string_view what, size_t size, size_t max) {
  return MakeError(StatusCode::kInvalidArgument,
                   std::string(what) + " has " + std::to_string(size) + " bytes, at most " +
                       std::to_string(max) + " fit in one exchange; shorten it");
}

}  // namespace

StatusOr<Bytes> EncodeHelloContent(const HelloContent& content) {
  if (content.request.size() > kMaxRequest) {
    return TooLong("the request", content.request.size(), kMaxRequest);
  }
  if (content.proof.size() > kMaxProof) {
    return TooLong("the client's proof", content.proof.size(), kMaxProof);
  }
  if (content.payload.size() > kMaxPayload) {
    return TooLong("the client's payload", content.payload.size(), kMaxPayload);
  }
  return Lp(
      {content.request, AsBytes(ToString(content.proof_type)), content.proof, content.payload});
}

StatusOr<HelloContent> ParseHelloContent(ByteView plaintext) {
  Reader reader(plaintext);
  ASSIGN_OR_RETURN(const ByteView request, reader.Lp(kMaxRequest));
  ASSIGN_OR_RETURN(const ByteView type, reader.Lp(kMaxProofTypeName));
  ASSIGN_OR_RETURN(const ByteView proof, reader.Lp(kMaxProof));
  ASSIGN_OR_RETURN(const ByteView payload, reader.Lp(kMaxPayload));
  RETURN_IF_ERROR(reader.ExpectEnd());
  const std::optional<ProofType> proof_type = ProofTypeFromText(AsText(type));
  if (!proof_type) return Malformed("C2 names a proof type that this version does not know");
  if (proof.empty() != (*proof_type == ProofType::kNone)) {
    return Malformed("C2's proof and its type do not go together");
  }
  return HelloContent{.request = ToBytes(request),
                      .proof_type = *proof_type,
                      .proof = ToBytes(proof),
                      .payload = ToBytes(payload)};
}

StatusOr<SecretBytes> EncodeBoxContent(const BoxContent& content) {
  if (content.kind.size() > kMaxBoxName) {
    return TooLong("the box's kind", content.kind.size(), kMaxBoxName);
  }
  if (content.id.size() > kMaxBoxName) {
    return TooLong("the box's id", content.id.size(), kMaxBoxName);
  }
  if (content.secret.empty()) {
    return MakeError(StatusCode::kInvalidArgument, "a box without a secret cannot be sealed");
  }
  if (content.secret.size() > kMaxBoxedSecret) {
    return TooLong("the boxed secret", content.secret.size(), kMaxBoxedSecret);
  }
  LpWriter writer;
  writer.Add(content.kind).Add(content.id).AddU32(content.generation);
  writer.Raw(U32Be(static_cast<uint32_t>(content.secret.size())));
  const Bytes& head = writer.bytes();
  ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Create(head.size() + content.secret.size()));
  out.RevealMutable([&](std::span<uint8_t> to) {
    std::copy(head.begin(), head.end(), to.begin());
    content.secret.Reveal([&](ByteView secret) {
      std::copy(secret.begin(), secret.end(), to.subspan(head.size()).begin());
    });
  });
  return out;
}

StatusOr<BoxContent> ParseBoxContent(ByteView plaintext) {
  Reader reader(plaintext);
  ASSIGN_OR_RETURN(const ByteView kind, reader.Lp(kMaxBoxName));
  ASSIGN_OR_RETURN(const ByteView id, reader.Lp(kMaxBoxName));
  ASSIGN_OR_RETURN(const ByteView generation, reader.Lp(sizeof(uint32_t)));
  ASSIGN_OR_RETURN(const ByteView secret, reader.Lp(kMaxBoxedSecret));
  RETURN_IF_ERROR(reader.ExpectEnd());
  Reader number(generation);
  ASSIGN_OR_RETURN(const uint32_t generation_value, number.U32Be());
  if (secret.empty()) return Malformed("the box holds an empty secret");
  BoxContent content{.kind = std::string(AsText(kind)),
                     .id = std::string(AsText(id)),
                     .generation = generation_value,
                     .secret = {}};
  ASSIGN_OR_RETURN(content.secret, SecretBytes::CopyOf(secret));
  return content;
}

}  // namespace kedge
