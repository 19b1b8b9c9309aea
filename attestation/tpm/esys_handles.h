// Owners for ESAPI objects and one way to report its errors (TCG TSS 2.0 ESAPI 1.0). For .cc files
// of this room only.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"

namespace kedge {

// OK for TSS2_RC_SUCCESS; UNAVAILABLE with fault TPM_UNAVAILABLE (retry) where the device did not
// answer or asks to come back later; FAILED_PRECONDITION with fault TPM_LOCKOUT in
// dictionary-attack lockout; otherwise INTERNAL with the code's meaning.
Status TpmStatus(std::string_view command, TSS2_RC code);

// Whether the transport itself failed, so that the connection must be made anew.
bool IsTransportFailure(TSS2_RC code);

struct EsysFree {
  void operator()(void* memory) const { Esys_Free(memory); }
};
template <typename T>
using EsysPtr = std::unique_ptr<T, EsysFree>;

// Receives an output argument: Esys_X(…, Out(owner)).
template <typename T>
class OutPtr {
 public:
  explicit OutPtr(EsysPtr<T>& owner) : owner_(owner) {}
  ~OutPtr() { owner_.reset(raw_); }
  OutPtr(const OutPtr&) = delete;
  OutPtr& operator=(const OutPtr&) = delete;
  operator T**() { return &raw_; }  // NOLINT(google-explicit-constructor)

 private:
  EsysPtr<T>& owner_;
  T* raw_ = nullptr;
};
template <typename T>
OutPtr<T> Out(EsysPtr<T>& owner) {
  return OutPtr<T>(owner);
}

// A transient object or session, flushed at once when it goes out of scope: a TPM without a
// resource manager has room for three of each.
class EsysHandle {
 public:
  explicit EsysHandle(ESYS_CONTEXT* context) : context_(context) {}
  EsysHandle(EsysHandle&& other) noexcept
      : context_(other.context_), handle_(std::exchange(other.handle_, ESYS_TR_NONE)) {}
  EsysHandle& operator=(EsysHandle&&) = delete;
  ~EsysHandle() {
    if (handle_ != ESYS_TR_NONE) Esys_FlushContext(context_, handle_);
  }

  ESYS_TR get() const { return handle_; }
  ESYS_TR* receive() { return &handle_; }

 private:
  ESYS_CONTEXT* context_;
  ESYS_TR handle_ = ESYS_TR_NONE;
};

// A reference to an NV index: only our knowledge of it is released, never the index.
class EsysReference {
 public:
  explicit EsysReference(ESYS_CONTEXT* context) : context_(context) {}
  EsysReference(const EsysReference&) = delete;
  EsysReference& operator=(const EsysReference&) = delete;
  ~EsysReference() {
    if (handle_ != ESYS_TR_NONE) Esys_TR_Close(context_, &handle_);
  }

  ESYS_TR get() const { return handle_; }
  ESYS_TR* receive() { return &handle_; }

 private:
  ESYS_CONTEXT* context_;
  ESYS_TR handle_ = ESYS_TR_NONE;
};

}  // namespace kedge
