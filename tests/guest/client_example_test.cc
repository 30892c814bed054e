#include <signal.h>

#include "common/api/workspace.h"
#include "tests/guest/guest_fixture.h"

namespace pyro::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// The suite as it is installed, and examples/client built with nothing but that.
class ClientExample : public GuestFixture {
 protected:
  ClientExample() {
    cmake({"--install", PYRO_BUILD_DIR, "--prefix", prefix_.string()});
    cmake({"-S", PYRO_EXAMPLE_DIR, "-B", build_.string(), "-D", "CMAKE_BUILD_TYPE=Debug", "-D",
           "CMAKE_PREFIX_PATH=" + prefix_.string(), "-D", "CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF"});
    cmake({"--build", build_.string()});
    fs::copy(PYRO_EXAMPLE_DIR "/project", project_);
    // As a project that was there before: Python takes a file of the same second and size for the
    // one that it has compiled.
    for (const auto& file : fs::directory_iterator(project_)) {
      fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(1));
    }
  }

  std::vector<std::string> repair() const {
    return {(build_ / "repair").string(), project_.string(), fixed_.string()};
  }

  const fs::path prefix_ = directory_.path() / "installed";
  const fs::path build_ = directory_.path() / "build";
  const fs::path project_ = directory_.path() / "project";
  const fs::path fixed_ = directory_.path() / "fixed.py";

 private:
  static void cmake(std::vector<std::string> words) {
    words.insert(words.begin(), PYRO_CMAKE);
    run_checked({.argv = std::move(words)}, Clock::now() + std::chrono::minutes(3), {});
  }
};

TEST_F(ClientExample, builds_against_the_installed_package_and_repairs_a_project) {
  const auto done = run_command({.argv = repair()}, Clock::now() + std::chrono::minutes(3), {});
  EXPECT_EQ(done.status.code, 0) << done.error_output;
  EXPECT_THAT(done.output,
              AllOf(HasSubstr("AssertionError: 2 and 2 is 0\n"), HasSubstr("\nall is well\n"),
                    HasSubstr("\n-    return a - b\n"), HasSubstr("\n+    return a + b\n")));
  EXPECT_EQ(read_file(fixed_), "def add(a, b):\n    return a + b\n");
  EXPECT_EQ(read_file(project_ / "add.py"), read_file(PYRO_EXAMPLE_DIR "/project/add.py"));

  // The stack that it started is the installed one, and the installed command line speaks with it.
  const auto stack = run_command({.argv = {(prefix_ / "bin/pyro").string(), "stack", "status"}},
                                 Clock::now() + std::chrono::minutes(1), {});
  EXPECT_THAT(stack.output, HasSubstr("running")) << stack.error_output;
  EXPECT_EQ(fs::read_symlink(fmt::format("/proc/{}/exe", process_of("pyro-supervisor"))),
            prefix_ / "libexec/pyro/pyro-supervisor");
  expect_no_machine_left();
}

TEST_F(ClientExample, ends_on_ctrl_c_and_leaves_no_workspace) {
  write_file_atomically(project_ / "check.py", "import time\ntime.sleep(600)\n", 0644);
  RunningCommand repairing(repair());
  ASSERT_TRUE(repairing.wait_for_text("checking in workspace")) << repairing.output();
  repairing.signal(SIGINT);
  EXPECT_EQ(repairing.finish(), 130) << repairing.output();
  EXPECT_THAT(repairing.output(), HasSubstr("error: "));
  EXPECT_TRUE(client_->call(api::ListWorkspaces{}).workspaces.empty());
  expect_no_machine_left();
}

}  // namespace
}  // namespace pyro::test
