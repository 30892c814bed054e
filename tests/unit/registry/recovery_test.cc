#include "common/registry/recovery.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>
#include <vector>

#include "common/base/files.h"
#include "common/registry/registry.h"
#include "tests/fault/fault_points.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;
using testing::TestDirectory;

constexpr int kRows = 2000;
constexpr std::size_t kPage = 4096;

std::string row_id(int number) { return fmt::format("w/000001/{:010}", number); }

/// Runs `body` in a process of its own; how that ended, as waitpid(2) tells.
template <class Body>
int in_child(const Body& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

/// A registry of some hundred pages, in one file.
class RegistryRecovery : public ::testing::Test {
 protected:
  RegistryRecovery() {
    ::setenv("PYRO_FAULTS", (dir_ / "faults").c_str(), 1);
    fs::create_directory(dir_ / "faults");
    Registry registry(file_);
    id_ = registry.id();
    registry.put("workspaces", "w", "the workspace");
    for (int i = 0; i < kRows; ++i) {
      registry.put("workspace_commands", row_id(i), std::string(200, 'x') + std::to_string(i));
    }
  }

  void overwrite_pages(const std::set<std::size_t>& pages) const {
    std::fstream out(file_, std::ios::in | std::ios::out | std::ios::binary);
    for (const std::size_t page : pages) {
      out.seekp(static_cast<std::streamoff>(page * kPage));
      out << std::string(kPage, '\xa5');
    }
  }
  /// The pages of rows, without those that lead to them.
  std::vector<std::size_t> leaves() const {
    constexpr char kLeafOfIndex = 0x0a;
    const std::string content = read_file(file_, 16U << 20U);
    std::vector<std::size_t> found;
    for (std::size_t page = 1; page < content.size() / kPage; ++page) {
      if (content[page * kPage] == kLeafOfIndex) found.push_back(page);
    }
    return found;
  }

  TestDirectory dir_;
  fs::path file_ = dir_ / "registry.db";
  std::string id_;
};

TEST_F(RegistryRecovery, a_whole_registry_is_left_as_it_is) {
  const std::string before = read_file(file_, 16U << 20U);
  EXPECT_EQ(recover_registry(file_), std::nullopt);
  EXPECT_EQ(read_file(file_, 16U << 20U), before);
  EXPECT_EQ(recover_registry(dir_ / "none.db"), std::nullopt);
  EXPECT_FALSE(fs::exists(dir_ / "none.db"));
}

TEST_F(RegistryRecovery, what_lies_before_between_and_behind_damaged_pages_is_there_again) {
  // Each page holds some seventeen rows: those of four pages are lost.
  const auto all = leaves();
  const std::size_t count = all.size();
  overwrite_pages({all[count / 4], all[count / 3], all[count / 2], all[count / 2 + 1]});
  const auto aside = recover_registry(file_);
  ASSERT_TRUE(aside);
  EXPECT_TRUE(aside->filename().string().starts_with(kDamagedRegistry));
  for (const auto& entry : fs::directory_iterator(dir_.path())) {
    EXPECT_EQ(entry.path().string().find("recover"), std::string::npos) << entry.path();
  }
  Registry registry(file_);
  EXPECT_NE(registry.id(), id_);
  EXPECT_EQ(registry.get("workspaces", "w"), "the workspace");
  const auto rows = registry.all("workspace_commands");
  EXPECT_GT(rows.size(), kRows - 5 * 18);
  EXPECT_LT(rows.size(), std::size_t{kRows});
  for (const auto& [id, record] : rows) {
    EXPECT_EQ(record, std::string(200, 'x') + std::to_string(std::stoi(id.substr(9))));
  }
}

TEST_F(RegistryRecovery, a_file_of_which_nothing_can_be_read_is_set_aside_and_a_new_one_begins) {
  overwrite_pages({0});
  const auto aside = recover_registry(file_);
  ASSERT_TRUE(aside);
  EXPECT_EQ(fs::file_size(*aside), fs::file_size(*aside) / kPage * kPage);
  EXPECT_TRUE(Registry(file_).all("workspaces").empty());
}

TEST_F(RegistryRecovery, a_registry_that_is_open_is_not_touched) {
  const Registry open(file_);
  overwrite_pages({leaves()[leaves().size() / 2]});
  EXPECT_EQ(recover_registry(file_), std::nullopt);
}

TEST_F(RegistryRecovery, a_kill_at_any_step_loses_nothing) {
  test::FaultPoints points(dir_ / "faults");
  in_child([this] {  // a row that is in the log alone
    Registry registry(file_);
    registry.put("workspaces", "late", "written last");
    ::kill(::getpid(), SIGKILL);
  });
  overwrite_pages({leaves()[leaves().size() / 2]});
  for (const char* point : {"registry.recover.set_aside", "registry.recover.salvaged",
                            "registry.recover.complete", "registry.recover.log_gone"}) {
    points.kill_at(point);
    EXPECT_TRUE(WIFSIGNALED(in_child([this] { recover_registry(file_); }))) << point;
  }
  recover_registry(file_);
  Registry registry(file_);
  EXPECT_EQ(registry.get("workspaces", "w"), "the workspace");
  EXPECT_EQ(registry.get("workspaces", "late"), "written last");
  EXPECT_GT(registry.all("workspace_commands").size(), kRows - 2 * 18);
  EXPECT_FALSE(fs::exists(file_.string() + ".recovered"));
}

}  // namespace
}  // namespace pyro
