#pragma once

#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "gateway/mcp/protocol/output.h"

namespace pyro::mcp {

/// Gathers the answers of a batch into one array, which is written once all are there.
class Batch {
 public:
  Batch(std::shared_ptr<Output> output, std::size_t answers)
      : output_(std::move(output)), missing_(answers) {}

  void add(std::optional<Json> answer);

 private:
  const std::shared_ptr<Output> output_;
  std::mutex mutex_;
  std::size_t missing_;
  Json answers_ = Json::array();
};

}  // namespace pyro::mcp
