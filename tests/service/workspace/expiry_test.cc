#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/process/process_name.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

using api::WorkspaceState;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kDay = 86400;

class ExpiryTest : public WorkspaceService {
 protected:
  /// The time of a workspace is over, with this change of its record besides.
  void expire(
      const std::string& id,
      const std::function<void(WorkspaceRecord&)>& change = [](WorkspaceRecord&) {}) {
    service_->kill();
    change_record(id, [&change](WorkspaceRecord& record) {
      record.workspace.expires_at = now_epoch_seconds();
      change(record);
    });
    start_service();
  }
  api::Workspace status(const std::string& id) {
    return call(api::WorkspaceStatus{.workspace_id = id});
  }
  bool becomes(const std::string& id, WorkspaceState state) {
    return test::soon([&] { return status(id).state == state; });
  }
};

TEST_F(ExpiryTest, a_workspace_whose_time_is_over_is_stopped_and_kept) {
  const std::string id = create();
  const std::string other = create();
  expire(id);
  EXPECT_TRUE(becomes(id, WorkspaceState::kExpired));
  EXPECT_TRUE(test::soon([&] { return set_aside_count() == 1; }));
  EXPECT_EQ(machine_count(), 2U);
  const auto expired = status(id);
  EXPECT_EQ(expired.on_expiry, api::ExpiryAction::kStop);
  EXPECT_NEAR(*expired.deleted_at, now_epoch_seconds() + 7 * kDay, 100);
  EXPECT_THAT(error_of([&] { write(id); }), Refused(reason::kNotStarted));
  EXPECT_THAT(error_of([&] { write(id); })->message(),
              AllOf(HasSubstr("it is expired"), HasSubstr("start it first")));
  EXPECT_EQ(status(other).state, WorkspaceState::kStarted);
  EXPECT_FALSE(status(other).deleted_at);
}

TEST_F(ExpiryTest, a_start_or_a_reset_brings_an_expired_workspace_back) {
  const std::string id = create();
  expire(id);
  ASSERT_TRUE(becomes(id, WorkspaceState::kExpired));
  const auto started = call(api::StartWorkspace{.workspace_id = id});
  EXPECT_EQ(started.state, WorkspaceState::kStarted);
  EXPECT_FALSE(started.deleted_at);
  EXPECT_GT(started.expires_at, now_epoch_seconds() + 500);
  EXPECT_EQ(write(id).path, "/workspace/a.txt");

  expire(id);
  ASSERT_TRUE(becomes(id, WorkspaceState::kExpired));
  const auto reset = call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_EQ(reset.state, WorkspaceState::kStarted);
  EXPECT_GT(reset.expires_at, now_epoch_seconds() + 500);
}

TEST_F(ExpiryTest, what_is_done_to_an_expired_workspace_does_not_make_it_another) {
  const std::string id = create();
  expire(id);
  ASSERT_TRUE(becomes(id, WorkspaceState::kExpired));
  const double deleted_at = *status(id).deleted_at;
  EXPECT_EQ(call(api::UpdateWorkspace{.workspace_id = id, .name = "kept"}).name, "kept");
  call(api::StopWorkspace{.workspace_id = id});
  restart();
  EXPECT_EQ(status(id).state, WorkspaceState::kExpired);
  EXPECT_EQ(status(id).deleted_at, deleted_at);
  EXPECT_TRUE(call(api::DeleteWorkspace{.workspace_id = id}).deleted);
  EXPECT_EQ(machine_count(), 0U);
}

TEST_F(ExpiryTest, after_the_days_that_it_was_kept_it_is_deleted_and_says_so) {
  const std::string id = create();
  expire(id, [](WorkspaceRecord& record) { record.expired_at = now_epoch_seconds() - 7 * kDay; });
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0 && directory_count() == 0; }));
  EXPECT_THAT(error_of([&] { status(id); }), Refused(reason::kWorkspaceExpired));
}

TEST_F(ExpiryTest, none_is_kept_where_the_user_keeps_none) {
  settings_["PYRO_WORKSPACE_KEEP_DAYS"] = "0";
  const std::string id = create();
  expire(id);
  EXPECT_TRUE(test::soon([&] { return machine_count() == 0 && directory_count() == 0; }));
  EXPECT_THAT(error_of([&] { status(id); }), Refused(reason::kWorkspaceExpired));
  EXPECT_EQ(status(create()).on_expiry, api::ExpiryAction::kDelete);
}

TEST_F(ExpiryTest, of_too_many_kept_ones_the_oldest_go) {
  settings_["PYRO_WORKSPACE_KEEP_COUNT"] = "1";
  const std::string older = create();
  const std::string newer = create();
  const std::string used = create();
  expire(older, [](WorkspaceRecord& record) { record.expired_at = now_epoch_seconds() - kDay; });
  EXPECT_TRUE(becomes(older, WorkspaceState::kExpired));
  expire(newer);
  EXPECT_TRUE(test::soon([&] { return machine_count() == 2; }));
  EXPECT_THAT(error_of([&] { status(older); }), Refused(reason::kWorkspaceExpired));
  EXPECT_EQ(status(newer).state, WorkspaceState::kExpired);
  EXPECT_EQ(status(used).state, WorkspaceState::kStarted);
}

TEST_F(ExpiryTest, the_session_that_made_it_holds_it_off_while_it_lives) {
  const std::string held = create();
  const std::string left = create();
  const pid_t session = ::fork();
  if (session == 0) {
    ::pause();
    ::_exit(0);
  }
  const std::string name =
      std::to_string(session) + own_process_name().substr(own_process_name().find(' '));
  expire(held, [](WorkspaceRecord& record) { record.maker = own_process_name(); });
  expire(left, [&name](WorkspaceRecord& record) { record.maker = name; });
  // Another process of that id is not the session.
  EXPECT_TRUE(becomes(left, WorkspaceState::kExpired));
  EXPECT_EQ(status(held).state, WorkspaceState::kStarted);
  EXPECT_EQ(write(held).expires_at, std::nullopt);
  ::kill(session, SIGKILL);
  ::waitpid(session, nullptr, 0);
}

TEST_F(ExpiryTest, a_killed_service_sets_it_aside_with_its_next_start) {
  const std::string id = create();
  points_.kill_at("workspace.expire.recorded");
  service_->kill();
  change_record(
      id, [](WorkspaceRecord& record) { record.workspace.expires_at = now_epoch_seconds() + 1; });
  start_service();
  EXPECT_TRUE(service_->wait());
  EXPECT_EQ(set_aside_count(), 0U);
  start_service();
  EXPECT_TRUE(test::soon([&] { return set_aside_count() == 1; }));
  EXPECT_EQ(status(id).state, WorkspaceState::kExpired);
}

TEST_F(ExpiryTest, one_that_cannot_be_stopped_now_is_stopped_later) {
  const std::string id = create();
  vm_->on<api::StopMachine>(
      [](const api::StopMachine&) -> api::Machine { throw unavailable("not now"); });
  expire(id);
  EXPECT_TRUE(becomes(id, WorkspaceState::kExpired));
  EXPECT_EQ(call(api::StartWorkspace{.workspace_id = id}).state, WorkspaceState::kStarted);
  EXPECT_EQ(write(id).path, "/workspace/a.txt");
}

TEST_F(ExpiryTest, a_server_is_told_of_its_project_alone_and_of_what_was_handed_over) {
  const auto make = [this](std::optional<std::string> project) {
    return call(api::CreateWorkspace{.environment = "debian:12", .project = std::move(project)})
        .workspace_id;
  };
  const std::string own = make("/home/u/one");
  const std::string others = make("/home/u/two");
  const std::string persons = make(std::nullopt);
  const auto listed = [this](const api::ListWorkspaces& request) {
    std::set<std::string> ids;
    for (const auto& entry : call(request).workspaces) ids.insert(entry.workspace_id);
    return ids;
  };
  using Ids = std::set<std::string>;
  EXPECT_EQ(listed({}), (Ids{own, others, persons}));
  EXPECT_EQ(listed({.project = "/home/u/one"}), Ids{own});
  EXPECT_EQ(listed({.project = "/home/u/one", .handed_over = {persons}}), (Ids{own, persons}));
  EXPECT_EQ(status(own).project, "/home/u/one");
  EXPECT_EQ(listed({.offset = 2}).size(), 1U);
  EXPECT_EQ(call(api::ListWorkspaces{.offset = 2}).count, 3U);
}

}  // namespace
}  // namespace pyro::workspace
