#include <signal.h>

#include <functional>

#include "tests/guest/workspace_fixture.h"

namespace pyro::test {
namespace {

using testing::HasSubstr;

/// What an answered command wrote is there after anything dies: 40 files, none empty.
class Durability : public WorkspaceFixture {
 protected:
  static constexpr const char* kWrite =
      "for i in $(seq 40); do echo \"file $i\" >f$i; echo \"file $i\" >/root/f$i; done";
  static constexpr const char* kWholeFiles =
      "n=0; for i in $(seq 40); do"
      " [ \"$(cat f$i)\" = \"file $i\" ] && [ \"$(cat /root/f$i)\" = \"file $i\" ] && n=$((n+1)); "
      "done; echo $n";

  void write_files(const std::string& id) { ASSERT_EQ(run(id, kWrite).exit_code, 0); }

  /// Returns once the command has done it and runs on: nothing is on the disks yet.
  void begin(const std::string& id, const std::string& command) {
    const auto begun =
        client_->call(api::ExecWorkspace{.workspace_id = id,
                                         .command = command + "; echo done; sleep 600",
                                         .timeout_seconds = 600,
                                         .answer_within_seconds = 1});
    std::string printed = begun.stdout_text;
    while (printed.find("done") == std::string::npos) {
      printed +=
          client_
              ->call(api::PollExec{.workspace_id = id, .job_id = begun.job_id, .wait_seconds = 1})
              .stdout_text;
    }
  }

  void start(const std::string& id) { client_->call(api::StartWorkspace{.workspace_id = id}); }

  void expect_all_after(const std::string& id) {
    wait_for_stopped(id);
    start(id);
    EXPECT_EQ(output_of(id, kWholeFiles), "40\n");
  }
};

TEST_F(Durability, a_command_that_was_answered_outlives_a_kill_of_its_vmm) {
  const std::string id = create().workspace_id;
  write_files(id);
  ::kill(process_of("qemu-system-x86_64"), SIGKILL);
  expect_all_after(id);
}

TEST_F(Durability, a_command_that_was_answered_outlives_a_kill_of_its_shim) {
  const std::string id = create().workspace_id;
  write_files(id);
  ::kill(process_of("pyro-vm-shim"), SIGKILL);
  expect_all_after(id);
}

TEST_F(Durability, a_shim_that_is_told_to_end_powers_its_guest_off) {
  const std::string id = create().workspace_id;
  begin(id, kWrite);
  ::kill(process_of("pyro-vm-shim"), SIGTERM);
  expect_all_after(id);
}

TEST_F(Durability, the_vmm_does_not_end_by_the_signals_of_a_logout) {
  const std::string id = create().workspace_id;
  const pid_t vmm = process_of("qemu-system-x86_64");
  for (const int number : {SIGTERM, SIGHUP, SIGINT}) ::kill(vmm, number);
  EXPECT_EQ(output_of(id, "echo here"), "here\n");
  EXPECT_EQ(processes("qemu-system-x86_64"), std::vector<pid_t>{vmm});
}

TEST_F(Durability, a_logout_that_tells_every_process_to_end_loses_nothing) {
  const std::string id = create().workspace_id;
  begin(id, kWrite);
  for (const pid_t process : processes()) ::kill(process, SIGTERM);
  for (const char* name :
       {"pyro-supervisor", "pyro-workspace", "pyro-vm", "pyro-vm-shim", "qemu-system-x86_64"}) {
    EXPECT_TRUE(all_gone(name)) << name;
  }
  start(id);
  EXPECT_EQ(output_of(id, kWholeFiles), "40\n");
}

}  // namespace
}  // namespace pyro::test
