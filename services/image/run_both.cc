#include "services/image/run_both.h"

#include <exception>
#include <mutex>
#include <thread>

namespace pyro::image {

void run_both(const std::function<void(const std::stop_token&)>& first,
              const std::function<void(const std::stop_token&)>& second,
              const std::stop_token& outer) {
  std::stop_source both;
  const std::stop_callback forward(outer, [&both] { both.request_stop(); });
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&](const auto& action) {
    try {
      action(both.get_token());
    } catch (...) {
      // The first failure is the cause; the other one's `cancelled` follows from it.
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      both.request_stop();
    }
  };
  {
    const std::jthread other([&] { run(second); });
    run(first);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pyro::image
