#include "services/image/environment_store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/api/environment.h"
#include "common/directory_lease/directory_lease.h"
#include "common/work/work_lock.h"
#include "services/image/fake_builder.h"
#include "tests/support/errors.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kName = "debian:12";

class Store : public ::testing::Test {
 protected:
  Store() : directory_(fs::temp_directory_path(), "store") {}

  Work work(std::stop_token stop = {}) {
    return {.deadline = Clock::now() + std::chrono::seconds(30),
            .stop = std::move(stop),
            .progress = [this](const api::Progress& step) {
              const std::lock_guard lock(mutex_);
              said_.push_back(step.message);
              woken_.notify_all();
            }};
  }
  void wait_until_said(const std::string& text) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(woken_.wait_for(lock, std::chrono::seconds(30), [&] {
      return std::any_of(said_.begin(), said_.end(), [&](const std::string& message) {
        return message.find(text) != std::string::npos;
      });
    })) << text;
  }
  api::BootFiles resolve(const std::string& name = kName) { return store_.resolve(name, work()); }
  bool installed(const std::string& name = kName) { return store_.inspect(name, {}).installed; }

  /// Digest directories and what a build or removal left, of both kinds.
  std::vector<std::string> directories() const {
    std::vector<std::string> found;
    for (const auto& parent : {paths_.environments_dir, paths_.kernels_dir}) {
      for (const auto& entry : fs::directory_iterator(parent)) {
        const std::string name = entry.path().filename();
        if (name != "references" && name != "locks") found.push_back(name);
      }
    }
    return found;
  }
  static void overwrite(const fs::path& path, std::string_view text) {
    ::chmod(path.c_str(), 0644);
    write_all(open_file(path, O_WRONLY).get(), text);
  }

  TemporaryDirectory directory_;
  StorePaths paths_{.environments_dir = directory_.path() / "environments",
                    .kernels_dir = directory_.path() / "kernels"};
  FakeBuilder builder_;
  EnvironmentStore store_{paths_, builder_};
  std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<std::string> said_;
};

TEST_F(Store, lists_the_catalog_and_nothing_installed_at_first) {
  const auto list = store_.list({});
  EXPECT_THAT(list.environments, SizeIs(3));
  for (const auto& environment : list.environments) {
    EXPECT_FALSE(environment.installed);
    EXPECT_FALSE(environment.digest);
    EXPECT_EQ(environment.cache_dir, paths_.environments_dir);
  }
}

TEST_F(Store, installs_complete_files_named_by_their_digest) {
  const auto files = resolve();
  EXPECT_EQ(read_file(files.rootfs_path), "rootfs of debian:12");
  EXPECT_EQ(files.rootfs_path, paths_.environment(files.environment_digest) / "rootfs.ext4");
  EXPECT_EQ(read_file(files.kernel_path), "vmlinux 6.1-1");
  EXPECT_EQ(read_file(fs::path(files.modules_dir) / files.modules.at(0)), "virtio");
  const auto environment = store_.inspect(kName, {});
  EXPECT_TRUE(environment.installed);
  EXPECT_EQ(environment.digest, files.environment_digest);
  EXPECT_EQ(environment.source, "http://archive.example/debian");
  EXPECT_GT(environment.size_bytes.value_or(0), 0U);
  EXPECT_THAT(directories(), SizeIs(2));
}

TEST_F(Store, builds_nothing_that_is_installed) {
  resolve();
  EnvironmentStore another(paths_, builder_);
  another.pull(kName, work());
  EXPECT_EQ(builder_.rootfs_builds, 1);
  EXPECT_EQ(builder_.kernel_builds, 1);
}

TEST_F(Store, shares_one_kernel_between_environments_until_there_is_a_newer_one) {
  const auto first = resolve("debian:12");
  EXPECT_EQ(resolve("debian:12-base").kernel_path, first.kernel_path);
  EXPECT_EQ(builder_.kernel_builds, 1);
  builder_.kernel.version = "6.1-2";
  EXPECT_NE(resolve("debian:12-build").kernel_path, first.kernel_path);
  EXPECT_EQ(builder_.kernel_builds, 2);
}

TEST_F(Store, says_which_environments_there_are_when_asked_for_another) {
  EXPECT_THAT(error_of([&] { resolve("../../etc"); }),
              Refused(ErrorCode::kNotFound, HasSubstr("known environments")));
}

TEST_F(Store, builds_once_for_two_pulls_at_once) {
  std::stop_source release;
  builder_.during_rootfs = [&](const Work&) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, release.get_token(), [] { return false; });
  };
  std::jthread first([&] { resolve(); });
  std::jthread second([&] { resolve(); });
  wait_until_said("waiting for another pull of 'debian:12'");
  release.request_stop();
  first.join();
  second.join();
  EXPECT_EQ(builder_.rootfs_builds, 1);
  EXPECT_TRUE(installed());
}

TEST_F(Store, builds_anew_for_the_one_who_waited_when_the_first_pull_failed) {
  builder_.during_rootfs = [&](const Work&) {
    if (builder_.rootfs_builds > 1) return;
    wait_until_said("waiting for another pull");
    throw unavailable("no network");
  };
  std::atomic<int> failures = 0;
  const auto pull = [&] {
    try {
      resolve();
    } catch (const Error&) {
      ++failures;
    }
  };
  {
    const std::jthread first(pull);
    const std::jthread second(pull);
  }
  EXPECT_EQ(failures, 1);
  EXPECT_TRUE(installed());
}

TEST_F(Store, lets_a_waiting_pull_be_stopped_and_run_out_of_time) {
  const WorkLock other = WorkLock::acquire(paths_.pull_lock(kName), "it", work());
  std::stop_source stop;
  std::jthread stopper([&] {
    wait_until_said("waiting for another pull");
    stop.request_stop();
  });
  EXPECT_THAT(error_of([&] { store_.pull(kName, work(stop.get_token())); }),
              Refused(ErrorCode::kCancelled));
  Work late = work();
  late.deadline = Clock::now() + std::chrono::milliseconds(100);
  EXPECT_THAT(error_of([&] { store_.pull(kName, late); }),
              Refused(ErrorCode::kDeadlineExceeded,
                      HasSubstr("another pull of 'debian:12' did not finish in time")));
  EXPECT_EQ(builder_.rootfs_builds, 0);
}

TEST_F(Store, leaves_nothing_behind_a_pull_that_failed) {
  builder_.during_rootfs = [](const Work&) {
    throw resource_exhausted("the disk of '/x' is full");
  };
  EXPECT_THAT(error_of([&] { resolve(); }),
              Refused(ErrorCode::kResourceExhausted,
                      AllOf(HasSubstr("pull environment 'debian:12'"), HasSubstr("is full"))));
  EXPECT_FALSE(installed());
  store_.collect_garbage();
  EXPECT_THAT(directories(), IsEmpty());
}

TEST_F(Store, stops_both_builds_and_leaves_nothing_when_the_caller_does) {
  std::stop_source stop;
  const auto wait_for_stop = [&](const Work& part) {
    stop.request_stop();
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, part.stop, [] { return false; });
    throw cancelled("cancelled by the caller");
  };
  builder_.during_rootfs = wait_for_stop;
  builder_.during_kernel = wait_for_stop;
  EXPECT_THAT(error_of([&] { store_.pull(kName, work(stop.get_token())); }),
              Refused(ErrorCode::kCancelled));
  EXPECT_THAT(directories(), IsEmpty());
}

TEST_F(Store, killed_in_the_middle_of_a_pull_leaves_only_garbage_that_is_collected) {
  const pid_t killed = ::fork();
  if (killed == 0) {
    builder_.during_rootfs = [](const Work&) { ::raise(SIGKILL); };
    store_.pull(kName,
                {.deadline = Clock::now() + std::chrono::seconds(30), .stop = {}, .progress = {}});
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(killed, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(directories().empty());
  EXPECT_FALSE(installed());
  store_.collect_garbage();
  EXPECT_THAT(directories(), IsEmpty());
  resolve();
}

TEST_F(Store, does_not_collect_a_pull_that_is_under_way) {
  builder_.during_rootfs = [&](const Work&) {
    EnvironmentStore another(paths_, builder_);
    another.collect_garbage();
    another.prune();
  };
  resolve();
  EXPECT_TRUE(installed());
}

TEST_F(Store, collects_what_no_name_stands_for) {
  const auto files = resolve();
  fs::remove(paths_.reference(kName));
  fs::create_directory(paths_.environments_dir / ".deleting.abcd");
  fs::create_directory(paths_.kernel(std::string(64, 'a')));
  write_file_atomically(paths_.references() / "debian:12.json.tmp-1", "{");
  EXPECT_FALSE(installed());
  store_.collect_garbage();
  EXPECT_THAT(directories(), IsEmpty());
  EXPECT_TRUE(fs::is_empty(paths_.references()));
}

TEST_F(Store, counts_an_environment_whose_content_changed_as_not_installed_and_rebuilds_it) {
  const auto files = resolve();
  overwrite(files.rootfs_path, "ROOTFS");
  EXPECT_FALSE(installed());
  EXPECT_EQ(resolve().rootfs_path, files.rootfs_path);
  EXPECT_EQ(read_file(files.rootfs_path), "rootfs of debian:12");
  EXPECT_EQ(builder_.rootfs_builds, 2);
  EXPECT_EQ(builder_.kernel_builds, 1);
  wait_until_said("is not what was installed");
}

TEST_F(Store, rebuilds_only_the_kernel_when_only_that_changed) {
  const auto files = resolve();
  fs::remove(fs::path(files.modules_dir) / "virtio.ko");
  EXPECT_FALSE(installed());
  resolve();
  EXPECT_EQ(builder_.rootfs_builds, 1);
  EXPECT_EQ(builder_.kernel_builds, 2);
}

TEST_F(Store, takes_a_copied_cache_as_installed) {
  resolve();
  fs::copy(paths_.environments_dir, directory_.path() / "copy", fs::copy_options::recursive);
  fs::remove_all(paths_.environments_dir);
  fs::rename(directory_.path() / "copy", paths_.environments_dir);
  EXPECT_TRUE(installed());
  resolve();
  EXPECT_EQ(builder_.rootfs_builds, 1);
}

TEST_F(Store, rebuilds_an_environment_of_another_recipe_version) {
  resolve();
  auto reference = *read_record<Reference>(paths_.reference(kName));
  reference.version = "0.9.0";
  write_record(paths_.reference(kName), reference);
  EXPECT_FALSE(installed());
  resolve();
  EXPECT_EQ(builder_.rootfs_builds, 2);
}

TEST_F(Store, does_not_trust_a_reference_that_leads_out_of_the_store) {
  resolve();
  auto reference = *read_record<Reference>(paths_.reference(kName));
  reference.rootfs_digest = "../../etc";
  write_record(paths_.reference(kName), reference);
  EXPECT_FALSE(installed());
}

TEST_F(Store, does_not_take_over_a_wrong_directory_of_the_right_name) {
  const auto files = resolve();
  fs::remove(paths_.reference(kName));
  overwrite(files.rootfs_path, "ROOTFS");
  EXPECT_EQ(read_file(resolve().rootfs_path), "rootfs of debian:12");
}

TEST_F(Store, prunes_what_nobody_uses_and_says_what_it_freed) {
  const auto files = resolve();
  const auto pruned = store_.prune();
  EXPECT_THAT(pruned.deleted_environment_dirs,
              ElementsAre(paths_.environment(files.environment_digest)));
  EXPECT_EQ(pruned.count, 1U);
  EXPECT_GT(pruned.freed_bytes, 0U);
  EXPECT_TRUE(fs::is_empty(paths_.references()));
  EXPECT_FALSE(installed());
  EXPECT_THAT(directories(), IsEmpty());
}

TEST_F(Store, keeps_what_is_leased_and_prunes_it_afterwards) {
  const auto files = resolve("debian:12");
  resolve("debian:12-base");
  {
    const auto lease = DirectoryLease::take(fs::path(files.rootfs_path).parent_path());
    EXPECT_EQ(store_.prune().count, 1U);
    EXPECT_TRUE(installed("debian:12"));
    EXPECT_FALSE(installed("debian:12-base"));
  }
  EXPECT_EQ(store_.prune().count, 1U);
  EXPECT_FALSE(installed("debian:12"));
}

TEST_F(Store, keeps_a_leased_kernel_that_no_environment_refers_to) {
  const fs::path kernel = fs::path(resolve().kernel_path).parent_path();
  const auto lease = DirectoryLease::take(kernel);
  store_.prune();
  EXPECT_THAT(directories(), ElementsAre(kernel.filename()));
}

TEST_F(Store, gives_no_lease_on_what_was_pruned) {
  const fs::path directory = fs::path(resolve().rootfs_path).parent_path();
  store_.prune();
  EXPECT_THAT(error_of([&] { DirectoryLease::take(directory); }),
              Refused(ErrorCode::kNotFound, HasSubstr("was deleted meanwhile: try again")));
}

TEST_F(Store, names_the_directory_when_its_disk_is_full) {
  // /dev/full stands for a full disk: every write to it is ENOSPC.
  builder_.during_rootfs = [](const Work&) {
    with_context("'/cache'", [] { write_all(open_file("/dev/full", O_WRONLY).get(), "x"); });
  };
  EXPECT_THAT(error_of([&] { resolve(); }),
              Refused(ErrorCode::kResourceExhausted,
                      AllOf(HasSubstr("'/cache'"), HasSubstr("No space left on device"))));
}

}  // namespace
}  // namespace pyro::image
