// The real image service on a private bus.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "common/api/environment.h"
#include "common/base/files.h"
#include "common/bus/client.h"
#include "common/process/child_process.h"
#include "tests/support/errors.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

class ImageService : public ::testing::Test {
 protected:
  ImageService() : directory_(fs::temp_directory_path(), "image") { start(); }

  void start() {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const UniqueFd ready(ends[0]);
    UniqueFd announcing(ends[1]);
    constexpr int kReadyDescriptor = 3;
    service_.emplace(Command{
        .argv = {(fs::read_symlink("/proc/self/exe").parent_path() / "pyro-image").string(),
                 "--state-dir", path("state"), "--cache-dir", path("cache"), "--runtime-dir",
                 path("run"), "--set", "environments.mirror=http://127.0.0.1:1/debian"},
        .environment = {{"PYRO_READY_FD", std::to_string(kReadyDescriptor)},
                        {"PYRO_ENVIRONMENT_CACHE_DIR", std::nullopt}},
        .descriptors = {{kReadyDescriptor, announcing.get()}}});
    announcing.reset();
    char byte = 0;
    ASSERT_EQ(::read(ready.get(), &byte, 1), 1) << "the service did not start";
  }
  std::string path(std::string_view name) const { return (directory_.path() / name).string(); }

  TemporaryDirectory directory_;
  std::optional<ChildProcess> service_;
  bus::Context context_;
  bus::Client client_{context_, "image", directory_.path() / "run/bus/image.sock"};
};

TEST_F(ImageService, lists_the_catalog_and_names_it_for_an_unknown_environment) {
  EXPECT_THAT(client_.call(api::ListEnvironments{}).environments, ::testing::SizeIs(3));
  EXPECT_FALSE(client_.call(api::InspectEnvironment{.environment = "debian:12"}).installed);
  EXPECT_THAT(error_of([&] { client_.call(api::PullEnvironment{.environment = "debian:11"}); }),
              Refused(ErrorCode::kNotFound, HasSubstr("known environments: debian:12")));
  EXPECT_EQ(client_.call(api::PruneEnvironments{}).count, 0U);
}

TEST_F(ImageService, passes_on_the_configured_mirrors_failure_and_its_progress) {
  std::vector<std::string> phases;
  Work options;
  options.progress = [&](const api::Progress& step) { phases.push_back(step.phase); };
  EXPECT_THAT(error_of([&] {
                client_.call(api::ResolveEnvironment{.environment = "debian:12-base"}, options);
              }),
              Refused(ErrorCode::kUnavailable, HasSubstr("127.0.0.1")));
  EXPECT_THAT(phases, ::testing::Contains("kernel"));
}

TEST_F(ImageService, collects_at_its_start_what_a_kill_left) {
  service_->kill();
  const fs::path left = directory_.path() / "cache/environments/.building.abcdef";
  fs::create_directories(left / "scratch");
  start();
  EXPECT_FALSE(fs::exists(left));
}

}  // namespace
}  // namespace pyro::image
