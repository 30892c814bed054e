#include "services/vm/templates/warmer.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/reasons/machine.h"
#include "common/log/log.h"
#include "services/vm/boot/boot_leases.h"
#include "services/vm/boot/host_facts.h"

namespace pyro::vm {
namespace {

/// Below this share of free memory, none is spent on machines without a caller.
constexpr double kLeastMemoryShare = 0.2;
constexpr std::chrono::minutes kWorkLimit{10};
/// A build that fails again would cost every caller a boot beside its own.
constexpr std::chrono::minutes kPauseAfterFailure{2};
/// How often, while machines stand by, it is looked at whether they still should.
constexpr std::chrono::seconds kLookAgain{10};

}  // namespace

Warmer::Warmer(Options options, GuestHost& host, TemplateBuilder& builder, StandbyPool& standbys)
    : options_(options), host_(host), builder_(builder), standbys_(standbys) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Warmer::started(const MachineRecord& record) {
  {
    const std::lock_guard lock(mutex_);
    next_ = record;
  }
  changed_.notify_all();
}

void Warmer::rest() {
  {
    std::unique_lock lock(mutex_);
    next_.reset();
    while (working_) {
      work_stop_.request_stop();
      changed_.wait(lock);
      next_.reset();
    }
  }
  standbys_.drain();
}

std::uint32_t Warmer::wanted() const {
  if (on_battery() || host_memory().share() < kLeastMemoryShare) return 0;
  return options_.standby_machines;
}

void Warmer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<MachineRecord> record;
    std::stop_token work_stop;
    {
      std::unique_lock lock(mutex_);
      const auto asked = [this] { return next_.has_value(); };
      while (!asked()) {
        if (standbys_.count() == 0) {
          changed_.wait(lock, stop, asked);
        } else {
          changed_.wait_for(lock, stop, std::min(options_.idle, kLookAgain), asked);
        }
        if (stop.stop_requested()) return;
        if (asked()) break;
        lock.unlock();
        end_unwanted();
        lock.lock();
      }
      last_start_ = Clock::now();
      record = std::exchange(next_, std::nullopt);
      working_ = true;
      work_stop_ = std::stop_source();
      work_stop = work_stop_.get_token();
    }
    const std::stop_callback forward(stop,
                                     [source = work_stop_]() mutable { source.request_stop(); });
    try {
      work_for(*record, work_stop);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) {
        log::info("what was made ready for {} was given up", record->machine.environment);
      } else {
        log::warn("nothing was kept warm for {}: {}", record->machine.environment, error.message());
      }
    } catch (const std::exception& error) {
      log::warn("nothing was kept warm for {}: {}", record->machine.environment, error.what());
    }
    {
      const std::lock_guard lock(mutex_);
      working_ = false;
    }
    changed_.notify_all();
  }
}

void Warmer::end_unwanted() {
  try {
    if (Clock::now() - last_start_ >= options_.idle) {
      log::info("no machine was started lately: standby ends");
      standbys_.drain();
    } else if (wanted() == 0) {
      log::info("memory is short, or a battery feeds this machine: standby ends");
      standbys_.drain();
    }
  } catch (const std::exception& error) {
    log::error("standby: {}", error.what());
  }
}

void Warmer::work_for(const MachineRecord& record, const std::stop_token& stop) {
  const auto driver = host_.driver_for(record, stop);
  const auto shape = driver->shape_of(record.machine, record.boot);
  if (!shape) return;
  standbys_.keep_only(shape->key());
  const Work work{.deadline = Clock::now() + kWorkLimit, .stop = stop};
  // As the machine it is made for: not deleted from under it meanwhile.
  const auto leases = take_boot_leases(record.boot);
  const Template from = ensure_template(*driver, record, shape->key(), work);
  while (!stop.stop_requested() && standbys_.count(shape->key()) < wanted()) {
    standbys_.add(*driver, record, from, work);
  }
}

Template Warmer::ensure_template(Driver& driver, const MachineRecord& record,
                                 const std::string& key, const Work& work) {
  if (key == failed_key_ && Clock::now() < try_again_) {
    throw unavailable(reason::kTemplateFailed, "its template could not be made a moment ago");
  }
  try {
    return builder_.ensure(driver, record, Priority::kBackground, work);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) {
      failed_key_ = key;
      try_again_ = Clock::now() + kPauseAfterFailure;
    }
    throw;
  }
}

}  // namespace pyro::vm
