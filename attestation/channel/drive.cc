#include "attestation/channel/drive.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "attestation/channel/client_session.h"
#include "attestation/channel/server_session.h"

namespace kedge {
namespace {

constexpr size_t kMaxFaultCode = 64;
constexpr size_t kCorrelationIdSize = 16;

bool IsFaultCodeCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// The next message, which must be a T (or, from a server, a refusal).
template <typename T>
StatusOr<T> Expect(ServerMessage&& message) {
  if (const auto* refusal = std::get_if<Refusal>(&message)) return FromRefusal(*refusal);
  if (auto* wanted = std::get_if<T>(&message)) return std::move(*wanted);
  return Malformed("the server sent another message than the one due");
}

template <typename T>
StatusOr<T> Expect(ClientMessage&& message) {
  if (auto* wanted = std::get_if<T>(&message)) return std::move(*wanted);
  return Malformed("the client sent another message than the one due");
}

template <typename T, typename Pipe>
StatusOr<T> ReadA(Pipe& pipe) {
  auto message = pipe.Read();
  if (!message.ok()) return message.status();
  return Expect<T>(*std::move(message));
}

StatusOr<Bytes> MakeProof(const ClientExchange& exchange, const ClientSession::ToProve& to_prove) {
  switch (exchange.proof_type) {
    case ProofType::kNone:
      return Bytes();
    case ProofType::kVtpm:
      return exchange.prove(to_prove.report_data);
    case ProofType::kOwner:
      return exchange.sign(to_prove.owner_message);
  }
  return Internal("unknown proof type");
}

Status CheckCallbacks(const ClientExchange& exchange) {
  if (!exchange.verify_server) {
    return Internal("a client without verify_server would trust anybody");
  }
  if ((exchange.proof_type == ProofType::kVtpm && !exchange.prove) ||
      (exchange.proof_type == ProofType::kOwner && !exchange.sign)) {
    return Internal("a client without the means to make its proof");
  }
  return absl::OkStatus();
}

Status Greet(ClientSession& session, ClientPipe& pipe) {
  RETURN_IF_ERROR(pipe.Write(session.hello()));
  ASSIGN_OR_RETURN(const HelloS1 hello, ReadA<HelloS1>(pipe));
  ASSIGN_OR_RETURN(const Bytes peer_spki, pipe.PeerSpki());
  return session.OnHello(hello, peer_spki);
}

// Reads S2, answering an enrolment challenge on the way.
StatusOr<AnswerS2> ReadAnswer(const ClientExchange& exchange, ClientSession& session,
                              ClientPipe& pipe) {
  ASSIGN_OR_RETURN(ServerMessage message, pipe.Read());
  if (const auto* challenge = std::get_if<ChallengeS1b>(&message)) {
    ASSIGN_OR_RETURN(const CredentialBlob blob, session.OnChallenge(*challenge));
    if (!exchange.activate) return Internal("the server wants an enrolment; this client has none");
    ASSIGN_OR_RETURN(const SecretBytes activated, exchange.activate(blob));
    ASSIGN_OR_RETURN(ActivationC2b activation, session.Activate(activated));
    RETURN_IF_ERROR(pipe.Write(std::move(activation)));
    return ReadA<AnswerS2>(pipe);
  }
  return Expect<AnswerS2>(std::move(message));
}

Status Serve(ServerExchange& exchange, ServerSession& session, ServerPipe& pipe) {
  ASSIGN_OR_RETURN(const HelloC1 c1, ReadA<HelloC1>(pipe));
  ASSIGN_OR_RETURN(HelloS1 s1, session.OnHello(c1));
  RETURN_IF_ERROR(pipe.Write(std::move(s1)));

  StatusOr<ClientMessage> second = pipe.Read();
  if (!second.ok()) {
    return MakeError(StatusCode::kCancelled,
                     "the client left after S1: " + MessageOf(second.status()));
  }
  ASSIGN_OR_RETURN(const ProofC2 c2, Expect<ProofC2>(*std::move(second)));
  ASSIGN_OR_RETURN(const ClientRequest request, session.OnProof(c2));
  ASSIGN_OR_RETURN(std::optional<Challenge> challenge, exchange.Admit(request));
  if (challenge) {
    ASSIGN_OR_RETURN(ChallengeS1b s1b, session.SendChallenge(*std::move(challenge)));
    RETURN_IF_ERROR(pipe.Write(std::move(s1b)));
    ASSIGN_OR_RETURN(const ActivationC2b c2b, ReadA<ActivationC2b>(pipe));
    RETURN_IF_ERROR(session.OnActivation(c2b));
    RETURN_IF_ERROR(exchange.Activated());
  }

  ASSIGN_OR_RETURN(ServerAnswer answer, exchange.Answer());
  ASSIGN_OR_RETURN(const ReportData report_data, session.SetAnswer(std::move(answer)));
  ASSIGN_OR_RETURN(Bytes evidence, exchange.IssueEvidence(report_data));
  ASSIGN_OR_RETURN(AnswerS2 s2, session.Prove(std::move(evidence)));
  RETURN_IF_ERROR(pipe.Write(std::move(s2)));
  if (!session.expects_upload()) return absl::OkStatus();

  ASSIGN_OR_RETURN(const UploadC3 c3, ReadA<UploadC3>(pipe));
  ASSIGN_OR_RETURN(SecretBytes uploaded, session.OnUpload(c3));
  ASSIGN_OR_RETURN(const UploadResult result, exchange.Upload(std::move(uploaded)));
  ASSIGN_OR_RETURN(DoneS3 s3, session.Finish(result));
  return pipe.Write(std::move(s3));
}

Status StartAndServe(ServerExchange& exchange, ServerPipe& pipe, const TlsKeys& tls,
                     Random& random) {
  ASSIGN_OR_RETURN(ServerSession session,
                   ServerSession::Start(exchange.Identity(), tls.own_spki, tls.peer_spki, random));
  return Serve(exchange, session, pipe);
}

}  // namespace

StatusOr<ExchangeResult> DriveClient(const ClientExchange& exchange, ClientPipe& pipe,
                                     const Bytes& own_spki, Random& random) {
  RETURN_IF_ERROR(CheckCallbacks(exchange));
  ASSIGN_OR_RETURN(ClientSession session,
                   ClientSession::Start(exchange.pins, exchange.proof_type, own_spki, random));
  RETURN_IF_ERROR(Greet(session, pipe));
  ASSIGN_OR_RETURN(const ClientSession::ToProve to_prove,
                   session.SetRequest(exchange.request, exchange.payload));
  ASSIGN_OR_RETURN(Bytes proof, MakeProof(exchange, to_prove));
  ASSIGN_OR_RETURN(ProofC2 c2, session.SealProof(std::move(proof)));
  RETURN_IF_ERROR(pipe.Write(std::move(c2)));

  ASSIGN_OR_RETURN(AnswerS2 answer, ReadAnswer(exchange, session, pipe));
  const bool will_upload = exchange.upload != nullptr;
  ASSIGN_OR_RETURN(const ServerProof proof_s, session.OnAnswer(std::move(answer), will_upload));
  RETURN_IF_ERROR(exchange.verify_server(proof_s));

  ExchangeResult result{.payload = proof_s.payload,
                        .box = std::nullopt,
                        .upload_result = {},
                        .service_key_spki = proof_s.service_key_spki,
                        .cluster_id = proof_s.cluster_id};
  if (!will_upload) {
    ASSIGN_OR_RETURN(result.box, session.OpenBoxOfVerifiedServer());
    return result;
  }
  ASSIGN_OR_RETURN(const SecretBytes secret, exchange.upload());
  ASSIGN_OR_RETURN(UploadC3 c3, session.SealUploadToVerifiedServer(secret));
  RETURN_IF_ERROR(pipe.Write(std::move(c3)));
  ASSIGN_OR_RETURN(const DoneS3 s3, ReadA<DoneS3>(pipe));
  ASSIGN_OR_RETURN(ClientSession::Done done, session.OnDone(s3));
  result.upload_result = std::move(done.result);
  result.service_key_spki = std::move(done.service_key_spki);
  return result;
}

StatusOr<ServiceHello> DriveDiscover(ClientPipe& pipe, const Bytes& own_spki, Random& random) {
  ASSIGN_OR_RETURN(ClientSession session,
                   ClientSession::Start(ClientPins{}, ProofType::kNone, own_spki, random));
  RETURN_IF_ERROR(Greet(session, pipe));
  return session.service();
}

Status DriveServer(ServerExchange& exchange, ServerPipe& pipe, const TlsKeys& tls, Random& random,
                   const std::string& correlation_id) {
  Status status = StartAndServe(exchange, pipe, tls, random);
  if (!status.ok()) {
    // Best effort: a peer that has gone away needs no refusal, and the reason is already known.
    pipe.Write(ToRefusal(status, correlation_id)).IgnoreError();
  }
  return status;
}

Refusal ToRefusal(const Status& status, const std::string& correlation_id) {
  // RESOURCE_EXHAUSTED: locked memory, while many exchanges run.
  const bool passes = IsRetryable(status) || status.code() == StatusCode::kResourceExhausted;
  Advice advice = passes ? Advice::kRetry : Advice::kNone;
  if (const std::optional<Fault> fault = GetFault(status)) advice = fault->advice;
  return Refusal{.code = FaultCode(status),
                 .correlation_id = correlation_id,
                 .advice = static_cast<int>(advice)};
}

Status FromRefusal(const Refusal& refusal) {
  if (refusal.code.empty() || refusal.code.size() > kMaxFaultCode ||
      !std::all_of(refusal.code.begin(), refusal.code.end(), &IsFaultCodeCharacter) ||
      refusal.correlation_id.size() != kCorrelationIdSize ||
      !std::all_of(refusal.correlation_id.begin(), refusal.correlation_id.end(), &IsHexDigit)) {
    return Malformed("the server refused in a form that this version does not know");
  }
  Advice advice = Advice::kAskOperator;
  if (refusal.advice == static_cast<int>(Advice::kNone)) advice = Advice::kNone;
  if (refusal.advice == static_cast<int>(Advice::kRetry)) advice = Advice::kRetry;
  return MakeFault(StatusCode::kPermissionDenied, refusal.code, advice,
                   "the key service refused: " + refusal.code + " (correlation id " +
                       refusal.correlation_id + "; the owner sees the reason in `kedge status`)");
}

}  // namespace kedge
