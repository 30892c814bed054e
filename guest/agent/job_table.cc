#include "guest/agent/job_table.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <utility>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/reasons/workspace.h"

namespace pyro::agent {
namespace {

/// A process stuck in the kernel must not keep the answer back for ever; thousands take a while.
constexpr std::chrono::seconds kLeftPatience{10};

}  // namespace

void check_cgroup_name(std::string_view field, const std::string& id) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (id.find_first_not_of(kAllowed) != std::string::npos) {
    throw invalid_argument("{} may hold letters, digits, '.', '_' and '-' only", field);
  }
}

JobTable::JobTable(asio::io_context& io, Launcher& launcher, UniqueFd output_directory,
                   files::Flusher* flusher)
    : io_(io),
      launcher_(launcher),
      output_directory_(std::move(output_directory)),
      flusher_(flusher) {}

std::shared_ptr<Job> JobTable::start(const api::agent::StartJob& request) {
  check_cgroup_name("job_id", request.job_id);
  if (jobs_.contains(request.job_id)) {
    throw already_exists(reason::kExists, "job '{}' exists already", request.job_id);
  }
  const auto job = std::make_shared<Job>(io_, request, output_directory_.get(), flusher_);
  job->start(launcher_, request);
  job->on_end([this, id = request.job_id] { remember_ended(id); });
  jobs_.emplace(request.job_id, job);
  return job;
}

std::shared_ptr<Job> JobTable::find(const std::string& id) const {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) throw not_found(reason::kJobMissing, "job '{}' does not exist", id);
  return found->second;
}

void JobTable::forget(const std::string& id) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  if (!found->second->ended()) {
    throw failed_precondition(reason::kStillRunning, "job '{}' still runs", id);
  }
  ended_.erase(std::remove(ended_.begin(), ended_.end(), id), ended_.end());
  jobs_.erase(found);
}

void JobTable::end_left(const std::string& id,
                        const std::function<void(const api::agent::EndedLeft&)>& done) {
  const auto found = jobs_.find(id);
  if (found != jobs_.end() && !found->second->ended()) return done({.any = false, .gone = true});
  struct Wait {
    explicit Wait(asio::io_context& io) : timer(io) {}
    asio::steady_timer timer;
    bool over = false;
  };
  const auto wait = std::make_shared<Wait>(io_);
  const auto end = [wait, done](bool gone) {
    if (std::exchange(wait->over, true)) return;
    wait->timer.cancel();
    done({.any = true, .gone = gone});
  };
  if (!launcher_.end_left(id, [end] { end(true); })) return done({.any = false, .gone = true});
  wait->timer.expires_after(kLeftPatience);
  wait->timer.async_wait([end](auto failed) {
    if (!failed) end(false);
  });
}

void JobTable::remember_ended(const std::string& id) {
  ended_.push_back(id);
  if (ended_.size() <= kEndedJobs) return;
  jobs_.erase(ended_.front());
  ended_.pop_front();
}

}  // namespace pyro::agent
