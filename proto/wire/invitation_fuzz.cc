#include <cstdlib>
#include <string>

#include "base/lp.h"
#include "proto/kedge.pb.h"
#include "proto/wire/invitation.h"
#include "proto/wire/json.h"

namespace {

const kedge::SigningKey& Owner() {
  static const kedge::SigningKey key =
      kedge::SigningKey::FromScalar(kedge::Curve::kP384,
                                    kedge::SecretBytes::CopyOf(kedge::Bytes(48, 1)).value())
          .value();
  return key;
}

// The reader's second half sits behind a signature: sign the bytes for it.
std::string SignedByOwner(kedge::ByteView inner) {
  kedge::v1::SignedInvitation file;
  file.set_invitation(std::string(kedge::AsText(inner)));
  file.set_owner_key_spki(std::string(kedge::AsText(Owner().public_key().spki())));
  const kedge::Bytes signature =
      Owner().Sign(kedge::Lp({kedge::AsBytes("kedge/1 invitation"), inner})).value();
  file.set_signature(std::string(kedge::AsText(signature)));
  return kedge::wire::PrintJson(file).value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kedge::ByteView bytes(data, size);
  if (size > kedge::wire::kMaxInvitationFile) return 0;
  (void)kedge::wire::OpenInvitation(bytes);
  const auto opened = kedge::wire::OpenInvitation(kedge::AsBytes(SignedByOwner(bytes)));
  // What is accepted can be made again and says the same.
  if (opened.ok()) {
    const auto again = kedge::wire::MakeInvitation(opened->invitation, Owner());
    if (!again.ok() || !kedge::wire::OpenInvitation(kedge::AsBytes(*again)).ok()) std::abort();
  }
  return 0;
}
