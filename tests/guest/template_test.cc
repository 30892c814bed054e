#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <future>

#include "common/api/json_codec.h"
#include "common/api/prepare.h"
#include "common/api/stack.h"
#include "common/bus/client.h"
#include "common/stored_file/stored_file.h"
#include "services/vm/templates/preparer.h"
#include "services/vm/templates/template_store.h"
#include "tests/guest/warm_fixture.h"
#include "tests/support/errors.h"

namespace pyro::test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Template : public OwnCacheFixture {
 protected:
  explicit Template(Variables variables = {}) : OwnCacheFixture(std::move(variables)) {}
  api::PreparedEnvironment prepare(bool force = false) {
    return call(api::PrepareEnvironment{.environment = kEnvironment, .force = force});
  }
  std::string boot_mode() {
    const auto machine = started_machine();
    remove(machine.vm_id);
    return machine.metadata.at("boot_mode");
  }
  /// Makes the manifest's marks those of the files as they are now: only a restore, or who reads
  /// them, then finds that they are not what was saved.
  void forge_marks(const fs::path& directory) {
    auto manifest = read_record<vm::TemplateManifest>(directory / "manifest.json").value();
    for (auto& file : manifest.files) {
      const std::string digest = file.sha256;
      file = record_file(directory, file.path, {}, 0600, sha256_of_sparse_file);
      file.sha256 = digest;
    }
    write_record(directory / "manifest.json", manifest);
  }
  std::vector<std::string> template_names() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(cache_.path() / "templates")) {
      if (entry.path().filename() != "locks") names.push_back(entry.path().filename());
    }
    return names;
  }
  /// How often a template was made.
  std::size_t made(const std::string& log) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = log.find("a template of", at)) != std::string::npos; ++at) {
      ++count;
    }
    return count;
  }
};

TEST_F(Template, is_made_behind_the_first_caller_who_gets_a_cold_machine) {
  EXPECT_EQ(daily_loop().status, api::Warmth::kCold);
  EXPECT_EQ(boot_mode(), "cold");
  // Whoever asks for it meanwhile waits for that one instead of making another.
  EXPECT_FALSE(prepare().reused);
  EXPECT_EQ(boot_mode(), "warm");
  EXPECT_EQ(made(log_of("vm")), 1U);
  EXPECT_EQ(template_names().size(), 1U);
}

TEST_F(Template, is_made_once_when_two_stacks_that_share_a_cache_prepare_at_once) {
  const auto other = [&](const std::string& name) {
    return std::vector<std::string>{"--state-dir", (directory_.path() / ("s" + name)).string(),
                                    "--runtime-dir", (directory_.path() / ("r" + name)).string()};
  };
  const auto pyro_in = [&](const std::string& stack, std::vector<std::string> words) {
    const auto flags = other(stack);
    words.insert(words.begin(), flags.begin(), flags.end());
    return pyro(words);
  };
  std::vector<std::future<CommandResult>> both;
  for (const char* stack : {"1", "2"}) {
    both.push_back(
        std::async(std::launch::async, [&, stack] { return pyro_in(stack, {"prepare"}); }));
  }
  std::size_t made_in_all = 0;
  for (std::size_t i = 0; i < both.size(); ++i) {
    const auto done = both[i].get();
    EXPECT_EQ(done.status.code, 0) << done.error_output;
  }
  for (const char* stack : {"1", "2"}) {
    EXPECT_EQ(pyro_in(stack, {"stack", "down"}).status.code, 0);
    made_in_all += made(read_file(directory_.path() / ("s" + std::string(stack)) / "logs/vm.log"));
  }
  EXPECT_EQ(made_in_all, 1U);
  EXPECT_EQ(template_names().size(), 1U);
}

TEST_F(Template, prepared_a_second_time_is_reused_and_forced_is_made_anew) {
  const auto first = prepare();
  EXPECT_EQ(first.status, api::Warmth::kWarm);
  EXPECT_TRUE(first.prepared);
  EXPECT_FALSE(first.reused);
  EXPECT_FALSE(first.network_prepared);
  EXPECT_TRUE(fs::exists(first.manifest_path));
  EXPECT_EQ(first.daily_loop.status, api::Warmth::kWarm);
  EXPECT_TRUE(prepare().reused);
  EXPECT_EQ(made(log_of("vm")), 1U);
  EXPECT_FALSE(prepare(/*force=*/true).reused);
  EXPECT_EQ(made(log_of("vm")), 2U);
  EXPECT_EQ(daily_loop(/*verify=*/true).status, api::Warmth::kWarm);
  EXPECT_TRUE(
      call(api::PrepareEnvironment{.environment = kEnvironment, .network = true}).network_prepared);
}

TEST_F(Template, of_an_older_vmm_or_agent_is_stale_with_the_reason) {
  prepare();
  const fs::path manifest = daily_loop().manifest_path;
  auto prepared = read_record<vm::Preparation>(manifest).value();
  prepared.shape.vmm_version = "QEMU emulator version 7.1.0";
  prepared.shape.initramfs = "another.cpio";
  write_record(manifest, prepared);
  const auto loop = daily_loop();
  EXPECT_EQ(loop.status, api::Warmth::kStale);
  EXPECT_EQ(loop.reason, "changed since it was prepared: the agent, the VMM");
  const auto doctor = pyro({"doctor"});
  EXPECT_THAT(doctor.output, HasSubstr("debian:12 is stale: changed since"));
  EXPECT_THAT(doctor.output, HasSubstr("fix: pyro prepare debian:12"));
  EXPECT_FALSE(prepare().reused);
  EXPECT_EQ(daily_loop().status, api::Warmth::kWarm);
}

TEST_F(Template, that_was_damaged_is_found_out_and_a_cold_machine_serves_meanwhile) {
  prepare();
  const fs::path directory = template_directory();
  const std::vector<std::pair<const char*, std::function<void()>>> damages = {
      {"truncated memory",
       [&] { ASSERT_EQ(::truncate((directory / "memory").c_str(), 100 << 20), 0); }},
      {"a byte of the memory",
       [&] {
         const UniqueFd file = open_file(directory / "memory", O_RDWR);
         ASSERT_EQ(::pwrite(file.get(), "x", 1, 20 << 20), 1);
       }},
      {"no manifest", [&] { fs::remove(directory / "manifest.json"); }},
      // A restore is the first to notice these: as after an upgrade that the key did not see.
      {"device state of something else", [&] {
         std::string state = read_file(directory / "state");
         std::fill(state.begin() + 4096, state.end(), 'x');
         ::unlink((directory / "state").c_str());
         write_file_atomically(directory / "state", state);
         forge_marks(directory);
       }}};
  bus::Context context;
  bus::Client vm(context, "vm", paths_.bus_socket("vm"));
  for (const auto& [name, damage] : damages) {
    SCOPED_TRACE(name);
    vm.call(api::Quiesce{},
            {.deadline = Clock::now() + std::chrono::minutes(1)});  // works ahead no more
    damage();
    EXPECT_EQ(boot_mode(), "cold");
    prepare();
    EXPECT_EQ(boot_mode(), "warm");
  }
  EXPECT_THAT(log_of("vm"), HasSubstr("is discarded: a file was changed"));
  EXPECT_THAT(log_of("vm"), HasSubstr("boots cold, since it could not be restored"));
}

TEST_F(Template, whose_content_changed_behind_its_marks_is_found_by_doctor) {
  prepare();
  const fs::path directory = template_directory();
  {
    const UniqueFd file = open_file(directory / "memory", O_RDWR);
    ASSERT_EQ(::pwrite(file.get(), "x", 1, 900 << 20), 1);
  }
  forge_marks(directory);
  EXPECT_EQ(daily_loop().status, api::Warmth::kWarm);
  const auto verified = daily_loop(/*verify=*/true);
  EXPECT_EQ(verified.status, api::Warmth::kStale);
  EXPECT_EQ(verified.reason, "the warm template's memory has changed since it was saved");
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(Template, goes_with_env_prune_and_so_do_standby_machines) {
  prepare();
  const auto pruned = call(api::PruneTemplates{});
  EXPECT_EQ(pruned.deleted_template_dirs.size(), 1U);
  EXPECT_GT(pruned.freed_bytes, 10U << 20U);
  EXPECT_THAT(template_names(), IsEmpty());
  EXPECT_EQ(daily_loop().reason, "it was never prepared");
}

/// A VMM that hangs when it is to restore a machine, while a file says so.
class LateRestore : public Template {
 protected:
  explicit LateRestore(const char* limit_seconds = "1")
      : Template({{"PYRO_VM_QEMU", vmm()},
                  {"PYRO_VM_CONFINEMENT", "off"},
                  {"PYRO_VM_STANDBY_MACHINES", "0"},
                  {"PYRO_VM_RESTORE_TIMEOUT_SECONDS", limit_seconds}}) {}
  static const TemporaryDirectory& place() {
    static const TemporaryDirectory directory("/tmp", "pyro-late");
    return directory;
  }
  static std::string vmm() {
    const auto file = place().path() / "qemu";
    write_file_atomically(
        file,
        fmt::format("#!/bin/sh\n"
                    "[ ! -e '{}' ] || case \"$*\" in *' -incoming '*) exec sleep 1000 ;; esac\n"
                    "exec qemu-system-x86_64 \"$@\"\n",
                    (place().path() / "hang").string()),
        0700);
    return file.string();
  }
};

TEST_F(LateRestore, on_a_busy_host_costs_no_template_and_names_the_limit) {
  prepare();
  const auto hang = place().path() / "hang";
  write_file_atomically(hang, "");
  for (int start = 0; start < 3; ++start) EXPECT_EQ(boot_mode(), "cold");
  fs::remove(hang);
  EXPECT_EQ(boot_mode(), "warm");
  EXPECT_EQ(made(log_of("vm")), 1U);
  EXPECT_THAT(log_of("vm"), HasSubstr("(1 s: `vm.restore_timeout_seconds` gives more)"));
}

class LateRestoreOnAnIdleHost : public LateRestore {
 protected:
  LateRestoreOnAnIdleHost() : LateRestore("25") {}
};

TEST_F(LateRestoreOnAnIdleHost, twice_discards_the_template) {
  prepare();
  const auto hang = place().path() / "hang";
  write_file_atomically(hang, "");
  for (int start = 0; start < 2; ++start) EXPECT_EQ(boot_mode(), "cold");
  fs::remove(hang);
  EXPECT_THAT(log_of("vm"), HasSubstr("is discarded: no machine could be restored from it"));
}

class KilledWhileATemplateIsMade : public Template,
                                   public ::testing::WithParamInterface<const char*> {};

TEST_P(KilledWhileATemplateIsMade, leaves_none_and_the_next_one_is_whole) {
  RunningCommand first(pyro_words({"prepare"}));
  ASSERT_NE(process_of("qemu-system-x86_64"), 0) << first.output();
  const pid_t victim = process_of(GetParam());
  ASSERT_NE(victim, 0);
  ::kill(victim, SIGKILL);
  const auto status = first.finish();
  ASSERT_TRUE(status.has_value());
  // vm.prepare is repeated by the client when the service comes back; a dead VMM is an error.
  if (*status != 0) {
    EXPECT_THAT(first.output(), HasSubstr("error: "));
  }
  prepare();
  EXPECT_EQ(template_names().size(), 1U);
  EXPECT_EQ(boot_mode(), "warm");
  EXPECT_EQ(daily_loop(/*verify=*/true).status, api::Warmth::kWarm);
  expect_no_machine_left();
}

std::string victim_name(const ::testing::TestParamInfo<const char*>& victim) {
  std::string name = victim.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Victims, KilledWhileATemplateIsMade,
                         ::testing::Values("pyro-vm", "qemu-system-x86_64"), victim_name);

}  // namespace pyro::test
