#include <signal.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/guest/machine_paths.h"
#include "common/ownership/owned_directories.h"
#include "common/process/pidfd.h"
#include "common/process/wait.h"
#include "common/registry/registry.h"
#include "services/vm/boot/shim_control.h"
#include "tests/service/vm/vm_service.h"

namespace pyro::vm {
namespace {

using api::MachineState;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

/// What a predecessor left, as the next start of the service finds it.
class VmServiceRestart : public VmService {};

TEST_F(VmServiceRestart, adopts_a_machine_that_still_runs) {
  const std::string vm_id = started();
  restart();
  EXPECT_EQ(status(vm_id).state, MachineState::kStarted);
  EXPECT_EQ(call(api::ExecMachine{.vm_id = vm_id, .command = "echo here"}).stdout_text, "here\n");
}

/// The monitor of its VMM, which its shim holds.
TEST_F(VmServiceRestart, a_killed_service_loses_no_monitor) {
  const std::string vm_id = started();
  restart();
  const ShimControl control(MachinePaths(stack_.paths(), vm_id).control_socket);
  const Work work{.deadline = Clock::now() + std::chrono::seconds(20)};
  control.call(control::Pause{}, work);
  control.call(control::Resume{}, work);
  EXPECT_THAT(monitored(), IsSupersetOf({HasSubstr("\"stop\""), HasSubstr("\"cont\"")}));
  const auto refusal =
      error_of([&] { control.call(control::Save{.file = (stack_ / "saved").string()}, work); });
  EXPECT_THAT(refusal, Refused(ErrorCode::kUnavailable, HasSubstr("refused by the test")));
}

TEST_F(VmServiceRestart, a_control_socket_that_vanished_is_there_again) {
  const std::string vm_id = started();
  const MachinePaths paths(stack_.paths(), vm_id);
  std::filesystem::remove(paths.link_socket);
  std::filesystem::remove(paths.control_socket);
  EXPECT_EQ(status(vm_id).state, MachineState::kStarted);
  ShimControl(paths.control_socket)
      .call(control::Pause{}, {.deadline = Clock::now() + std::chrono::seconds(20)});
  call(api::DeleteMachine{.vm_id = vm_id});
  EXPECT_FALSE(std::filesystem::exists(paths.control_socket));
}

TEST_F(VmServiceRestart, tells_of_a_guest_that_ended_meanwhile) {
  let_vmm(fmt::format("echo $$ > '{}'\n", (stack_ / "pid").string()) + read_file(stack_ / "vmm"));
  const std::string vm_id = started();
  service_->kill();
  ::kill(std::stoi(read_file(stack_ / "pid")), SIGKILL);
  const auto link = stack_.paths().runtime_dir / "machines" / (vm_id + ".link");
  EXPECT_TRUE(test::soon([&] { return !std::filesystem::exists(link); }));
  start_service();
  const api::Machine machine = status(vm_id);
  EXPECT_EQ(machine.state, MachineState::kStopped);
  EXPECT_THAT(machine.last_error.value_or(""), HasSubstr("no longer running"));
}

TEST_F(VmServiceRestart, a_machine_whose_socket_vanished_gets_it_again) {
  const std::string vm_id = started();
  const auto link = stack_.paths().runtime_dir / "machines" / (vm_id + ".link");
  std::filesystem::remove(link);
  EXPECT_EQ(status(vm_id).state, MachineState::kStarted);
  EXPECT_TRUE(std::filesystem::exists(link));
  service_->kill();
  std::filesystem::remove_all(link.parent_path());
  start_service();
  EXPECT_EQ(status(vm_id).state, MachineState::kStarted);
  EXPECT_EQ(call(api::ExecMachine{.vm_id = vm_id, .command = "echo here"}).stdout_text, "here\n");
}

TEST_F(VmServiceRestart, a_machine_whose_socket_vanished_is_stopped_and_deleted) {
  const std::string vm_id = started();
  const auto lock = find_lock_holder(directory_of(vm_id) / "shim.lock");
  ASSERT_TRUE(lock);
  service_->kill();
  std::filesystem::remove_all(stack_.paths().runtime_dir / "machines");
  start_service();
  call(api::StopMachine{.vm_id = vm_id});
  EXPECT_TRUE(
      wait_for(lock->pidfd.get(), POLLIN, Clock::now() + std::chrono::seconds(20), StopFd({})));
  call(api::DeleteMachine{.vm_id = vm_id});
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmServiceRestart, a_shim_without_a_socket_and_without_a_record_is_ended) {
  const std::string vm_id = started();
  const auto lock = find_lock_holder(directory_of(vm_id) / "shim.lock");
  ASSERT_TRUE(lock);
  service_->kill();
  std::filesystem::remove_all(stack_.paths().runtime_dir / "machines");
  Registry(stack_.paths().registry()).erase("machines", vm_id);
  start_service();
  EXPECT_TRUE(
      wait_for(lock->pidfd.get(), POLLIN, Clock::now() + std::chrono::seconds(20), StopFd({})));
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmServiceRestart, deletes_a_machine_whose_command_ran) {
  const std::string vm_id = started();
  auto exec = begin_exec(vm_id);
  restart();
  EXPECT_TRUE(exec.get().has_value());
  EXPECT_THAT(error_of([&] { status(vm_id); }), Refused(reason::kMachineGone));
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmServiceRestart, removes_files_of_this_registry_without_a_record) {
  service_->kill();
  const std::string registry_id = Registry(stack_.paths().registry()).id();
  const OwnedDirectories ours(stack_.paths().machines_dir(), "machine", registry_id);
  write_file_atomically(ours.make("0123456789ab") / "system.ext4", "x");
  std::filesystem::create_directory(directory_of("0000000000aa"));  // killed while it was made
  start_service();
  EXPECT_FALSE(has_files("0123456789ab"));
  EXPECT_FALSE(has_files("0000000000aa"));
}

TEST_F(VmServiceRestart, leaves_alone_what_this_registry_did_not_make) {
  const auto other = OwnedDirectories(stack_.paths().machines_dir(), "machine", "other");
  std::filesystem::create_directory(directory_of("0123456789ab"));
  write_file_atomically(directory_of("0123456789ab") / "letter", "x");
  write_file_atomically(stack_.paths().machines_dir() / "notes.txt", "x");
  write_file_atomically(stack_.paths().runtime_dir / "machines/notes.txt", "x");
  write_file_atomically(other.make("0000000000aa") / "system.ext4", "x");
  restart();
  EXPECT_TRUE(std::filesystem::exists(directory_of("0123456789ab") / "letter"));
  EXPECT_TRUE(std::filesystem::exists(stack_.paths().machines_dir() / "notes.txt"));
  EXPECT_TRUE(std::filesystem::exists(stack_.paths().runtime_dir / "machines/notes.txt"));
  EXPECT_TRUE(std::filesystem::exists(directory_of("0000000000aa") / "system.ext4"));
}

TEST_F(VmServiceRestart, marks_the_directory_of_a_machine_that_an_earlier_version_made) {
  const std::string vm_id = create({.environment = "debian:12", .workspace_id = "w1"}).vm_id;
  service_->kill();
  std::filesystem::remove(directory_of(vm_id) / OwnerMarker::kFileName);
  start_service();
  EXPECT_TRUE(read_marker(directory_of(vm_id)));
  call(api::DeleteMachine{.vm_id = vm_id});
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmServiceRestart, reaps_what_expires_but_no_machine_of_a_workspace) {
  const std::string vm_id = started();
  const std::string kept = create({.environment = "debian:12", .workspace_id = "w1"}).vm_id;
  service_->kill();
  const auto expire = [](MachineRecord& record) {
    record.machine.expires_at = now_epoch_seconds() + 1;
  };
  change_record(vm_id, expire);
  change_record(kept, expire);
  start_service();
  EXPECT_TRUE(test::soon([&] { return !has_files(vm_id); }));
  EXPECT_THAT(error_of([&] { status(vm_id); }), Refused(reason::kMachineExpired));
  EXPECT_EQ(status(kept).state, MachineState::kCreated);
  const auto machines = call(api::ListWorkspaceMachines{}).machines;
  ASSERT_EQ(machines.size(), 1U);
  EXPECT_EQ(machines[0].machine.vm_id, kept);
}

}  // namespace
}  // namespace pyro::vm
