#include "host-helpers/hosts/settings_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "common/base/files.h"
#include "common/base/reasons/hosts.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"
#include "tests/unit/hosts/killed_at.h"

namespace pyro::hosts {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using pyro::testing::TestDirectory;
using ::testing::HasSubstr;

ChangeText appends(const std::string& more) {
  return [more](const std::string& old) -> std::optional<std::string> { return old + more; };
}

unsigned mode_of(const fs::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(SettingsFile, a_change_keeps_the_mode_and_leaves_no_other_file) {
  const TestDirectory directory;
  const auto file = directory / "c";
  write_file_atomically(file, "a", 0640);
  ::chmod(file.c_str(), 0640);
  const auto done = change_settings_file(file, 0600, appends("b"));
  EXPECT_TRUE(done.changed);
  EXPECT_FALSE(done.made);
  EXPECT_EQ(read_file(file), "ab");
  EXPECT_EQ(mode_of(file), 0640U);
  EXPECT_THAT(names_in(directory.path()), ::testing::ElementsAre("c"));
  EXPECT_FALSE(change_settings_file(file, 0600, appends("")).changed);
}

TEST(SettingsFile, a_new_file_gets_its_directories_and_its_mode) {
  const TestDirectory directory;
  EXPECT_TRUE(change_settings_file(directory / "x/y/c", 0600, appends("b")).made);
  EXPECT_EQ(mode_of(directory / "x/y/c"), 0600U);
  EXPECT_FALSE(change_settings_file(directory / "q/c", 0600, [](const auto&) {
                 return std::optional<std::string>();
               }).changed);
  EXPECT_FALSE(fs::exists(directory / "q"));
}

TEST(SettingsFile, a_symlink_stays_and_its_target_changes) {
  const TestDirectory directory;
  fs::create_directory(directory / "dot");
  write_file_atomically(directory / "dot/real", "a");
  fs::create_symlink("real", directory / "dot/link");
  fs::create_symlink("dot/link", directory / "c");
  change_settings_file(directory / "c", 0600, appends("b"));
  EXPECT_TRUE(fs::is_symlink(directory / "c"));
  EXPECT_TRUE(fs::is_symlink(directory / "dot/link"));
  EXPECT_EQ(read_file(directory / "dot/real"), "ab");
}

TEST(SettingsFile, a_dangling_symlink_gets_its_target_if_that_has_a_directory) {
  const TestDirectory directory;
  fs::create_symlink("later", directory / "c");
  change_settings_file(directory / "c", 0600, appends("b"));
  EXPECT_TRUE(fs::is_symlink(directory / "c"));
  EXPECT_EQ(read_file(directory / "later"), "b");
  fs::create_symlink("no/where", directory / "d");
  EXPECT_THAT(error_of([&] { change_settings_file(directory / "d", 0600, appends("b")); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("whose directory does not exist")));
  fs::create_symlink("e", directory / "e");
  EXPECT_THAT(error_of([&] { change_settings_file(directory / "e", 0600, appends("b")); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("in a circle")));
}

TEST(SettingsFile, a_read_only_file_and_a_directory_are_left_alone) {
  const TestDirectory directory;
  write_file_atomically(directory / "c", "a");
  ::chmod((directory / "c").c_str(), 0444);
  const auto refused = error_of([&] { change_settings_file(directory / "c", 0600, appends("b")); });
  EXPECT_THAT(refused, Refused(reason::kSettingsReadOnly));
  EXPECT_THAT(refused->message(), HasSubstr("chmod u+w"));
  EXPECT_EQ(read_file(directory / "c"), "a");
  fs::create_directory(directory / "d");
  EXPECT_THAT(error_of([&] { change_settings_file(directory / "d", 0600, appends("b")); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("is a directory")));
  ::mkfifo((directory / "f").c_str(), 0600);
  EXPECT_THAT(error_of([&] { read_settings_file(directory / "f"); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("is not a regular file")));
}

TEST(SettingsFile, a_broken_file_is_kept_whole_beside_the_new_one) {
  const TestDirectory directory;
  write_file_atomically(directory / "c", "broken");
  ::chmod((directory / "c").c_str(), 0640);
  const auto is_broken = [](const std::string& text) { return text == "broken"; };
  const auto done = replace_broken_file(directory / "c", is_broken, "new");
  ASSERT_TRUE(done.backup);
  EXPECT_THAT(done.backup->filename().string(), ::testing::StartsWith("c.bak-2"));
  EXPECT_EQ(read_file(*done.backup), "broken");
  EXPECT_EQ(mode_of(*done.backup), 0640U);
  EXPECT_EQ(read_file(directory / "c"), "new");
  EXPECT_EQ(mode_of(directory / "c"), 0640U);
  EXPECT_FALSE(replace_broken_file(directory / "c", is_broken, "other").changed);
  EXPECT_EQ(read_file(directory / "c"), "new");
}

TEST(SettingsFile, what_another_program_writes_meanwhile_is_not_lost) {
  const TestDirectory directory;
  const auto file = directory / "c";
  write_file_atomically(file, "a");
  int calls = 0;
  change_settings_file(file, 0600, [&](const std::string& old) -> std::optional<std::string> {
    // Under the lock, where a host writes without one.
    if (++calls == 2) write_file_atomically(file, "host");
    return old + "b";
  });
  EXPECT_EQ(read_file(file), "hostb");
}

TEST(SettingsFile, of_many_changes_at_once_none_is_lost) {
  const TestDirectory directory;
  const auto file = directory / "c";
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&file] {
      for (int n = 0; n < 5; ++n) change_settings_file(file, 0600, appends("x"));
    });
  }
  threads.clear();
  EXPECT_EQ(read_file(file), std::string(40, 'x'));
  EXPECT_THAT(names_in(directory.path()), ::testing::ElementsAre("c"));
}

TEST(SettingsFile, a_kill_at_any_step_leaves_the_old_text_or_the_new_one_and_no_lock) {
  for (const auto& [point, left] : std::vector<std::pair<std::string, std::string>>{
           {"hosts.locked", "old"}, {"hosts.written", "old"}, {"hosts.renamed", "old+"}}) {
    const TestDirectory directory;
    const auto file = directory / "c";
    write_file_atomically(file, "old");
    ASSERT_TRUE(killed_at(point, [&] { change_settings_file(file, 0600, appends("+")); }));
    EXPECT_EQ(read_file(file), left) << point;
    change_settings_file(file, 0600, appends("!"));
    EXPECT_EQ(read_file(file), left + "!") << point;
    EXPECT_THAT(names_in(directory.path()), ::testing::ElementsAre("c")) << point;
  }
}

TEST(SettingsFile, a_kill_while_a_broken_file_is_replaced_loses_nothing) {
  for (const auto* point : {"hosts.locked", "hosts.kept", "hosts.written", "hosts.renamed"}) {
    const TestDirectory directory;
    fs::create_directory(directory / "d");
    const auto file = directory / "d/c";
    write_file_atomically(file, "broken");
    const auto repair = [&] {
      replace_broken_file(
          file, [](const std::string& text) { return text == "broken"; }, "new");
    };
    ASSERT_TRUE(killed_at(point, repair));
    EXPECT_THAT(read_file(file), ::testing::AnyOf("broken", "new")) << point;
    repair();
    EXPECT_EQ(read_file(file), "new");
    bool kept = false;
    for (const auto& name : names_in(directory / "d")) {
      if (name.starts_with("c.bak-")) kept = kept || read_file(directory / "d" / name) == "broken";
      EXPECT_FALSE(name.ends_with(".pyro-new")) << point;
    }
    EXPECT_TRUE(kept) << point;
  }
}

}  // namespace
}  // namespace pyro::hosts
