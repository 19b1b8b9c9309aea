// Hostile messages to both sessions, in any order: no crash, and never a result. Input: a sequence
// of one selecting byte and lp-encoded fields.
#include <cstdlib>
#include <memory>

#include "attestation/channel/client_session.h"
#include "attestation/channel/server_session.h"
#include "base/reader.h"

namespace {

using namespace kedge;  // NOLINT: fuzz entry point

class CountingRandom final : public Random {
 public:
  Status Fill(std::span<uint8_t> out) override {
    for (uint8_t& byte : out) byte = ++next_;
    return absl::OkStatus();
  }

 private:
  uint8_t next_ = 0;
};

Bytes Field(Reader& reader) {
  const auto field = reader.Lp(4096);
  return field.ok() ? ToBytes(*field) : Bytes();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reader reader(ByteView(data, size));
  CountingRandom random;
  const Bytes client_tls(kP256SpkiSize, 1), server_tls(kP256SpkiSize, 2);
  auto client = ClientSession::Start({}, ProofType::kOwner, client_tls, random);
  auto server = ServerSession::Start({}, server_tls, client_tls, random);
  if (!client.ok() || !server.ok()) std::abort();
  while (!reader.empty()) {
    switch (reader.U8().value() % 8) {
      case 0: {
        HelloC1 c1;
        c1.nonce = Field(reader);
        c1.ephemeral_key = Field(reader);
        server->OnHello(c1).status().IgnoreError();
        break;
      }
      case 1:
        server->OnProof({.sealed = Field(reader)}).status().IgnoreError();
        break;
      case 2:
        if (server->OnActivation({.hmac = Field(reader)}).ok()) std::abort();
        break;
      case 3:
        if (server->OnUpload({.box_up = Field(reader)}).ok()) std::abort();
        break;
      case 4: {
        HelloS1 s1;
        for (Bytes HelloS1::*field :
             {&HelloS1::nonce, &HelloS1::ephemeral_key, &HelloS1::state, &HelloS1::cluster_id,
              &HelloS1::service_key_spki, &HelloS1::sig_hello}) {
          s1.*field = Field(reader);
        }
        if (client->OnHello(s1, server_tls).ok()) {
          client->SetRequest({1}, {2}).status().IgnoreError();
          client->SealProof({3}).status().IgnoreError();
        }
        break;
      }
      case 5: {
        AnswerS2 s2;
        for (Bytes AnswerS2::*field :
             {&AnswerS2::evidence, &AnswerS2::payload, &AnswerS2::box, &AnswerS2::sig_id}) {
          s2.*field = Field(reader);
        }
        // The evidence is never good here, so nothing is opened.
        client->OnAnswer(std::move(s2), false).status().IgnoreError();
        break;
      }
      case 6: {
        ChallengeS1b s1b;
        s1b.id_object = Field(reader);
        s1b.encrypted_secret = Field(reader);
        if (client->OnChallenge(s1b).ok()) std::abort();  // an owner is never challenged
        break;
      }
      case 7: {
        DoneS3 s3;
        for (Bytes DoneS3::*field :
             {&DoneS3::box_done, &DoneS3::sig_done, &DoneS3::service_key_spki}) {
          s3.*field = Field(reader);
        }
        if (client->OnDone(s3).ok()) std::abort();
        break;
      }
    }
  }
  return 0;
}
