#include "services/image/login_profiles.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "common/base/files.h"
#include "common/process/child_process.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// The profiles as a login shell reads them, with a directory in place of /etc.
class LoginProfiles : public ::testing::TestWithParam<const char*> {
 protected:
  LoginProfiles() : root_(fs::temp_directory_path(), "profiles") {
    fs::create_directories(path() / "etc/profile.d");
    write("etc/profile", replaced(std::string(kSystemProfile), "/etc/", path() / "etc/"));
    write("etc/profile.d/one.sh", "ONE=1\n");
    write("etc/profile.d/two words.sh", "TWO=2\n");
    write("etc/profile.d/README", "exit 9\n");
    write(".profile", std::string(kRootProfile));
  }

  const fs::path& path() const { return root_.path(); }
  void write(const char* name, const std::string& text) const {
    write_file_atomically(path() / name, text);
  }

  bool bash() const { return std::string(GetParam()) == "bash"; }

  /// What `script` prints after the profiles. A child that the shell waited for shows in the 11th
  /// field of its stat: page faults of children.
  std::string after_login(const std::string& script) const {
    return run_checked({.argv = {GetParam(), "-c",
                                 before_ +
                                     ". ./etc/profile; . ./.profile; echo status $?\n"
                                     "children() { read -r _ _ _ _ _ _ _ _ _ _ faults _ "
                                     "< /proc/$$/stat; echo children $faults; }\n" +
                                     script},
                        .environment = {{"HOME", path().string()}, {"PS1", std::nullopt}},
                        .directory = path()},
                       Clock::now() + std::chrono::seconds(30), {});
  }

  TemporaryDirectory root_;
  std::string before_;
};

TEST_P(LoginProfiles, set_the_path_of_the_user) {
  const std::string root = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const std::string other = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
  EXPECT_EQ(after_login("env | grep ^PATH="),
            "status 0\nPATH=" + (::geteuid() == 0 ? root : other) + "\n");
}

TEST_P(LoginProfiles, source_every_script_of_profile_d) {
  EXPECT_EQ(after_login("echo $ONE $TWO ${i-unset}"), "status 0\n1 2 unset\n");
}

TEST_P(LoginProfiles, are_content_with_an_empty_or_absent_profile_d) {
  for (const char* name : {"one.sh", "two words.sh"}) fs::remove(path() / "etc/profile.d" / name);
  EXPECT_EQ(after_login("echo ${i-unset}"), "status 0\nunset\n");
  fs::remove_all(path() / "etc/profile.d");
  EXPECT_EQ(after_login(""), "status 0\n");
}

TEST_P(LoginProfiles, source_bashrc_in_bash_only) {
  write(".bashrc", "FROM=bashrc\n");
  EXPECT_EQ(after_login("echo ${FROM-none}"), bash() ? "status 0\nbashrc\n" : "status 0\nnone\n");
}

TEST_P(LoginProfiles, set_a_prompt_where_there_is_one) {
  write("etc/bash.bashrc", "PS1='from bash.bashrc '\n");
  before_ = "PS1=old;";  // not by the environment: a shell that is not interactive drops it
  const std::string mark = ::geteuid() == 0 ? "#" : "$";
  EXPECT_EQ(after_login("echo $PS1"), "status 0\n" + (bash() ? "from bash.bashrc" : mark) + "\n");
}

TEST_P(LoginProfiles, start_no_process_in_bash_and_ask_id_once_in_others) {
  const auto output = after_login("children");
  if (bash()) {
    EXPECT_EQ(output, "status 0\nchildren 0\n");
  } else {
    EXPECT_THAT(output, ::testing::Not(HasSubstr("children 0\n")));
  }
  // So that a child would be seen.
  EXPECT_THAT(after_login("(exit 0); children"), ::testing::Not(HasSubstr("children 0\n")));
}

INSTANTIATE_TEST_SUITE_P(Shells, LoginProfiles, ::testing::Values("bash", "dash"),
                         [](const auto& shell) { return std::string(shell.param); });

}  // namespace
}  // namespace pyro::image
