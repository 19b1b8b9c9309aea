#include "base/secret_bytes.h"
#include <gtest/gtest.h>
