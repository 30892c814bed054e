#include "guest/agent/readiness/command_probe.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/text.h"

namespace pyro::agent {
namespace {

/// A command that hangs is not ready; it may take longer than a connection.
constexpr std::uint64_t kLongestLookMs = 60'000;
constexpr std::uint64_t kLastWordsBytes = 200;

}  // namespace

CommandProbe::~CommandProbe() {
  if (!job_) return;
  job_->forget_waiter(this);
  job_->kill(api::agent::JobState::kCancelled);
}

void CommandProbe::look(Found found) {
  found_ = std::move(found);
  job_ = jobs_.start({.job_id = fmt::format("{}-ready-{}", request_.job_id, ++looks_),
                      .command = request_.target,
                      .cwd = request_.cwd,
                      .environment = request_.environment,
                      .timeout_ms = std::min(request_.timeout_ms, kLongestLookMs)});
  const std::weak_ptr<Job> weak = job_;
  job_->when_ended(this, [this, weak] {
    if (const auto job = weak.lock()) ended(job);
  });
}

void CommandProbe::ended(const std::shared_ptr<Job>& job) {
  const auto status = job->describe();
  std::string why;
  if (status.exit_code != 0) {
    const std::string words = job->log(0).tail(kLastWordsBytes) + job->log(1).tail(kLastWordsBytes);
    why = fmt::format("the command exited with {}: {}", status.exit_code.value_or(-1),
                      printable(trim(words)));
  }
  job_.reset();
  jobs_.forget(job->id());
  const Found found = std::exchange(found_, nullptr);
  found(why);
}

}  // namespace pyro::agent
