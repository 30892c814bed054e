#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "common/api/agent_services.h"
#include "guest/agent/job_table.h"

namespace pyro::agent {

/// Looks whether a service is ready. Its end cuts a look off.
class Probe {
 public:
  using Found = std::function<void(const std::string& why_not)>;  ///< "": it is ready

  /// The longest time of one look.
  static constexpr std::chrono::seconds kLookTime{5};

  virtual ~Probe() = default;
  /// Looks once; `found` is called once, from the loop, never from within this call.
  virtual void look(Found found) = 0;
  /// Whether a look that finds nothing goes unnoticed by the service.
  virtual bool is_free() const = 0;
};

/// invalid_argument: the target is none of its kind.
std::unique_ptr<Probe> make_probe(asio::io_context& io, JobTable& jobs,
                                  const api::agent::ProbeJob& request);

}  // namespace pyro::agent
