#include "gateway/mcp/tools/arguments.h"

#include <gmock/gmock.h>

#include "toolbox_fixture.h"

namespace pyro::mcp {
namespace {

using ::testing::StartsWith;

/// As the tool's operation gets it.
Json meant(const std::string& tool, const Json& arguments, const Json& defaults = Json::object()) {
  return as_meant(arguments, row_of(tool).operation->request_type(), defaults);
}

std::string says(const std::string& tool, const Json& arguments) {
  return text_of(call(named(tools_of(toolbox({})), tool), arguments));
}

TEST(Arguments, null_is_an_argument_that_was_not_given) {
  const Json id = {{"workspace_id", "a"}};
  for (const auto& [tool, field] : {std::pair{"workspace_exec", "timeout_seconds"},
                                    {"workspace_file_list", "path"},
                                    {"workspace_file_list", "recursive"},
                                    {"workspace_file_read", "max_bytes"},
                                    {"workspace_reset", "snapshot"},
                                    {"workspace_create", "network_policy"},
                                    {"workspace_create", "labels"},
                                    {"workspace_update", "clear_labels"}}) {
    EXPECT_EQ(meant(tool, {{"workspace_id", "a"}, {field, nullptr}}), id) << tool << ' ' << field;
  }
  EXPECT_THAT(says("workspace_exec",
                   {{"workspace_id", "a"}, {"command", "true"}, {"timeout_seconds", nullptr}}),
              StartsWith("the stack was asked"));
  EXPECT_THAT(says("workspace_create", {{"environment", nullptr}, {"seed_path", nullptr}}),
              StartsWith("the stack was asked"));
}

TEST(Arguments, null_for_a_required_argument_is_refused_by_its_name) {
  EXPECT_THAT(says("workspace_exec", {{"workspace_id", "a"}, {"command", nullptr}}),
              StartsWith("command is required"));
  EXPECT_THAT(
      says("workspace_file_write", {{"workspace_id", "a"}, {"path", "x"}, {"text", nullptr}}),
      StartsWith("text is required"));
  EXPECT_THAT(says("workspace_exec", {{"workspace_id", "a"}, {"comand", nullptr}}),
              StartsWith("unknown field 'comand'"));
}

TEST(Arguments, numbers_flags_lists_and_labels_in_a_text_are_taken) {
  EXPECT_EQ(meant("workspace_exec", {{"timeout_seconds", "30"}}), (Json{{"timeout_seconds", 30}}));
  EXPECT_EQ(meant("workspace_exec_poll", {{"cursor", "0"}}), (Json{{"cursor", 0}}));
  EXPECT_EQ(meant("workspace_file_list", {{"recursive", "true"}}), (Json{{"recursive", true}}));
  EXPECT_EQ(meant("workspace_file_list", {{"recursive", "False"}}), (Json{{"recursive", false}}));
  const Json labels = {{"labels", {{"pr", "12"}, {"by", "me"}}}};
  EXPECT_EQ(meant("workspace_create", {{"labels", R"({"pr": "12", "by": "me"})"}}), labels);
  EXPECT_EQ(meant("workspace_create", {{"labels", {{"pr", 12}, {"by", "me"}}}}), labels);
  EXPECT_EQ(meant("workspace_update", {{"clear_labels", R"(["pr"])"}}),
            (Json{{"clear_labels", Json::array({"pr"})}}));
  EXPECT_THAT(says("workspace_exec",
                   {{"workspace_id", "a"}, {"command", "true"}, {"timeout_seconds", "30"}}),
              StartsWith("the stack was asked"));
}

TEST(Arguments, what_can_mean_several_things_is_refused_by_name) {
  const auto refused = [](const std::string& tool, const std::string& field, const Json& value,
                          const std::string& why) {
    Json arguments = {{"workspace_id", "a"}, {field, value}};
    if (tool == "workspace_exec") arguments["command"] = "true";
    if (tool == "workspace_create") arguments.erase("workspace_id");
    EXPECT_THAT(says(tool, arguments), StartsWith(field + why));
  };
  refused("workspace_exec", "timeout_seconds", "30x", " must be an integer, not \"30x\"");
  refused("workspace_exec", "timeout_seconds", "", " must be an integer, not \"\"");
  refused("workspace_exec", "timeout_seconds", "30.5", " must be an integer, not 30.5");
  refused("workspace_exec", "timeout_seconds", "0", " must be positive, not 0");
  refused("workspace_exec", "timeout_seconds", std::string(4000, '1'), " must be an integer");
  refused("workspace_file_list", "recursive", "yes", " must be true or false, not \"yes\"");
  refused("workspace_file_list", "recursive", 1, " must be true or false, not 1");
  refused("workspace_create", "labels", "pr", " must be an object, not \"pr\"");
  refused("workspace_create", "labels", "[1]", " must be an object");
  refused("workspace_create", "labels", std::string(1000, '['), " must be an object");
  EXPECT_THAT(says("workspace_create", {{"labels", {{"pr", nullptr}}}}),
              StartsWith("each value of labels must be a string, not null"));
  EXPECT_THAT(says("workspace_exec", {{"workspace_id", "a"}, {"command", 5}}),
              StartsWith("command must be a string, not 5"));
}

TEST(Arguments, an_empty_text_is_not_given_where_the_default_says_what_is_meant) {
  EXPECT_EQ(meant("workspace_reset", {{"snapshot", ""}}), Json::object());
  EXPECT_EQ(meant("workspace_file_list", {{"path", ""}}), Json::object());
  EXPECT_EQ(meant("workspace_diff", {{"path", ""}}), Json::object());
  EXPECT_EQ(meant("workspace_create", {{"name", ""}, {"seed_path", ""}, {"network_policy", ""}}),
            Json::object());
  EXPECT_EQ(meant("workspace_create", {{"environment", ""}}, {{"environment", "debian:12"}}),
            Json::object());
  // Without a default, where empty is a value, and where it may mean to take the name away.
  for (const auto& [tool, field] : {std::pair{"vm_run", "environment"},
                                    {"snapshot_create", "snapshot_name"},
                                    {"workspace_file_write", "text"},
                                    {"workspace_update", "name"}}) {
    EXPECT_EQ(meant(tool, {{field, ""}}), (Json{{field, ""}})) << tool;
  }
}

}  // namespace
}  // namespace pyro::mcp
