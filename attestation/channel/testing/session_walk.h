// Two sessions walked step by step, so that a test can stop between any two messages and interfere.
#pragma once

#include "attestation/channel/client_session.h"
#include "attestation/channel/server_session.h"
#include "attestation/channel/testing/channel_world.h"

namespace kedge::testing {

// Each step aborts where an honest step fails: interfere before it, not with it.
class SessionWalk {
 public:
  // A node and a serving cluster; `client_sees` and `server_sees` are the TLS keys that each finds
  // at the other end.
  static SessionWalk Release(ChannelWorld& world);
  static SessionWalk Release(ChannelWorld& world, Bytes client_sees, Bytes server_sees);
  // An owner and a server without a key.
  static SessionWalk Init(ChannelWorld& world);
  static SessionWalk Init(ChannelWorld& world, Bytes client_sees, Bytes server_sees);
  SessionWalk(ChannelWorld& world, ServerIdentity identity, ClientPins pins, ProofType type,
              Bytes client_sees, Bytes server_sees);

  void MakeS1();  // s1 is ready, the client has not seen it
  void MakeC2();
  void MakeS2();
  void MakeC3();
  void MakeS3();

  // Hands s1 to the client as it is.
  Status DeliverS1() { return client.OnHello(s1, client_sees); }

  ChannelWorld& world;
  ProofType type;
  Bytes client_sees;
  bool upload;
  ClientSession client;
  ServerSession server;

  HelloC1 c1;
  HelloS1 s1;
  ClientSession::ToProve to_prove;
  ProofC2 c2;
  ClientRequest request;
  ReportData report_data_s{};
  AnswerS2 s2;
  ServerProof proof_s;
  UploadC3 c3;
  DoneS3 s3;
};

}  // namespace kedge::testing
