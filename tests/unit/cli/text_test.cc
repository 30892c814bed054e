#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/command_line/suggest.h"
#include "gateway/cli/commands/stack/stack_text.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

using ::testing::HasSubstr;

TEST(Suggest, a_slip_of_the_fingers_finds_the_command) {
  const std::vector<std::string> known{"run", "env", "stack", "doctor", "completion"};
  EXPECT_EQ(nearest("stcak", known), "stack");
  EXPECT_EQ(nearest("docter", known), "doctor");
  EXPECT_EQ(nearest("rum", known), "run");
}

TEST(Suggest, a_word_that_is_far_from_all_suggests_nothing) {
  EXPECT_EQ(nearest("kubernetes", {"run", "env"}), std::nullopt);
  EXPECT_EQ(nearest("xx", {"run", "env"}), std::nullopt);
}

TEST(Table, columns_line_up_without_trailing_blanks) {
  EXPECT_EQ(table({{"NAME", "SIZE"}, {"debian:12", "-"}, {"x", ""}}),
            "NAME       SIZE\ndebian:12  -\nx\n");
}

TEST(StackText, a_stack_that_does_not_run_says_for_which_directory) {
  api::Stack stack;
  stack.state_dir = "/s";
  EXPECT_EQ(stack_text(stack), "no stack runs for /s; commands that need one start it\n");
}

TEST(StackText, a_service_shows_its_last_error) {
  api::Stack stack;
  stack.running = true;
  stack.services.push_back({.name = "vm",
                            .state = api::ServiceState::kFailed,
                            .pid = std::nullopt,
                            .restarts = 3,
                            .started_at = std::nullopt,
                            .pss_bytes = std::nullopt,
                            .last_error = "was ended by signal 11"});
  EXPECT_THAT(stack_text(stack), HasSubstr("vm          failed   -    3         -\n"));
  EXPECT_THAT(stack_text(stack), HasSubstr("vm: was ended by signal 11\n"));
}

api::Stack stack_with_standby(std::optional<std::uint32_t> machines) {
  api::Stack stack;
  stack.running = true;
  api::ServiceStatus vm;
  vm.name = "vm";
  vm.standby_machines = machines;
  stack.services.push_back(vm);
  return stack;
}

TEST(StackText, a_service_shows_the_machines_it_keeps_on_standby) {
  EXPECT_THAT(stack_text(stack_with_standby(0)),
              HasSubstr("\nvm: 0 machines on standby for the next caller\n"));
  EXPECT_THAT(stack_text(stack_with_standby(1)),
              HasSubstr("\nvm: 1 machine on standby for the next caller\n"));
  EXPECT_THAT(stack_text(stack_with_standby(2)),
              HasSubstr("\nvm: 2 machines on standby for the next caller\n"));
  EXPECT_THAT(stack_text(stack_with_standby({})), ::testing::Not(HasSubstr("standby")));
}

}  // namespace
}  // namespace pyro::cli
