#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "common/base/error.h"

namespace pyro {

/// One operation at a time on a thing; a later one may interrupt the one under way instead of
/// waiting for it. Thread-safe.
class Turns {
 public:
  /// The thing to oneself, with a stop token that also an interruption requests.
  class Turn {
   public:
    const std::stop_token& stop() const { return stop_token_; }

    /// Runs `work`. Cut short by an interruption, it fails with what interrupted it.
    template <class Work>
    decltype(auto) run(Work&& work) {
      try {
        return std::forward<Work>(work)();
      } catch (const Error&) {
        if (const auto reason = interruption_->get()) throw unavailable("{}", *reason);
        throw;
      }
    }

   private:
    friend class Turns;
    class Interruption {
     public:
      void set(std::string reason) {
        const std::lock_guard lock(mutex_);
        if (!reason_) reason_ = std::move(reason);
      }
      std::optional<std::string> get() const {
        const std::lock_guard lock(mutex_);
        return reason_;
      }

     private:
      mutable std::mutex mutex_;
      std::optional<std::string> reason_;
    };
    struct Forward {
      std::stop_source target;
      void operator()() noexcept { target.request_stop(); }
    };
    Turn(std::unique_lock<std::mutex> lock, const std::stop_source& source,
         std::shared_ptr<Interruption> interruption, const std::stop_token& caller)
        : lock_(std::move(lock)),
          stop_token_(source.get_token()),
          interruption_(std::move(interruption)),
          forward_(caller, Forward{source}) {}
    std::unique_lock<std::mutex> lock_;
    std::stop_token stop_token_;
    std::shared_ptr<Interruption> interruption_;
    std::stop_callback<Forward> forward_;
  };

  /// Waits for the operation that is under way.
  std::unique_ptr<Turn> begin(const std::stop_token& caller);
  /// Cancels the operation that is under way, whose caller hears `reason`, and waits for its end.
  /// Without a `caller` the new one is not cancelled by its own: it must run to its end.
  std::unique_ptr<Turn> interrupt(std::string reason, const std::stop_token& caller = {});

 private:
  std::unique_ptr<Turn> start(std::unique_lock<std::mutex> lock, const std::stop_token& caller);
  std::mutex turn_;
  std::mutex current_mutex_;
  std::stop_source current_stop_;
  std::shared_ptr<Turn::Interruption> current_interruption_;
};

}  // namespace pyro
