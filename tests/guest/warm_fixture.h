#pragma once

#include <map>
#include <string>

#include "common/api/prepare.h"
#include "tests/guest/guest_fixture.h"

namespace pyro::test {

using Variables = std::map<std::string, std::string>;

/// A stack whose machines come from warm templates.
class WarmFixture : public GuestFixture {
 protected:
  explicit WarmFixture(Variables variables = {}) : GuestFixture(std::move(variables)) {}

  template <api::Operation Op>
  auto call(const Op& request) {
    return client_->call(request, {.deadline = Clock::now() + std::chrono::minutes(5)});
  }
  /// The machine's one command.
  api::MachineExecResult exec(const std::string& vm_id, const std::string& command,
                              std::uint32_t timeout_seconds = 60) {
    return call(
        api::ExecMachine{.vm_id = vm_id, .command = command, .timeout_seconds = timeout_seconds});
  }
  /// How far the guest's clock is behind this host's, in seconds, with the shortest of many ways
  /// that its answers took. It is the machine's one command.
  double clock_delay(const std::string& vm_id);
  void remove(const std::string& vm_id) { call(api::DeleteMachine{.vm_id = vm_id}); }

  api::DailyLoop daily_loop(bool verify = false) {
    return call(api::GetDailyLoop{.environment = kEnvironment, .verify = verify});
  }
  /// The one that machines of the default size come from.
  std::filesystem::path template_directory();
  std::string log_of(const std::string& service) const;

  std::uint32_t standby_machines();
  /// Waits until so many machines stand by; false after a minute.
  bool wait_for_standby(std::uint32_t count);
};

/// A cache directory with the build tree's kernel and nothing else.
class OwnCache {
 protected:
  OwnCache();
  TemporaryDirectory cache_{"/tmp", "pyro-cache"};
};

/// The same with a cache of its own, whose templates may be damaged. The environment is the build
/// tree's.
class OwnCacheFixture : private OwnCache, public WarmFixture {
 protected:
  explicit OwnCacheFixture(Variables variables = {})
      : WarmFixture(with_cache(std::move(variables), cache_.path())) {}
  using OwnCache::cache_;

 private:
  static Variables with_cache(Variables variables, const std::filesystem::path& cache) {
    variables["PYRO_CACHE_DIR"] = cache.string();
    return variables;
  }
};

}  // namespace pyro::test
