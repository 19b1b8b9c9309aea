#include "base/status.h"
#include <gtest/gtest.h>
