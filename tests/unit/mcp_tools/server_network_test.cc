#include "gateway/mcp/tools/server_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.h"
#include "common/base/reasons/network.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"
#include "tests/unit/mcp_tools/toolbox_fixture.h"

namespace pyro::mcp {
namespace {

using api::NetworkPolicy;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

ServerNetwork server(ServerNetwork::Options options) {
  return {std::move(options), []() -> network::Presets { throw internal_error("no presets"); }};
}
const ServerNetwork::Options kOpen{.policy = NetworkPolicy::kEgress};
const ServerNetwork::Options kListed{
    .policy = NetworkPolicy::kEgress, .allow_domains = {"example.com"}, .allow_presets = {"npm"}};

TEST(ServerNetwork, gives_its_own_list_where_the_model_names_none) {
  api::CreateWorkspace request{.network_policy = NetworkPolicy::kEgress};
  server(kListed).check_create(request);
  EXPECT_THAT(request.allow_domains, ElementsAre("example.com"));
  EXPECT_THAT(request.allow_presets, ElementsAre("npm"));
}

TEST(ServerNetwork, lets_a_model_ask_for_less) {
  api::CreateWorkspace off{.network_policy = NetworkPolicy::kOff};
  server(kListed).check_create(off);
  EXPECT_THAT(off.allow_domains, IsEmpty());
  api::CreateWorkspace one{.network_policy = NetworkPolicy::kEgress,
                           .allow_domains = {"EXAMPLE.com"}};
  server(kListed).check_create(one);
  EXPECT_THAT(one.allow_presets, IsEmpty());
  api::CreateWorkspace narrow{.network_policy = NetworkPolicy::kEgress,
                              .allow_domains = {"example.org"}};
  server(kOpen).check_create(narrow);
}

TEST(ServerNetwork, lets_no_model_have_more) {
  const auto refused = [](const ServerNetwork& network, api::CreateWorkspace request) {
    EXPECT_THAT(error_of([&] { network.check_create(request); }),
                Refused(reason::kNetworkNotAllowed));
  };
  refused(server({}), {.network_policy = NetworkPolicy::kEgress});
  refused(server(kOpen), {.network_policy = NetworkPolicy::kEgressPublishedPorts});
  refused(server(kListed),
          {.network_policy = NetworkPolicy::kEgress, .allow_domains = {"example.org"}});
  refused(server(kListed),
          {.network_policy = NetworkPolicy::kEgress, .allow_domains = {"*.example.com"}});
  refused(server(kListed), {.network_policy = NetworkPolicy::kEgress, .allow_presets = {"pypi"}});
  api::RunMachine run{.network = true};
  EXPECT_THAT(error_of([&] { server({}).check_machine(run); }),
              Refused(reason::kNetworkNotAllowed));
}

TEST(ServerNetwork, lets_a_model_have_a_secret_go_to_hosts_of_its_list_alone) {
  const ServerNetwork::Options listed{
      .policy = NetworkPolicy::kEgress,
      .allow_domains = {"example.com", "*.example.org", "a.net:22"}};
  const auto with_host = [](const std::string& host) {
    return api::CreateWorkspace{.network_policy = NetworkPolicy::kEgress,
                                .secrets = {{.name = "t", .value = "value", .hosts = {host}}}};
  };
  for (const char* host : {"example.com", "EXAMPLE.com", "api.example.org"}) {
    auto request = with_host(host);
    server(listed).check_create(request);
  }
  for (const char* host : {"example.net", "example.org", "a.net", "*.example.org"}) {
    auto request = with_host(host);
    EXPECT_THAT(error_of([&] { server(listed).check_create(request); }),
                Refused(reason::kNetworkNotAllowed))
        << host;
  }
  auto anywhere = with_host("example.net");
  server(kOpen).check_create(anywhere);
}

TEST(ServerNetwork, gives_guests_the_hosts_certificates_only_as_its_user_said) {
  for (const bool host_ca : {true, false}) {
    api::CreateWorkspace request{.network_policy = NetworkPolicy::kEgress, .host_ca = !host_ca};
    const ServerNetwork network = server({.policy = NetworkPolicy::kEgress, .host_ca = host_ca});
    network.check_create(request);
    EXPECT_EQ(request.host_ca, host_ca);
    api::RunMachine run{.network = true};
    network.check_machine(run);
    EXPECT_EQ(run.network_rules->host_ca, host_ca);
  }
}

TEST(ServerNetwork, lets_no_update_widen_what_it_gave) {
  const auto refused = [](const ServerNetwork& network, const api::UpdateNetwork& request) {
    EXPECT_THAT(error_of([&] { network.check_update(request); }),
                Refused(reason::kNetworkNotAllowed));
  };
  refused(server({}), {.network_policy = NetworkPolicy::kEgress});
  refused(server({}), {.allow_domains = {"example.com"}});
  refused(server(kListed), {.allow_domains = {"example.org"}});
  // With the names gone it would be the whole internet.
  refused(server(kListed),
          {.network_policy = NetworkPolicy::kEgress, .remove_domains = {"example.com"}});
  server(kListed).check_update({.network_policy = NetworkPolicy::kOff});
  server(kListed).check_update({.allow_domains = {"example.com"}, .remove_presets = {"npm"}});
}

TEST(ServerNetwork, gives_machines_its_list_with_the_names_of_its_presets) {
  const pyro::testing::TestDirectory directory;
  write_file_atomically(directory / "shipped", "[npm]\nallow = [\"registry.npmjs.org\"]\n");
  const ServerNetwork network(
      kListed, [&directory] { return network::Presets(directory / "shipped", directory / "own"); });
  api::CreateMachine request{.network = true};
  network.check_machine(request);
  EXPECT_THAT(request.network_rules.value().allow,
              ElementsAre("example.com", "registry.npmjs.org"));
  api::CreateMachine without;
  network.check_machine(without);
  EXPECT_FALSE(without.network_rules);
}

TEST(ServerNetwork, is_named_in_instructions_and_where_a_workspace_is_created) {
  EXPECT_THAT(ServerNetwork::sentence({}, "Workspaces", 100), HasSubstr("no network"));
  EXPECT_THAT(ServerNetwork::sentence(kOpen, "Workspaces", 100), HasSubstr("public internet"));
  EXPECT_THAT(ServerNetwork::sentence(kListed, "Workspaces", 100),
              HasSubstr("example.com, preset npm"));
  Setting setting{.environment = "debian:12", .network = kListed};
  for (const auto& options : every_choice()) {
    const ToolSet set = tool_set(options);
    EXPECT_THAT(instructions_of(set, setting), HasSubstr("example.com")) << set.name;
    EXPECT_LE(instructions_of(set, setting).size(), 2000U) << set.name;
    if (set.has("workspace_create")) {
      const auto words = description_of(row_of("workspace_create"), set, setting);
      EXPECT_THAT(words, HasSubstr("example.com")) << set.name;
      EXPECT_LE(words.size(), 600U) << set.name;
    }
  }
}

/// The server's own policy applies where the model has no field for it.
TEST(ServerNetwork, is_the_policy_also_of_a_server_whose_schema_has_none) {
  for (const auto& options : every_choice()) {
    const auto box = toolbox(options);
    for (const auto& tool : tools_of(box)) {
      if (tool.name != "workspace_create") continue;
      const bool full = options.profile == ServerProfile::kWorkspaceFull && !options.mode;
      EXPECT_EQ(tool.input_schema.at("properties").contains("network_policy"), full);
      EXPECT_EQ(tool.input_schema.at("properties").contains("allow_domains"), full);
    }
  }
}

}  // namespace
}  // namespace pyro::mcp
