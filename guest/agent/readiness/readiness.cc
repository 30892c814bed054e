#include "guest/agent/readiness/readiness.h"

#include <algorithm>

#include "common/base/text.h"

namespace pyro::agent {
namespace {

/// A look that nobody notices comes this soon after the last one, and later as time goes by.
constexpr std::chrono::milliseconds kSoon{5};
constexpr int kShareOfTime = 50;
constexpr std::uint64_t kMostMs = 365ULL * 86'400'000;
constexpr std::size_t kLongestWhy = 1000;

std::chrono::milliseconds milliseconds(std::uint64_t count) {
  return std::chrono::milliseconds(std::min(count, kMostMs));
}

}  // namespace

void Readiness::start(asio::io_context& io, JobTable& jobs, const api::agent::ProbeJob& request,
                      const Reply& reply) {
  const auto readiness =
      std::make_shared<Readiness>(io, jobs, request, jobs.find(request.job_id), reply);
  const std::weak_ptr<Readiness> weak = readiness;
  readiness->job_->when_ended(readiness.get(), [weak] {
    if (const auto self = weak.lock()) self->end(false, true);
  });
  // Its own timers hold it until then.
  reply.session()->on_gone([weak] {
    if (const auto self = weak.lock()) self->end(false, false);
  });
  readiness->over_.expires_at(readiness->limit_);
  readiness->over_.async_wait([readiness](auto failed) {
    if (!failed) readiness->end(false, false);
  });
  readiness->look();
}

Readiness::Readiness(asio::io_context& io, JobTable& jobs, const api::agent::ProbeJob& request,
                     std::shared_ptr<Job> job, const Reply& reply)
    : job_(std::move(job)),
      probe_(make_probe(io, jobs, request)),
      reply_(reply),
      limit_(begun_ + milliseconds(request.timeout_ms)),
      interval_(milliseconds(request.interval_ms)),
      next_(io),
      over_(io) {}

void Readiness::look() {
  if (job_->ended()) return end(false, true);
  const std::weak_ptr<Readiness> weak = weak_from_this();
  try {
    probe_->look([weak](const std::string& why_not) {
      if (const auto self = weak.lock()) self->found(why_not);
    });
  } catch (const Error& error) {
    found(error.message());
  }
}

void Readiness::found(const std::string& why_not) {
  if (!probe_) return;
  if (why_not.empty()) return end(true, false);
  why_ = why_not.substr(0, kLongestWhy);
  auto pause = interval_;
  if (probe_->is_free()) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_);
    pause = std::min(interval_, std::max(kSoon, since / kShareOfTime));
  }
  next_.expires_after(pause);
  next_.async_wait([weak = weak_from_this()](auto failed) {
    const auto self = weak.lock();
    if (self && !failed && self->probe_) self->look();
  });
}

void Readiness::end(bool ready, bool ended) {
  if (!probe_) return;
  probe_.reset();
  job_->forget_waiter(this);
  next_.cancel();
  over_.cancel();
  reply_.answer({.ready = ready, .ended = ended, .why = printable(why_)});
}

}  // namespace pyro::agent
