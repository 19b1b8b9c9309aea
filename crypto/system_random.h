// The operating system's generator behind the Random port (OpenSSL RAND_priv_bytes).
#pragma once

#include "base/random.h"

namespace kedge {

class SystemRandom final : public Random {
 public:
  Status Fill(std::span<uint8_t> out) override;
};

}  // namespace kedge
