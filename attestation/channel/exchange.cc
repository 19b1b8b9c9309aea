#include "attestation/channel/exchange.h"

namespace kedge {

std::string_view ToString(ProofType type) {
  switch (type) {
    case ProofType::kNone:
      return "none";
    case ProofType::kVtpm:
      return "vtpm";
    case ProofType::kOwner:
      return "owner";
  }
  return "none";
}

}  // namespace kedge
