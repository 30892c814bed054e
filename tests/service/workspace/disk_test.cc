#include <future>

#include "common/api/workspace_disk.h"
#include "common/base/reasons/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

using api::WorkspaceState;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class DiskOrder : public WorkspaceService {
 protected:
  DiskOrder() {
    vm_->on<api::GetDisks>(
        api::DiskPaths{.environment = "/env", .system = "/system", .workspace = "/work"});
    files_->on<api::OnDisks<api::ListDisk>>([](const api::OnDisks<api::ListDisk>& on) {
      return api::FileList{.path = on.request.path};
    });
    files_->on<api::OnDisks<api::ReadDisk>>([](const api::OnDisks<api::ReadDisk>& on) {
      return api::FileContent{.path = on.request.path, .content = "text"};
    });
    files_->on<api::OnDisks<api::ExportDisk>>([](const api::OnDisks<api::ExportDisk>& on) {
      return api::DiskExported{.output_path = on.request.output_path};
    });
  }

  void stop() { call(api::StopWorkspace{.workspace_id = id_}); }

  std::string id_ = create();
};

TEST_F(DiskOrder, the_disks_of_a_stopped_workspace_are_read_and_exported) {
  stop();
  const auto list = call(api::ListDisk{.workspace_id = id_, .path = "/etc"});
  EXPECT_EQ(list.workspace_id, id_);
  EXPECT_EQ(list.path, "/etc");
  EXPECT_EQ(call(api::ReadDisk{.workspace_id = id_, .path = "/etc/hosts"}).content, "text");
  EXPECT_EQ(call(api::ExportDisk{.workspace_id = id_, .output_path = "/out"}).disk_format, "ext4");
  const auto asked = files_->requests<api::OnDisks<api::ListDisk>>();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(asked[0].disks.workspace, "/work");
  EXPECT_EQ(asked[0].disks.environment, "/env");
  EXPECT_EQ(call(api::ListDisk{.workspace_id = id_}).path, "/workspace");
}

TEST_F(DiskOrder, an_export_is_told_in_the_summary_and_a_refused_one_is_not) {
  stop();
  call(api::ExportDisk{.workspace_id = id_, .output_path = "/out"});
  files_->on<api::OnDisks<api::ExportDisk>>(
      [](const api::OnDisks<api::ExportDisk>&) -> api::DiskExported {
        throw already_exists("output_path already exists: /out");
      });
  EXPECT_THAT(error_of([&] { call(api::ExportDisk{.workspace_id = id_, .output_path = "/out"}); }),
              Refused(ErrorCode::kAlreadyExists));
  const auto told = summary(id_);
  EXPECT_EQ(told.outcome.export_count, 1U);
  ASSERT_THAT(told.artifacts.exports, SizeIs(1));
  EXPECT_EQ(told.artifacts.exports[0].workspace_path, "/workspace");
  EXPECT_EQ(told.artifacts.exports[0].output_path, "/out");
  EXPECT_EQ(told.artifacts.exports[0].disk_format, "ext4");
  EXPECT_FALSE(told.artifacts.exports[0].unconfirmed);
}

TEST_F(DiskOrder, an_export_whose_outcome_was_not_heard_is_told_as_unconfirmed) {
  stop();
  files_->on<api::OnDisks<api::ExportDisk>>(
      [](const api::OnDisks<api::ExportDisk>&) -> api::DiskExported {
        throw unavailable("the files service vanished");
      });
  EXPECT_THAT(error_of([&] { call(api::ExportDisk{.workspace_id = id_, .output_path = "/out"}); }),
              Refused(ErrorCode::kUnavailable));
  ASSERT_THAT(summary(id_).artifacts.exports, SizeIs(1));
  EXPECT_EQ(summary(id_).artifacts.exports[0].unconfirmed, true);
}

TEST_F(DiskOrder, a_started_workspace_is_refused_with_the_way_out) {
  const auto refused = error_of([&] { call(api::ListDisk{.workspace_id = id_}); });
  ASSERT_THAT(refused, Refused(reason::kNotStopped));
  EXPECT_EQ(refused->message(), "workspace " + id_ +
                                    " must be in 'stopped' state before workspace_disk_list: it is "
                                    "started; stop it first");
  EXPECT_THAT(error_of([&] { call(api::ReadDisk{.workspace_id = id_, .path = "x"}); }),
              Refused(reason::kNotStopped));
  EXPECT_THAT(error_of([&] { call(api::ExportDisk{.workspace_id = id_, .output_path = "/o"}); }),
              Refused(reason::kNotStopped));
  EXPECT_THAT(vm_->requests<api::GetDisks>(), SizeIs(0));
}

TEST_F(DiskOrder, a_workspace_without_a_guest_or_a_machine_has_no_disk) {
  stop();
  vm_->on<api::MachineStatus>([](const api::MachineStatus& request) {
    api::Machine machine{
        .vm_id = request.vm_id, .created_at = 1000, .state = api::MachineState::kStopped};
    machine.execution_mode = api::ExecutionMode::kHostCompat;
    return machine;
  });
  EXPECT_THAT(error_of([&] { call(api::ListDisk{.workspace_id = id_}); }),
              Refused(reason::kNoDisk));
  vm_->on<api::MachineStatus>(
      [](const api::MachineStatus&) -> api::Machine { throw not_found("vm 'x' does not exist"); });
  EXPECT_THAT(error_of([&] { call(api::ListDisk{.workspace_id = id_}); }),
              Refused(reason::kMachineLost));
}

TEST_F(DiskOrder, what_may_not_be_asked_is_refused_before_the_services) {
  stop();
  EXPECT_THAT(
      error_of([&] { call(api::ReadDisk{.workspace_id = id_, .path = "x", .max_bytes = 0}); }),
      Refused(ErrorCode::kInvalidArgument, HasSubstr("max_bytes must be positive")));
  EXPECT_THAT(error_of([&] { call(api::ListDisk{.workspace_id = "none"}); }),
              Refused(ErrorCode::kNotFound));
  EXPECT_THAT(vm_->requests<api::GetDisks>(), SizeIs(0));
}

TEST_F(DiskOrder, a_start_waits_until_the_disks_are_read_and_a_delete_does_not) {
  stop();
  std::promise<void> begun;
  std::promise<void> go;
  files_->on<api::OnDisks<api::ReadDisk>>(
      [&begun, going = go.get_future().share()](const api::OnDisks<api::ReadDisk>&) {
        begun.set_value();
        going.wait();
        return api::FileContent{.content = "whole"};
      });
  auto reading = std::async(std::launch::async, [&] {
    return call(api::ReadDisk{.workspace_id = id_, .path = "x"}).content;
  });
  begun.get_future().wait();
  auto starting = std::async(std::launch::async,
                             [&] { return call(api::StartWorkspace{.workspace_id = id_}).state; });
  // Its turn comes after ours, whichever of them the service hears of first.
  EXPECT_EQ(call(api::WorkspaceStatus{.workspace_id = id_}).state, WorkspaceState::kStopped);
  go.set_value();
  EXPECT_EQ(reading.get(), "whole");
  EXPECT_EQ(starting.get(), WorkspaceState::kStarted);
  const auto starts = vm_->requests<api::StartMachine>();
  EXPECT_THAT(starts, SizeIs(2));

  stop();
  std::promise<void> begun_again;
  files_->on<api::OnDisks<api::ReadDisk>>(
      [&begun_again](const api::OnDisks<api::ReadDisk>&, bus::Call& call) -> api::FileContent {
        begun_again.set_value();
        while (!call.stop().stop_requested()) std::this_thread::yield();
        throw cancelled("cancelled");
      });
  auto interrupted = std::async(std::launch::async, [&] {
    return error_of([&] { call(api::ReadDisk{.workspace_id = id_, .path = "x"}); });
  });
  begun_again.get_future().wait();
  EXPECT_TRUE(call(api::DeleteWorkspace{.workspace_id = id_}).deleted);
  EXPECT_THAT(interrupted.get(), Refused(reason::kOvertaken));
}

TEST_F(DiskOrder, the_error_of_a_start_that_fails_names_what_is_left) {
  stop();
  vm_->on<api::StartMachine>([](const api::StartMachine&) -> api::Machine {
    throw unavailable(reason::kGuestSilent, "the guest ended before it answered");
  });
  const auto failed = error_of([&] { call(api::StartWorkspace{.workspace_id = id_}); });
  ASSERT_THAT(failed, Refused(reason::kGuestSilent));
  EXPECT_THAT(failed->message(), AllOf(HasSubstr("the guest ended before it answered"),
                                       HasSubstr("`pyro workspace disk` still lists, reads and")));
  EXPECT_EQ(call(api::ReadDisk{.workspace_id = id_, .path = "x"}).content, "text");
  vm_->on<api::StartMachine>([](const api::StartMachine&) -> api::Machine {
    throw resource_exhausted(reason::kLimitReached, "as many machines exist as may");
  });
  EXPECT_THAT(error_of([&] { call(api::StartWorkspace{.workspace_id = id_}); })->message(),
              Not(HasSubstr("disk")));
}

}  // namespace
}  // namespace pyro::workspace
