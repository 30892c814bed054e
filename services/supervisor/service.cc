#include "services/supervisor/service.h"

#include <algorithm>

namespace pyro::supervisor {

api::Stack Service::handle(const api::StackStatus& request, bus::Call& call) {
  constexpr std::uint64_t kLongest = std::uint64_t{3600} * 1000;
  const auto until = Clock::now() + std::chrono::milliseconds(std::min(request.wait_ms, kLongest));
  if (request.wait_ms > 0) {
    runner_.wait_until_settled(std::min(until, call.deadline()), call.stop());
  }
  return runner_.status(request.measure);
}

api::Nothing Service::handle(const api::StackDown&, bus::Call&) {
  runner_.bring_down();
  return {};
}

}  // namespace pyro::supervisor
