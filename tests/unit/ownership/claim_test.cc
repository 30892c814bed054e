#include "common/ownership/claim.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/config/paths.h"
#include "common/ownership/marker.h"
#include "common/registry/registry.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Refused;
using testing::TestDirectory;

/// Directories that nobody has claimed yet.
class ClaimTest : public ::testing::Test {
 protected:
  static void put(const fs::path& file) {
    fs::create_directories(file.parent_path());
    write_file_atomically(file, "content");
  }
  /// A directory of version 0.2, which made no markers, with its registry.
  void make_earlier_registry() const {
    make_private_directory(paths_.state_dir);
    { const Registry registry(paths_.registry()); }
  }

  TestDirectory directory_;
  Paths paths_{.state_dir = directory_ / "state",
               .cache_dir = directory_ / "cache",
               .environments_dir = directory_ / "cache/environments",
               .runtime_dir = directory_ / "run",
               .config_file = {}};
};

TEST_F(ClaimTest, new_directories_are_marked_each_with_its_kind) {
  paths_.make_directories();
  paths_.make_directories();
  EXPECT_THAT(read_marker(paths_.state_dir)->kinds, ElementsAre("state"));
  EXPECT_THAT(read_marker(paths_.cache_dir)->kinds, ElementsAre("cache"));
  EXPECT_THAT(read_marker(paths_.environments_dir)->kinds, ElementsAre("environments"));
  EXPECT_THAT(read_marker(paths_.runtime_dir)->kinds, ElementsAre("runtime"));
}

TEST_F(ClaimTest, a_home_is_refused_with_the_way_out_and_nothing_is_written_into_it) {
  for (const char* file : {"workspaces/letter", "machines/plan", "exports/a", "files-scratch/b"}) {
    put(paths_.state_dir / file);
  }
  EXPECT_THAT(error_of([&] { paths_.make_directories(); }),
              Refused(ErrorCode::kFailedPrecondition,
                      AllOf(HasSubstr("directory '" + paths_.state_dir.string() + "' holds '"),
                            HasSubstr("choose another one, or an empty one (PYRO_STATE_DIR"))));
  EXPECT_FALSE(read_marker(paths_.state_dir));
  EXPECT_FALSE(fs::exists(paths_.logs_dir()));
  EXPECT_FALSE(fs::exists(paths_.cache_dir));
}

TEST_F(ClaimTest, a_foreign_cache_environments_or_runtime_directory_is_refused_as_well) {
  for (fs::path Paths::*member :
       {&Paths::cache_dir, &Paths::environments_dir, &Paths::runtime_dir}) {
    Paths paths = paths_;
    paths.*member = directory_ / "foreign";
    fs::remove_all(directory_ / "foreign");
    put(directory_ / "foreign/photo.jpg");
    EXPECT_THAT(error_of([&] { paths.make_directories(); }),
                Refused(ErrorCode::kFailedPrecondition, HasSubstr("holds 'photo.jpg'")));
  }
}

TEST_F(ClaimTest, names_of_pyro_with_content_of_others_are_refused) {
  for (const char* file : {"references/notes.txt", "templates/letter.odt", "machines/plan",
                           "sources/packs/mine", "disks/win.qcow2", "kernels/config"}) {
    fs::remove_all(paths_.cache_dir);
    put(paths_.cache_dir / file);
    EXPECT_THAT(error_of([&] { paths_.make_directories(); }), Refused(reason::kForeignDirectory))
        << file;
  }
}

TEST_F(ClaimTest, a_state_directory_of_an_earlier_version_is_taken_over) {
  make_earlier_registry();
  put(paths_.state_dir / "machines/0123456789ab/system.ext4");
  put(paths_.state_dir / "letter");  // whoever had his home there keeps all of it
  paths_.make_directories();
  EXPECT_THAT(read_marker(paths_.state_dir)->kinds, ElementsAre("state"));
  EXPECT_TRUE(fs::exists(paths_.state_dir / "machines/0123456789ab/system.ext4"));
}

TEST_F(ClaimTest, a_registry_that_is_in_its_write_ahead_log_alone_is_taken_over) {
  make_private_directory(paths_.state_dir);
  put(paths_.state_dir / "letter");
  const pid_t pid = ::fork();
  if (pid == 0) {
    const Registry registry(paths_.registry());
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(pid, nullptr, 0);
  paths_.make_directories();
  EXPECT_TRUE(read_marker(paths_.state_dir));
}

TEST_F(ClaimTest, a_database_of_another_program_is_foreign) {
  put(paths_.registry());
  EXPECT_THAT(error_of([&] { paths_.make_directories(); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("holds 'registry.db'")));
}

TEST_F(ClaimTest, the_cache_of_an_earlier_version_is_taken_over) {
  const std::string digest(64, 'a');
  const std::vector<std::string> files = {"environments/" + digest + "/rootfs.ext4",
                                          "environments/locks/store.lock",
                                          "environments/references/debian.json",
                                          "environments/references/debian.json.tmp-0a1b2c3d",
                                          "kernels/" + digest + "/vmlinux",
                                          "kernels/.building.Xy1/scratch/x",
                                          "templates/" + digest + "/memory",
                                          "templates/.deleting-aaaa.bbbb/memory",
                                          "initramfs/" + digest + ".cpio",
                                          "disks/system-2.ext4",
                                          "disks/lock",
                                          "sources/packs/" + digest + "/pack",
                                          "sources/clones/" + digest + ".lock",
                                          "prepared/debian:12.json"};
  for (const auto& file : files) {
    put(paths_.cache_dir / file);
  }
  paths_.make_directories();
  EXPECT_TRUE(read_marker(paths_.cache_dir));
  EXPECT_TRUE(read_marker(paths_.environments_dir));
  EXPECT_TRUE(fs::exists(paths_.kernels_dir() / digest / "vmlinux"));
}

TEST_F(ClaimTest, an_earlier_state_directory_that_never_had_a_registry_is_taken_over) {
  put(paths_.state_dir / "logs/supervisor.stderr");
  put(paths_.state_dir / "supervisor.lock");
  fs::create_directory(paths_.state_dir / "machines");
  fs::create_directory(paths_.state_dir / "workspaces");
  paths_.make_directories();
  EXPECT_TRUE(read_marker(paths_.state_dir));
}

TEST_F(ClaimTest, one_directory_may_hold_the_others) {
  paths_.cache_dir = directory_ / "all";
  paths_.environments_dir = directory_ / "all";
  paths_.state_dir = directory_ / "all/deep/state";
  paths_.runtime_dir = directory_ / "all/run";
  paths_.make_directories();
  EXPECT_THAT(read_marker(directory_ / "all")->kinds, ElementsAre("cache", "environments"));
  EXPECT_TRUE(read_marker(paths_.state_dir));
  paths_.make_directories();
}

TEST_F(ClaimTest, a_damaged_marker_is_refused_and_kept) {
  make_private_directory(paths_.state_dir);
  write_file_atomically(paths_.state_dir / OwnerMarker::kFileName, "{\"kinds\": [");
  EXPECT_THAT(error_of([&] { paths_.make_directories(); }),
              Refused(ErrorCode::kFailedPrecondition,
                      AllOf(HasSubstr("is damaged"), HasSubstr("delete that"))));
  EXPECT_EQ(read_file(paths_.state_dir / OwnerMarker::kFileName), "{\"kinds\": [");
}

TEST_F(ClaimTest, the_directory_of_a_workspace_is_no_state_directory) {
  make_private_directory(paths_.state_dir);
  write_marker(paths_.state_dir, {.kinds = {"workspace"}, .id = "state"});
  EXPECT_THAT(error_of([&] { paths_.make_directories(); }), Refused(reason::kForeignDirectory));
}

TEST_F(ClaimTest, what_a_killed_claim_left_is_no_content) {
  make_private_directory(paths_.state_dir);
  write_file_atomically(paths_.state_dir / ".pyro-owner.tmp-01234567", "");
  paths_.make_directories();
  EXPECT_TRUE(read_marker(paths_.state_dir));
}

TEST_F(ClaimTest, many_processes_may_claim_at_once) {
  for (int round = 0; round < 20; ++round) {
    Paths paths = paths_;
    const std::string top = "round" + std::to_string(round);
    paths.state_dir = directory_ / (top + "/s");
    paths.cache_dir = directory_ / (top + "/c");
    paths.environments_dir = directory_ / (top + "/c/environments");
    paths.runtime_dir = directory_ / (top + "/r");
    int gate[2];
    ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        ::close(gate[1]);
        char byte = 0;
        [[maybe_unused]] const ssize_t end_of_file = ::read(gate[0], &byte, 1);
        const auto error = error_of([&] {
          paths.make_directories();
          write_file_atomically(paths.state_dir / ("of" + std::to_string(i)), "x");
        });
        if (error) fprintf(stderr, "%s\n", error->what());
        ::_exit(error ? 1 : 0);
      }
      children.push_back(pid);
    }
    ::close(gate[0]);
    ::close(gate[1]);
    for (const pid_t pid : children) {
      int status = -1;
      ::waitpid(pid, &status, 0);
      EXPECT_EQ(status, 0);
    }
    EXPECT_THAT(read_marker(paths.state_dir)->kinds, ElementsAre("state"));
  }
}

TEST_F(ClaimTest, the_state_directory_names_its_registry_and_the_lost_ones) {
  paths_.make_directories();
  name_registry(paths_.state_dir, "a");
  name_registry(paths_.state_dir, "a");
  EXPECT_THAT(former_registries(paths_.state_dir), ElementsAre());
  name_registry(paths_.state_dir, "b");
  EXPECT_EQ(read_marker(paths_.state_dir)->registry_id, "b");
  EXPECT_THAT(former_registries(paths_.state_dir), ElementsAre("a"));
  name_registry(paths_.state_dir, "a");  // its file was found again
  EXPECT_THAT(former_registries(paths_.state_dir), ElementsAre("b"));
  EXPECT_THAT(read_marker(paths_.state_dir)->kinds, ElementsAre("state"));
}

TEST_F(ClaimTest, a_registry_has_an_id_of_its_own_that_lasts) {
  make_private_directory(paths_.state_dir);
  std::string id;
  { id = Registry(paths_.registry()).id(); }
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(Registry(paths_.registry()).id(), id);
  EXPECT_NE(Registry(directory_ / "other.db").id(), id);
}

}  // namespace
}  // namespace pyro
