#include "attestation/channel_grpc/admission.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/status_matchers.h"

namespace kedge {
namespace {

std::string Peer(int address, int port) {
  return "ipv4:192.0.2." + std::to_string(address) + ":" + std::to_string(port);
}

TEST(AdmissionTest, OneAddressGetsHalfOfThePlacesWhateverItsPorts) {
  Admission admission(4);
  std::vector<Admission::Place> places;
  for (int port = 1; port <= 2; ++port) {
    ASSERT_OK_AND_ASSIGN(Admission::Place place, admission.Enter(Peer(1, port)));
    places.push_back(std::move(place));
  }
  const Status third = admission.Enter(Peer(1, 3)).status();
  EXPECT_THAT(third, HasFault("BUSY"));
  EXPECT_TRUE(IsRetryable(third));
  EXPECT_OK(admission.Enter(Peer(2, 3)));
}

TEST(AdmissionTest, TheTotalIsBounded) {
  Admission admission(4);
  std::vector<Admission::Place> places;
  for (int address = 1; address <= 4; ++address) {
    ASSERT_OK_AND_ASSIGN(Admission::Place place, admission.Enter(Peer(address, 1)));
    places.push_back(std::move(place));
  }
  EXPECT_THAT(admission.Enter(Peer(5, 1)), HasFault("BUSY"));
  places.pop_back();
  EXPECT_OK(admission.Enter(Peer(5, 1)));
}

TEST(AdmissionTest, APlaceIsGivenBackOnceAlsoAfterAMove) {
  Admission admission(1);
  std::optional<Admission::Place> held;
  {
    ASSERT_OK_AND_ASSIGN(Admission::Place place, admission.Enter(Peer(1, 1)));
    held.emplace(std::move(place));
  }
  EXPECT_THAT(admission.Enter(Peer(1, 2)), HasFault("BUSY"));
  held.reset();
  EXPECT_OK(admission.Enter(Peer(1, 2)));
}

}  // namespace
}  // namespace kedge
