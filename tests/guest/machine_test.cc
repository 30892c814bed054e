#include <future>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "common/registry/registry.h"
#include "common/stream/output_receiver.h"
#include "services/vm/machine_record.h"
#include "tests/guest/guest_fixture.h"
#include "tests/support/errors.h"

namespace pyro::test {

using api::MachineState;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

class MachineLife : public GuestFixture {
 protected:
  explicit MachineLife(std::map<std::string, std::string> variables = {})
      : GuestFixture(std::move(variables)) {}

  template <api::Operation Op>
  auto call(const Op& request) {
    return client_->call(request, {.deadline = Clock::now() + std::chrono::minutes(3)});
  }
};

TEST_F(MachineLife, goes_from_created_over_started_and_stopped_to_a_single_exec) {
  const auto created = call(api::CreateMachine{.environment = kEnvironment});
  EXPECT_EQ(created.state, MachineState::kCreated);
  EXPECT_EQ(created.execution_mode, api::ExecutionMode::kPending);
  EXPECT_EQ(created.vm_id.size(), 12U);
  EXPECT_EQ(created.expires_at, created.created_at + created.ttl_seconds);
  const std::string id = created.vm_id;
  EXPECT_THAT(error_of([&] { call(api::ExecMachine{.vm_id = id, .command = "true"}); }),
              Refused(ErrorCode::kFailedPrecondition,
                      ("vm " + id + " must be in 'started' state before execution").c_str()));

  const auto started = call(api::StartMachine{.vm_id = id});
  EXPECT_EQ(started.state, MachineState::kStarted);
  EXPECT_EQ(started.execution_mode, api::ExecutionMode::kGuestSerial);
  EXPECT_EQ(started.metadata.at("boot_mode"), "warm");
  EXPECT_EQ(started.metadata.at("accelerator"), "tcg");
  EXPECT_THAT(error_of([&] { call(api::StartMachine{.vm_id = id}); }),
              Refused(ErrorCode::kFailedPrecondition,
                      ("vm " + id + " cannot be started from state 'started'").c_str()));
  EXPECT_FALSE(call(api::MachineNetworkInfo{.vm_id = id}).network_enabled);

  EXPECT_EQ(call(api::StopMachine{.vm_id = id}).state, MachineState::kStopped);
  EXPECT_TRUE(all_gone("qemu-system-x86_64"));
  EXPECT_EQ(call(api::StartMachine{.vm_id = id}).state, MachineState::kStarted);

  const auto result = call(api::ExecMachine{.vm_id = id, .command = "echo $((6*7))"});
  EXPECT_EQ(result.stdout_text, "42\n");
  EXPECT_THAT(error_of([&] { call(api::MachineStatus{.vm_id = id}); }),
              Refused(ErrorCode::kNotFound, ("vm '" + id + "' does not exist").c_str()));
  expect_no_machine_left();
}

TEST_F(MachineLife, delete_in_the_middle_of_an_exec_ends_both) {
  const std::string id = started_machine().vm_id;
  std::promise<void> begun;
  OutputReceiver output(paths_.runtime_dir / "streams",
                        [&begun](std::uint32_t, std::string_view) { begun.set_value(); });
  auto failure = std::async(std::launch::async, [&] {
    return error_of([&] {
      call(api::ExecMachine{.vm_id = id,
                            .command = "echo begun; sleep 800",
                            .timeout_seconds = 900,
                            .output_socket = output.socket().string()});
    });
  });
  ASSERT_EQ(begun.get_future().wait_for(std::chrono::minutes(1)), std::future_status::ready);
  call(api::DeleteMachine{.vm_id = id});
  EXPECT_THAT(failure.get(),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("deleted meanwhile")));
  expect_no_machine_left();
}

TEST_F(MachineLife, a_machine_past_its_lifetime_is_deleted_without_being_asked) {
  const std::string id = started_machine().vm_id;
  const pid_t vmm = process_of("qemu-system-x86_64");
  ASSERT_NE(vmm, 0);
  Registry registry(paths_.registry());
  RecordTable<vm::MachineRecord> table(registry, "machines");
  auto record = table.get(id).value();
  record.machine.expires_at = now_epoch_seconds();
  table.put(id, record);
  // A new machine makes the reaper look again at who is next.
  const auto other = call(api::CreateMachine{.environment = kEnvironment});
  EXPECT_TRUE(all_gone("qemu-system-x86_64"));
  EXPECT_THAT(error_of([&] { call(api::MachineStatus{.vm_id = id}); }),
              Refused(ErrorCode::kNotFound,
                      ("vm '" + id + "' expired and was automatically deleted").c_str()));
  call(api::DeleteMachine{.vm_id = other.vm_id});
  expect_no_machine_left();
}

class LimitedMachines : public MachineLife {
 protected:
  LimitedMachines() : MachineLife({{"PYRO_LIMITS_MAX_ACTIVE", "1"}}) {}
};

TEST_F(LimitedMachines, one_more_than_allowed_is_refused) {
  const auto first = call(api::CreateMachine{.environment = kEnvironment});
  EXPECT_THAT(
      error_of([&] { call(api::CreateMachine{.environment = kEnvironment}); }),
      Refused(ErrorCode::kResourceExhausted, "max active VMs reached (1); delete old VMs first"));
  call(api::DeleteMachine{.vm_id = first.vm_id});
  EXPECT_NO_THROW(call(api::CreateMachine{.environment = kEnvironment}));
}

class WithoutVmm : public MachineLife {
 protected:
  WithoutVmm() : MachineLife({{"PYRO_VM_QEMU", "/nonexistent/qemu"}}) {}
};

TEST_F(WithoutVmm, nothing_runs_on_the_host_unless_the_caller_opts_in) {
  const auto refused = pyro({"run", kEnvironment, "--", "true"});
  EXPECT_EQ(refused.status.code, 1);
  EXPECT_THAT(refused.error_output,
              HasSubstr("guest boot is unavailable and host compatibility mode is disabled: "));
  EXPECT_THAT(refused.error_output,
              HasSubstr("Set allow_host_compat=True (CLI: --allow-host-compat) to opt into host "
                        "execution."));
  const auto ran = pyro({"run", kEnvironment, "--allow-host-compat", "--json", "--", "echo", "hi"});
  ASSERT_EQ(ran.status.code, 0) << ran.error_output;
  const auto json = api::Json::parse(ran.output);
  EXPECT_EQ(json["stdout"], "hi\n");
  EXPECT_EQ(json["execution_mode"], "host_compat");
}

TEST_F(WithoutVmm, host_compatibility_mode_cannot_write_the_hosts_files) {
  const auto target = directory_.path() / "canary";
  pyro({"run", kEnvironment, "--allow-host-compat", "--", "touch", target.string()});
  EXPECT_FALSE(std::filesystem::exists(target));
}

class SlowGuest : public MachineLife {
 protected:
  SlowGuest()
      : MachineLife({{"PYRO_VM_BOOT_TIMEOUT_SECONDS", "3"},
                     {"PYRO_VM_QEMU", stuck()},
                     {"PYRO_VM_CONFINEMENT", "off"}}) {}

  /// A VMM that says its version and then hangs, as a guest on a broken /dev/kvm does.
  static std::string stuck() {
    static const TemporaryDirectory directory("/tmp", "pyro-stuck");
    const auto file = directory.path() / "qemu";
    write_file_atomically(file,
                          "#!/bin/sh\n"
                          "[ \"$1\" = --version ] && { echo stuck 1; exit; }\n"
                          "echo last words of a VMM >&2\n"
                          "exec sleep 1000\n",
                          0700);
    return file.string();
  }
};

TEST_F(SlowGuest, a_guest_that_does_not_answer_is_tried_twice_and_then_named_with_its_last_words) {
  const auto done = pyro({"run", kEnvironment, "--", "true"});
  EXPECT_EQ(done.status.code, 1);
  EXPECT_THAT(done.error_output, HasSubstr("guest command execution is unavailable and host "
                                           "compatibility mode is disabled: the guest did not "
                                           "answer"));
  EXPECT_THAT(done.error_output, HasSubstr("last words of a VMM"));
  EXPECT_THAT(read_tail(paths_.logs_dir() / "vm.log", 65536), HasSubstr("boot, try 2 of 2"));
  expect_no_machine_left();
}

TEST_F(SlowGuest, a_caller_that_opted_in_falls_back_to_the_host_and_is_told) {
  const auto done = pyro({"run", kEnvironment, "--allow-host-compat", "--", "echo", "hi"});
  EXPECT_EQ(done.output, "hi\n") << done.error_output;
  EXPECT_THAT(done.error_output, HasSubstr("host_compat"));
}

class ProbedAccelerator : public MachineLife {
 protected:
  ProbedAccelerator() : MachineLife({{"PYRO_VM_ACCELERATOR", "auto"}}) {}
};

TEST_F(ProbedAccelerator, a_run_works_and_the_accelerator_is_told_with_its_reason) {
  EXPECT_EQ(run_script("true").status.code, 0);
  const auto host = call(api::GetCapabilities{});
  EXPECT_THAT(host.accelerator, ::testing::AnyOf("kvm", "tcg"));
  EXPECT_FALSE(host.accelerator_reason.empty());
}

}  // namespace pyro::test
