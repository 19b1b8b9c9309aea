#include "base/reader.h"
#include <gtest/gtest.h>
