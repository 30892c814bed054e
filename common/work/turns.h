#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>

#include "common/base/error.h"

namespace pyro {

/// Allows one operation at a time on a thing; a later one may interrupt it instead of waiting.
/// Thread-safe; outlives its turns.
class Turns {
 public:
  /// Exclusive use of the thing. An interruption requests its stop token, too.
  class Turn {
   public:
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { turns_.end(); }

    const std::stop_token& stop() const { return stop_token_; }

    /// Runs `work`. If an interruption cut it short, throws the interruption's error.
    template <class Work>
    decltype(auto) run(Work&& work) {
      try {
        return std::forward<Work>(work)();
      } catch (const Error&) {
        if (const auto interruption = turns_.interruption()) throw Error(*interruption);
        throw;
      }
    }

   private:
    friend class Turns;
    struct Forward {
      std::stop_source target;
      void operator()() noexcept { target.request_stop(); }
    };
    Turn(Turns& turns, const std::stop_source& source, const std::stop_token& caller)
        : turns_(turns), stop_token_(source.get_token()), forward_(caller, Forward{source}) {}
    Turns& turns_;
    std::stop_token stop_token_;
    std::stop_callback<Forward> forward_;
  };

  /// Waits for the current operation, for those in line, and for interruptions.
  /// cancelled: the caller's stop came first.
  std::unique_ptr<Turn> begin(const std::stop_token& caller);
  /// Cancels the current operation, whose caller gets `interruption`, and runs next. Without
  /// `caller` its own caller cannot cancel it: it must run to its end.
  std::unique_ptr<Turn> interrupt(Error interruption, const std::stop_token& caller = {});

  /// The number of operations in line.
  std::size_t waiting();

 private:
  std::unique_ptr<Turn> start(const std::stop_token& caller);
  void end();
  /// The interruption of the operation under way.
  std::optional<Error> interruption();

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool busy_ = false;
  int interrupting_ = 0;            ///< interruptions that wait, before all others
  std::list<std::monostate> line_;  ///< the others that wait, in order of arrival
  std::stop_source current_stop_;
  std::optional<Error> interruption_;
};

}  // namespace pyro
