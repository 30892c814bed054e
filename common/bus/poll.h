#pragma once

#include <cerrno>
#include <chrono>
#include <span>
#include <zmq.hpp>

namespace pyro::bus {

/// zmq_poll; an interruption (as by a debugger) is a wake-up with nothing ready.
inline void poll(std::span<zmq::pollitem_t> items, std::chrono::milliseconds timeout) {
  if (::zmq_poll(items.data(), static_cast<int>(items.size()), timeout.count()) >= 0) return;
  if (::zmq_errno() != EINTR) throw zmq::error_t();
  for (auto& item : items) item.revents = 0;
}

}  // namespace pyro::bus
