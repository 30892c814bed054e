#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>

#include "common/api/boot_policy.h"
#include "common/api/json_codec.h"
#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/base/text.h"
#include "common/digest/sha256.h"
#include "tests/guest/warm_fixture.h"

namespace pyro::test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class WarmMachine : public WarmFixture {};

TEST_F(WarmMachine, comes_from_the_template_and_says_so) {
  const auto machine = started_machine();
  EXPECT_EQ(machine.metadata.at("boot_mode"), "warm");
  EXPECT_EQ(machine.metadata.at("warm_from"), "template");
  EXPECT_EQ(machine.execution_mode, api::ExecutionMode::kGuestSerial);
  EXPECT_EQ(exec(machine.vm_id, "git --version && python3 -c 'print(6*7)'").exit_code, 0);
}

TEST_F(WarmMachine, boots_cold_from_its_own_disks_after_a_stop_and_has_what_it_wrote) {
  // It has one exec only, so what it keeps shows in what it was given when it started first.
  const auto machine = started_machine();
  call(api::StopMachine{.vm_id = machine.vm_id});
  const auto again = call(api::StartMachine{.vm_id = machine.vm_id});
  EXPECT_EQ(again.metadata.at("boot_mode"), "cold");
  EXPECT_FALSE(again.metadata.contains("warm_from"));
  EXPECT_EQ(exec(machine.vm_id, "hostname").stdout_text, machine.vm_id + "\n");
}

/// What a guest draws at random or is named by, one a line.
constexpr const char* kIdentity = R"sh(
cat /proc/sys/kernel/random/boot_id /etc/machine-id
hostname
python3 -c 'import os,uuid; print(os.getrandom(32).hex()); print(uuid.uuid4()); print(os.urandom(32).hex())'
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; echo
echo "srandom $SRANDOM$SRANDOM$SRANDOM"
mktemp -u /tmp/XXXXXXXXXXXXXXXX
if command -v openssl > /dev/null; then openssl rand -hex 32; fi
)sh";

TEST_F(WarmMachine, shares_no_random_byte_and_no_name_with_its_siblings) {
  std::set<std::string> seen;
  std::size_t lines = 0;
  for (int sibling = 0; sibling < 3; ++sibling) {
    const auto machine = started_machine();
    ASSERT_EQ(machine.metadata.at("boot_mode"), "warm");
    const auto said = exec(machine.vm_id, kIdentity);
    ASSERT_EQ(said.exit_code, 0) << said.stderr_text;
    for (const auto& line : split(trim(said.stdout_text), '\n')) {
      ++lines;
      EXPECT_GE(line.size(), 12U) << line;
      EXPECT_TRUE(seen.insert(line).second) << "twice: " << line;
    }
  }
  EXPECT_GE(lines, 3U * 8U);
}

TEST_F(WarmMachine, knows_the_time_to_fifty_milliseconds) {
  const auto machine = started_machine();
  ASSERT_EQ(machine.metadata.at("boot_mode"), "warm");
  EXPECT_THAT(clock_delay(machine.vm_id),
              ::testing::AllOf(::testing::Gt(-0.050), ::testing::Lt(0.050)));
}

TEST_F(WarmMachine, has_clocks_that_agree_and_stamps_its_files_with_them) {
  const auto machine = started_machine();
  const double before = now_epoch_seconds();
  const auto said = exec(machine.vm_id,
                         "touch /root/f; python3 -c 'import os,time\n"
                         "a=time.monotonic(); r=time.time(); time.sleep(0.3)\n"
                         "print(os.stat(\"/root/f\").st_mtime, time.time()-r,"
                         " time.monotonic()-a, time.clock_gettime(time.CLOCK_BOOTTIME))'");
  const double after = now_epoch_seconds();
  std::vector<double> times;
  for (const auto& word : split(trim(said.stdout_text), ' ')) times.push_back(std::stod(word));
  ASSERT_EQ(times.size(), 4U) << said.stdout_text << said.stderr_text;
  EXPECT_GE(times[0], before - 0.050);
  EXPECT_LE(times[0], after + 0.050);
  // Both clocks move on, at one rate, and the machine is not older than its template.
  EXPECT_GE(times[2], 0.3);
  EXPECT_NEAR(times[1], times[2], 0.050);
  EXPECT_GT(times[3], 0);
  EXPECT_LT(times[3], 3600);
}

TEST_F(WarmMachine, has_no_process_and_no_network_of_the_template) {
  const auto machine = started_machine();
  ASSERT_EQ(machine.metadata.at("boot_mode"), "warm");
  const auto said =
      exec(machine.vm_id,
           "for p in /proc/[0-9]*; do [ -n \"$(cat $p/cmdline | tr -d '\\0')\" ] && "
           "echo process $(tr '\\0' ' ' < $p/cmdline); done\n"
           "echo groups $(ls -d /sys/fs/cgroup/pyro/job-* | wc -l)\n"
           "echo routes $(tail -n +2 /proc/net/route | wc -l)\n"
           "echo addresses $(grep -c host /proc/net/fib_trie)\n"
           "for n in /sys/class/net/*; do echo card $(basename $n) "
           "$(cat $n/operstate); done\n"
           "ls -A /root /tmp /workspace; grep -c 000000000000 /etc/hosts /etc/hostname");
  EXPECT_THAT(said.stdout_text, HasSubstr("process /init"));
  EXPECT_THAT(said.stdout_text, Not(HasSubstr("--version")));
  EXPECT_THAT(said.stdout_text, HasSubstr("groups 1\n"));
  EXPECT_THAT(said.stdout_text, HasSubstr("routes 0\n"));
  EXPECT_THAT(said.stdout_text, HasSubstr("card lo "));
  EXPECT_THAT(said.stdout_text, HasSubstr("card eth0 down"));
  EXPECT_THAT(said.stdout_text, HasSubstr("/etc/hosts:0\n/etc/hostname:0\n"));
}

TEST_F(WarmMachine, writes_neither_into_the_template_nor_into_a_sibling) {
  const fs::path memory = template_directory() / "memory";
  const std::string before = sha256_of_sparse_file(memory, {});
  const std::string disk_before = sha256_of_sparse_file(template_directory() / "system.ext4", {});
  const auto sibling = started_machine();
  const auto writer = started_machine();
  // As much memory as there is, and a good part of the disk.
  const auto wrote = exec(writer.vm_id,
                          "python3 -c '\n"
                          "import os\n"
                          "free = int(open(\"/proc/meminfo\").read().split(\"MemAvailable:\")[1]"
                          ".split()[0])\n"
                          "block = b\"pyro-was-here---\" * 65536\n"
                          "kept = [bytearray(block) for i in range((free >> 10) - 64)]\n"
                          "print(len(kept))\n"
                          "with open(\"/root/big\", \"wb\") as f:\n"
                          "  for i in range(256): f.write(block)\n"
                          "  os.fsync(f.fileno())'\n"
                          "rm -rf /usr/share /etc/profile.d",
                          300);
  ASSERT_EQ(wrote.exit_code, 0) << wrote.stderr_text;
  EXPECT_GT(std::stoi(wrote.stdout_text), 400);
  EXPECT_EQ(sha256_of_sparse_file(memory, {}), before);
  EXPECT_EQ(sha256_of_sparse_file(template_directory() / "system.ext4", {}), disk_before);
  const auto unchanged = exec(sibling.vm_id,
                              "test ! -e /root/big && test -d /usr/share -a -d /etc/profile.d && "
                              "git --version && python3 -c 'print(6*7)'");
  EXPECT_EQ(unchanged.exit_code, 0) << unchanged.stdout_text << unchanged.stderr_text;
  EXPECT_EQ(daily_loop(/*verify=*/true).status, api::Warmth::kWarm);
  EXPECT_EQ(started_machine().metadata.at("boot_mode"), "warm");
}

class TwentyMachines : public WarmFixture {
 protected:
  TwentyMachines() : WarmFixture({{"PYRO_LIMITS_MAX_ACTIVE", "20"}}) {}
};

TEST_F(TwentyMachines, restored_at_once_all_answer_and_leave_nothing) {
  constexpr std::size_t kMachines = 20;
  std::vector<std::string> ids(kMachines);
  std::vector<std::string> answers(kMachines);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kMachines; ++i) {
      threads.emplace_back([&, i] {
        try {
          const auto machine = started_machine();
          ids[i] = machine.vm_id;
          answers[i] =
              machine.metadata.at("boot_mode") + " " +
              exec(machine.vm_id, "cat /proc/sys/kernel/random/uuid; hostname").stdout_text;
        } catch (const std::exception& error) {
          answers[i] = error.what();
        }
      });
    }
  }
  for (std::size_t i = 0; i < kMachines; ++i) {
    EXPECT_THAT(answers[i], ::testing::StartsWith("warm "));
    EXPECT_THAT(answers[i], ::testing::EndsWith("\n" + ids[i] + "\n"));
  }
  EXPECT_EQ(std::set<std::string>(answers.begin(), answers.end()).size(), kMachines);
  expect_no_machine_left();
}

TEST_F(WarmMachine, is_not_made_for_a_caller_who_wants_a_cold_one) {
  const auto made =
      call(api::CreateMachine{.environment = kEnvironment, .boot = api::BootPolicy::kCold});
  const auto cold = call(api::StartMachine{.vm_id = made.vm_id});
  EXPECT_EQ(cold.metadata.at("boot_mode"), "cold");
}

TEST_F(WarmMachine, is_not_made_with_pyro_boot_cold_in_the_callers_environment) {
  auto run = run_command({.argv = pyro_words({"run", kEnvironment, "--", "true"}),
                          .environment = {{"PYRO_BOOT", "cold"}}},
                         Clock::now() + std::chrono::minutes(1), {});
  EXPECT_EQ(run.status.code, 0) << run.error_output;
  EXPECT_THAT(log_of("vm"), HasSubstr("was started: cold"));
  run = run_script("true");
  EXPECT_THAT(log_of("vm"), HasSubstr("was started: warm from template"));
}

class AlwaysCold : public WarmFixture {
 protected:
  AlwaysCold() : WarmFixture({{"PYRO_VM_STANDBY_MACHINES", "1"}}) {
    fs::create_directories(paths_.config_file.parent_path());
    write_file_atomically(paths_.config_file, "[vm]\nboot = \"cold\"\n");
  }
};

TEST_F(AlwaysCold, no_machine_comes_from_a_template_and_none_is_kept_on_standby) {
  EXPECT_EQ(started_machine().metadata.at("boot_mode"), "cold");
  const auto refused = pyro({"prepare"});
  EXPECT_EQ(refused.status.code, 1);
  EXPECT_THAT(refused.error_output, HasSubstr("vm.boot is cold"));
  EXPECT_EQ(processes("qemu-system-x86_64").size(), 1U);
}

}  // namespace pyro::test
