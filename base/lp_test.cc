#include "base/lp.h"
#include <gtest/gtest.h>
