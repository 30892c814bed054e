#pragma once

#include <exception>
#include <functional>
#include <stop_token>

namespace pyro::workspace {

/// Calls `write` until it does not throw, as on a full disk; `later` hears that it takes longer.
/// False when `stop` came first: the guest still knows what was to be written, and tells the next
/// service.
bool write_down(const std::function<void()>& write,
                const std::function<void(const std::exception&)>& later,
                const std::stop_token& stop);

}  // namespace pyro::workspace
