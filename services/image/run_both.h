#pragma once

#include <functional>
#include <stop_token>

namespace pyro::image {

/// Runs both at the same time and returns when both have ended. When one throws, the other's stop
/// token is triggered, and the first true error is thrown on; a stop of `outer` reaches both.
void run_both(const std::function<void(const std::stop_token&)>& first,
              const std::function<void(const std::stop_token&)>& second,
              const std::stop_token& outer);

}  // namespace pyro::image
