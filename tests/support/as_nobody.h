#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

namespace pyro::testing {

/// Root reads everything, so it steps back for a while.
class AsNobody {
 public:
  AsNobody() : was_(::geteuid()) { EXPECT_EQ(::seteuid(was_ == 0 ? 65534 : was_), 0); }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() { EXPECT_EQ(::seteuid(was_), 0); }

 private:
  uid_t was_;
};

}  // namespace pyro::testing
