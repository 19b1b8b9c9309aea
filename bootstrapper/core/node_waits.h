// What a node waits for, by the names of the design (Node life): shown on its console, in its
// status line and journal, beside the code of the failure that makes it wait.
#pragma once

#include <string>

#include "base/status.h"

namespace kedge {

inline constexpr char kWaitingForKeyService[] = "WAITING_FOR_KEYSERVICE";

// `failure` of an exchange with the key service. Where nobody answers, or one that serves nobody
// yet, it comes back with the state WAITING_FOR_KEYSERVICE; code, advice and message stay. Every
// other status, OK among them, comes back as it is: a TPM that is busy is no reason to look at the
// key service.
Status WaitingForKeyService(const Status& failure);

// The state that `failure` carries, or "".
std::string StateOfWait(const Status& failure);

}  // namespace kedge
