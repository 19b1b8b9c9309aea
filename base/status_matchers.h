// Test matchers for Status and StatusOr (absl's own come later than Debian's version).
#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "base/status.h"

namespace kedge {

inline const Status& StatusOf(const Status& status) { return status; }
template <typename T>
const Status& StatusOf(const StatusOr<T>& value) {
  return value.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

MATCHER_P(HasCode, code, "has the status code") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

MATCHER_P(HasFault, fault_code, "carries the fault code") {
  *result_listener << StatusOf(arg).ToString() << " fault " << FaultCode(StatusOf(arg));
  return !StatusOf(arg).ok() && FaultCode(StatusOf(arg)) == fault_code;
}

}  // namespace kedge

#define ASSERT_OK(expression) ASSERT_THAT((expression), ::kedge::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT((expression), ::kedge::IsOk())
#define ASSERT_OK_AND_ASSIGN(declaration, expression) \
  KEDGE_ASSERT_OK_AND_ASSIGN_IMPL(KEDGE_CONCAT(kedge_test_or_, __LINE__), declaration, expression)
#define KEDGE_ASSERT_OK_AND_ASSIGN_IMPL(name, declaration, expression) \
  auto name = (expression);                                            \
  ASSERT_THAT(name, ::kedge::IsOk());                                  \
  declaration = std::move(name).value()
