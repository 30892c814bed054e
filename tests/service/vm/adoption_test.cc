#include "common/api/adoption.h"

#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "common/ownership/claim.h"
#include "common/ownership/owned_directories.h"
#include "common/process/pidfd.h"
#include "common/process/wait.h"
#include "common/registry/registry.h"
#include "tests/service/vm/vm_service.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;
using api::MachineState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The registry's file is lost while the service does not run.
class VmServiceAdoption : public VmService {
 protected:
  /// A started machine of a workspace, with its volume.
  std::string with_volume() {
    const std::string vm_id = create({.environment = "debian:12", .workspace_id = "w1"}).vm_id;
    call(api::StartMachine{.vm_id = vm_id});
    write_file_atomically(stack_ / "volume", "content");
    call(api::MountVolume{.vm_id = vm_id, .volume = (stack_ / "volume").string()});
    return vm_id;
  }
  api::Adoption adopt() { return call(api::AdoptMachines{.workspace_ids = {"w0", "w1"}}); }
  void spoil(const std::string& vm_id) {
    service_->kill();
    Registry(stack_.paths().registry()).put("machines", vm_id, "{\"");
    start_service();
  }
  void lose_registry() {
    service_->kill();
    fs::remove(stack_.paths().registry());
    start_service();
  }
};

TEST_F(VmServiceAdoption, a_lost_registry_deletes_nothing) {
  const std::string vm_id = with_volume();
  const std::string other = create().vm_id;
  lose_registry();
  EXPECT_THAT(error_of([&] { status(vm_id); }), Refused(reason::kMachineGone));
  EXPECT_TRUE(fs::exists(directory_of(vm_id) / "workspace.ext4"));
  EXPECT_TRUE(has_files(other));
  EXPECT_FALSE(fs::exists(stack_.paths().runtime_dir / "machines" / (vm_id + ".link")));
  restart();
  EXPECT_TRUE(fs::exists(directory_of(vm_id) / "workspace.ext4"));
  EXPECT_TRUE(has_files(create().vm_id)) << "the new registry works";
}

TEST_F(VmServiceAdoption, a_machine_of_a_workspace_comes_back_stopped_and_starts) {
  const std::string vm_id = with_volume();
  const api::Machine before = status(vm_id);
  lose_registry();
  const auto told = call(api::AdoptMachines{});
  ASSERT_THAT(told.strays, SizeIs(1));
  EXPECT_EQ(told.strays[0].id, vm_id);
  EXPECT_EQ(told.strays[0].workspace_id, "w1");
  EXPECT_THAT(error_of([&] { status(vm_id); }), Refused(reason::kMachineGone));
  EXPECT_THAT(adopt().adopted, ElementsAre(vm_id));
  const api::Machine machine = status(vm_id);
  EXPECT_EQ(machine.state, MachineState::kStopped);
  EXPECT_EQ(machine.environment, before.environment);
  EXPECT_EQ(machine.mem_mib, before.mem_mib);
  EXPECT_EQ(call(api::StartMachine{.vm_id = vm_id}).state, MachineState::kStarted);
  EXPECT_EQ(call(api::ListWorkspaceMachines{}).machines.at(0).workspace_id, "w1");
  restart();
  EXPECT_EQ(status(vm_id).state, MachineState::kStarted);
  const auto again = adopt();
  EXPECT_THAT(again.adopted, IsEmpty());
  EXPECT_THAT(again.strays, IsEmpty());
  call(api::DeleteMachine{.vm_id = vm_id});
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmServiceAdoption, what_is_of_no_workspace_or_not_of_this_state_directory_remains) {
  const std::string single = create().vm_id;
  OwnedDirectories(stack_.paths().machines_dir(), "machine", "other").make("0000000000aa");
  fs::create_directory(directory_of("letters"));
  const std::string damaged = with_volume();
  lose_registry();
  write_file_atomically(directory_of(damaged) / "machine.json", "{");
  const auto adoption = adopt();
  EXPECT_THAT(adoption.adopted, IsEmpty());
  std::map<std::string, std::string> why;
  for (const auto& stray : adoption.strays) {
    EXPECT_EQ(stray.workspace_id, std::nullopt);
    why[stray.id] = stray.why;
    EXPECT_TRUE(fs::exists(stray.directory));
  }
  ASSERT_THAT(why, SizeIs(4));
  EXPECT_THAT(why[single], HasSubstr("no workspace's volume"));
  EXPECT_THAT(why[damaged], HasSubstr("no workspace's volume"));
  EXPECT_THAT(why["0000000000aa"], HasSubstr("another state directory"));
  EXPECT_THAT(why["letters"], HasSubstr("has no .pyro-owner of its own"));
}

TEST_F(VmServiceAdoption, an_adoption_that_is_killed_behind_its_record_has_adopted) {
  const std::string vm_id = with_volume();
  lose_registry();
  points_.kill_at("vm.adopt.recorded");
  EXPECT_TRUE(error_of([&] { adopt(); }));
  restart();
  EXPECT_EQ(status(vm_id).state, MachineState::kStopped);
  EXPECT_THAT(call(api::AdoptMachines{}).strays, IsEmpty());
  EXPECT_TRUE(fs::exists(directory_of(vm_id) / "workspace.ext4"));
}

TEST_F(VmServiceAdoption, a_volume_that_was_described_but_not_recorded_is_garbage_as_before) {
  const std::string vm_id = create({.environment = "debian:12", .workspace_id = "w1"}).vm_id;
  call(api::StartMachine{.vm_id = vm_id});
  write_file_atomically(stack_ / "volume", "content");
  points_.kill_at("vm.mount_volume.described");
  EXPECT_TRUE(error_of(
      [&] { call(api::MountVolume{.vm_id = vm_id, .volume = (stack_ / "volume").string()}); }));
  start_service();
  EXPECT_EQ(status(vm_id).state, MachineState::kStarted);
  call(api::DeleteMachine{.vm_id = vm_id});
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmServiceAdoption, a_registry_that_is_brought_back_owns_its_machines_again) {
  const std::string vm_id = with_volume();
  service_->stop();
  fs::rename(stack_.paths().registry(), stack_ / "saved.db");
  start_service();
  service_->stop();
  fs::rename(stack_ / "saved.db", stack_.paths().registry());
  start_service();
  EXPECT_EQ(status(vm_id).state, MachineState::kStopped);
  EXPECT_THAT(call(api::AdoptMachines{}).strays, IsEmpty());
}

TEST_F(VmServiceAdoption, an_unreadable_row_leaves_the_other_machines_at_work) {
  const std::string bad = with_volume();
  const std::string good = create().vm_id;
  spoil(bad);
  EXPECT_EQ(status(good).vm_id, good);
  EXPECT_THAT(error_of([&] { status(bad); }), Refused(reason::kRecordUnreadable));
  EXPECT_TRUE(fs::exists(directory_of(bad) / "workspace.ext4"));
}

TEST_F(VmServiceAdoption, a_machine_with_an_unreadable_row_is_restored_and_its_guest_ended) {
  const std::string bad = with_volume();
  const fs::path link = stack_.paths().runtime_dir / "machines" / (bad + ".link");
  spoil(bad);
  EXPECT_TRUE(fs::exists(link)) << "the guest was left alone";
  const auto told = call(api::AdoptMachines{});
  ASSERT_THAT(told.strays, SizeIs(1));
  EXPECT_EQ(told.strays[0].workspace_id, "w1");
  EXPECT_EQ(told.unreadable.at(0).id, bad);
  const auto adoption = adopt();
  EXPECT_THAT(adoption.adopted, ElementsAre(bad));
  EXPECT_THAT(adoption.unreadable, IsEmpty());
  EXPECT_FALSE(fs::exists(link)) << "two guests would write to one disk";
  EXPECT_EQ(status(bad).state, MachineState::kStopped);
  EXPECT_EQ(call(api::StartMachine{.vm_id = bad}).state, MachineState::kStarted);
}

TEST_F(VmServiceAdoption, a_machine_with_an_unreadable_row_ends_with_the_stack) {
  const std::string bad = with_volume();
  spoil(bad);
  const auto shim = find_lock_holder(directory_of(bad) / "shim.lock");
  ASSERT_TRUE(shim);
  call(api::Quiesce{});
  EXPECT_TRUE(
      wait_for(shim->pidfd.get(), POLLIN, Clock::now() + std::chrono::seconds(20), StopFd({})));
  EXPECT_TRUE(fs::exists(directory_of(bad) / "workspace.ext4"));
}

TEST_F(VmServiceAdoption, a_machine_with_an_unreadable_row_can_be_deleted) {
  const std::string bad = with_volume();
  spoil(bad);
  call(api::DeleteMachine{.vm_id = bad});
  EXPECT_FALSE(has_files(bad));
  EXPECT_THAT(call(api::AdoptMachines{}).unreadable, IsEmpty());
}

}  // namespace
}  // namespace pyro::vm
