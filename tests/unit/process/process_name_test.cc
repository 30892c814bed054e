#include "common/process/process_name.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pyro {
namespace {

TEST(ProcessName, is_that_of_a_process_while_it_lives) {
  EXPECT_TRUE(is_process_alive(own_process_name()));
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  // Ended, and not yet reaped.
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  const std::string start = own_process_name().substr(own_process_name().find(' '));
  EXPECT_FALSE(is_process_alive(std::to_string(child) + start));
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_process_alive(std::to_string(child) + start));
}

TEST(ProcessName, of_another_process_with_the_same_id_is_another) {
  EXPECT_FALSE(is_process_alive(std::to_string(::getpid()) + " 1"));
}

TEST(ProcessName, that_is_none_is_no_process) {
  for (const char* name : {"", " ", "self 1", "1", "-1 1", "../1 1"}) {
    EXPECT_FALSE(is_process_alive(name)) << name;
  }
}

}  // namespace
}  // namespace pyro
