#include "common/base/reasons/network.h"

#include "common/api/workspace_network.h"
#include "common/base/files.h"
#include "common/guest/machine_paths.h"
#include "common/network/connection_log.h"
#include "common/network/learned_names.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

using api::NetworkPolicy;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WorkspaceNetworks : public WorkspaceService {
 protected:
  std::string create_with(api::CreateWorkspace request) {
    request.environment = "debian:12";
    return call(request).workspace_id;
  }
  std::string with_name() {
    return create_with({.network_policy = NetworkPolicy::kEgress,
                        .allow_domains = {"Example.com", "example.com"}});
  }
  std::filesystem::path machine_directory(const std::string& id) {
    return MachinePaths(stack_.paths(), machines_of(id).at(0)).network_directory();
  }
  api::WorkspaceNetwork show(const std::string& id) {
    return call(api::ShowNetwork{.workspace_id = id});
  }
};

TEST_F(WorkspaceNetworks, a_policy_is_the_workspaces_and_its_machines) {
  const std::string id = with_name();
  EXPECT_EQ(rules_of(id),
            (api::NetworkRules{.kind = NetworkPolicy::kEgress, .allow = {"example.com"}}));
  const auto network = show(id);
  EXPECT_EQ(network.network_policy, NetworkPolicy::kEgress);
  EXPECT_THAT(network.allow, ElementsAre("example.com"));
  EXPECT_TRUE(network.connected);
  call(api::StopWorkspace{.workspace_id = id});
  call(api::StartWorkspace{.workspace_id = id});
  call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_THAT(rules_of(id).allow, ElementsAre("example.com")) << "a reset keeps it";
  restart();
  EXPECT_THAT(show(id).allow_domains, ElementsAre("example.com"));
}

TEST_F(WorkspaceNetworks, without_one_nothing_is_reached) {
  const std::string id = create();
  EXPECT_EQ(rules_of(id), api::NetworkRules{});
  EXPECT_FALSE(show(id).connected);
}

TEST_F(WorkspaceNetworks, a_preset_means_its_names_as_they_were_when_it_was_given) {
  const auto own = stack_.paths().config_file.parent_path() / "network-presets.toml";
  std::filesystem::create_directories(own.parent_path());
  write_file_atomically(own, "[ours]\nallow = [\"a.example.com\"]\n");
  const std::string id =
      create_with({.network_policy = NetworkPolicy::kEgress, .allow_presets = {"ours", "npm"}});
  EXPECT_THAT(rules_of(id).allow, ElementsAre("a.example.com", "registry.npmjs.org"));
  write_file_atomically(own, "[ours]\nallow = [\"b.example.com\"]\n");
  EXPECT_THAT(show(id).allow, Contains("a.example.com"));
  EXPECT_THAT(show(id).presets.front().allow, ElementsAre("b.example.com"));
  EXPECT_THAT(
      error_of([&] {
        create_with({.network_policy = NetworkPolicy::kEgress, .allow_presets = {"nobody"}});
      }),
      Refused(reason::kPresetMissing));
  EXPECT_EQ(machine_count(), 1U);
}

TEST_F(WorkspaceNetworks, names_without_a_policy_are_refused) {
  EXPECT_THAT(error_of([&] { create_with({.allow_domains = {"example.com"}}); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("network_policy egress")));
  EXPECT_THAT(
      error_of([&] {
        create_with({.network_policy = NetworkPolicy::kEgress, .allow_domains = {"10.0.0.1"}});
      }),
      Refused(reason::kAllowEntryRefused));
  EXPECT_EQ(machine_count(), 0U);
}

TEST_F(WorkspaceNetworks, an_update_adds_and_removes_names_and_off_forgets_them) {
  const std::string id = with_name();
  call(api::UpdateNetwork{
      .workspace_id = id, .allow_domains = {"example.org:22"}, .remove_domains = {"EXAMPLE.com"}});
  EXPECT_THAT(rules_of(id).allow, ElementsAre("example.org:22"));
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = NetworkPolicy::kOff});
  EXPECT_EQ(rules_of(id), api::NetworkRules{});
  EXPECT_THAT(show(id).allow_domains, IsEmpty());
}

/// Less names must not become all names.
TEST_F(WorkspaceNetworks, the_last_name_does_not_go_without_a_word_on_what_then) {
  const std::string id = with_name();
  EXPECT_THAT(error_of([&] {
                call(api::UpdateNetwork{.workspace_id = id, .remove_domains = {"example.com"}});
              }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("all of the public internet")));
  EXPECT_THAT(rules_of(id).allow, ElementsAre("example.com"));
  call(api::UpdateNetwork{.workspace_id = id,
                          .network_policy = NetworkPolicy::kEgress,
                          .remove_domains = {"example.com"}});
  EXPECT_THAT(rules_of(id).allow, IsEmpty());
}

TEST_F(WorkspaceNetworks, what_the_machine_refuses_leaves_the_policy_before) {
  const std::string id = with_name();
  fail_network(failed_precondition("the gate refuses"));
  EXPECT_THAT(error_of([&] {
                call(api::UpdateNetwork{.workspace_id = id, .allow_domains = {"example.org"}});
              }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("the gate refuses")));
  EXPECT_THAT(show(id).allow, ElementsAre("example.com"));
  EXPECT_THAT(rules_of(id).allow, ElementsAre("example.com"));
}

TEST_F(WorkspaceNetworks, a_change_that_a_kill_cut_short_reaches_the_machine) {
  const std::string id = with_name();
  points_.kill_at("workspace.network.recorded");
  error_of(
      [&] { call(api::UpdateNetwork{.workspace_id = id, .network_policy = NetworkPolicy::kOff}); });
  EXPECT_TRUE(rules_of(id).has_network());
  start_service();
  EXPECT_TRUE(test::soon([&] { return !rules_of(id).has_network(); }));
}

TEST_F(WorkspaceNetworks, the_log_is_told_by_number_and_by_what_was_denied) {
  const std::string id = with_name();
  std::filesystem::create_directories(machine_directory(id));
  network::ConnectionLog log(machine_directory(id));
  log.append({.time = 1, .verdict = network::Verdict::kOpened, .name = "example.com", .port = 443});
  log.append({.time = 2, .verdict = network::Verdict::kDenied, .name = "evil.test"});
  EXPECT_THAT(call(api::ReadNetworkLog{.workspace_id = id}).entries, SizeIs(2));
  const auto denied = call(api::ReadNetworkLog{.workspace_id = id, .denied = true});
  ASSERT_THAT(denied.entries, SizeIs(1));
  EXPECT_EQ(denied.entries[0].name, "evil.test");
  EXPECT_EQ(denied.entries[0].verdict, "denied");
  auto next = std::async(std::launch::async, [&] {
    return call(api::ReadNetworkLog{.workspace_id = id, .after = denied.last, .wait_seconds = 25});
  });
  log.append({.time = 3, .verdict = network::Verdict::kDenied, .name = "more.test"});
  EXPECT_THAT(next.get().entries, SizeIs(1));
}

TEST_F(WorkspaceNetworks, what_was_learnt_is_told_with_the_entries_that_allow_it) {
  const std::string id = create_with({.network_policy = NetworkPolicy::kEgress, .learn = true});
  EXPECT_TRUE(rules_of(id).learn);
  std::filesystem::create_directories(machine_directory(id));
  network::LearnedNames learned;
  learned.add("example.com", 443);
  learned.add("example.com", 22);
  network::write_learned(machine_directory(id), learned);
  const auto told = call(api::ReadLearnedNetwork{.workspace_id = id});
  EXPECT_THAT(told.names, SizeIs(2));
  EXPECT_THAT(told.allow_domains, Contains("example.com:22"));
}

}  // namespace
}  // namespace pyro::workspace
