#include "guest/agent/readiness/connecting.h"

#include <fmt/core.h>

#include <utility>

#include "guest/agent/readiness/probe.h"

namespace pyro::agent {

Connecting::Connecting(asio::io_context& io, const Place& place, Done done)
    : place_(place), done_(std::move(done)), socket_(io), timer_(io) {
  timer_.expires_after(Probe::kLookTime);
}

void Connecting::cancel() {
  done_ = nullptr;
  timer_.cancel();
  asio::error_code closed;
  socket_.close(closed);
}

void Connecting::end(const std::string& why_not) {
  const Done done = std::exchange(done_, nullptr);
  cancel();
  if (done) done(why_not);
}

void Connecting::next(std::size_t which) {
  const auto self = shared_from_this();
  if (which == 0) {
    timer_.async_wait([self](auto failed) {
      if (!failed) self->end(fmt::format("{}: no answer in time", self->place_.name));
    });
  }
  asio::error_code closed;
  socket_.close(closed);
  socket_.async_connect(place_.endpoints.at(which), [self, which](auto failed) {
    if (!self->done_) return;
    if (!failed) {
      const Done done = self->done_;  // it may cancel() us
      return done("");
    }
    self->why_ = fmt::format("{}: {}", self->place_.name, failed.message());
    if (which + 1 < self->place_.endpoints.size()) return self->next(which + 1);
    self->end(self->why_);
  });
}

}  // namespace pyro::agent
