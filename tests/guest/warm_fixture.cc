#include "tests/guest/warm_fixture.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "common/api/machine.h"
#include "common/api/stack.h"
#include "common/stored_file/stored_file.h"
#include "common/stream/output_receiver.h"
#include "services/vm/templates/preparer.h"

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

double WarmFixture::clock_delay(const std::string& vm_id) {
  std::mutex mutex;
  std::string line;
  double shortest = 1e9;
  OutputReceiver output(paths_.runtime_dir / "streams", [&](std::uint32_t, std::string_view data) {
    const double now = now_epoch_seconds();
    const std::lock_guard lock(mutex);
    line += data;
    // A chunk that holds several lines tells of a late reader: the last one is the latest.
    const std::size_t end = line.rfind('\n');
    if (end == std::string::npos) return;
    const std::size_t start = end == 0 ? 0 : line.rfind('\n', end - 1) + 1;
    shortest = std::min(shortest, now - std::stod(line.substr(start, end - start)));
    line.erase(0, end + 1);
  });
  call(api::ExecMachine{.vm_id = vm_id,
                        .command = "for i in $(seq 40); do echo $EPOCHREALTIME; sleep 0.02; done",
                        .output_socket = output.socket().string()});
  output.finish(Clock::now() + kPatience);
  return shortest;
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
