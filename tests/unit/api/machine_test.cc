#include "common/api/machine.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/api/msgpack_codec.h"
#include "tests/support/errors.h"

namespace pyro::api {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;

RunMachine valid() {
  RunMachine run;
  run.environment = "debian:12";
  run.command = "true";
  return run;
}

template <class Change>
std::optional<Error> refusal(Change&& change) {
  RunMachine run = valid();
  change(run);
  return error_of([&] { from_msgpack<RunMachine>(to_msgpack(run), UnknownFields::kRefuse); });
}

TEST(RunMachine, limits_are_refused_with_the_words_of_the_contract) {
  const auto refused = [](const char* message) {
    return Refused(ErrorCode::kInvalidArgument, message);
  };
  EXPECT_EQ(refusal([](RunMachine&) {}), std::nullopt);
  EXPECT_THAT(refusal([](auto& run) { run.vcpu_count = 0; }),
              refused("vcpu_count must be between 1 and 8, not 0"));
  EXPECT_THAT(refusal([](auto& run) { run.vcpu_count = 9; }),
              refused("vcpu_count must be between 1 and 8, not 9"));
  EXPECT_THAT(refusal([](auto& run) { run.mem_mib = 255; }),
              refused("mem_mib must be between 256 and 32768, not 255"));
  EXPECT_THAT(refusal([](auto& run) { run.ttl_seconds = 59; }),
              refused("ttl_seconds must be between 60 and 604800, not 59"));
  EXPECT_THAT(refusal([](auto& run) { run.timeout_seconds = 0; }),
              refused("timeout_seconds must be positive, not 0"));
  EXPECT_THAT(refusal([](auto& run) { run.timeout_seconds = 604801; }),
              refused("timeout_seconds must be between 1 and 604800, not 604801"));
  EXPECT_THAT(refusal([](auto& run) { run.command = ""; }), refused("command must not be empty"));
}

TEST(RunMachine, a_negative_number_from_a_door_hears_the_same_words) {
  const auto from = [](const char* json) {
    return error_of([json] { from_json<RunMachine>(Json::parse(json), UnknownFields::kRefuse); });
  };
  EXPECT_THAT(from(R"({"environment":"e","command":"c","timeout_seconds":-1})"),
              Refused(ErrorCode::kInvalidArgument, "timeout_seconds must be positive, not -1"));
  EXPECT_THAT(from(R"({"environment":"e","command":"c","vcpu_count":-1})"),
              Refused(ErrorCode::kInvalidArgument, "vcpu_count must be between 1 and 8, not -1"));
}

TEST(RunMachine, the_longest_command_a_kernel_takes_passes) {
  EXPECT_EQ(refusal([](auto& run) { run.command.assign(131071, 'x'); }), std::nullopt);
  EXPECT_THAT(
      refusal([](auto& run) { run.command.assign(131072, 'x'); }),
      Refused(ErrorCode::kInvalidArgument, "command may be at most 131071 bytes long, not 131072"));
}

}  // namespace
}  // namespace pyro::api
