#include "services/supervisor/stack_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/stack/installation.h"

namespace pyro::supervisor {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StackFileTest : public testing::Test {
 protected:
  StackFile read(const std::string& text) {
    write_file_atomically(file_, text);
    return read_stack_file(file_);
  }
  std::string refusal_of(const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      return error.message();
    }
    return "accepted";
  }

  TemporaryDirectory directory_{"/tmp", "pyro-test"};
  std::filesystem::path file_ = directory_.path() / "stack.toml";
};

TEST_F(StackFileTest, the_file_of_the_suite_names_who_is_asked_before_who_asks) {
  const auto stack = read_stack_file(find_share_file("stack.toml"));
  std::vector<std::string> names;
  for (const auto& service : stack.services) names.push_back(service.name);
  EXPECT_EQ(names, (std::vector<std::string>{"image", "vm", "files", "net", "workspace"}));
  EXPECT_EQ(stack.services[1].program, "pyro-vm");
  EXPECT_EQ(stack.restart.crash_limit, 8U);
}

TEST_F(StackFileTest, an_unknown_key_is_refused_with_its_name_and_file) {
  EXPECT_THAT(refusal_of("[restart]\nback_off = 3\n"),
              AllOf(HasSubstr("back_off"), HasSubstr("stack.toml")));
  EXPECT_THAT(refusal_of("[[service]]\nname='a'\nprogram='a'\ncommand='a'\n"),
              HasSubstr("unknown field 'command'"));
}

TEST_F(StackFileTest, a_service_comes_after_one_that_is_listed_before_it) {
  EXPECT_THAT(refusal_of("[[service]]\nname='a'\nprogram='a'\nafter=['b']\n"
                         "[[service]]\nname='b'\nprogram='b'\n"),
              HasSubstr("service 'a' starts after 'b', which must be listed before it"));
}

TEST_F(StackFileTest, a_name_is_listed_once) {
  EXPECT_THAT(
      refusal_of("[[service]]\nname='a'\nprogram='a'\n[[service]]\nname='a'\nprogram='b'\n"),
      HasSubstr("service 'a' is listed twice"));
}

TEST_F(StackFileTest, text_that_is_no_toml_is_refused_with_its_line) {
  EXPECT_THAT(refusal_of("[restart]\nbackoff_initial_ms = \n"), HasSubstr("line 2"));
}

}  // namespace
}  // namespace pyro::supervisor
