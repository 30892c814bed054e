#include "common/config/paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <list>
#include <map>

#include "common/base/files.h"
#include "tests/support/environment.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::Refused;
using testing::TestDirectory;
using testing::WithVariable;

/// No variable that find_paths reads but HOME.
class PathsTest : public ::testing::Test {
 protected:
  WithVariable home_{"HOME", "/home/somebody"};
  WithVariable state_{"PYRO_STATE_DIR", nullptr};
  WithVariable cache_{"PYRO_CACHE_DIR", nullptr};
  WithVariable environments_{"PYRO_ENVIRONMENT_CACHE_DIR", nullptr};
  WithVariable runtime_{"PYRO_RUNTIME_DIR", nullptr};
  WithVariable xdg_state_{"XDG_STATE_HOME", nullptr};
  WithVariable xdg_cache_{"XDG_CACHE_HOME", nullptr};
  WithVariable xdg_config_{"XDG_CONFIG_HOME", nullptr};
  WithVariable xdg_runtime_{"XDG_RUNTIME_DIR", nullptr};
};

TEST_F(PathsTest, defaults_are_the_xdg_directories) {
  const Paths paths = find_paths();
  EXPECT_EQ(paths.state_dir, "/home/somebody/.local/state/pyro");
  EXPECT_EQ(paths.cache_dir, "/home/somebody/.cache/pyro");
  EXPECT_EQ(paths.environments_dir, "/home/somebody/.cache/pyro/environments");
  EXPECT_EQ(paths.config_file, "/home/somebody/.config/pyro/config.toml");
}

TEST_F(PathsTest, flags_go_over_variables_and_those_over_xdg) {
  const WithVariable xdg("XDG_STATE_HOME", "/xdg");
  EXPECT_EQ(find_paths().state_dir, "/xdg/pyro");
  const WithVariable variable("PYRO_STATE_DIR", "/variable");
  EXPECT_EQ(find_paths().state_dir, "/variable");
  EXPECT_EQ(find_paths({.state_dir = "/flag", .cache_dir = {}, .runtime_dir = {}}).state_dir,
            "/flag");
}

TEST_F(PathsTest, the_environments_may_live_elsewhere) {
  const WithVariable variable("PYRO_ENVIRONMENT_CACHE_DIR", "/big/disk");
  EXPECT_EQ(find_paths().environments_dir, "/big/disk");
}

TEST_F(PathsTest, the_runtime_directory_does_not_depend_on_the_session_variables) {
  const auto without = find_paths().runtime_dir;
  const WithVariable xdg("XDG_RUNTIME_DIR", "/elsewhere");
  EXPECT_EQ(find_paths().runtime_dir, without);
}

TEST_F(PathsTest, each_state_directory_has_its_own_runtime_directory) {
  const auto runtime_of = [](const char* state) {
    return find_paths({.state_dir = state, .cache_dir = {}, .runtime_dir = {}}).runtime_dir;
  };
  EXPECT_NE(runtime_of("/a"), runtime_of("/b"));
  EXPECT_NE(runtime_of("/a"), find_paths().runtime_dir);
  EXPECT_EQ(runtime_of("/a"), runtime_of("/x/../a"));
  EXPECT_EQ(runtime_of("/a"), runtime_of("/a/"));
  const WithVariable variable("PYRO_STATE_DIR", "/a");
  EXPECT_EQ(find_paths().runtime_dir, runtime_of("/a")) << "however it was said";
}

TEST_F(PathsTest, a_runtime_directory_too_long_for_a_socket_is_refused_with_the_way_out) {
  const WithVariable variable("PYRO_RUNTIME_DIR", ("/" + std::string(90, 'x')).c_str());
  EXPECT_THAT(error_of([] { find_paths(); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("set PYRO_RUNTIME_DIR to a path")));
}

TEST_F(PathsTest, a_relative_variable_is_refused_and_a_relative_flag_is_from_here) {
  EXPECT_EQ(find_paths({.state_dir = "here", .cache_dir = {}, .runtime_dir = {}}).state_dir,
            std::filesystem::current_path() / "here");
  const WithVariable variable("PYRO_STATE_DIR", "here");
  EXPECT_THAT(
      error_of([] { find_paths(); }),
      Refused(ErrorCode::kInvalidArgument, "PYRO_STATE_DIR must be an absolute path, not 'here'"));
}

TEST_F(PathsTest, without_a_home_it_says_what_to_set) {
  const WithVariable none("HOME", nullptr);
  EXPECT_THAT(error_of([] { find_paths(); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("HOME is not set")));
}

TEST_F(PathsTest, the_usual_directories_need_no_words) {
  const PathWords words = words_for(find_paths());
  EXPECT_THAT(words.flags, ::testing::IsEmpty());
  EXPECT_THAT(words.variables, ::testing::IsEmpty());
}

TEST_F(PathsTest, by_their_words_a_process_with_home_alone_finds_the_same_directories) {
  const TestDirectory dir;
  const std::vector<std::map<std::string, std::string>> environments = {
      {{"PYRO_STATE_DIR", (dir / "s").string()}},
      {{"PYRO_CACHE_DIR", (dir / "c").string()}},
      {{"XDG_STATE_HOME", (dir / "x").string()}},
      {{"PYRO_STATE_DIR", (dir / "s").string()}, {"PYRO_RUNTIME_DIR", (dir / "r").string()}},
      {{"PYRO_STATE_DIR", std::string(std::getenv("HOME")) + "/.local/state/pyro"}},
      {{"PYRO_ENVIRONMENT_CACHE_DIR", (dir / "e").string()}},
      {{"XDG_CONFIG_HOME", (dir / "config").string()}}};
  std::filesystem::create_directories(dir / "config/pyro");
  write_file_atomically(dir / "config/pyro/config.toml", "");
  for (const auto& environment : environments) {
    Paths there;
    PathWords words;
    {
      std::list<WithVariable> set;
      for (const auto& [name, value] : environment) set.emplace_back(name.c_str(), value.c_str());
      there = find_paths();
      words = words_for(there);
    }
    PathFlags flags;
    for (std::size_t i = 0; i + 1 < words.flags.size(); i += 2) {
      const auto& name = words.flags[i];
      (name == "--state-dir"   ? flags.state_dir
       : name == "--cache-dir" ? flags.cache_dir
                               : flags.runtime_dir) = words.flags[i + 1];
    }
    std::list<WithVariable> set;
    for (const auto& [name, value] : words.variables) set.emplace_back(name.c_str(), value.c_str());
    const Paths here = find_paths(flags);
    EXPECT_EQ(here.state_dir, there.state_dir);
    EXPECT_EQ(here.cache_dir, there.cache_dir);
    EXPECT_EQ(here.runtime_dir, there.runtime_dir);
    EXPECT_EQ(here.environments_dir, there.environments_dir);
    EXPECT_EQ(here.config_file, there.config_file);
  }
}

TEST_F(PathsTest, exported_paths_are_found_again) {
  const TestDirectory dir;
  const Paths paths =
      find_paths({.state_dir = dir / "s", .cache_dir = dir / "c", .runtime_dir = dir / "r"});
  export_paths(paths);
  const Paths again = find_paths();
  EXPECT_EQ(again.state_dir, paths.state_dir);
  EXPECT_EQ(again.environments_dir, paths.environments_dir);
  EXPECT_EQ(again.runtime_dir, paths.runtime_dir);
  paths.make_directories();
  EXPECT_TRUE(std::filesystem::is_directory(paths.bus_dir()));
}

}  // namespace
}  // namespace pyro
