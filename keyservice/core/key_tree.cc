#include "keyservice/core/key_tree.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <string>

#include "base/lp.h"
#include "crypto/det_keygen.h"
#include "crypto/hkdf.h"
#include "crypto/kdf_label.h"

namespace kedge {
namespace {

constexpr size_t kKeySize = 32;
constexpr size_t kMaxWorkloadId = 1024;

}  // namespace

StatusOr<KeyTree> KeyTree::Generate(Random& random) {
  ASSIGN_OR_RETURN(SecretBytes seed, random.Secret(kNewSeedSize));
  Bytes salt(kSeedSaltSize);
  RETURN_IF_ERROR(random.Fill(salt));
  return Create(std::move(seed), salt);
}

StatusOr<KeyTree> KeyTree::Create(SecretBytes seed, ByteView salt) {
  if (seed.size() < kMinSeedSize || seed.size() > kMaxSeedSize) {
    return MakeError(StatusCode::kInvalidArgument,
                     absl::StrCat("seed of ", seed.size(), " bytes: expected ", kMinSeedSize,
                                  " to ", kMaxSeedSize));
  }
  if (salt.size() != kSeedSaltSize) {
    return MakeError(
        StatusCode::kInvalidArgument,
        absl::StrCat("salt of ", salt.size(), " bytes: expected exactly ", kSeedSaltSize));
  }
  return KeyTree(std::move(seed), ToBytes(salt));
}

StatusOr<SecretBytes> KeyTree::ContrastSecret(std::string_view info) const {
  return HkdfSha256(seed_, salt_, AsBytes(info), seed_.size());
}

StatusOr<SigningKey> KeyTree::RootCaKey() const {
  ASSIGN_OR_RETURN(const SecretBytes secret, ContrastSecret("ROOT CA SEED"));
  return DeterministicKey(Curve::kP384, secret);
}

StatusOr<SigningKey> KeyTree::TransactionKey() const {
  ASSIGN_OR_RETURN(const SecretBytes secret, ContrastSecret("TRANSACTION SIGNING SECRET"));
  return DeterministicKey(Curve::kP384, secret);
}

StatusOr<SecretBytes> KeyTree::PodStateSeed() const { return ContrastSecret("POD STATE SECRET"); }

StatusOr<SecretBytes> KeyTree::HistorySeed() const { return ContrastSecret("HISTORY SECRET"); }

StatusOr<SecretBytes> KeyTree::WorkloadSecret(std::string_view id) const {
  if (id.empty() || id.size() > kMaxWorkloadId) {
    return MakeError(StatusCode::kInvalidArgument, "workload secret id: expected 1 to 1,024 bytes");
  }
  ASSIGN_OR_RETURN(const SecretBytes pod_state, PodStateSeed());
  const std::string info = "WORKLOAD SECRET ID: " + std::string(id);
  return HkdfSha256(pod_state, salt_, AsBytes(info), seed_.size());
}

StatusOr<SigningKey> KeyTree::IdentityKey() const {
  ASSIGN_OR_RETURN(const SecretBytes secret,
                   HkdfSha256(seed_, salt_, KdfInfo("identity"), kKeySize));
  return DeterministicKey(Curve::kP256, secret);
}

StatusOr<SecretBytes> KeyTree::Master() const {
  return HkdfSha256(seed_, salt_, KdfInfo("master"), kKeySize);
}

StatusOr<ClusterId> KeyTree::ComputeClusterId(ByteView measurement_salt) const {
  if (measurement_salt.size() != kMeasurementSaltSize) {
    return MakeError(StatusCode::kInvalidArgument,
                     absl::StrCat("measurement salt of ", measurement_salt.size(),
                                  " bytes: expected exactly ", kMeasurementSaltSize));
  }
  ASSIGN_OR_RETURN(const SecretBytes master, Master());
  ASSIGN_OR_RETURN(const SecretBytes measurement,
                   HkdfSha256(master, {}, KdfInfo("measurement"), kKeySize));
  ASSIGN_OR_RETURN(const SecretBytes cluster_id,
                   HkdfSha256(measurement, measurement_salt, KdfInfo("cluster-id"),
                              std::tuple_size_v<ClusterId>));
  // Public from here on.
  ClusterId out{};
  cluster_id.Reveal([&out](ByteView raw) { std::copy(raw.begin(), raw.end(), out.begin()); });
  return out;
}

StatusOr<SecretBytes> KeyTree::Kek(uint32_t kek_epoch) const {
  if (kek_epoch == 0) {
    return MakeError(StatusCode::kInvalidArgument, "KEK epochs begin at 1");
  }
  ASSIGN_OR_RETURN(const SecretBytes master, Master());
  return HkdfSha256(master, {}, KdfInfo("kek", {U32Be(kek_epoch)}), kKeySize);
}

StatusOr<SecretBytes> DeriveDek(const SecretBytes& kek, std::string_view kind, std::string_view id,
                                uint32_t dek_generation) {
  if (kek.size() != kKeySize || kind.empty() || id.empty() || dek_generation == 0) {
    return MakeError(StatusCode::kInvalidArgument,
                     "a data key needs a KEK of 32 bytes, a kind, an id and a generation from 1");
  }
  return HkdfSha256(kek, {}, KdfInfo("dek", {AsBytes(kind), AsBytes(id), U32Be(dek_generation)}),
                    kKeySize);
}

}  // namespace kedge
