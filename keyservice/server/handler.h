// One request of one exchange. A handler is Validate -> one function of KeyService -> ToWire.
#pragma once

#include <memory>
#include <optional>

#include "attestation/channel/exchange.h"
#include "keyservice/server/key_service.h"
#include "keyservice/server/request_wire.h"

namespace kedge::keyservice {

// What every handler works with.
struct HandlerContext {
  KeyService& service;
  KeyService::View seen;  // the service as S1 showed it
  Peer& peer;             // filled in as the handler learns who it is
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual StatusOr<std::optional<Challenge>> Admit(const ClientRequest& request) = 0;
  virtual Status Activated();  // INTERNAL unless the handler challenges
  virtual StatusOr<ServerAnswer> Answer() = 0;
  virtual StatusOr<UploadResult> Upload(SecretBytes uploaded);  // INTERNAL unless it expects one
};

std::unique_ptr<Handler> MakeReleaseHandler(HandlerContext context, ReleaseRequest request);
std::unique_ptr<Handler> MakeReportHandler(HandlerContext context, ReportRequest request);
std::unique_ptr<Handler> MakeInitHandler(HandlerContext context, InitRequest request);
std::unique_ptr<Handler> MakeRecoverHandler(HandlerContext context, RecoverRequest request);
std::unique_ptr<Handler> MakeStatusHandler(HandlerContext context);
std::unique_ptr<Handler> MakeNodeCommandHandler(HandlerContext context, NodeCommand command);
std::unique_ptr<Handler> MakeSetManifestHandler(HandlerContext context, SetManifestRequest request);
std::unique_ptr<Handler> MakeCancelUpdateHandler(HandlerContext context,
                                                 const CancelUpdateRequest& request);
std::unique_ptr<Handler> MakeVerifyHandler(HandlerContext context);

// Fault PROOF_TYPE: what is asked for fixes how it is proven, never the message.
Status ExpectProof(const ClientRequest& request, ProofType expected);

// Fault STATE_CHANGED, retry: the service serves by now, but this exchange began before.
Status StateChanged();

// payload_s of init, recover, status, node command and verify: the machine's endorsements, and, for
// a credential, the proof that the AK of its evidence lives beside that EK.
StatusOr<Bytes> MakeCoordinatorProof(const HandlerContext& context,
                                     const std::optional<CredentialBlob>& credential,
                                     ByteView exchange_context);

struct AdmittedOwner {
  std::string name;         // of the owner key, as the manifest has it
  Bytes coordinator_proof;  // payload_s
};
// An owner of the manifest in force orders something of a service that serves. Faults PROOF_TYPE,
// STATE_CHANGED, NOT_OWNER, MALFORMED.
StatusOr<AdmittedOwner> AdmitOwner(HandlerContext& context, const ClientRequest& request);

// An answer for this client alone: `text` goes into the sealed box.
StatusOr<ServerAnswer> SealedAnswer(Bytes payload, std::string kind, std::string id,
                                    std::string_view text);

// What `kedge status` shows, with the newest receipt.
StatusOr<std::string> StatusText(KeyService& service);

}  // namespace kedge::keyservice
