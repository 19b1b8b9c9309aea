// One case of a file cases.json (its CASES.md has the rules), and the verifiers that can run it.
//
// A technology adds its function to a file of its own, declares it here, and enters it in the table
// in verify_batch.cc.
#pragma once

#include <absl/time/time.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "attestation/verify/check_list.h"
#include "base/status.h"
#include "proto/wire/attestation_policy.h"

namespace kedge::cli {

struct BatchCase {
  std::string root;  // folder of the case file
  std::string dir;   // relative to it: a folder, or one file with the raw input
  std::string base;  // the genuine case that this one was made from; may be empty
  std::string tech;
  // What --policy gave; null, or without the technology: the rules that come with the cases.
  const wire::AttestationPolicy* policy = nullptr;
  std::optional<absl::Time> time;  // nullopt: no check that depends on time
  Bytes nonce;                     // empty: none

  std::string Path() const { return root + "/" + dir; }
  // `name` in the case's folder.
  std::string File(const std::string& name) const { return Path() + "/" + name; }
  // `name` in the base's folder; "" where there is no base.
  std::string BaseFile(const std::string& name) const;
  bool is_single_file() const;
};

struct BatchResult {
  Verdict verdict;
  // The parsed claims under the names of the case's decoded fields, in the same form.
  nlohmann::json claims;
};

// An error means that the case could not be run at all (a file is missing), never a verdict.
using BatchVerifier = StatusOr<BatchResult> (*)(const BatchCase& batch_case);

StatusOr<BatchResult> VerifyEkCase(const BatchCase& batch_case);
StatusOr<BatchResult> VerifyEventLogCase(const BatchCase& batch_case);
StatusOr<BatchResult> VerifyHclCase(const BatchCase& batch_case);
StatusOr<BatchResult> VerifyNitroCase(const BatchCase& batch_case);
StatusOr<BatchResult> VerifySnpCase(const BatchCase& batch_case);
StatusOr<BatchResult> VerifyTdxCase(const BatchCase& batch_case);
StatusOr<BatchResult> VerifyTpmCase(const BatchCase& batch_case);

}  // namespace kedge::cli
