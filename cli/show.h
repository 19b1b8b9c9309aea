// Pieces of output that several commands share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "keyservice/client/service_check.h"
#include "keyservice/client/service_status.h"
#include "keyservice/core/receipt.h"

namespace kedge::cli {

// The machine that a key service runs in.
nlohmann::ordered_json MachineJson(const client::SeenService& service);
std::string DescribeMachine(const client::SeenService& service);  // one line

// How far owners have come with an update, one line.
std::string DescribeUpdate(const client::UpdateRow& update);

// The name of a cluster's identity key: SHA-256 of its SPKI, in hex.
std::string ServiceKeyId(ByteView spki);

// What must stand beside every verdict on a TPM that its host runs; "" where that is not so.
inline constexpr char kNotConfidential[] = "not confidential: host-run TPM";
std::string ConfidentialityLine(const client::SeenService& service);

}  // namespace kedge::cli
