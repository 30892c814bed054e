#include "tests/guest/warm_fixture.h"

#include <thread>

#include "common/api/stack.h"
#include "common/stored_file/stored_file.h"
#include "services/vm/preparer.h"

namespace pyro::test {
namespace {

constexpr std::chrono::minutes kPatience{1};

}  // namespace

std::filesystem::path WarmFixture::template_directory() {
  const auto loop = daily_loop();
  const auto prepared = read_record<vm::Preparation>(loop.manifest_path);
  if (!prepared) throw unavailable("nothing was prepared in this cache");
  return std::filesystem::path(loop.cache_dir) / prepared->shape.key();
}

std::string WarmFixture::log_of(const std::string& service) const {
  return read_file(paths_.logs_dir() / (service + ".log"));
}

std::uint32_t WarmFixture::standby_machines() {
  const auto stack = client_->call(api::StackStatus{.measure = true});
  for (const auto& service : stack.services) {
    if (service.name == "vm") return service.standby_machines.value_or(0);
  }
  return 0;
}

bool WarmFixture::wait_for_standby(std::uint32_t count) {
  const Deadline deadline = Clock::now() + kPatience;
  while (standby_machines() != count) {
    if (Clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

OwnCache::OwnCache() {
  run_checked({.argv = {"cp", "-r", PYRO_TEST_CACHE "/kernels", cache_.path().string()}},
              Clock::now() + kPatience, {});
}

}  // namespace pyro::test
