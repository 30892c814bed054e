#include <signal.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "tests/service/vm/vm_service.h"

namespace pyro::vm {
namespace {

using api::MachineState;
using ::testing::HasSubstr;

/// What a predecessor left, as the next start of the service finds it.
class VmServiceRestart : public VmService {};

TEST_F(VmServiceRestart, adopts_a_machine_that_still_runs) {
  const std::string vm_id = started();
  restart();
  EXPECT_EQ(status(vm_id).state, MachineState::kStarted);
  EXPECT_EQ(call(api::ExecMachine{.vm_id = vm_id, .command = "echo here"}).stdout_text, "here\n");
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

TEST_F(VmServiceRestart, deletes_a_machine_whose_command_ran) {
  const std::string vm_id = started();
  auto exec = begin_exec(vm_id);
  restart();
  EXPECT_TRUE(exec.get().has_value());
  EXPECT_THAT(error_of([&] { status(vm_id); }), Refused(reason::kMachineGone));
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmServiceRestart, removes_files_without_a_record) {
  const auto stray = stack_.paths().machines_dir() / "0123456789ab";
  service_->kill();
  std::filesystem::create_directory(stray);
  start_service();
  EXPECT_FALSE(std::filesystem::exists(stray));
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
