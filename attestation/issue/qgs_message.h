// Messages to Intel's quoting service on the host (QGS), which turns a TDREPORT into a quote. Pure.
//
// Source: Intel SGX DCAP, QuoteGeneration/quote_wrapper/qgs_msg_lib: u16 major, u16 minor, u32
// type, u32 size of the whole message, u32 error; little-endian. On a stream each message has its
// size before it, u32 big-endian.
#pragma once

#include "base/bytes.h"
#include "base/status.h"

namespace kedge {

inline constexpr size_t kMaxQgsMessage = 32 * 1024;

// GET_QUOTE_REQ 1.0 for any quoting key.
Bytes QgsQuoteRequest(ByteView td_report);
// The quote of a GET_QUOTE_RESP of version 1. MALFORMED; QUOTE_REFUSED with the service's error.
StatusOr<Bytes> ParseQgsQuoteResponse(ByteView message);

}  // namespace kedge
