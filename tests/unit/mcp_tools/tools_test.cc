#include <gmock/gmock.h>

#include "toolbox_fixture.h"

namespace pyro::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

const std::vector<std::string> kEveryMode = {
    "workspace_create",      "workspace_delete", "workspace_exec",      "workspace_exec_poll",
    "workspace_exec_cancel", "workspace_export", "workspace_file_list", "workspace_file_read",
    "workspace_list",        "workspace_logs",   "workspace_summary",   "workspace_status",
    "workspace_start",       "workspace_update"};

std::vector<std::string> with(std::vector<std::string> names,
                              const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

const std::vector<std::string> kFix = {"workspace_diff", "workspace_file_write",
                                       "workspace_patch_apply", "workspace_reset",
                                       "workspace_sync_push"};

const std::vector<std::string> kServices = {"service_start", "service_list", "service_status",
                                            "service_logs", "service_stop"};
const std::vector<std::string> kNetworks = {"workspace_network_show", "workspace_network_update",
                                            "workspace_network_log",  "workspace_network_learned",
                                            "workspace_port_list",    "workspace_port_open",
                                            "workspace_port_close"};
const std::vector<std::string> kShells = {"shell_open", "shell_read", "shell_write", "shell_signal",
                                          "shell_close"};

std::vector<std::string> names_with(const ServerOptions& options) {
  return names_of(tools_of(toolbox(options)));
}

TEST(Tools, each_profile_and_mode_has_those_of_the_contract_that_work) {
  using ::testing::UnorderedElementsAreArray;
  EXPECT_THAT(names_with({.profile = ServerProfile::kVmRun}), UnorderedElementsAre("vm_run"));
  EXPECT_THAT(names_with({}), UnorderedElementsAreArray(with(with(kEveryMode, kFix), {"vm_run"})));
  EXPECT_THAT(names_with({.mode = ServerMode::kReproFix}),
              UnorderedElementsAreArray(with(kEveryMode, kFix)));
  EXPECT_THAT(names_with({.mode = ServerMode::kInspect}), UnorderedElementsAreArray(kEveryMode));
  EXPECT_THAT(names_with({.mode = ServerMode::kColdStart}),
              UnorderedElementsAreArray(with(with(kEveryMode, kServices), {"workspace_reset"})));
  EXPECT_THAT(
      names_with({.mode = ServerMode::kReviewEval}),
      UnorderedElementsAreArray(
          with(with(kEveryMode, kShells), {"workspace_diff", "workspace_reset", "snapshot_create",
                                           "snapshot_list", "snapshot_delete"})));
  EXPECT_THAT(names_with({.profile = ServerProfile::kWorkspaceFull}),
              UnorderedElementsAreArray(with(
                  with(with(with(with(kEveryMode, kFix), kServices), kShells), kNetworks),
                  {"vm_run", "vm_create", "vm_start", "vm_exec", "vm_stop", "vm_delete",
                   "vm_status", "vm_network_info", "vm_list_environments", "vm_reap_expired",
                   "workspace_stop", "workspace_disk_export", "workspace_disk_list",
                   "workspace_disk_read", "snapshot_create", "snapshot_list", "snapshot_delete"})));
}

TEST(Tools, a_default_that_is_no_utf8_is_described_as_well_as_it_goes) {
  const auto tools = tools_of(toolbox({.environment = "caf\xe9"}));
  const Json& field = named(tools, "workspace_create").input_schema["properties"]["environment"];
  EXPECT_THAT(field["description"].get<std::string>(), HasSubstr("Default \"caf\xEF\xBF\xBD\"."));
}

TEST(Tools, only_the_full_profile_offers_network_policies) {
  for (const auto& options : every_choice()) {
    const auto tools = tools_of(toolbox(options));
    const bool full = options.profile == ServerProfile::kWorkspaceFull;
    for (const auto& tool : tools) {
      if (tool.name != "workspace_create") continue;
      EXPECT_EQ(tool.input_schema["properties"].contains("network_policy"), full);
      EXPECT_EQ(tool.annotations.open_world, full);
      if (full) continue;
      EXPECT_THAT(text_of(call(tool, {{"network_policy", "off"}})),
                  StartsWith("unknown field 'network_policy'"));
    }
  }
}

TEST(Tools, annotations_tell_readers_from_what_changes_and_what_destroys) {
  const std::vector<std::string> readers = {"workspace_status",
                                            "workspace_list",
                                            "workspace_logs",
                                            "workspace_summary",
                                            "workspace_diff",
                                            "workspace_file_list",
                                            "snapshot_list",
                                            "workspace_file_read",
                                            "workspace_exec_poll",
                                            "vm_status",
                                            "vm_network_info",
                                            "vm_list_environments",
                                            "workspace_disk_list",
                                            "workspace_disk_read",
                                            "service_list",
                                            "service_status",
                                            "service_logs",
                                            "shell_read",
                                            "workspace_network_show",
                                            "workspace_network_log",
                                            "workspace_network_learned",
                                            "workspace_port_list"};
  const std::vector<std::string> destroyers = {"workspace_delete", "workspace_reset",
                                               "snapshot_delete", "vm_delete"};
  const auto is_in = [](const auto& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const auto& tool : tools_of(toolbox({.profile = ServerProfile::kWorkspaceFull}))) {
    EXPECT_EQ(tool.annotations.read_only, is_in(readers, tool.name)) << tool.name;
    EXPECT_EQ(tool.annotations.destructive, is_in(destroyers, tool.name)) << tool.name;
    const bool network = tool.name == "vm_run" || tool.name == "vm_create" ||
                         tool.name == "workspace_create" || tool.name == "workspace_network_update";
    EXPECT_EQ(tool.annotations.open_world, network) << tool.name;
  }
}

TEST(Tools, arguments_are_refused_by_name_before_the_stack_is_asked) {
  const auto tools = tools_of(toolbox({}));
  const auto says = [&](const std::string& tool, const Json& arguments) {
    const auto result = call(named(tools, tool), arguments);
    EXPECT_TRUE(result.is_error);
    EXPECT_THAT(text_of(result), Not(HasSubstr("the stack was asked")));
    return text_of(result);
  };
  EXPECT_THAT(says("workspace_exec", {{"workspace_id", "a"}}), StartsWith("command is required"));
  EXPECT_THAT(says("workspace_create", {{"vcpu_count", 99}}),
              StartsWith("vcpu_count must be between 1 and 8"));
  EXPECT_THAT(says("workspace_create", {{"vcpu_count", "two"}}), StartsWith("vcpu_count must be"));
  EXPECT_THAT(says("workspace_create", {{"vcpus", 2}}), StartsWith("unknown field 'vcpus'"));
  EXPECT_THAT(says("workspace_create", {{"seed_path", "/etc"}}),
              StartsWith("seed_path '/etc' lies"));
  EXPECT_THAT(says("workspace_export",
                   {{"workspace_id", "a"}, {"path", "x"}, {"output_path", "/etc/passwd"}}),
              StartsWith("output_path '/etc/passwd' lies"));
  EXPECT_THAT(says("workspace_sync_push", {{"workspace_id", "a"}, {"source_path", "/root"}}),
              StartsWith("source_path '/root' lies"));
}

TEST(Tools, a_disk_is_exported_where_a_server_may_write_and_nowhere_else) {
  const auto tools = tools_of(toolbox({.profile = ServerProfile::kWorkspaceFull}));
  const auto refused = call(named(tools, "workspace_disk_export"),
                            {{"workspace_id", "a"}, {"output_path", "/etc/disk.ext4"}});
  EXPECT_TRUE(refused.is_error);
  EXPECT_THAT(text_of(refused), StartsWith("output_path '/etc/disk.ext4' lies"));
}

TEST(Tools, no_id_is_longer_than_an_error_can_repeat) {
  for (const auto& tool : tools_of(toolbox({.profile = ServerProfile::kWorkspaceFull}))) {
    for (const char* id : {"vm_id", "workspace_id", "job_id"}) {
      if (!tool.input_schema["properties"].contains(id)) continue;
      EXPECT_EQ(tool.input_schema["properties"][id].value("maxLength", 0), 64) << tool.name;
    }
  }
}

TEST(Tools, a_file_is_emptied_only_when_its_caller_says_so) {
  const auto tools = tools_of(toolbox({}));
  const Json file = {{"workspace_id", "a"}, {"path", "x"}};
  const auto says = [&tools](const std::string& tool, Json arguments, const Json& more) {
    arguments.update(more);
    return text_of(call(named(tools, tool), arguments));
  };
  EXPECT_THAT(says("workspace_file_write", file, Json::object()), StartsWith("text is required"));
  EXPECT_THAT(says("workspace_file_write", file, {{"text", ""}}),
              StartsWith("the stack was asked"));
}

TEST(Tools, fields_between_processes_are_refused_as_unknown) {
  const auto tools = tools_of(toolbox({}));
  const auto refused = [&](const std::string& tool, Json arguments, const std::string& field,
                           const Json& value) {
    arguments[field] = value;
    EXPECT_THAT(text_of(call(named(tools, tool), arguments)),
                StartsWith("unknown field '" + field + "'"));
  };
  const Json exec = {{"workspace_id", "a"}, {"command", "true"}};
  refused("workspace_exec", exec, "output_socket", "/tmp/x");
  refused("workspace_exec", exec, "job_id", "0123456789ab");
  refused("workspace_create", Json::object(), "boot", "cold");
  refused("workspace_create", Json::object(), "origin", Json::object());
  refused("workspace_create", Json::object(), "by_model", false);
}

TEST(Tools, the_environment_of_workspace_create_has_a_default_and_vm_run_has_none) {
  const auto tools = tools_of(toolbox({.environment = "debian:12-build"}));
  const auto& create = named(tools, "workspace_create").input_schema;
  EXPECT_EQ(create["properties"]["environment"]["default"], "debian:12-build");
  EXPECT_FALSE(create.contains("required"));
  EXPECT_THAT(named(tools, "vm_run").input_schema["required"], IsSupersetOf({Json("environment")}));
  EXPECT_THAT(text_of(call(named(tools, "workspace_create"), Json::object())),
              StartsWith("the stack was asked"));
}

TEST(Tools, what_keeps_the_stack_away_is_the_answer_of_each_call) {
  const auto result = call(named(tools_of(toolbox({})), "workspace_list"), Json::object());
  EXPECT_TRUE(result.is_error);
  EXPECT_THAT(text_of(result), StartsWith("the stack was asked"));
}

}  // namespace
}  // namespace pyro::mcp
