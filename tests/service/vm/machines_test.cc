#include <future>

#include "common/api/disks.h"
#include "common/api/stack.h"
#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/stack.h"
#include "tests/service/vm/vm_service.h"

namespace pyro::vm {
namespace {

using api::MachineState;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(VmService, a_disk_that_is_nearly_full_takes_no_machine) {
  const std::string vm_id = started();
  settings_["PYRO_LIMITS_KEEP_FREE_MIB"] = "1048576";
  restart();
  EXPECT_THAT(error_of([&] { create(); }), Refused(reason::kDiskFull));
  EXPECT_EQ(call(api::StopMachine{.vm_id = vm_id}).state, MachineState::kStopped);
}

TEST_F(VmService, a_host_without_memory_starts_no_machine) {
  const std::string vm_id = create().vm_id;
  settings_["PYRO_LIMITS_KEEP_FREE_MEMORY_MIB"] = "1048576";
  restart();
  EXPECT_THAT(error_of([&] { call(api::StartMachine{.vm_id = vm_id}); }),
              Refused(reason::kMemoryShort));
  EXPECT_EQ(status(vm_id).state, MachineState::kCreated);
}

TEST_F(VmService, a_machine_has_at_most_the_memory_that_the_user_allows) {
  settings_["PYRO_LIMITS_MAX_MEM_MIB"] = "512";
  restart();
  const auto refused = error_of([&] { create(); });
  EXPECT_THAT(refused, Refused(reason::kMemoryShort));
  EXPECT_THAT(refused->message(), HasSubstr("at most 512 on this host (limits.max_mem_mib)"));
}

TEST_F(VmService, a_machine_runs_its_single_command_and_goes) {
  const api::Machine made = create();
  EXPECT_EQ(made.state, MachineState::kCreated);
  EXPECT_EQ(made.environment_version, "1");
  const api::Machine machine = call(api::StartMachine{.vm_id = made.vm_id});
  EXPECT_EQ(machine.state, MachineState::kStarted);
  EXPECT_EQ(machine.metadata.at("boot_mode"), "cold");
  EXPECT_TRUE(has_files(made.vm_id));
  const auto ran =
      call(api::ExecMachine{.vm_id = made.vm_id, .command = "echo out; echo err >&2; exit 7"});
  EXPECT_EQ(ran.stdout_text, "out\n");
  EXPECT_EQ(ran.stderr_text, "err\n");
  EXPECT_EQ(ran.exit_code, 7);
  EXPECT_TRUE(ran.cleanup.deleted);
  EXPECT_THAT(error_of([&] { status(made.vm_id); }), Refused(reason::kMachineGone));
  EXPECT_FALSE(has_files(made.vm_id));
}

TEST_F(VmService, a_run_leaves_no_machine_behind) {
  const auto ran = call(api::RunMachine{.environment = "debian:12", .command = "echo hello"});
  EXPECT_EQ(ran.stdout_text, "hello\n");
  EXPECT_THAT(error_of([&] { status(ran.vm_id); }), Refused(reason::kMachineGone));
  let_vmm("exit 1");
  EXPECT_THAT(
      error_of([&] { call(api::RunMachine{.environment = "debian:12", .command = "true"}); }),
      Refused(reason::kNoGuest));
  EXPECT_EQ(call(api::GetCapabilities{}).active_machines, 0U);
  EXPECT_TRUE(std::filesystem::is_empty(stack_.paths().machines_dir()));
}

TEST_F(VmService, a_guest_that_takes_too_long_is_told_with_the_setting_that_gives_it_more) {
  settings_["PYRO_VM_BOOT_TIMEOUT_SECONDS"] = "1";
  restart();
  let_vmm("exec sleep 1000");
  EXPECT_THAT(
      error_of([&] { call(api::StartMachine{.vm_id = create().vm_id}); }),
      Refused(ErrorCode::kFailedPrecondition,
              HasSubstr("did not answer in time (1 s: `vm.boot_timeout_seconds` gives more)")));
}

TEST_F(VmService, a_guest_that_ends_instead_of_answering_is_told_as_one_that_ended) {
  let_vmm("exit 1");
  EXPECT_THAT(error_of([&] { call(api::StartMachine{.vm_id = create().vm_id}); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("the guest ended by itself")));
}

/// On a host without a /dev/kvm that opens there is nothing to say.
TEST_F(VmService, a_machine_on_tcg_since_a_guest_hung_under_kvm_says_so) {
  let_vmm("case \"$*\" in *'-accel kvm'*) exit 1 ;; esac\n" + agent_as_guest());
  settings_["PYRO_VM_ACCELERATOR"] = "auto";
  restart();
  const auto metadata = status(started()).metadata;
  EXPECT_EQ(metadata.at("accelerator"), "tcg");
  const auto host = call(api::GetCapabilities{});
  EXPECT_EQ(metadata.contains("accelerator_reason"), host.kvm_opens);
  EXPECT_EQ(host.kvm_probed_at.has_value(), host.kvm_opens);
  if (!host.kvm_opens) return;
  EXPECT_THAT(metadata.at("accelerator_reason"), HasSubstr("`pyro doctor` tries it again"));
  EXPECT_THAT(host.accelerator_reason, HasSubstr("a guest booted with it did not answer"));
}

TEST_F(VmService, a_command_in_a_machine_that_is_not_started_is_refused_and_changes_nothing) {
  const std::string vm_id = create().vm_id;
  EXPECT_THAT(error_of([&] { call(api::ExecMachine{.vm_id = vm_id, .command = "true"}); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("must be in 'started' state")));
  EXPECT_EQ(status(vm_id).state, MachineState::kCreated);
  call(api::StartMachine{.vm_id = vm_id});
  EXPECT_EQ(call(api::ExecMachine{.vm_id = vm_id, .command = "exit 3"}).exit_code, 3);
}

TEST_F(VmService, a_console_and_a_vmm_that_print_without_end_fill_no_disk) {
  let_vmm(
      "head -c 5000000 /dev/zero | tr '\\0' x >&6; echo 'the end of the console' >&6\n"
      "head -c 5000000 /dev/zero | tr '\\0' y >&2; echo 'the end of the VMM' >&2; exit 1");
  const std::string vm_id = create().vm_id;
  EXPECT_THAT(error_of([&] { call(api::StartMachine{.vm_id = vm_id}); })->message(),
              AllOf(HasSubstr("xxxthe end of the console"), HasSubstr("the end of the VMM")));
  constexpr std::uintmax_t kMost = 1U << 20U;
  EXPECT_LE(std::filesystem::file_size(directory_of(vm_id) / "console.log"), kMost);
  // The shim says itself why it ended.
  EXPECT_LE(std::filesystem::file_size(directory_of(vm_id) / "vmm.log"), kMost + 4096);
}

TEST_F(VmService, a_guest_that_does_not_boot_leaves_its_machine_created) {
  let_vmm("echo 'the VMM has no memory' >&2; exit 1");
  const std::string vm_id = create().vm_id;
  EXPECT_THAT(error_of([&] { call(api::StartMachine{.vm_id = vm_id}); }),
              Refused(reason::kNoGuest));
  EXPECT_THAT(error_of([&] { call(api::StartMachine{.vm_id = vm_id}); })->message(),
              HasSubstr("the VMM has no memory"));
  EXPECT_EQ(status(vm_id).state, MachineState::kCreated);
  EXPECT_TRUE(call(api::DeleteMachine{.vm_id = vm_id}).deleted);
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmService, without_a_vmm_a_machine_needs_its_callers_consent) {
  settings_["PYRO_VM_QEMU"] = (stack_ / "none").string();
  restart();
  EXPECT_THAT(error_of([&] { create(); }), Refused(reason::kNoGuest));
  const auto made = create({.environment = "debian:12", .allow_host_compat = true});
  EXPECT_EQ(made.environment_version, "1");
  EXPECT_TRUE(images_.requests<api::ResolveEnvironment>().empty());
}

TEST_F(VmService, the_limit_counts_stopped_machines_and_a_replacement_with_the_one_it_replaces) {
  settings_["PYRO_LIMITS_MAX_ACTIVE"] = "2";
  restart();
  const std::string first = create({.environment = "debian:12", .workspace_id = "w1"}).vm_id;
  const std::string second = started();
  EXPECT_EQ(call(api::StopMachine{.vm_id = second}).state, MachineState::kStopped);
  EXPECT_THAT(error_of([&] { create(); }), Refused(reason::kLimitReached));
  create({.environment = "debian:12", .workspace_id = "w1", .replaces = first});
  call(api::DeleteMachine{.vm_id = first});
  EXPECT_THAT(error_of([&] { create(); }), Refused(reason::kLimitReached));
  call(api::DeleteMachine{.vm_id = second});
  create();
}

TEST_F(VmService, a_deletion_ends_the_command_that_runs_and_its_caller_hears_why) {
  const std::string vm_id = started();
  auto exec = begin_exec(vm_id);
  EXPECT_TRUE(call(api::DeleteMachine{.vm_id = vm_id}).deleted);
  EXPECT_THAT(exec.get(), Refused(ErrorCode::kFailedPrecondition,
                                  HasSubstr("vm " + vm_id + " was deleted meanwhile")));
  EXPECT_THAT(error_of([&] { status(vm_id); }), Refused(reason::kMachineGone));
  EXPECT_FALSE(has_files(vm_id));
}

TEST_F(VmService, of_several_starts_at_once_one_starts_the_machine) {
  const std::string vm_id = create().vm_id;
  std::vector<std::future<std::optional<Error>>> starts;
  for (int i = 0; i < 4; ++i) {
    starts.push_back(std::async(std::launch::async, [this, &vm_id] {
      return error_of([&] { call(api::StartMachine{.vm_id = vm_id}); });
    }));
  }
  int refused = 0;
  for (auto& start : starts) {
    const auto error = start.get();
    if (!error) continue;
    ++refused;
    EXPECT_THAT(error, Refused(ErrorCode::kFailedPrecondition,
                               HasSubstr("cannot be started from state 'started'")));
  }
  EXPECT_EQ(refused, 3);
}

TEST_F(VmService, a_machine_shows_its_disks_while_it_does_not_run) {
  const std::string vm_id = started();
  EXPECT_THAT(error_of([&] { call(api::GetDisks{.vm_id = vm_id}); }),
              Refused(reason::kAlreadyStarted));
  call(api::StopMachine{.vm_id = vm_id});
  const auto disks = call(api::GetDisks{.vm_id = vm_id});
  EXPECT_EQ(disks.system, (directory_of(vm_id) / "system.ext4").string());
  EXPECT_EQ(disks.workspace, (directory_of(vm_id) / "workspace.ext4").string());
  EXPECT_TRUE(std::filesystem::exists(disks.environment));
  std::filesystem::remove(disks.system);
  EXPECT_THAT(error_of([&] { call(api::GetDisks{.vm_id = vm_id}); }),
              Refused(reason::kMachineLost));
  EXPECT_THAT(error_of([&] { call(api::GetDisks{.vm_id = "none"}); }),
              Refused(reason::kMachineGone));
}

TEST_F(VmService, a_stopped_machine_starts_again) {
  const std::string vm_id = started();
  EXPECT_EQ(call(api::StopMachine{.vm_id = vm_id}).state, MachineState::kStopped);
  EXPECT_EQ(call(api::StopMachine{.vm_id = vm_id}).state, MachineState::kStopped);
  EXPECT_EQ(call(api::StartMachine{.vm_id = vm_id}).state, MachineState::kStarted);
}

TEST_F(VmService, quiesce_stops_the_machines_and_deletes_the_one_whose_command_runs) {
  const std::string idle = started();
  const std::string busy = started();
  auto exec = begin_exec(busy);
  call(api::Quiesce{});
  EXPECT_TRUE(exec.get().has_value());
  EXPECT_EQ(status(idle).state, MachineState::kStopped);
  EXPECT_THAT(error_of([&] { status(busy); }), Refused(reason::kMachineGone));
}

}  // namespace
}  // namespace pyro::vm
