#include "attestation/channel/testing/session_walk.h"

#include <utility>

#include "base/lp.h"

namespace kedge::testing {
namespace {

void MustBeOk(const Status& status) {
  if (!status.ok()) std::abort();
}

}  // namespace

SessionWalk::SessionWalk(ChannelWorld& w, ServerIdentity identity, ClientPins pins, ProofType t,
                         Bytes client_sees_spki, Bytes server_sees_spki)
    : world(w),
      type(t),
      client_sees(std::move(client_sees_spki)),
      upload(t == ProofType::kOwner),
      client(Must(ClientSession::Start(std::move(pins), t, w.node_tls, w.random))),
      server(Must(ServerSession::Start(std::move(identity), w.service_tls,
                                       std::move(server_sees_spki), w.random))),
      c1(client.hello()) {}

SessionWalk SessionWalk::Release(ChannelWorld& world) {
  return Release(world, world.service_tls, world.node_tls);
}

SessionWalk SessionWalk::Release(ChannelWorld& world, Bytes client_sees, Bytes server_sees) {
  return SessionWalk(world, world.Serving(), world.Pins(), ProofType::kVtpm, std::move(client_sees),
                     std::move(server_sees));
}

SessionWalk SessionWalk::Init(ChannelWorld& world) {
  return Init(world, world.service_tls, world.node_tls);
}

SessionWalk SessionWalk::Init(ChannelWorld& world, Bytes client_sees, Bytes server_sees) {
  return SessionWalk(world, world.Awaiting(), {}, ProofType::kOwner, std::move(client_sees),
                     std::move(server_sees));
}

void SessionWalk::MakeS1() { s1 = Must(server.OnHello(c1)); }

void SessionWalk::MakeC2() {
  MakeS1();
  MustBeOk(DeliverS1());
  to_prove = Must(client.SetRequest(ToBytes("the request"), ToBytes("the client's payload")));
  const Bytes proof = type == ProofType::kVtpm ? world.node_chip.Attest(to_prove.report_data)
                                               : Must(world.owner.Sign(to_prove.owner_message));
  c2 = Must(client.SealProof(proof));
}

void SessionWalk::MakeS2() {
  MakeC2();
  request = Must(server.OnProof(c2));
  ServerAnswer answer;
  answer.payload = ToBytes("the server's payload");
  answer.expects_upload = upload;
  if (!upload) {
    answer.box =
        BoxContent{.kind = "dek", .id = "node-2/state", .generation = 1, .secret = Secret("dek")};
  }
  report_data_s = Must(server.SetAnswer(std::move(answer)));
  s2 = Must(server.Prove(world.service_chip.Attest(report_data_s)));
}

void SessionWalk::MakeC3() {
  MakeS2();
  proof_s = Must(client.OnAnswer(s2, true));
  MustBeOk(world.CheckService(proof_s));
  c3 = Must(client.SealUploadToVerifiedServer(Secret("the seed")));
}

void SessionWalk::MakeS3() {
  MakeC3();
  MustBeOk(server.OnUpload(c3).status());
  s3 = Must(server.Finish({.result = ToBytes("receipt"), .key = world.identity}));
}

}  // namespace kedge::testing
